//! The drill: a backup is taken while clients write, the process is killed, and the backup restored
//! to an empty directory. All that was acknowledged before it began is there; what came later is
//! there whole or not at all.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use reqwest::Method;
use tempfile::TempDir;

use super::ledger::{Kind, Ledger};
use super::{check_database, clients, wait_for};
use crate::support::{Random, Server, history, json, program, send};

/// Backups taken one after the other, the last of which is restored.
const BACKUPS: usize = 3;
/// Writes that are acknowledged before each.
const ACKNOWLEDGED: usize = 60;
/// Rows of a register that takes a while to copy.
const ROWS: usize = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_restores_all_that_was_acknowledged_before_it() {
    let (data, saved, restored) =
        (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let file = saved.path().join("saved.db");
    let ledger = Arc::new(Ledger::default());
    let server = Arc::new(Server::start(data.path()));
    fill(&server, &ledger).await;
    let clients = clients::start(&server, &ledger, &mut Random::new(7));
    let mut before = ledger.acknowledged_marks();
    for _ in 0..BACKUPS {
        wait_for(&ledger, ledger.acknowledged() + ACKNOWLEDGED, &server).await;
        before = ledger.acknowledged_marks();
        admin(data.path(), "backup", &file);
        assert!(ledger.acknowledged() > before.len(), "no write was let through meanwhile");
    }
    server.kill();
    clients::join(clients).await;

    admin(restored.path(), "restore", &file);
    let server = Server::start(restored.path());
    check_database(restored.path());
    ledger.check_since(&history(restored.path()), &server.rows().await, &before);
    assert_eq!(server.log(), "", "it serves without complaint");
}

/// An import, by nobody's mark but its own.
async fn fill(server: &Server, ledger: &Ledger) {
    let rows: Vec<_> = (0..ROWS)
        .map(|n| json!({ "importedDeviceIdentifier": format!("fill {n}"), "description": "fill" }))
        .collect();
    ledger.sent("fill", Kind::Import, ROWS);
    let request = server.call(Method::POST, "/importDeviceIdentityList");
    let request = request.header("client-request-id", "fill");
    let answer = send(request.json(&json!({ "importedDeviceIdentities": rows }))).await.unwrap();
    ledger.answered("fill", &answer);
}

/// Runs `muster admin backup` or `restore`, which has to succeed.
fn admin(data: &Path, command: &str, file: &Path) {
    let mut muster: Command = program();
    muster.args(["admin", command, "--yes", "--data"]).arg(data).arg(file);
    let output = muster.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
