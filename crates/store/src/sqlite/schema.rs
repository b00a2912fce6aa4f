//! Settings of a connection, numbered migrations, and what all processes on one file share.

use std::time::Duration;

use model::{IdentityType, identifier_key};
use odata::FOLD_VERSION;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Durability, search};
use crate::copy::table::{COPYING, State};
use crate::{Clock, StoreError};

/// The migrations, by number from 1. One that has landed is never edited: the next one is added.
const MIGRATIONS: &[(&str, &str)] = &[
    ("register", include_str!("../../migrations/sqlite/0001_register.sql")),
    ("snapshots", include_str!("../../migrations/sqlite/0002_snapshots.sql")),
    ("query indexes", include_str!("../../migrations/sqlite/0003_query_indexes.sql")),
    ("search", include_str!("../../migrations/sqlite/0004_search.sql")),
    ("tallies", include_str!("../../migrations/sqlite/0005_tallies.sql")),
];

const OUR_FOLDING: [u8; FOLD_VERSION.to_le_bytes().len()] = FOLD_VERSION.to_le_bytes();
/// How long a statement waits for another process that writes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept by a connection: all there are.
const STATEMENTS: usize = 64;

pub(super) fn set_up(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::None => "OFF",
    };
    // Checkpoints have a thread of their own. The page cache is in KiB when negative.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous};
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -32768;
         PRAGMA mmap_size = 1073741824;
         PRAGMA temp_store = MEMORY;"
    ))
}

/// How much of the database the connection that writes keeps by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cache {
    /// Little, for rows from all over the database. Most of their pages would not be needed again,
    /// and the more are kept, the longer it takes to look one up.
    Small,
    /// As much as other connections, for an import, which comes back to pages again and again.
    Large,
}

impl Cache {
    /// In either, what a transaction has changed is kept as far as to 32 MiB (8,192 pages) before it
    /// goes to the log ahead of the commit.
    pub(super) fn set(self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(match self {
            Self::Small => "PRAGMA cache_spill = 8192; PRAGMA cache_size = -4096;",
            Self::Large => "PRAGMA cache_spill = 8192; PRAGMA cache_size = -32768;",
        })
    }
}

/// Brings the schema up to date, and gives its version before and now.
pub(super) fn prepare(
    connection: &mut Connection,
    clock: &Clock,
) -> Result<(i64, i64), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = migrate(&transaction, clock)?;
    refold(&transaction)?;
    transaction.commit()?;
    Ok((found, known()))
}

/// What the database is, before anything in it is changed.
pub(super) fn state(connection: &Connection) -> Result<State, StoreError> {
    let version = version(connection)?;
    if version == 0 {
        return Ok(State::Missing);
    }
    if version < known() || value(connection, "fold_version")?.as_deref() != Some(&OUR_FOLDING) {
        return Ok(State::Old);
    }
    let is_unfinished = value(connection, COPYING)?.is_some();
    Ok(if is_unfinished { State::Unfinished } else { State::Current })
}

/// Refuses what is not all there.
pub(super) fn check_finished(connection: &Connection) -> Result<(), StoreError> {
    if value(connection, COPYING)?.is_some() { Err(StoreError::Unfinished) } else { Ok(()) }
}

/// The last version there is.
fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The schema version of a database, 0 of an empty one.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    let (is_ours, is_empty): (bool, bool) = connection.query_row(
        // Other programs have a table of this name, too.
        "SELECT EXISTS (SELECT 1 FROM pragma_table_info('migrations') WHERE name = 'applied_ticks'),
             NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if !is_ours {
        return if is_empty { Ok(0) } else { Err(StoreError::Foreign) };
    }
    let sql = "SELECT coalesce(max(version), 0) FROM migrations";
    let (found, known) = (connection.query_row(sql, [], |row| row.get(0))?, known());
    if found > known { Err(StoreError::NewerSchema { found, known }) } else { Ok(found) }
}

