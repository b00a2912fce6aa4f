//! Clients that are slow, silent or gone hold nobody up. What is compared is order: the others are
//! answered while the slow ones are still at it.

use std::time::Duration;

use serde_json::json;

use crate::support::{COLLECTION, Place, Server, Wire};

const FOUR: [&str; 2] = ["--max-connections", "4"];

fn get(server: &Server, path: &str) -> String {
    let token = server.token();
    format!(
        "GET {COLLECTION}{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         \r\n"
    )
}

fn post(server: &Server, length: usize) -> String {
    let token = server.token();
    format!(
        "POST {COLLECTION} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn body(identifier: &str) -> String {
    let kind = "serialNumber";
    json!({ "importedDeviceIdentifier": identifier, "importedDeviceIdentityType": kind })
        .to_string()
}

/// Connections, each of which has sent this much.
async fn connections(server: &Server, count: usize, sent: &str) -> Vec<Wire> {
    let mut wires = Vec::new();
    for _ in 0..count {
        let mut wire = server.connect().await;
        wire.send(sent).await;
        wires.push(wire);
    }
    wires
}

/// A client that has just come is served.
async fn newcomer_is_served(server: &Server) {
    let mut wire = server.connect().await;
    wire.send(get(server, "")).await;
    assert_eq!(wire.answer().await.status, 200);
}

#[tokio::test]
async fn many_slow_clients_delay_nobody_and_are_served_in_the_end() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let (head, create) = (get(&server, ""), body("slow"));
    let post = post(&server, create.len());
    let silent = connections(&server, 50, "").await;
    let heads = connections(&server, 50, &head[..20]).await;
    let mut bodies = connections(&server, 50, &format!("{post}{}", &create[..10])).await;

    for number in 0..50 {
        let row = serde_json::from_str(&body(&number.to_string())).unwrap();
        server.create(&row).await;
    }
    // Those who were slow are not cut off: what they do now is their answer.
    for mut wire in silent {
        wire.send(&head).await;
        assert_eq!(wire.answer().await.status, 200);
    }
    for mut wire in heads {
        for byte in &head.as_bytes()[20..] {
            wire.send([*byte]).await;
        }
        assert_eq!(wire.answer().await.status, 200);
    }
    let mut statuses = Vec::new();
    for wire in &mut bodies {
        wire.send(&create[10..]).await;
        statuses.push(wire.answer().await.status);
    }
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
}

#[tokio::test]
async fn silent_connections_make_room_the_oldest_first() {
    let place = Place::new();
    let server = place.serve_empty(&FOUR);
    let mut silent = connections(&server, 4, "").await;
    newcomer_is_served(&server).await;
    assert_eq!(silent.remove(0).until_closed().await, b"", "the oldest has made room");
    // The others kept their places.
    for mut wire in silent {
        wire.send(get(&server, "")).await;
        assert_eq!(wire.answer().await.status, 200);
    }
}

#[tokio::test]
async fn kept_connections_make_room_the_longest_idle_first() {
    let place = Place::new();
    let server = place.serve_empty(&FOUR);
    let mut kept = connections(&server, 4, &get(&server, "")).await;
    for wire in kept.iter_mut().rev() {
        assert_eq!(wire.answer().await.status, 200);
    }
    // The first has been used again, so the second is the one that rested longest.
    kept[0].send(get(&server, "")).await;
    assert_eq!(kept[0].answer().await.status, 200);
    for wire in &mut kept[2..] {
        wire.send(get(&server, "")).await;
        assert_eq!(wire.answer().await.status, 200);
    }
    newcomer_is_served(&server).await;
    assert_eq!(kept.remove(1).until_closed().await, b"");
    for mut wire in kept {
        wire.send(get(&server, "")).await;
        assert_eq!(wire.answer().await.status, 200);
    }
}

#[tokio::test]
async fn heads_that_trickle_make_room() {
    let place = Place::new();
    let server = place.serve_empty(&FOUR);
    let head = get(&server, "");
    let mut trickling = connections(&server, 4, &head[..30]).await;
    for wire in &mut trickling {
        wire.send(&head[30..31]).await;
    }
    newcomer_is_served(&server).await;
}

#[tokio::test]
async fn any_number_of_newcomers_finds_room() {
    let place = Place::new();
    let server = place.serve_empty(&FOUR);
    let mut all = Vec::new();
    for _ in 0..12 {
        let mut wire = server.connect().await;
        wire.send(get(&server, "")).await;
        assert_eq!(wire.answer().await.status, 200);
        // Kept open, and idle from now on.
        all.push(wire);
    }
}

