//! HTTP/1 as it comes over a socket: one request behind the other, heads of every size, old and
//! odd clients.

use serde_json::{Value, json};

use crate::support::{COLLECTION, Place, Server, Wire};

/// A request with these additional lines and this body.
fn request(server: &Server, method: &str, path: &str, lines: &str, body: &str) -> String {
    let (token, length) = (server.token(), body.len());
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n{lines}\r\n{body}"
    )
}

fn row(identifier: &str) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
    })
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_their_order() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let create =
        |identifier: &str| request(&server, "POST", COLLECTION, "", &row(identifier).to_string());
    let count = request(&server, "GET", &format!("{COLLECTION}/$count"), "", "");
    let mut wire = server.connect().await;
    wire.send([create("A"), count.clone(), create("B"), create("A"), count].concat()).await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(wire.answer().await);
    }
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [201, 200, 201, 409, 200]);
    assert_eq!((&answers[1].body[..], &answers[4].body[..]), (&b"1"[..], &b"2"[..]));
    assert_eq!(answers[2].json()["importedDeviceIdentifier"], "B");
}

#[tokio::test]
async fn a_connection_survives_errors() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let mut wire = server.connect().await;
    let unknown = format!("{COLLECTION}/00000000-0000-7000-8000-000000000000");
    let steps = [
        (request(&server, "GET", &unknown, "", ""), 404),
        (request(&server, "POST", COLLECTION, "", "{nonsense"), 400),
        (request(&server, "PUT", COLLECTION, "", "{}"), 405),
        (request(&server, "GET", "/nowhere", "", ""), 400),
        (request(&server, "GET", COLLECTION, "Accept: text/html\r\n", ""), 406),
        (request(&server, "POST", COLLECTION, "", &row("A").to_string()), 201),
        (request(&server, "POST", COLLECTION, "", &row("A").to_string()), 409),
        (format!("GET {COLLECTION} HTTP/1.1\r\nHost: localhost\r\n\r\n"), 401),
        (request(&server, "GET", COLLECTION, "", ""), 200),
    ];
    for (request, status) in steps {
        wire.send(&request).await;
        let answer = wire.answer().await;
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        answer.json();
    }
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused_and_the_next_client_served() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let mut wire = server.connect().await;
    let line = format!("X-Filling: {}\r\n", "x".repeat(40_000));
    wire.send(request(&server, "GET", COLLECTION, &line, "")).await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (431, "RequestHeaderFieldsTooLarge"));

    let url = format!("{COLLECTION}?$filter={}", "x".repeat(20_000));
    let mut wire = server.connect().await;
    wire.send(request(&server, "GET", &url, "", "")).await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "BadRequest"));
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let mut wire = server.connect().await;
    wire.send("GET /beta HTTP/1.1\r\nHost: localhost\r\n").await;
    let line = format!("X-Filling: {}\r\n", "x".repeat(8_000));
    let mut taken = 0;
    while wire.accepts(line.as_bytes()).await && !wire.has_answer().await {
        taken += line.len();
        assert!(taken < 16 * 1024 * 1024, "all of it is taken");
    }
    let answer = String::from_utf8(wire.until_closed().await).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(server.list(server.token()).await.0, 200);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_nobody_else_notices() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let nonsense: [&[u8]; 4] =
        [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n\r\n", b"\r\n\r\n\0\0", b"\0"];
    for bytes in nonsense {
        let mut wire = server.connect().await;
        wire.send(bytes).await;
        wire.half_close().await;
        let answer = wire.until_closed().await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    assert_eq!(server.list(server.token()).await.0, 200);
    assert!(!server.stop().contains("ERROR"));
}

#[tokio::test]
async fn an_http_1_0_client_gets_its_answer_and_the_end() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let token = server.token();
    let mut wire = server.connect().await;
    wire.send(format!("GET {COLLECTION} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n")).await;
    let answer = wire.answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("transfer-encoding"), None, "HTTP/1.0 knows no chunks");
    let context = answer.json()["@odata.context"].as_str().unwrap().to_owned();
    assert!(context.starts_with(&server.url("/beta/$metadata#")), "{context}");
    assert_eq!(wire.until_closed().await, b"");
}

#[tokio::test]
async fn an_http_1_0_client_may_keep_the_connection() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let token = server.token();
    let request = format!(
        "GET {COLLECTION} HTTP/1.0\r\nConnection: keep-alive\r\nAuthorization: Bearer {token}\r\n\
         \r\n"
    );
    let mut wire = server.connect().await;
    for _ in 0..2 {
        wire.send(&request).await;
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("keep-alive")));
    }
}

#[tokio::test]
async fn who_waits_to_be_told_to_go_on_is_told() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let body = row("C02XK1ZVJG5J").to_string();
    let whole = request(&server, "POST", COLLECTION, "Expect: 100-continue\r\n", &body);
    let mut wire = server.connect().await;
    wire.send(&whole[..whole.len() - body.len()]).await;
    assert_eq!(wire.answer().await.status, 100);
    wire.send(&body).await;
    assert_eq!(wire.answer().await.status, 201);
}

/// The status of the first answer to a client that waits to be told to go on.
async fn first_status(server: &Server, head: &str) -> u16 {
    let mut wire = server.connect().await;
    wire.send(head).await;
    wire.answer().await.status
}

#[tokio::test]
async fn who_is_refused_is_not_told_to_go_on() {
    let place = Place::new();
    let server = place.serve_empty(&["--max-body-bytes", "100"]);
    let lines = "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n";
    let unknown =
        format!("POST {COLLECTION} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n{lines}");
    assert_eq!(first_status(&server, &unknown).await, 401);
    let large = request(&server, "POST", COLLECTION, "Expect: 100-continue\r\n", &"x".repeat(101));
    assert_eq!(first_status(&server, large.trim_end_matches('x')).await, 413);
}

#[tokio::test]
async fn a_body_over_the_limit_gets_its_answer_though_nobody_reads_it() {
    let place = Place::new();
    let server = place.serve_empty(&["--max-body-bytes", "1000"]);
    let body = "x".repeat(8 * 1024 * 1024);
    let mut wire = server.connect().await;
    wire.send(request(&server, "POST", COLLECTION, "", &body)).await;
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "RequestEntityTooLarge"));
}

#[tokio::test]
async fn a_chunked_body_is_taken() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let body = row("C02XK1ZVJG5J").to_string();
    let token = server.token();
    let mut wire = server.connect().await;
    wire.send(format!(
        "POST {COLLECTION} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    ))
    .await;
    for byte in body.bytes() {
        wire.send([b"1\r\n".as_slice(), &[byte], b"\r\n"].concat()).await;
    }
    wire.send("0\r\n\r\n").await;
    assert_eq!(wire.answer().await.status, 201);
}

/// Reads two ways at once are how requests are smuggled past a proxy.
#[tokio::test]
async fn a_body_with_two_lengths_is_refused() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let heads = [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: -2\r\n",
    ];
    for lines in heads {
        let mut wire: Wire = server.connect().await;
        wire.send(format!("POST {COLLECTION} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n{{}}"))
            .await;
        assert_eq!(wire.answer().await.status, 400, "{lines}");
        assert_eq!(wire.until_closed().await, b"", "the rest is not taken for a request");
    }
}
