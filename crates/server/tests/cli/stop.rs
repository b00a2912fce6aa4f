//! The end of `muster serve`: what was accepted is answered, nothing new is taken, nothing is lost.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{COLLECTION, Place, Server, Wire, wait_until};

/// The head of a request with a body. The service says "100 Continue" when it has taken the
/// request up and waits for the body.
fn head(server: &Server, path: &str, length: usize) -> String {
    format!(
        "POST {COLLECTION}{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n",
        server.token()
    )
}

/// A request that the service has accepted and whose body is still to come.
async fn begin(server: &Server, path: &str, body: &str) -> Wire {
    let mut wire = server.connect().await;
    wire.send(head(server, path, body.len())).await;
    assert_eq!(wire.answer().await.status, 100);
    wire
}

fn row(identifier: &str) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
    })
}

/// Waits until the service takes no connections any more.
fn wait_until_closed(server: &Server) {
    wait_until("no new connections", || {
        TcpStream::connect(server.address())
            .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
}

#[test]
fn both_signals_end_it_with_success() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let mut server = place.serve_empty(&[]);
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{signal}");
        let log = server.stderr();
        let lines: Vec<&str> =
            log.lines().map(|line| line.split("INFO ").last().unwrap()).collect();
        let said = ["stopping: what was accepted is answered first", "stopped"];
        assert_eq!(lines, said, "{signal}");
    }
}

#[tokio::test]
async fn a_request_in_work_is_answered_and_new_connections_are_refused() {
    let place = Place::new();
    let mut server = place.serve_empty(&[]);
    let body = row("C02XK1ZVJG5J").to_string();
    let mut wire = begin(&server, "", &body).await;
    server.signal("TERM");
    wait_until_closed(&server);
    assert!(!server.has_ended(), "it waits for the request");
    wire.send(&body).await;
    let answer = wire.answer().await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(wire.until_closed().await, b"");
    assert_eq!(server.wait().code(), Some(0));

    let server = place.serve_empty(&[]);
    assert_eq!(server.rows().await[0]["id"], answer.json()["id"]);
}

/// Their clients cannot know that the process has not looked at them yet, nor that it stops.
#[tokio::test]
async fn what_the_system_has_accepted_is_answered() {
    let place = Place::new();
    let mut server = place.serve_empty(&[]);
    let mut wires = Vec::new();
    for _ in 0..20 {
        let mut kept_alive = server.connect().await;
        kept_alive.send(get(&server, "")).await;
        assert_eq!(kept_alive.answer().await.status, 200);
        wires.push(kept_alive);
    }
    server.signal("STOP");
    for _ in 0..20 {
        wires.push(server.connect().await);
    }
    for wire in &mut wires {
        wire.send(get(&server, "")).await;
    }
    server.signal("TERM");
    server.signal("CONT");
    for wire in &mut wires {
        assert_eq!(wire.answer().await.status, 200);
    }
    assert_eq!(server.wait().code(), Some(0));
}

#[tokio::test]
async fn a_large_import_in_work_is_answered_and_kept() {
    let place = Place::new();
    let mut server = place.serve_empty(&[]);
    let rows: Vec<Value> = (0..10_000).map(|n| row(&format!("S{n:05}"))).collect();
    let body = json!({ "importedDeviceIdentities": rows }).to_string();
    let mut wire = begin(&server, "/importDeviceIdentityList", &body).await;
    wire.send(&body).await;
    server.signal("TERM");
    let answer = wire.answer().await;
    assert_eq!(answer.status, 200);
    let results = answer.json();
    let results = results["value"].as_array().unwrap();
    assert!(results.iter().all(|result| result["status"] == true));
    assert_eq!(results.len(), rows.len());
    assert_eq!(server.wait().code(), Some(0));

    let server = place.serve_empty(&[]);
    let count = format!("{COLLECTION}/$count");
    let (status, count) = server.call(server.token(), reqwest::Method::GET, &count, None).await;
    assert_eq!((status.as_u16(), count), (200, json!(rows.len())));
}

