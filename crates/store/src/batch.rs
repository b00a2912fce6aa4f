//! How writes that share a transaction are decided: in order, each against what the ones before it
//! made of the rows. Pure but for the ids and the instant it is handed; an engine reads what a
//! [`View`] wants, lets it decide, and stores its steps. Must not know SQL.

use std::collections::{HashMap, HashSet};

use model::{Draft, Identity, IdentityId, SearchKey, TenantId};
use odata::DateTimeOffset;

use crate::tally::{Combination, Deltas};
use crate::{ChangeKind, Operation, Outcome, Precondition, Write, WriteError};

/// Something that has to be read before a write can be decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Want {
    Tenant(TenantId),
    Row(TenantId, IdentityId),
    Key(TenantId, SearchKey),
}

/// A tenant as the write path sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counter {
    pub(crate) licensed: bool,
    pub(crate) next_seq: i64,
}

/// One change to store, in the order in which they were decided.
#[derive(Debug)]
pub(crate) struct Step {
    /// Which write of the batch it belongs to.
    pub(crate) job: usize,
    pub(crate) tenant: TenantId,
    pub(crate) seq: i64,
    pub(crate) change: RowChange,
}

/// What a step does to a row.
#[derive(Debug)]
pub(crate) enum RowChange {
    Insert(Identity),
    Update { before: Identity, after: Identity },
    Delete(Identity),
}

impl RowChange {
    pub(crate) fn kind(&self) -> ChangeKind {
        match self {
            Self::Insert(_) => ChangeKind::Create,
            Self::Update { .. } => ChangeKind::Update,
            Self::Delete(_) => ChangeKind::Delete,
        }
    }

    pub(crate) fn before(&self) -> Option<&Identity> {
        match self {
            Self::Insert(_) => None,
            Self::Update { before, .. } | Self::Delete(before) => Some(before),
        }
    }

    pub(crate) fn after(&self) -> Option<&Identity> {
        match self {
            Self::Insert(after) | Self::Update { after, .. } => Some(after),
            Self::Delete(_) => None,
        }
    }
}

/// The instant and the ids of a batch: what is decided must not look at a clock itself.
pub(crate) struct Stamp<'a> {
    pub(crate) now: DateTimeOffset,
    pub(crate) new_id: &'a mut dyn FnMut() -> IdentityId,
}

/// The part of the register that a transaction has read, with its own changes laid over it.
#[derive(Debug, Default)]
pub(crate) struct View {
    tenants: HashMap<TenantId, Option<Counter>>,
    rows: HashMap<(TenantId, IdentityId), Option<Identity>>,
    keys: HashMap<(TenantId, SearchKey), Option<IdentityId>>,
    steps: Vec<Step>,
}

impl View {
    /// What has to be read before `write` can be decided. Reading it may show that more is wanted.
    pub(crate) fn wants(&self, write: &Write) -> Vec<Want> {
        let tenant = write.tenant;
        let mut wants = Vec::new();
        if !self.tenants.contains_key(&tenant) {
            wants.push(Want::Tenant(tenant));
        }
        match &write.operation {
            Operation::Create(draft) => self.want_key(&mut wants, tenant, draft.key()),
            Operation::Import { rows, .. } => {
                for draft in rows {
                    self.want_key(&mut wants, tenant, draft.key());
                }
            }
            Operation::Delete { id, .. } => self.want_row(&mut wants, tenant, *id),
            Operation::Snapshot(_) => {}
            Operation::Update { id, patch, .. } => {
                self.want_row(&mut wants, tenant, *id);
                if let Some(key) = self.row(tenant, *id).and_then(|row| patch.moved_key(row)) {
                    self.want_key(&mut wants, tenant, &key);
                }
            }
        }
        wants
    }

    fn want_row(&self, wants: &mut Vec<Want>, tenant: TenantId, id: IdentityId) {
        if !self.rows.contains_key(&(tenant, id)) {
            wants.push(Want::Row(tenant, id));
        }
    }

    fn want_key(&self, wants: &mut Vec<Want>, tenant: TenantId, key: &SearchKey) {
        let wanted = (tenant, key.clone());
        if !self.keys.contains_key(&wanted) {
            wants.push(Want::Key(wanted.0, wanted.1));
        }
    }

    pub(crate) fn put_tenant(&mut self, tenant: TenantId, counter: Option<Counter>) {
        self.tenants.entry(tenant).or_insert(counter);
    }

    pub(crate) fn put_row(&mut self, tenant: TenantId, id: IdentityId, row: Option<Identity>) {
        self.rows.entry((tenant, id)).or_insert(row);
    }

    /// Takes the row that stands under a key. What the batch itself has made of that row stays.
    pub(crate) fn put_key(&mut self, tenant: TenantId, key: SearchKey, row: Option<Identity>) {
        self.keys.entry((tenant, key)).or_insert(row.as_ref().map(|row| row.id));
        if let Some(row) = row {
            self.put_row(tenant, row.id, Some(row));
        }
    }

    /// The changes decided so far, in order.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// By how much the changes decided so far have changed the tallies.
    pub(crate) fn deltas(&self) -> Deltas {
        let mut deltas = Deltas::default();
        for Step { tenant, change, .. } in &self.steps {
            if let Some(before) = change.before() {
                deltas.take(*tenant, Combination::of(before));
            }
            if let Some(after) = change.after() {
                deltas.add(*tenant, Combination::of(after));
            }
        }
        deltas
    }

