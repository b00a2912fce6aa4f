//! Snapshots: marks in the history. Going back to one undoes what came after it, which costs as
//! much as was done since, however large the register is. What that cuts off, snapshots beyond it
//! may need: their history is copied before, and coming back to one of those replays its copy.

use model::{Identity, TenantId, decode};
use odata::DateTimeOffset;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::rows::blob;
use super::writer::insert;
use super::{search, tallies};
use crate::tally::{Combination, Deltas};
use crate::{BEGINNING, Snapshot, SnapshotStep, StoreError};

/// The columns of a change but for its tenant.
macro_rules! columns {
    ($table:literal) => {
        concat!(
            $table,
            "seq, ",
            $table,
            "id, ",
            $table,
            "kind, ",
            $table,
            "at_ticks, ",
            $table,
            "actor_type, ",
            $table,
            "user_id, ",
            $table,
            "user_name, ",
            $table,
            "app_id, ",
            $table,
            "app_name, ",
            $table,
            "ip, ",
            $table,
            "request_id, ",
            $table,
            "client_request_id, ",
            $table,
            "before, ",
            $table,
            "after"
        )
    };
}

const TAKE: &str = "INSERT INTO snapshots (tenant_id, name, seq, in_force, copied, taken_ticks) \
     SELECT tenant_id, ?2, next_seq - 1, 1, 0, ?3 FROM tenants WHERE tenant_id = ?1 \
     ON CONFLICT (tenant_id, name) DO UPDATE SET seq = excluded.seq, in_force = 1, copied = 0, \
     taken_ticks = excluded.taken_ticks";
const FORGET: &str = "DELETE FROM snapshots WHERE tenant_id = ?1 AND name = ?2";
const FORGET_COPY: &str = "DELETE FROM snapshot_changes WHERE tenant_id = ?1 AND name = ?2";
const FIND: &str = "SELECT seq, in_force FROM snapshots WHERE tenant_id = ?1 AND name = ?2";
const LIST: &str =
    "SELECT name, taken_ticks FROM snapshots WHERE tenant_id = ?1 ORDER BY taken_ticks, name";
const COPY: &str = concat!(
    "INSERT INTO snapshot_changes (tenant_id, name, ",
    columns!(""),
    ") SELECT s.tenant_id, s.name, ",
    columns!("c."),
    " FROM snapshots AS s JOIN changes AS c ON c.tenant_id = s.tenant_id AND c.seq <= s.seq \
     WHERE s.tenant_id = ?1 AND s.seq > ?2 AND s.in_force AND NOT s.copied"
);
const CUT_OFF: &str = "UPDATE snapshots SET in_force = 0, copied = 1 \
     WHERE tenant_id = ?1 AND seq > ?2 AND in_force";
const CHANGED: &str = "tenant_id = ?1 AND id IN \
     (SELECT id FROM changes WHERE tenant_id = ?1 AND seq > ?2)";
/// What the first change behind a point found, was there at that point.
const AS_BEFORE: &str = "SELECT before FROM changes AS c \
     WHERE tenant_id = ?1 AND seq > ?2 AND before IS NOT NULL AND seq = \
     (SELECT min(seq) FROM changes WHERE tenant_id = ?1 AND id = c.id AND seq > ?2)";
const UNDONE: &str = "DELETE FROM changes WHERE tenant_id = ?1 AND seq > ?2";
const ALL_ROWS: &str = "tenant_id = ?1";
const REPLAY: &str = concat!(
    "INSERT INTO changes (tenant_id, ",
    columns!(""),
    ") SELECT tenant_id, ",
    columns!(""),
    " FROM snapshot_changes WHERE tenant_id = ?1 AND name = ?2 ORDER BY seq"
);
/// What the last change of an identity left, is there.
const AS_AFTER: &str = "SELECT after FROM changes AS c \
     WHERE tenant_id = ?1 AND after IS NOT NULL AND seq = \
     (SELECT max(seq) FROM changes WHERE tenant_id = ?1 AND id = c.id) ORDER BY seq";
const IN_FORCE: &str = "UPDATE snapshots SET in_force = 1 WHERE tenant_id = ?1 AND name = ?2";
const COUNT_FROM: &str = "UPDATE tenants SET next_seq = ?2 + 1 WHERE tenant_id = ?1";

/// Does a step. `false` when there is no such snapshot, and then nothing is changed.
pub(super) fn apply(
    transaction: &Transaction<'_>,
    tenant: TenantId,
    step: &SnapshotStep,
    now: DateTimeOffset,
) -> Result<bool, StoreError> {
    let execute = |sql: &str, name: &str| -> Result<bool, StoreError> {
        Ok(transaction.prepare_cached(sql)?.execute(params![blob(&tenant.0), name])? > 0)
    };
    match step {
        SnapshotStep::Take(name) => {
            execute(FORGET_COPY, name)?;
            let mut take = transaction.prepare_cached(TAKE)?;
            Ok(take.execute(params![blob(&tenant.0), name, now.ticks()])? > 0)
        }
        SnapshotStep::Restore(name) => restore(transaction, tenant, name),
        SnapshotStep::Forget(name) => {
            execute(FORGET_COPY, name)?;
            execute(FORGET, name)
        }
    }
}

