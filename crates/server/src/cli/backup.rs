//! `muster admin backup` and `muster admin restore`: what a copy holds, and how far it has come.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use store::{BackupRun, BackupStep, Contents, StoreUrl};
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Place, table};
use crate::app;

/// How often the bar moves while there is nothing to count.
const TICK: Duration = Duration::from_millis(100);

/// Options of `muster admin backup`.
#[derive(Args, Clone, Debug)]
pub(super) struct BackupArgs {
    /// File to write, for its owner alone.
    to: PathBuf,

    /// Replaces the file if it is there, for good.
    #[arg(long)]
    yes: bool,
}

/// Options of `muster admin restore`.
#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    /// File that `muster admin backup` has written.
    from: PathBuf,

    /// Replaces the register if there is one, for good.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn backup(place: &Place, url: StoreUrl, args: &BackupArgs) -> Result<(), Failure> {
    let (data, order, register) = (place.data().to_owned(), args.clone(), url.clone());
    let work = move |copying: &mut BackupRun<'_>| {
        copying.replace = order.yes;
        app::backup(&data, &register, &order.to, copying)
    };
    let done = watched(work).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "backed up {url} to {}: {}", args.to.display(), summary(&done.contents))?;
    tell(&mut out, &done.contents)?;
    if !done.left_out.is_empty() {
        let names = done.left_out.join(", ");
        writeln!(out, "left out: keys of --dev, which are made anew where they are not: {names}")?;
    }
    Ok(())
}

pub(super) async fn restore(
    place: &Place,
    url: StoreUrl,
    args: &RestoreArgs,
) -> Result<(), Failure> {
    let (data, order, register) = (place.data().to_owned(), args.clone(), url.clone());
    let work = move |copying: &mut BackupRun<'_>| {
        copying.replace = order.yes;
        app::restore(&data, &register, &order.from, copying)
    };
    let contents = watched(work).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "restored {} to {url}: {}", args.from.display(), summary(&contents))?;
    tell(&mut out, &contents)
}

/// Does the work on a thread of its own, shows how far it is, and has it stop by itself on a
/// signal, so that it can clean up.
async fn watched<T: Send + 'static>(
    work: impl FnOnce(&mut BackupRun<'_>) -> Result<T, app::RescueError> + Send + 'static,
) -> Result<T, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let told = Arc::clone(&stop);
    let working = tokio::task::spawn_blocking(move || {
        let bar = bar();
        let mut hear = |step| show(&bar, step);
        let outcome = work(&mut BackupRun { replace: false, hear: &mut hear, stop: told });
        bar.finish_and_clear();
        outcome
    });
    let stopping = tokio::spawn(async move {
        tokio::select! {
            _ = signals.0.recv() => {}
            _ = signals.1.recv() => {}
        }
        stop.store(true, Ordering::Relaxed);
    });
    let outcome = working.await?;
    stopping.abort();
    Ok(outcome?)
}

/// A bar on standard error, if that is a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    // A template that cannot be read would be seen by the first who looks: the plain bar stays.
    if let Ok(style) = ProgressStyle::with_template(
        "{msg} {bar:32} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} to go",
    ) {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, step: BackupStep) {
    match step {
        BackupStep::Copying { done, all } => {
            bar.set_message("copying");
            bar.set_length(all);
            bar.set_position(done);
        }
        BackupStep::Checking => {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message("checking the copy");
            bar.enable_steady_tick(TICK);
        }
    }
}

fn summary(contents: &Contents) -> String {
    let Contents { bytes, schema, tenants } = contents;
    let tenants = tenants.len();
    let noun = if tenants == 1 { "tenant" } else { "tenants" };
    format!("{}, schema version {schema}, {tenants} {noun}, checked", HumanBytes(*bytes))
}

fn tell(out: &mut impl Write, contents: &Contents) -> Result<(), Failure> {
    if contents.tenants.is_empty() {
        return Ok(());
    }
    let rows = contents.tenants.iter().map(|held| {
        let last = held.last_change.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let (id, name) = (held.tenant.id.to_string(), held.tenant.name.clone());
        [id, held.identities.to_string(), held.changes.to_string(), last, name]
    });
    let rows: Vec<[String; 5]> = rows.collect();
    table::write(out, ["TENANT", "IDENTITIES", "CHANGES", "LAST CHANGE", "NAME"], &rows)?;
    for held in contents.tenants.iter().filter(|held| held.is_going) {
        let id = held.tenant.id;
        writeln!(out, "being removed: {id}; `muster admin tenant remove {id} --yes` goes on")?;
    }
    Ok(())
}