    /// The next sequence number of every tenant that has changes.
    pub(crate) fn counters(&self) -> impl Iterator<Item = (TenantId, i64)> + '_ {
        let changed: HashSet<TenantId> = self.steps.iter().map(|step| step.tenant).collect();
        changed.into_iter().filter_map(|tenant| {
            self.tenants.get(&tenant).copied().flatten().map(|counter| (tenant, counter.next_seq))
        })
    }

    /// Decides one write of which nothing is wanted any more. A failure leaves no trace.
    pub(crate) fn decide(
        &mut self,
        job: usize,
        write: &Write,
        stamp: &mut Stamp<'_>,
    ) -> Result<Outcome, WriteError> {
        let tenant = write.tenant;
        if !self.tenants.get(&tenant).copied().flatten().is_some_and(|counter| counter.licensed) {
            return Err(WriteError::NotLicensed);
        }
        match &write.operation {
            Operation::Create(draft) => self.create(job, tenant, draft, stamp),
            Operation::Update { id, precondition, patch, rules } => {
                let current = self.checked(tenant, *id, precondition)?;
                let Some(after) =
                    patch.apply(&current, *rules, stamp.now).map_err(WriteError::Refused)?
                else {
                    return Ok(Outcome::Row(current));
                };
                if let Some(key) = patch.moved_key(&current)
                    && self.holder(tenant, &key).is_some()
                {
                    return Err(WriteError::Conflict);
                }
                self.record(
                    job,
                    tenant,
                    RowChange::Update { before: current, after: after.clone() },
                );
                Ok(Outcome::Row(after))
            }
            Operation::Delete { id, precondition } => {
                let current = self.checked(tenant, *id, precondition)?;
                self.record(job, tenant, RowChange::Delete(current));
                Ok(Outcome::Deleted)
            }
            Operation::Import { rows, overwrite } => {
                Ok(Outcome::Imported(self.import(job, tenant, rows, *overwrite, stamp)))
            }
            // The engine does it, in a transaction that decides nothing else.
            Operation::Snapshot(_) => Ok(Outcome::Snapshot),
        }
    }

    fn create(
        &mut self,
        job: usize,
        tenant: TenantId,
        draft: &Draft,
        stamp: &mut Stamp<'_>,
    ) -> Result<Outcome, WriteError> {
        if self.holder(tenant, draft.key()).is_some() {
            return Err(WriteError::Conflict);
        }
        let row = draft.identity((stamp.new_id)(), stamp.now);
        self.record(job, tenant, RowChange::Insert(row.clone()));
        Ok(Outcome::Row(row))
    }

    /// The first row of a call under a key counts; a later one under the same key is not taken.
    fn import(
        &mut self,
        job: usize,
        tenant: TenantId,
        drafts: &[Draft],
        overwrite: bool,
        stamp: &mut Stamp<'_>,
    ) -> Vec<(Identity, bool)> {
        let mut seen = HashSet::with_capacity(drafts.len());
        let mut results = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let standing =
                self.holder(tenant, draft.key()).and_then(|id| self.row(tenant, id)).cloned();
            let Some(current) = standing else {
                let row = draft.identity((stamp.new_id)(), stamp.now);
                seen.insert(row.id);
                self.record(job, tenant, RowChange::Insert(row.clone()));
                results.push((row, true));
                continue;
            };
            if !seen.insert(current.id) || !overwrite {
                results.push((current, false));
                continue;
            }
            match draft.patch().overlay(&current, stamp.now) {
                None => results.push((current, true)),
                Some(after) => {
                    self.record(
                        job,
                        tenant,
                        RowChange::Update { before: current, after: after.clone() },
                    );
                    results.push((after, true));
                }
            }
        }
        results
    }

    fn checked(
        &self,
        tenant: TenantId,
        id: IdentityId,
        precondition: &Precondition,
    ) -> Result<Identity, WriteError> {
        let current = self.row(tenant, id).ok_or(WriteError::NotFound)?;
        if precondition.holds(current.rev) {
            Ok(current.clone())
        } else {
            Err(WriteError::PreconditionFailed)
        }
    }

    fn row(&self, tenant: TenantId, id: IdentityId) -> Option<&Identity> {
        self.rows.get(&(tenant, id)).and_then(Option::as_ref)
    }

    fn holder(&self, tenant: TenantId, key: &SearchKey) -> Option<IdentityId> {
        self.keys.get(&(tenant, key.clone())).copied().flatten()
    }

    fn record(&mut self, job: usize, tenant: TenantId, change: RowChange) {
        let Some(Some(counter)) = self.tenants.get_mut(&tenant) else { return };
        let seq = counter.next_seq;
        counter.next_seq += 1;
        let key_of = |row: &Identity| (tenant, (row.identity_type, row.key()));
        match &change {
            RowChange::Insert(after) => {
                self.keys.insert(key_of(after), Some(after.id));
                self.rows.insert((tenant, after.id), Some(after.clone()));
            }
            RowChange::Update { before, after } => {
                if (before.identity_type, &before.identifier)
                    != (after.identity_type, &after.identifier)
                {
                    self.keys.insert(key_of(before), None);
                    self.keys.insert(key_of(after), Some(after.id));
                }
                self.rows.insert((tenant, after.id), Some(after.clone()));
            }
            RowChange::Delete(before) => {
                self.keys.insert(key_of(before), None);
                self.rows.insert((tenant, before.id), None);
            }
        }
        self.steps.push(Step { job, tenant, seq, change });
    }
}
