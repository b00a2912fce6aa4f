//! Statements of administration: tenants and what they hold.

use model::TenantId;
use odata::DateTimeOffset;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::Sqlite;
use super::rows::{blob, count};
use super::tallies;
use crate::tally::Deltas;
use crate::{Holdings, StoreError, Tenant};

/// Rows removed in one transaction, so that writes of others get their turn.
const REMOVED_AT_ONCE: i64 = 5_000;
const SOME_ROWS: &str = "tenant_id = ?1 AND rid IN \
     (SELECT rid FROM identities WHERE tenant_id = ?1 ORDER BY id LIMIT ?2)";
const REMOVE_CHANGES: &str = "DELETE FROM changes WHERE tenant_id = ?1 AND seq IN \
     (SELECT seq FROM changes WHERE tenant_id = ?1 LIMIT ?2)";

impl Sqlite {
    pub(crate) fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.readers.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT tenant_id, name, licensed, created_ticks FROM tenants WHERE tenant_id = ?1",
            )?;
            Ok(statement.query_row(params![blob(&id.0)], tenant).optional()?)
        })
    }

    pub(crate) fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.readers.read(all)
    }

    pub(crate) fn add_tenant(
        &self,
        id: TenantId,
        name: &str,
        licensed: bool,
    ) -> Result<bool, StoreError> {
        let added = self.admin().execute(
            "INSERT INTO tenants (tenant_id, name, licensed, next_seq, created_ticks)
             VALUES (?1, ?2, ?3, 1, ?4) ON CONFLICT (tenant_id) DO NOTHING",
            params![blob(&id.0), name, licensed, self.clock.ticks()],
        )?;
        Ok(added == 1)
    }

    pub(crate) fn set_licence(&self, id: TenantId, licensed: bool) -> Result<bool, StoreError> {
        let found = self.admin().execute(
            "UPDATE tenants SET licensed = ?2 WHERE tenant_id = ?1",
            params![blob(&id.0), licensed],
        )?;
        Ok(found == 1)
    }

    pub(crate) fn holdings(&self, id: TenantId) -> Result<Holdings, StoreError> {
        self.readers.read(|connection| {
            let changes: i64 = connection.query_row(
                "SELECT count(*) FROM changes WHERE tenant_id = ?1",
                params![blob(&id.0)],
                |row| row.get(0),
            )?;
            let changes = u64::try_from(changes).unwrap_or_default();
            Ok(Holdings { identities: count(connection, id)?, changes })
        })
    }

    pub(crate) fn remove_tenant(
        &self,
        id: TenantId,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        self.set_licence(id, false)?;
        let mut removed = 0;
        for remove in [Self::remove_rows, Self::remove_changes] {
            loop {
                let gone = remove(self, id)?;
                if gone == 0 {
                    break;
                }
                removed += gone;
                progress(removed);
            }
        }
        for sql in [
            "DELETE FROM snapshot_changes WHERE tenant_id = ?1",
            "DELETE FROM tallies WHERE tenant_id = ?1",
            "DELETE FROM snapshots WHERE tenant_id = ?1",
            "DELETE FROM tenants WHERE tenant_id = ?1",
        ] {
            self.admin().execute(sql, params![blob(&id.0)])?;
        }
        Ok(())
    }

    /// Removes some identities, with what is tallied of them. How many went.
    fn remove_rows(&self, id: TenantId) -> Result<u64, StoreError> {
        let mut admin = self.admin();
        let transaction = admin.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut deltas = Deltas::default();
        let some = params![blob(&id.0), REMOVED_AT_ONCE];
        let gone = tallies::delete(&transaction, SOME_ROWS, some, id, &mut deltas)?;
        tallies::change(&transaction, &deltas)?;
        transaction.commit()?;
        Ok(gone)
    }

    /// Removes some of the history. How much went.
    fn remove_changes(&self, id: TenantId) -> Result<u64, StoreError> {
        let gone = self.admin().execute(REMOVE_CHANGES, params![blob(&id.0), REMOVED_AT_ONCE])?;
        Ok(u64::try_from(gone).unwrap_or_default())
    }
}

/// All tenants of a database, by id.
pub(super) fn all(connection: &Connection) -> Result<Vec<Tenant>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT tenant_id, name, licensed, created_ticks FROM tenants ORDER BY tenant_id",
    )?;
    let rows = statement.query_map([], tenant)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn tenant(row: &Row<'_>) -> rusqlite::Result<Tenant> {
    let damaged = |index| rusqlite::Error::IntegralValueOutOfRange(index, 0);
    let id = uuid::Uuid::from_slice(row.get_ref(0)?.as_blob()?).map_err(|_| damaged(0))?;
    Ok(Tenant {
        id: TenantId(id),
        name: row.get(1)?,
        licensed: row.get(2)?,
        created: DateTimeOffset::from_ticks_utc(row.get(3)?).ok_or_else(|| damaged(3))?,
    })
}
