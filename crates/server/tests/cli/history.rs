//! `muster admin history`: every change, in its order, for people and for programs.

use std::io::Read;
use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{COLLECTION, DEV_TENANT, OTHER_TENANT, Place, Server, mask};

const HISTORY: [&str; 2] = ["admin", "history"];

fn row(identifier: &str) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
        "description": "Büro 1",
    })
}

async fn change(server: &Server, token: &str, id: &str, body: &Value) {
    let path = format!("{COLLECTION}/{id}");
    let (status, answer) = server.call(token, Method::PATCH, &path, Some(body)).await;
    assert_eq!(status, 200, "{answer}");
}

async fn delete(server: &Server, id: &str) {
    let path = format!("{COLLECTION}/{id}");
    let (status, _) = server.call(server.token(), Method::DELETE, &path, None).await;
    assert_eq!(status, 204);
}

/// A register in which an identity was made, changed by a person, and removed.
async fn lived() -> (Place, Server, String) {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let person = place.token(&["--scope", "DeviceManagementServiceConfig.ReadWrite.All"]);
    let id = server.create(&row("C02XK1ZVJG5J")).await;
    let body = json!({ "description": "Lager 2", "platform": "macOS" });
    change(&server, &person, &id, &body).await;
    change(&server, &person, &id, &json!({ "description": null })).await;
    // A write that changes nothing is no change.
    change(&server, &person, &id, &json!({ "platform": "macOS" })).await;
    delete(&server, &id).await;
    (place, server, id)
}

fn json_of(place: &Place, options: &[&str]) -> Vec<Value> {
    let text = place.says(&[&HISTORY, options, &["--output", "json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn people_see_who_changed_what_from_what_to_what() {
    let (place, _server, _) = lived().await;
    insta::assert_snapshot!(mask(&place.says(&HISTORY)), @"
    WHEN  TENANT  SEQ  WHAT  ID  WHO  CHANGED
    [time]  d0d0d0d0-0000-4000-8000-000000000001  1  create  [id 1]  Muster command line  serialNumber C02XK1ZVJG5J
    [time]  d0d0d0d0-0000-4000-8000-000000000001  2  update  [id 1]  developer@muster.localhost  description: Büro 1 → Lager 2; platform: unknown → macOS
    [time]  d0d0d0d0-0000-4000-8000-000000000001  3  update  [id 1]  developer@muster.localhost  description: Lager 2 → null
    [time]  d0d0d0d0-0000-4000-8000-000000000001  4  delete  [id 1]  Muster command line  serialNumber C02XK1ZVJG5J
    ");
}

#[tokio::test]
async fn programs_see_the_rows_before_and_after() {
    let (place, _server, id) = lived().await;
    let changes = json_of(&place, &[]);
    let shape: Vec<_> = changes
        .iter()
        .map(|change| (&change["seq"], &change["kind"], &change["actor"]["type"]))
        .map(|(seq, kind, actor)| format!("{seq} {kind} {actor}"))
        .collect();
    let expected = [
        r#"1 "create" "application""#,
        r#"2 "update" "user""#,
        r#"3 "update" "user""#,
        r#"4 "delete" "application""#,
    ];
    assert_eq!(shape, expected);
    // Each begins as the one before it ended.
    assert_eq!(changes[0]["before"], Value::Null);
    assert_eq!(changes[3]["after"], Value::Null);
    for pair in changes.windows(2) {
        assert_eq!(pair[0]["after"], pair[1]["before"]);
    }
    assert!(changes.iter().all(|change| change["id"] == id && change["tenantId"] == DEV_TENANT));
    let text = serde_json::to_string_pretty(&changes[1]).unwrap();
    insta::assert_snapshot!(mask(&text), @r#"
    {
      "actor": {
        "appId": "[id 1]",
        "appName": "Muster command line",
        "type": "user",
        "userId": "[id 2]",
        "userName": "developer@muster.localhost"
      },
      "after": {
        "createdDateTime": "[time]",
        "description": "Lager 2",
        "enrollmentState": "notContacted",
        "id": "[id 3]",
        "importedDeviceIdentifier": "C02XK1ZVJG5J",
        "importedDeviceIdentityType": "serialNumber",
        "lastContactedDateTime": "[time]",
        "lastModifiedDateTime": "[time]",
        "platform": "macOS",
        "rev": 2
      },
      "at": "[time]",
      "before": {
        "createdDateTime": "[time]",
        "description": "Büro 1",
        "enrollmentState": "notContacted",
        "id": "[id 3]",
        "importedDeviceIdentifier": "C02XK1ZVJG5J",
        "importedDeviceIdentityType": "serialNumber",
        "lastContactedDateTime": "[time]",
        "lastModifiedDateTime": "[time]",
        "platform": "unknown",
        "rev": 1
      },
      "clientRequestId": null,
      "id": "[id 3]",
      "ip": "127.0.0.1",
      "kind": "update",
      "requestId": "[id 4]",
      "seq": 2,
      "tenantId": "d0d0d0d0-0000-4000-8000-000000000001"
    }
    "#);
}

/// A client wrote it; the terminal that shows it is the operator's.
#[tokio::test]
async fn no_value_breaks_a_line_or_reaches_the_terminal_as_a_command() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let id = server.create(&row("A")).await;
    let evil = json!({ "description": "one\ntwo\u{1b}[31m\u{9b}31m" });
    change(&server, server.token(), &id, &evil).await;
    let table = place.says(&HISTORY);
    assert_eq!(table.lines().count(), 3, "a heading and two changes: {table}");
    assert!(!table.replace('\n', "").contains(char::is_control), "{table:?}");
    assert!(table.contains(r"one\ntwo\u{1b}[31m\u{9b}31m"), "{table}");
}

#[tokio::test]
async fn a_change_carries_the_ids_of_its_request() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let response = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(server.url(COLLECTION))
        .bearer_auth(server.token())
        .header("client-request-id", "asked by a test")
        .header("content-type", "application/json")
        .body(row("A").to_string())
        .send()
        .await
        .unwrap();
    let changes = json_of(&place, &[]);
    assert_eq!(changes[0]["requestId"], response.headers()["request-id"].to_str().unwrap());
    assert_eq!(changes[0]["clientRequestId"], "asked by a test");
    assert_eq!(changes[0]["ip"], "127.0.0.1");
}

#[tokio::test]
async fn it_is_narrowed_to_a_tenant_or_an_identity() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    place.says(&["admin", "tenant", "add", OTHER_TENANT]);
    let theirs = place.token(&["--tenant", OTHER_TENANT]);
    let first = server.create(&row("A")).await;
    let second = server.create(&row("B")).await;
    let (status, _) = server.call(&theirs, Method::POST, COLLECTION, Some(&row("A"))).await;
    assert_eq!(status, 201);
    change(&server, server.token(), &first, &json!({ "description": "x" })).await;

    let seen = |options: &[&str]| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let changes = json_of(&place, options);
        changes.iter().map(|change| (text(&change["tenantId"]), text(&change["id"]))).collect()
    };
    let ours = |id: &String| (DEV_TENANT.to_owned(), id.clone());
    let tenant = ["--tenant", DEV_TENANT];
    assert_eq!(seen(&[]).len(), 4);
    assert_eq!(seen(&tenant), [ours(&first), ours(&second), ours(&first)]);
    assert_eq!(seen(&["--id", &first]), [ours(&first), ours(&first)]);
    assert_eq!(seen(&[&tenant[..], &["--id", &second]].concat()), [ours(&second)]);
    assert_eq!(seen(&["--tenant", OTHER_TENANT, "--id", &second]), []);
    assert_eq!(seen(&["--tenant", OTHER_TENANT]).len(), 1);
}

#[test]
fn where_nothing_was_changed_it_says_so() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    assert_eq!(place.says(&HISTORY), "no changes\n");
    assert_eq!(place.says(&["admin", "history", "--output", "json"]), "[]\n");
}

