//! Whether the process lives, and whether it can serve.

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Place, Server, until};

#[tokio::test]
async fn a_server_that_has_started_is_alive_and_ready() {
    let place = Place::new();
    let server = place.serve(&[]);
    let (status, content_type, text) = server.get(server.address, "/healthz").await;
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    assert_eq!(text, r#"{"status":"alive"}"#);
    let (status, content_type, text) = server.get(server.address, "/readyz").await;
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["status"], "ready");
    let (_, checks) = server.ready().await;
    assert_eq!(checks.keys().collect::<Vec<_>>(), ["authority", "store", "writer"]);
    assert!(checks.values().all(|word| word == "ok"), "{checks:?}");
}

/// Somebody else holds the database's lock: reads go on, writes wait.
#[tokio::test]
async fn a_writer_that_does_not_get_to_work_is_told_and_heals() {
    let place = Place::new();
    let server = place.serve(&[]);
    let other = Connection::open(place.path("muster-data/muster.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    until("the writer fails", async || server.ready().await.0 == 503).await;
    let (_, checks) = server.ready().await;
    assert_eq!((checks["store"].as_str(), checks["writer"].as_str()), ("ok", "failed"));
    let (_, _, text) = server.get(server.address, "/readyz").await;
    assert!(text.contains(r#""status":"not ready""#), "{text}");
    assert!(!text.contains("database"), "the cause is for the log: {text}");
    let (alive, ..) = server.get(server.address, "/healthz").await;
    assert_eq!(alive, 200, "starting it again would not help");
    other.execute_batch("ROLLBACK").unwrap();
    until("the writer works again", async || server.ready().await.0 == 200).await;
    let log = server.stop();
    assert!(log.contains("not ready") && log.contains("writer"), "{log}");
}

/// Callers would be turned away, whoever they are.
#[tokio::test]
async fn an_authority_that_was_never_reached_makes_it_not_ready() {
    let place = Place::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let issuer = format!("http://{closed}");
    let options = ["serve", "--issuer", &issuer, "--audience", "muster", "--listen", "127.0.0.1:0"];
    let server =
        Server::start(place.command(&[&options[..], &["--metrics-listen", "off"]].concat()));
    let (status, checks) = server.ready().await;
    assert_eq!(status, 503);
    assert_eq!((checks["authority"].as_str(), checks["store"].as_str()), ("failed", "ok"));
    assert_eq!(server.get(server.address, "/healthz").await.0, 200);
}

#[tokio::test]
async fn probes_leave_no_line_in_the_log_and_no_write_in_the_history() {
    let place = Place::new();
    let server = place.serve(&[]);
    for path in ["/healthz", "/readyz"] {
        server.get(server.address, path).await;
    }
    server.figures().await;
    let log = server.stop();
    assert!(!log.contains("/healthz") && !log.contains("/readyz"), "{log}");
    assert!(!log.contains("/metrics"), "{log}");
    let history = place.run(&["admin", "history", "--output", "json"], &[]);
    assert_eq!(history.stdout.trim(), "[]");
}
