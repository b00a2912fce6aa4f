//! The tallies in SQLite, kept in the transaction that changes the rows they count.

use model::TenantId;
use rusqlite::{Connection, Params, Row, Transaction, params};

use super::rows::blob;
use super::search;
use crate::StoreError;
use crate::tally::{Combination, Deltas};

pub(super) const READ: &str =
    "SELECT type, enrollment_state, platform, rows FROM tallies WHERE tenant_id = ?1";
const CHANGE: &str = "INSERT INTO tallies (tenant_id, type, enrollment_state, platform, rows) \
     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant_id, type, enrollment_state, platform) \
     DO UPDATE SET rows = rows + excluded.rows";
const FORGET: &str = "DELETE FROM tallies WHERE tenant_id = ?1";

/// Every combination that the tenant has rows of, and how many.
pub(super) fn read(
    connection: &Connection,
    tenant: TenantId,
) -> Result<Vec<(Combination, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(READ)?;
    let tallies = statement.query_map(params![blob(&tenant.0)], counted)?;
    let tallies = tallies.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(tallies.into_iter().filter(|(_, rows)| *rows > 0).collect())
}

/// Changes each tally once.
pub(super) fn change(transaction: &Transaction<'_>, deltas: &Deltas) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(CHANGE)?;
    for (tenant, Combination([identity_type, state, platform]), delta) in deltas.changed() {
        statement.execute(params![blob(&tenant.0), identity_type, state, platform, delta])?;
    }
    Ok(())
}

/// Forgets all tallies of a tenant, whose rows have all gone.
pub(super) fn forget(transaction: &Transaction<'_>, tenant: TenantId) -> Result<(), StoreError> {
    transaction.prepare_cached(FORGET)?.execute(params![blob(&tenant.0)])?;
    Ok(())
}

/// Removes the rows that meet a condition, as [`search::delete`] does, and notes that they have
/// gone. How many went.
pub(super) fn delete(
    transaction: &Transaction<'_>,
    condition: &str,
    values: impl Params + Copy,
    tenant: TenantId,
    deltas: &mut Deltas,
) -> Result<u64, StoreError> {
    search::mark_where(transaction, condition, values)?;
    let sql = format!(
        "DELETE FROM identities WHERE {condition} RETURNING type, enrollment_state, platform"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut gone = 0;
    while let Some(row) = rows.next()? {
        deltas.take(tenant, combination(row)?);
        gone += 1;
    }
    Ok(gone)
}

/// A row of a statement whose columns are the tallied ones and a number of rows.
pub(super) fn counted(row: &Row<'_>) -> rusqlite::Result<(Combination, u64)> {
    let rows: i64 = row.get(3)?;
    Ok((combination(row)?, u64::try_from(rows).unwrap_or_default()))
}

fn combination(row: &Row<'_>) -> rusqlite::Result<Combination> {
    Ok(Combination([row.get(0)?, row.get(1)?, row.get(2)?]))
}
