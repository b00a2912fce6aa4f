//! Settings of `muster serve` from a file, from variables, and from both.

use reqwest::Method;

use crate::support::{COLLECTION, Place, Server};

const FILE: &str = r#"
dev = true
no-sample = true
listen = ["127.0.0.1:0"]
metrics-listen = "127.0.0.1:0"
data = "elsewhere"
log-format = "json"
max-import-rows = 2
"#;

#[tokio::test]
async fn a_file_alone_configures_a_server() {
    let place = Place::new();
    place.write("muster.toml", FILE);
    let server = Server::start(place.command(&["serve", "--config", "muster.toml"]));
    assert!(server.metrics.is_some());
    assert!(place.path("elsewhere/muster.db").is_file() && !place.path("muster-data").exists());
    let row = serde_json::json!({
        "importedDeviceIdentifier": "A", "importedDeviceIdentityType": "serialNumber"
    });
    let import = serde_json::json!({ "importedDeviceIdentities": [row, row, row] });
    let action = format!("{COLLECTION}/importDeviceIdentityList");
    let (status, _) = server.call(Method::POST, &action, Some(import)).await;
    assert_eq!(status, 413, "two rows at most");
    for line in server.stop().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn the_file_is_named_by_a_variable_too_and_flags_outrank_it() {
    let place = Place::new();
    place.write("muster.toml", FILE);
    let mut command = place.command(&["serve", "--data", "by-flag"]);
    command.env("MUSTER_CONFIG", "muster.toml").env("MUSTER_LOG_FORMAT", "pretty");
    let log = Server::start(command).stop();
    assert!(place.path("by-flag/muster.db").is_file() && !place.path("elsewhere").exists());
    assert!(log.contains("stopped") && !log.contains('{'), "{log}");
}

#[test]
fn every_bad_setting_of_every_place_is_told_and_nothing_is_made() {
    let place = Place::new();
    place.write("muster.toml", "listne = []\nmax-connections = 'many'\nlog = 'loud'\n");
    let flags = ["serve", "--dev", "--config", "muster.toml", "--log-format", "xml", "--bogus"];
    let variables = [("MUSTER_MAX_BODY_BYTES", "lots"), ("MUSTER_DEV", "perhaps")];
    let ran = place.run(&flags, &variables);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    insta::assert_snapshot!(ran.stderr, @"
    error: unexpected argument '--bogus' found
    error: muster.toml, line 1: there is no setting 'listne'; did you mean 'listen'?
    error: muster.toml, line 2: 'max-connections' is text; give a whole number, without quotes
    error: invalid value 'perhaps' for '--dev' in the variable MUSTER_DEV: give true or false
    error: invalid value 'lots' for '--max-body-bytes <N>' in the variable MUSTER_MAX_BODY_BYTES: give a whole number
    error: invalid value 'loud' for 'log' in muster.toml, line 3: 'loud' is no level; give error, warn, info, debug or trace
    error: invalid value 'xml' for '--log-format <FORM>': give pretty or json

    For more information, try '--help'.
    ");
    assert!(!place.path("muster-data").exists());
}

#[test]
fn what_does_not_go_together_is_told_as_a_whole() {
    let place = Place::new();
    place.write("muster.toml", "tls-listen = ['127.0.0.1:0']\nno-sample = true\n");
    let flags = ["serve", "--config", "muster.toml", "--allowed-host", "http://x"];
    let ran = place.run(&flags, &[("MUSTER_DEV_HOST", "y")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    insta::assert_snapshot!(ran.stderr, @"
    muster: the settings have 5 faults:
    - --dev-host is for --dev alone: leave it out
    - --no-sample is for --dev alone: leave it out
    - --tls-listen needs a certificate: give --tls-cert and --tls-key
    - no authority: nobody would issue the tokens that callers need. Give --cloud global (or usgov, usgov-dod, china) for Microsoft Entra ID, --issuer URL and --audience NAME for any other OpenID provider, or --dev for a register on this machine that issues its own
    - --public-url and --allowed-host: 'http://x' is no host: give a name and, where it has one, its port
    ");
    assert!(!place.path("muster-data").exists());
}

#[test]
fn a_misspelt_variable_is_warned_of_and_does_no_harm() {
    let place = Place::new();
    let options = ["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];
    let mut command = place.command(&options);
    command.env("MUSTER_MAX_CONECTIONS", "5").env("MUSTER_CRASH_ROUNDS", "5");
    let log = Server::start(command).stop();
    let warning = "MUSTER_MAX_CONECTIONS is not read; did you mean MUSTER_MAX_CONNECTIONS?";
    assert!(log.contains(warning) && log.contains("WARN"), "{log}");
    assert!(!log.contains("CRASH_ROUNDS"), "{log}");
}

/// The file is for a server; the commands beside it take what they need by flags and variables.
#[test]
fn other_commands_do_not_read_the_file() {
    let ran = Place::new().run(&["admin", "--config", "muster.toml", "tenant", "list"], &[]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("--config"), "{ran:?}");
}
