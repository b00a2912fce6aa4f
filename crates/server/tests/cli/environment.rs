//! Environment variables say what flags say.

use std::net::TcpListener;
use std::process::Command;

use crate::support::{Place, Server, run};

/// The binary with these variables and arguments.
fn with(place: &Place, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    command.envs(variables.iter().copied());
    command
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn variables_configure_a_server_without_a_flag() {
    let place = Place::new();
    let variables = [
        ("MUSTER_DEV", "true"),
        ("MUSTER_LISTEN", "127.0.0.1:0"),
        ("MUSTER_DATA", "keys"),
        ("MUSTER_STORE", "sqlite:rows.db"),
        ("MUSTER_NO_SAMPLE", "true"),
        ("MUSTER_IDENTIFIER_RULES", "strict"),
        ("MUSTER_LOG_FORMAT", "json"),
        ("MUSTER_LOG", "info"),
    ];
    let server = Server::start(with(&place, &variables, &["serve"]));
    assert_eq!(server.rows().await.len(), 0);
    let log = server.stop();
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "INFO");
    }
    assert!(log.contains("served"), "{log}");
    assert!(place.path().join("keys/dev.env").is_file());
    assert!(place.path().join("rows.db").is_file());
    assert!(!place.path().join("muster-data").exists());
}

#[test]
fn a_switch_takes_the_usual_words() {
    for yes in ["true", "1", "yes", "on"] {
        let place = Place::new();
        let variables = [("MUSTER_DEV", yes), ("MUSTER_LISTEN", "127.0.0.1:0")];
        Server::start(with(&place, &variables, &["serve"])).stop();
    }
    for no in ["false", "0", "no", "off"] {
        let place = Place::new();
        let failure = run(with(&place, &[("MUSTER_DEV", no)], &["serve"])).failure();
        assert!(failure.starts_with("muster: no authority"), "{no}: {failure}");
    }
    let misuse = run(with(&Place::new(), &[("MUSTER_DEV", "perhaps")], &["serve"])).misuse();
    assert!(misuse.contains("'perhaps'") && misuse.contains("--dev"), "{misuse}");
}

#[test]
fn a_flag_outranks_its_variable() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let variables = [("MUSTER_LISTEN", address.as_str())];
    let arguments = ["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];
    let server = Server::start(with(&place, &variables, &arguments));
    assert_ne!(server.address().port(), taken.local_addr().unwrap().port());
}

#[test]
fn several_addresses_stand_in_one_variable_with_commas() {
    let place = Place::new();
    let (first, second) = (free_port(), free_port());
    let addresses = format!("127.0.0.1:{first},127.0.0.1:{second}");
    let variables = [("MUSTER_LISTEN", addresses.as_str())];
    let server = Server::start(with(&place, &variables, &["serve", "--dev", "--no-sample"]));
    assert_eq!(server.address().port(), first, "it is known by the first");
    std::net::TcpStream::connect(("127.0.0.1", second)).unwrap();
}

#[test]
fn every_command_finds_the_data_directory_by_its_variable() {
    let place = Place::new();
    let variables = [("MUSTER_DATA", "somewhere")];
    let arguments = ["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];
    let server = Server::start(with(&place, &variables, &arguments));
    let token = run(with(&place, &variables, &["token"]));
    assert_eq!(token.code, Some(0), "{token:?}");
    let tenants = run(with(&place, &variables, &["admin", "tenant", "list"]));
    assert!(tenants.stdout.contains("Development"), "{tenants:?}");
    server.stop();
}

#[test]
fn a_bad_value_of_a_variable_is_refused_as_a_flags_is() {
    let place = Place::new();
    let variables = [("MUSTER_MAX_CONNECTIONS", "many")];
    let misuse = run(with(&place, &variables, &["serve", "--dev"])).misuse();
    assert!(misuse.contains("'many'") && misuse.contains("--max-connections"), "{misuse}");
}
