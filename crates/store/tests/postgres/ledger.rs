//! What became of writes, and whether the register tells the same.

use std::collections::HashMap;

use model::TenantId;
use store::{Operation, Outcome, Store, StoreError, WriteError};
use uuid::Uuid;

use crate::support::{history, write};

/// Writes to one tenant, each by the id of its request.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    acknowledged: Vec<Uuid>,
    refused: Vec<Uuid>,
    unknown: Vec<Uuid>,
}

/// Has something written that changes one row, and keeps what became of it.
pub(crate) async fn make(store: &Store, tenant: TenantId, operation: Operation) -> Ledger {
    let write = write(tenant, operation);
    let id = write.audit.request_id;
    let mut ledger = Ledger::default();
    match store.write(write).await {
        Ok(Outcome::Row(_) | Outcome::Deleted) => ledger.acknowledged.push(id),
        Ok(outcome) => panic!("{outcome:?}"),
        Err(WriteError::Store(StoreError::Unsettled)) => ledger.unknown.push(id),
        Err(_) => ledger.refused.push(id),
    }
    ledger
}

impl Ledger {
    pub(crate) fn join(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.refused.extend(other.refused);
        self.unknown.extend(other.unknown);
    }

    /// How many were acknowledged and refused.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.acknowledged.len(), self.refused.len())
    }

    /// Each write that was acknowledged is in the history once, no other is, and the rows are those
    /// that the history leads to.
    pub(crate) async fn check(&self, store: &Store, tenant: TenantId) {
        let mut entries: HashMap<Uuid, usize> = HashMap::new();
        let mut rows = HashMap::new();
        for change in history(store, tenant).await {
            *entries.entry(change.audit.request_id).or_default() += 1;
            assert_eq!(rows.remove(&change.id), change.before, "{change:?}");
            rows.extend(change.after.map(|row| (row.id, row)));
        }
        for id in &self.acknowledged {
            assert_eq!(entries.remove(id), Some(1), "acknowledged: {id}");
        }
        for id in &self.refused {
            assert_eq!(entries.remove(id), None, "refused: {id}");
        }
        for id in &self.unknown {
            assert!(entries.remove(id).unwrap_or(1) == 1, "unknown: {id}");
        }
        assert!(entries.is_empty(), "nobody asked for {entries:?}");
        let page = store::Query::by_key(usize::MAX);
        let stored = store.page(tenant, page, crate::in_a_minute()).await.unwrap();
        assert_eq!(stored.len(), rows.len());
        for row in stored {
            assert_eq!(rows.get(&row.id), Some(&row));
        }
    }
}
