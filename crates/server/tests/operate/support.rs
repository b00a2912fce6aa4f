//! A directory to run the program in, a server that runs there, and calls to it. Must not know what
//! is right.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before the test gives up. Far more than it needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The collection.
pub(crate) const COLLECTION: &str = "/beta/deviceManagement/importedDeviceIdentities";

/// Waits until there is a value.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// An empty working directory, which goes with the value.
pub(crate) struct Place(TempDir);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The program, to be run here with an empty environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(arguments).env_clear().current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Serves a development register on free ports, the metrics at one of their own.
    #[track_caller]
    pub(crate) fn serve(&self, options: &[&str]) -> Server {
        let usual = ["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];
        let metrics = ["--metrics-listen", "127.0.0.1:0"];
        Server::start(self.command(&[&usual[..], &metrics, options].concat()))
    }
}

/// A running server. It is killed, by its id, when the value goes.
pub(crate) struct Server {
    child: Child,
    /// What it writes goes to files: a pipe would have to be read all the time.
    output: TempDir,
    pub(crate) address: SocketAddr,
    /// Where its metrics are, if it says so.
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) token: String,
    http: reqwest::Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    /// Starts it, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Self {
        let output = TempDir::new().unwrap();
        let file = |name| File::create(output.path().join(name)).unwrap();
        command.stdout(file("stdout")).stderr(file("stderr"));
        let mut child = command.spawn().unwrap();
        let read = |name| fs::read_to_string(output.path().join(name)).unwrap();
        let greeting = wait_for("the start message", || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", read("stderr"));
            let text = read("stdout");
            (text.contains("Address") && text.ends_with("\n\n")).then_some(text)
        });
        let address_of = |title: &str| {
            let line = greeting.lines().find(|line| line.trim_start().starts_with(title))?;
            line.split("http://").nth(1)?.split('/').next()?.parse().ok()
        };
        // The line to paste names the file for scripts.
        let dev_env = greeting.split(". '").nth(1).and_then(|rest| rest.split('\'').next());
        let dev_env = dev_env.map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        let token = dev_env.lines().find_map(|line| line.strip_prefix("TOKEN="));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (address, metrics) = (address_of("Address").unwrap(), address_of("Metrics"));
        let token = token.unwrap_or_default().to_owned();
        Self { child, output, address, metrics, token, http }
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.output.path().join("stderr")).unwrap()
    }

    /// Sends a signal: `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &self.child.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }

    /// Stops it as a supervisor does, and gives all that it has logged.
    #[track_caller]
    pub(crate) fn stop(mut self) -> String {
        self.signal("TERM");
        let status = wait_for("the end of the server", || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.log()
    }

    /// A call of the API by the token of `dev.env`.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, body) = (response.status(), response.bytes().await.unwrap());
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Status, type and text of what is at an address, without a token.
    pub(crate) async fn get(&self, address: SocketAddr, path: &str) -> (u16, String, String) {
        let response = self.http.get(format!("http://{address}{path}")).send().await.unwrap();
        let of_header = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
        let content_type = response.headers().get("content-type").map(of_header);
        let status = response.status().as_u16();
        (status, content_type.unwrap_or_default(), response.text().await.unwrap())
    }

    /// What `/readyz` says: its status, and each check.
    pub(crate) async fn ready(&self) -> (u16, BTreeMap<String, String>) {
        let (status, _, text) = self.get(self.address, "/readyz").await;
        let told: Value = serde_json::from_str(&text).unwrap();
        (status, serde_json::from_value(told["checks"].clone()).unwrap())
    }

    /// The metrics.
    pub(crate) async fn figures(&self) -> Figures {
        let (status, _, text) = self.get(self.metrics.unwrap(), "/metrics").await;
        assert_eq!(status, 200, "{text}");
        Figures(text)
    }
}

/// Metrics in the text format of Prometheus.
pub(crate) struct Figures(pub(crate) String);

impl Figures {
    /// The figure of a series, as it is written.
    pub(crate) fn get(&self, series: &str) -> Option<f64> {
        let value = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map(|value| value.parse().unwrap())
    }

    /// The names of all series that begin so.
    pub(crate) fn series(&self, start: &str) -> Vec<&str> {
        let lines = self.0.lines().filter(|line| line.starts_with(start));
        lines.map(|line| line.rsplit_once(' ').unwrap().0).collect()
    }
}
