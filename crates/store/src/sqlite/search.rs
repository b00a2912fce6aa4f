//! Looking parts of text up: the index of rows by three characters, and the backlog of those that
//! it does not know yet. Both name candidates only, of all tenants: whoever asks looks them up as
//! the tenant's and judges them. Every statement that makes, changes or removes rows marks them
//! here, in its own transaction.

use model::{Identity, TenantId};
use rusqlite::{Connection, OptionalExtension, Params, params};

use super::rows::blob;
use crate::StoreError;
use crate::query::{Parts, searched};

/// Rows in the backlog from which going through all of a tenant's is no worse.
const LONG_BACKLOG: i64 = 20_000;
/// Rows in the backlog from which it had better become shorter.
const BEHIND: i64 = 10_000;
/// Pieces of three characters that are looked up of one part. A few tell as much as all.
const MOST_PIECES: usize = 8;

const MARK: &str = "INSERT OR IGNORE INTO search_backlog (rid) VALUES (?1)";
const MARK_ALL: &str = "INSERT OR IGNORE INTO search_backlog (rid) SELECT rid FROM identities";
const BACKLOG: &str = "SELECT rid FROM search_backlog ORDER BY rid LIMIT ?1";
const BACKLOG_LENGTH: &str = "SELECT count(*) FROM (SELECT 1 FROM search_backlog LIMIT ?1)";
const NAMED: &str = "SELECT rowid FROM search WHERE search MATCH ?1 LIMIT ?2";
const TEXTS: &str = "SELECT identifier, description FROM identities WHERE rid = ?1";
const INDEX: &str = "INSERT OR REPLACE INTO search (rowid, text) VALUES (?1, ?2)";
const FORGET: &str = "DELETE FROM search WHERE rowid = ?1";
const UNMARK: &str = "DELETE FROM search_backlog WHERE rid = ?1";

/// Marks a row that has been made.
pub(super) fn mark(connection: &Connection, rid: i64) -> Result<(), StoreError> {
    connection.prepare_cached(MARK)?.execute([rid])?;
    Ok(())
}

/// Marks a row whose text changes.
pub(super) fn mark_row(
    connection: &Connection,
    tenant: TenantId,
    row: &Identity,
) -> Result<(), StoreError> {
    mark_where(connection, "tenant_id = ?1 AND id = ?2", params![blob(&tenant.0), blob(&row.id.0)])
}

/// Marks all rows of all tenants.
pub(super) fn mark_all(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(MARK_ALL, [])?;
    Ok(())
}

/// Marks the rows that meet a condition.
pub(super) fn mark_where(
    connection: &Connection,
    condition: &str,
    values: impl Params,
) -> Result<(), StoreError> {
    connection.prepare_cached(&format!("{MARK_ALL} WHERE {condition}"))?.execute(values)?;
    Ok(())
}

/// Removes the rows that meet a condition, and gives how many there were. To be called within a
/// transaction.
pub(super) fn delete(
    connection: &Connection,
    condition: &str,
    values: impl Params + Copy,
) -> Result<usize, StoreError> {
    mark_where(connection, condition, values)?;
    let sql = format!("DELETE FROM identities WHERE {condition}");
    Ok(connection.prepare_cached(&sql)?.execute(values)?)
}

/// What the index is asked for the rows that have these parts. `None` if too much is not in it.
pub(super) fn wanted(
    connection: &Connection,
    parts: Option<&Parts>,
) -> Result<Option<String>, StoreError> {
    let Some(parts) = parts else { return Ok(None) };
    let is_long = backlog_exceeds(connection, LONG_BACKLOG)?;
    Ok((!is_long).then(|| matching(parts)))
}

/// Whether much of what was written is not indexed yet.
pub(super) fn is_behind(connection: &Connection) -> Result<bool, StoreError> {
    backlog_exceeds(connection, BEHIND)
}

fn backlog_exceeds(connection: &Connection, rows: i64) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(BACKLOG_LENGTH)?;
    let length: i64 = statement.query_row([rows + 1], |row| row.get(0))?;
    Ok(length > rows)
}

/// The numbers of the first rows that the index names, of all tenants, `most` at most, ascending.
pub(super) fn named(
    connection: &Connection,
    wanted: &str,
    most: usize,
) -> Result<Vec<i64>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(NAMED)?;
    let numbers = statement.query_map(params![wanted, most], |row| row.get(0))?;
    Ok(numbers.collect::<rusqlite::Result<_>>()?)
}

/// The numbers of the rows that the index does not know yet, or knows wrongly.
pub(super) fn backlog(connection: &Connection) -> Result<Vec<i64>, StoreError> {
    some_of_backlog(connection, i64::MAX)
}

fn some_of_backlog(connection: &Connection, most: i64) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(BACKLOG)?;
    let numbers = statement.query_map([most], |row| row.get(0))?;
    Ok(numbers.collect::<rusqlite::Result<_>>()?)
}

/// The parts in the language of the index.
fn matching(parts: &Parts) -> String {
    let joined = |parts: &[Parts], operator: &str| {
        let parts: Vec<String> = parts.iter().map(matching).collect();
        format!("({})", parts.join(operator))
    };
    match parts {
        Parts::One(text) => {
            let pieces: Vec<String> = pieces(text)
                .iter()
                .map(|piece| format!("\"{}\"", piece.replace('"', "\"\"")))
                .collect();
            format!("({})", pieces.join(" AND "))
        }
        Parts::All(parts) => joined(parts, " AND "),
        Parts::Any(parts) => joined(parts, " OR "),
    }
}

/// Three characters each, side by side; the last one ends where the text does.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut pieces: Vec<String> =
        characters.chunks_exact(3).take(MOST_PIECES).map(|piece| piece.iter().collect()).collect();
    if !characters.len().is_multiple_of(3) && pieces.len() < MOST_PIECES {
        pieces.extend(characters.last_chunk::<3>().map(|piece| piece.iter().collect()));
    }
    pieces
}

/// Indexes some rows of the backlog, and gives how many. To be called within a transaction.
pub(super) fn index_some(connection: &Connection, most: i64) -> Result<usize, StoreError> {
    let rids = some_of_backlog(connection, most)?;
    for rid in &rids {
        let texts: Option<(String, Option<String>)> = connection
            .prepare_cached(TEXTS)?
            .query_row([rid], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match texts {
            Some((identifier, description)) => {
                let text = indexed(&identifier, description.as_deref());
                connection.prepare_cached(INDEX)?.execute(params![rid, text])?
            }
            None => connection.prepare_cached(FORGET)?.execute([rid])?,
        };
        connection.prepare_cached(UNMARK)?.execute([rid])?;
    }
    Ok(rids.len())
}

/// The texts of a row as the index takes them.
fn indexed(identifier: &str, description: Option<&str>) -> String {
    // Where the index finds a U+0000, it takes the text to end there. Nobody can search for one.
    searched(identifier, description).replace('\0', " ")
}

#[cfg(test)]
mod tests;
