//! A killed process does not lose what the kernel has cached, a power cut does. So this looks at
//! the order of things: for every answer that acknowledges a write, the transaction stood in the
//! write-ahead log, whole, and the log was synced after that, before a byte of the answer left.

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::Method;
use tempfile::TempDir;

use crate::shim::{Shim, Stage, Story};
use crate::support::{Server, Value, json, send, serve};

/// Clients that write at the same time, and writes of each.
const CLIENTS: usize = 16;
const WRITES: usize = 12;

#[tokio::test]
async fn the_log_is_synced_before_each_answer() {
    let (data, shim) = (TempDir::new().unwrap(), Shim::build());
    let mut command = serve(data.path());
    shim.preload(&mut command);
    let writes = Writes::to(Server::start_with(command, data.path()));
    let singles = writes.one_by_one().await;
    assert_eq!(stages(&shim.story(), &singles), [(Some(Stage::Synced), singles.len())].into());
    let commits = shim.story().commits;
    let concurrent = writes.at_once().await;
    let story = shim.story();
    assert_eq!(stages(&story, &concurrent), [(Some(Stage::Synced), concurrent.len())].into());
    assert!(story.shared_commits > 0, "no two writes shared a transaction");
    assert!(story.commits - commits < concurrent.len(), "{} commits", story.commits - commits);
}

/// The proof of the proof: a register that is not to stay syncs nothing, and there the same look
/// finds every answer too early.
#[tokio::test]
async fn without_syncs_the_same_look_finds_answers_too_early() {
    let (data, shim) = (TempDir::new().unwrap(), Shim::build());
    let mut command = serve(data.path());
    command.arg("--ephemeral");
    shim.preload(&mut command);
    let writes = Writes::to(Server::start_with(command, data.path()));
    let mut marks = writes.one_by_one().await;
    marks.extend(writes.at_once().await);
    assert_eq!(stages(&shim.story(), &marks), [(Some(Stage::Written), marks.len())].into());
}

/// How many of these marks were answered at which stage.
fn stages(story: &Story, marks: &[String]) -> HashMap<Option<Stage>, usize> {
    let mut stages = HashMap::new();
    for mark in marks {
        let stage = story.answers.get(mark).unwrap_or_else(|| panic!("no answer to {mark}"));
        *stages.entry(*stage).or_default() += 1;
    }
    stages
}

/// Writes to a server, each with a mark that the log and the answer show.
struct Writes {
    server: Arc<Server>,
}

impl Writes {
    fn to(server: Server) -> Self {
        Self { server: Arc::new(server) }
    }

    /// Writes of every kind, each after the answer to the one before.
    async fn one_by_one(&self) -> Vec<String> {
        let mut marks = Vec::new();
        let mut write = async |method: Method, path: &str, body: Value| {
            let mark = format!("mark-{:06}", marks.len());
            let answer = write(&self.server, &mark, method, path, &body).await;
            marks.push(mark);
            answer
        };
        for n in 0..10 {
            let row = write(Method::POST, "", row(&format!("single {n}"))).await;
            let item = item(&row);
            write(Method::PATCH, &item, json!({ "platform": "ios" })).await;
            let rows: Vec<Value> = (0..300).map(|m| row_of(n, m)).collect();
            let import = json!({ "importedDeviceIdentities": rows });
            write(Method::POST, "/importDeviceIdentityList", import).await;
            write(Method::DELETE, &item, Value::Null).await;
        }
        marks
    }

    /// Updates by several clients at the same time.
    async fn at_once(&self) -> Vec<String> {
        let clients: Vec<_> = (1..=CLIENTS)
            .map(|client| {
                let server = Arc::clone(&self.server);
                tokio::spawn(async move { update_often(&server, client).await })
            })
            .collect();
        let mut marks = Vec::new();
        for client in clients {
            marks.extend(client.await.unwrap());
        }
        marks
    }
}

async fn update_often(server: &Server, client: usize) -> Vec<String> {
    let mut marks: Vec<String> =
        (0..WRITES).map(|n| format!("mark-{:06}", client * 1_000 + n)).collect();
    let mut marks_left = marks.iter();
    let first = marks_left.next().unwrap();
    let row = write(server, first, Method::POST, "", &row(&format!("client {client}"))).await;
    for mark in marks_left {
        let body = json!({ "description": mark });
        write(server, mark, Method::PATCH, &item(&row), &body).await;
    }
    marks.sort();
    marks
}

/// Has a write acknowledged that changes something.
async fn write(server: &Server, mark: &str, method: Method, path: &str, body: &Value) -> Value {
    let mut request = server.call(method, path).header("client-request-id", mark);
    if !body.is_null() {
        request = request.json(body);
    }
    let answer = send(request).await.unwrap();
    assert!((200..300).contains(&answer.status), "{:?} {}", answer.body, server.log());
    answer.body.unwrap()
}

fn row(identifier: &str) -> Value {
    json!({ "importedDeviceIdentifier": identifier })
}

fn row_of(import: usize, number: usize) -> Value {
    row(&format!("import {import} {number}"))
}

fn item(row: &Value) -> String {
    format!("/{}", row["id"].as_str().unwrap())
}
