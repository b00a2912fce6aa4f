//! The tallies in PostgreSQL, kept in the transaction that changes the rows they count.

use deadpool_postgres::Object;
use model::TenantId;
use tokio_postgres::Row;

use super::failure::Failure;
use super::rows::{execute, small};
use crate::tally::{Combination, Deltas};

const READ: &str =
    "SELECT type, enrollment_state, platform, rows FROM tallies WHERE tenant_id = $1";
const CHANGE: &str = "INSERT INTO tallies (tenant_id, type, enrollment_state, platform, rows) \
     SELECT $1, d.* FROM unnest($2::smallint[], $3::smallint[], $4::smallint[], $5::bigint[]) AS d \
     ON CONFLICT (tenant_id, type, enrollment_state, platform) \
     DO UPDATE SET rows = tallies.rows + excluded.rows";
const FORGET: &str = "DELETE FROM tallies WHERE tenant_id = $1";

/// Every combination that the tenant has rows of, and how many.
pub(super) async fn read(
    client: &Object,
    tenant: TenantId,
) -> Result<Vec<(Combination, u64)>, Failure> {
    let statement = client.prepare_cached(READ).await?;
    let rows = client.query(&statement, &[&tenant.0]).await?;
    let tallies = rows.iter().map(counted).collect::<Result<Vec<_>, Failure>>()?;
    Ok(tallies.into_iter().filter(|(_, rows)| *rows > 0).collect())
}

/// Changes each tally of a tenant once.
pub(super) async fn change(
    client: &Object,
    tenant: TenantId,
    deltas: &Deltas,
) -> Result<(), Failure> {
    let (mut types, mut states, mut platforms, mut rows) = (vec![], vec![], vec![], vec![]);
    for (_, Combination([identity_type, state, platform]), delta) in
        deltas.changed().filter(|(of, ..)| *of == tenant)
    {
        types.push(small(identity_type));
        states.push(small(state));
        platforms.push(small(platform));
        rows.push(delta);
    }
    if rows.is_empty() {
        return Ok(());
    }
    execute(client, CHANGE, &[&tenant.0, &types, &states, &platforms, &rows]).await?;
    Ok(())
}

/// Forgets all tallies of a tenant, whose rows have all gone.
pub(super) async fn forget(client: &Object, tenant: TenantId) -> Result<(), Failure> {
    execute(client, FORGET, &[&tenant.0]).await?;
    Ok(())
}

/// A row of a statement whose columns are the tallied ones and a number of rows.
pub(super) fn counted(row: &Row) -> Result<(Combination, u64), Failure> {
    let rows: i64 = row.try_get(3)?;
    Ok((combination(row)?, u64::try_from(rows).unwrap_or_default()))
}

/// A row of a statement that begins with the tallied columns.
pub(super) fn combination(row: &Row) -> Result<Combination, Failure> {
    let number = |index| row.try_get::<_, i16>(index).map(i64::from);
    Ok(Combination([number(0)?, number(1)?, number(2)?]))
}
