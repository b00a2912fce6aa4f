//! What `muster serve` says when it cannot start: one line that says what to do, exit code 1, and
//! nothing on standard output.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use testbed::Cluster;

use crate::support::{Place, mask, run};

const SERVE: [&str; 4] = ["serve", "--dev", "--listen", "127.0.0.1:0"];

/// Makes a register, and leaves it.
fn register() -> Place {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    place
}

#[test]
fn nobody_would_issue_tokens() {
    insta::assert_snapshot!(Place::new().fails(&["serve"]), @"muster: no authority: nobody would issue the tokens that callers need. Give --cloud global (or usgov, usgov-dod, china) for Microsoft Entra ID, --issuer URL and --audience NAME for any other OpenID provider, or --dev for a register on this machine that issues its own");
}

#[test]
fn a_development_register_is_not_for_other_machines() {
    let place = Place::new();
    let fails = |address: &str| place.fails(&["serve", "--dev", "--listen", address]);
    insta::assert_snapshot!(fails("0.0.0.0:8080"), @"muster: --dev serves this machine only, and 0.0.0.0:8080 can be reached by others: give a loopback address such as 127.0.0.1:8080, or open it on purpose with --dev-host NAME");
    insta::assert_snapshot!(fails("[::]:8080"), @"muster: --dev serves this machine only, and [::]:8080 can be reached by others: give a loopback address such as 127.0.0.1:8080, or open it on purpose with --dev-host NAME");
    let also = place.fails(&[&SERVE[..], &["--listen", "192.0.2.1:0"]].concat());
    insta::assert_snapshot!(also, @"muster: --dev serves this machine only, and 192.0.2.1:0 can be reached by others: give a loopback address such as 127.0.0.1:8080, or open it on purpose with --dev-host NAME");
    assert!(!place.path().join("muster-data").exists(), "nothing was made");
}

#[test]
fn the_port_is_taken() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failure = place.fails(&["serve", "--dev", "--listen", &address]);
    insta::assert_snapshot!(failure.replacen(&address, "[address]", 1), @"muster: cannot listen on [address]: another program listens there; stop it, or choose another address with --listen, such as --listen 127.0.0.1:0 for any free port");
    assert!(!place.path().join("muster-data").exists(), "nothing was made");
}

#[test]
fn another_server_holds_the_directory() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let failure = place.fails(&SERVE);
    let failure = failure.replace(&format!("process {}", server.id()), "process [n]");
    insta::assert_snapshot!(failure, @"muster: the data directory ./muster-data is in use by another muster serve (process [n]): stop that one, or give this one another directory with --data");
    // The one that holds it was not disturbed, and lets go when it ends.
    server.stop();
    place.serve_empty(&[]).stop();
}

#[test]
fn a_server_that_was_killed_holds_nothing() {
    let place = Place::new();
    drop(place.serve_empty(&[]));
    place.serve_empty(&[]).stop();
}

#[test]
fn the_directory_cannot_be_written() {
    let place = Place::new();
    let directory = place.path().join("locked");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, Permissions::from_mode(0o500)).unwrap();
    // Nothing stops root from writing there; of the kernel's own directory not even root can.
    let is_root = fs::write(directory.join("probe"), "").is_ok();
    let path = if is_root { "/sys/muster-data" } else { "locked" };
    let failure = place.fails(&[&SERVE[..], &["--data", path]].concat());
    let (_, reason) = failure.split_once(&format!("{path}: ")).unwrap();
    let reason = reason.split_once(';').unwrap().0;
    assert!(reason.contains("os error"), "what the system says: {reason}");
    let failure = failure.replacen(reason, "[reason]", 1).replacen(path, "[path]", 1);
    insta::assert_snapshot!(failure, @"muster: cannot write to the data directory [path]: [reason]; choose another with --data");
}

#[test]
fn a_file_stands_where_the_directory_should() {
    let place = Place::new();
    fs::write(place.path().join("file"), "mine").unwrap();
    let fails = |path: &str| place.fails(&[&SERVE[..], &["--data", path]].concat());
    insta::assert_snapshot!(fails("file"), @"muster: cannot write to the data directory file: a file stands in its place; choose another with --data");
    insta::assert_snapshot!(fails("file/below"), @"muster: cannot write to the data directory file/below: a file stands in its place; choose another with --data");
    assert_eq!(fs::read_to_string(place.path().join("file")).unwrap(), "mine");
}

#[test]
fn the_database_is_of_a_later_build() {
    let place = register();
    let database = Connection::open(place.data("muster.db")).unwrap();
    database.execute("INSERT INTO migrations VALUES (99, 'later', 0)", []).unwrap();
    drop(database);
    let failure = place.fails(&SERVE);
    insta::assert_snapshot!(failure, @"muster: the database has schema version 99, and this muster knows versions up to 5: use the muster that migrated it, or a later one");
    assert_eq!(place.fails(&["admin", "tenant", "list"]), failure);
}

#[test]
fn the_database_is_no_database() {
    let place = register();
    let nonsense = b"a note that somebody kept here\n".repeat(500);
    fs::write(place.data("muster.db"), &nonsense).unwrap();
    let failure = place.fails(&SERVE);
    insta::assert_snapshot!(failure, @"muster: cannot open the database ./muster-data/muster.db: file is not a database");
    assert_eq!(place.fails(&["admin", "tenant", "list"]), failure);
    assert_eq!(fs::read(place.data("muster.db")).unwrap(), nonsense, "it was not touched");
}

