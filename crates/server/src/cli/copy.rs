//! `muster admin copy`: a whole register, moved to another database.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use store::{Clock, Copied, CopyProgress, Copying, Opening, Pooling, StoreUrl};

use super::{Failure, table};
use crate::data_dir::{DataDir, DataDirError};

/// How often a terminal is told how far it has come.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

/// Options of `muster admin copy`.
#[derive(Args, Debug)]
pub(super) struct CopyArgs {
    /// The register that is copied: sqlite:PATH or postgres://USER@HOST/DATABASE. Nothing in it is
    /// changed, and nobody may write there meanwhile.
    #[arg(long, value_name = "URL")]
    from_store: StoreUrl,

    /// Where the copy is made: a file that is not there yet, an empty database, or the beginning
    /// that an interrupted copy has left. It cannot be served until the copy is verified.
    #[arg(long, value_name = "URL")]
    to_store: StoreUrl,
}

pub(super) async fn run(args: &CopyArgs, pooling: Pooling) -> Result<(), Failure> {
    let (from, to) = (&args.from_store, &args.to_store);
    let _held = hold([from, to])?;
    let began = Instant::now();
    let opening = Opening { pooling, ..Opening::default() };
    let mut shown = Shown::default();
    let copying = Copying { from, to, opening, clock: Clock::system() };
    let copied = copying
        .run(&mut |progress| {
            shown.hear(progress);
            ControlFlow::Continue(())
        })
        .await;
    shown.end();
    let took = began.elapsed();
    Ok(report(&mut std::io::stdout().lock(), args, &copied?, took)?)
}

/// Holds the directories of registers in files as a server does, where one has been.
fn hold(urls: [&StoreUrl; 2]) -> Result<Vec<DataDir>, Failure> {
    let mut directories: Vec<PathBuf> = Vec::new();
    let mut held = Vec::new();
    for url in urls {
        let StoreUrl::Sqlite(path) = url else { continue };
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = parent.unwrap_or(Path::new("."));
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        if directories.contains(&directory) {
            continue;
        }
        match DataDir::hold_used(&directory) {
            Ok(data) => held.extend(data),
            Err(DataDirError::Held { pid, .. }) => {
                return Err(format!(
                    "the register at {url} is being served (process {pid}): stop that first"
                )
                .into());
            }
            Err(error) => return Err(error.into()),
        }
        directories.push(directory);
    }
    Ok(held)
}

/// Progress as a terminal shows it; others see nothing of it.
#[derive(Default)]
struct Shown {
    last: Option<Instant>,
}

impl Shown {
    fn hear(&mut self, CopyProgress { is_copying, rows, of }: CopyProgress) {
        let is_due = self.last.is_none_or(|last| last.elapsed() >= SHOWN_EVERY);
        if std::io::stderr().is_terminal() && (is_due || rows == of) {
            let what = if is_copying { "copied" } else { "verified" };
            // Longer than whatever stood there.
            write!(std::io::stderr(), "\r{what} {rows} of {of} rows    ").ok();
            self.last = Some(Instant::now());
        }
    }

    fn end(&self) {
        if self.last.is_some() {
            writeln!(std::io::stderr()).ok();
        }
    }
}

fn report(
    out: &mut impl Write,
    args: &CopyArgs,
    copied: &Copied,
    took: Duration,
) -> std::io::Result<()> {
    let Copied { tables, from_before } = copied;
    writeln!(out, "copied {} to {}", args.from_store, args.to_store)?;
    if *from_before > 0 {
        writeln!(out, "{from_before} rows were there from before")?;
    }
    writeln!(out)?;
    let rows: Vec<[String; 3]> = tables
        .iter()
        .map(|table| [table.name.to_owned(), table.rows.to_string(), table.checksum.clone()])
        .collect();
    table::write(out, ["TABLE", "ROWS", "SHA-256"], &rows)?;
    writeln!(
        out,
        "\nverified: both sides have these rows and checksums ({:.1} s in all)",
        took.as_secs_f64()
    )
}
