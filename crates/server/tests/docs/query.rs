//! What the page on queries shows: every example is asked of a real server that began with the
//! page's own identities, and answered as the page says.
//!
//! A block of examples holds requests at the beginning of a line and what comes out below them,
//! indented: an error as its status and message, a list as what stands in it, JSON as it is.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use odata::query::{Function, Limit};
use reqwest::{Client, Response};
use serde_json::Value;
use tempfile::TempDir;

use crate::page::{Block, blocks, read};
use crate::tables::check;
use crate::tour::{has, same_json, same_line, same_text};

const PAGE: &str = "docs/query.md";
/// The language of the blocks that hold examples.
const EXAMPLES: &str = "odata";
/// The section with the identities that all examples are about.
const REGISTER: &str = "## The register of this page";
const LINK: &str = "@odata.nextLink";
const PATIENCE: Duration = Duration::from_secs(60);

/// One example.
#[derive(Debug, Default)]
struct Example {
    /// The line of the page that it begins at.
    line: usize,
    headers: Vec<(String, String)>,
    /// The path below the collection and the query, or [`LINK`]: where the answer before leads.
    target: String,
    /// What comes out.
    shown: String,
}

/// The examples of a block.
fn examples(block: &Block) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let lines = (block.line + 1..).zip(block.text.lines());
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        let is_new = examples.last().is_none_or(|example| !example.shown.is_empty());
        if text.starts_with(' ') {
            let example = examples.last_mut().unwrap_or_else(|| panic!("line {line} asks nothing"));
            assert!(!example.target.is_empty(), "line {line} comes out of no request");
            example.shown.push_str(text);
            example.shown.push('\n');
            continue;
        }
        if is_new {
            examples.push(Example { line, ..Example::default() });
        }
        let example = examples.last_mut().unwrap();
        match text.split_once(": ") {
            Some((name, value)) if example.target.is_empty() && !text.starts_with(['/', '?']) => {
                example.headers.push((name.to_owned(), value.to_owned()));
            }
            _ => example.target.push_str(text),
        }
    }
    examples
}

/// A server with the page's identities, killed with its value.
struct Served {
    process: Child,
    _directory: TempDir,
    collection: String,
    token: String,
    client: Client,
}

