//! Snapshots: marks in the history, as the SQLite engine has them. Going back to one undoes what
//! came after it; the history of snapshots beyond it is copied before, and replayed to come back.

use deadpool_postgres::Object;
use model::{Identity, TenantId};
use odata::DateTimeOffset;

use super::changes::insert;
use super::failure::Failure;
use super::rows::{damaged, entry};
use super::tallies;
use crate::tally::{Combination, Deltas};
use crate::{BEGINNING, Snapshot, SnapshotStep};

/// The columns of a change but for its tenant.
const COLUMNS: [&str; 14] = [
    "seq",
    "id",
    "kind",
    "at_ticks",
    "actor_type",
    "user_id",
    "user_name",
    "app_id",
    "app_name",
    "ip",
    "request_id",
    "client_request_id",
    "before",
    "after",
];
const TAKE: &str = "INSERT INTO snapshots (tenant_id, name, seq, in_force, copied, taken_ticks) \
     SELECT tenant_id, $2, next_seq - 1, TRUE, FALSE, $3 FROM tenants WHERE tenant_id = $1 \
     ON CONFLICT (tenant_id, name) DO UPDATE SET seq = excluded.seq, in_force = TRUE, \
     copied = FALSE, taken_ticks = excluded.taken_ticks";
const FORGET: &str = "DELETE FROM snapshots WHERE tenant_id = $1 AND name = $2";
const FORGET_COPY: &str = "DELETE FROM snapshot_changes WHERE tenant_id = $1 AND name = $2";
const FIND: &str = "SELECT seq, in_force FROM snapshots WHERE tenant_id = $1 AND name = $2";
const LIST: &str =
    "SELECT name, taken_ticks FROM snapshots WHERE tenant_id = $1 ORDER BY taken_ticks, name";
const CUT_OFF: &str = "UPDATE snapshots SET in_force = FALSE, copied = TRUE \
     WHERE tenant_id = $1 AND seq > $2 AND in_force";
const CHANGED_TEXTS: &str = "DELETE FROM identity_texts WHERE tenant_id = $1 AND id IN \
     (SELECT id FROM changes WHERE tenant_id = $1 AND seq > $2)";
const CHANGED: &str = "DELETE FROM identities WHERE tenant_id = $1 AND id IN \
     (SELECT id FROM changes WHERE tenant_id = $1 AND seq > $2) \
     RETURNING type, enrollment_state, platform";
/// What the first change behind a point found, was there at that point.
const AS_BEFORE: &str = "SELECT before FROM \
     (SELECT DISTINCT ON (id) id, before FROM changes WHERE tenant_id = $1 AND seq > $2 \
     ORDER BY id, seq) AS c WHERE before IS NOT NULL ORDER BY id";
const UNDONE: &str = "DELETE FROM changes WHERE tenant_id = $1 AND seq > $2";
const ALL_TEXTS: &str = "DELETE FROM identity_texts WHERE tenant_id = $1";
const ALL_ROWS: &str = "DELETE FROM identities WHERE tenant_id = $1";
/// What the last change of an identity left, is there.
const AS_AFTER: &str = "SELECT after FROM \
     (SELECT DISTINCT ON (id) id, after FROM changes WHERE tenant_id = $1 \
     ORDER BY id, seq DESC) AS c WHERE after IS NOT NULL ORDER BY id";
const IN_FORCE: &str = "UPDATE snapshots SET in_force = TRUE WHERE tenant_id = $1 AND name = $2";
const COUNT_FROM: &str = "UPDATE tenants SET next_seq = $2::bigint + 1 WHERE tenant_id = $1";
/// Rows that are put back at once.
const PUT_BACK_AT_ONCE: usize = 1_000;

/// Does a step within a transaction. `false` when there is no such snapshot, and then nothing is
/// changed.
pub(super) async fn apply(
    client: &Object,
    tenant: TenantId,
    step: &SnapshotStep,
    now: DateTimeOffset,
) -> Result<bool, Failure> {
    match step {
        SnapshotStep::Take(name) => {
            client.execute(FORGET_COPY, &[&tenant.0, name]).await?;
            Ok(client.execute(TAKE, &[&tenant.0, name, &now.ticks()]).await? > 0)
        }
        SnapshotStep::Restore(name) => restore(client, tenant, name).await,
        SnapshotStep::Forget(name) => {
            client.execute(FORGET_COPY, &[&tenant.0, name]).await?;
            Ok(client.execute(FORGET, &[&tenant.0, name]).await? > 0)
        }
    }
}

