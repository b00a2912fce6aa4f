//! The program as a child process that never outlives its test.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::COLLECTION;

/// How long the program may take to start. It is ready at once; this is for a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// `muster serve` on a data directory and a free port.
pub(crate) fn serve(data: &Path) -> Command {
    let mut command = program();
    command
        .args(["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0", "--log", "warn"])
        .arg("--data")
        .arg(data);
    command
}

/// The program, without the settings of whoever runs the tests.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MUSTER_") {
            command.env_remove(name);
        }
    }
    command
}

/// A running `muster serve --dev`.
pub(crate) struct Server {
    child: Mutex<Child>,
    data: PathBuf,
    http: Client,
    base_url: String,
    token: String,
}

impl Server {
    /// Starts the program on a data directory, and waits until it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(serve(data), data)
    }

    /// As [`Server::start`], with a command that writes `dev.env` when it is ready.
    pub(crate) fn start_with(command: Command, data: &Path) -> Self {
        let mut child = spawn(command, data);
        let env_file = data.join("dev.env");
        let began = Instant::now();
        while !env_file.exists() {
            let ended = child.try_wait().unwrap();
            assert_eq!(ended, None, "ended before it was ready:\n{}", log(data));
            assert!(began.elapsed() < START_TIMEOUT, "not ready:\n{}", log(data));
            std::thread::sleep(Duration::from_millis(2));
        }
        let text = fs::read_to_string(&env_file).unwrap();
        let env: HashMap<&str, &str> =
            text.lines().filter_map(|line| line.split_once('=')).collect();
        let http = Client::builder().no_proxy().build().unwrap();
        let (base_url, token) = (env["BASE_URL"].to_owned(), env["TOKEN"].to_owned());
        Self { child: Mutex::new(child), data: data.to_owned(), http, base_url, token }
    }

    /// Starts the program and kills it so soon that it may still be recovering.
    pub(crate) fn start_and_kill(data: &Path, after: Duration) {
        let mut child = spawn(serve(data), data);
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGKILL: nothing that the program still had in mind gets done.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// A request below the collection.
    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.follow(method, &format!("{}{COLLECTION}{path}", self.base_url))
    }

    fn follow(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// All rows, page by page.
    pub(crate) async fn rows(&self) -> Vec<Value> {
        let mut url = format!("{}{COLLECTION}?$top=1000", self.base_url);
        let mut rows = Vec::new();
        loop {
            let page = self.follow(Method::GET, &url).send().await.unwrap();
            assert_eq!(page.status(), 200, "{}", self.log());
            let page: Value = page.json().await.unwrap();
            rows.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["@odata.nextLink"].as_str() {
                None => return rows,
                Some(link) => url = link.to_owned(),
            }
        }
    }

    pub(crate) fn log(&self) -> String {
        log(&self.data)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // Both fail only when it has been killed already.
        child.kill().ok();
        child.wait().ok();
    }
}

fn spawn(mut command: Command, data: &Path) -> Child {
    // What the process before this one wrote would look like a sign of life.
    fs::remove_file(data.join("dev.env")).ok();
    let log = File::options().create(true).append(true).open(data.join("stderr")).unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

fn log(data: &Path) -> String {
    fs::read_to_string(data.join("stderr")).unwrap_or_default()
}

/// What `muster admin history` says of a data directory.
pub(crate) fn history(data: &Path) -> Vec<Value> {
    let mut command = program();
    command.args(["admin", "history", "--output", "json", "--data"]).arg(data);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
