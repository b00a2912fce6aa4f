//! The proxy, in front of a real server: it passes everything on, and cuts where it is told to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use futures_util::SinkExt;
use testbed::{Cluster, Cut, Database, Proxy};
use tokio_postgres::{Client, NoTls};

/// A database with a table `t`, behind a proxy.
struct Bed {
    database: Database,
    proxy: Proxy,
}

impl Bed {
    fn new() -> Option<Self> {
        let cluster = Cluster::shared()?;
        let database = cluster.database();
        database.query("CREATE TABLE t (a bigint)");
        Some(Self { database, proxy: Proxy::new(cluster.address()) })
    }

    async fn try_connect(&self) -> Result<Client, tokio_postgres::Error> {
        let url = self.database.url_at(self.proxy.address());
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    async fn connect(&self) -> Client {
        self.try_connect().await.unwrap()
    }

    /// What the table holds.
    fn rows(&self) -> String {
        self.database.query("SELECT string_agg(a::text, ' ' ORDER BY a) FROM t")
    }
}

/// Inserts a row by a transaction.
async fn insert(client: &mut Client, row: i64) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction.execute("INSERT INTO t VALUES ($1)", &[&row]).await?;
    transaction.commit().await
}

#[tokio::test]
async fn everything_is_passed_on_and_connections_are_counted() {
    let Some(bed) = Bed::new() else { return };
    assert_eq!(bed.proxy.connections(), 0);
    let (mut one, other) = (bed.connect().await, bed.connect().await);
    assert_eq!(bed.proxy.connections(), 2);
    insert(&mut one, 1).await.unwrap();
    let long = "x".repeat(1_000_000);
    let row = other.query_one("SELECT $1 || a::text FROM t", &[&long]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), long + "1");
}

#[tokio::test]
async fn it_refuses_as_long_as_it_is_told_to() {
    let Some(bed) = Bed::new() else { return };
    let before = bed.connect().await;
    bed.proxy.refuse(true);
    assert!(bed.try_connect().await.is_err());
    before.batch_execute("SELECT 1").await.unwrap();
    bed.proxy.refuse(false);
    bed.connect().await.batch_execute("SELECT 1").await.unwrap();
    assert_eq!(bed.proxy.connections(), 3);
}

