//! The start message, and the line in it that is there to be pasted.

use std::process::Command;

use crate::support::{DEV_TENANT, Place, Server, has, mask, run};

/// The line to paste.
fn line(server: &Server) -> String {
    server.stdout().lines().find(|line| line.starts_with(". '")).unwrap().to_owned()
}

/// Pastes the line into a terminal: the body of the answer.
fn paste(server: &Server) -> serde_json::Value {
    let mut shell = Command::new("sh");
    // Elsewhere than in the server's directory, and with nothing but the path to programs.
    shell.args(["-c", &line(server)]).current_dir("/").env_clear();
    shell.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let ran = run(shell);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

/// What the governing document sends.
fn is_documented(row: &serde_json::Value) -> bool {
    row["importedDeviceIdentifier"] == "Imported Device Identifier value"
        && row["importedDeviceIdentityType"] == "imei"
        && row["lastContactedDateTime"] == "2016-12-31T23:58:44.2908994-08:00"
        && row["description"] == "Description value"
        && row["enrollmentState"] == "enrolled"
        && row["platform"] == "ios"
}

fn mask_start(server: &Server, place: &Place) -> String {
    let text = server.stdout();
    let (_, took) = text.split_once("ready in ").unwrap();
    let took = took.split_once(" ms").unwrap().0;
    assert!(took.parse::<u32>().is_ok(), "{text}");
    let directory = place.path().canonicalize().unwrap().display().to_string();
    let text = text.replacen(&format!("ready in {took} ms"), "ready in [n] ms", 1);
    mask(&text.replace(&directory, "[here]"))
}

#[test]
fn the_start_message_says_where_it_is_and_what_to_paste() {
    let place = Place::new();
    let server = place.serve(&[]);
    insta::assert_snapshot!(mask_start(&server, &place), @r##"

      Muster 0.1.0 ready in [n] ms

      Address  http://127.0.0.1:[port]/beta
      TLS  https://localhost:[port]/beta
      Tenant  d0d0d0d0-0000-4000-8000-000000000001
      For scripts  ./muster-data/dev.env  (addresses, a token, a client and its secret)

      The documented update; paste this into another terminal:

    . '[here]/muster-data/dev.env' && curl -sS -X PATCH "$BASE_URL/deviceManagement/importedDeviceIdentities/[id 1]" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"@odata.type":"#microsoft.graph.importedDeviceIdentity","importedDeviceIdentifier":"Imported Device Identifier value","importedDeviceIdentityType":"imei","lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00","description":"Description value","enrollmentState":"enrolled","platform":"ios"}'
    "##);
}

#[test]
fn without_samples_the_line_makes_the_documented_identity() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    insta::assert_snapshot!(mask_start(&server, &place), @r##"

      Muster 0.1.0 ready in [n] ms

      Address  http://127.0.0.1:[port]/beta
      TLS  https://localhost:[port]/beta
      Tenant  d0d0d0d0-0000-4000-8000-000000000001
      For scripts  ./muster-data/dev.env  (addresses, a token, a client and its secret)

      The documented identity, made anew; paste this into another terminal:

    . '[here]/muster-data/dev.env' && curl -sS -X POST "$BASE_URL/deviceManagement/importedDeviceIdentities" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"@odata.type":"#microsoft.graph.importedDeviceIdentity","importedDeviceIdentifier":"Imported Device Identifier value","importedDeviceIdentityType":"imei","lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00","description":"Description value","enrollmentState":"enrolled","platform":"ios"}'
    "##);
    if has("curl") {
        let row = paste(&server);
        assert!(is_documented(&row), "{row}");
    }
}

#[tokio::test]
async fn the_pasted_line_updates_an_identity_and_shows_it() {
    if !has("curl") {
        return;
    }
    let place = Place::new();
    let server = place.serve(&[]);
    let before = server.rows().await;
    assert!(!before.iter().any(is_documented));
    let shown = paste(&server);
    assert!(is_documented(&shown), "{shown}");
    let after = server.rows().await;
    assert_eq!(after.len(), before.len(), "updated, not made");
    let stored = after.iter().find(|row| row["id"] == shown["id"]).unwrap();
    assert!(is_documented(stored), "{stored}");
}

#[tokio::test]
async fn the_line_may_be_pasted_as_often_as_one_likes_and_after_every_start() {
    if !has("curl") {
        return;
    }
    let place = Place::new();
    let server = place.serve(&[]);
    let first = paste(&server);
    assert_eq!(paste(&server), first);
    server.stop();
    let server = place.serve(&[]);
    let again = paste(&server);
    assert!(is_documented(&again), "{again}");
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["lastModifiedDateTime"], first["lastModifiedDateTime"]);
}

#[test]
fn the_line_works_whatever_the_directory_is_called() {
    if !has("curl") {
        return;
    }
    let place = Place::new();
    let server = place.serve(&["--data", "it's a $HOME; \"Büro\""]);
    let row = paste(&server);
    assert!(is_documented(&row), "{row}");
}

#[test]
fn the_message_names_the_tenant_that_the_file_for_scripts_names() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let env = std::fs::read_to_string(place.data("dev.env")).unwrap();
    let tenant = env.lines().find_map(|line| line.strip_prefix("TENANT_ID=")).unwrap();
    assert_eq!(tenant, DEV_TENANT);
    assert!(server.stdout().contains(&format!("Tenant       {tenant}\n")));
}
