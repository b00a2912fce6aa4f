//! The register in one SQLite file: a writer thread, a checkpoint thread, readers.

mod backup;
mod checkpoint;
mod contents;
pub(crate) mod copy;
mod indexer;
mod query;
mod readers;
mod rows;
mod schema;
mod search;
mod snapshots;
mod tallies;
mod tenants;
mod writer;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use model::{Identity, IdentityId, SearchKey, TenantId};
use odata::query::{Apply, Filter, Group, Search};
use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use tracing::Level;

use crate::load::Commits;
use crate::queue::Queue;
use crate::{
    Change, Clock, CommitMeters, HistoryFilter, Load, Migrated, Outcome, Query, Snapshot,
    StoreError, Write, WriteError,
};
pub(crate) use backup::{backup, restore};
use query::Reading;
use readers::Readers;
use writer::Between;

/// How much of an acknowledged write a power cut may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the write-ahead log is synced before every answer.
    #[default]
    Full,
    /// All of it. For registers that nobody will miss.
    None,
}

/// An open SQLite register.
#[derive(Debug)]
pub struct Sqlite {
    queue: Queue,
    readers: Readers,
    /// For the rare statements of administration, which write without the queue.
    admin: Mutex<Connection>,
    clock: Clock,
    threads: Mutex<Vec<JoinHandle<()>>>,
    commits: Arc<Commits>,
    /// Pages in the write-ahead log when it was last looked at.
    log_pages: Arc<AtomicI64>,
    /// Whether what is done in the background is to be left as it is.
    is_over: Arc<AtomicBool>,
}

impl Sqlite {
    /// Opens the file, making and migrating it as needed, and starts the write path.
    ///
    /// # Errors
    /// The file cannot be opened, or a later build has migrated it.
    pub fn open(path: &Path, durability: Durability, clock: Clock) -> Result<Self, StoreError> {
        let place = Place { path: path.to_owned(), durability };
        place.make();
        let mut admin = place.connect()?;
        schema::prepare(&mut admin, &clock)?;
        schema::check_finished(&admin)?;
        let (queue, intake) = Queue::new();
        let (checkpoints, checkpointer) = checkpoint::start(&place)?;
        let log_pages = checkpoints.log_pages();
        let is_over = Arc::new(AtomicBool::new(false));
        let (indexing, indexer) =
            indexer::start(&place, checkpoints.clone(), Arc::clone(&is_over))?;
        let between = Between { checkpoints, indexing };
        let commits = Arc::new(Commits::default());
        let told = Arc::clone(&commits);
        let writer = writer::start(intake, between, clock.clone(), told)?;
        Ok(Self {
            queue,
            readers: Readers::new(place),
            admin: Mutex::new(admin),
            clock,
            threads: Mutex::new(vec![writer, indexer, checkpointer]),
            commits,
            log_pages,
            is_over,
        })
    }

    /// Makes the file and its tables as needed, and no more.
    pub(crate) fn migrate(
        path: &Path,
        durability: Durability,
        clock: &Clock,
    ) -> Result<Migrated, StoreError> {
        let place = Place { path: path.to_owned(), durability };
        place.make();
        let (found, now) = schema::prepare(&mut place.connect()?, clock)?;
        Ok(Migrated { found, now, no_index_of_text: None })
    }

    pub(crate) fn tell_commits(&self, meters: CommitMeters) {
        self.commits.tell(meters);
    }

    pub(crate) fn load(&self) -> Load {
        let (waiting_writes, waiting_rows) = self.queue.waiting();
        let log_pages = u64::try_from(self.log_pages.load(Ordering::Relaxed)).unwrap_or_default();
        Load { waiting_writes, waiting_rows, scans: self.readers.scans(), log_pages }
    }

    pub(crate) async fn close(&self) {
        let threads = self.end();
        tokio::task::spawn_blocking(|| wait_for(threads)).await.ok();
    }

