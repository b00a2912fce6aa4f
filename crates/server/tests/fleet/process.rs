//! One of the processes: `muster serve` at an address that stays its own, however often it ends and
//! is started anew. Must not know how many there are.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::fleet::Caller;
use crate::outside::until;
use crate::support::program;

/// Connections to the database: few, since many tests share its server.
const CONNECTIONS: &str = "6";

pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    /// What it is started with, besides its place.
    options: Vec<String>,
    store: String,
    data: TempDir,
    child: Mutex<Option<Child>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    /// One that does not run yet.
    pub(crate) fn new(address: SocketAddr, options: &[String], store: String) -> Self {
        let (options, data) = (options.to_vec(), TempDir::new().unwrap());
        Self { address, options, store, data, child: Mutex::default() }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn spawn(&self) {
        let mut command = self.command(&["serve", "--metrics-listen", "off"]);
        command.args(["--listen", &self.address.to_string()]).args(&self.options);
        command.args(["--store-connections", CONNECTIONS]);
        let log = self.data.path().join("log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let before = self.child().replace(command.spawn().unwrap());
        assert!(before.is_none(), "it runs already");
    }

    /// Waits until it says that it can serve.
    pub(crate) async fn is_ready(&self, caller: &Caller) {
        let ready = format!("{}/readyz", self.origin());
        until("a process is ready", async || {
            assert!(self.runs(), "ended before it was ready:\n{}", self.log());
            caller.get("", &ready).await.is_some_and(|answer| answer.status == 200)
        })
        .await;
    }

    /// SIGKILL: nothing that it still had in mind gets done.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Asks it to end, as a supervisor does: SIGTERM.
    pub(crate) fn ask_to_end(&self) {
        let id = self.child().as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits until nobody is let in any more.
    pub(crate) async fn is_closed(&self) {
        until("connections are refused", async || TcpStream::connect(self.address).await.is_err())
            .await;
    }

    /// Waits until it has ended, which has to be with success.
    pub(crate) async fn has_ended(&self) {
        until("the end of a process", async || !self.runs()).await;
        let status = self.child().take().unwrap().wait().unwrap();
        assert!(status.success(), "{status}:\n{}", self.log());
    }

    pub(crate) fn runs(&self) -> bool {
        self.child().as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// What `muster admin` says, on the same database.
    pub(crate) fn admin(&self, words: &[&str]) -> String {
        let output = self.command(&[&["admin"], words].concat()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.data.path().join("log")).unwrap_or_default()
    }

    /// The program with the settings that all processes have, where the manual puts them.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = program();
        command.args(words).arg("--data").arg(self.data.path()).env("MUSTER_STORE", &self.store);
        command
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        // A test that failed still has to end what it began.
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