impl Served {
    async fn start(seed: &str) -> Self {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("devices.json"), seed).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["serve", "--dev", "--ephemeral", "--data", "data", "--listen", "127.0.0.1:0"])
            .args(["--seed", "devices.json", "--log", "error"])
            .current_dir(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let env = loop {
            if let Ok(env) = std::fs::read_to_string(directory.path().join("data/dev.env")) {
                break env;
            }
            assert!(started.elapsed() < PATIENCE && process.try_wait().unwrap().is_none());
            tokio::task::yield_now().await;
        };
        let value = |name: &str| {
            let line = env.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.unwrap().trim_matches(['\'', '"']).to_owned()
        };
        let collection = format!("{}/deviceManagement/importedDeviceIdentities", value("BASE_URL"));
        let (token, client) = (value("TOKEN"), Client::new());
        Self { process, _directory: directory, collection, token, client }
    }

    async fn ask(&self, example: &Example, link: Option<String>) -> Response {
        let url = match (example.target.as_str(), link) {
            (LINK, link) => link.unwrap_or_else(|| panic!("line {} has no link", example.line)),
            (target, _) => format!("{}{target}", self.collection),
        };
        let mut request = self.client.get(url).bearer_auth(&self.token);
        for (name, value) in &example.headers {
            request = request.header(name, value);
        }
        request.send().await.unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// What the page shows of an answer that it does not show as JSON.
fn in_short(status: u16, body: &str) -> String {
    let Ok(json) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    if let Some(error) = json.get("error") {
        return format!("{status} {}", error["message"].as_str().unwrap());
    }
    let Some(rows) = json.get("value").and_then(Value::as_array) else { return json.to_string() };
    let count = json.get("@odata.count").map(|count| format!("@odata.count {count}"));
    let identifiers = rows.iter().map(|row| match &row["importedDeviceIdentifier"] {
        Value::String(identifier) => identifier.clone(),
        _ => values(row),
    });
    let link = json.get(LINK).map(|_| LINK.to_owned());
    let parts: Vec<String> = count.into_iter().chain(identifiers).chain(link).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// The values of a group, but for annotations, in the order of their names.
fn values(group: &Value) -> String {
    let members = group.as_object().unwrap().iter().filter(|(name, _)| !name.contains('@'));
    let values = members.map(|(_, value)| value.as_str().map_or(value.to_string(), str::to_owned));
    values.collect::<Vec<_>>().join(" ")
}

/// Whether an answer is what the page shows.
fn is_shown(shown: &str, status: u16, body: &str) -> bool {
    if shown.trim_start().starts_with('{') {
        let shown = serde_json::from_str(shown).unwrap();
        return same_json(&shown, &serde_json::from_str(body).unwrap_or_default());
    }
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    same_line(&words(shown), &words(&in_short(status, body)))
}

fn seed() -> String {
    let section = blocks(&read(PAGE), Some(REGISTER));
    let seed = section.into_iter().find(|block| block.language == "json");
    seed.expect("the page's identities have gone").text
}

#[tokio::test]
async fn every_example_comes_out_as_the_page_shows() {
    let page = blocks(&read(PAGE), None);
    let all = page.iter().filter(|block| block.language == EXAMPLES).map(examples);
    let all: Vec<Vec<Example>> = all.collect();
    assert!(!all.is_empty(), "the examples have gone from the page");
    let server = Served::start(&seed()).await;
    let mut wrong = Vec::new();
    for example in all.iter().inspect(|block| assert!(!block.is_empty())) {
        let mut link = None;
        for example in example {
            assert!(!example.shown.is_empty(), "line {} shows no answer", example.line);
            let answer = server.ask(example, link.take()).await;
            let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
            if !is_shown(&example.shown, status, &body) {
                let Example { line, target, .. } = example;
                let short = in_short(status, &body);
                wrong.push(format!("line {line}: {target}\n  {short}\n  {body}"));
            }
            let json: Value = serde_json::from_str(&body).unwrap_or_default();
            link = json[LINK].as_str().map(str::to_owned);
        }
    }
    assert!(wrong.is_empty(), "these come out otherwise:\n{}", wrong.join("\n"));
}

#[test]
fn the_register_is_made_and_asked_as_the_page_says() {
    if !has("curl") {
        return;
    }
    let section = blocks(&read(PAGE), Some(REGISTER));
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("devices.json"), seed()).unwrap();
    let is_shell = |block: &&Block| block.language == "sh";
    let script: String =
        section.iter().filter(is_shell).map(|block| format!("{}\n", block.text)).collect();
    let binary = Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-euc", &format!("trap 'kill $!' EXIT\n{script}")])
        .current_dir(directory.path())
        .env("PATH", path)
        .output()
        .unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let shown = section.iter().find(|block| block.language == "text").unwrap();
    assert!(output.status.success() && same_text(shown.text.trim(), said.trim()), "{said}");
}

#[test]
fn the_functions_are_those_of_the_function_table() {
    let row = |function: &Function| {
        let definition = function.definition();
        let parameters = definition.parameters.iter().map(|parameter| {
            let types: Vec<&str> = parameter.types.iter().map(|ty| ty.name()).collect();
            let optional = if parameter.optional { "?" } else { "" };
            format!("{}{optional}", types.join(" or "))
        });
        let parameters = parameters.collect::<Vec<_>>().join(", ").replace("Edm.", "");
        let (name, meaning) = (definition.name, definition.meaning);
        let result = definition.result.name().trim_start_matches("Edm.");
        format!("| `{name}` | {parameters} | {result} | {meaning} |")
    };
    check(PAGE, "functions", &Function::ALL.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_limits_are_those_of_the_code() {
    let row = |limit: &Limit| format!("| `{}` | {} |", limit.name(), limit.allows());
    check(PAGE, "limits", &Limit::ALL.iter().map(row).collect::<Vec<_>>());
}

/// Tests that the page names as `http::file::name`, a file in a folder as `folder::file`.
#[test]
fn the_tests_that_the_page_names_are_there() {
    let page = read(PAGE);
    let named: Vec<&str> = page.split('`').filter(|text| text.starts_with("http::")).collect();
    assert!(!named.is_empty());
    for name in named {
        let (file, test) = name.rsplit_once("::").unwrap();
        let text = read(&format!("crates/server/tests/{}.rs", file.replace("::", "/")));
        let calls = text.split("each_engine!(").skip(1).map(str::trim_start);
        let is_there =
            |call: &str| call.strip_prefix(test).is_some_and(|rest| rest.starts_with(','));
        assert!(calls.clone().any(is_there), "{PAGE} names {name}, which is no test");
    }
}

/// Links to sections of the same page lead somewhere.
#[test]
fn the_sections_that_the_page_links_to_are_there() {
    let page = read(PAGE);
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
        kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
    };
    let headings: Vec<String> =
        page.lines().filter(|line| line.starts_with("##")).map(anchor).collect();
    let links = page.split("](#").skip(1).filter_map(|rest| rest.split_once(')'));
    for (link, _) in links {
        assert!(headings.iter().any(|heading| heading == link), "no section #{link}");
    }
}

#[test]
fn an_example_is_its_request_and_what_comes_out() {
    let text = "Prefer: a=1\n/$count?a=b: c\n&d\n\n  two\n  lines\n?$top=1\n  x\n".to_owned();
    let read = examples(&Block { line: 10, language: EXAMPLES.to_owned(), text });
    let [first, second] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((first.line, first.target.as_str()), (11, "/$count?a=b: c&d"));
    assert_eq!(first.headers, [("Prefer".to_owned(), "a=1".to_owned())]);
    assert_eq!((first.shown.as_str(), second.line), ("  two\n  lines\n", 17));
    assert!(is_shown("two\n lines", 200, "two lines") && !is_shown("two", 200, "two lines"));
    let page =
        r#"{"@odata.count":3,"value":[{"importedDeviceIdentifier":"A"}],"@odata.nextLink":""}"#;
    assert_eq!(in_short(200, page), "@odata.count 3, A, @odata.nextLink");
    assert_eq!(in_short(200, r#"{"value":[]}"#), "nothing");
    assert_eq!(in_short(400, r#"{"error":{"message":"no"}}"#), "400 no");
    assert!(!is_shown(r#"{"a":1}"#, 200, r#"{"a":1,"b":2}"#));
}
