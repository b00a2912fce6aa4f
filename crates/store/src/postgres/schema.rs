//! Numbered migrations, and what all processes on one database share.

use deadpool_postgres::Object;
use futures_util::future::join_all;
use model::{IdentityType, identifier_key};
use odata::FOLD_VERSION;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::failure::{Failure, both, told};
use super::rows::damaged;
use crate::copy::table::{COPYING, State};
use crate::query::searched;
use crate::{Clock, StoreError};

/// The migrations, by number from 1. One that has landed is never edited: the next one is added.
const MIGRATIONS: &[(&str, &str)] =
    &[("register", include_str!("../../migrations/postgres/0001_register.sql"))];

const OUR_FOLDING: [u8; FOLD_VERSION.to_le_bytes().len()] = FOLD_VERSION.to_le_bytes();
/// The tables that Citus spreads over its nodes, by `tenant_id`, each tenant's rows together.
const DISTRIBUTED: [&str; 7] = [
    "tenants",
    "identities",
    "identity_texts",
    "changes",
    "tallies",
    "snapshots",
    "snapshot_changes",
];
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migrations (
         version       bigint NOT NULL PRIMARY KEY,
         name          text   NOT NULL,
         applied_ticks bigint NOT NULL
     )";
/// Begins a transaction in which who holds the lock migrates; the others wait, and find nothing left
/// to do. Large tables take their time, so nothing ends it.
pub(super) const TURN: &str = "BEGIN; SET LOCAL statement_timeout = 0; \
     LOCK TABLE migrations IN ACCESS EXCLUSIVE MODE";
/// Other programs have a table of this name, too.
const OURS: &str = "SELECT EXISTS (SELECT FROM pg_attribute \
         WHERE attrelid = to_regclass('migrations') AND attname = 'applied_ticks'), \
     NOT EXISTS (SELECT FROM pg_class \
         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r')";
const FOUND: &str = "SELECT coalesce(max(version), 0) FROM migrations";
const APPLIED: &str = "INSERT INTO migrations (version, name, applied_ticks) VALUES ($1, $2, $3)";
const SET: &str =
    "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const GET: &str = "SELECT value FROM settings WHERE name = $1";
const INDEX_OF_TEXT: &str = "CREATE INDEX IF NOT EXISTS identity_texts_by_part \
     ON identity_texts USING gin (searched gin_trgm_ops)";
pub(super) const NO_INDEX_OF_TEXT: &str = "DROP INDEX IF EXISTS identity_texts_by_part";
const HAS_INDEX_OF_TEXT: &str = "SELECT to_regclass('identity_texts_by_part') IS NOT NULL";

/// Brings the schema up to date, and gives its version before and now.
pub(super) async fn prepare(client: &Object, clock: &Clock) -> Result<(i64, i64), Failure> {
    fits(client).await?;
    if !is_ours(client).await? {
        make_ledger(client).await?;
    }
    client.batch_execute(TURN).await?;
    let found = migrate(client, clock).await?;
    client.batch_execute("COMMIT").await?;
    Ok((found, known()))
}

/// What the database is, before anything in it is changed.
pub(super) async fn state(client: &Object) -> Result<State, Failure> {
    if !is_ours(client).await? {
        return Ok(State::Missing);
    }
    let found = found(client).await?;
    if found == 0 {
        return Ok(State::Missing);
    }
    if found < known() || value(client, "fold_version").await?.as_deref() != Some(&OUR_FOLDING) {
        return Ok(State::Old);
    }
    let is_unfinished = value(client, COPYING).await?.is_some();
    Ok(if is_unfinished { State::Unfinished } else { State::Current })
}

/// The stored value of a setting of a database that may have no tables yet.
pub(super) async fn peek(client: &Object, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    match state(client).await? {
        State::Missing => Ok(None),
        State::Old | State::Unfinished | State::Current => value(client, name).await,
    }
}

/// Refuses what is not all there.
pub(super) async fn check_finished(client: &Object) -> Result<(), Failure> {
    match value(client, COPYING).await? {
        Some(_) => Err(StoreError::Unfinished.into()),
        None => Ok(()),
    }
}

/// Whether it is a register's, and not empty.
async fn is_ours(client: &Object) -> Result<bool, Failure> {
    let row = client.query_one(OURS, &[]).await?;
    let (is_ours, is_empty): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    if is_ours || is_empty { Ok(is_ours) } else { Err(StoreError::Foreign.into()) }
}

/// The last version there is.
fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The version of the schema.
async fn found(client: &Object) -> Result<i64, Failure> {
    let (found, known) = (client.query_one(FOUND, &[]).await?.try_get(0)?, known());
    if found > known { Err(StoreError::NewerSchema { found, known }.into()) } else { Ok(found) }
}

/// Whether the database can hold what a register holds.
async fn fits(client: &Object) -> Result<(), Failure> {
    let row = client
        .query_one(
            "SELECT current_setting('server_encoding'), current_setting('server_version_num')::int",
            &[],
        )
        .await?;
    let (encoding, version): (&str, i32) = (row.try_get(0)?, row.try_get(1)?);
    let unfit = |reason: String| Err(Failure::Final(StoreError::Unfit(reason)));
    if encoding != "UTF8" {
        return unfit(format!(
            "its encoding is {encoding}, and identifiers are Unicode: make it with ENCODING 'UTF8'"
        ));
    }
    if version < 150_000 {
        return unfit(format!(
            "it is of PostgreSQL {}, and muster needs 15 or later",
            version / 10_000
        ));
    }
    Ok(())
}

