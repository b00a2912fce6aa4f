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
      serve         Serves the register
      check-config  Tells the settings that serve would have, and where each comes from; or all that is
                    wrong
      token         Prints a bearer token for a register that runs with --dev
      admin         Looks after a register, while it is served or not
      help          Print this message or the help of the given subcommand(s)

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
          --config <FILE>
              File of settings, in TOML: each key is the name of a flag. `check-config --print-default`
              prints one that explains them all

              [env: MUSTER_CONFIG=]

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

          --metrics-listen <ADDR>
              Where Prometheus finds /metrics: an address of its own, `api` for the addresses that the
              API has, or `off`. [default: 127.0.0.1:9464, and off under --dev]

              [env: MUSTER_METRICS_LISTEN=]

          --dev-host <NAME>
              Further name under which --dev may be called, and opens --dev to addresses that other
              machines reach; may be given several times. For containers that test against each other

              [env: MUSTER_DEV_HOST=]

          --dev-redirect-uri <URI>
              Address besides those of this machine that --dev may send the answer of a sign-in to,
              written exactly as the application sends it; may be given several times

              [env: MUSTER_DEV_REDIRECT_URI=]

          --data <DIR>
              Directory of dev.env and other files of --dev, and, unless --store says otherwise, of the
              database. [default: ./muster-data]

              [env: MUSTER_DATA=]

          --store <URL>
              Database: sqlite:PATH, or postgres://USER@HOST/DATABASE (several hosts with commas;
              sslmode, sslrootcert and more behind a question mark). [default: muster.db in the data
              directory]

              [env: MUSTER_STORE=]

          --store-connections <NUMBER>
              Most connections to PostgreSQL at a time. Half of them are for writes

              [env: MUSTER_STORE_CONNECTIONS=]
              [default: 16]

          --store-connect-timeout-ms <MS>
              How long connecting to a host of PostgreSQL may take, in milliseconds

              [env: MUSTER_STORE_CONNECT_TIMEOUT_MS=]
              [default: 2000]

          --store-statement-timeout-ms <MS>
              How long a statement may take in PostgreSQL, in milliseconds

              [env: MUSTER_STORE_STATEMENT_TIMEOUT_MS=]
              [default: 60000]

          --no-sample
              Leaves out the sample identities that a new register begins with

              [env: MUSTER_NO_SAMPLE=]

          --seed <[TYPE=]FILE>
              File that an empty development register begins with, in the place of the samples; may be
              given several times. FILE is JSON: a list of identities, the body of an import, a
              collection, or one identity after the other. TYPE=FILE is the portal's CSV of imei,
              serialNumber or manufacturerModelSerial

              [env: MUSTER_SEED=]

          --ephemeral
              Keeps nothing: a development register that goes when the service ends. Keys and dev.env
              go, too, unless --data says where to leave them

              [env: MUSTER_EPHEMERAL=]

          --throttle <RATE>
              How often callers may call before they get 429: off; intune, for the figures that Intune
              publishes; or N/S, for N requests in S seconds of each application in each tenant

              [env: MUSTER_THROTTLE=]
              [default: off]

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

          --cloud <CLOUD>
              Believes the tokens of Microsoft Entra ID in a cloud, for all tenants that the register
              has: global, usgov, usgov-dod or china

              [env: MUSTER_CLOUD=]

          --issuer <URL>
              Believes the tokens of an OpenID provider whose discovery document is at this address; may
              be given several times. `{tid}` in it stands for the tenant's id

              [env: MUSTER_ISSUER=]

          --audience <NAME>
              Name of this service that tokens are made out to (`aud`); may be given several times.
              [default with --cloud: Microsoft Graph in that cloud]

              [env: MUSTER_AUDIENCE=]

          --tenant <TENANT>
              Tenant of an issuer whose tokens name none: once for all issuers, or once for each in
              their order

              [env: MUSTER_TENANT=]

          --claim-tenant <CLAIM>
              Claim with the tenant's id. A claim is given by its name, or by a path of names joined by
              dots; these options may be given several times. [default: tid]

              [env: MUSTER_CLAIM_TENANT=]

          --claim-scopes <CLAIM>
              Claim with scopes. [default: scp, and with --issuer also scope]

              [env: MUSTER_CLAIM_SCOPES=]

          --claim-roles <CLAIM>
              Claim with roles, such as realm_access.roles or resource_access.muster.roles of Keycloak.
              [default: roles]

              [env: MUSTER_CLAIM_ROLES=]

          --claim-user <CLAIM>
              Claim with the id of a person. [default: oid, and with --issuer also sub]

              [env: MUSTER_CLAIM_USER=]

          --claim-user-name <CLAIM>
              Claim with the name of a person. [default: upn or preferred_username, and with --issuer
              also email]

              [env: MUSTER_CLAIM_USER_NAME=]

          --claim-app <CLAIM>
              Claim with the id of an application. [default: appid or azp, and with --issuer also
              client_id or cid]

              [env: MUSTER_CLAIM_APP=]

          --authority-ca <FILE>
              File with root certificates in PEM that the authority's address is trusted by, besides
              those of the web

              [env: MUSTER_AUTHORITY_CA=]

          --key-refresh-s <S>
              Seconds after which the authority's keys are fetched again: so long is a withdrawn key
              believed at most

              [env: MUSTER_KEY_REFRESH_S=]
              [default: 300]

          --public-url <URL>
              Address that the service is called by: scheme, host and port. Links in answers follow it

              [env: MUSTER_PUBLIC_URL=]

          --allowed-host <HOST>
              Further host that the service is called by, with its port where it has one, which links in
              answers may follow; may be given several times

              [env: MUSTER_ALLOWED_HOST=]

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

/// Every command, with the options and arguments that are its own.
const COMMANDS: [(&[&str], &[&str]); 15] = [
    (&["serve"], &["--dev", "--listen", "--data", "--store", "--no-sample", "--max-connections"]),
    (&["check-config"], &["--dev", "--listen", "--config", "--output", "--print-default"]),
    (&["token"], &["--data", "--role", "--scope", "--tenant", "--personal", "--expires-in"]),
    (
        &["admin"],
        &["tenant", "history", "backup", "restore", "migrate", "copy", "--data", "--store"],
    ),
    (&["admin", "tenant"], &["add", "list", "license", "unlicense", "remove"]),
    (&["admin", "tenant", "add"], &["<TENANT>", "--name", "--unlicensed"]),
    (&["admin", "tenant", "list"], &["--output"]),
    (&["admin", "tenant", "license"], &["<TENANT>"]),
    (&["admin", "tenant", "unlicense"], &["<TENANT>"]),
    (&["admin", "tenant", "remove"], &["<TENANT>", "--yes"]),
    (&["admin", "history"], &["--tenant", "--id", "--output"]),
    (&["admin", "backup"], &["<TO>", "--yes"]),
    (&["admin", "restore"], &["<FROM>", "--yes"]),
    (&["admin", "migrate"], &["--data", "--store"]),
    (&["admin", "copy"], &["--from-store", "--to-store"]),
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
