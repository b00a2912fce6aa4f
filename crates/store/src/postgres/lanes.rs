//! Which writes go into the next transaction. Each tenant has a lane: what waits there shares a
//! transaction, and only one is under way, since the tenant's counter would hold up the next.
//! Lanes take turns. Must not know what a write does.

use std::collections::{HashMap, VecDeque};

use model::TenantId;

use crate::queue::{Job, MAX_BATCH_JOBS, MAX_BATCH_ROWS};

/// The writes of all tenants that are not under way yet.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<TenantId, Lane>,
    /// Tenants that have writes waiting and none under way, in their turn.
    ready: VecDeque<TenantId>,
}

#[derive(Debug, Default)]
struct Lane {
    small: VecDeque<Job>,
    /// Those that share with no other.
    alone: VecDeque<Job>,
    /// Whether one of these is next, where both wait.
    is_turn_of_alone: bool,
    is_under_way: bool,
}

impl Lanes {
    /// A write comes.
    pub(super) fn put(&mut self, job: Job) {
        let tenant = job.write.tenant;
        let lane = self.lanes.entry(tenant).or_default();
        let waited = lane.waits();
        if job.is_alone() {
            lane.alone.push_back(job);
        } else {
            lane.small.push_back(job);
        }
        if !lane.is_under_way && !waited {
            self.ready.push_back(tenant);
        }
    }

    /// Takes the writes of the next transaction. Its tenant is under way until [`Lanes::done`].
    pub(super) fn next(&mut self) -> Option<(TenantId, Vec<Job>)> {
        let tenant = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&tenant)?;
        lane.is_under_way = true;
        Some((tenant, lane.take()))
    }

    /// A transaction has ended.
    pub(super) fn done(&mut self, tenant: TenantId) {
        let Some(lane) = self.lanes.get_mut(&tenant) else { return };
        lane.is_under_way = false;
        if lane.waits() {
            self.ready.push_back(tenant);
        } else {
            self.lanes.remove(&tenant);
        }
    }
}

impl Lane {
    fn waits(&self) -> bool {
        !(self.small.is_empty() && self.alone.is_empty())
    }

    /// Small writes never wait for more than one large one, nor the other way round for more than
    /// one transaction.
    fn take(&mut self) -> Vec<Job> {
        if self.small.is_empty() || self.is_turn_of_alone && !self.alone.is_empty() {
            self.is_turn_of_alone = false;
            return self.alone.pop_front().into_iter().collect();
        }
        self.is_turn_of_alone = true;
        let mut batch = Vec::new();
        let mut rows = 0;
        while batch.len() < MAX_BATCH_JOBS && rows < MAX_BATCH_ROWS {
            let Some(job) = self.small.pop_front() else { break };
            rows += job.rows();
            batch.push(job);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Write;
    use crate::queue::Queue;
    use crate::testing::{create, hand_in, import, write};

    /// What lanes make of these writes: the tenants and sizes of transactions, one at a time.
    fn order(writes: Vec<Write>) -> Vec<(u128, usize)> {
        let (queue, mut intake) = Queue::new();
        let waiting: Vec<_> = writes.into_iter().map(|it| hand_in(&queue, it).unwrap()).collect();
        let mut lanes = Lanes::default();
        while let Some(job) = intake.waiting_job() {
            lanes.put(job);
        }
        drop(waiting);
        let mut order = Vec::new();
        while let Some((tenant, batch)) = lanes.next() {
            order.push((tenant.0.as_u128(), batch.iter().map(Job::rows).sum()));
            lanes.done(tenant);
        }
        assert!(lanes.lanes.is_empty());
        order
    }

    fn of(tenant: u128, rows: usize) -> Write {
        let operation = if rows == 1 { create("A") } else { import("A", rows) };
        Write { tenant: TenantId(Uuid::from_u128(tenant)), ..write(operation) }
    }

    #[test]
    fn what_waits_of_a_tenant_shares_a_transaction() {
        let writes = vec![of(1, 1), of(2, 1), of(1, 1), of(1, 3), of(2, 1)];
        assert_eq!(order(writes), [(1, 5), (2, 2)]);
    }

    #[test]
    fn a_large_write_goes_alone_and_holds_up_small_ones_once() {
        let writes = vec![of(1, 1_000), of(1, 2_000), of(1, 1), of(2, 1)];
        assert_eq!(order(writes), [(1, 1), (2, 1), (1, 1_000), (1, 2_000)]);
    }

    #[test]
    fn a_transaction_has_an_end() {
        let writes = (0..300).map(|_| of(1, 1)).collect();
        assert_eq!(order(writes), [(1, MAX_BATCH_JOBS), (1, 300 - MAX_BATCH_JOBS)]);
    }

    #[test]
    fn a_tenant_that_is_under_way_waits_for_itself() {
        let (queue, mut intake) = Queue::new();
        let mut put = |lanes: &mut Lanes, write| {
            let waiting = hand_in(&queue, write).unwrap();
            lanes.put(intake.waiting_job().unwrap());
            drop(waiting);
        };
        let mut lanes = Lanes::default();
        put(&mut lanes, of(1, 1));
        let (tenant, _) = lanes.next().unwrap();
        put(&mut lanes, of(1, 1));
        assert!(lanes.next().is_none());
        put(&mut lanes, of(2, 1));
        assert_eq!(lanes.next().unwrap().0.0.as_u128(), 2);
        lanes.done(tenant);
        assert_eq!(lanes.next().unwrap().0, tenant);
    }
}
