//! Two processes under `--dev` on one database: rows, snapshots and keys are in it.

use std::collections::HashMap;
use std::fs;
use std::thread;

use reqwest::Method;
use tempfile::TempDir;
use testbed::{Cluster, Database};

use crate::fleet::{Answer, Caller, collection, send};
use crate::support::{Server, serve};

struct Dev {
    _server: Server,
    _data: TempDir,
    origin: String,
    token: String,
}

impl Dev {
    fn start(database: &Database) -> Self {
        let data = TempDir::new().unwrap();
        let mut command = serve(data.path());
        command.env("MUSTER_STORE", database.url()).args(["--store-connections", "6"]);
        let server = Server::start_with(command, data.path());
        let text = fs::read_to_string(data.path().join("dev.env")).unwrap();
        let env: HashMap<&str, &str> =
            text.lines().filter_map(|line| line.split_once('=')).collect();
        let origin = env["BASE_URL"].trim_end_matches("/beta").to_owned();
        Self { _server: server, origin, token: env["TOKEN"].to_owned(), _data: data }
    }

    /// Makes a row.
    async fn create(&self, caller: &Caller, serial: &str) {
        let created = caller.create(&self.token, &self.origin, serial).await.unwrap();
        assert_eq!(created.status, 201, "{}", created.body);
    }

    async fn serials(&self, caller: &Caller) -> Vec<String> {
        let rows = caller.rows(&self.token, &collection(&self.origin)).await;
        let serial = |row: &serde_json::Value| row["importedDeviceIdentifier"].to_string();
        rows.iter().map(serial).collect()
    }

    /// Calls the test bench.
    async fn bench(&self, caller: &Caller, path: &str) -> Answer {
        let url = format!("{}/dev/{path}", self.origin);
        send(caller.request(&self.token, Method::POST, &url)).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_of_one_are_restored_by_the_other_and_its_tokens_are_taken() {
    let Some(cluster) = Cluster::shared() else { return };
    let (database, caller) = (cluster.database(), Caller::new());
    let [one, other] = thread::scope(|scope| {
        let start = || scope.spawn(|| Dev::start(&database));
        [start(), start()].map(|started| started.join().unwrap())
    });
    one.create(&caller, "KEPT").await;
    assert_eq!(one.bench(&caller, "snapshot/kept").await.status, 204);
    other.create(&caller, "UNDONE").await;
    assert_eq!(one.serials(&caller).await, [r#""KEPT""#, r#""UNDONE""#]);
    assert_eq!(other.bench(&caller, "snapshot/kept/restore").await.status, 204);
    assert_eq!(one.serials(&caller).await, [r#""KEPT""#]);
    assert_eq!(one.bench(&caller, "reset").await.status, 204);
    assert_eq!(other.serials(&caller).await, [""; 0]);
    for (token, origin) in [(&one.token, &other.origin), (&other.token, &one.origin)] {
        let answer = caller.get(token, &collection(origin)).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}
