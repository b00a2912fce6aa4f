//! What the README has its reader type: all of it, in order, in one shell, beside a real server in
//! an empty directory. The block that follows a snippet is what it prints; `…` stands for whatever
//! differs from run to run.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::page::{Block, blocks, read};

/// Stands for text that differs from run to run.
const ANYTHING: char = '…';
/// Where the pages say that the server is.
const DOCUMENTED_ADDRESS: &str = "127.0.0.1:8080";

/// A server, killed with its value.
struct Served {
    process: Child,
    directory: TempDir,
    address: SocketAddr,
}

impl Served {
    /// Starts a server and waits for it to say where it is.
    fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--log", "error"])
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let address = said
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, rest) = line.split_once("http://")?;
                rest.split_once('/')?.0.parse().ok()
            })
            .expect("the server ended without a word of where it is");
        Self { process, directory, address }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Whether a program is there. In CI its absence is a failure.
pub(crate) fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|p| p.join(program).is_file()));
    let is_required = std::env::var_os("MUSTER_TEST_REQUIRE").is_some();
    assert!(found || !is_required, "{program} is required here, and not found");
    if !found {
        println!("skipped: the pages' snippets need {program}");
    }
    found
}

/// Runs the snippets in one shell, and gives what each printed.
fn run(directory: &Path, snippets: &[&Block]) -> Vec<String> {
    const MARK: &str = "-- end of snippet --";
    let mut script = String::from("set -eu\n");
    for block in snippets {
        script.push_str(&format!("{}\necho; echo '{MARK}'\n", block.text));
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_muster"));
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", binary.parent().unwrap().display()))
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    let printed: Vec<String> = out.split(MARK).map(|text| text.trim().to_owned()).collect();
    let ended_in = snippets.get(printed.len() - 1).map(|block| block.line);
    assert!(output.status.success(), "the snippet at line {ended_in:?} fails: {err}{out}");
    printed
}

pub(crate) fn same_text(shown: &str, printed: &str) -> bool {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, printed): (Vec<_>, Vec<_>) =
        (shown.lines().map(words).collect(), printed.lines().map(words).collect());
    shown.len() == printed.len()
        && shown.iter().zip(&printed).all(|(shown, printed)| same_line(shown, printed))
}

pub(crate) fn same_line(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    true
}

pub(crate) fn same_json(shown: &Value, printed: &Value) -> bool {
    match (shown, printed) {
        (Value::String(shown), Value::String(printed)) => same_line(shown, printed),
        (Value::Object(shown), Value::Object(printed)) => {
            shown.len() == printed.len()
                && shown.iter().all(|(name, value)| {
                    printed.get(name).is_some_and(|printed| same_json(value, printed))
                })
        }
        (Value::Array(shown), Value::Array(printed)) => {
            shown.len() == printed.len()
                && shown.iter().zip(printed).all(|(shown, printed)| same_json(shown, printed))
        }
        (shown, printed) => shown == printed,
    }
}

#[test]
fn every_snippet_of_the_readme_does_what_it_says() {
    if !has("curl") {
        return;
    }
    let page = read("README.md");
    let mut tour = blocks(&page, Some("## A tour with curl"));
    tour.extend(blocks(&page, Some("## More than one customer")));
    let is_shell = |block: &&Block| block.language == "sh";
    let snippets: Vec<&Block> = tour.iter().filter(is_shell).collect();
    assert!(snippets.len() > 5, "the tour has gone from the page");
    let server = Served::start();
    let printed = run(server.directory.path(), &snippets);
    let mut printed = printed.iter();
    let mut last = "";
    for block in &tour {
        match block.language.as_str() {
            "sh" => last = printed.next().unwrap(),
            language => {
                let last = last.replace(&server.address.to_string(), DOCUMENTED_ADDRESS);
                let same = match language {
                    "json" => same_json(
                        &serde_json::from_str(&block.text).unwrap(),
                        &serde_json::from_str(&last).unwrap_or_default(),
                    ),
                    _ => same_text(block.text.trim(), &last),
                };
                assert!(
                    same,
                    "line {} shows\n{}\nand this was printed\n{last}",
                    block.line, block.text
                );
            }
        }
    }
}

