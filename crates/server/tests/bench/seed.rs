//! Files that a register begins with, in every form.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::begun::identifiers;
use crate::process::{COLLECTION, Place};

/// A place with files in it.
fn with(files: &[(&str, &str)]) -> Place {
    let place = Place::new();
    for (name, content) in files {
        std::fs::write(place.path().join(name), content).unwrap();
    }
    place
}

/// The rows of a register that begins with these files.
async fn rows(place: &Place, seeds: &[&str]) -> Vec<Value> {
    let options: Vec<&str> = seeds.iter().flat_map(|seed| ["--seed", seed]).collect();
    let server = place.serve(&[&["--ephemeral", "--log", "warn"], &options[..]].concat());
    let rows = server.rows().await;
    server.stop();
    rows
}

const A: &str =
    r#"{"importedDeviceIdentifier":"490154203237518","importedDeviceIdentityType":"imei"}"#;
const B: &str = r#"{"importedDeviceIdentifier":"C02","importedDeviceIdentityType":"serialNumber",
  "description":"Büro","platform":"macOS","lastContactedDateTime":"2026-01-31T08:15:30.1234567+01:00"}"#;

#[tokio::test]
async fn every_form_of_json_says_the_same() {
    let line = B.replace('\n', " ");
    let place = with(&[
        ("list.json", &format!("[{A},{B}]")),
        ("body.json", &format!(r#"{{"importedDeviceIdentities":[{A},{B}]}}"#)),
        (
            "collection.json",
            &format!(r#"{{"@odata.context":"x","value":[{A},{B}],"@odata.nextLink":"y"}}"#),
        ),
        ("lines.jsonl", &format!("{A}\n{line}\n")),
        ("one.json", A),
        ("two.json", B),
    ]);
    let forms: [&[&str]; 5] = [
        &["list.json"],
        &["body.json"],
        &["collection.json"],
        &["lines.jsonl"],
        &["one.json", "two.json"],
    ];
    for seeds in forms {
        let rows = rows(&place, seeds).await;
        assert_eq!(identifiers(&rows), ["490154203237518", "C02"], "{seeds:?}");
        assert_eq!(rows[0]["importedDeviceIdentityType"], "imei");
        assert_eq!(rows[0]["enrollmentState"], "notContacted");
        assert_eq!(rows[1]["description"], "Büro");
        assert_eq!(rows[1]["platform"], "macOS");
        assert_eq!(rows[1]["lastContactedDateTime"], "2026-01-31T08:15:30.1234567+01:00");
    }
}

#[tokio::test]
async fn files_of_the_portal_hold_one_type_each() {
    let place = with(&[
        ("phones.csv", "490154203237518,Field phone\r\n356938035643809\r\n"),
        ("serials", "\"C02\",\"Quotes, and a comma\"\n"),
        ("windows.CSV", "Microsoft Corporation,Surface Pro 11,0F3A21B\n"),
    ]);
    let seeds = ["imei=phones.csv", "serialNumber=serials", "manufacturerModelSerial=windows.CSV"];
    let rows = rows(&place, &seeds).await;
    let shown: Vec<[&str; 3]> = rows
        .iter()
        .map(|row| {
            ["importedDeviceIdentityType", "importedDeviceIdentifier", "description"]
                .map(|name| row[name].as_str().unwrap_or("null"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            ["imei", "490154203237518", "Field phone"],
            ["imei", "356938035643809", "null"],
            ["serialNumber", "C02", "Quotes, and a comma"],
            ["manufacturerModelSerial", "Microsoft Corporation,Surface Pro 11,0F3A21B", "null"],
        ]
    );
}

#[tokio::test]
async fn what_one_register_lists_another_can_begin_with() {
    let place = Place::new();
    let server = place.serve(&[]);
    let path = format!("{COLLECTION}?$top=1000");
    let (_, page) = server.call(server.token(), Method::GET, &path, None).await;
    std::fs::write(place.path().join("page.json"), page.to_string()).unwrap();
    let content = |rows: &[Value]| -> Vec<BTreeMap<String, Value>> {
        let of_the_service = ["id", "createdDateTime", "lastModifiedDateTime", "@odata.etag"];
        let mut rows: Vec<BTreeMap<String, Value>> = serde_json::from_value(json!(rows)).unwrap();
        rows.iter_mut()
            .for_each(|row| row.retain(|name, _| !of_the_service.contains(&name.as_str())));
        rows
    };
    let copied = rows(&place, &["page.json"]).await;
    assert_eq!(content(&copied), content(&server.rows().await));
}

#[tokio::test]
async fn the_first_of_identities_that_are_the_same_counts() {
    let place = with(&[
        (
            "seed.jsonl",
            r#"{"importedDeviceIdentifier":"c02","importedDeviceIdentityType":"serialNumber","description":"first"}
               {"importedDeviceIdentifier":" C02 ","importedDeviceIdentityType":"serialNumber","description":"second"}
               {"importedDeviceIdentifier":"C02","importedDeviceIdentityType":"imei"}"#,
        ),
        ("again.csv", "C02,third\nC03,\n"),
    ]);
    let server = place.serve(&["--seed", "seed.jsonl", "--seed", "serialNumber=again.csv"]);
    let rows = server.rows().await;
    assert_eq!(identifiers(&rows), ["c02", "C02", "C03"]);
    assert_eq!(rows[0]["description"], "first");
    let log = server.stop();
    let warning = log.lines().find(|line| line.contains("more than once in the seed")).unwrap();
    assert!(warning.contains("rows=2"), "{log}");
}

#[tokio::test]
async fn rows_of_many_imports_come_in_their_order() {
    let count = 12_345;
    let lines: Vec<String> = (0..count).map(|n| format!("{n:05},row {n}\n")).collect();
    let place = with(&[("many.csv", &lines.concat())]);
    let server = place.serve(&["--seed", "serialNumber=many.csv", "--ephemeral"]);
    let path = format!("{COLLECTION}/$count");
    let (_, counted) = server.call(server.token(), Method::GET, &path, None).await;
    assert_eq!(counted, json!(count));
    let mut path = format!("{COLLECTION}?$top=1000");
    let mut next = 0;
    loop {
        let (_, page) = server.call(server.token(), Method::GET, &path, None).await;
        for row in page["value"].as_array().unwrap() {
            assert_eq!(row["importedDeviceIdentifier"], format!("{next:05}"));
            assert_eq!(row["description"], format!("row {next}"));
            next += 1;
        }
        let Some(link) = page["@odata.nextLink"].as_str() else { break };
        path = link.split_once(&server.address().to_string()).unwrap().1.to_owned();
    }
    assert_eq!(next, count);
    server.stop();
}