/// All snapshots of a tenant, the oldest first.
pub(super) async fn list(client: &Object, tenant: TenantId) -> Result<Vec<Snapshot>, Failure> {
    let rows = client.query(LIST, &[&tenant.0]).await?;
    let snapshot = |row: &tokio_postgres::Row| {
        let taken = DateTimeOffset::from_ticks_utc(row.try_get(1)?);
        Ok(Snapshot { name: row.try_get(0)?, taken: taken.ok_or_else(|| damaged("instant"))? })
    };
    rows.iter().map(snapshot).collect()
}

async fn restore(client: &Object, tenant: TenantId, name: &str) -> Result<bool, Failure> {
    match client.query_opt(FIND, &[&tenant.0, &name]).await? {
        None if name != BEGINNING => return Ok(false),
        None => go_back(client, tenant, 0).await?,
        Some(found) => {
            let seq: i64 = found.try_get(0)?;
            if found.try_get(1)? {
                go_back(client, tenant, seq).await?;
            } else {
                replay(client, tenant, name, seq).await?;
            }
        }
    }
    Ok(true)
}

/// Copies the history of snapshots that lie behind `seq`, which is about to be cut off there.
async fn cut_off(client: &Object, tenant: TenantId, seq: i64) -> Result<(), Failure> {
    let copied = COLUMNS.map(|column| format!("c.{column}")).join(", ");
    let copy = format!(
        "INSERT INTO snapshot_changes (tenant_id, name, {}) SELECT s.tenant_id, s.name, {copied} \
         FROM snapshots AS s JOIN changes AS c ON c.tenant_id = s.tenant_id AND c.seq <= s.seq \
         WHERE s.tenant_id = $1 AND s.seq > $2 AND s.in_force AND NOT s.copied",
        COLUMNS.join(", ")
    );
    client.execute(&copy, &[&tenant.0, &seq]).await?;
    client.execute(CUT_OFF, &[&tenant.0, &seq]).await?;
    Ok(())
}

/// Undoes all changes behind `seq`.
async fn go_back(client: &Object, tenant: TenantId, seq: i64) -> Result<(), Failure> {
    cut_off(client, tenant, seq).await?;
    let mut deltas = Deltas::default();
    client.execute(CHANGED_TEXTS, &[&tenant.0, &seq]).await?;
    for row in client.query(CHANGED, &[&tenant.0, &seq]).await? {
        deltas.take(tenant, tallies::combination(&row)?);
    }
    let before = client.query(AS_BEFORE, &[&tenant.0, &seq]).await?;
    put_back(client, tenant, &before, &mut deltas).await?;
    tallies::change(client, tenant, &deltas).await?;
    client.execute(UNDONE, &[&tenant.0, &seq]).await?;
    client.execute(COUNT_FROM, &[&tenant.0, &seq]).await?;
    Ok(())
}

/// Puts the copied history of a snapshot in the place of the one in force.
async fn replay(client: &Object, tenant: TenantId, name: &str, seq: i64) -> Result<(), Failure> {
    cut_off(client, tenant, 0).await?;
    client.execute(ALL_TEXTS, &[&tenant.0]).await?;
    client.execute(ALL_ROWS, &[&tenant.0]).await?;
    tallies::forget(client, tenant).await?;
    client.execute(UNDONE, &[&tenant.0, &0_i64]).await?;
    let columns = COLUMNS.join(", ");
    let replay = format!(
        "INSERT INTO changes (tenant_id, {columns}) SELECT tenant_id, {columns} \
         FROM snapshot_changes WHERE tenant_id = $1 AND name = $2"
    );
    client.execute(&replay, &[&tenant.0, &name]).await?;
    let after = client.query(AS_AFTER, &[&tenant.0]).await?;
    let mut deltas = Deltas::default();
    put_back(client, tenant, &after, &mut deltas).await?;
    tallies::change(client, tenant, &deltas).await?;
    client.execute(IN_FORCE, &[&tenant.0, &name]).await?;
    client.execute(COUNT_FROM, &[&tenant.0, &seq]).await?;
    Ok(())
}

async fn put_back(
    client: &Object,
    tenant: TenantId,
    entries: &[tokio_postgres::Row],
    deltas: &mut Deltas,
) -> Result<(), Failure> {
    for some in entries.chunks(PUT_BACK_AT_ONCE) {
        let rows = some.iter().map(|row| entry(row.try_get(0)?));
        let rows = rows.collect::<Result<Vec<Identity>, Failure>>()?;
        insert(client, tenant, &rows.iter().collect::<Vec<_>>()).await?;
        for row in &rows {
            deltas.add(tenant, Combination::of(row));
        }
    }
    Ok(())
}
