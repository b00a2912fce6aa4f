//! The figures as a table, for the terminal and for a document.
//!
//! It must not know how the figures were taken.

use crate::fill::Filling;
use crate::measure::{Figures, Run};
use crate::options::Options;
use crate::support::figures::{percentile_ms, thousands};
use crate::support::table::{self, Line, Table};

const HEADINGS: [&str; COLUMNS] = ["case", "rows that match", "rounds", "median ms", "p99 ms"];
const WORDS: [bool; COLUMNS] = [true, false, false, false, false];
const COLUMNS: usize = 5;

/// Aligned columns, for a terminal.
pub(crate) fn text(options: &Options, run: &Run<'_>) -> String {
    format!("{}{}", conditions(options, run), table(run).text())
}

/// The same as a Markdown table.
pub(crate) fn markdown(options: &Options, run: &Run<'_>) -> String {
    format!("\n{}{}", conditions(options, run), table(run).markdown())
}

fn table(run: &Run<'_>) -> Table<COLUMNS> {
    Table { headings: HEADINGS, words: WORDS, lines: run.figures.iter().map(line).collect() }
}

/// What the figures hold for.
fn conditions(options: &Options, run: &Run<'_>) -> String {
    let filling = match &run.filling {
        Some(Filling { stored, settled }) => format!(
            "filled in {:.0} s and at rest {:.0} s later",
            stored.as_secs_f64(),
            settled.as_secs_f64()
        ),
        None => "filled before".to_owned(),
    };
    format!(
        "{}; {} rows, {filling}; one connection, whole round trips.\n\n",
        table::machine(),
        thousands(options.rows()),
    )
}

fn line(figures: &Figures) -> Line<COLUMNS> {
    let Figures { name, matches, times } = figures;
    [
        name.clone().into_owned(),
        matches.clone(),
        times.len().to_string(),
        format!("{:.2}", percentile_ms(times, 50)),
        format!("{:.2}", percentile_ms(times, 99)),
    ]
}