/// All snapshots of a tenant, the oldest first.
pub(super) fn list(connection: &Connection, tenant: TenantId) -> Result<Vec<Snapshot>, StoreError> {
    let mut statement = connection.prepare_cached(LIST)?;
    let rows = statement.query_map(params![blob(&tenant.0)], |row| {
        let taken = DateTimeOffset::from_ticks_utc(row.get(1)?);
        let taken = taken.ok_or(rusqlite::Error::IntegralValueOutOfRange(1, 0))?;
        Ok(Snapshot { name: row.get(0)?, taken })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn restore(
    transaction: &Transaction<'_>,
    tenant: TenantId,
    name: &str,
) -> Result<bool, StoreError> {
    let mut find = transaction.prepare_cached(FIND)?;
    let found: Option<(i64, bool)> = find
        .query_row(params![blob(&tenant.0), name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        None if name != BEGINNING => return Ok(false),
        None => go_back(transaction, tenant, 0)?,
        Some((seq, true)) => go_back(transaction, tenant, seq)?,
        Some((seq, false)) => replay(transaction, tenant, name, seq)?,
    }
    Ok(true)
}

/// Copies the history of snapshots that lie behind `seq`, which is about to be cut off there.
fn cut_off(transaction: &Transaction<'_>, tenant: TenantId, seq: i64) -> Result<(), StoreError> {
    transaction.prepare_cached(COPY)?.execute(params![blob(&tenant.0), seq])?;
    transaction.prepare_cached(CUT_OFF)?.execute(params![blob(&tenant.0), seq])?;
    Ok(())
}

/// Undoes all changes behind `seq`.
fn go_back(transaction: &Transaction<'_>, tenant: TenantId, seq: i64) -> Result<(), StoreError> {
    cut_off(transaction, tenant, seq)?;
    let mut deltas = Deltas::default();
    let behind = params![blob(&tenant.0), seq];
    tallies::delete(transaction, CHANGED, behind, tenant, &mut deltas)?;
    let mut as_before = transaction.prepare_cached(AS_BEFORE)?;
    let mut rows = as_before.query(params![blob(&tenant.0), seq])?;
    while let Some(row) = rows.next()? {
        put_back(transaction, tenant, &entry(row.get_ref(0)?)?, &mut deltas)?;
    }
    tallies::change(transaction, &deltas)?;
    transaction.prepare_cached(UNDONE)?.execute(params![blob(&tenant.0), seq])?;
    transaction.prepare_cached(COUNT_FROM)?.execute(params![blob(&tenant.0), seq])?;
    Ok(())
}

/// Puts the copied history of a snapshot in the place of the one in force.
fn replay(
    transaction: &Transaction<'_>,
    tenant: TenantId,
    name: &str,
    seq: i64,
) -> Result<(), StoreError> {
    cut_off(transaction, tenant, 0)?;
    search::delete(transaction, ALL_ROWS, params![blob(&tenant.0)])?;
    tallies::forget(transaction, tenant)?;
    transaction.prepare_cached(UNDONE)?.execute(params![blob(&tenant.0), 0])?;
    transaction.prepare_cached(REPLAY)?.execute(params![blob(&tenant.0), name])?;
    let mut as_after = transaction.prepare_cached(AS_AFTER)?;
    let mut rows = as_after.query(params![blob(&tenant.0)])?;
    let mut deltas = Deltas::default();
    while let Some(row) = rows.next()? {
        put_back(transaction, tenant, &entry(row.get_ref(0)?)?, &mut deltas)?;
    }
    tallies::change(transaction, &deltas)?;
    transaction.prepare_cached(IN_FORCE)?.execute(params![blob(&tenant.0), name])?;
    transaction.prepare_cached(COUNT_FROM)?.execute(params![blob(&tenant.0), seq])?;
    Ok(())
}

fn put_back(
    transaction: &Transaction<'_>,
    tenant: TenantId,
    row: &Identity,
    deltas: &mut Deltas,
) -> Result<(), StoreError> {
    insert(transaction, tenant, row)?;
    deltas.add(tenant, Combination::of(row));
    Ok(())
}

fn entry(bytes: rusqlite::types::ValueRef<'_>) -> Result<Identity, StoreError> {
    let bytes = bytes.as_blob().map_err(|error| StoreError::Damaged(error.to_string()))?;
    decode(bytes).map_err(|error| StoreError::Damaged(error.to_string()))
}