#[test]
fn the_samples_are_the_services_own_doing() {
    let place = Place::new();
    place.serve(&[]).stop();
    let table = place.says(&HISTORY);
    let made = table.lines().skip(1).filter(|line| line.contains("create"));
    assert_eq!(made.filter(|line| line.contains("  muster  ")).count(), 6, "{table}");
    let changes = json_of(&place, &[]);
    assert!(changes.iter().all(|change| change["actor"]["type"] == "system"));
}

#[tokio::test]
async fn a_history_longer_than_what_is_read_at_a_time_is_whole() {
    let (place, _server) = long().await;
    let seqs: Vec<i64> =
        json_of(&place, &[]).iter().map(|change| change["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (1..=2_500).collect::<Vec<_>>());
    let table = place.says(&HISTORY);
    assert_eq!(table.lines().filter(|line| line.contains(" create ")).count(), 2_500);
}

/// A register with a history of 2,500 changes.
async fn long() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let rows: Vec<Value> = (0..2_500).map(|n| row(&n.to_string())).collect();
    let body = json!({ "importedDeviceIdentities": rows });
    let path = format!("{COLLECTION}/importDeviceIdentityList");
    let (status, _) = server.call(server.token(), Method::POST, &path, Some(&body)).await;
    assert_eq!(status, 200);
    (place, server)
}

/// `muster admin history | head -1`
#[tokio::test]
async fn a_reader_that_leaves_in_the_middle_is_no_error() {
    let (place, _server) = long().await;
    for output in ["table", "json"] {
        let mut command = place.command(&["admin", "history", "--output", output]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut begin = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut begin).unwrap();
        // The pipe is closed now, with most of the history still to come.
        let ran = child.wait_with_output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!((ran.status.code(), said.as_str()), (Some(0), ""), "{output}");
    }
}

#[test]
fn an_id_is_given_as_the_service_shows_it() {
    let misuse = Place::new().run(&["admin", "history", "--id", "490154203237518"]).misuse();
    insta::assert_snapshot!(misuse.lines().next().unwrap(), @"error: invalid value '490154203237518' for '--id <ID>': '490154203237518' is not an id of this register: give it as the service shows it");
}
