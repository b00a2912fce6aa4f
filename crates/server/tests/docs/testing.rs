//! What the page for test suites has its reader write: the files as it names them, run by the tools
//! that it names.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::page::{Block, blocks, read};
use crate::tour::{has, same_text};

const PAGE: &str = "docs/testing.md";
/// Where pytest and Jest are: `.ci/run` installs them.
const PYTHON: &str = "MUSTER_TEST_PYTHON";
const NODE_MODULES: &str = "MUSTER_TEST_NODE_MODULES";

fn section(heading: &str) -> Vec<Block> {
    let found = blocks(&read(PAGE), Some(heading));
    assert!(!found.is_empty(), "{heading} has gone from the page");
    found
}

/// A directory with the files of a section. The first line of each is its name.
fn files(section: &[Block]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for block in section.iter().filter(|block| block.language != "sh") {
        let name = block.text.lines().next().unwrap().trim_start_matches(['#', '/', ' ']);
        std::fs::write(directory.path().join(name), &block.text).unwrap();
    }
    directory
}

/// Runs a command beside the files, with the binary under test in its path.
fn run(command: &mut Command, directory: &Path) -> (Output, String) {
    let binary = Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let path = [binary].into_iter().chain(std::env::split_paths(&path));
    let output = command
        .current_dir(directory)
        .env("PATH", std::env::join_paths(path).unwrap())
        .output()
        .unwrap();
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output, said)
}

/// Where a tool is. In CI its absence is a failure.
fn installed(variable: &str) -> Option<OsString> {
    let value = std::env::var_os(variable);
    let is_required = std::env::var_os("MUSTER_TEST_REQUIRE").is_some();
    assert!(value.is_some() || !is_required, "{variable} is required here, and not set");
    if value.is_none() {
        println!("skipped: {variable} does not say where the tool is (see .ci/run)");
    }
    value
}

#[test]
fn pytest_runs_the_suite() {
    let Some(python) = installed(PYTHON) else { return };
    let section = section("## pytest");
    let directory = files(&section);
    assert_eq!(section.last().unwrap().text, "pytest\n");
    let mut pytest = Command::new(python);
    let (output, said) = run(pytest.args(["-m", "pytest"]), directory.path());
    assert!(output.status.success() && said.contains("3 passed"), "{said}");
}

#[test]
fn jest_runs_the_suite() {
    let Some(modules) = installed(NODE_MODULES) else { return };
    let section = section("## Jest");
    let directory = files(&section);
    // The reader's project has one.
    std::fs::write(directory.path().join("package.json"), "{}").unwrap();
    assert_eq!(section.last().unwrap().text, "npx jest\n");
    let mut jest = Command::new(PathBuf::from(modules).join(".bin/jest"));
    let (output, said) = run(&mut jest, directory.path());
    assert!(output.status.success() && said.contains("3 passed, 3 total"), "{said}");
}

#[test]
fn a_shell_runs_it() {
    if !has("curl") {
        return;
    }
    let section = section("## Shell");
    let [script, shown] = section.as_slice() else { panic!("one script, and what it prints") };
    let directory = TempDir::new().unwrap();
    let mut shell = Command::new("sh");
    let (output, said) = run(shell.args(["-euc", &script.text]), directory.path());
    assert!(output.status.success() && same_text(shown.text.trim(), said.trim()), "{said}");
}

#[test]
fn the_first_command_starts_a_register_for_scripts() {
    let page = read(PAGE);
    let first = blocks(&page, None).into_iter().next().unwrap();
    let script = format!(
        "trap 'kill $!' EXIT\n{}until [ -e muster-test/dev.env ]; do sleep 0.01; done\n",
        first.text
    );
    let directory = TempDir::new().unwrap();
    let (output, said) = run(Command::new("sh").args(["-euc", &script]), directory.path());
    assert!(output.status.success(), "{said}");
}
