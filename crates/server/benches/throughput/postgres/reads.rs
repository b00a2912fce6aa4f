//! Reads of the bare loop, which go over a connection together like muster's: those that wait when
//! it comes free, one behind the other.
//!
//! It must not know a statement.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::bare::{Connections, told};
use super::transaction::Connection;
use crate::support::Failure;

/// As many reads go together, over as many connections at a time, as in muster.
const MOST_TOGETHER: usize = 32;
const LANES: usize = 4;

pub(super) struct Reads {
    connections: Connections,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    asked: VecDeque<Asked>,
    lanes: usize,
}

struct Asked {
    tenant: Uuid,
    id: Uuid,
    done: oneshot::Sender<Result<(), Failure>>,
}

impl Reads {
    pub(super) fn over(connections: Connections) -> Arc<Self> {
        Arc::new(Self { connections, waiting: Mutex::default() })
    }

    pub(super) async fn read(self: &Arc<Self>, tenant: Uuid, id: Uuid) -> Result<(), Failure> {
        let (done, waits) = oneshot::channel();
        let begins = {
            let mut waiting = self.waiting();
            waiting.asked.push_back(Asked { tenant, id, done });
            let begins = waiting.lanes < LANES;
            waiting.lanes += usize::from(begins);
            begins
        };
        if begins {
            tokio::spawn(Arc::clone(self).go());
        }
        waits.await.map_err(|_| "a read of the bare loop was given up".to_owned())?
    }

    /// Reads what waits, until nothing does.
    async fn go(self: Arc<Self>) {
        while self.goes_on() {
            let read = async |connection: &Connection| {
                let all = self.next();
                let reads = all.iter().map(|it| connection.read(it.tenant, it.id));
                for (row, asked) in join_all(reads).await.into_iter().zip(all) {
                    // Where the client has gone, the run has failed already.
                    let _ = asked.done.send(row.map(drop).map_err(told));
                }
                Ok(())
            };
            let _ = self.connections.with(read).await;
        }
    }

    /// Whether a read waits. Where none does, the lane has ended.
    fn goes_on(&self) -> bool {
        let mut waiting = self.waiting();
        let goes_on = !waiting.asked.is_empty();
        waiting.lanes -= usize::from(!goes_on);
        goes_on
    }

    fn next(&self) -> Vec<Asked> {
        let mut waiting = self.waiting();
        let count = waiting.asked.len().min(MOST_TOGETHER);
        waiting.asked.drain(..count).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
