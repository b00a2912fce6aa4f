//! Reads of one row by its id. Those that wait go over the next free connection together, each as a
//! statement of its own, sent one behind the other: to wake the database, and to be woken by it,
//! costs more than such a read. Must not know how connections are kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use deadpool_postgres::Object;
use futures_util::future::join_all;
use model::{Identity, IdentityId, TenantId};
use tokio::sync::oneshot;

use super::connect::Connections;
use super::failure::Failure;
use super::{AT_ONCE, rows};
use crate::StoreError;

/// Reads over a connection at a time. The first of them waits for the last.
const MOST_TOGETHER: usize = 32;
/// How many connections such reads take up. With more, fewer reads go together.
const LANES: usize = 4;

#[derive(Debug)]
pub(super) struct PointReads(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connections: Connections,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    asked: VecDeque<Asked>,
    /// How many lanes there are.
    lanes: usize,
}

#[derive(Debug)]
struct Asked {
    tenant: TenantId,
    id: IdentityId,
    answer: oneshot::Sender<Found>,
}

impl Asked {
    fn tell(self, found: Found) {
        // Whoever has gone does not need to know.
        self.answer.send(found).ok();
    }
}

type Found = Result<Option<Identity>, Failure>;

impl PointReads {
    pub(super) fn over(connections: Connections) -> Self {
        Self(Arc::new(Shared { connections, waiting: Mutex::default() }))
    }

    /// Tries to read a row, once, until `deadline`.
    pub(super) async fn by_id(&self, tenant: TenantId, id: IdentityId, deadline: Instant) -> Found {
        let (answer, found) = oneshot::channel();
        let begins = {
            let mut waiting = self.0.waiting();
            waiting.asked.push_back(Asked { tenant, id, answer });
            let begins = waiting.lanes < LANES;
            waiting.lanes += usize::from(begins);
            begins
        };
        if begins {
            tokio::spawn(Lane { shared: Arc::clone(&self.0), has_ended: false }.run());
        }
        match tokio::time::timeout_at(deadline.into(), found).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err(Failure::Passing("a read was given up".to_owned())),
            Err(_) => Err(Failure::Final(StoreError::Deadline)),
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes those that go next, of which somebody still waits for the answer.
    fn next(&self) -> Vec<Asked> {
        let mut waiting = self.waiting();
        waiting.forget_gone();
        let count = waiting.asked.len().min(MOST_TOGETHER);
        waiting.asked.drain(..count).collect()
    }
}

impl Waiting {
    /// Drops those whose answer nobody waits for any more.
    fn forget_gone(&mut self) {
        self.asked.retain(|asked| !asked.answer.is_closed());
    }
}

/// One who reads for all, until nobody waits.
struct Lane {
    shared: Arc<Shared>,
    has_ended: bool,
}

impl Lane {
    async fn run(mut self) {
        while self.goes_on() {
            let connections = &self.shared.connections;
            match connections.take(Instant::now() + AT_ONCE).await {
                Ok(connection) => {
                    let next = self.shared.next();
                    if !next.is_empty() {
                        let read = async |client: &Object| read(client, next).await;
                        // What it fails at is told to those who asked.
                        connections.until(Instant::now() + AT_ONCE, connection, read).await.ok();
                    }
                }
                // Each is told when its own time is over.
                Err(Failure::Final(StoreError::Deadline)) => {}
                Err(failure) => {
                    self.shared.next().into_iter().for_each(|it| it.tell(Err(failure.again())));
                }
            }
        }
    }

    /// Whether somebody waits. Where nobody does, the lane has ended, in the same moment: whoever
    /// asks from now on begins another.
    fn goes_on(&mut self) -> bool {
        let mut waiting = self.shared.waiting();
        waiting.forget_gone();
        if waiting.asked.is_empty() {
            waiting.lanes -= 1;
            self.has_ended = true;
        }
        !self.has_ended
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // Its task was given up.
        if !self.has_ended {
            self.shared.waiting().lanes -= 1;
        }
    }
}

/// Reads all, tells each what was found for it, and comes to the first failure.
async fn read(client: &Object, all: Vec<Asked>) -> Result<(), Failure> {
    let reads = all.iter().map(|asked| rows::by_id(client, asked.tenant, asked.id));
    let mut outcome = Ok(());
    for (found, asked) in join_all(reads).await.into_iter().zip(all) {
        if let (Ok(()), Err(failure)) = (&outcome, &found) {
            outcome = Err(failure.again());
        }
        asked.tell(found);
    }
    outcome
}
