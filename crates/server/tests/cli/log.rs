//! The log: what stands in a line, and what never does.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Value, json};
use testbed::Cluster;

use crate::support::{COLLECTION, DEV_TENANT, OTHER_TENANT, Place, Server, mask};

/// Stands in bodies, query strings and headers, and has no business in a log.
const SECRET: &str = "hunter2-zebra";

fn secret_row() -> Value {
    json!({
        "importedDeviceIdentifier": format!("{SECRET} identifier"),
        "importedDeviceIdentityType": "serialNumber",
        "description": format!("{SECRET} description"),
    })
}

/// The lines of a log in JSON that tell of requests.
fn requests(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}"))
    });
    lines.filter(|line| line.get("request_id").is_some()).collect()
}

#[tokio::test]
async fn every_request_is_one_line_with_what_an_operator_needs() {
    let place = Place::new();
    let server = place.serve_empty(&["--log-format", "json"]);
    let token = server.token().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let item = format!("{COLLECTION}/00000000-0000-7000-8000-000000000000");
    let calls = [
        (Method::GET, COLLECTION, token.as_str(), 200),
        (Method::DELETE, item.as_str(), &token, 404),
        (Method::GET, COLLECTION, "no.such.token", 401),
        (Method::GET, "/nowhere", &token, 400),
    ];
    let mut ids = Vec::new();
    for (method, path, token, _) in &calls {
        let request = http.request(method.clone(), server.url(path)).bearer_auth(token);
        let response = request.send().await.unwrap();
        ids.push(response.headers()["request-id"].to_str().unwrap().to_owned());
    }
    let log = server.stop();
    let lines = requests(&log);
    assert_eq!(lines.len(), calls.len(), "{log}");
    for ((line, id), (method, path, _, status)) in lines.iter().zip(&ids).zip(&calls) {
        assert_eq!(line["request_id"], *id);
        assert_eq!(line["method"], method.as_str());
        assert_eq!(line["path"], *path);
        assert_eq!(line["status"], *status);
        assert_eq!(line["message"], if *status == 200 { "served" } else { "refused" });
        assert_eq!(line["level"], "INFO");
        assert!(line["us"].is_u64() && line["timestamp"].is_string(), "{line}");
    }
    // Whose request it was is known once the token is believed.
    let tenants: Vec<&Value> = lines.iter().map(|line| &line["tenant"]).collect();
    assert_eq!(tenants, [&json!(DEV_TENANT), &json!(DEV_TENANT), &Value::Null, &Value::Null]);
}

#[tokio::test]
async fn the_log_for_people_says_the_same() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    server.list(server.token()).await;
    server.list("no.such.token").await;
    let log = server.stop();
    let shown: String = log
        .lines()
        .map(|line| {
            let us = line.split_once(" us=").map(|(_, rest)| rest.split(' ').next().unwrap());
            let us = us.map_or_else(String::new, |us| format!(" us={us}"));
            line.replacen(&us, if us.is_empty() { "" } else { " us=[n]" }, 1) + "\n"
        })
        .collect();
    insta::assert_snapshot!(mask(&shown), @r#"
    [time]  INFO served request_id=[id 1] method="GET" path="/beta/deviceManagement/importedDeviceIdentities" status=200 us=[n] tenant="d0d0d0d0-0000-4000-8000-000000000001"
    [time]  INFO refused request_id=[id 2] method="GET" path="/beta/deviceManagement/importedDeviceIdentities" status=401 us=[n] error="Access token validation failure. The token cannot be read as a signed JWT."
    [time]  INFO stopping: what was accepted is answered first
    [time]  INFO stopped
    "#);
}

/// Has the service refuse and accept this secret wherever a client can put it.
async fn use_the_secret(server: &Server) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = server.url(COLLECTION);
    let row = secret_row();
    let id = server.create(&row).await;
    let item = format!("{COLLECTION}/{id}");
    let secret = json!(SECRET);
    let bodies = [
        json!({ "description": secret }),
        json!({ "platform": secret }),
        json!({ "enrollmentState": secret }),
        json!({ "lastContactedDateTime": secret }),
        json!({ "description": [secret] }),
        json!({ SECRET: 1 }),
        secret.clone(),
    ];
    for body in &bodies {
        server.call(server.token(), Method::PATCH, &item, Some(body)).await;
    }
    let import = json!({ "importedDeviceIdentities": [row, { SECRET: secret }, row] });
    let path = format!("{COLLECTION}/importDeviceIdentityList");
    server.call(server.token(), Method::POST, &path, Some(&import)).await;
    server.call(server.token(), Method::POST, COLLECTION, Some(&row)).await;
    for query in ["$filter=", "$top=", "$search=", "$", "", "%24orderby=%ZZ", "access_token="] {
        let path = format!("{COLLECTION}?{query}{SECRET}");
        server.call(server.token(), Method::GET, &path, None).await;
    }
    for name in ["accept", "content-type", "content-encoding", "if-match", "prefer", "cookie"] {
        let request = http.post(&url).bearer_auth(server.token()).header(name, SECRET);
        request.body(SECRET).send().await.unwrap();
    }
    for authorization in [format!("Bearer {SECRET}"), format!("Basic {SECRET}")] {
        let request = http.get(&url).header("authorization", authorization);
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    for token in [format!("{SECRET}.{SECRET}.{SECRET}"), format!("{}{SECRET}", server.token())] {
        assert_eq!(server.list(&token).await.0, 401);
    }
}

