//! Clients that write as fast as they are answered, each until the connection is lost. Every write
//! carries a mark of its own, in `client-request-id` and, where it has one, in the description: so
//! each one that is done changes something, and the history tells which.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use tokio::task::JoinHandle;

use super::ledger::{Kind, Ledger};
use crate::support::{Answer, Random, Server, Value, json, send};

/// Clients that write single rows, on the same rows all of them.
const WRITERS: usize = 4;
/// Identifiers of the rows that single writes make and name: few, so that they get in each
/// other's way.
const IDENTIFIERS: usize = 120;
/// Identifiers of the rows that imports make.
const IMPORTED: usize = 600;
/// Rows of an import: one that shares a transaction, and one that has its own.
const IMPORT_ROWS: [usize; 3] = [3, 60, 400];

/// Starts the clients of one round.
pub(super) fn start(
    server: &Arc<Server>,
    ledger: &Arc<Ledger>,
    random: &mut Random,
) -> Vec<JoinHandle<()>> {
    let ids = Arc::new(Mutex::new(Vec::new()));
    let mut client = |_| Client {
        server: Arc::clone(server),
        ledger: Arc::clone(ledger),
        ids: Arc::clone(&ids),
        random: Random::new(random.next()),
        name: random.next(),
        sent: 0,
    };
    let importer = client(WRITERS);
    let mut tasks: Vec<_> =
        (0..WRITERS).map(|number| tokio::spawn(client(number).write())).collect();
    tasks.push(tokio::spawn(importer.import()));
    tasks
}

/// Waits until all have lost their connection.
pub(super) async fn join(clients: Vec<JoinHandle<()>>) {
    for client in clients {
        client.await.unwrap();
    }
}

struct Client {
    server: Arc<Server>,
    ledger: Arc<Ledger>,
    /// The ids of rows that somebody has made in this round.
    ids: Arc<Mutex<Vec<String>>>,
    random: Random,
    name: u64,
    sent: usize,
}

impl Client {
    async fn write(mut self) {
        loop {
            let id = self.some_id();
            let answer = match (id, self.random.below(10)) {
                (None, _) | (_, 0..3) => self.create().await,
                (Some(id), 3..9) => self.update(&id).await,
                (Some(id), _) => self.delete(&id).await,
            };
            if answer.is_none() {
                return;
            }
        }
    }

    async fn import(mut self) {
        loop {
            let mark = self.mark();
            let count = IMPORT_ROWS[self.random.below(IMPORT_ROWS.len())];
            let first = self.random.below(IMPORTED);
            let rows: Vec<Value> = (first..first + count)
                .map(|n| row(&format!("import {}", n % IMPORTED), &mark))
                .collect();
            let body = json!({
                "importedDeviceIdentities": rows,
                "overwriteImportedDeviceIdentities": true,
            });
            let path = "/importDeviceIdentityList";
            let Some(answer) =
                self.send(&mark, Kind::Import, count, Method::POST, path, Some(body)).await
            else {
                return;
            };
            assert_eq!(answer.status, 200, "{:?}", answer.body);
            self.learn(answer.body.as_ref().and_then(|body| body["value"].get(0)));
        }
    }

    async fn create(&mut self) -> Option<Answer> {
        let mark = self.mark();
        let body = row(&self.some_identifier(), &mark);
        let answer = self.send(&mark, Kind::Create, 1, Method::POST, "", Some(body)).await?;
        assert!([201, 409].contains(&answer.status), "{:?}", answer.body);
        self.learn(answer.body.as_ref());
        Some(answer)
    }

    async fn update(&mut self, id: &str) -> Option<Answer> {
        let mark = self.mark();
        let mut body = json!({ "description": mark, "enrollmentState": "enrolled" });
        if self.random.once_in(4) {
            body["importedDeviceIdentifier"] = self.some_identifier().into();
        }
        let path = format!("/{id}");
        let answer = self.send(&mark, Kind::Update, 1, Method::PATCH, &path, Some(body)).await?;
        assert!([200, 404, 409].contains(&answer.status), "{:?}", answer.body);
        Some(answer)
    }

    async fn delete(&mut self, id: &str) -> Option<Answer> {
        let (mark, path) = (self.mark(), format!("/{id}"));
        let answer = self.send(&mark, Kind::Delete, 1, Method::DELETE, &path, None).await?;
        assert!([204, 404].contains(&answer.status), "{:?}", answer.body);
        Some(answer)
    }

    async fn send(
        &self,
        mark: &str,
        kind: Kind,
        rows: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Option<Answer> {
        self.ledger.sent(mark, kind, rows);
        let mut request = self.server.call(method, path).header("client-request-id", mark);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = send(request).await?;
        self.ledger.answered(mark, &answer);
        Some(answer)
    }

    fn mark(&mut self) -> String {
        self.sent += 1;
        format!("{:016x}-{}", self.name, self.sent)
    }

    fn some_identifier(&mut self) -> String {
        format!("single {}", self.random.below(IDENTIFIERS))
    }

    fn some_id(&mut self) -> Option<String> {
        let ids = self.ids.lock().unwrap();
        let index = self.random.below(ids.len().max(1));
        ids.get(index).cloned()
    }

    fn learn(&self, row: Option<&Value>) {
        let id = row.and_then(|row| row["id"].as_str());
        self.ids.lock().unwrap().extend(id.map(str::to_owned));
    }
}

fn row(identifier: &str, mark: &str) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
        "description": mark,
    })
}
