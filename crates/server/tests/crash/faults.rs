//! The disk is full or cannot be synced while the register runs: writes are refused and nothing of
//! them is stored, reads go on, and when the disk is well again so is the register.

use std::fs;

use reqwest::Method;
use tempfile::TempDir;

use crate::replay::replay;
use crate::shim::{Fault, Shim};
use crate::support::{Answer, Server, Value, history, json, plain, program, send, serve};

#[derive(Clone, Copy)]
enum Kind {
    Update,
    Create,
    Import,
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_loses_none() {
    survives(Shim::fill_disk).await;
}

#[tokio::test]
async fn a_disk_that_cannot_be_synced_refuses_writes_and_loses_none() {
    survives(Shim::break_sync).await;
}

async fn survives(fault: fn(&Shim) -> Fault) {
    let (data, shim) = (TempDir::new().unwrap(), Shim::build());
    let mut command = serve(data.path());
    shim.preload(&mut command);
    let server = Server::start_with(command, data.path());
    let created = call(&server, Method::POST, "", row("A")).await;
    let item = format!("/{}", created.body.unwrap()["id"].as_str().unwrap());
    let (rows, changes) = (server.rows().await, history(data.path()));
    for _ in 0..3 {
        let broken = fault(&shim);
        for answer in writes(&server, &item).await {
            assert_eq!(answer.status, 503, "{:?}", answer.body);
            assert_eq!(answer.body.unwrap()["error"]["code"], "ServiceUnavailable");
        }
        assert_eq!(server.rows().await, rows, "reads go on, and nothing has changed");
        assert_eq!(history(data.path()), changes);
        drop(broken);
    }
    let statuses: Vec<u16> = writes(&server, &item).await.iter().map(|a| a.status).collect();
    assert_eq!(statuses, [200, 201, 200]);
    let rows = server.rows().await;
    assert_eq!(rows.len(), 402);
    server.kill();
    let server = Server::start(data.path());
    assert_eq!(plain_all(&server.rows().await), plain_all(&rows));
    replay(&history(data.path()), &rows);
}

/// The transaction stands in the log, whole, when its sync fails: nothing but the refusal says that
/// it does not count.
#[tokio::test]
async fn a_write_refused_for_want_of_a_sync_stays_refused_after_a_crash() {
    let (data, shim) = (TempDir::new().unwrap(), Shim::build());
    for (n, kind) in [Kind::Update, Kind::Create, Kind::Import].into_iter().enumerate() {
        let mut command = serve(data.path());
        shim.preload(&mut command);
        let server = Server::start_with(command, data.path());
        let created = call(&server, Method::POST, "", row(&format!("A{n}"))).await;
        let item = format!("/{}", created.body.unwrap()["id"].as_str().unwrap());
        let rows = server.rows().await;
        let broken = shim.break_sync();
        let answer = write(&server, &item, kind).await;
        assert_eq!(answer.status, 503, "{:?}", answer.body);
        server.kill();
        drop(broken);
        let server = Server::start(data.path());
        assert_eq!(plain_all(&server.rows().await), plain_all(&rows));
        replay(&history(data.path()), &rows);
    }
}

/// A disk that is full, or fails, leaves nothing of a backup, and what it was to replace as it was.
#[test]
fn a_backup_that_cannot_be_written_leaves_nothing() {
    let (data, saved, shim) = (TempDir::new().unwrap(), TempDir::new().unwrap(), Shim::build());
    drop(Server::start(data.path()));
    let file = saved.path().join("saved.db");
    let backup = || {
        let mut muster = program();
        shim.preload(&mut muster);
        muster.args(["admin", "backup", "--yes", "--data"]).arg(data.path()).arg(&file);
        muster.output().unwrap()
    };
    let names = || -> Vec<_> {
        fs::read_dir(saved.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    for (fault, told) in [
        (Shim::fill_disk as fn(&Shim) -> Fault, "database or disk is full"),
        (Shim::break_sync, "Input/output error"),
    ] {
        let broken = fault(&shim);
        let failed = backup();
        let said = String::from_utf8(failed.stderr).unwrap();
        assert!(!failed.status.success() && said.contains(told), "{said}");
        assert!(names().is_empty(), "{:?}", names());
        drop(broken);
    }
    assert!(backup().status.success());
    let before = fs::read(&file).unwrap();
    let _broken = shim.fill_disk();
    assert!(!backup().status.success());
    assert_eq!((names().len(), fs::read(&file).unwrap()), (1, before));
}

/// One write of each kind.
async fn writes(server: &Server, item: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for kind in [Kind::Update, Kind::Create, Kind::Import] {
        answers.push(write(server, item, kind).await);
    }
    answers
}

async fn write(server: &Server, item: &str, kind: Kind) -> Answer {
    match kind {
        Kind::Update => call(server, Method::PATCH, item, json!({ "description": "new" })).await,
        Kind::Create => call(server, Method::POST, "", row("B")).await,
        // So many that it has a transaction of its own.
        Kind::Import => {
            let rows: Vec<Value> = (0..400).map(|n| row(&format!("import {n}"))).collect();
            let body = json!({ "importedDeviceIdentities": rows });
            call(server, Method::POST, "/importDeviceIdentityList", body).await
        }
    }
}

async fn call(server: &Server, method: Method, path: &str, body: Value) -> Answer {
    send(server.call(method, path).json(&body)).await.unwrap()
}

fn row(identifier: &str) -> Value {
    json!({ "importedDeviceIdentifier": identifier })
}

/// The rows without the address of the server, which moves.
fn plain_all(rows: &[Value]) -> Vec<Value> {
    rows.iter().map(plain).collect()
}
