//! What a transaction stores: rows in statements of many rows each, and their history. Must not know
//! how it was decided, nor how the transaction is begun and ended.

use std::collections::HashMap;

use deadpool_postgres::Object;
use model::{Identity, IdentityId, TenantId, encode};
use odata::DateTimeOffset;
use uuid::Uuid;

use super::failure::{Failure, both};
use super::rows::{Value, execute, small, storable};
use super::texts;
use crate::batch::{RowChange, Step};
use crate::{Actor, StoreError, Write};

const INSERT: &str = "INSERT INTO identities (tenant_id, id, identifier, identifier_key, type, \
     created_ticks, modified_ticks, contacted_ticks, contacted_offset_min, description, \
     enrollment_state, platform, rev) \
     SELECT $1, r.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::smallint[], \
     $6::bigint[], $7::bigint[], $8::bigint[], $9::smallint[], $10::text[], $11::smallint[], \
     $12::smallint[], $13::bigint[]) AS r";
const UPDATE: &str = "UPDATE identities AS i SET identifier = r.identifier, \
     identifier_key = r.identifier_key, type = r.type, modified_ticks = r.modified_ticks, \
     contacted_ticks = r.contacted_ticks, contacted_offset_min = r.contacted_offset_min, \
     description = r.description, enrollment_state = r.enrollment_state, platform = r.platform, \
     rev = r.rev \
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::smallint[], $6::bigint[], $7::bigint[], \
     $8::bigint[], $9::smallint[], $10::text[], $11::smallint[], $12::smallint[], $13::bigint[], \
     $14::bigint[]) \
     AS r (id, identifier, identifier_key, type, created_ticks, modified_ticks, contacted_ticks, \
     contacted_offset_min, description, enrollment_state, platform, rev, rev_before) \
     WHERE i.tenant_id = $1 AND i.id = r.id AND i.rev = r.rev_before";
const DELETE: &str = "DELETE FROM identities AS i USING unnest($2::uuid[], $3::bigint[]) \
     AS r (id, rev) WHERE i.tenant_id = $1 AND i.id = r.id AND i.rev = r.rev";
pub(super) const INSERT_TEXTS: &str = "INSERT INTO identity_texts (tenant_id, id, searched) \
     SELECT $1, r.* FROM unnest($2::uuid[], $3::text[]) AS r";
const UPDATE_TEXTS: &str = "UPDATE identity_texts AS t SET searched = r.searched \
     FROM unnest($2::uuid[], $3::text[]) AS r (id, searched) \
     WHERE t.tenant_id = $1 AND t.id = r.id";
const DELETE_TEXTS: &str = "DELETE FROM identity_texts WHERE tenant_id = $1 AND id = ANY ($2)";
const RECORD: &str = "INSERT INTO changes (tenant_id, seq, id, kind, at_ticks, actor_type, \
     user_id, user_name, app_id, app_name, ip, request_id, client_request_id, before, after) \
     SELECT $1, c.* FROM unnest($2::bigint[], $3::uuid[], $4::smallint[], $5::bigint[], \
     $6::smallint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::uuid[], \
     $13::text[], $14::bytea[], $15::bytea[]) AS c";

/// Stores what the steps make of the rows of a tenant.
pub(super) async fn store(
    client: &Object,
    tenant: TenantId,
    steps: &[Step],
) -> Result<(), Failure> {
    for changes in Changes::of(steps) {
        changes.store(client, tenant).await?;
    }
    Ok(())
}

/// Changes of different rows, which can be stored in any order but for removals, which go first:
/// what they leave may be taken.
#[derive(Debug, Default)]
struct Changes<'s> {
    made: Vec<&'s Identity>,
    changed: Vec<(&'s Identity, &'s Identity)>,
    gone: Vec<&'s Identity>,
}

impl<'s> Changes<'s> {
    /// What the steps come to. Where one moves a key, each is a change of its own, for then their
    /// order counts.
    fn of(steps: &'s [Step]) -> Vec<Self> {
        let moves_key = |step: &Step| match &step.change {
            RowChange::Update { before, after } => {
                before.identity_type != after.identity_type
                    || before.identifier != after.identifier && before.key() != after.key()
            }
            RowChange::Insert(_) | RowChange::Delete(_) => false,
        };
        if steps.iter().any(moves_key) {
            return steps.iter().map(|step| Self::one([&step.change])).collect();
        }
        vec![Self::one(steps.iter().map(|step| &step.change))]
    }