#[test]
fn the_database_is_of_another_program() {
    let cluster = Cluster::shared();
    for tables in [
        "CREATE TABLE tenants (name text); CREATE TABLE notes (note text)",
        "CREATE TABLE migrations (id integer, migration text, batch integer)",
    ] {
        let place = register();
        fs::remove_file(place.data("muster.db")).unwrap();
        let database = Connection::open(place.data("muster.db")).unwrap();
        database.execute_batch(tables).unwrap();
        drop(database);
        let failure = place.fails(&SERVE);
        insta::allow_duplicates! {
            insta::assert_snapshot!(failure, @"muster: the database is another program's: it has tables, but not those of muster");
        }
        let Some(cluster) = cluster else { continue };
        let database = cluster.database();
        database.query(tables);
        let store = ["--store", &database.url()];
        assert_eq!(place.fails(&[&SERVE[..], &store].concat()), failure);
        assert_eq!(place.fails(&[&["admin", "migrate"][..], &store].concat()), failure);
    }
}

#[test]
fn the_database_lies_in_a_directory_that_is_not_there() {
    let place = Place::new();
    let failure = place.fails(&[&SERVE[..], &["--store", "sqlite:nowhere/muster.db"]].concat());
    insta::assert_snapshot!(failure, @"muster: cannot open the database nowhere/muster.db: unable to open database file: nowhere/muster.db");
}

#[test]
fn the_key_is_damaged() {
    let place = register();
    let key = place.data("dev-signing-key.pem");
    let whole = fs::read_to_string(&key).unwrap();
    let cut = &whole[..whole.len() / 2];
    let scrambled = whole.replacen("MII", "IIM", 1);
    let failures = ["", "not a key\n", cut, &scrambled].map(|content| {
        fs::write(&key, content).unwrap();
        assert_eq!(place.fails(&["token"]), place.fails(&SERVE));
        place.fails(&SERVE)
    });
    insta::assert_snapshot!(failures[0], @"muster: ./muster-data/dev-signing-key.pem holds no signing key (RSA, PKCS#8 in PEM): remove it to have a new one made");
    assert!(failures.iter().all(|failure| *failure == failures[0]), "{failures:?}");
    // What the message proposes helps.
    fs::remove_file(&key).unwrap();
    place.serve_empty(&[]).stop();
}

#[test]
fn a_database_could_not_be_verified() {
    let place = Place::new();
    let store = ["--store", "postgres://m:s3cret@db.example.org/m"];
    let mut command = place.command(&[&SERVE[..], &store].concat());
    command.env("SSL_CERT_FILE", "/dev/null");
    insta::assert_snapshot!(run(command).failure(), @"muster: cannot open the database postgres://m@db.example.org:5432/m: this machine trusts no authority: install the package ca-certificates, or name a file with the certificate of the server's authority by sslrootcert=FILE");
}

#[test]
fn the_log_level_is_none() {
    let place = Place::new();
    for (level, says) in [
        ("debgu", "'debgu' is no level"),
        ("info,muster=loud", "error parsing level filter"),
        ("a=b=c", "too many '='"),
    ] {
        let failure = place.run(&[&SERVE[..], &["--log", level]].concat()).misuse();
        assert!(failure.contains(says) && failure.contains("give error, warn, info"), "{failure}");
    }
}

/// What does not even parse: the usual words and the usual exit code of command lines.
#[test]
fn bad_values_and_unknown_flags_are_named() {
    let place = Place::new();
    let cases: [&[&str]; 10] = [
        &["--listen", "localhost"],
        &["--store", "mysql:db"],
        &["--store", "sqlite:"],
        &["--identifier-rules", "lax"],
        &["--max-import-rows", "ten"],
        &["--max-body-bytes", "-1"],
        &["--max-connections", "0"],
        &["--request-timeout-ms", "0"],
        &["--log-format", "xml"],
        &["--bogus"],
    ];
    let said = cases.map(|case| {
        let misuse = place.run(&[&SERVE[..], case].concat()).misuse();
        misuse.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(mask(&said.join("\n")), @"
    error: invalid value 'localhost' for '--listen <ADDR>': invalid socket address syntax; give an address with its port, such as 127.0.0.1:[port]
    error: invalid value 'mysql:db' for '--store <URL>': this is no store that muster knows: give sqlite:PATH or postgres://USER@HOST/DATABASE
    error: invalid value 'sqlite:' for '--store <URL>': 'sqlite:' names no file: give sqlite:PATH
    error: invalid value 'lax' for '--identifier-rules <SET>': give documented or strict
    error: invalid value 'ten' for '--max-import-rows <N>': give a whole number
    error: invalid value '-1' for '--max-body-bytes <N>': give a whole number
    error: invalid value '0' for '--max-connections <N>': 0 is not in 1..18446744073709551615
    error: invalid value '0' for '--request-timeout-ms <MS>': 0 is not in 1..=3600000
    error: invalid value 'xml' for '--log-format <FORM>': give pretty or json
    error: unexpected argument '--bogus' found
    ");
    assert!(!place.path().join("muster-data").exists(), "nothing was made");
}
