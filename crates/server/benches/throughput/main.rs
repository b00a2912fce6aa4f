//! What muster costs over the least that could do the same work, in one run on one machine.
//!
//! Reads are measured against an axum server that only serialises the entity, durable writes
//! against an axum server that only appends to a log and syncs it; on PostgreSQL, both against a
//! loop that only sends the same statements. This executable drives the
//! load and, called again, is either baseline, so that each server is a process of its own.
//! `docs/performance.md` says how to read the figures.
//!
//! It must not know: muster's insides, but for the statements that it sends. It uses the binary as
//! any client does.

mod agreement;
mod baseline;
mod disk;
mod entity;
mod import;
mod load;
mod measure;
mod options;
mod postgres;
mod report;
mod rounds;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "it serves other benchmarks, too")]
mod support;
mod workload;

use std::process::ExitCode;

use options::{Invocation, Options};
use support::{Failure, print, say};

/// The allocator that muster uses, so that neither side wins by it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    support::warn_of_debug_build();
    if !options.wants_any() {
        return print(
            "throughput: no workload has such a name; there are `read`, `write` and `postgres`\n",
        );
    }
    let run = support::drive(rounds::run(options))?;
    if !run.cases.is_empty() {
        print(&report::text(options, &run))?;
        if options.markdown {
            print(&report::markdown(options, &run))?;
        }
    }
    if let Some(run) = support::drive(postgres::run(options))? {
        print(&postgres::text(options, &run))?;
        if options.markdown {
            print(&postgres::markdown(options, &run))?;
        }
    }
    Ok(())
}

/// `cargo test --all-targets` gets one short round of everything, so that the benchmark stays able
/// to run, and one line.
fn smoke(options: &Options) -> Result<(), Failure> {
    support::drive(rounds::run(options))?;
    support::drive(postgres::run(options))?;
    print("throughput: a short round of each workload passed; `cargo bench` measures\n")
}
