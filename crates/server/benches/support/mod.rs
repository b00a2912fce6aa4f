//! What the benchmarks share: a muster of its own process, its answers, figures and tables.
//!
//! It must not know what is measured.

pub(crate) mod answer;
pub(crate) mod figures;
pub(crate) mod muster;
pub(crate) mod process;
pub(crate) mod role;
pub(crate) mod table;

use std::io::Write as _;

/// What stopped a run, in a sentence that says where and what to do.
pub(crate) type Failure = String;

/// Runs to the end, or to the first signal, on one thread: the load shares the cores with the
/// servers that it measures.
pub(crate) fn drive<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the load generator: {error}"))?;
    runtime.block_on(async {
        tokio::select! {
            done = work => done,
            signal = process::interrupted() => Err(format!("stopped by {signal}")),
        }
    })
}

/// Figures of a debug build mislead whoever takes them for others.
pub(crate) fn warn_of_debug_build() {
    if cfg!(debug_assertions) {
        say("This is a debug build: its figures say nothing about a release build.");
    }
}

/// One line of progress or of failure, for the person at the terminal.
pub(crate) fn say(line: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Result text on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| format!("cannot write the result to standard output: {error}"))
}
