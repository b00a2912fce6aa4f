//! The help, which is generated from the same text that documents the code.

use crate::support::Place;

/// The help of a command: printed, with success.
fn help(command: &[&str]) -> String {
    let text = Place::new().says(&[command, &["--help"]].concat());
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_top_level_names_the_commands() {
    insta::assert_snapshot!(help(&[]), @"
    A register of corporate device identities that speaks Microsoft Graph

    Usage: muster <COMMAND>

    Commands:
      serve  Serves the register
      token  Prints a bearer token for a register that runs with --dev
      admin  Looks after a register, while it is served or not
      help   Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version
    ");
}

#[test]
fn serve_explains_every_option_with_its_variable_and_default() {
    insta::assert_snapshot!(help(&["serve"]), @r#"
    Serves the register

    Usage: muster serve [OPTIONS]

    Options:
          --dev
              Serves a register for this machine alone, which issues its own tokens

              [env: MUSTER_DEV=]

          --listen <ADDR>
              Address to listen on; may be given several times. Port 0 takes any free one. [default:
              port 8080 of 127.0.0.1 and of ::1]

              [env: MUSTER_LISTEN=]

          --tls-listen <ADDR>
              Address to listen on with TLS; may be given several times. [default under --dev: port 8443
              of 127.0.0.1 and of ::1, or any free port where --listen is given; else none]

              [env: MUSTER_TLS_LISTEN=]

          --tls-cert <FILE>
              File with the certificate chain for TLS, in PEM. It is read again when it changes.
              [default under --dev: a certificate of the local authority whose file dev.env names]

              [env: MUSTER_TLS_CERT=]

          --tls-key <FILE>
              File with the private key of the certificate, in PEM

              [env: MUSTER_TLS_KEY=]

          --dev-host <NAME>
              Further name under which --dev may be called, and opens --dev to addresses that other
              machines reach; may be given several times. For containers that test against each other

              [env: MUSTER_DEV_HOST=]

          --data <DIR>
              Directory of keys, dev.env and, unless --store says otherwise, the database

              [env: MUSTER_DATA=]
              [default: ./muster-data]

          --store <URL>
              Database: sqlite:PATH. [default: muster.db in the data directory]

              [env: MUSTER_STORE=]

          --no-sample
              Leaves out the sample identities that a new register begins with

              [env: MUSTER_NO_SAMPLE=]

          --identifier-rules <SET>
              Rules that identifiers and descriptions must keep

              Possible values:
              - documented: Any text of 1 to 512 characters under any type, as the published page allows
              - strict:     What Intune enforces: IMEIs, serial numbers, manufacturer,model,serial

              [env: MUSTER_IDENTIFIER_RULES=]
              [default: documented]

          --max-import-rows <N>
              Most rows of one import or search

              [env: MUSTER_MAX_IMPORT_ROWS=]
              [default: 10000]

          --max-body-bytes <N>
              Most bytes of a request's body, counted after inflating it

              [env: MUSTER_MAX_BODY_BYTES=]
              [default: 16777216]

          --max-connections <N>
              Most connections at a time. When all are taken, the longest idle one makes room

              [env: MUSTER_MAX_CONNECTIONS=]
              [default: 1024]

          --request-timeout-ms <MS>
              Milliseconds that a request may take

              [env: MUSTER_REQUEST_TIMEOUT_MS=]
              [default: 30000]

          --log <LEVEL>
              Least level that is logged: error, warn, info, debug, trace; or levels of parts, such as
              "info,muster=debug"

              [env: MUSTER_LOG=]
              [default: info]

          --log-format <FORM>
              Form of the log, which goes to standard error

              Possible values:
              - pretty: For people
              - json:   One JSON object a line

              [env: MUSTER_LOG_FORMAT=]
              [default: pretty]

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

/// Every command, with the options and arguments that are its own.
const COMMANDS: [(&[&str], &[&str]); 10] = [
    (&["serve"], &["--dev", "--listen", "--data", "--store", "--no-sample", "--max-connections"]),
    (&["token"], &["--data", "--role", "--scope", "--tenant", "--personal", "--expires-in"]),
    (&["admin"], &["tenant", "history", "--data", "--store"]),
    (&["admin", "tenant"], &["add", "list", "license", "unlicense", "remove"]),
    (&["admin", "tenant", "add"], &["<TENANT>", "--name", "--unlicensed"]),
    (&["admin", "tenant", "list"], &["--output"]),
    (&["admin", "tenant", "license"], &["<TENANT>"]),
    (&["admin", "tenant", "unlicense"], &["<TENANT>"]),
    (&["admin", "tenant", "remove"], &["<TENANT>", "--yes"]),
    (&["admin", "history"], &["--tenant", "--id", "--output"]),
];

#[test]
fn every_command_explains_itself_and_its_options() {
    for (command, offered) in COMMANDS {
        let help = help(command);
        let about = help.lines().next().unwrap();
        assert!(about.contains(' ') && about.starts_with(char::is_uppercase), "{help}");
        assert!(help.contains(&format!("Usage: muster {}", command.join(" "))), "{help}");
        for name in offered {
            let line = help.lines().position(|line| line.trim_start().starts_with(name));
            let at = line.unwrap_or_else(|| panic!("no {name} in {help}"));
            // The explanation stands behind the name, or on the next line.
            let mut words = help.lines().skip(at).take(2).flat_map(str::split_whitespace);
            let is_start = |word: &&str| word.starts_with(char::is_uppercase);
            let sentence = words.find(|word| is_start(word) && !word.starts_with("MUSTER_"));
            assert!(sentence.is_some(), "{name} is not explained: {help}");
        }
    }
}

#[test]
fn the_short_help_names_the_same_commands() {
    let place = Place::new();
    assert_eq!(place.says(&["-h"]), place.says(&["help"]));
}

#[test]
fn a_command_line_without_a_command_shows_the_help_and_fails() {
    let none: [&str; 0] = [];
    let misuse = Place::new().run(&none).misuse();
    assert_eq!(misuse.trim_end(), help(&[]));
}

#[test]
fn an_unknown_command_is_answered_with_the_one_that_was_meant() {
    let misuse = Place::new().run(&["serv"]).misuse();
    assert!(misuse.contains("'serve'"), "{misuse}");
}

#[test]
fn the_version_is_the_packages() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(Place::new().says(&["--version"]), format!("muster {version}\n"));
}
