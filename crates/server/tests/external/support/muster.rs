//! The program as a process of its own, on a free port, with a data directory that goes with it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use super::until;

/// The collection, below the address of the service.
const COLLECTION: &str = "/beta/deviceManagement/importedDeviceIdentities";

/// The program with these words, and nothing of this environment.
fn muster(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(words).env_clear().stdin(Stdio::null());
    command
}

/// A running service. It is killed, by its id, when the value goes.
pub(crate) struct Muster {
    child: Child,
    data: TempDir,
    origin: String,
    http: reqwest::Client,
}

impl Drop for Muster {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

impl Muster {
    /// Serves with these options, and has these tenants, licensed.
    pub(crate) async fn start(options: &[impl AsRef<str>], tenants: &[&str]) -> Self {
        Self::start_in(TempDir::new().unwrap(), &[], options, tenants).await
    }

    /// As [`Muster::start`], in a directory that is there already and with an environment.
    pub(crate) async fn start_in(
        data: TempDir,
        environment: &[(&str, String)],
        options: &[impl AsRef<str>],
        tenants: &[&str],
    ) -> Self {
        let mut command =
            muster(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data"]);
        command.arg(data.path()).args(options.iter().map(AsRef::as_ref));
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let file = |name: &str| File::create(data.path().join(name)).unwrap();
        let mut child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        let read = |name: &str| fs::read_to_string(data.path().join(name)).unwrap();
        until("the start message", async || {
            assert!(child.try_wait().unwrap().is_none(), "{}", read("stderr"));
            read("stdout").ends_with("\n\n")
        })
        .await;
        let greeting = read("stdout");
        let (_, address) = greeting.split_once("http://").unwrap();
        let (address, _) = address.split_once("/beta").unwrap();
        let origin = format!("http://{address}");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let service = Self { child, data, origin, http };
        for tenant in tenants {
            service.admin(&["tenant", "add", tenant]);
        }
        service
    }

    /// Has another process administer the register.
    #[track_caller]
    pub(crate) fn admin(&self, words: &[&str]) -> String {
        let mut command = muster(&["admin", "--data"]);
        let output = command.arg(self.data.path()).args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Stops it as a supervisor does, and gives its directory.
    pub(crate) fn stop(mut self) -> TempDir {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
        std::mem::replace(&mut self.data, TempDir::new().unwrap())
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// The address of the service.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// What it said when it was ready.
    pub(crate) fn greeting(&self) -> String {
        fs::read_to_string(self.data.path().join("stdout")).unwrap()
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.data.path().join("stderr")).unwrap()
    }

    /// Waits for a line of the log that holds all of these.
    pub(crate) async fn logs(&self, parts: &[&str]) {
        let is_there =
            async || self.log().lines().any(|line| parts.iter().all(|part| line.contains(part)));
        until(&format!("{parts:?} in the log:\n{}", self.log()), is_there).await;
    }

    /// A request below the collection.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{COLLECTION}{path}", self.origin))
    }

    /// Lists the rows that the bearer of a token reaches.
    pub(crate) async fn list(&self, token: &str) -> Answer {
        send(self.request(Method::GET, "").bearer_auth(token)).await
    }

    /// Makes a row.
    pub(crate) async fn create(&self, token: &str, serial: &str) -> Answer {
        let body = serde_json::json!({
            "importedDeviceIdentifier": serial,
            "importedDeviceIdentityType": "serialNumber",
        });
        send(self.request(Method::POST, "").bearer_auth(token).json(&body)).await
    }

    /// Has the bearer of a token be let in.
    #[track_caller]
    pub(crate) fn admits(&self, token: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let answer = self.list(token).await;
            assert_eq!(answer.status, 200, "{place}: {}\n{}", answer.body, self.log());
        }
    }

    /// Has the bearer of a token be refused with this status, for this reason.
    #[track_caller]
    pub(crate) fn refuses(
        &self,
        token: &str,
        status: u16,
        reason: &str,
    ) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let answer = self.list(token).await;
            assert_eq!(answer.status, status, "{place}: {}", answer.body);
            assert!(answer.message().contains(reason), "{place}: {}", answer.message());
        }
    }

    /// The last change in the history.
    pub(crate) fn last_change(&self) -> Value {
        let changes: Value =
            serde_json::from_str(&self.admin(&["history", "--output", "json"])).unwrap();
        changes.as_array().unwrap().last().unwrap().clone()
    }
}

/// Sends a request, and reads the answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    Answer { status, headers, body }
}

/// Serves with these options, which cannot be, and gives what it says.
pub(crate) fn refused_start(options: &[&str]) -> String {
    let data = TempDir::new().unwrap();
    let mut command = muster(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    let directory = data.path().join("data");
    let Output { status, stderr, .. } = command.arg(&directory).args(options).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "it started with {options:?}");
    assert!(!directory.exists(), "it has written something with {options:?}");
    said
}