#[tokio::test]
async fn an_answer_that_is_read_slowly_is_delivered_whole() {
    let place = Place::new();
    let mut server = place.serve_empty(&[]);
    let rows: Vec<Value> = (0..1_000).map(|n| row(&format!("S{n:03}"))).collect();
    let import = format!("{COLLECTION}/importDeviceIdentityList");
    let body = json!({ "importedDeviceIdentities": rows });
    let token = server.token();
    let (status, _) = server.call(token, reqwest::Method::POST, &import, Some(&body)).await;
    assert_eq!(status, 200);
    let mut wire = server.connect().await;
    wire.send(get(&server, "?$top=1000")).await;
    let first = wire.some().await;
    server.signal("TERM");
    wait_until_closed(&server);
    wire.put_back(first);
    let page = wire.answer().await.json();
    assert_eq!(page["value"].as_array().unwrap().len(), rows.len());
    assert_eq!(server.wait().code(), Some(0));
}

fn get(server: &Server, path: &str) -> String {
    let token = server.token();
    format!(
        "GET {COLLECTION}{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         \r\n"
    )
}

#[tokio::test]
async fn silent_and_idle_connections_do_not_hold_it_up() {
    let place = Place::new();
    let mut server = place.serve_empty(&[]);
    let mut silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.send(get(&server, "")).await;
    assert_eq!(idle.answer().await.status, 200);
    let began = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    // Half of what a client may take for the head of a request.
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!((silent.until_closed().await, idle.until_closed().await), (vec![], vec![]));
    assert!(!server.stderr().contains("WARN"), "{}", server.stderr());
}

#[tokio::test]
async fn a_body_that_never_comes_holds_it_up_no_longer_than_a_request_may_take() {
    let place = Place::new();
    let mut server = place.serve_empty(&["--request-timeout-ms", "2000"]);
    let mut wire = begin(&server, "", "never sent").await;
    server.signal("TERM");
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "RequestTimeout"));
    assert_eq!(server.wait().code(), Some(0));
}

#[tokio::test]
async fn clients_that_are_stuck_cannot_hold_it_up_for_ever() {
    let place = Place::new();
    let mut server = place.serve_empty(&["--request-timeout-ms", "3600000"]);
    let _body = begin(&server, "", "never sent").await;
    let mut head = server.connect().await;
    head.send("GET /beta HTTP/1.1\r\nHo").await;
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(server.stderr().contains("stopped with requests still in work"));
    // What was left undone left nothing behind.
    assert_eq!(place.serve_empty(&[]).rows().await.len(), 0);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for second in ["TERM", "INT"] {
        let place = Place::new();
        let mut server = place.serve_empty(&["--request-timeout-ms", "3600000"]);
        let _wire = begin(&server, "", "never sent").await;
        let kept = server.create(&row("kept")).await;
        server.signal("TERM");
        wait_until_closed(&server);
        let began = Instant::now();
        server.signal(second);
        assert_eq!(server.wait().code(), Some(0));
        assert!(began.elapsed() < Duration::from_secs(15), "half of the usual bound");
        assert!(server.stderr().contains("stopped at once, by a second signal"));
        assert_eq!(place.serve_empty(&[]).rows().await[0]["id"], kept);
    }
}

#[tokio::test]
async fn everything_is_in_the_database_file_and_nothing_beside_it() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let id = server.create(&row("C02XK1ZVJG5J")).await;
    assert!(place.data("muster.db-wal").metadata().unwrap().len() > 0, "it was in the log before");
    server.stop();
    for beside in ["muster.db-wal", "muster.db-shm"] {
        assert!(!place.data(beside).exists(), "{beside}");
    }
    std::fs::copy(place.data("muster.db"), place.path().join("copy.db")).unwrap();
    let server = place.serve_empty(&["--store", "sqlite:copy.db"]);
    assert_eq!(server.rows().await[0]["id"], id);
}