    /// Has all threads end, and gives those that may still be at work.
    fn end(&self) -> Vec<JoinHandle<()>> {
        self.is_over.store(true, Ordering::Relaxed);
        self.queue.close();
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn write(&self, write: Write) -> Result<Outcome, WriteError> {
        self.queue.write(write).await
    }

    /// A point read costs microseconds, less than handing it to another thread would.
    pub(crate) fn get(
        &self,
        tenant: TenantId,
        id: IdentityId,
    ) -> Result<Option<Identity>, StoreError> {
        self.readers.read(|connection| rows::by_id(connection, tenant, id))
    }

    pub(crate) async fn page(
        &self,
        tenant: TenantId,
        query: Query,
        deadline: Instant,
    ) -> Result<Vec<Identity>, StoreError> {
        let page = move |connection: &Connection| {
            query::page(&Reading { connection, tenant, deadline }, &query)
        };
        self.readers.scan(deadline, page).await
    }

    pub(crate) async fn count(
        &self,
        tenant: TenantId,
        filter: Option<Filter>,
        search: Option<Search>,
        deadline: Instant,
    ) -> Result<u64, StoreError> {
        let count = move |connection: &Connection| {
            let reading = Reading { connection, tenant, deadline };
            query::count(&reading, filter.as_ref(), search.as_ref())
        };
        self.readers.scan(deadline, count).await
    }

    pub(crate) async fn summary(
        &self,
        tenant: TenantId,
        apply: Apply,
        deadline: Instant,
    ) -> Result<Vec<Group>, StoreError> {
        let summary = move |connection: &Connection| {
            query::summary(&Reading { connection, tenant, deadline }, &apply)
        };
        self.readers.scan(deadline, summary).await
    }

    pub(crate) async fn find(
        &self,
        tenant: TenantId,
        keys: Vec<SearchKey>,
        deadline: Instant,
    ) -> Result<Vec<Identity>, StoreError> {
        self.readers.scan(deadline, move |connection| rows::find(connection, tenant, &keys)).await
    }

    pub(crate) fn history(
        &self,
        filter: &HistoryFilter,
        after: Option<(TenantId, i64)>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        self.readers.read(|connection| rows::history(connection, filter, after, limit))
    }

    pub(crate) fn snapshots(&self, tenant: TenantId) -> Result<Vec<Snapshot>, StoreError> {
        self.readers.read(|connection| snapshots::list(connection, tenant))
    }

    pub(crate) fn find_setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        schema::value(&self.admin(), name)
    }

    pub(crate) fn setting(&self, name: &str, first: &[u8]) -> Result<Vec<u8>, StoreError> {
        schema::setting(&self.admin(), name, first)
    }

    fn admin(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.admin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        wait_for(self.end());
    }
}

fn wait_for(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A panic there has been reported already, and there is nothing left to save.
        drop(thread.join());
    }
}

/// Where the file is and how its connections are set up.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: PathBuf,
    durability: Durability,
}

impl Place {
    /// Makes the file (mode 0600) if it is missing. SQLite would let everybody read it, and gives
    /// the files beside it the mode of this one. If it cannot be made, the connection says why.
    fn make(&self) {
        // A file that is there is not touched: closing it would take SQLite's locks away.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path).ok();
    }

    /// A connection, of which each thread has its own.
    fn connect(&self) -> Result<Connection, StoreError> {
        let open = || -> rusqlite::Result<Connection> {
            let mut connection = Connection::open(&self.path)?;
            if tracing::enabled!(Level::TRACE) {
                connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(tell))?;
            }
            schema::set_up(&connection, self.durability)?;
            Ok(connection)
        };
        open().map_err(|error| StoreError::Open {
            path: self.path.display().to_string(),
            reason: error.to_string(),
        })
    }
}

/// Has the log say what runs: the statement as it was prepared, without the values that it is given.
#[allow(clippy::needless_pass_by_value, reason = "SQLite's wrapper gives it away")]
fn tell(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        tracing::trace!(statement = %statement.sql());
    }
}

/// Tells a deadline from damage from a database that is away for now.
impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::Deadline,
            // A constraint that fails was decided against rows that are not the stored ones.
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation,
            ) => Self::Damaged(error.to_string()),
            Some(_) => Self::Unavailable(error.to_string()),
            None => Self::Damaged(error.to_string()),
        }
    }
}
