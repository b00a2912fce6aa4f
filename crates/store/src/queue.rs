//! The bounded queue before the write path, and how what waits becomes batches. One for all
//! engines. Must not know what a write does, only how many rows it touches and whether it shares.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use crate::{Operation, Outcome, StoreError, Write, WriteError};

/// Most writes that may wait. At 20,000 writes a second this is a fifth of a second.
const MAX_WAITING_JOBS: usize = 4_096;
/// Most rows that waiting writes may hold: ten of the largest imports. It bounds memory.
const MAX_WAITING_ROWS: usize = 100_000;
/// Most writes that share a transaction: more would not commit cheaper, only later.
pub(crate) const MAX_BATCH_JOBS: usize = 256;
/// Most rows of writes that share a transaction.
pub(crate) const MAX_BATCH_ROWS: usize = 5_000;
/// A write of more rows than this gets a transaction of its own, between two shared ones, so that
/// small writes never wait for more than one large one.
const BULK_ROWS: usize = 256;

type Answer = Result<Outcome, WriteError>;

/// A write that waits, with the place where its answer goes.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) write: Write,
    answer: oneshot::Sender<Answer>,
    rows: Rows,
    /// Until it is begun.
    place: Option<Place>,
}

impl Job {
    /// How many rows it may touch.
    pub(crate) fn rows(&self) -> usize {
        self.rows.count
    }

    /// Whether it shares its transaction with no other.
    pub(crate) fn is_alone(&self) -> bool {
        self.rows.count > BULK_ROWS || matches!(self.write.operation, Operation::Snapshot(_))
    }

    /// Answers the write. Nobody may be waiting any more: then the answer is dropped.
    pub(crate) fn answer(self, answer: Answer) {
        drop(self.answer.send(answer));
    }
}

/// The rows that a waiting write holds, given back when it is done.
#[derive(Debug)]
struct Rows {
    count: usize,
    waiting: Arc<AtomicUsize>,
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.count, Ordering::Relaxed);
    }
}

/// A write's place among those that wait, wherever it does: in the queue or with an engine that has
/// taken it and not begun it.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The near end: takes writes.
#[derive(Debug)]
pub(crate) struct Queue {
    /// None when it is closed.
    sender: Mutex<Option<mpsc::Sender<Job>>>,
    waiting_jobs: Arc<AtomicUsize>,
    waiting_rows: Arc<AtomicUsize>,
}

impl Queue {
    pub(crate) fn new() -> (Self, Intake) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING_JOBS);
        let queue = Self {
            sender: Mutex::new(Some(sender)),
            waiting_jobs: Arc::default(),
            waiting_rows: Arc::default(),
        };
        (queue, Intake { receiver, bulk: VecDeque::new() })
    }

    /// Queues a write and waits for its answer, however long that takes: a write that has been
    /// begun is never given up, so that a refusal always means that nothing was stored.
    pub(crate) async fn write(&self, write: Write) -> Answer {
        let (answer, answered) = oneshot::channel();
        let count = write.operation.rows();
        let waiting = self.waiting_rows.fetch_add(count, Ordering::Relaxed);
        let rows = Rows { count, waiting: Arc::clone(&self.waiting_rows) };
        let before = self.waiting_jobs.fetch_add(1, Ordering::Relaxed);
        let place = Some(Place(Arc::clone(&self.waiting_jobs)));
        if waiting > 0 && waiting + count > MAX_WAITING_ROWS || before >= MAX_WAITING_JOBS {
            return Err(WriteError::QueueFull);
        }
        self.send(Job { write, answer, rows, place })?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    fn send(&self, job: Job) -> Result<(), WriteError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        match sender.as_ref().ok_or_else(closed)?.try_send(job) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(WriteError::QueueFull),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(closed()),
        }
    }

    /// How many writes wait, and how many rows they and those in work hold.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let [jobs, rows] =
            [&self.waiting_jobs, &self.waiting_rows].map(|it| it.load(Ordering::Relaxed));
        (jobs, rows)
    }

    /// Refuses later writes. Those that wait are still done.
    pub(crate) fn close(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn closed() -> WriteError {
    WriteError::Store(StoreError::Unavailable("the write path has ended".to_owned()))
}

/// The far end: gives batches.
#[derive(Debug)]
pub(crate) struct Intake {
    receiver: mpsc::Receiver<Job>,
    bulk: VecDeque<Job>,
}

impl Intake {
    /// A write that waits, if one does.
    pub(crate) fn waiting_job(&mut self) -> Option<Job> {
        self.receiver.try_recv().ok()
    }

    /// Waits for a write. `None` when the queue is closed and empty.
    pub(crate) async fn job(&mut self) -> Option<Job> {
        self.receiver.recv().await
    }

    /// Waits for work and takes what may share transactions: first the small writes, then one
    /// large one. `None` when the queue is closed and empty. Blocks the thread.
    pub(crate) fn next(&mut self) -> Option<Vec<Vec<Job>>> {
        let mut small = Vec::new();
        let mut rows = 0;
        if self.bulk.is_empty() {
            let first = self.receiver.blocking_recv()?;
            rows += self.sort(first, &mut small);
        }
        while small.len() < MAX_BATCH_JOBS && rows < MAX_BATCH_ROWS {
            let Ok(job) = self.receiver.try_recv() else { break };
            rows += self.sort(job, &mut small);
        }
        let mut batches = Vec::with_capacity(2);
        if !small.is_empty() {
            batches.push(small);
        }
        batches.extend(self.bulk.pop_front().map(|job| vec![job]));
        Some(batches)
    }

    /// Puts a write among those of its size. Gives the rows that the shared batch grows by: large
    /// writes must not end it, or the small ones behind them would wait for them all.
    fn sort(&mut self, job: Job, small: &mut Vec<Job>) -> usize {
        if job.is_alone() {
            self.bulk.push_back(job);
            return 0;
        }
        let rows = job.rows();
        small.push(job);
        rows
    }
}

/// Begins the writes of a batch: drops those whose deadline has passed, telling them so, and gives
/// back the others, which do not wait any more.
pub(crate) fn begun(batch: Vec<Job>) -> Vec<Job> {
    let now = Instant::now();
    let (mut live, expired): (Vec<Job>, Vec<Job>) =
        batch.into_iter().partition(|job| job.write.deadline > now);
    for job in &mut live {
        job.place = None;
    }
    for job in expired {
        job.answer(Err(WriteError::Expired));
    }
    live
}

#[cfg(test)]
mod tests;
