//! `muster admin tenant`, beside a server that runs and without one.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{COLLECTION, DEV_TENANT, OTHER_TENANT, PATIENCE, Place, Server, mask};

/// `muster admin tenant …`
fn tenant<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["admin", "tenant"], arguments].concat()
}

/// Waits until a list with this token has this status; each request is a look.
async fn becomes(server: &Server, token: &str, status: u16) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while server.list(token).await.0 != status {
        assert!(std::time::Instant::now() < deadline, "never became {status}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn row(identifier: &str) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
    })
}

#[test]
fn tenants_are_listed_for_people_and_for_programs() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    place.says(&tenant(&["add", OTHER_TENANT, "--name", "Contoso — Köln", "--unlicensed"]));
    insta::assert_snapshot!(mask(&place.says(&tenant(&["list"]))), @"
    TENANT  LICENSED  CREATED  NAME
    aaaaaaaa-0000-4000-8000-000000000001  no  [time]  Contoso — Köln
    d0d0d0d0-0000-4000-8000-000000000001  yes  [time]  Development
    ");
    let listed = place.says(&tenant(&["list", "--output", "json"]));
    assert!(serde_json::from_str::<Value>(&listed).unwrap().is_array());
    insta::assert_snapshot!(mask(&listed), @r#"
    [
      {
        "createdDateTime": "[time]",
        "licensed": false,
        "name": "Contoso — Köln",
        "tenantId": "aaaaaaaa-0000-4000-8000-000000000001"
      },
      {
        "createdDateTime": "[time]",
        "licensed": true,
        "name": "Development",
        "tenantId": "d0d0d0d0-0000-4000-8000-000000000001"
      }
    ]
    "#);
}

#[test]
fn the_columns_of_the_table_stand_under_their_headings() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    place.says(&tenant(&["add", OTHER_TENANT, "--name", "Contoso"]));
    let table = place.says(&tenant(&["list"]));
    let at = |cell: &str| table.lines().find_map(|line| line.find(cell)).unwrap();
    assert_eq!((at("Contoso"), at("Development")), (at("NAME"), at("NAME")), "{table}");
    assert!(table.lines().all(|line| line.trim_end() == line), "{table}");
}

#[test]
fn each_command_says_what_it_has_done() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    let commands: [&[&str]; 6] = [
        &["add", OTHER_TENANT],
        &["unlicense", OTHER_TENANT],
        &["license", OTHER_TENANT],
        &["remove", OTHER_TENANT],
        &["add", OTHER_TENANT, "--unlicensed"],
        &["remove", OTHER_TENANT],
    ];
    let said: String = commands.iter().map(|command| place.says(&tenant(command))).collect();
    insta::assert_snapshot!(said, @"
    added aaaaaaaa-0000-4000-8000-000000000001
    licence withdrawn from aaaaaaaa-0000-4000-8000-000000000001
    licensed aaaaaaaa-0000-4000-8000-000000000001
    removed aaaaaaaa-0000-4000-8000-000000000001
    added aaaaaaaa-0000-4000-8000-000000000001, without a licence
    removed aaaaaaaa-0000-4000-8000-000000000001
    ");
}

#[tokio::test]
async fn a_running_server_feels_every_change() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    place.says(&tenant(&["add", OTHER_TENANT, "--unlicensed"]));
    let token = place.token(&["--tenant", OTHER_TENANT]);
    assert_eq!(server.list(&token).await.0, 400);
    place.says(&tenant(&["license", OTHER_TENANT]));
    becomes(&server, &token, 200).await;
    let (status, _) = server.call(&token, Method::POST, COLLECTION, Some(&row("kept"))).await;
    assert_eq!(status, 201);
    place.says(&tenant(&["unlicense", OTHER_TENANT]));
    becomes(&server, &token, 400).await;
    assert_eq!(server.list(server.token()).await.0, 200, "the others are served");
    place.says(&tenant(&["license", OTHER_TENANT]));
    becomes(&server, &token, 200).await;
    let (_, page) = server.call(&token, Method::GET, COLLECTION, None).await;
    assert_eq!(page["value"][0]["importedDeviceIdentifier"], "kept", "nothing was lost");
    place.says(&tenant(&["remove", OTHER_TENANT, "--yes"]));
    becomes(&server, &token, 400).await;
}

#[tokio::test]
async fn a_licence_withdrawn_is_felt_within_a_second() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    assert_eq!(server.list(server.token()).await.0, 200);
    place.says(&tenant(&["unlicense", DEV_TENANT]));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(server.list(server.token()).await.0, 400);
    // A write is decided by the stored licence itself.
    let (status, _) = server.call(server.token(), Method::POST, COLLECTION, Some(&row("A"))).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_licence_outlives_a_restart() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    place.says(&tenant(&["unlicense", DEV_TENANT]));
    let server = place.serve_empty(&[]);
    assert_eq!(server.list(server.token()).await.0, 400, "a start does not give it back");
}

