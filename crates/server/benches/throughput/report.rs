//! The figures as tables, for the terminal and for a document.
//!
//! It must not know how the figures were taken.

use std::fmt::Write as _;

use crate::disk;
use crate::measure::Figures;
use crate::options::Options;
use crate::rounds::{Case, Run};
use crate::support::figures::{median, thousands};
use crate::support::table::{self, Table};

const HEADINGS: [&str; COLUMNS] = [
    "workload",
    "connections",
    "server",
    "req/s",
    "p50 ms",
    "p99 ms",
    "server us/req",
    "client busy",
    "ratio",
    "expected",
];
const COLUMNS: usize = 10;

const WORDS: [bool; COLUMNS] = [true, false, true, false, false, false, false, false, false, false];

type Line = table::Line<COLUMNS>;

/// Aligned columns, for a terminal.
pub(crate) fn text(options: &Options, run: &Run) -> String {
    around(options, run, &table(run).text())
}

/// The same as a Markdown table.
pub(crate) fn markdown(options: &Options, run: &Run) -> String {
    format!("\n{}", around(options, run, &table(run).markdown()))
}

fn table(run: &Run) -> Table<COLUMNS> {
    let lines = run.cases.iter().flat_map(pair_of_lines).collect();
    Table { headings: HEADINGS, words: WORDS, lines }
}

/// The table between what it was measured under and what the disk did meanwhile.
fn around(options: &Options, run: &Run, table: &str) -> String {
    let mut text = format!("{}{table}\n", conditions(options));
    for case in &run.cases {
        disk_line(&mut text, case);
    }
    text
}

/// What the figures hold for.
pub(crate) fn conditions(options: &Options) -> String {
    format!(
        "{}; {} rows; each server in turn for {:?}, {} times; medians over the rounds.\n\n",
        table::machine(),
        options.rows,
        options.round,
        options.rounds,
    )
}

/// The baseline's line and muster's.
fn pair_of_lines(case: &Case) -> [Line; 2] {
    let head = [case.workload.name().to_owned(), case.connections.to_string()];
    let ratio = [ratio(&case.muster, &case.baseline), expected(case)];
    [
        line(&head, case.baseline_name, &case.baseline, [String::new(), String::new()]),
        line(&head, "muster", &case.muster, ratio),
    ]
}

fn line(head: &[String; 2], server: &str, rounds: &[Figures], ratio: [String; 2]) -> Line {
    let figures = Figures::median_of(rounds);
    let [workload, connections] = head.clone();
    let [ratio, expected] = ratio;
    [
        workload,
        connections,
        server.to_owned(),
        thousands(figures.per_second),
        format!("{:.2}", figures.p50_ms),
        format!("{:.2}", figures.p99_ms),
        format!("{:.1}", figures.server_us),
        percent(figures.client_busy),
        ratio,
        expected,
    ]
}

/// muster's share of its baseline: the median over the rounds, and the least and the greatest.
pub(crate) fn ratio(muster: &[Figures], baseline: &[Figures]) -> String {
    let pairs = muster.iter().zip(baseline);
    let mut ratios: Vec<f64> =
        pairs.map(|(muster, baseline)| muster.per_second / baseline.per_second).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let end = |ratio: Option<&f64>| percent(ratio.copied().unwrap_or_default());
    let (least, greatest) = (end(ratios.first()), end(ratios.last()));
    format!("{} ({least} to {greatest})", percent(median(ratios)))
}

/// Expectations are stated for load: one connection measures latency.
fn expected(case: &Case) -> String {
    if case.connections == 1 {
        String::new()
    } else {
        format!(">= {}", percent(case.workload.expected_ratio()))
    }
}

fn disk_line(text: &mut String, case: &Case) {
    let Some([before, after]) = case.disk.map(|both| both.map(|time| time.as_micros())) else {
        return;
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}, connections {}: fdatasync of a 4 KiB append, median of {}: {before} us before, \
         {after} us after.",
        case.workload.name(),
        case.connections,
        disk::SAMPLES,
    );
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
