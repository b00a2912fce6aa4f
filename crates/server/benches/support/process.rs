//! Servers as child processes that never outlive the run, and the processor time that they use.
//!
//! It must not know what the servers do.

use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use super::Failure;

/// The kernel reports processor time in hundredths of a second (proc(5), `USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Last part of a log to show when its server fails, in lines.
const LOG_LINES: usize = 15;

/// A child process, killed by its id when this is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts the command.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let child = command.spawn().map_err(|error| {
            format!("cannot start {}: {error}", command.get_program().display())
        })?;
        Ok(Self { child })
    }

    /// The running child, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How the process ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Processor time so far, of all its threads. `None` where the system does not tell.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        processor_time(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of this process so far. `None` where the system does not tell.
pub(crate) fn own_processor_time() -> Option<Duration> {
    processor_time("self")
}

/// Processor time so far of a process and all that it has started: servers that work in processes of
/// their own. `None` where the system does not tell.
pub(crate) fn family_processor_time(id: &str) -> Option<Duration> {
    let mut sum: Duration = times(id)?.into_iter().sum();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    for child in children.split_whitespace() {
        // One that has ended since stands in its parent's times.
        sum += processor_time(child).unwrap_or_default();
    }
    Some(sum)
}

/// The end of a server's log, to go behind a failure.
pub(crate) fn log_tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    match lines.get(lines.len().saturating_sub(LOG_LINES)..) {
        None | Some([]) => " Its log is empty.".to_owned(),
        Some(end) => format!(" Its log ends:\n{}", end.join("\n")),
    }
}

fn processor_time(process: &str) -> Option<Duration> {
    let [user, system, ..] = times(process)?;
    Some(user + system)
}

/// The process's own times as user and system, and those of its children that have ended.
fn times(process: &str) -> Option<[Duration; 4]> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program is the second field and may hold blanks: count from its end.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(|ticks| ticks.parse().ok());
    let mut next = || Some(TICK * times.next()??);
    Some([next()?, next()?, next()?, next()?])
}

/// Waits for a signal that asks this process to stop, and names it.
#[cfg(unix)]
pub(crate) async fn interrupted() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn interrupted() -> &'static str {
    match tokio::signal::ctrl_c().await {
        Ok(()) => "Ctrl-C",
        Err(_) => std::future::pending().await,
    }
}
