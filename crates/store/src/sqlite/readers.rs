//! Connections that read, each for one thread at a time. Point reads run where they are asked for;
//! what may take long runs on a thread for blocking work, and is stopped at its deadline.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::Place;
use crate::StoreError;

/// Scans that run at once. More would only take turns on the cores.
const MAX_SCANS: usize = 8;
/// Virtual machine instructions between two looks at the deadline: about 50 microseconds.
const STEPS_PER_LOOK: std::ffi::c_int = 4_000;

#[derive(Clone, Debug)]
pub(super) struct Readers {
    place: Place,
    free: Arc<Mutex<Vec<Connection>>>,
    scans: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(place: Place) -> Self {
        Self { place, free: Arc::default(), scans: Arc::new(Semaphore::new(MAX_SCANS)) }
    }

    /// How many reads of unknown length run.
    pub(super) fn scans(&self) -> usize {
        MAX_SCANS.saturating_sub(self.scans.available_permits())
    }

    /// Runs a read that is done in microseconds on this thread.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.take()?;
        let result = query(&connection);
        self.give_back(connection);
        result
    }

    /// Runs a read of unknown length on a thread for blocking work, until `deadline`.
    pub(super) async fn scan<T: Send + 'static>(
        &self,
        deadline: Instant,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let waiting =
            tokio::time::timeout_at(deadline.into(), Arc::clone(&self.scans).acquire_owned());
        let permit = waiting.await.map_err(|_| StoreError::Deadline)?;
        let readers = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            readers.until(deadline, query)
        });
        work.await.unwrap_or_else(|_| Err(StoreError::Unavailable("a reader has died".to_owned())))
    }

    fn until<T>(
        &self,
        deadline: Instant,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.take()?;
        connection.progress_handler(STEPS_PER_LOOK, Some(move || Instant::now() >= deadline))?;
        let result = query(&connection);
        connection.progress_handler(0, None::<fn() -> bool>)?;
        self.give_back(connection);
        result
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.map_or_else(|| self.place.connect(), Ok)
    }

    fn give_back(&self, connection: Connection) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Durability;

    #[tokio::test]
    async fn a_scan_is_stopped_at_its_deadline() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("scan.db");
        let readers = Readers::new(Place { path, durability: Durability::None });
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                       SELECT count(*) FROM n";
        let deadline = Instant::now() + std::time::Duration::from_millis(20);
        let stopped = readers
            .scan(deadline, move |c| Ok(c.query_row(endless, [], |row| row.get::<_, i64>(0))?))
            .await;
        assert!(matches!(stopped, Err(StoreError::Deadline)), "{stopped:?}");
        let after = readers.read(|c| Ok(c.query_row("SELECT 7", [], |row| row.get::<_, i64>(0))?));
        assert_eq!(after.unwrap(), 7);
    }
}
