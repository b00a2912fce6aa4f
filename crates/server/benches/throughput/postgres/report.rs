//! The figures on PostgreSQL as tables.
//!
//! It must not know how the figures were taken.

use super::{Case, Round, Run};
use crate::measure::Figures;
use crate::options::Options;
use crate::report::{conditions, percent, ratio};
use crate::support::figures::{median, thousands};
use crate::support::table::{Line, Table};

const COLUMNS: usize = 11;
const HEADINGS: [&str; COLUMNS] = [
    "request",
    "tenants",
    "by",
    "req/s",
    "p50 ms",
    "p99 ms",
    "writes/commit",
    "server us/req",
    "database us/req",
    "client busy",
    "ratio",
];
const WORDS: [bool; COLUMNS] =
    [true, false, true, false, false, false, false, false, false, false, false];

/// Aligned columns, for a terminal.
pub(crate) fn text(options: &Options, run: &Run) -> String {
    around(options, run, &table(run).text())
}

/// The same as a Markdown table.
pub(crate) fn markdown(options: &Options, run: &Run) -> String {
    format!("\n{}", around(options, run, &table(run).markdown()))
}

fn around(options: &Options, run: &Run, table: &str) -> String {
    let (clients, connections) = (options.connections, options.store_connections);
    let [before, after] = run.disk.map(|time| time.as_micros());
    format!(
        "On PostgreSQL, {clients} clients, {connections} connections, half of them for writes; \
         {}{table}\nA PATCH leaves {:.0} bytes in the history, with its indexes. fdatasync of a 4 KiB \
         append: {before} us before, {after} us after.\n",
        conditions(options),
        run.history_bytes,
    )
}

fn table(run: &Run) -> Table<COLUMNS> {
    let lines = run.cases.iter().flat_map(|case| {
        let figures =
            |rounds: &[Round]| -> Vec<Figures> { rounds.iter().map(|it| it.figures).collect() };
        let share = ratio(&figures(&case.muster), &figures(&case.bare));
        [
            line(case, "bare loop", &case.bare, String::new()),
            line(case, "muster", &case.muster, share),
        ]
    });
    Table { headings: HEADINGS, words: WORDS, lines: lines.collect() }
}

fn line(case: &Case, by: &str, rounds: &[Round], ratio: String) -> Line<COLUMNS> {
    let figures: Vec<Figures> = rounds.iter().map(|round| round.figures).collect();
    let figures = Figures::median_of(&figures);
    let each = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let or_none = |figure: f64| if figure > 0.0 { format!("{figure:.1}") } else { String::new() };
    [
        case.workload.method().to_owned(),
        thousands(case.tenants),
        by.to_owned(),
        thousands(figures.per_second),
        format!("{:.2}", figures.p50_ms),
        format!("{:.2}", figures.p99_ms),
        or_none(each(|round| round.writes_per_commit)),
        or_none(figures.server_us),
        or_none(each(|round| round.database_us)),
        percent(figures.client_busy),
        ratio,
    ]
}
