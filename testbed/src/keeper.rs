//! The process that a server is the child of. It ends the server when we are gone, in whatever way
//! we went: a static is not dropped, and a killed process drops nothing.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::binaries::{self, Account};

const SCRIPT: &str = include_str!("keeper.sh");

pub(crate) struct Keeper {
    process: Child,
    /// Closed by the system when we end, by which the keeper knows.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    /// A keeper of the server whose data are in `data` below the directory, with all else it needs.
    pub(crate) fn new(directory: &Path, bin: &Path, account: Option<Account>) -> Self {
        let mut command = binaries::command("sh");
        command.args(["-c", SCRIPT, "keeper.sh"]).arg(directory).arg(bin.join("postgres"));
        command.arg("-D").arg(directory.join("data")).current_dir(directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // What a terminal sends to all of us ends us, and then the keeper does its work.
        command.process_group(0);
        account.inspect(|account| account.run(&mut command));
        let mut process = command.spawn().expect("there is sh");
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        Self { process, orders, answers }
    }

    /// Starts the server; false where it ended at once.
    pub(crate) fn start(&mut self, port: u16) -> bool {
        self.order(&format!("start {port}")) == "started"
    }

    /// Ends the server with all its connections, in good order.
    pub(crate) fn stop(&mut self) {
        assert_eq!(self.order("stop"), "ended", "the server does not run");
    }

    /// Kills the server with all its children.
    pub(crate) fn kill(&mut self) {
        assert_eq!(self.order("kill"), "ended", "the server does not run");
    }

    fn order(&mut self, order: &str) -> String {
        let orders = self.orders.as_mut().expect("it is open until we are dropped");
        writeln!(orders, "{order}").expect("the keeper listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the keeper answers");
        answer.trim_end().to_owned()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.process.wait();
    }
}