/// Serves at the chattiest level, looks at what is logged of everything, and for these texts.
async fn keeps_to_itself(place: &Place, options: &[&str], texts: impl FnOnce() -> Vec<String>) {
    let server = place.serve(&[&["--log", "trace"], options].concat());
    let token = server.token().to_owned();
    use_the_secret(&server).await;
    let shown = server.stdout();
    let log = server.stop();
    assert!(log.lines().count() > 20, "there is a log to look at: {log}");
    let culprit = log.lines().find(|line| line.contains(SECRET));
    assert_eq!(culprit, None);
    let texts = texts();
    for part in token.split('.').chain(texts.iter().map(String::as_str)) {
        assert!(!log.contains(part) && !shown.contains(part), "{part}");
        // As libraries show the bytes that they send.
        let bytes = format!("{:?}", &part.as_bytes()[..part.len().min(16)]);
        assert!(!log.contains(bytes.trim_matches(['[', ']'])), "{part}");
    }
    // Bad requests are no failures of the service.
    assert!(!log.contains("ERROR") && !log.contains("failed"), "{log}");
    assert!(!log.contains("status=500") && !log.contains("\"status\":500"), "{log}");
}

/// The lines of a key, and the values of the application and what it seals with.
fn secrets(key: &str, app: &str) -> Vec<String> {
    let app: HashMap<String, String> = serde_json::from_str(app).unwrap();
    let lines = key.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned);
    lines.chain(["client_secret", "sealing_key"].map(|name| app[name].clone())).collect()
}

#[tokio::test]
async fn no_token_no_body_no_query_and_no_key_ever_stands_in_it() {
    for format in ["pretty", "json"] {
        let place = Place::new();
        let file = |name| std::fs::read_to_string(place.data(name)).unwrap();
        let texts = || secrets(&file("dev-signing-key.pem"), &file("dev-app.json"));
        keeps_to_itself(&place, &["--log-format", format], texts).await;
    }
}

#[tokio::test]
async fn nor_does_a_key_that_the_database_has() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::new(), cluster.database());
    let setting = |name| {
        let select = "SELECT convert_from(value, 'UTF8') FROM settings WHERE name";
        database.query(&format!("{select} = '{name}'"))
    };
    let texts = || secrets(&setting("dev_signing_key"), &setting("dev_app"));
    keeps_to_itself(&place, &["--store", &database.url()], texts).await;
}

#[tokio::test]
async fn a_refusal_says_what_an_operator_can_act_on() {
    let place = Place::new();
    let server = place.serve_empty(&["--log-format", "json"]);
    let expired = place.token(&["--expires-in", "-600"]);
    let reader = place.token(&["--role", "DeviceManagementServiceConfig.Read.All"]);
    server.list(&expired).await;
    server.call(&reader, Method::POST, COLLECTION, Some(&secret_row())).await;
    server.call(server.token(), Method::POST, COLLECTION, Some(&json!({ "x": 1 }))).await;
    server.list(&place.token(&["--tenant", OTHER_TENANT])).await;
    let log = server.stop();
    let errors: Vec<String> =
        requests(&log).iter().map(|line| line["error"].as_str().unwrap().to_owned()).collect();
    insta::assert_snapshot!(errors.join("\n"), @"
    Lifetime validation failed, the token is expired.
    Insufficient privileges. Any one of these permissions would do: DeviceManagementServiceConfig.ReadWrite.All, DeviceManagementConfiguration.ReadWrite.All.
    ModelValidationFailure
    the tenant is not licensed
    ");
}

#[tokio::test]
async fn a_level_is_the_least_that_is_logged() {
    for (level, logged) in [("off", false), ("error", false), ("warn", false), ("info", true)] {
        let place = Place::new();
        let server = place.serve_empty(&["--log", level]);
        server.list(server.token()).await;
        server.list("no.such.token").await;
        let log = server.stop();
        assert_eq!(log.contains("served") && log.contains("refused"), logged, "{level}: {log}");
        assert_eq!(log.is_empty(), !logged, "{level}: {log}");
    }
}

#[tokio::test]
async fn parts_may_have_levels_of_their_own() {
    let place = Place::new();
    let server = place.serve_empty(&["--log", "info,muster::http=warn"]);
    server.list(server.token()).await;
    let log = server.stop();
    assert!(!log.contains("served") && log.contains("stopped"), "{log}");
}

#[tokio::test]
async fn a_client_cannot_forge_a_line() {
    let place = Place::new();
    let server = place.serve_empty(&["--log-format", "json"]);
    let path = format!("{COLLECTION}/x%0A%7B%22level%22%3A%22ERROR%22%7D%1B%5B31m\"");
    server.call(server.token(), Method::GET, &path, None).await;
    let log = server.stop();
    assert_eq!(requests(&log).len(), 1, "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

/// Whoever starts it may not want to read.
#[tokio::test]
async fn it_serves_though_nobody_reads_the_start_message() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = place.command(&["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"]);
    let server = Server::start_mute(command.stdout(writer), &place.data("dev.env"));
    assert_eq!(server.list(server.token()).await.0, 200);
    let log = server.stop();
    assert!(log.contains("the start message could not be shown"), "{log}");
}
