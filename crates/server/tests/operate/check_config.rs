//! `muster check-config`: what a server would be told, and by whom.

use serde_json::{Value, json};

use crate::support::Place;

#[test]
fn it_shows_each_setting_with_its_source() {
    let place = Place::new();
    place.write("muster.toml", "max-connections = 9\nlisten = ['127.0.0.1:1', '127.0.0.1:2']\n");
    let flags = ["check-config", "--dev", "--config", "muster.toml"];
    let ran = place.run(&flags, &[("MUSTER_LOG", "debug")]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let rows: Vec<Vec<&str>> = ran
        .stdout
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap()[1..].to_vec();
    assert_eq!(rows[0], ["SETTING", "VALUE", "SOURCE"]);
    assert_eq!(row("dev"), ["true", "flag"]);
    assert_eq!(row("log"), ["debug", "variable MUSTER_LOG"]);
    assert_eq!(row("max-connections"), ["9", "muster.toml, line 1"]);
    assert_eq!(row("listen"), ["127.0.0.1:1, 127.0.0.1:2", "muster.toml, line 2"]);
    assert_eq!(row("max-import-rows"), ["10000", "default"]);
    assert_eq!(row("tls-cert"), ["-", "default"]);
    assert!(!place.path("muster-data").exists(), "it only looks");
}

#[test]
fn programs_get_values_of_their_types() {
    let place = Place::new();
    place.write("muster.toml", "max-connections = 9\nlisten = ['127.0.0.1:1']\n");
    let flags = ["check-config", "--config", "muster.toml", "--output", "json"];
    let ran = place.run(&flags, &[("MUSTER_DEV", "yes")]);
    let settings: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let get = |name: &str| {
        let found = settings.iter().find(|setting| setting["setting"] == name).unwrap();
        (found["value"].clone(), found["source"].clone())
    };
    assert_eq!(get("dev"), (json!(true), json!({ "kind": "variable", "variable": "MUSTER_DEV" })));
    let source = json!({ "kind": "file", "file": "muster.toml", "line": 1 });
    assert_eq!(get("max-connections"), (json!(9), source));
    assert_eq!(get("listen").0, json!(["127.0.0.1:1"]));
    assert_eq!(get("tls-listen"), (json!([]), json!({ "kind": "default" })));
    assert_eq!(get("tls-cert").0, Value::Null);
    assert_eq!(get("log").0, json!("info"));
}

/// What `serve` would say, in the same words and with the same exit code.
#[test]
fn it_refuses_what_serve_refuses() {
    let place = Place::new();
    place.write("muster.toml", "nonsense = 1\n");
    let cases: [&[&str]; 5] = [
        &[],
        &["--dev", "--max-connections", "0"],
        &["--dev", "--config", "muster.toml"],
        &["--dev", "--cloud", "global", "--listen", "0.0.0.0:0"],
        &["--dev", "--tls-cert", "none.pem", "--tls-key", "none.pem"],
    ];
    for case in cases {
        let [checked, served] = ["check-config", "serve"].map(|command| {
            let ran = place.run(&[&[command], case].concat(), &[]);
            assert_eq!(ran.stdout, "", "{case:?}");
            (ran.code, ran.stderr)
        });
        assert_eq!(checked, served, "{case:?}");
        assert_ne!(checked.0, Some(0), "{case:?}");
    }
}

#[test]
fn it_warns_of_variables_that_are_not_read() {
    let ran = Place::new().run(&["check-config", "--dev"], &[("MUSTER_LISTN", "x")]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let warning = "warning: the variable MUSTER_LISTN is not read; did you mean MUSTER_LISTEN?\n";
    assert_eq!(ran.stderr, warning);
}

/// The file that explains everything is a file that `serve` takes, and it says nothing.
#[test]
fn the_printed_file_changes_nothing() {
    let place = Place::new();
    let printed = place.run(&["check-config", "--print-default"], &[]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    place.write("muster.toml", &printed.stdout);
    let with = place.run(&["check-config", "--dev", "--config", "muster.toml"], &[]);
    let without = place.run(&["check-config", "--dev"], &[]);
    assert_eq!(with.code, Some(0), "{with:?}");
    assert_eq!(with.stdout, without.stdout);
}
