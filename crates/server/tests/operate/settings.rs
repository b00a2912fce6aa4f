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

/// A register whose place a file says, and which is not where commands look otherwise.
fn placed() -> Place {
    let place = Place::new();
    place.write("muster.toml", &format!("{FILE}store = 'sqlite:there.db'\n"));
    Server::start(place.command(&["serve", "--config", "muster.toml"])).stop();
    assert!(place.path("there.db").is_file() && !place.path("elsewhere/muster.db").exists());
    place
}

#[test]
fn commands_beside_the_service_find_its_register_by_the_same_file() {
    let place = placed();
    let tenant = "d0d0d0d0-0000-4000-8000-000000000001";
    let by_variable = [("MUSTER_CONFIG", "muster.toml")];
    for (words, variables) in [
        (&["admin", "--config", "muster.toml", "tenant", "list"][..], &[][..]),
        (&["admin", "tenant", "list", "--config", "muster.toml"], &[]),
        (&["admin", "tenant", "list"], &by_variable),
        (&["admin", "tenant", "list", "--data", "nowhere"], &by_variable),
        (&["admin", "tenant", "list", "--store", "sqlite:there.db"], &[]),
    ] {
        let ran = place.run(words, variables);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{words:?}");
        assert!(ran.stdout.contains(tenant), "{words:?}: {}", ran.stdout);
    }
    let token = place.run(&["token"], &by_variable);
    assert_eq!((token.code, token.stdout.split('.').count()), (Some(0), 3), "{token:?}");
}

#[test]
fn what_outranks_the_file_is_taken_beside_the_service_too() {
    let place = placed();
    let by_variable = [("MUSTER_CONFIG", "muster.toml")];
    let elsewhere = [by_variable[0], ("MUSTER_STORE", "sqlite:other.db")];
    for (words, variables) in [
        (&["admin", "tenant", "list", "--store", "sqlite:other.db"][..], &by_variable[..]),
        (&["admin", "tenant", "list"], &elsewhere),
    ] {
        let ran = place.run(words, variables);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("there is no register at other.db"), "{}", ran.stderr);
    }
    let token = place.run(&["token", "--data", "nowhere"], &by_variable);
    assert!(token.stderr.starts_with("muster: nowhere has no signing key"), "{}", token.stderr);
}

#[test]
fn a_file_that_is_not_right_is_told_beside_the_service_too() {
    let place = placed();
    place.write("bad.toml", "stroe = 'sqlite:there.db'\nstore = 'nonsense:x'\n");
    let list = ["admin", "tenant", "list", "--config"];
    let ran = place.run(&[&list[..], &["bad.toml"]].concat(), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    insta::assert_snapshot!(ran.stderr, @"
    error: bad.toml, line 1: there is no setting 'stroe'; did you mean 'store'?
    error: invalid value 'nonsense:x' for 'store' in bad.toml, line 2: this is no store that muster knows: give sqlite:PATH or postgres://USER@HOST/DATABASE

    For more information, try '--help'.
    ");
    let ran = place.run(&[&list[..], &["none.toml"]].concat(), &[]);
    insta::assert_snapshot!(ran.stderr, @"
    error: the file none.toml of --config cannot be read: No such file or directory (os error 2)

    For more information, try '--help'.
    ");
    // Where the place is said, nobody looks into the file.
    let ran = place.run(&[&list[..], &["bad.toml", "--store", "sqlite:there.db"]].concat(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_variable_that_is_empty_says_nothing_beside_the_service_either() {
    let place = Place::new();
    Server::start(place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"])).stop();
    let names =
        ["CONFIG", "DATA", "STORE", "STORE_CONNECTIONS"].map(|name| format!("MUSTER_{name}"));
    let empty: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    for words in [&["admin", "tenant", "list"][..], &["token"]] {
        let ran = place.run(words, &empty);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{words:?}");
    }
    let ran = place.run(&["admin", "tenant", "list"], &[("MUSTER_STORE", "nonsense:x")]);
    insta::assert_snapshot!(ran.stderr, @"
    error: invalid value 'nonsense:x' for '--store <URL>' in the variable MUSTER_STORE: this is no store that muster knows: give sqlite:PATH or postgres://USER@HOST/DATABASE

    For more information, try '--help'.
    ");
}