#[tokio::test]
async fn what_a_tenant_holds_is_not_removed_by_the_way() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let id = server.create(&row("A")).await;
    let path = format!("{COLLECTION}/{id}");
    let change = json!({ "description": "changed" });
    server.call(server.token(), Method::PATCH, &path, Some(&change)).await;
    insta::assert_snapshot!(place.fails(&tenant(&["remove", DEV_TENANT])), @"muster: the tenant d0d0d0d0-0000-4000-8000-000000000001 holds 1 identities and 2 entries of history, which would be gone for good: add --yes to remove them. Nothing was changed");
    assert_eq!(server.rows().await[0]["description"], "changed", "nothing was changed");

    place.says(&tenant(&["remove", DEV_TENANT, "--yes"]));
    assert_eq!(place.says(&["admin", "history"]), "no changes\n");
    place.says(&tenant(&["add", DEV_TENANT]));
    becomes(&server, server.token(), 200).await;
    assert_eq!(server.rows().await.len(), 0, "its rows did not come back");
}

/// What was removed takes more than one step.
#[tokio::test]
async fn removing_a_large_tenant_leaves_the_others_whole() {
    let place = Place::new();
    let server = place.serve(&[]);
    let kept = server.rows().await;
    place.says(&tenant(&["add", OTHER_TENANT]));
    let token = place.token(&["--tenant", OTHER_TENANT]);
    let rows: Vec<Value> = (0..6_000).map(|n| row(&n.to_string())).collect();
    let import = json!({ "importedDeviceIdentities": rows });
    let path = format!("{COLLECTION}/importDeviceIdentityList");
    assert_eq!(server.call(&token, Method::POST, &path, Some(&import)).await.0, 200);
    place.says(&tenant(&["remove", OTHER_TENANT, "--yes"]));
    assert_eq!(server.rows().await, kept);
    let left = place.says(&["admin", "history", "--tenant", OTHER_TENANT]);
    assert_eq!(left, "no changes\n");
}

#[test]
fn what_cannot_be_done_is_explained() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    let cases: [&[&str]; 4] = [
        &["add", DEV_TENANT],
        &["license", OTHER_TENANT],
        &["unlicense", OTHER_TENANT],
        &["remove", OTHER_TENANT, "--yes"],
    ];
    let said = cases.map(|case| place.fails(&tenant(case)));
    insta::assert_snapshot!(said.join("\n"), @"
    muster: the tenant d0d0d0d0-0000-4000-8000-000000000001 is there already; `license` and `unlicense` change it
    muster: the register has no tenant aaaaaaaa-0000-4000-8000-000000000001: `muster admin tenant list` shows those it has
    muster: the register has no tenant aaaaaaaa-0000-4000-8000-000000000001: `muster admin tenant list` shows those it has
    muster: the register has no tenant aaaaaaaa-0000-4000-8000-000000000001: `muster admin tenant list` shows those it has
    ");
}

#[test]
fn a_tenant_is_named_by_its_guid() {
    let place = Place::new();
    for command in ["add", "license", "unlicense", "remove"] {
        let misuse = place.run(&tenant(&[command, "contoso.example"])).misuse();
        let line = misuse.lines().next().unwrap();
        let said = "error: invalid value 'contoso.example' for '<TENANT>': 'contoso.example' is \
                    not a tenant id: give a GUID like 00000000-0000-4000-8000-000000000000";
        assert_eq!(line, said);
    }
}

#[test]
fn a_misspelt_path_makes_no_empty_register() {
    let place = Place::new();
    let cases: [&[&str]; 3] = [&[], &["--data", "nowhere"], &["--store", "sqlite:nowhere.db"]];
    let said = cases.map(|place_of| place.fails(&tenant(&[&["list"], place_of].concat())));
    insta::assert_snapshot!(said.join("\n"), @"
    muster: there is no register at ./muster-data/muster.db: give its --data directory or --store, or make it with `muster serve --dev`
    muster: there is no register at nowhere/muster.db: give its --data directory or --store, or make it with `muster serve --dev`
    muster: there is no register at nowhere.db: give its --data directory or --store, or make it with `muster serve --dev`
    ");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    for output in ["table", "json"] {
        for command in [&["admin", "tenant", "list"][..], &["admin", "history"]] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = place.command(&[command, &["--output", output]].concat());
            let ran = command.stdout(writer).output().unwrap();
            let said = String::from_utf8(ran.stderr).unwrap();
            assert_eq!((ran.status.code(), said.as_str()), (Some(0), ""), "{command:?}");
        }
    }
}
