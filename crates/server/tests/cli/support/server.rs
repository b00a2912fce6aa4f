//! A server that runs as a process of its own. Must not know what it ought to answer.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use super::place::Running;
use super::{COLLECTION, Wire, wait_for};

/// A running server. It is killed, by its id, when the value goes.
pub(crate) struct Server {
    child: Running,
    /// What it writes goes to files: a pipe would have to be read all the time.
    output: TempDir,
    address: SocketAddr,
    token: String,
    http: reqwest::Client,
}

impl Server {
    /// Starts it, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Self {
        let output = TempDir::new().unwrap();
        let file = |name| File::create(output.path().join(name)).unwrap();
        command.stdout(file("stdout")).stderr(file("stderr")).stdin(Stdio::null());
        let mut child = Running(command.spawn().unwrap());
        let read = |name| fs::read_to_string(output.path().join(name)).unwrap();
        let greeting = wait_for("the start message", || {
            let ended = child.0.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", read("stderr"));
            // The message ends with the line to paste and a blank one.
            let text = read("stdout");
            (text.lines().any(|line| line.starts_with(". '")) && text.ends_with("\n\n"))
                .then_some(text)
        });
        let path = after(&greeting, ". '").split("' && ").next().unwrap().replace(r"'\''", "'");
        let env = fs::read_to_string(path).unwrap();
        Self::new(child, output, after(&greeting, "http://"), &env)
    }

    /// Starts it with a standard output of the caller's, and waits for the file for scripts.
    #[track_caller]
    pub(crate) fn start_mute(command: &mut Command, dev_env: &Path) -> Self {
        let output = TempDir::new().unwrap();
        let mut child = Running(
            command.stderr(File::create(output.path().join("stderr")).unwrap()).spawn().unwrap(),
        );
        let env = wait_for("the file for scripts", || {
            assert!(child.0.try_wait().unwrap().is_none(), "it has ended");
            fs::read_to_string(dev_env).ok()
        });
        Self::new(child, output, after(&env, "http://"), &env)
    }

    fn new(child: Running, output: TempDir, address: &str, env: &str) -> Self {
        let address = address.split('/').next().unwrap().parse().unwrap();
        let token = after(env, "\nTOKEN=").lines().next().unwrap().to_owned();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { child, output, address, token, http }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// The token of `dev.env`.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// All that it has printed.
    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(self.output.path().join("stdout")).unwrap()
    }

    /// All that it has logged.
    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.output.path().join("stderr")).unwrap()
    }

    /// Sends a signal: `TERM`, `INT`.
    pub(crate) fn signal(&self, signal: &str) {
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &self.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_for("the end of the server", || self.child.0.try_wait().unwrap())
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.0.try_wait().unwrap().is_some()
    }

    /// Stops it as a supervisor does, and gives all that it has logged.
    #[track_caller]
    pub(crate) fn stop(mut self) -> String {
        self.signal("TERM");
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "{}", self.stderr());
        self.stderr()
    }

    /// A connection to it.
    pub(crate) async fn connect(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Status and body of a call with this token.
    pub(crate) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.http.request(method, self.url(path)).bearer_auth(token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, body) = (response.status(), response.bytes().await.unwrap());
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// The status of a list with this token, and the message of its error.
    pub(crate) async fn list(&self, token: &str) -> (u16, String) {
        let (status, body) = self.call(token, Method::GET, COLLECTION, None).await;
        let message = body["error"]["message"].as_str().unwrap_or_default();
        (status.as_u16(), message.to_owned())
    }

    /// Makes a row, and gives its id.
    pub(crate) async fn create(&self, body: &Value) -> String {
        let (status, row) = self.call(&self.token, Method::POST, COLLECTION, Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{row}");
        row["id"].as_str().unwrap().to_owned()
    }

    /// All rows of the development tenant.
    pub(crate) async fn rows(&self) -> Vec<Value> {
        let path = format!("{COLLECTION}?$top=1000");
        let (status, mut page) = self.call(&self.token, Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert!(page.get("@odata.nextLink").is_none(), "more rows than a page holds");
        serde_json::from_value(page["value"].take()).unwrap()
    }
}

#[track_caller]
fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {text}")).1
}
