//! What the executable was called for: to measure, to be a baseline, or by a test runner.
//!
//! It must not know how anything is measured.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::baseline::Baseline;
use crate::postgres;
use crate::support::role::Role;
use crate::workload::Workload;

/// The reason for which this process was started.
pub(crate) enum Invocation {
    /// By this benchmark, as one of the two servers to compare with.
    Serve(Baseline),
    /// By a test runner that asks which tests there are: none.
    List,
    /// By `cargo test`, which has no time for figures.
    Smoke(Options),
    /// By `cargo bench`.
    Measure(Options),
}

/// Measures muster's reads and durable writes against the least that could do the same work.
#[derive(Parser)]
#[command(name = "throughput", bin_name = "cargo bench -p muster --bench throughput --")]
pub(crate) struct Options {
    /// Keep-alive connections under load; one connection is always measured too
    #[arg(long, value_name = "N", default_value = "64")]
    pub(crate) connections: NonZeroUsize,

    /// Rounds for each server, taken in turn
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) rounds: NonZeroUsize,

    /// Length of a round in seconds
    #[arg(long = "seconds", value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    pub(crate) round: Duration,

    /// Length of the load before the first round, for each server, in seconds
    #[arg(long = "warm-up", value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) warm_up: Duration,

    /// Rows to read and change, spread over the connections
    #[arg(long, value_name = "N", default_value = "10000")]
    pub(crate) rows: NonZeroUsize,

    /// Connections to PostgreSQL for muster's `--store-connections`; the bare loop has as many
    #[arg(long, value_name = "N", default_value = "16")]
    pub(crate) store_connections: NonZeroUsize,

    /// Directory whose disk takes the data of the servers; the figures of writes are its own
    #[arg(long, value_name = "DIR", default_value = env!("CARGO_TARGET_TMPDIR"))]
    pub(crate) directory: PathBuf,

    /// Print the result as Markdown too
    #[arg(long)]
    pub(crate) markdown: bool,

    /// Whether to say what is being measured
    #[arg(skip = true)]
    pub(crate) progress: bool,

    /// Passed by `cargo bench`; without it a short trial run is made
    #[arg(long, hide = true)]
    bench: bool,

    /// Measure only the workloads whose name contains one of these words: `read`, `write`, `postgres`
    #[arg(value_name = "WORKLOAD")]
    filters: Vec<String>,
}

impl Invocation {
    /// Reads the command line. A wrong one ends the process with clap's explanation.
    pub(crate) fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        if let Some(baseline) = Baseline::from_arguments(&arguments) {
            return Self::Serve(baseline);
        }
        match Role::of(&arguments) {
            Role::List => Self::List,
            Role::Smoke => Self::Smoke(Options::smoke()),
            Role::Measure => Self::Measure(Options::parse()),
        }
    }
}

impl Options {
    /// Whether the workload of this name was asked for.
    pub(crate) fn wants(&self, workload: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| workload.contains(filter))
    }

    /// Whether anything that there is was asked for.
    pub(crate) fn wants_any(&self) -> bool {
        let mut names = Workload::ALL.iter().map(|it| it.name()).chain([postgres::NAME]);
        names.any(|name| self.wants(name))
    }

    /// Enough to pass through everything once.
    fn smoke() -> Self {
        Self {
            connections: NonZeroUsize::MIN.saturating_add(3),
            rounds: NonZeroUsize::MIN,
            round: Duration::from_millis(100),
            warm_up: Duration::from_millis(10),
            rows: NonZeroUsize::MIN.saturating_add(99),
            store_connections: NonZeroUsize::MIN.saturating_add(3),
            directory: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
            markdown: false,
            progress: false,
            bench: false,
            filters: Vec::new(),
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.01..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "give a number of seconds from 0.01 to 3600".to_owned())
}
