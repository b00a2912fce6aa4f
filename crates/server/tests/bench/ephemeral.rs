//! A register that goes with its process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::process::{Place, Server, run, wait_until};

const SERVE: [&str; 5] = ["serve", "--dev", "--listen", "127.0.0.1:0", "--ephemeral"];

/// A command whose files for the time being go to a directory of this test.
fn command(place: &Place, options: &[&str]) -> Command {
    let scratch = scratch(place);
    fs::create_dir_all(&scratch).unwrap();
    let mut command = place.command(&[&SERVE, options].concat());
    command.env("TMPDIR", scratch);
    command
}

fn scratch(place: &Place) -> PathBuf {
    place.path().join("scratch")
}

fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn nothing_stays_whatever_signal_ends_it() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let mut server = Server::start(command(&place, &[]));
        server.create(&json!({ "importedDeviceIdentifier": "new" })).await;
        let made = entries(&scratch(&place));
        assert!(matches!(made.as_slice(), [one] if one.starts_with("muster-")), "{made:?}");
        assert!(!place.path().join("muster-data").exists());
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
        assert_eq!(entries(&scratch(&place)), [""; 0], "after {signal}");
        assert_eq!(entries(place.path()), ["scratch"]);
    }
}

#[tokio::test]
async fn a_start_that_fails_leaves_nothing_either() {
    let place = Place::new();
    fs::write(place.path().join("bad.json"), "[{}]").unwrap();
    let ran = run(command(&place, &["--seed", "bad.json"]));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(entries(&scratch(&place)), [""; 0]);
}

#[tokio::test]
async fn the_start_message_says_where_scripts_look_and_that_nothing_is_kept() {
    let place = Place::new();
    let server = Server::start(command(&place, &[]));
    let [directory] = <[String; 1]>::try_from(entries(&scratch(&place))).unwrap();
    let env_file = scratch(&place).join(directory).join("dev.env");
    assert!(server.stdout().contains(&format!("For scripts  {}", env_file.display())));
    assert!(server.stdout().contains("nothing: the register goes when this ends"));
    let content = fs::read_to_string(&env_file).unwrap();
    assert!(content.contains(&format!("TOKEN={}", server.token())));
}

#[tokio::test]
async fn a_data_directory_keeps_the_keys_and_never_the_rows() {
    let place = Place::new();
    let options = ["--data", "keys", "--no-sample"];
    let server = Server::start(command(&place, &options));
    server.create(&json!({ "importedDeviceIdentifier": "new" })).await;
    let token = server.token().to_owned();
    server.stop();
    assert_eq!(entries(&scratch(&place)), [""; 0]);
    let kept = entries(&place.path().join("keys"));
    assert!(kept.contains(&"dev-signing-key.pem".to_owned()), "{kept:?}");
    assert!(!kept.contains(&"dev.env".to_owned()), "nobody listens where it says: {kept:?}");
    assert!(!kept.iter().any(|name| name.starts_with("muster.db")), "{kept:?}");

    // The same keys, another register.
    let server = Server::start(command(&place, &options));
    assert_eq!(server.list(&token).await.0, 200, "a token of before is believed");
    assert_eq!(server.rows().await.len(), 0);
}

#[tokio::test]
async fn a_script_that_waits_for_its_file_finds_no_older_one() {
    let place = Place::new();
    drop(Server::start(command(&place, &["--data", "keys"])));
    let file = place.path().join("keys/dev.env");
    assert!(file.exists(), "a server that is killed removes nothing");
    // It cannot serve before it has read this, and its keys are held by then.
    let seed: String = (0..20_000).map(|n| format!("{n}\n")).collect();
    fs::write(place.path().join("seed.csv"), seed).unwrap();
    let options = ["--data", "keys", "--seed", "serialNumber=seed.csv"];
    let mut child = command(&place, &options)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the old file to go", || !file.exists());
    wait_until("the new one", || file.exists());
    let env = fs::read_to_string(&file).unwrap();
    let url = env.lines().find_map(|line| line.strip_prefix("BASE_URL=")).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(url).send().await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answer.unwrap().status(), 200, "{url}");
}

#[tokio::test]
async fn a_register_that_is_kept_is_not_touched() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    server.create(&json!({ "importedDeviceIdentifier": "kept" })).await;
    server.stop();
    let server = Server::start(command(&place, &["--data", "muster-data"]));
    assert!(!crate::begun::identifiers(&server.rows().await).contains(&"kept"));
    crate::begun::reset(&server).await;
    server.stop();
    let server = place.serve_empty(&[]);
    assert_eq!(crate::begun::identifiers(&server.rows().await), ["kept"]);
}

#[test]
fn where_to_keep_it_cannot_be_said() {
    let place = Place::new();
    let failure = run(command(&place, &["--store", "sqlite:rows.db"])).failure();
    insta::assert_snapshot!(failure, @"muster: --ephemeral keeps nothing, and --store says where to keep it: leave one of them out");
    assert!(!place.path().join("rows.db").exists());
    // A variable that says no is as good as none.
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("MUSTER_EPHEMERAL", "false").env("MUSTER_STORE", "sqlite:rows.db");
    Server::start(command).stop();
    assert!(place.path().join("rows.db").exists());
}
