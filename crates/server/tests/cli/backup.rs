//! `muster admin backup` and `muster admin restore`: what they say, and all that they refuse. That
//! what they copy is what was acknowledged is tested in `crash`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;

use crate::support::{Place, Server, mask};

/// The first schema that there was.
const FIRST_SCHEMA: &str = include_str!("../../../store/migrations/sqlite/0001_register.sql");

fn backup<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["admin", "backup"], arguments].concat()
}

fn restore<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["admin", "restore"], arguments].concat()
}

/// A register with samples, and a backup of it.
fn backed_up() -> Place {
    let place = Place::new();
    place.serve(&[]).stop();
    place.says(&backup(&["saved.db"]));
    place
}

/// A database in the working directory.
fn database(place: &Place, name: &str) -> Connection {
    Connection::open(place.path().join(name)).unwrap()
}

/// The files of a directory, by name.
fn files(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// What is said, where sizes are those of a run.
fn masked(said: &str) -> String {
    let size = said.split(": ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    mask(&said.replacen(size, "[size]", 1))
}

#[test]
fn each_says_what_the_copy_holds() {
    let place = Place::new();
    let server = place.serve(&[]);
    let said = place.says(&backup(&["saved.db"]));
    insta::assert_snapshot!(masked(&said), @"
    backed up sqlite:./muster-data/muster.db to saved.db: [size], schema version 5, 1 tenant, checked
    TENANT  IDENTITIES  CHANGES  LAST CHANGE  NAME
    d0d0d0d0-0000-4000-8000-000000000001  6  6  [time]  Development
    left out: keys of --dev, which are made anew where they are not: dev-app.json, dev-ca-key.pem, dev-ca.pem, dev-signing-key.pem
    ");
    assert_eq!(
        fs::metadata(place.path().join("saved.db")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(files(place.path()), ["muster-data", "saved.db"], "nothing beside it");
    server.stop();

    let said = place.says(&restore(&["saved.db", "--data", "elsewhere"]));
    insta::assert_snapshot!(masked(&said), @"
    restored saved.db to sqlite:elsewhere/muster.db: [size], schema version 5, 1 tenant, checked
    TENANT  IDENTITIES  CHANGES  LAST CHANGE  NAME
    d0d0d0d0-0000-4000-8000-000000000001  6  6  [time]  Development
    ");
    let restored = place.path().join("elsewhere");
    assert_eq!(files(&restored), ["lock", "muster.db"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&restored), mode(&restored.join("muster.db"))), (0o700, 0o600));
}

#[test]
fn all_that_a_development_register_keeps_besides_is_told() {
    let place = Place::new();
    let server = place.serve(&[]);
    let said = place.says(&backup(&["saved.db"]));
    let told = said.lines().last().unwrap().split(": ").last().unwrap();
    let mut kept = files(&place.path().join("muster-data"));
    // The register, what holds it, and what is written at every start.
    kept.retain(|name| {
        !name.starts_with("muster.db") && !["lock", "dev.env"].contains(&name.as_str())
    });
    assert_eq!(told.split(", ").collect::<Vec<_>>(), kept);
    server.stop();
}

#[tokio::test]
async fn a_register_that_was_put_back_to_a_snapshot_is_whole() {
    let place = Place::new();
    let server = place.serve(&[]);
    let id = server.create(&json!({ "importedDeviceIdentifier": "A" })).await;
    let bench = |method, path: &'static str| server.call(server.token(), method, path, None);
    assert!(bench(Method::POST, "/dev/snapshot/one").await.0.is_success());
    let path = format!("{}/{id}", crate::support::COLLECTION);
    assert!(server.call(server.token(), Method::DELETE, &path, None).await.0.is_success());
    server.create(&json!({ "importedDeviceIdentifier": "B" })).await;
    assert!(bench(Method::POST, "/dev/snapshot/one/restore").await.0.is_success());
    let said = place.says(&backup(&["saved.db"]));
    assert!(said.contains(" 7 "), "the samples and one more: {said}");
}

/// An older build's register is copied as it is: a backup comes before an upgrade.
#[test]
fn an_older_register_is_not_migrated() {
    let place = Place::new();
    let old = database(&place, "old.db");
    old.execute_batch("CREATE TABLE migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_ticks INTEGER NOT NULL) STRICT; INSERT INTO migrations VALUES (1, 'register', 0)").unwrap();
    old.execute_batch(FIRST_SCHEMA).unwrap();
    let said = place.says(&backup(&["saved.db", "--store", "sqlite:old.db"]));
    assert!(said.contains("schema version 1, 0 tenants"), "{said}");
    let said = place.says(&restore(&["saved.db"]));
    assert!(said.contains("schema version 1, 0 tenants"), "{said}");
    assert_eq!(place.serve(&["--log", "warn"]).stop(), "", "it is migrated at the next start");
}

#[test]
fn what_is_there_is_replaced_only_when_told() {
    let place = backed_up();
    let refused = [place.fails(&backup(&["saved.db"])), place.fails(&restore(&["saved.db"]))];
    insta::assert_snapshot!(refused.join("\n"), @"
    muster: saved.db is there already: give another place, or --yes to replace it, for good
    muster: ./muster-data/muster.db is there already: give another place, or --yes to replace it, for good
    ");
    let before = fs::read(place.path().join("saved.db")).unwrap();
    place.says(&["admin", "tenant", "add", crate::support::OTHER_TENANT]);
    place.says(&backup(&["saved.db", "--yes"]));
    assert_ne!(fs::read(place.path().join("saved.db")).unwrap(), before);
    place.says(&["admin", "tenant", "remove", crate::support::OTHER_TENANT]);
    place.says(&restore(&["saved.db", "--yes"]));
    assert!(place.says(&["admin", "tenant", "list"]).contains(crate::support::OTHER_TENANT));
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let place = backed_up();
    let register = "muster-data/muster.db";
    let cases = ["muster-data", "nowhere/saved.db", register];
    let mut said: Vec<String> = cases.map(|to| place.fails(&backup(&[to, "--yes"]))).into();
    said.push(place.fails(&restore(&[register, "--yes"])));
    said.push(place.fails(&backup(&["other.db", "--data", "nowhere"])));
    insta::assert_snapshot!(said.join("\n"), @"
    muster: muster-data: it is a directory: name a file in it
    muster: nowhere: No such file or directory (os error 2)
    muster: muster-data/muster.db is the register itself: give another file
    muster: muster-data/muster.db is the register itself: give another file
    muster: there is no register at nowhere/muster.db: give its --data directory or --store, or make it with `muster serve --dev`
    ");
    assert_eq!(files(place.path()), ["muster-data", "saved.db"], "nothing was made");
}

/// By the lock of its directory, and where that is another's, by the database itself.
#[test]
fn a_register_that_is_served_is_not_replaced() {
    let place = backed_up();
    let server = place.serve(&["--log", "warn"]);
    let told = place.fails(&restore(&["saved.db", "--yes"]));
    let told = told.replace(&format!("process {}", server.id()), "process [n]");
    let elsewhere =
        ["saved.db", "--yes", "--data", "other", "--store", "sqlite:muster-data/muster.db"];
    let over = ["muster-data/muster.db", "--yes", "--store", "sqlite:saved.db"];
    let said = [told, place.fails(&restore(&elsewhere)), place.fails(&backup(&over))];
    insta::assert_snapshot!(said.join("\n"), @"
    muster: the data directory ./muster-data is in use by another muster serve (process [n]): stop that one, or give this one another directory with --data
    muster: muster-data/muster.db is in use by another process: stop whatever has it open, such as muster serve
    muster: muster-data/muster.db is in use by another process: stop whatever has it open, such as muster serve
    ");
    assert_eq!(server.stop(), "", "it was not disturbed");
}

/// Makes something of a copy of the backup, and tries to restore it.
#[track_caller]
fn refused(make: impl FnOnce(&Place, &Path)) -> String {
    let place = backed_up();
    let bad = place.path().join("bad.db");
    fs::copy(place.path().join("saved.db"), &bad).unwrap();
    make(&place, &bad);
    let (there, register) = (files(place.path()), place.data("muster.db"));
    let before = fs::read(&register).unwrap();
    let said = place.fails(&restore(&["bad.db", "--yes"]));
    assert_eq!(fs::read(&register).unwrap(), before, "the register is as it was");
    assert_eq!(files(place.path()), there);
    let in_data = files(&place.path().join("muster-data"));
    assert!(!in_data.iter().any(|name| name.contains("partial")), "{in_data:?}");
    said
}

/// A change to the copy by SQL.
fn by_sql(sql: &'static str) -> impl FnOnce(&Place, &Path) {
    move |_, bad| {
        let database = Connection::open(bad).unwrap();
        database.execute_batch(sql).unwrap();
        database.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).unwrap();
    }
}

#[test]
fn what_is_no_register_is_not_restored() {
    let said = [
        refused(|_, bad| fs::write(bad, "muster").unwrap()),
        refused(|_, bad| fs::write(bad, "").unwrap()),
        refused(|_, bad| fs::remove_file(bad).unwrap()),
        refused(by_sql("ALTER TABLE migrations RENAME TO versions")),
        refused(by_sql("INSERT INTO migrations VALUES (99, 'later', 0)")),
        refused(|_, bad| {
            let log = PathBuf::from(format!("{}-wal", bad.display()));
            fs::write(log, "changes").unwrap();
        }),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    muster: bad.db is not a register that can be read: file is not a database
    muster: bad.db is not a register that can be read: it is empty
    muster: bad.db: No such file or directory (os error 2)
    muster: bad.db is not a register that can be read: it has tables, but not those of muster
    muster: bad.db: the database has schema version 99, and this muster knows versions up to 5: use the muster that migrated it, or a later one
    muster: bad.db is not the whole register: the log beside it, bad.db-wal, holds changes that are not in it. `muster admin backup --store sqlite:PATH` makes one file of both, which can be restored
    ");
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let cut = refused(|_, bad| {
        let bytes = fs::read(bad).unwrap();
        fs::write(bad, &bytes[..bytes.len() - 8_192]).unwrap();
    });
    assert!(cut.ends_with("can be read: database disk image is malformed"), "{cut}");
    let torn = refused(|_, bad| {
        let mut bytes = fs::read(bad).unwrap();
        bytes[8_192..12_288].fill(0x5a);
        fs::write(bad, bytes).unwrap();
    });
    assert!(torn.contains("bad.db is damaged") || torn.contains("can be read"), "{torn}");
    let said = [
        refused(by_sql("DELETE FROM changes WHERE seq = 3")),
        refused(by_sql("DELETE FROM identities WHERE rid = 3")),
        refused(by_sql("UPDATE tenants SET next_seq = 100")),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    muster: bad.db is damaged, nothing was kept of the copy: the tenant d0d0d0d0-0000-4000-8000-000000000001 has 6 identities and 5 entries of history up to number 6, which ought to be 6, and they lead to 5 identities
    muster: bad.db is damaged, nothing was kept of the copy: the tenant d0d0d0d0-0000-4000-8000-000000000001 has 5 identities and 6 entries of history up to number 6, which ought to be 6, and they lead to 6 identities
    muster: bad.db is damaged, nothing was kept of the copy: the tenant d0d0d0d0-0000-4000-8000-000000000001 has 6 identities and 6 entries of history up to number 6, which ought to be 99, and they lead to 6 identities
    ");
}

/// What a killed server leaves in its log is the old register's, and nothing of the new one's.
#[tokio::test]
async fn a_log_that_is_left_behind_is_not_taken_for_the_new_registers() {
    for is_removed in [false, true] {
        let place = backed_up();
        let server = place.serve(&[]);
        server.create(&json!({ "importedDeviceIdentifier": "later" })).await;
        kill(server);
        assert!(fs::metadata(place.data("muster.db-wal")).unwrap().len() > 0);
        if is_removed {
            fs::remove_file(place.data("muster.db")).unwrap();
        }
        place.says(&restore(&["saved.db", "--yes"]));
        let left = files(&place.path().join("muster-data"));
        let left: Vec<_> = left.iter().filter(|name| name.starts_with("muster.db")).collect();
        assert_eq!(left, ["muster.db"]);
        let server = place.serve(&["--log", "warn"]);
        let rows = server.rows().await;
        assert_eq!(rows.len(), 6, "{rows:?}");
        assert!(!rows.iter().any(|row| row["importedDeviceIdentifier"] == "later"));
        assert_eq!(server.stop(), "");
    }
}

fn kill(mut server: Server) {
    server.signal("KILL");
    server.wait();
}
