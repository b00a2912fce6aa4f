//! What is measured: each figure moves by what was done, and by nothing else.

use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{COLLECTION, Place, Server, until};

fn row(identifier: &str) -> serde_json::Value {
    json!({ "importedDeviceIdentifier": identifier, "importedDeviceIdentityType": "serialNumber" })
}

async fn create(server: &Server, identifier: &str) -> String {
    let (status, row) = server.call(Method::POST, COLLECTION, Some(row(identifier))).await;
    assert_eq!(status, 201, "{row}");
    format!("{COLLECTION}/{}", row["id"].as_str().unwrap())
}

#[tokio::test]
async fn requests_are_counted_by_operation_and_status() {
    let place = Place::new();
    let server = place.serve(&[]);
    let item = create(&server, "A").await;
    for _ in 0..3 {
        server.call(Method::GET, &item, None).await;
    }
    server.call(Method::HEAD, &item, None).await;
    server.call(Method::PATCH, &item, Some(json!({ "platform": "ios" }))).await;
    server.call(Method::PATCH, &item, Some(json!({ "platfrom": "ios" }))).await;
    server.call(Method::DELETE, &item, None).await;
    server.call(Method::DELETE, &item, None).await;
    server.call(Method::PUT, &item, None).await;
    let figures = server.figures().await;
    let requests = |operation: &str, method: &str, status: u16| {
        let labels = format!(r#"operation="{operation}",method="{method}",status="{status}""#);
        figures.get(&format!("muster_http_requests_total{{{labels}}}"))
    };
    assert_eq!(requests("Create", "POST", 201), Some(1.0));
    assert_eq!(requests("Get", "GET", 200), Some(4.0), "HEAD is GET without the body");
    assert_eq!(requests("Update", "PATCH", 200), Some(1.0));
    assert_eq!(requests("Update", "PATCH", 400), Some(1.0));
    assert_eq!(requests("Delete", "DELETE", 204), Some(1.0));
    assert_eq!(requests("Delete", "DELETE", 404), Some(1.0));
    assert_eq!(requests("none", "", 405), Some(1.0));
    let seconds = |what: &str| figures.get(&format!("muster_http_request_seconds_{what}"));
    assert_eq!(seconds(r#"count{operation="Get"}"#), Some(4.0));
    assert_eq!(seconds(r#"bucket{operation="Get",le="+Inf"}"#), Some(4.0));
    assert!(seconds(r#"sum{operation="Get"}"#).unwrap() > 0.0);
    assert_eq!(seconds(r#"count{operation="List"}"#), Some(0.0), "it is there from the start");
}

#[tokio::test]
async fn refusals_are_counted_by_their_code() {
    let place = Place::new();
    let server = place.serve(&[]);
    let refused = async |code: &str| {
        let series = format!(r#"muster_http_refused_total{{code="{code}"}}"#);
        server.figures().await.get(&series).unwrap()
    };
    server.get(server.address, COLLECTION).await;
    server.call(Method::GET, &format!("{COLLECTION}/nothing"), None).await;
    server.call(Method::POST, COLLECTION, Some(json!({ "nonsense": 1 }))).await;
    assert_eq!(refused("InvalidAuthenticationToken").await, 1.0);
    assert_eq!(refused("ResourceNotFound").await, 1.0);
    assert_eq!(refused("ModelValidationFailure").await, 1.0);
    assert_eq!(refused("InternalError").await, 0.0, "an alarm needs it before it happens");
    let before = refused("BadRequest").await;
    let mut wire = TcpStream::connect(server.address).await.unwrap();
    wire.write_all(b"no HTTP at all\r\n\r\n").await.unwrap();
    wire.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(refused("BadRequest").await, before + 1.0, "what cannot be read as HTTP");
}

/// Whoever asks for nonsense must not fill the memory of those who watch.
#[tokio::test]
async fn no_client_can_make_series() {
    let place = Place::new();
    let server = place.serve(&[]);
    let item = create(&server, "A").await;
    let nonsense = async |word: &str| {
        server.call(Method::GET, &format!("/{word}/{word}"), None).await;
        server.call(Method::GET, &format!("{COLLECTION}/{word}"), None).await;
        let method = Method::from_bytes(format!("X{word}").as_bytes()).unwrap();
        server.call(method, &item, None).await;
    };
    nonsense("a").await;
    let before = server.figures().await.series("muster_").len();
    for number in 0..30 {
        nonsense(&format!("n{number}")).await;
    }
    let figures = server.figures().await;
    // The first look at the figures is a request of its own, beside the API.
    let new = figures.series("muster_").len() - before;
    assert!(new <= 1, "{new} more: {:?}", figures.series("muster_http_requests_total"));
    assert!(!figures.0.contains("n7"), "no path is a label");
}

#[tokio::test]
async fn commits_tell_how_much_they_stored() {
    let place = Place::new();
    let server = place.serve(&[]);
    let commits = async |what: &str| {
        server.figures().await.get(&format!("muster_store_commit_{what}")).unwrap()
    };
    let (commits_before, rows_before) = (commits("seconds_count").await, commits("rows_sum").await);
    create(&server, "A").await;
    let rows: Vec<_> = (0..40).map(|number| row(&format!("N{number}"))).collect();
    let import = json!({
        "importedDeviceIdentities": rows,
        "overwriteImportedDeviceIdentities": false,
    });
    let action = format!("{COLLECTION}/importDeviceIdentityList");
    assert_eq!(server.call(Method::POST, &action, Some(import)).await.0, 200);
    assert_eq!(commits("seconds_count").await, commits_before + 2.0);
    assert_eq!(commits("rows_sum").await, rows_before + 41.0);
    assert_eq!(commits("writes_count").await, commits("rows_count").await);
    assert!(commits("seconds_sum").await > 0.0);
    // Each commit lies in the write-ahead log until it is moved, and is seen there soon.
    until("the log has pages", async || {
        server.figures().await.get("muster_store_log_pages").unwrap() > 0.0
    })
    .await;
}

#[tokio::test]
async fn tokens_are_verified_once_and_known_then() {
    let place = Place::new();
    let server = place.serve(&[]);
    for _ in 0..5 {
        server.call(Method::GET, COLLECTION, None).await;
    }
    let figures = server.figures().await;
    assert_eq!(figures.get(r#"muster_tokens_total{known="no"}"#), Some(1.0));
    assert_eq!(figures.get(r#"muster_tokens_total{known="yes"}"#), Some(4.0));
}

#[tokio::test]
async fn open_connections_and_requests_in_work_are_seen_as_they_are() {
    let place = Place::new();
    let server = place.serve(&[]);
    let now = async || {
        let figures = server.figures().await;
        let get = |series: &str| figures.get(series).unwrap();
        (get("muster_http_connections"), get("muster_http_requests_in_work"))
    };
    assert_eq!(now().await, (0.0, 0.0), "the metrics' own listener does not count");
    let silent = TcpStream::connect(server.address).await.unwrap();
    until("one is open", async || now().await == (1.0, 0.0)).await;
    // A request whose body does not come.
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {COLLECTION} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 10\r\n\r\n",
        server.token
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    until("one is in work", async || now().await == (2.0, 1.0)).await;
    drop((silent, slow));
    until("all have gone", async || now().await == (0.0, 0.0)).await;
}

/// Somebody else holds the database's lock: what waits is seen.
#[tokio::test]
async fn writes_that_wait_are_seen() {
    let place = Place::new();
    let server = place.serve(&[]);
    let waiting = async || {
        let figures = server.figures().await;
        let get = |series: &str| figures.get(series).unwrap();
        (get("muster_store_waiting_writes"), get("muster_store_waiting_rows"))
    };
    assert_eq!(waiting().await, (0.0, 0.0));
    let other = Connection::open(place.path("muster-data/muster.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let names = ["A", "B", "C", "D"];
    let writes = futures_util::future::join_all(names.map(|name| create(&server, name)));
    let look = async {
        // One is being written, or several together; the others wait, and all hold their row.
        until("four rows wait", async || waiting().await.1 == 4.0).await;
        other.execute_batch("ROLLBACK").unwrap();
    };
    tokio::join!(writes, look);
    // An answer goes out before its rows are given back.
    until("nothing waits", async || waiting().await == (0.0, 0.0)).await;
}

#[tokio::test]
async fn the_process_and_the_build_are_told() {
    let place = Place::new();
    let server = place.serve(&[]);
    let figures = server.figures().await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(figures.get(&format!(r#"muster_build_info{{version="{version}"}}"#)), Some(1.0));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let started = figures.get("process_start_time_seconds").unwrap();
    assert!((now.as_secs_f64() - started).abs() < 120.0, "started at {started}");
    assert!(figures.get("process_resident_memory_bytes").unwrap() > 1e6);
    assert!(figures.get("process_open_fds").unwrap() > 3.0);
}

/// Every line is one that Prometheus reads, and every metric has a type and a meaning.
#[tokio::test]
async fn the_text_is_well_formed() {
    let place = Place::new();
    let server = place.serve(&[]);
    create(&server, "A").await;
    let figures = server.figures().await;
    let mut described = std::collections::BTreeSet::new();
    for line in figures.0.lines().filter(|line| !line.is_empty()) {
        if let Some(meta) = line.strip_prefix("# ") {
            let words: Vec<&str> = meta.splitn(3, ' ').collect();
            assert!(words.len() == 3 && ["HELP", "TYPE"].contains(&words[0]), "{line}");
            described.insert((words[1].to_owned(), words[0].to_owned()));
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        value.parse::<f64>().unwrap();
        let name = series.split('{').next().unwrap();
        let stem = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        for what in ["HELP", "TYPE"] {
            let is_described = |name: &str| described.contains(&(name.to_owned(), what.to_owned()));
            assert!(is_described(name) || stem.is_some_and(is_described), "{what} of {name}");
        }
    }
    for metric in muster::meters::METRICS {
        let is_there = |figures: &str| figures.contains(&format!("# TYPE {} ", metric.name));
        assert!(is_there(&figures.0), "{} is in the table and not served", metric.name);
    }
}
