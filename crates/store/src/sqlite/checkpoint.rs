//! Moves the write-ahead log into the database beside the write path. The log can only start over
//! when nothing in it is left to move, which under load never comes about by itself: past a size
//! the writer moves the rest between two batches, and by then little is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::Place;
use crate::StoreError;

/// Pages (of 4 KiB) that must be new in the log before moving them pays: 32 MiB.
const WORTH_MOVING: i64 = 8_192;
/// Pages in the log from which the writer makes it start over: 256 MiB.
const START_OVER: i64 = 65_536;
/// How long commits may gather before the thread looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The end of whoever commits.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    wake: SyncSender<()>,
    /// Pages in the log when the thread last looked.
    pages: Arc<AtomicI64>,
}

impl Checkpoints {
    /// Pages in the log, as they are counted from time to time.
    pub(super) fn log_pages(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.pages)
    }

    /// To be called between two transactions.
    pub(super) fn after_commit(&self, connection: &Connection) {
        if self.pages.load(Ordering::Relaxed) >= START_OVER {
            match checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)") {
                Ok(_) => self.pages.store(0, Ordering::Relaxed),
                Err(error) => tracing::warn!(%error, "the write-ahead log could not start over"),
            }
        }
        self.look();
    }

    /// To be called where there are new pages in the log, but somebody else makes it start over.
    pub(super) fn look(&self) {
        // A full channel means that the thread is about to look anyway.
        self.wake.try_send(()).ok();
    }
}

/// Starts the thread. It ends, after a last checkpoint, when all who commit have ended.
pub(super) fn start(place: &Place) -> Result<(Checkpoints, JoinHandle<()>), StoreError> {
    let connection = place.connect()?;
    let (wake, woken) = sync_channel(1);
    let pages = Arc::new(AtomicI64::new(0));
    let seen = Arc::clone(&pages);
    let thread = std::thread::Builder::new()
        .name("checkpoint".to_owned())
        .spawn(move || work(&connection, &woken, &seen))
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok((Checkpoints { wake, pages }, thread))
}

fn work(connection: &Connection, woken: &Receiver<()>, pages: &AtomicI64) {
    let mut moved = 0;
    while woken.recv().is_ok() {
        if pause(woken).is_err() {
            break;
        }
        // NOOP only counts. What is in the log is worth moving when enough of it is new.
        let Ok((log, _)) = checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)") else { continue };
        pages.store(log, Ordering::Relaxed);
        if log < moved {
            moved = 0;
        }
        if log - moved >= WORTH_MOVING {
            match checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
                Ok((_, done)) => moved = done,
                Err(error) => tracing::warn!(%error, "checkpoint failed, the log keeps growing"),
            }
        }
    }
    // Another process may hold the database: then its next checkpoint does the rest.
    drop(checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)"));
}

/// Lets commits gather. An error means that all who commit have ended.
fn pause(woken: &Receiver<()>) -> Result<(), RecvTimeoutError> {
    let until = std::time::Instant::now() + PAUSE;
    loop {
        let left = until.saturating_duration_since(std::time::Instant::now());
        match woken.recv_timeout(left) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(ended @ RecvTimeoutError::Disconnected) => return Err(ended),
        }
    }
}

/// Runs a checkpoint: pages in the log, and pages of it that are in the database.
fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<(i64, i64)> {
    connection.query_row(pragma, [], |row| Ok((row.get(1)?, row.get(2)?)))
}