#[tokio::test]
async fn all_connections_are_cut_at_once_and_new_ones_serve() {
    let Some(bed) = Bed::new() else { return };
    let clients = [bed.connect().await, bed.connect().await];
    bed.proxy.cut_all();
    for client in clients {
        let error = client.batch_execute("SELECT 1").await.unwrap_err();
        assert!(client.is_closed() && error.code().is_none(), "{error:?}");
    }
    bed.connect().await.batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn what_is_cut_before_it_is_sent_is_not_done() {
    let Some(bed) = Bed::new() else { return };
    let (mut client, mut other) = (bed.connect().await, bed.connect().await);
    bed.proxy.cut_at("COMMIT", Cut::Unsent);
    assert_eq!(bed.proxy.cuts_to_come(), 1);
    let error = insert(&mut client, 1).await.unwrap_err();
    assert!(error.code().is_none(), "{error:?}");
    // One cut, of one connection.
    assert_eq!(bed.proxy.cuts_to_come(), 0);
    insert(&mut other, 2).await.unwrap();
    assert_eq!(bed.rows(), "2");
}

#[tokio::test]
async fn what_is_cut_in_its_answer_is_done_by_then() {
    let Some(bed) = Bed::new() else { return };
    for (row, bytes) in (1..).zip([0, 1, 5, 11]) {
        let mut client = bed.connect().await;
        bed.proxy.cut_at("COMMIT", Cut::Answered(bytes));
        let error = insert(&mut client, row).await.unwrap_err();
        assert!(error.code().is_none(), "{error:?}");
    }
    assert_eq!(bed.rows(), "1 2 3 4");
}

#[tokio::test]
async fn a_copy_does_not_confuse_what_answers_what() {
    let Some(bed) = Bed::new() else { return };
    let mut client = bed.connect().await;
    let transaction = client.transaction().await.unwrap();
    let sink = transaction.copy_in("COPY t FROM STDIN").await.unwrap();
    let mut sink = std::pin::pin!(sink);
    sink.send(Bytes::from_static(b"1\n2\n")).await.unwrap();
    assert_eq!(sink.finish().await.unwrap(), 2);
    bed.proxy.cut_at("COMMIT", Cut::Answered(0));
    assert!(transaction.commit().await.is_err());
    assert_eq!(bed.rows(), "1 2");
}

/// A simple query, as the protocol has it.
fn query(sql: &str) -> Vec<u8> {
    let length = u32::try_from(4 + sql.len() + 1).unwrap();
    [b"Q", &length.to_be_bytes()[..], sql.as_bytes(), b"\0"].concat()
}

/// Greets the server by hand, and reads its greeting.
fn greet(bed: &Bed) -> TcpStream {
    let url = bed.database.url();
    let name = url.rsplit_once('/').unwrap().1;
    let parameters = format!("user\0postgres\0database\0{name}\0\0");
    let length = u32::try_from(8 + parameters.len()).unwrap().to_be_bytes();
    let mut stream = TcpStream::connect(bed.proxy.address()).unwrap();
    let version = 196_608_u32.to_be_bytes();
    stream.write_all(&[&length, &version, parameters.as_bytes()].concat()).unwrap();
    let mut header = [0; 5];
    while header[0] != b'Z' {
        stream.read_exact(&mut header).unwrap();
        let length = u32::from_be_bytes(header[1..].try_into().unwrap());
        stream.read_exact(&mut vec![0; length as usize - 4]).unwrap();
    }
    stream
}

/// All that comes when these queries are sent at once and the connection is cut in the answer to
/// the last.
fn answer(bed: &Bed, queries: &[&str], bytes: usize) -> Vec<u8> {
    let mut stream = greet(bed);
    bed.proxy.cut_at(queries.last().unwrap(), Cut::Answered(bytes));
    let sent: Vec<u8> = queries.iter().flat_map(|sql| query(sql)).collect();
    stream.write_all(&sent).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn the_client_sees_so_many_bytes_of_the_answer_and_no_more() {
    let Some(bed) = Bed::new() else { return };
    let whole = answer(&bed, &["SELECT 'the answer'"], usize::MAX);
    // The state of an idle connection ends it.
    assert!(whole.ends_with(b"Z\0\0\0\x05I"));
    for bytes in 0..=whole.len() {
        assert_eq!(answer(&bed, &["SELECT 'the answer'"], bytes), whole[..bytes]);
    }
}

#[test]
fn what_was_asked_before_is_answered_in_full() {
    let Some(bed) = Bed::new() else { return };
    let first = answer(&bed, &["SELECT 'first'"], usize::MAX);
    assert_eq!(answer(&bed, &["SELECT 'first'", "SELECT 'second'"], 0), first);
    let more = answer(&bed, &["SELECT 'first'", "SELECT 'second'"], 7);
    assert_eq!((more.len(), &more[..first.len()]), (first.len() + 7, &first[..]));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_closed_connection() {
    let Some(cluster) = Cluster::own() else { return };
    let database = cluster.database();
    let bed = Bed { proxy: Proxy::new(cluster.address()), database };
    let client = bed.connect().await;
    cluster.kill();
    assert!(client.batch_execute("SELECT 1").await.is_err());
    assert!(bed.try_connect().await.is_err());
    cluster.start();
    bed.connect().await.batch_execute("SELECT 1").await.unwrap();
}

#[test]
fn it_ends_with_its_connections() {
    let Some(bed) = Bed::new() else { return };
    let mut stream = greet(&bed);
    let address = bed.proxy.address();
    drop(bed.proxy);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(TcpStream::connect(address).is_err());
}
