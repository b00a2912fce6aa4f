//! `muster admin copy`: a register moves to another database, and is served there as it was.

use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;
use testbed::Cluster;

use crate::support::{COLLECTION, Place};

/// `muster admin copy` between two registers.
fn copy<'a>(from: &'a str, to: &'a str) -> [&'a str; 6] {
    ["admin", "copy", "--from-store", from, "--to-store", to]
}

const MINE: &str = "sqlite:muster-data/muster.db";

/// The report without what differs from run to run. Checksums are the same or not.
fn mask(report: &str) -> String {
    let word = |word: &str| match word.len() {
        64 if word.bytes().all(|byte| byte.is_ascii_hexdigit()) => "[checksum]".to_owned(),
        _ => word.to_owned(),
    };
    let line = |line: &str| match line.split_once(" (") {
        Some((told, _)) if line.starts_with("verified") => told.to_owned(),
        _ => line.split_whitespace().map(word).collect::<Vec<_>>().join(" "),
    };
    report.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_register_moves_and_is_served_as_it_was() {
    let place = Place::new();
    let server = place.serve(&[]);
    let row = json!({
        "importedDeviceIdentifier": "C02-moved",
        "importedDeviceIdentityType": "serialNumber",
        "description": "zieht um — 📦",
    });
    let (status, _) = server.call(server.token(), Method::POST, COLLECTION, Some(&row)).await;
    assert_eq!(status, 201);
    let wanted = server.list(server.token()).await.1;
    server.stop();
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let url = database.url();
    // Nothing is told on standard error, which is no terminal here.
    let there = place.says(&copy(MINE, &url));
    insta::assert_snapshot!(mask(&there).replace(&url, "[url]"), @"
    copied sqlite:muster-data/muster.db to [url]

    TABLE ROWS SHA-256
    identities 7 [checksum]
    changes 7 [checksum]
    tallies 7 [checksum]
    snapshots 1 [checksum]
    snapshot_changes 0 [checksum]
    tenants 1 [checksum]
    settings 1 [checksum]

    verified: both sides have these rows and checksums
    ");
    let back = place.says(&copy(&url, "sqlite:muster-data/back.db"));
    let tables = |report: &str| -> Vec<String> {
        report
            .lines()
            .skip(1)
            .filter(|line| !line.starts_with("verified"))
            .map(Into::into)
            .collect()
    };
    assert_eq!(tables(&there), tables(&back), "checksums do not depend on the engine");
    for store in [url.as_str(), "sqlite:muster-data/back.db"] {
        let server = place.serve(&["--store", store]);
        assert_eq!(server.list(server.token()).await.1, wanted, "{store}");
        server.stop();
    }
}

#[test]
fn a_register_that_is_served_is_not_copied() {
    let place = Place::new();
    let server = place.serve(&[]);
    let process = format!("process {}", server.id());
    let fails = |from, to| place.fails(&copy(from, to)).replace(&process, "process [n]");
    insta::assert_snapshot!(fails(MINE, "sqlite:copy.db"), @"muster: the register at sqlite:muster-data/muster.db is being served (process [n]): stop that first");
    insta::assert_snapshot!(fails("sqlite:copy.db", MINE), @"muster: the register at sqlite:muster-data/muster.db is being served (process [n]): stop that first");
    assert!(!place.path().join("copy.db").exists(), "nothing was made");
}

#[test]
fn what_cannot_be_copied_is_told_with_what_to_do() {
    let place = Place::new();
    insta::assert_snapshot!(place.fails(&copy("sqlite:none.db", "sqlite:copy.db")), @"muster: there is no register at sqlite:none.db");
    place.serve_empty(&[]).stop();
    insta::assert_snapshot!(place.fails(&copy(MINE, MINE)), @"muster: the register would be copied onto itself: give another target");
    insta::assert_snapshot!(place.fails(&copy(MINE, "sqlite:nowhere/copy.db")), @"muster: the target: cannot open the database nowhere/copy.db: unable to open database file: nowhere/copy.db");
    place.says(&copy(MINE, "sqlite:copy.db"));
    insta::assert_snapshot!(place.fails(&copy(MINE, "sqlite:copy.db")), @"muster: the target holds a register already (there are rows in snapshots): give an empty one");
}

#[test]
fn an_unfinished_copy_is_neither_served_nor_changed() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    let database = Connection::open(place.data("muster.db")).unwrap();
    database.execute("INSERT INTO settings VALUES ('copying', x'00')", []).unwrap();
    drop(database);
    let failure = place.fails(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    insta::assert_snapshot!(failure, @"muster: the register is an unfinished copy: repeat the `muster admin copy` that began it, which goes on where it was");
    assert_eq!(place.fails(&["admin", "tenant", "list"]), failure);
    insta::assert_snapshot!(place.fails(&copy(MINE, "sqlite:copy.db")), @"muster: the register at sqlite:muster-data/muster.db is an unfinished copy: finish it by the `muster admin copy` that it is of");
    place.serve_empty(&["--data", "another"]).stop();
    let onto_it = place.fails(&copy("sqlite:another/muster.db", MINE));
    insta::assert_snapshot!(onto_it, @"muster: the target holds the beginning of another copy, or the source was written to since this one was begun: empty the target, or give another, and begin anew");
}
