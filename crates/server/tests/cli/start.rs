//! `muster serve --dev`: what it makes and what it finds again.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{COLLECTION, Place, Server};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What each row stands under.
fn keys(rows: &[serde_json::Value]) -> Vec<(String, String)> {
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    let key =
        |row| (text(row, "importedDeviceIdentityType"), text(row, "importedDeviceIdentifier"));
    rows.iter().map(key).collect()
}

#[tokio::test]
async fn it_needs_nothing_but_an_empty_directory() {
    let place = Place::new();
    let server = place.serve(&[]);
    assert_eq!(server.list(server.token()).await.0, 200);
    let mut made: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    made.sort();
    assert_eq!(made, ["muster-data"], "everything is in the data directory");
}

#[test]
fn secrets_are_for_their_owner_alone() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    assert_eq!(mode(&place.path().join("muster-data")), 0o700);
    assert_eq!(mode(&place.data("dev-signing-key.pem")), 0o600);
    assert_eq!(mode(&place.data("dev.env")), 0o600);
    server.stop();
}

#[tokio::test]
async fn rows_are_for_their_owner_alone_in_a_directory_that_others_may_read() {
    let place = Place::new();
    let data = place.path().join("muster-data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let _server = place.serve(&[]);
    for file in fs::read_dir(&data).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn the_file_for_scripts_holds_what_a_script_needs() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let file = fs::read_to_string(place.data("dev.env")).unwrap();
    let settings: HashMap<&str, &str> =
        file.lines().map(|line| line.split_once('=').unwrap()).collect();
    assert_eq!(settings["BASE_URL"], server.url("/beta"));
    assert_eq!(settings["TENANT_ID"], crate::support::DEV_TENANT);
    let ca = fs::read(settings["CA_FILE"]).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .build()
        .unwrap();
    for base in [settings["BASE_URL"], settings["TLS_BASE_URL"]] {
        let path = format!("{base}/deviceManagement/importedDeviceIdentities");
        let request = client.get(path).bearer_auth(settings["TOKEN"]);
        assert_eq!(request.send().await.unwrap().status(), 200, "{base}");
    }
}

#[tokio::test]
async fn a_restart_makes_the_file_for_scripts_anew() {
    let place = Place::new();
    let first = place.serve_empty(&[]);
    let old = first.url("/beta");
    first.stop();
    // As someone may have left it.
    fs::set_permissions(place.data("dev.env"), fs::Permissions::from_mode(0o644)).unwrap();
    let second = place.serve_empty(&[]);
    let file = fs::read_to_string(place.data("dev.env")).unwrap();
    assert!(file.contains(&format!("BASE_URL={}\n", second.url("/beta"))), "{file}, not {old}");
    assert_eq!(mode(&place.data("dev.env")), 0o600);
    assert!(!place.data("dev.env.new").exists());
}

#[tokio::test]
async fn a_new_register_begins_with_samples_of_every_type() {
    let place = Place::new();
    let server = place.serve(&[]);
    let keys = keys(&server.rows().await);
    let types: HashSet<&str> = keys.iter().map(|(kind, _)| kind.as_str()).collect();
    let all = ["imei", "serialNumber", "manufacturerModelSerial", "unknown"];
    assert_eq!(types, HashSet::from(all));
}

#[tokio::test]
async fn samples_can_be_left_out() {
    let place = Place::new();
    let server = place.serve(&["--no-sample"]);
    assert_eq!(server.rows().await, [] as [serde_json::Value; 0]);
}

#[tokio::test]
async fn a_restart_keeps_everything_and_adds_no_samples() {
    let place = Place::new();
    let server = place.serve(&[]);
    let rows = server.rows().await;
    let id = rows[0]["id"].as_str().unwrap();
    let path = format!("{COLLECTION}/{id}");
    let (status, _) = server.call(server.token(), Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let old_token = server.token().to_owned();
    server.stop();

    let server = place.serve(&[]);
    assert_eq!(server.rows().await, rows[1..]);
    assert_eq!(server.list(&old_token).await.0, 200, "the key is the same");
    server.stop();

    let server = place.serve(&[]);
    assert_eq!(keys(&server.rows().await), keys(&rows[1..]));
}

#[tokio::test]
async fn what_began_without_samples_never_gets_any() {
    let place = Place::new();
    place.serve(&["--no-sample"]).stop();
    assert_eq!(place.serve(&[]).rows().await.len(), 0);
}

#[tokio::test]
async fn the_database_may_lie_elsewhere() {
    let place = Place::new();
    let body = json!({
        "importedDeviceIdentifier": "C02XK1ZVJG5J",
        "importedDeviceIdentityType": "serialNumber",
    });
    let id = {
        let server = place.serve_empty(&["--store", "sqlite:elsewhere.db"]);
        let id = server.create(&body).await;
        server.stop();
        id
    };
    assert!(place.path().join("elsewhere.db").is_file());
    assert!(!place.data("muster.db").exists());
    // Another data directory, hence another key, on the same register.
    let server = place.serve_empty(&["--store", "sqlite:elsewhere.db", "--data", "other"]);
    assert_eq!(server.rows().await[0]["id"], id);
}

#[tokio::test]
async fn it_may_listen_on_several_addresses() {
    let place = Place::new();
    let server = place.serve_empty(&["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"]);
    let status = |server: Server| async move { server.list(server.token()).await.0 };
    assert_eq!(status(server).await, 200);
}

#[tokio::test]
async fn rules_are_chosen_at_the_start() {
    let body = json!({
        "importedDeviceIdentifier": "not an IMEI",
        "importedDeviceIdentityType": "imei",
    });
    for (rules, status) in [("documented", 201), ("strict", 400)] {
        let place = Place::new();
        let server = place.serve_empty(&["--identifier-rules", rules]);
        let token = server.token();
        let (answered, _) = server.call(token, Method::POST, COLLECTION, Some(&body)).await;
        assert_eq!(answered, status, "{rules}");
    }
}

#[tokio::test]
async fn limits_are_chosen_at_the_start() {
    let place = Place::new();
    let server = place.serve_empty(&["--max-import-rows", "1", "--max-body-bytes", "400"]);
    let row = |identifier: &str| {
        json!({
            "importedDeviceIdentifier": identifier,
            "importedDeviceIdentityType": "serialNumber",
        })
    };
    let import = |rows: &[serde_json::Value]| json!({ "importedDeviceIdentities": rows });
    let path = format!("{COLLECTION}/importDeviceIdentityList");
    let statuses = [
        (import(&[row("A")]), 200),
        (import(&[row("A"), row("B")]), 413),
        (import(&[row(&"A".repeat(400))]), 413),
    ];
    for (body, status) in statuses {
        let (answered, error) = server.call(server.token(), Method::POST, &path, Some(&body)).await;
        assert_eq!(answered, status, "{error}");
    }
}
