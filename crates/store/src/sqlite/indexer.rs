//! Brings the index of text up to date behind the write path, in small transactions between those
//! of the writer, on the connection of both. What it has not come to stands in the backlog, so it
//! may stop at any point.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::checkpoint::Checkpoints;
use super::{Place, search};
use crate::StoreError;

/// How long writes may gather. More rows at once are cheaper for each.
const GATHER: Duration = Duration::from_millis(20);
/// Rows that are indexed in one transaction, for which a write has to wait: a hundred take two or
/// three milliseconds. While there are no writes, more cost less for each.
const AT_ONCE: i64 = 100;
const AT_ONCE_ALONE: i64 = 500;
/// While there are writes, the thread rests so many times as long as it has worked, and less when
/// it falls behind: a search judges every row of the backlog. Alone it rests as long as it worked, so
/// that whoever waits for the database's lock (administration, another process) meets it free.
const REST: u32 = 9;
const REST_BEHIND: u32 = 3;
/// How often the backlog is looked at for what others have left in it: administration, or another
/// process.
const LOOK: Duration = Duration::from_secs(5);
/// How long it rests where the index cannot be written.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The writer's end.
#[derive(Debug)]
pub(super) struct Indexing {
    wake: SyncSender<()>,
    connection: Writing,
}

/// The one connection that writes rows. Two would throw away each other's cache of pages, and wait
/// for the database's lock, which is done in steps of milliseconds.
type Writing = Arc<Mutex<Connection>>;

impl Indexing {
    /// The connection that writes, to be held during a transaction.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called between two transactions.
    pub(super) fn after_commit(&self) {
        // A full channel means that the thread is about to look anyway.
        self.wake.try_send(()).ok();
    }
}

/// Starts the thread. It ends when the writer has ended, or when it is to stop.
pub(super) fn start(
    place: &Place,
    checkpoints: Checkpoints,
    is_over: Arc<AtomicBool>,
) -> Result<(Indexing, JoinHandle<()>), StoreError> {
    let connection = Arc::new(Mutex::new(place.connect()?));
    let (wake, woken) = sync_channel(1);
    let indexer = Indexer { connection: Arc::clone(&connection), checkpoints, woken, is_over };
    let thread = std::thread::Builder::new()
        .name("indexer".to_owned())
        .spawn(move || indexer.work())
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok((Indexing { wake, connection }, thread))
}

struct Indexer {
    connection: Writing,
    checkpoints: Checkpoints,
    woken: Receiver<()>,
    is_over: Arc<AtomicBool>,
}

impl Indexer {
    fn work(self) {
        loop {
            self.catch_up();
            match self.woken.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(()) => std::thread::sleep(GATHER),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Indexes the backlog until it is empty.
    fn catch_up(&self) {
        let mut at_once = AT_ONCE;
        while !self.is_over.load(Ordering::Relaxed) {
            let began = Instant::now();
            match self.index(at_once) {
                Ok(Progress { indexed: 0, .. }) => return,
                Ok(Progress { is_behind, .. }) if self.woken.try_recv().is_ok() => {
                    at_once = AT_ONCE;
                    let times = if is_behind { REST_BEHIND } else { REST };
                    std::thread::sleep((began.elapsed() * times).max(GATHER));
                }
                Ok(_) => {
                    at_once = AT_ONCE_ALONE;
                    std::thread::sleep(began.elapsed());
                }
                Err(error) => {
                    tracing::warn!(%error, "the index of text could not be brought up to date");
                    std::thread::sleep(AFTER_FAILURE);
                    return;
                }
            }
        }
    }

    fn index(&self, most: i64) -> Result<Progress, StoreError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let indexed = search::index_some(&transaction, most)?;
        let is_behind = search::is_behind(&transaction)?;
        transaction.commit()?;
        // Making the log start over may take long, and nobody waits for what is done here.
        self.checkpoints.look();
        Ok(Progress { indexed, is_behind })
    }
}

/// What came of one transaction.
struct Progress {
    indexed: usize,
    /// Whether much is left.
    is_behind: bool,
}
