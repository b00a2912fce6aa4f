//! Statements of administration: tenants and what they hold.

use deadpool_postgres::Object;
use model::TenantId;
use odata::DateTimeOffset;
use tokio_postgres::Row;

use super::failure::Failure;
use super::rows::{damaged, storable};
use super::tallies;
use crate::tally::Deltas;
use crate::{Holdings, Tenant};

/// Rows removed in one transaction, so that writes of others get their turn.
const REMOVED_AT_ONCE: i64 = 5_000;
const ONE: &str =
    "SELECT tenant_id, name, licensed, created_ticks FROM tenants WHERE tenant_id = $1";
const ALL: &str = "SELECT tenant_id, name, licensed, created_ticks FROM tenants ORDER BY tenant_id";
const ADD: &str = "INSERT INTO tenants (tenant_id, name, licensed, next_seq, last_ticks, \
     created_ticks) VALUES ($1, $2, $3, 1, 0, $4) ON CONFLICT (tenant_id) DO NOTHING";
const SET_LICENCE: &str = "UPDATE tenants SET licensed = $2 WHERE tenant_id = $1";
const COUNT_ROWS: &str = "SELECT count(*) FROM identities WHERE tenant_id = $1";
const COUNT_CHANGES: &str = "SELECT count(*) FROM changes WHERE tenant_id = $1";
const REMOVE_TEXTS: &str = "DELETE FROM identity_texts WHERE tenant_id = $1 AND id IN \
     (SELECT id FROM identities WHERE tenant_id = $1 ORDER BY id LIMIT $2)";
const REMOVE_ROWS: &str = "DELETE FROM identities WHERE tenant_id = $1 AND id IN \
     (SELECT id FROM identities WHERE tenant_id = $1 ORDER BY id LIMIT $2) \
     RETURNING type, enrollment_state, platform";
const REMOVE_CHANGES: &str = "DELETE FROM changes WHERE tenant_id = $1 AND seq IN \
     (SELECT seq FROM changes WHERE tenant_id = $1 ORDER BY seq LIMIT $2)";
const REMOVE_REST: [&str; 4] = [
    "DELETE FROM snapshot_changes WHERE tenant_id = $1",
    "DELETE FROM tallies WHERE tenant_id = $1",
    "DELETE FROM snapshots WHERE tenant_id = $1",
    "DELETE FROM tenants WHERE tenant_id = $1",
];

pub(super) async fn find(client: &Object, id: TenantId) -> Result<Option<Tenant>, Failure> {
    let statement = client.prepare_cached(ONE).await?;
    client.query_opt(&statement, &[&id.0]).await?.as_ref().map(tenant).transpose()
}

pub(super) async fn all(client: &Object) -> Result<Vec<Tenant>, Failure> {
    client.query(ALL, &[]).await?.iter().map(tenant).collect()
}

/// `false` when it is there already, and then nothing changes.
pub(super) async fn add(
    client: &Object,
    id: TenantId,
    name: &str,
    licensed: bool,
    created: i64,
) -> Result<bool, Failure> {
    let added = client.execute(ADD, &[&id.0, &storable(name), &licensed, &created]).await?;
    Ok(added == 1)
}

/// `false` when there is no such tenant.
pub(super) async fn set_licence(
    client: &Object,
    id: TenantId,
    licensed: bool,
) -> Result<bool, Failure> {
    Ok(client.execute(SET_LICENCE, &[&id.0, &licensed]).await? == 1)
}

pub(super) async fn holdings(client: &Object, id: TenantId) -> Result<Holdings, Failure> {
    let count = async |sql: &str| -> Result<u64, Failure> {
        let count: i64 = client.query_one(sql, &[&id.0]).await?.try_get(0)?;
        Ok(u64::try_from(count).unwrap_or_default())
    };
    Ok(Holdings { identities: count(COUNT_ROWS).await?, changes: count(COUNT_CHANGES).await? })
}

/// Removes some identities, with what is tallied of them. How many went.
pub(super) async fn remove_rows(client: &Object, id: TenantId) -> Result<u64, Failure> {
    client.batch_execute("BEGIN").await?;
    client.execute(REMOVE_TEXTS, &[&id.0, &REMOVED_AT_ONCE]).await?;
    let gone = client.query(REMOVE_ROWS, &[&id.0, &REMOVED_AT_ONCE]).await?;
    let mut deltas = Deltas::default();
    for row in &gone {
        deltas.take(id, tallies::combination(row)?);
    }
    tallies::change(client, id, &deltas).await?;
    client.batch_execute("COMMIT").await?;
    Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
}

/// Removes some of the history. How much went.
pub(super) async fn remove_changes(client: &Object, id: TenantId) -> Result<u64, Failure> {
    Ok(client.execute(REMOVE_CHANGES, &[&id.0, &REMOVED_AT_ONCE]).await?)
}

/// Removes the tenant itself, with what is left of it.
pub(super) async fn remove_rest(client: &Object, id: TenantId) -> Result<(), Failure> {
    for sql in REMOVE_REST {
        client.execute(sql, &[&id.0]).await?;
    }
    Ok(())
}

fn tenant(row: &Row) -> Result<Tenant, Failure> {
    let created = DateTimeOffset::from_ticks_utc(row.try_get(3)?);
    Ok(Tenant {
        id: TenantId(row.try_get(0)?),
        name: row.try_get(1)?,
        licensed: row.try_get(2)?,
        created: created.ok_or_else(|| damaged("instant"))?,
    })
}
