//! The figures as tables, for the terminal and for a document.
//!
//! It must not know how the figures were taken.

use std::fmt::Write as _;

use crate::disk;
use crate::measure::{Figures, median};
use crate::options::Options;
use crate::rounds::{Case, Run};

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

/// Columns of words stand left, those of figures right.
const WORDS: [bool; COLUMNS] = [true, false, true, false, false, false, false, false, false, false];

type Line = [String; COLUMNS];

/// Aligned columns, for a terminal.
pub(crate) fn text(options: &Options, run: &Run) -> String {
    table(options, run, "", "  ", "")
}

/// The same as a Markdown table.
pub(crate) fn markdown(options: &Options, run: &Run) -> String {
    format!("\n{}", table(options, run, "| ", " | ", " |"))
}

fn table(options: &Options, run: &Run, before: &str, between: &str, after: &str) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    lines.extend(run.cases.iter().flat_map(pair_of_lines));
    let widths = widths(&lines);
    if !before.is_empty() {
        lines.insert(1, rule(&widths));
    }
    let mut text = conditions(options);
    for line in &lines {
        let cells = line.iter().zip(widths).zip(WORDS).map(|((cell, width), word)| {
            if word { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let cells = cells.collect::<Vec<_>>().join(between);
        text.push_str(format!("{before}{cells}{after}").trim_end());
        text.push('\n');
    }
    text.push('\n');
    for case in &run.cases {
        disk_line(&mut text, case);
    }
    text
}

/// Without these, the figures cannot be compared with any others.
fn conditions(options: &Options) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    format!(
        "muster {}, {} {}, {cores} cores shared by servers and load; {} rows; each server in turn \
         for {:?}, {} times; medians over the rounds.\n\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        options.rows,
        options.round,
        options.rounds,
    )
}

/// The baseline's line and muster's.
fn pair_of_lines(case: &Case) -> [Line; 2] {
    let head = [case.workload.name().to_owned(), case.connections.to_string()];
    let ratio = [ratio(case), expected(case)];
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
fn ratio(case: &Case) -> String {
    let pairs = case.muster.iter().zip(&case.baseline);
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

fn widths(lines: &[Line]) -> [usize; COLUMNS] {
    let mut widths = [0; COLUMNS];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.len().max(*width);
        }
    }
    widths
}

/// Markdown's line below the headings, with the colon at the side on which a column stands.
fn rule(widths: &[usize; COLUMNS]) -> Line {
    let mut rule: Line = widths.map(|width| "-".repeat(width));
    for (cell, word) in rule.iter_mut().zip(WORDS) {
        cell.pop();
        if word { cell.insert(0, ':') } else { cell.push(':') }
    }
    rule
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A whole number with a comma before each three digits.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