#[tokio::test]
async fn answers_that_nobody_reads_make_room() {
    let place = Place::new();
    let server = place.serve_empty(&FOUR);
    fill(&server).await;
    // Far more than the buffers between the two ends hold.
    let greedy = get(&server, "?$top=1000").repeat(60);
    let _unread = connections(&server, 4, &greedy).await;
    newcomer_is_served(&server).await;
}

#[tokio::test]
async fn an_answer_that_is_being_read_is_not_cut_off_for_a_newcomer() {
    let place = Place::new();
    let server = place.serve_empty(&["--max-connections", "1"]);
    fill(&server).await;
    let pages = 60;
    let mut reader = connections(&server, 1, &get(&server, "?$top=1000").repeat(pages)).await;
    let mut wire = reader.remove(0);
    // Part of the first answer has come, and far more is on its way than buffers hold.
    assert_eq!(wire.answer().await.status, 200);
    let newcomer = newcomer_is_served(&server);
    let rest = async {
        // As a client that has something else to do for a moment, while the newcomer waits.
        tokio::time::sleep(Duration::from_millis(800)).await;
        for _ in 1..pages {
            assert_eq!(wire.answer().await.status, 200);
        }
        // Idle now, it makes room.
        assert_eq!(wire.until_closed().await, b"");
    };
    tokio::join!(newcomer, rest);
}

#[tokio::test]
async fn answers_that_nobody_reads_hold_up_nothing_else() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    fill(&server).await;
    let greedy = get(&server, "?$top=1000").repeat(60);
    let mut unread = connections(&server, 20, &greedy).await;
    for number in 0..20 {
        let row = serde_json::from_str(&body(&format!("new {number}"))).unwrap();
        server.create(&row).await;
    }
    // Whoever begins to read after all gets every answer.
    for _ in 0..60 {
        assert_eq!(unread[0].answer().await.status, 200);
    }
}

/// Enough rows that a page of them does not fit into any buffer.
async fn fill(server: &Server) {
    let rows: Vec<_> = (0..1_000)
        .map(|number| {
            let mut row: serde_json::Value =
                serde_json::from_str(&body(&number.to_string())).unwrap();
            row["description"] = json!("d".repeat(1_000));
            row
        })
        .collect();
    let path = format!("{COLLECTION}/importDeviceIdentityList");
    let import = json!({ "importedDeviceIdentities": rows });
    let token = server.token();
    let (status, _) = server.call(token, reqwest::Method::POST, &path, Some(&import)).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn bodies_that_trickle_make_room_when_their_time_is_over() {
    let place = Place::new();
    let server = place.serve_empty(&[&FOUR[..], &["--request-timeout-ms", "1000"]].concat());
    let create = body("slow");
    let begun = format!("{}{}", post(&server, create.len()), &create[..10]);
    let trickling = connections(&server, 4, &begun).await;
    newcomer_is_served(&server).await;
    for mut wire in trickling {
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.code().as_str()), (408, "RequestTimeout"));
        assert_eq!(wire.until_closed().await, b"", "what is left of the body is not waited for");
    }
    let rows = server.rows().await;
    assert_eq!(rows.len(), 0, "{rows:?}");
}

#[tokio::test]
async fn a_trickle_does_not_prolong_a_requests_time() {
    let place = Place::new();
    let server = place.serve_empty(&["--request-timeout-ms", "1000"]);
    let mut wire = server.connect().await;
    wire.send(post(&server, 1_000_000)).await;
    // Each byte comes well within the time, all of them do not.
    while wire.accepts(b" ").await && !wire.has_answer().await {}
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "RequestTimeout"));
}

#[tokio::test]
async fn whoever_sends_no_more_is_answered_all_the_same() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let create = body("half closed");
    let requests = [(get(&server, ""), 200), (post(&server, create.len()) + &create, 201)];
    for (request, status) in requests {
        let mut wire = server.connect().await;
        wire.send(request).await;
        wire.half_close().await;
        assert_eq!(wire.answer().await.status, status);
        assert_eq!(wire.until_closed().await, b"");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let place = Place::new();
    let server = place.serve_empty(&FOUR);
    let create = body("broken off");
    for _ in 0..8 {
        let mut wire = server.connect().await;
        wire.send(format!("{}{}", post(&server, create.len()), &create[..20])).await;
        wire.half_close().await;
        wire.until_closed().await;
    }
    assert_eq!(server.rows().await.len(), 0);
}

#[tokio::test]
async fn clients_that_have_gone_leave_their_places() {
    let place = Place::new();
    let server = place.serve_empty(&FOUR);
    let create = body("gone");
    let begun = format!("{}{}", post(&server, create.len()), &create[..10]);
    for _ in 0..3 {
        drop(connections(&server, 4, &begun).await);
    }
    newcomer_is_served(&server).await;
}
