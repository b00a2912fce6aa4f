//! The operations of the register, one for each thing that a caller can have done. Each demands a
//! [`Principal`] and works in that caller's tenant. Must not know HTTP or SQL.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use model::{Draft, Identity, IdentityId, Import, Patch, Rules, SearchKey};
use odata::query::{Apply, Filter, Group, Search};
use store::{
    Audit, Operation, Outcome, Precondition, Query, Snapshot, SnapshotStep, Store, StoreError,
    Write, WriteError,
};
use uuid::Uuid;

use crate::auth::Principal;

/// The register, with the rules in force.
#[derive(Debug)]
pub struct Register {
    store: Arc<Store>,
    rules: Rules,
}

/// What the history is to know of a request, and how long its answer is waited for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The id that the service gave it.
    pub id: Uuid,
    /// The id that the client gave it.
    pub client_id: Option<String>,
    /// Where it came from.
    pub ip: Option<IpAddr>,
    /// When nobody waits any more.
    pub deadline: Instant,
}

impl Register {
    /// A register on a store.
    pub fn new(store: Arc<Store>, rules: Rules) -> Self {
        Self { store, rules }
    }

    /// The rules in force.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// One identity.
    ///
    /// # Errors
    /// The store is away.
    pub async fn get(
        &self,
        caller: &Principal,
        id: IdentityId,
    ) -> Result<Option<Identity>, StoreError> {
        self.store.get(caller.tenant(), id).await
    }

    /// The identities that a query asks for.
    ///
    /// # Errors
    /// The store is away, or the deadline has passed.
    pub async fn page(
        &self,
        caller: &Principal,
        query: Query,
        deadline: Instant,
    ) -> Result<Vec<Identity>, StoreError> {
        self.store.page(caller.tenant(), query, deadline).await
    }

    /// How many identities a filter and a search let pass; without both, how many there are.
    ///
    /// # Errors
    /// The store is away, or the deadline has passed.
    pub async fn count(
        &self,
        caller: &Principal,
        filter: Option<Filter>,
        search: Option<Search>,
        deadline: Instant,
    ) -> Result<u64, StoreError> {
        self.store.count(caller.tenant(), filter, search, deadline).await
    }

    /// How many identities there are in each group that is asked for.
    ///
    /// # Errors
    /// The store is away, or the deadline has passed.
    pub async fn summary(
        &self,
        caller: &Principal,
        apply: Apply,
        deadline: Instant,
    ) -> Result<Vec<Group>, StoreError> {
        self.store.summary(caller.tenant(), apply, deadline).await
    }

    /// The identities that stand under these keys.
    ///
    /// # Errors
    /// The store is away, or the deadline has passed.
    pub async fn find(
        &self,
        caller: &Principal,
        keys: Vec<SearchKey>,
        deadline: Instant,
    ) -> Result<Vec<Identity>, StoreError> {
        self.store.find(caller.tenant(), keys, deadline).await
    }

    /// Makes an identity.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn create(
        &self,
        caller: &Principal,
        request: Request,
        draft: Draft,
    ) -> Result<Identity, WriteError> {
        row(self.write(caller, request, Operation::Create(draft)).await?)
    }

    /// Changes an identity.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn update(
        &self,
        caller: &Principal,
        request: Request,
        id: IdentityId,
        precondition: Precondition,
        patch: Patch,
    ) -> Result<Identity, WriteError> {
        let update = Operation::Update { id, precondition, patch, rules: self.rules };
        row(self.write(caller, request, update).await?)
    }

    /// Removes an identity.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn delete(
        &self,
        caller: &Principal,
        request: Request,
        id: IdentityId,
        precondition: Precondition,
    ) -> Result<(), WriteError> {
        self.write(caller, request, Operation::Delete { id, precondition }).await?;
        Ok(())
    }

    /// Makes and changes identities: each row as it stands then, and whether it was taken.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn import(
        &self,
        caller: &Principal,
        request: Request,
        import: Import,
    ) -> Result<Vec<(Identity, bool)>, WriteError> {
        let Import { rows, overwrite } = import;
        match self.write(caller, request, Operation::Import { rows, overwrite }).await? {
            Outcome::Imported(rows) => Ok(rows),
            other => Err(unexpected(&other)),
        }
    }

    /// The snapshots of the register that callers have taken, the oldest first.
    ///
    /// # Errors
    /// The store is away.
    pub async fn snapshots(&self, caller: &Principal) -> Result<Vec<Snapshot>, StoreError> {
        let all = self.store.snapshots(caller.tenant()).await?;
        Ok(all.into_iter().filter(|snapshot| !snapshot.name.starts_with('.')).collect())
    }

    /// Keeps a state of the register, or puts it back. The history is a part of it, and so does not
    /// tell of this.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn snapshot(
        &self,
        caller: &Principal,
        request: Request,
        step: SnapshotStep,
    ) -> Result<(), WriteError> {
        self.write(caller, request, Operation::Snapshot(step)).await.map(|_: Outcome| ())
    }

    async fn write(
        &self,
        caller: &Principal,
        request: Request,
        operation: Operation,
    ) -> Result<Outcome, WriteError> {
        let audit = Audit {
            actor: caller.actor(),
            ip: request.ip,
            request_id: request.id,
            client_request_id: request.client_id,
        };
        let (tenant, deadline) = (caller.tenant(), request.deadline);
        self.store.write(Write { tenant, audit, deadline, operation }).await
    }
}

fn row(outcome: Outcome) -> Result<Identity, WriteError> {
    match outcome {
        Outcome::Row(row) => Ok(row),
        other => Err(unexpected(&other)),
    }
}

/// The store answers each operation with the outcome of its kind; anything else is its defect.
fn unexpected(outcome: &Outcome) -> WriteError {
    let kind = match outcome {
        Outcome::Row(_) => "row",
        Outcome::Deleted => "deletion",
        Outcome::Imported(_) => "import",
        Outcome::Snapshot => "snapshot",
    };
    StoreError::Damaged(format!("a {kind} answers another operation")).into()
}