/// The version that was found.
fn migrate(transaction: &Transaction<'_>, clock: &Clock) -> Result<i64, StoreError> {
    let found = version(transaction)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
             version       INTEGER NOT NULL PRIMARY KEY,
             name          TEXT    NOT NULL,
             applied_ticks INTEGER NOT NULL
         ) STRICT",
    )?;
    for (version, (name, sql)) in (1_i64..).zip(MIGRATIONS).filter(|(version, _)| *version > found)
    {
        transaction.execute_batch(sql)?;
        transaction.execute(
            "INSERT INTO migrations (version, name, applied_ticks) VALUES (?1, ?2, ?3)",
            params![version, name, clock.ticks()],
        )?;
    }
    Ok(found)
}

/// Makes anew what was made by another folding.
fn refold(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    if setting(transaction, "fold_version", &OUR_FOLDING)? == OUR_FOLDING {
        return Ok(());
    }
    let mut select = transaction.prepare("SELECT rid, type, identifier FROM identities")?;
    let mut update =
        transaction.prepare("UPDATE identities SET identifier_key = ?2 WHERE rid = ?1")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (rid, value, identifier): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let identity_type = IdentityType::from_value(value)
            .ok_or_else(|| StoreError::Damaged(format!("identity type {value}")))?;
        update.execute(params![rid, identifier_key(identity_type, &identifier)]).map_err(
            |error| match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::ConstraintViolation) => {
                    StoreError::FoldCollision { identifier: identifier.clone() }
                }
                _ => error.into(),
            },
        )?;
    }
    search::mark_all(transaction)?;
    transaction.execute(
        "UPDATE settings SET value = ?1 WHERE name = 'fold_version'",
        params![OUR_FOLDING],
    )?;
    Ok(())
}

/// The stored value of a setting, `first` if there was none: whoever comes first decides.
pub(super) fn setting(
    connection: &Connection,
    name: &str,
    first: &[u8],
) -> Result<Vec<u8>, StoreError> {
    connection.execute(
        "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
        params![name, first],
    )?;
    value(connection, name)?
        .ok_or_else(|| StoreError::Damaged(format!("the setting '{name}' has gone")))
}

/// The stored value of a setting, if it has one.
pub(super) fn value(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT value FROM settings WHERE name = ?1";
    Ok(connection.query_row(sql, params![name], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &std::path::Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        set_up(&connection, Durability::None).unwrap();
        connection
    }

    #[test]
    fn every_property_of_the_model_has_its_column() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut connection = open(file.path());
        prepare(&mut connection, &Clock::system()).unwrap();
        for property in &model::PROPERTIES {
            connection.prepare(&format!("SELECT {} FROM identities", property.column)).unwrap();
        }
    }

    #[test]
    fn a_database_of_a_later_build_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut connection = open(file.path());
        prepare(&mut connection, &Clock::system()).unwrap();
        connection.execute("INSERT INTO migrations VALUES (99, 'later', 0)", []).unwrap();
        let error = prepare(&mut connection, &Clock::system()).unwrap_err();
        assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
    }

    #[test]
    fn keys_made_by_another_folding_are_made_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut connection = open(file.path());
        prepare(&mut connection, &Clock::system()).unwrap();
        let insert = |key: &str, id: u8| {
            connection
                .execute(
                    "INSERT INTO identities (tenant_id, id, identifier, identifier_key, type,
                         created_ticks, modified_ticks, contacted_ticks, contacted_offset_min,
                         enrollment_state, platform, rev)
                     VALUES (x'00', ?2, 'C02AB', ?1, 2, 0, 0, 0, 0, 0, 0, 1)",
                    params![key, [id]],
                )
                .unwrap();
        };
        insert("C02AB", 1);
        connection
            .execute("UPDATE settings SET value = x'ff' WHERE name = 'fold_version'", [])
            .unwrap();
        prepare(&mut connection, &Clock::system()).unwrap();
        let key: String = connection
            .query_row("SELECT identifier_key FROM identities", [], |row| row.get(0))
            .unwrap();
        assert_eq!(key, "c02ab");
    }
}
