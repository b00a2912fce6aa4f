//! Files that a development register begins with. A file is read twice: once to find every fault,
//! before anything is stored, and once to store its rows, a few thousand at a time. Must not know
//! when that is done.

mod csv;
mod file;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use model::{Draft, Rules, TenantId};
use store::{Actor, Audit, Clock, Operation, Outcome, Store, StoreError, Write, WriteError};
use tokio::sync::mpsc;

pub use file::SeedFile;

/// Rows of one import: with so many, its sync costs nothing any more.
const CHUNK_ROWS: usize = 5_000;
/// Faults that are told. What is wrong in so many rows is wrong in the same way.
const MAX_TOLD: usize = 1_000;
/// How long the import of a chunk may take.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Why a register cannot begin with the files.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A file cannot be read.
    #[error("cannot read the seed {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file is none that can be read twice.
    #[error("the seed {} is no file: it is read twice, to check it and to store it", .0.display())]
    NoFile(PathBuf),
    /// A CSV of which nobody says what its identifiers are.
    #[error(
        "the seed {path} does not say what its identifiers are: give --seed TYPE={path}, where \
         TYPE is imei, serialNumber or manufacturerModelSerial",
        path = .0.display()
    )]
    NoType(PathBuf),
    /// Rows that cannot be stored.
    #[error("{}", listed(.faults, *.count))]
    Faults {
        /// The first of them.
        faults: Vec<SeedFault>,
        /// How many there are.
        count: usize,
    },
    /// The rows cannot be stored.
    #[error("the seed cannot be stored: {0}")]
    Store(#[from] WriteError),
}

/// What is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedFault {
    /// The file.
    pub path: PathBuf,
    /// Where in the file, if that is not what the reason says.
    pub place: Option<Place>,
    /// What is wrong.
    pub reason: String,
}

/// Where a row is in its file. Both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line that it begins in.
    pub line: u64,
    /// Which row it is.
    pub row: u64,
}

impl fmt::Display for SeedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.place {
            Some(Place { line, row }) => write!(f, "{path}:{line}: row {row}: {}", self.reason),
            None => write!(f, "{path}: {}", self.reason),
        }
    }
}

fn listed(faults: &[SeedFault], count: usize) -> String {
    let mut text = match count {
        1 => "the seed has a fault, and nothing was stored:".to_owned(),
        count => format!("the seed has {count} faults, and nothing was stored:"),
    };
    for fault in faults {
        text.push_str(&format!("\n  {fault}"));
    }
    match count - faults.len() {
        0 => text,
        more => format!("{text}\n  and {more} more"),
    }
}

/// How far the reading of the files has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Whether rows are stored, and not only checked.
    pub is_storing: bool,
    /// Rows so far.
    pub rows: u64,
    /// Bytes so far, of `bytes_in_all`.
    pub bytes: u64,
    /// Bytes of all files.
    pub bytes_in_all: u64,
}

/// Who hears of it.
pub type Hear<'a> = &'a mut dyn FnMut(Progress);

/// Files, with the rules that their rows must keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed<'a> {
    pub(crate) files: &'a [SeedFile],
    pub(crate) rules: Rules,
}

/// Rows as they come out of a file.
#[derive(Default)]
struct Chunk {
    drafts: Vec<Draft>,
    faults: Vec<SeedFault>,
    /// Bytes that were read for it.
    bytes: u64,
}

impl Seed<'_> {
    /// Reads all files, and finds every fault in them.
    ///
    /// # Errors
    /// A file cannot be read, or has faults.
    pub(crate) async fn check(&self, hear: Hear<'_>) -> Result<(), SeedError> {
        let (mut faults, mut count) = (Vec::new(), 0);
        let mut progress = self.progress(false)?;
        let mut chunks = self.read();
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            count += chunk.faults.len();
            faults.extend(chunk.faults.into_iter().take(MAX_TOLD - faults.len()));
            progress.rows += u64::try_from(chunk.drafts.len()).unwrap_or_default();
            progress.bytes += chunk.bytes;
            hear(progress);
        }
        if count == 0 { Ok(()) } else { Err(SeedError::Faults { faults, count }) }
    }

    /// Stores the rows of all files in a tenant's register.
    ///
    /// # Errors
    /// A file has changed since it was checked, or the store is away. Some rows may be stored.
    pub(crate) async fn store(
        &self,
        store: &Store,
        clock: &Clock,
        tenant: TenantId,
        hear: Hear<'_>,
    ) -> Result<(), SeedError> {
        let mut progress = self.progress(true)?;
        let mut repeated = 0_u64;
        let request_id = clock.guid();
        let mut chunks = self.read();
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            if !chunk.faults.is_empty() {
                return Err(SeedError::Faults { count: chunk.faults.len(), faults: chunk.faults });
            }
            progress.rows += u64::try_from(chunk.drafts.len()).unwrap_or_default();
            progress.bytes += chunk.bytes;
            let audit =
                Audit { actor: Actor::System, ip: None, request_id, client_request_id: None };
            let operation = Operation::Import { rows: chunk.drafts, overwrite: false };
            let deadline = Instant::now() + TIMEOUT;
            match store.write(Write { tenant, audit, deadline, operation }).await? {
                Outcome::Imported(rows) => {
                    let refused = rows.iter().filter(|(_, taken)| !taken).count();
                    repeated += u64::try_from(refused).unwrap_or_default();
                }
                Outcome::Row(_) | Outcome::Deleted | Outcome::Snapshot => {
                    let cause = "an import was answered as something else".to_owned();
                    return Err(WriteError::from(StoreError::Damaged(cause)).into());
                }
            }
            hear(progress);
        }
        let stored = progress.rows - repeated;
        tracing::info!(rows = stored, "the register begins with the seed");
        if repeated > 0 {
            tracing::warn!(
                rows = repeated,
                "identities stand more than once in the seed: the first of each counts"
            );
        }
        Ok(())
    }

    fn progress(&self, is_storing: bool) -> Result<Progress, SeedError> {
        let sizes = self.files.iter().map(SeedFile::size);
        let bytes_in_all = sizes.sum::<Result<u64, SeedError>>()?;
        Ok(Progress { is_storing, rows: 0, bytes: 0, bytes_in_all })
    }

    /// Reads all files on a thread for blocking work, which ends when nobody listens any more.
    fn read(&self) -> mpsc::Receiver<Result<Chunk, SeedError>> {
        let (chunks, received) = mpsc::channel(1);
        let (files, rules) = (self.files.to_vec(), self.rules);
        tokio::task::spawn_blocking(move || {
            for file in files {
                match file.read(rules, &mut |chunk| chunks.blocking_send(Ok(chunk)).is_ok()) {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => drop(chunks.blocking_send(Err(error))),
                }
            }
        });
        received
    }
}
