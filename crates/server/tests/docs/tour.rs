//! What the README has its reader type: all of it, in order, in one shell, beside a real server in
//! an empty directory. The block that follows a snippet is what it prints; `…` stands for whatever
//! differs from run to run.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
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
fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|p| p.join(program).is_file()));
    let is_required = std::env::var_os("MUSTER_TEST_REQUIRE").is_some();
    assert!(found || !is_required, "{program} is required here, and not found");
    if !found {
        println!("skipped: the tour of the README needs {program}");
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

fn same_text(shown: &str, printed: &str) -> bool {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, printed): (Vec<_>, Vec<_>) =
        (shown.lines().map(words).collect(), printed.lines().map(words).collect());
    shown.len() == printed.len()
        && shown.iter().zip(&printed).all(|(shown, printed)| same_line(shown, printed))
}

fn same_line(shown: &str, printed: &str) -> bool {
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

fn same_json(shown: &Value, printed: &Value) -> bool {
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
