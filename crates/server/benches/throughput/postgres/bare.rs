//! The bare loop: clients that have nothing between them and the connections but lanes like
//! muster's. While a tenant's transaction is under way its writes gather, and the next takes of them
//! as many as muster does on average. Reads go together as muster's do.
//!
//! It must not know a statement.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Commits;
use super::place::{Place, Target, Tenancy};
use super::reads::Reads;
use super::transaction::{Connection, Known};
use crate::load::{self, Answers};
use crate::options::Options;
use crate::support::Failure;
use crate::workload::Workload;

pub(super) struct Bare {
    reads: Arc<Reads>,
    writers: Connections,
    known: Known,
    rows: Vec<(Uuid, Uuid)>,
    /// What gathers of each tenant whose transaction is under way.
    lanes: Mutex<HashMap<Uuid, Vec<Job>>>,
    /// Most writes in a transaction.
    batch: AtomicUsize,
    stamp: AtomicU64,
    transactions: AtomicU64,
    writes: AtomicU64,
}

/// A write, and who waits for it.
struct Job {
    id: Uuid,
    description: String,
    done: oneshot::Sender<Result<(), Failure>>,
}

/// Connections that are lent out in turn.
pub(super) struct Connections {
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Bare {
    /// Connects as often as muster: half of the connections are for writes.
    pub(super) async fn new(
        place: &Place,
        options: &Options,
        on: &Tenancy,
    ) -> Result<Arc<Self>, Failure> {
        let all = options.store_connections.get();
        let for_writes = (all / 2).max(1);
        let (url, row) = (place.url(), on.rows.first().ok_or("there are no rows")?);
        place.described(row, Some("Counted by muster")).await?;
        let known = Connection::open(&url).await.map_err(told)?.known().await.map_err(told)?;
        let bare = Arc::new(Self {
            reads: Reads::over(
                Connections::open(&url, all.saturating_sub(for_writes).max(1)).await?,
            ),
            writers: Connections::open(&url, for_writes).await?,
            known,
            rows: on.rows.iter().map(|row| (row.tenant, row.id)).collect(),
            lanes: Mutex::default(),
            batch: AtomicUsize::new(usize::MAX),
            stamp: AtomicU64::new(0),
            transactions: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        });
        bare.agrees(place, row).await?;
        Ok(bare)
    }

    /// Makes sure that muster sees what this loop writes as if it had written it, and can go on.
    async fn agrees(self: &Arc<Self>, place: &Place, row: &Target) -> Result<(), Failure> {
        let mine = "Counted by the loop";
        self.write(row.tenant, row.id, mine.to_owned()).await?;
        let (seen, own) = (place.described(row, None).await?, "Counted by muster again");
        if seen.as_deref() != Some(mine) {
            return Err(format!("muster does not see what the bare loop has written: {seen:?}"));
        }
        match place.described(row, Some(own)).await? {
            Some(text) if text == own => Ok(()),
            other => Err(format!("muster cannot write behind the bare loop: {other:?}")),
        }
    }

    /// Keeps so many clients busy for `duration`; each has its own share of the rows.
    pub(super) async fn run(
        self: &Arc<Self>,
        workload: Workload,
        clients: usize,
        duration: Duration,
    ) -> Result<Answers, Failure> {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for place in 0..clients {
            let (bare, end) = (Arc::clone(self), began + duration);
            tasks.spawn(async move { bare.keep_busy(workload, place, clients, end).await });
        }
        let latencies = load::collect(tasks).await?;
        Ok(Answers { elapsed: began.elapsed(), latencies })
    }

    /// Makes transactions no larger than others are on average: clients that all start at once
    /// would come to share one, all of them, time after time.
    pub(super) fn keep_to(&self, others: Commits) {
        let batch = others.writes.div_ceil(others.transactions.max(1)).max(1);
        self.batch.store(usize::try_from(batch).unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    pub(super) fn commits(&self) -> Commits {
        Commits {
            transactions: self.transactions.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
        }
    }

    async fn keep_busy(
        self: Arc<Self>,
        workload: Workload,
        place: usize,
        clients: usize,
        end: Instant,
    ) -> Result<Vec<u32>, Failure> {
        let mut latencies = Vec::new();
        let mut began = Instant::now();
        for &(tenant, id) in self.rows.iter().skip(place).step_by(clients).cycle() {
            match workload {
                Workload::Read => {
                    self.reads.read(tenant, id).await?;
                }
                Workload::Write => {
                    let stamp = self.stamp.fetch_add(1, Ordering::Relaxed);
                    self.write(tenant, id, load::description(stamp)).await?;
                }
            }
            let ended = Instant::now();
            latencies.push(u32::try_from((ended - began).as_nanos()).unwrap_or(u32::MAX));
            if ended >= end {
                break;
            }
            began = ended;
        }
        Ok(latencies)
    }

    /// Puts a write into its tenant's lane, sets the lane going if it stands, and waits.
    async fn write(
        self: &Arc<Self>,
        tenant: Uuid,
        id: Uuid,
        description: String,
    ) -> Result<(), Failure> {
        let (done, waits) = oneshot::channel();
        let job = Job { id, description, done };
        let stands = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            let stands = !lanes.contains_key(&tenant);
            lanes.entry(tenant).or_default().push(job);
            stands
        };
        if stands {
            tokio::spawn(Arc::clone(self).go(tenant));
        }
        waits.await.map_err(|_| "a transaction of the bare loop was given up".to_owned())?
    }

    /// Takes what has gathered, transaction after transaction, until nothing has.
    async fn go(self: Arc<Self>, tenant: Uuid) {
        loop {
            let transaction = async |connection: &Connection| {
                let jobs = self.gathered(tenant);
                let descriptions =
                    jobs.iter().map(|job| (job.id, job.description.clone())).collect();
                let written = connection.write(&self.known, tenant, &descriptions).await;
                self.transactions.fetch_add(1, Ordering::Relaxed);
                self.writes.fetch_add(jobs.len() as u64, Ordering::Relaxed);
                let written = written.map_err(told);
                for job in jobs {
                    // Where the client has gone, the run has failed already.
                    let _ = job.done.send(written.clone());
                }
                Ok(())
            };
            let _ = self.writers.with(transaction).await;
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            if lanes.get(&tenant).is_none_or(Vec::is_empty) {
                lanes.remove(&tenant);
                return;
            }
        }
    }

    fn gathered(&self, tenant: Uuid) -> Vec<Job> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = self.batch.load(Ordering::Relaxed);
        let take = |lane: &mut Vec<Job>| lane.drain(..lane.len().min(batch)).collect();
        lanes.get_mut(&tenant).map(take).unwrap_or_default()
    }
}

impl Connections {
    async fn open(url: &str, count: usize) -> Result<Self, Failure> {
        let mut idle = Vec::with_capacity(count);
        for _ in 0..count {
            idle.push(Connection::open(url).await.map_err(told)?);
        }
        Ok(Self { turns: Semaphore::new(count), idle: Mutex::new(idle) })
    }

    /// Does something over a connection, when it is one's turn.
    pub(super) async fn with<T>(
        &self,
        work: impl AsyncFnOnce(&Connection) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Failure> {
        let _turn = self.turns.acquire().await.map_err(|error| error.to_string())?;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = idle().pop().ok_or("more turns than connections")?;
        let done = work(&connection).await;
        idle().push(connection);
        done.map_err(told)
    }
}

pub(super) fn told(error: tokio_postgres::Error) -> Failure {
    format!("the bare loop: {error:?}")
}