    fn one(steps: impl IntoIterator<Item = &'s RowChange>) -> Self {
        let mut rows: HashMap<IdentityId, (Option<&Identity>, Option<&Identity>)> = HashMap::new();
        let mut order = Vec::new();
        for step in steps {
            let Some(row) = step.after().or(step.before()) else { continue };
            let entry = rows.entry(row.id).or_insert_with(|| {
                order.push(row.id);
                (step.before(), None)
            });
            entry.1 = step.after();
        }
        let mut changes = Self::default();
        for ends in order.iter().filter_map(|id| rows.get(id)) {
            match *ends {
                (None, Some(after)) => changes.made.push(after),
                (Some(before), Some(after)) => changes.changed.push((before, after)),
                (Some(before), None) => changes.gone.push(before),
                (None, None) => {}
            }
        }
        changes
    }

    async fn store(&self, client: &Object, tenant: TenantId) -> Result<(), Failure> {
        self.remove(client, tenant).await?;
        self.update(client, tenant).await?;
        insert(client, tenant, &self.made).await
    }

    async fn remove(&self, client: &Object, tenant: TenantId) -> Result<(), Failure> {
        if self.gone.is_empty() {
            return Ok(());
        }
        let (ids, revs): (Vec<Uuid>, Vec<i64>) =
            self.gone.iter().map(|row| (row.id.0, row.rev)).unzip();
        let rows: [Value<'_>; 3] = [&tenant.0, &ids, &revs];
        let texts: [Value<'_>; 2] = [&tenant.0, &ids];
        let (deleted, texts) =
            tokio::join!(execute(client, DELETE, &rows), execute(client, DELETE_TEXTS, &texts),);
        let (deleted, texts) = both(deleted, texts)?;
        all_of(ids.len(), deleted)?;
        all_of(ids.len(), texts)
    }

    async fn update(&self, client: &Object, tenant: TenantId) -> Result<(), Failure> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let after = Columns::of(self.changed.iter().map(|(_, after)| *after));
        let revs: Vec<i64> = self.changed.iter().map(|(before, _)| before.rev).collect();
        let [a, b, c, d, e, f, g, h, i, j, k, l] = after.values();
        let values: [Value<'_>; 14] = [&tenant.0, a, b, c, d, e, f, g, h, i, j, k, l, &revs];
        let update = execute(client, UPDATE, &values);
        let (ids, searched): (Vec<Uuid>, Vec<String>) = self
            .changed
            .iter()
            .filter(|(before, after)| {
                (&before.identifier, &before.description) != (&after.identifier, &after.description)
            })
            .map(|(_, after)| (after.id.0, texts::of(after)))
            .unzip();
        if ids.is_empty() {
            return all_of(self.changed.len(), update.await?);
        }
        let texts: [Value<'_>; 3] = [&tenant.0, &ids, &searched];
        let (updated, texts) = tokio::join!(update, execute(client, UPDATE_TEXTS, &texts));
        let (updated, texts) = both(updated, texts)?;
        all_of(self.changed.len(), updated)?;
        all_of(ids.len(), texts)
    }
}

/// Stores new rows.
pub(super) async fn insert(
    client: &Object,
    tenant: TenantId,
    rows: &[&Identity],
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(rows.iter().copied());
    let searched: Vec<String> = rows.iter().map(|row| texts::of(row)).collect();
    let [a, b, c, d, e, f, g, h, i, j, k, l] = columns.values();
    let values: [Value<'_>; 13] = [&tenant.0, a, b, c, d, e, f, g, h, i, j, k, l];
    let texts: [Value<'_>; 3] = [&tenant.0, &columns.id, &searched];
    let (made, texts) =
        tokio::join!(execute(client, INSERT, &values), execute(client, INSERT_TEXTS, &texts));
    let (made, texts) = both(made, texts)?;
    all_of(rows.len(), made)?;
    all_of(rows.len(), texts)
}

/// What was decided must be what is stored, row by row.
fn all_of(wanted: usize, touched: u64) -> Result<(), Failure> {
    if u64::try_from(wanted).is_ok_and(|wanted| wanted == touched) {
        return Ok(());
    }
    let told = format!("a write touched {touched} rows, not {wanted}");
    Err(Failure::Final(StoreError::Damaged(told)))
}

/// Rows, column by column.
#[derive(Default)]
struct Columns<'s> {
    id: Vec<Uuid>,
    identifier: Vec<&'s str>,
    identifier_key: Vec<String>,
    identity_type: Vec<i16>,
    created: Vec<i64>,
    modified: Vec<i64>,
    contacted: Vec<i64>,
    contacted_offset: Vec<i16>,
    description: Vec<Option<&'s str>>,
    enrollment_state: Vec<i16>,
    platform: Vec<i16>,
    rev: Vec<i64>,
}

impl<'s> Columns<'s> {
    fn of(rows: impl Iterator<Item = &'s Identity>) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.id.push(row.id.0);
            columns.identifier.push(&row.identifier);
            columns.identifier_key.push(row.key());
            columns.identity_type.push(small(row.identity_type.value()));
            columns.created.push(row.created.ticks());
            columns.modified.push(row.modified.ticks());
            columns.contacted.push(row.contacted.ticks());
            columns.contacted_offset.push(row.contacted.offset_minutes());
            columns.description.push(row.description.as_deref());
            columns.enrollment_state.push(small(row.enrollment_state.value()));
            columns.platform.push(small(row.platform.value()));
            columns.rev.push(row.rev);
        }
        columns
    }

    /// In the order of the statements.
    fn values(&self) -> [Value<'_>; 12] {
        [
            &self.id,
            &self.identifier,
            &self.identifier_key,
            &self.identity_type,
            &self.created,
            &self.modified,
            &self.contacted,
            &self.contacted_offset,
            &self.description,
            &self.enrollment_state,
            &self.platform,
            &self.rev,
        ]
    }
}

/// Entries of the history, column by column.
#[derive(Default)]
struct Entries<'s> {
    seq: Vec<i64>,
    id: Vec<Uuid>,
    kind: Vec<i16>,
    at: Vec<i64>,
    actor_type: Vec<i16>,
    user_id: Vec<Option<String>>,
    user_name: Vec<Option<String>>,
    app_id: Vec<Option<String>>,
    app_name: Vec<Option<String>>,
    ip: Vec<Option<String>>,
    request_id: Vec<Uuid>,
    client_request_id: Vec<Option<&'s str>>,
    before: Vec<Option<Vec<u8>>>,
    after: Vec<Option<Vec<u8>>>,
}

/// Writes the history of the steps.
pub(super) async fn record(
    client: &Object,
    tenant: TenantId,
    steps: &[Step],
    writes: &[&Write],
    now: DateTimeOffset,
) -> Result<(), Failure> {
    let mut entries = Entries::default();
    for step in steps {
        if let Some(write) = writes.get(step.job) {
            entries.push(step, write, now);
        }
    }
    let values: [Value<'_>; 15] = [
        &tenant.0,
        &entries.seq,
        &entries.id,
        &entries.kind,
        &entries.at,
        &entries.actor_type,
        &entries.user_id,
        &entries.user_name,
        &entries.app_id,
        &entries.app_name,
        &entries.ip,
        &entries.request_id,
        &entries.client_request_id,
        &entries.before,
        &entries.after,
    ];
    let recorded = execute(client, RECORD, &values).await?;
    all_of(steps.len(), recorded)
}

impl<'s> Entries<'s> {
    fn push(&mut self, step: &Step, write: &'s Write, now: DateTimeOffset) {
        let change = &step.change;
        let Some(id) = change.after().or(change.before()).map(|row| row.id) else { return };
        let audit = &write.audit;
        let (actor_type, user_id, user_name, app_id, app_name) = match &audit.actor {
            Actor::System => (0, &None, &None, &None, &None),
            Actor::Application { app_id, app_name } => (1, &None, &None, app_id, app_name),
            Actor::User { user_id, user_name, app_id, app_name } => {
                (2, user_id, user_name, app_id, app_name)
            }
        };
        let text = |it: &Option<String>| it.as_deref().map(|it| storable(it).into_owned());
        self.seq.push(step.seq);
        self.id.push(id.0);
        self.kind.push(small(change.kind().code()));
        self.at.push(now.ticks());
        self.actor_type.push(actor_type);
        self.user_id.push(text(user_id));
        self.user_name.push(text(user_name));
        self.app_id.push(text(app_id));
        self.app_name.push(text(app_name));
        self.ip.push(audit.ip.map(|ip| ip.to_string()));
        self.request_id.push(audit.request_id);
        self.client_request_id.push(audit.client_request_id.as_deref());
        self.before.push(change.before().map(encode));
        self.after.push(change.after().map(encode));
    }
}