/// Two processes may come at once, and the statement does not see the other's table until it fails
/// on it: on the table, its type, or a row of theirs in the catalogue.
async fn make_ledger(client: &Object) -> Result<(), Failure> {
    let Err(error) = client.batch_execute(LEDGER).await else { return Ok(()) };
    let by_another =
        [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT];
    if error.code().is_some_and(|code| by_another.contains(code)) {
        return Err(Failure::Passing("another process makes the tables".to_owned()));
    }
    Err(error.into())
}

/// Within a transaction. The version that was found.
async fn migrate(client: &Object, clock: &Clock) -> Result<i64, Failure> {
    let found = found(client).await?;
    for (version, (name, sql)) in (1_i64..).zip(MIGRATIONS).filter(|(version, _)| *version > found)
    {
        client.batch_execute(sql).await?;
        client.execute(APPLIED, &[&version, name, &clock.ticks()]).await?;
    }
    if found == 0 {
        distribute(client).await?;
    }
    refold(client).await?;
    Ok(found)
}

/// Spreads new tables, where Citus is there to do it.
async fn distribute(client: &Object) -> Result<(), Failure> {
    let citus = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')";
    if !client.query_one(citus, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(());
    }
    for table in DISTRIBUTED {
        let spread = format!("SELECT create_distributed_table('{table}', 'tenant_id')");
        client.batch_execute(&spread).await?;
    }
    Ok(())
}

/// Makes the index of text, where the extension that it needs is there or can be made. Why there is
/// none.
pub(super) async fn index_texts(client: &Object) -> Result<Option<String>, Failure> {
    if client.query_one(HAS_INDEX_OF_TEXT, &[]).await?.try_get(0)? {
        return Ok(None);
    }
    client.batch_execute(TURN).await?;
    for sql in ["CREATE EXTENSION IF NOT EXISTS pg_trgm", INDEX_OF_TEXT] {
        let Err(error) = client.batch_execute(sql).await else { continue };
        let (cause, failure) = (told(&error), Failure::from(error));
        if matches!(failure, Failure::Passing(_)) {
            return Err(failure);
        }
        client.batch_execute("ROLLBACK").await?;
        return Ok(Some(cause));
    }
    client.batch_execute("COMMIT").await?;
    Ok(None)
}

const FOLDED: &str = "SELECT tenant_id, id, type, identifier, description FROM identities \
     WHERE (tenant_id, id) > ($1, $2) ORDER BY tenant_id, id LIMIT 1000";
const REFOLD: &str = "UPDATE identities SET identifier_key = $3 WHERE tenant_id = $1 AND id = $2";
const REFOLD_TEXT: &str =
    "UPDATE identity_texts SET searched = $3 WHERE tenant_id = $1 AND id = $2";

/// Makes anew what was made by another folding.
async fn refold(client: &Object) -> Result<(), Failure> {
    if setting(client, "fold_version", &OUR_FOLDING).await? == OUR_FOLDING {
        return Ok(());
    }
    let (select, update, update_text) = tokio::try_join!(
        client.prepare(FOLDED),
        client.prepare(REFOLD),
        client.prepare(REFOLD_TEXT),
    )?;
    let mut last = (Uuid::nil(), Uuid::nil());
    loop {
        let rows = client.query(&select, &[&last.0, &last.1]).await?;
        let Some(end) = rows.last() else { break };
        last = (end.try_get(0)?, end.try_get(1)?);
        let one = async |row: &Row| {
            let (tenant, id): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
            let identity_type = IdentityType::from_value(i64::from(row.try_get::<_, i16>(2)?))
                .ok_or_else(|| damaged("type of identity"))?;
            let (identifier, description): (&str, Option<&str>) =
                (row.try_get(3)?, row.try_get(4)?);
            let key = identifier_key(identity_type, identifier);
            client.execute(&update, &[&tenant, &id, &key]).await.map_err(|error| {
                match error.code() {
                    Some(&SqlState::UNIQUE_VIOLATION) => {
                        Failure::Final(StoreError::FoldCollision {
                            identifier: identifier.to_owned(),
                        })
                    }
                    _ => error.into(),
                }
            })?;
            let text = searched(identifier, description);
            client.execute(&update_text, &[&tenant, &id, &text]).await?;
            Ok::<(), Failure>(())
        };
        let done = join_all(rows.iter().map(one)).await;
        done.into_iter().reduce(|one, other| both(one, other).map(drop)).unwrap_or(Ok(()))?;
    }
    let folded = "UPDATE settings SET value = $1 WHERE name = 'fold_version'";
    client.execute(folded, &[&OUR_FOLDING.as_slice()]).await?;
    Ok(())
}

/// The stored value of a setting, `first` if there was none: whoever comes first decides.
pub(super) async fn setting(client: &Object, name: &str, first: &[u8]) -> Result<Vec<u8>, Failure> {
    client.execute(SET, &[&name, &first]).await?;
    value(client, name).await?.ok_or_else(|| damaged(&format!("setting '{name}'")))
}

/// The stored value of a setting, if it has one.
pub(super) async fn value(client: &Object, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    Ok(client.query_opt(GET, &[&name]).await?.map(|row| row.try_get(0)).transpose()?)
}