/// What a language's snippets are run with, as an environment variable names it.
fn client(variable: &str) -> Option<PathBuf> {
    let value = std::env::var_os(variable).map(PathBuf::from);
    let is_required = std::env::var_os("MUSTER_TEST_REQUIRE").is_some();
    assert!(value.is_some() || !is_required, "{variable} is required here, and not set");
    if value.is_none() {
        println!("skipped: {variable} does not say where the SDK is (see .ci/run)");
    }
    value
}

/// Runs the snippet of one language below the heading of the SDKs, in the shell that the page
/// prepares, and compares what it prints with the block that follows.
fn sdk_snippet(language: &str, file: &str, command: &str, prepare: impl FnOnce(&Path)) {
    let page = read("README.md");
    let section = blocks(&page, Some("## With the SDKs"));
    let index = section.iter().position(|block| block.language == language).unwrap();
    let server = Served::start();
    let directory = server.directory.path();
    prepare(directory);
    std::fs::write(directory.join(file), &section[index].text).unwrap();
    let line = section[index].line;
    let run_it = Block { line, language: "sh".to_owned(), text: command.to_owned() };
    let printed = run(directory, &[&section[0], &run_it]);
    assert!(same_text(section[index + 1].text.trim(), &printed[1]), "line {line}: {}", printed[1]);
}

#[test]
fn curl_signs_in_as_the_readme_says() {
    if !has("curl") {
        return;
    }
    let page = read("README.md");
    let section = blocks(&page, Some("## With the SDKs"));
    let server = Served::start();
    let printed = run(server.directory.path(), &[&section[0], &section[1]]);
    assert_eq!((section[1].language.as_str(), section[2].text.trim()), ("sh", printed[1].as_str()));
}

#[test]
fn python_signs_in_as_the_readme_says() {
    let Some(python) = client("MUSTER_TEST_PYTHON") else { return };
    let command = format!("'{}' example.py", python.display());
    sdk_snippet("python", "example.py", &command, |_| {});
}

/// The snippet of Rust is a program beside the client of the SDK's tests, built with it.
#[test]
fn rust_lists_as_the_readme_says() {
    let snippet = read("crates/server/tests/sdk/rust/src/bin/readme.rs");
    let section = blocks(&read("README.md"), Some("## With the SDKs"));
    assert!(section.iter().any(|block| block.language == "rust" && block.text == snippet));
    let Some(client) = client("MUSTER_TEST_RUST_CLIENT") else { return };
    let command = format!("'{}'", client.with_file_name("readme").display());
    sdk_snippet("rust", "example.rs", &command, |_| {});
}

#[test]
fn javascript_signs_in_as_the_readme_says() {
    let Some(modules) = client("MUSTER_TEST_NODE_MODULES") else { return };
    sdk_snippet("js", "example.mjs", "node example.mjs", |directory| {
        std::os::unix::fs::symlink(&modules, directory.join("node_modules")).unwrap();
    });
}

#[test]
fn what_differs_is_seen() {
    assert!(same_line("a … c", "a b c") && same_line("…", "") && same_line("W/\"1\"", "W/\"1\""));
    assert!(!same_line("a … c", "a b d") && !same_line("a", "ab") && !same_line("… x …", "y"));
    assert!(same_text("a   b\n…", "a b\nanything") && !same_text("a", "a\nb"));
    let object = serde_json::json!({ "a": "…", "b": [1] });
    assert!(same_json(&object, &serde_json::json!({ "a": "x", "b": [1] })));
    assert!(!same_json(&object, &serde_json::json!({ "a": "x", "b": [2] })));
    assert!(!same_json(&object, &serde_json::json!({ "a": "x" })));
}

#[test]
fn the_two_commands_are_the_ones_that_are_tested() {
    let commands = blocks(&read("README.md"), Some("## Two commands"));
    let texts: Vec<&str> = commands.iter().map(|block| block.text.trim()).collect();
    assert_eq!(texts, ["cargo run --release -- serve --dev", "cargo test --workspace"]);
    assert!(read(".ci/run").contains("cargo test --workspace"));
}
