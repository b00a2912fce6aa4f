//! What muster costs over the least that could do the same work, in one run on one machine.
//!
//! Reads are measured against an axum server that only serialises the entity, durable writes
//! against an axum server that only appends to a log and syncs it. This executable drives the
//! load and, called again, is either baseline, so that each server is a process of its own.
//! `docs/performance.md` says how to read the figures.
//!
//! It must not know: muster's insides. It uses the binary as any client does.

mod agreement;
mod baseline;
mod disk;
mod entity;
mod load;
mod measure;
mod muster;
mod options;
mod process;
mod report;
mod rounds;
mod workload;

use std::io::Write as _;
use std::process::ExitCode;

use options::{Invocation, Options};

/// The allocator that muster uses, so that neither side wins by it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What stopped a run, in a sentence that says where and what to do.
type Failure = String;

fn main() -> ExitCode {
    let outcome = match Invocation::from_arguments() {
        Invocation::Serve(baseline) => baseline::serve(baseline),
        Invocation::List => Ok(()),
        Invocation::Smoke(options) => smoke(&options),
        Invocation::Measure(options) => measure(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("throughput: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// The whole measurement, and its tables on standard output.
fn measure(options: &Options) -> Result<(), Failure> {
    if cfg!(debug_assertions) {
        say("This is a debug build: its figures say nothing about a release build.");
    }
    let run = drive(options)?;
    if run.cases.is_empty() {
        return print("throughput: no workload has such a name; there are `read` and `write`\n");
    }
    print(&report::text(options, &run))?;
    if options.markdown {
        print(&report::markdown(options, &run))?;
    }
    Ok(())
}

/// `cargo test --all-targets` gets one short round of everything, so that the benchmark stays able
/// to run, and one line.
fn smoke(options: &Options) -> Result<(), Failure> {
    drive(options)?;
    print("throughput: a short round of each workload passed; `cargo bench` measures\n")
}

/// Runs every chosen workload, or stops at the first signal, on one thread: the load shares the
/// cores with the servers that it measures.
fn drive(options: &Options) -> Result<rounds::Run, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the load generator: {error}"))?;
    runtime.block_on(async {
        tokio::select! {
            run = rounds::run(options) => run,
            signal = process::interrupted() => Err(format!("stopped by {signal}")),
        }
    })
}

/// One line of progress or of failure, for the person at the terminal.
fn say(line: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Result text on standard output.
fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| format!("cannot write the result to standard output: {error}"))
}
