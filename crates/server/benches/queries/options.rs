//! What the executable was called for: to measure, or by a test runner.
//!
//! It must not know how anything is measured.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use clap::builder::RangedU64ValueParser;

use crate::register::{LEAST_ROWS, MOST_ROWS};
use crate::support::role::Role;

/// The reason for which this process was started.
pub(crate) enum Invocation {
    /// By a test runner that asks which tests there are: none.
    List,
    /// By `cargo test`, which has no time for figures.
    Smoke(Options),
    /// By `cargo bench`.
    Measure(Options),
}

/// Measures how long queries take on a large register.
#[derive(Parser)]
#[command(name = "queries", bin_name = "cargo bench -p muster --bench queries --")]
pub(crate) struct Options {
    /// Rows of the register. Each takes 250 bytes of memory here, and a kilobyte on disk
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = rows())]
    rows: u32,

    /// Times that each case is asked for, unless that would take too long
    #[arg(long, value_name = "N", default_value = "30")]
    pub(crate) rounds: NonZeroUsize,

    /// Measure only cases whose name contains this; may be given several times
    #[arg(long, value_name = "NAME")]
    filter: Vec<String>,

    /// Print the result as Markdown too
    #[arg(long)]
    pub(crate) markdown: bool,

    /// Directory that keeps the filled register for the next run with as many rows. Without it,
    /// the register goes at the end
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Whether to say what is being measured
    #[arg(skip = true)]
    pub(crate) progress: bool,

    /// Passed by `cargo bench`; without it a short trial run is made
    #[arg(long, hide = true)]
    bench: bool,
}

impl Invocation {
    /// Reads the command line. A wrong one ends the process with clap's explanation.
    pub(crate) fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        match Role::of(&arguments) {
            Role::List => Self::List,
            Role::Smoke => Self::Smoke(Options::smoke()),
            Role::Measure => Self::Measure(Options::parse()),
        }
    }
}

impl Options {
    /// Rows of the register.
    pub(crate) fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Whether the case of this name was asked for.
    pub(crate) fn wants(&self, case: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|filter| case.contains(filter))
    }

    /// Enough to pass through everything once.
    fn smoke() -> Self {
        Self {
            rows: LEAST_ROWS,
            rounds: NonZeroUsize::MIN,
            filter: Vec::new(),
            markdown: false,
            data: None,
            progress: false,
            bench: false,
        }
    }
}

fn rows() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(u64::from(LEAST_ROWS)..=u64::from(MOST_ROWS))
}
