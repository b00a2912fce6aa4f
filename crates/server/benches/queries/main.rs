//! How long queries take on a large register, each checked before it is measured.
//!
//! The register is made from a fixed seed, so that this executable knows what every query has to
//! answer, and is filled as anybody fills one: by `muster serve --seed`. `docs/performance.md` says
//! how to read the figures.
//!
//! It must not know: muster's insides. It uses the binary as any client does.

mod cases;
mod client;
mod expect;
mod fill;
mod hostile;
mod measure;
mod options;
mod paging;
mod random;
mod register;
mod report;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "it serves other benchmarks, too")]
mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use client::Client;
use fill::Filled;
use measure::Run;
use options::{Invocation, Options};
use register::Register;
use support::{Failure, print, say};

fn main() -> ExitCode {
    let outcome = match Invocation::from_arguments() {
        Invocation::List => Ok(()),
        Invocation::Smoke(options) => smoke(&options),
        Invocation::Measure(options) => measure(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("queries: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// The whole measurement, and its table on standard output.
fn measure(options: &Options) -> Result<(), Failure> {
    support::warn_of_debug_build();
    let run = support::drive(run(options))?;
    print(&report::text(options, &run))?;
    if options.markdown {
        print(&report::markdown(options, &run))?;
    }
    run.outcome()
}

/// `cargo test --all-targets` gets every case once on a small register, and one line.
fn smoke(options: &Options) -> Result<(), Failure> {
    support::drive(run(options))?.outcome()?;
    print("queries: every case passed once; `cargo bench` measures\n")
}

/// Fills a register, unless that has been done, and measures every chosen case on it.
async fn run(options: &Options) -> Result<Run<'_>, Failure> {
    let register = Register::new(options.rows());
    match &options.data {
        Some(directory) => {
            let directory = absolute(directory)?;
            run_in(options, &register, &directory).await
        }
        None => {
            let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
            let directory = tempfile::tempdir_in(parent).map_err(|error| {
                format!("cannot create a directory in {}: {error}", parent.display())
            })?;
            run_in(options, &register, directory.path()).await
        }
    }
}

async fn run_in<'o>(
    options: &'o Options,
    register: &Register,
    directory: &Path,
) -> Result<Run<'o>, Failure> {
    let filled = Filled::start(options, register, directory).await?;
    let mut client = Client::connect(&filled.muster).await?;
    let mut run = Run::new(options, filled.took);
    for case in cases::all(register, &filled) {
        run.case(&mut client, &case).await;
    }
    paging::measure(&mut run, &mut client, register).await;
    for case in hostile::all() {
        run.case(&mut client, &case).await;
    }
    Ok(run)
}

/// muster is started in the directory, so that a relative path would lead elsewhere.
fn absolute(directory: &Path) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(directory)
        .and_then(|()| directory.canonicalize())
        .map_err(|error| format!("cannot use the directory {}: {error}", directory.display()))
}
