//! Brings the index of text up to date behind the write path, in small transactions between those
//! of the writer. What it has not come to stands in the backlog, so it may stop at any point.

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
/// The thread rests as long as it has worked, so that whoever waits for the database's lock
/// (administration, another process) meets it free; while there are writes, this many times as long.
const REST: u32 = 3;
/// How often the backlog is looked at for what others have left in it: administration, or another
/// process.
const LOOK: Duration = Duration::from_secs(5);
/// How long it rests where the index cannot be written.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The writer's end.
#[derive(Debug)]
pub(super) struct Indexing {
    wake: SyncSender<()>,
    /// Whoever holds it writes. The database's own lock is waited for in steps of milliseconds.
    turn: Arc<Mutex<()>>,
}

impl Indexing {
    /// To be held during a transaction.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
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
    let connection = place.connect()?;
    // Only checkpoints are synced. What a power cut takes of the index is in the backlog after it.
    connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    let (wake, woken) = sync_channel(1);
    let turn = Arc::new(Mutex::new(()));
    let indexer = Indexer { connection, checkpoints, turn: Arc::clone(&turn), woken, is_over };
    let thread = std::thread::Builder::new()
        .name("indexer".to_owned())
        .spawn(move || indexer.work())
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok((Indexing { wake, turn }, thread))
}

struct Indexer {
    connection: Connection,
    checkpoints: Checkpoints,
    turn: Arc<Mutex<()>>,
    woken: Receiver<()>,
    is_over: Arc<AtomicBool>,
}

impl Indexer {
    fn work(mut self) {
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
    fn catch_up(&mut self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let began = Instant::now();
            match self.index_some() {
                Ok(0) => return,
                Ok(_) if self.woken.try_recv().is_ok() => {
                    std::thread::sleep((began.elapsed() * REST).max(GATHER));
                }
                Ok(_) => std::thread::sleep(began.elapsed()),
                Err(error) => {
                    tracing::warn!(%error, "the index of text could not be brought up to date");
                    std::thread::sleep(AFTER_FAILURE);
                    return;
                }
            }
        }
    }

    fn index_some(&mut self) -> Result<usize, StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let indexed = search::index_some(&transaction)?;
        transaction.commit()?;
        // Making the log start over may take long, and nobody waits for what is done here.
        self.checkpoints.look();
        Ok(indexed)
    }
}
