//! A start that breaks off while a seed is stored: the next one begins anew, with all of it.

use std::path::Path;
use std::process::{Child, Stdio};

use rusqlite::{Connection, OpenFlags};

use crate::process::{COLLECTION, Place, wait_for};

/// Imports of the seed: enough that a signal comes between two of them.
const ROWS: u32 = 40_000;
const SERVE: [&str; 6] =
    ["serve", "--dev", "--listen", "127.0.0.1:0", "--seed", "serialNumber=seed.csv"];

/// How many rows the database holds.
fn count(database: &Path) -> Option<u32> {
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.query_row("SELECT count(*) FROM identities", [], |row| row.get(0)).ok()
}

/// Starts a server, and gives it when it has stored some of the seed and not all.
fn half_way(place: &Place) -> Child {
    let mut command = place.command(&SERVE);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the first rows of the seed", || {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        count(&place.data("muster.db")).filter(|count| *count > 0)
    });
    child
}

async fn begins_whole(place: &Place) {
    let server = place.serve(&SERVE[4..]);
    let path = format!("{COLLECTION}/$count");
    let counted = server.call(server.token(), reqwest::Method::GET, &path, None).await.1;
    assert_eq!(counted, ROWS);
    crate::begun::reset(&server).await;
    let counted = server.call(server.token(), reqwest::Method::GET, &path, None).await.1;
    assert_eq!(counted, ROWS);
    let connection = Connection::open(place.data("muster.db")).unwrap();
    let history: (u32, u32) = connection
        .query_row("SELECT count(*), max(seq) FROM changes", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(history, (ROWS, ROWS), "one entry for each row, without a gap");
}

fn place() -> Place {
    let place = Place::new();
    let rows: String = (0..ROWS).map(|n| format!("{n:05}\n")).collect();
    std::fs::write(place.path().join("seed.csv"), rows).unwrap();
    place
}

#[tokio::test]
async fn by_a_crash() {
    let place = place();
    let mut child = half_way(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    let stored = count(&place.data("muster.db")).unwrap();
    assert!((1..ROWS).contains(&stored), "{stored} rows were stored: nothing was interrupted");
    begins_whole(&place).await;
}

#[tokio::test]
async fn by_a_signal() {
    let place = place();
    let mut child = half_way(&place);
    let mut kill = std::process::Command::new("sh");
    kill.args(["-c", "kill -s TERM \"$1\"", "sh", &child.id().to_string()]);
    assert!(kill.status().unwrap().success());
    let ended = wait_for("the end", || child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
    let stored = count(&place.data("muster.db")).unwrap();
    assert!((1..ROWS).contains(&stored), "{stored} rows were stored: nothing was interrupted");
    begins_whole(&place).await;
}
