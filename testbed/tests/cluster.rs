//! Servers and databases, as the tests that use them see them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at once at what must not be"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use testbed::Cluster;

/// How long something may take that happens behind us.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_shared_server_is_one_and_set_as_it_should_be() {
    let Some(cluster) = Cluster::shared() else { return };
    assert_eq!(Cluster::shared().unwrap().address(), cluster.address());
    let database = cluster.database();
    let settings = [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C.UTF-8"),
        ("listen_addresses", "127.0.0.1"),
    ];
    for (name, value) in settings {
        let sql = format!("SELECT current_setting('{name}')");
        assert_eq!(database.query(&sql), value, "{name}");
    }
}

#[test]
fn databases_are_empty_and_know_nothing_of_each_other() {
    let Some(cluster) = Cluster::shared() else { return };
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let (one, other) = (cluster.database(), cluster.database());
    assert_ne!(one.url(), other.url());
    one.query("CREATE TABLE t (a text)");
    assert_eq!((one.query(tables), other.query(tables)), ("1".to_owned(), "0".to_owned()));
}

#[test]
fn a_hostile_database_orders_unlike_code_points() {
    let Some(cluster) = Cluster::shared() else { return };
    let texts = "FROM (VALUES ('10'), ('9'), ('B'), ('a'), ('aa'), ('z')) AS v (t)";
    let order = |database: &testbed::Database, collate: &str| {
        database.query(&format!("SELECT string_agg(t, ' ' ORDER BY t {collate}) {texts}"))
    };
    let (usual, hostile) = (cluster.database(), cluster.hostile_database());
    assert_eq!(order(&hostile, ""), "9 10 a B z aa");
    assert_eq!(order(&hostile, "COLLATE \"C\""), "10 9 B a aa z");
    assert_eq!(order(&usual, ""), "10 9 B a aa z");
}

#[tokio::test]
async fn a_database_is_dropped_though_somebody_is_connected() {
    let Some(cluster) = Cluster::shared() else { return };
    let (kept, database) = (cluster.database(), cluster.database());
    let (client, connection) =
        tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let name = database.query("SELECT current_database()");
    let there = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(kept.query(&there), "1");
    drop(database);
    // The connection ends when the server has thrown it out.
    assert!(connection.await.unwrap().is_err());
    assert!(client.is_closed());
    wait_for("the database is dropped", || kept.query(&there) == "0");
}

#[test]
fn a_server_that_was_stopped_starts_again_with_its_data() {
    let Some(cluster) = Cluster::own() else { return };
    let (address, database) = (cluster.address(), cluster.database());
    database.query("CREATE TABLE t AS SELECT 1 AS a");
    cluster.stop();
    assert!(TcpStream::connect(address).is_err());
    cluster.start();
    assert_eq!((cluster.address(), database.query("SELECT a FROM t").as_str()), (address, "1"));
}

#[tokio::test]
async fn a_server_that_was_killed_has_what_was_committed_and_nothing_else() {
    let Some(cluster) = Cluster::own() else { return };
    let database = cluster.database();
    database.query("CREATE TABLE t (a bigint)");
    let (client, connection) =
        tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("INSERT INTO t VALUES (1)").await.unwrap();
    client.batch_execute("BEGIN; INSERT INTO t VALUES (2)").await.unwrap();
    cluster.kill();
    // Nobody says good-bye: there is no message of the server, only the end of the connection.
    let error = connection.await.unwrap().err();
    assert!(error.is_none_or(|error| error.code().is_none()));
    assert!(TcpStream::connect(cluster.address()).is_err());
    cluster.start();
    assert_eq!(database.query("SELECT string_agg(a::text, ' ') FROM t"), "1");
}

/// Where the test below runs in a process of its own: that process holds a server.
const HOLDS: &str = "TESTBED_HOLDS";

/// A process with a server, until its standard input ends.
struct Holder {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Holder {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_server_ends_with_its_process", "--nocapture"]);
        command.env(HOLDS, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// Where its server is.
    fn directory(&mut self) -> PathBuf {
        let mut lines = self.output.by_ref().lines().map(Result::unwrap);
        PathBuf::from(lines.find_map(|line| Some(line.split_once("held: ")?.1.to_owned())).unwrap())
    }
}

#[test]
fn a_server_ends_with_its_process() {
    if std::env::var_os(HOLDS).is_some() {
        let cluster = Cluster::shared().unwrap();
        println!("held: {}", cluster.directory().display());
        std::io::stdout().flush().unwrap();
        let _ = std::io::stdin().read(&mut [0]);
        return;
    }
    if Cluster::shared().is_none() {
        return;
    }
    let (mut killed, mut ended) = (Holder::start(), Holder::start());
    let directories = [killed.directory(), ended.directory()];
    let listens = |directory: &PathBuf| {
        let pid = std::fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
        let port: u16 = pid.lines().nth(3).unwrap().parse().unwrap();
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        port
    };
    let ports = directories.each_ref().map(listens);
    killed.process.kill().unwrap();
    drop(ended.process.stdin.take());
    for mut holder in [killed, ended] {
        holder.process.wait().unwrap();
    }
    for (directory, port) in directories.iter().zip(ports) {
        wait_for("the directory is removed", || !directory.exists());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
