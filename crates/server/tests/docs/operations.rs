//! What is said to operators.

use std::path::Path;
use std::process::{Command, Output};

use muster::meters::{Kind, METRICS};
use tempfile::TempDir;

use crate::page::{blocks, read};
use crate::tables::check;

const PAGE: &str = "docs/operations.md";

fn check_config(directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.arg("check-config").args(arguments).env_clear().envs(variables.iter().copied());
    command.current_dir(directory).output().unwrap()
}

#[test]
fn the_metrics_are_those_of_the_table_of_metrics() {
    let rows: Vec<String> = METRICS
        .iter()
        .map(|metric| {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            let labels: Vec<String> =
                metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let (name, labels) = (metric.name, labels.join(", "));
            format!("| `{name}` | {kind} | {labels} | {} |", metric.help)
        })
        .collect();
    check(PAGE, "metrics", &rows);
}

#[test]
fn the_file_of_all_settings_is_the_one_that_is_printed() {
    let printed = check_config(Path::new("."), &["--print-default"], &[]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(
        printed == read("docs/muster.toml"),
        "docs/muster.toml ought to be what `muster check-config --print-default` prints"
    );
}

#[test]
fn the_example_of_a_file_is_taken() {
    let page = read(PAGE);
    let files = blocks(&page, Some("## Settings"));
    let files: Vec<_> = files.iter().filter(|block| block.language == "toml").collect();
    assert!(!files.is_empty());
    for file in files {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("muster.toml"), &file.text).unwrap();
        let output = check_config(directory.path(), &["--config", "muster.toml"], &[]);
        assert!(output.status.success(), "line {}: {output:?}", file.line);
    }
}

#[test]
fn refusals_are_worded_as_the_page_shows() {
    let page = read(PAGE);
    let blocks = blocks(&page, Some("## Settings"));
    let shown = blocks.iter().find(|block| block.text.starts_with("error: ")).unwrap();
    let directory = TempDir::new().unwrap();
    let file = "dev = true\nlog = 'warn'\ndata = 'here'\nmax-conections = 5\n";
    std::fs::write(directory.path().join("muster.toml"), file).unwrap();
    let variables = [("MUSTER_MAX_BODY_BYTES", "many")];
    let output = check_config(directory.path(), &["--config", "muster.toml"], &variables);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.split("\n\n").next(), Some(shown.text.trim_end()));
}
