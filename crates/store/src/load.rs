//! What a store tells of its own work. Must not know who listens.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::Histogram;

/// Where each commit of the write path is told to.
#[derive(Clone)]
pub struct CommitMeters {
    /// Writes that shared the transaction.
    pub writes: Histogram,
    /// Rows that it stored.
    pub rows: Histogram,
    /// Seconds that the commit took, the sync included.
    pub seconds: Histogram,
}

impl std::fmt::Debug for CommitMeters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommitMeters").finish_non_exhaustive()
    }
}

/// Tells commits, as soon as somebody listens.
#[derive(Debug, Default)]
pub(crate) struct Commits(OnceLock<CommitMeters>);

impl Commits {
    /// Begins to tell. Who came first stays.
    pub(crate) fn tell(&self, meters: CommitMeters) {
        // A second listener would hear half of it.
        drop(self.0.set(meters));
    }

    #[expect(clippy::cast_precision_loss, reason = "a transaction holds a few thousand rows")]
    pub(crate) fn committed(&self, writes: usize, rows: usize, took: Duration) {
        let Some(meters) = self.0.get() else { return };
        meters.writes.record(writes as f64);
        meters.rows.record(rows as f64);
        meters.seconds.record(took.as_secs_f64());
    }
}

/// What a store has to do at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Writes that wait for the write path.
    pub waiting_writes: usize,
    /// Rows of writes that wait or are being written.
    pub waiting_rows: usize,
    /// Reads of unknown length that run.
    pub scans: usize,
    /// Pages in the write-ahead log when it was last looked at, for an engine that has one.
    pub log_pages: u64,
}
