//! Real Graph clients, unmodified, against the real binary: each signs in at the built-in authority
//! over TLS and uses the register as its own documentation says. The scripts beside this file are
//! what a user would write; a failing one is shown with all it said. Those in `openid` hold the
//! authority to its standards with a client that is certified for them; those in `description` hold
//! the service to what it says of itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at once at what must not be"
)]

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

/// What the clients are run with, each named by an environment variable: `.ci/run` installs them.
const PYTHON: &str = "MUSTER_TEST_PYTHON";
const NODE_MODULES: &str = "MUSTER_TEST_NODE_MODULES";
const RUST_CLIENT: &str = "MUSTER_TEST_RUST_CLIENT";

/// Interpreters take a core each: one client at a time.
static TURN: Mutex<()> = Mutex::new(());

/// The value of such a variable. Where a test must not be skipped, its absence is a failure.
fn installed(variable: &str) -> Option<OsString> {
    let value = std::env::var_os(variable);
    let is_required = std::env::var_os("MUSTER_TEST_REQUIRE").is_some();
    assert!(value.is_some() || !is_required, "{variable} is required here, and not set");
    if value.is_none() {
        println!("skipped: {variable} does not say where the client is (see .ci/run)");
    }
    value
}

/// A server, killed with its value.
struct Served {
    process: Child,
    directory: TempDir,
}

impl Served {
    fn start(options: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--log", "error"])
            .args(options)
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = said.find(|line| line.as_ref().is_ok_and(|line| line.contains("http://")));
        assert!(ready.is_some(), "the server ended without a word of where it is");
        Self { process, directory }
    }

    /// What the server wrote down for scripts.
    fn settings(&self) -> HashMap<String, String> {
        let file = self.directory.path().join("muster-data/dev.env");
        let text = std::fs::read_to_string(file).unwrap();
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

/// Runs a client against a server of its own. It ends well, having said that it is done.
fn run(mut client: Command, options: &[&str]) {
    let _turn = TURN.lock();
    let server = Served::start(options);
    let settings = server.settings();
    let ca_file = &settings["CA_FILE"];
    let trust = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"];
    let output = client
        .current_dir(server.directory.path())
        .envs(&settings)
        .envs(trust.map(|variable| (variable, ca_file)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("done"), "{said}{complained}");
}

fn python(name: &str, options: &[&str]) {
    let Some(python) = installed(PYTHON) else { return };
    let mut client = Command::new(python);
    client.arg(script(name));
    run(client, options);
}

fn node(name: &str, options: &[&str]) {
    let Some(modules) = installed(NODE_MODULES) else { return };
    let mut client = Command::new("node");
    client.arg(script(name)).env("NODE_PATH", modules);
    run(client, options);
}

#[test]
fn python_lives_the_whole_life() {
    python("life_cycle.py", &[]);
}

#[test]
fn python_signs_a_person_in_by_device_code() {
    python("device_code.py", &[]);
}

#[test]
fn python_tries_again_when_told_to_wait() {
    python("throttled.py", &["--throttle", "2/1"]);
}

#[test]
fn python_sends_batches() {
    python("batch.py", &["--no-sample"]);
}

#[test]
fn javascript_sends_batches() {
    node("batch.mjs", &["--no-sample"]);
}

#[test]
fn python_searches_and_summarises() {
    python("search.py", &["--no-sample"]);
}

#[test]
fn javascript_searches_and_summarises() {
    node("search.mjs", &["--no-sample"]);
}

#[test]
fn javascript_lives_the_whole_life() {
    node("life_cycle.mjs", &[]);
}

#[test]
fn javascript_signs_a_person_in_by_device_code() {
    node("device_code.mjs", &[]);
}

#[test]
fn javascript_tries_again_when_told_to_wait() {
    node("throttled.mjs", &["--throttle", "2/1"]);
}

#[test]
fn a_certified_client_finds_everything_by_the_issuer() {
    node("openid/discovery.mjs", &[]);
}

#[test]
fn a_certified_client_signs_in_for_itself() {
    node("openid/application.mjs", &[]);
}

#[test]
fn a_certified_client_signs_a_person_in() {
    node("openid/person.mjs", &[]);
}

#[test]
fn a_certified_client_understands_each_refusal() {
    node("openid/refusals.mjs", &[]);
}

#[test]
fn a_certified_client_signs_a_device_in() {
    node("openid/device.mjs", &[]);
}

#[test]
fn access_tokens_are_verified_by_the_published_keys() {
    node("openid/access_token.mjs", &[]);
}

#[test]
fn the_description_is_one_of_openapi() {
    python("description/validate.py", &[]);
}

#[test]
fn the_service_answers_as_its_description_says() {
    python("description/keeps_its_word.py", &[]);
}

#[test]
fn both_forms_of_the_metadata_say_the_same() {
    node("description/forms.mjs", &[]);
}

#[test]
fn a_client_made_from_the_metadata_lives_the_whole_life() {
    node("description/odata_client.mjs", &[]);
}

#[test]
fn rust_lives_the_whole_life() {
    let Some(client) = installed(RUST_CLIENT) else { return };
    run(Command::new(client), &[]);
}

#[test]
fn rust_searches_and_summarises() {
    let Some(client) = installed(RUST_CLIENT) else { return };
    run(Command::new(Path::new(&client).with_file_name("search")), &["--no-sample"]);
}

#[test]
fn curl_lives_the_whole_life() {
    let mut client = Command::new("sh");
    client.arg(script("life_cycle.sh"));
    run(client, &[]);
}
