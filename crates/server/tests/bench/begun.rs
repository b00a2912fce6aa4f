//! What a register begins with, and when: over starts, and by `POST /dev/reset`.

use serde_json::{Value, json};

use crate::process::{DEV_TENANT, Place, Server};

/// A file of a seed with these serial numbers.
fn write_seed(place: &Place, identifiers: &[&str]) {
    let row = |identifier| {
        json!({
            "importedDeviceIdentifier": identifier,
            "importedDeviceIdentityType": "serialNumber",
            "description": "of the seed",
        })
    };
    let rows: Vec<Value> = identifiers.iter().map(row).collect();
    std::fs::write(place.path().join("seed.json"), json!(rows).to_string()).unwrap();
}

pub(crate) async fn reset(server: &Server) {
    let answer = server.call(server.token(), reqwest::Method::POST, "/dev/reset", None).await;
    assert_eq!(answer.0, 204, "{}", answer.1);
}

pub(crate) fn identifiers(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["importedDeviceIdentifier"].as_str().unwrap()).collect()
}

/// The history of the register as `seq kind`, by the command line.
fn history(place: &Place) -> Vec<String> {
    let listed = place.says(&["admin", "history", "--output", "json"]);
    let changes: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let line = |change: &Value| format!("{} {}", change["seq"], change["kind"].as_str().unwrap());
    changes.iter().map(line).collect()
}

#[tokio::test]
async fn samples_come_back_as_they_were_with_their_history() {
    let place = Place::new();
    let server = place.serve(&[]);
    let (samples, began) = (server.rows().await, history(&place));
    assert!(samples.len() > 3 && began.len() == samples.len(), "{began:?}");
    let path = format!("{}/{}", crate::process::COLLECTION, samples[0]["id"].as_str().unwrap());
    let patch = json!({ "description": "changed" });
    server.call(server.token(), reqwest::Method::PATCH, &path, Some(&patch)).await;
    server.create(&json!({ "importedDeviceIdentifier": "new" })).await;
    assert_eq!(history(&place).len(), began.len() + 2);
    reset(&server).await;
    assert_eq!(server.rows().await, samples);
    assert_eq!(history(&place), began);
    server.create(&json!({ "importedDeviceIdentifier": "new" })).await;
    let next = format!("{} create", began.len() + 1);
    assert_eq!(history(&place).last(), Some(&next), "the history goes on without a gap");
}

#[tokio::test]
async fn a_seed_takes_the_place_of_the_samples_and_comes_back() {
    let place = Place::new();
    write_seed(&place, &["A-1", "A-2"]);
    let server = place.serve(&["--seed", "seed.json"]);
    let seeded = server.rows().await;
    assert_eq!(identifiers(&seeded), ["A-1", "A-2"]);
    server.create(&json!({ "importedDeviceIdentifier": "new" })).await;
    // The beginning is what the file said at the time.
    write_seed(&place, &["B-1"]);
    reset(&server).await;
    assert_eq!(server.rows().await, seeded);
}

#[tokio::test]
async fn what_a_register_holds_outlives_the_next_start_and_its_beginning_too() {
    let place = Place::new();
    write_seed(&place, &["A-1"]);
    let server = place.serve(&["--seed", "seed.json"]);
    let seeded = server.rows().await;
    server.create(&json!({ "importedDeviceIdentifier": "new" })).await;
    let rows = server.rows().await;
    server.stop();

    let server = place.serve(&["--seed", "seed.json"]);
    assert_eq!(server.rows().await, rows);
    assert!(server.stderr().contains("the seed is left out"), "{}", server.stderr());
    server.stop();

    let server = place.serve(&[]);
    assert_eq!(server.rows().await, rows, "no samples in a register that has begun");
    reset(&server).await;
    assert_eq!(server.rows().await, seeded);
}

#[tokio::test]
async fn an_empty_register_takes_a_seed_whenever_there_is_one() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let id = server.create(&json!({ "importedDeviceIdentifier": "old" })).await;
    let path = format!("{}/{id}", crate::process::COLLECTION);
    server.call(server.token(), reqwest::Method::DELETE, &path, None).await;
    server.stop();
    assert_eq!(history(&place), ["1 create", "2 delete"]);

    let server = place.serve(&[]);
    assert_eq!(server.rows().await.len(), 0, "samples are for new registers");
    server.stop();

    write_seed(&place, &["A-1", "A-2"]);
    let server = place.serve(&["--seed", "seed.json"]);
    assert_eq!(identifiers(&server.rows().await), ["A-1", "A-2"]);
    reset(&server).await;
    assert_eq!(identifiers(&server.rows().await), ["A-1", "A-2"]);
    assert_eq!(history(&place), ["1 create", "2 delete", "3 create", "4 create"]);
}

#[tokio::test]
async fn an_empty_beginning_is_one() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    let server = place.serve(&[]);
    assert_eq!(server.rows().await.len(), 0);
    server.stop();
    std::fs::write(place.path().join("none.json"), "[]").unwrap();
    let server =
        Place::new().serve(&["--seed", &place.path().join("none.json").display().to_string()]);
    assert_eq!(server.rows().await.len(), 0, "a seed that is empty leaves no samples either");
}

#[tokio::test]
async fn a_tenant_that_was_added_begins_empty() {
    let place = Place::new();
    let server = place.serve(&[]);
    let tenant = "aaaaaaaa-0000-4000-8000-000000000001";
    place.says(&["admin", "tenant", "add", tenant]);
    let token = place.token(&["--tenant", tenant]);
    let row = json!({ "importedDeviceIdentifier": "new" });
    let collection = crate::process::COLLECTION;
    server.call(&token, reqwest::Method::POST, collection, Some(&row)).await;
    let reset = server.call(&token, reqwest::Method::POST, "/dev/reset", None).await;
    assert_eq!(reset.0, 204, "{}", reset.1);
    let (_, list) = server.call(&token, reqwest::Method::GET, collection, None).await;
    assert_eq!(list["value"], json!([]));
    assert!(!server.rows().await.is_empty(), "the tenant {DEV_TENANT} was not asked for");
}
