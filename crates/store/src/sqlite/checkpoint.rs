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
use super::schema::BUSY_TIMEOUT;
use crate::StoreError;

/// Pages (of 4 KiB) that must be new in the log before moving them pays: 32 MiB.
const WORTH_MOVING: i64 = 8_192;
/// Pages in the log from which the writer makes it start over: 256 MiB.
const START_OVER: i64 = 65_536;
/// Pages that the log grows by before the writer tries again, where somebody still read the old
/// part of it, as a backup does for all its time: 32 MiB.
const TRY_AGAIN: i64 = 8_192;
/// How long the writer waits for such readers: most take less.
const WAIT_FOR_READERS: Duration = Duration::from_millis(50);
/// How long commits may gather before the thread looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The end of whoever commits.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    wake: SyncSender<()>,
    /// Pages in the log when the thread last looked.
    pages: Arc<AtomicI64>,
    /// Pages in the log from which the writer makes it start over.
    most: Arc<AtomicI64>,
}

impl Checkpoints {
    /// Pages in the log, as they are counted from time to time.
    pub(super) fn log_pages(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.pages)
    }

    /// To be called between two transactions.
    pub(super) fn after_commit(&self, connection: &Connection) {
        if self.pages.load(Ordering::Relaxed) >= self.most.load(Ordering::Relaxed) {
            match start_over(connection) {
                Ok(None) => {
                    self.pages.store(0, Ordering::Relaxed);
                    self.most.store(START_OVER, Ordering::Relaxed);
                }
                Ok(Some(pages)) => self.most.store(pages + TRY_AGAIN, Ordering::Relaxed),
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
    let most = Arc::new(AtomicI64::new(START_OVER));
    Ok((Checkpoints { wake, pages, most }, thread))
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

/// Makes the log start over, unless somebody reads what is in it: then, how many pages it has.
fn start_over(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.busy_timeout(WAIT_FOR_READERS)?;
    let outcome = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| {
        let (is_busy, pages): (bool, i64) = (row.get(0)?, row.get(1)?);
        Ok(is_busy.then_some(pages))
    });
    connection.busy_timeout(BUSY_TIMEOUT)?;
    outcome
}

/// Runs a checkpoint: pages in the log, and pages of it that are in the database.
fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<(i64, i64)> {
    connection.query_row(pragma, [], |row| Ok((row.get(1)?, row.get(2)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Durability;

    #[test]
    fn a_log_that_is_read_starts_over_later() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.db");
        let place = Place { path, durability: Durability::None };
        let (writer, reader) = (place.connect().unwrap(), place.connect().unwrap());
        writer.execute_batch("CREATE TABLE numbers (n); INSERT INTO numbers VALUES (1)").unwrap();
        let (checkpoints, _thread) = start(&place).unwrap();
        let most = || checkpoints.most.load(Ordering::Relaxed);
        let read = reader.unchecked_transaction().unwrap();
        let count = |sql| reader.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT n FROM numbers"), 1);
        writer.execute_batch("UPDATE numbers SET n = 2").unwrap();

        checkpoints.pages.store(START_OVER, Ordering::Relaxed);
        checkpoints.after_commit(&writer);
        let pages = most() - TRY_AGAIN;
        assert!((1..20).contains(&pages), "what is in the log: {pages} pages");
        assert_eq!(count("SELECT n FROM numbers"), 1, "the reader was left in peace");

        drop(read);
        checkpoints.pages.store(START_OVER, Ordering::Relaxed);
        checkpoints.after_commit(&writer);
        assert_eq!(most(), START_OVER);
        let (log, moved) = checkpoint(&writer, "PRAGMA wal_checkpoint(NOOP)").unwrap();
        assert_eq!(log, moved, "all of the log was moved");
    }
}
