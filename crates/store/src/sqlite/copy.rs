//! Copies from and to a SQLite file: rows as values, by statements made of the tables of a register.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Statement, ToSql, TransactionBehavior, params};
use uuid::Uuid;

use super::rows::{blob, guid};
use super::{Durability, Place, schema, search};
use crate::copy::table::{
    COPYING, Claim, IDENTITIES, Kind, OF_ITS_OWN, Row, Setting, State, TABLES, Table, Value, marks,
    names,
};
use crate::{Clock, StoreError};

const TENANTS: &str = "SELECT tenant_id FROM tenants ORDER BY tenant_id";
const SETTINGS: &str = "SELECT name, value FROM settings ORDER BY name";
const PUT_SETTING: &str =
    "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
const FORGET_SETTING: &str = "DELETE FROM settings WHERE name = ?1";
/// There is no thread for checkpoints here. Pages that are mapped would count as memory.
const SET_UP: &str = "PRAGMA wal_autocheckpoint = 4096; PRAGMA mmap_size = 0";

/// A register in a file, for a copy.
#[derive(Debug)]
pub(crate) struct Side {
    connection: Connection,
}

impl Side {
    /// A file that is there.
    pub(crate) fn connect(path: &Path) -> Result<Self, StoreError> {
        let place = Place { path: path.to_owned(), durability: Durability::Full };
        let connection = place.connect()?;
        connection.execute_batch(SET_UP)?;
        Ok(Self { connection })
    }

    /// A file that may have to be made.
    pub(crate) fn make(path: &Path) -> Result<Self, StoreError> {
        Place { path: path.to_owned(), durability: Durability::Full }.make();
        Self::connect(path)
    }

    /// Keeps everybody from writing, and tells what it is.
    pub(crate) fn hold(&self) -> Result<State, StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        schema::state(&self.connection)
    }

    /// Brings the tables up to date.
    pub(crate) fn prepare(&mut self, clock: &Clock) -> Result<(), StoreError> {
        schema::prepare(&mut self.connection, clock).map(drop)
    }

    pub(crate) fn tenants(&self) -> Result<Vec<Uuid>, StoreError> {
        let mut statement = self.connection.prepare_cached(TENANTS)?;
        let tenants = statement.query_map([], |row| guid(row, 0))?;
        Ok(tenants.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn settings(&self) -> Result<Vec<Setting>, StoreError> {
        let mut statement = self.connection.prepare_cached(SETTINGS)?;
        let settings = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(settings.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn read(
        &self,
        table: &Table,
        tenant: Uuid,
        behind: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = format!("SELECT {}", table.rows('?', behind.is_some()));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let tenant = blob(&tenant);
        let mut values: Vec<&dyn ToSql> = vec![&tenant];
        values.extend(behind.into_iter().flatten().map(|value| value as &dyn ToSql));
        values.push(&limit);
        let kinds: Vec<Kind> = table.columns().map(|(_, kind)| *kind).collect();
        rows(&mut *self.connection.prepare_cached(&sql)?, &values, &kinds)
    }

    pub(crate) fn last(
        &self,
        table: &Table,
        tenant: Uuid,
    ) -> Result<Option<Vec<Value>>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {}", table.last('?')))?;
        let kinds: Vec<Kind> = table.key().iter().map(|(_, kind)| *kind).collect();
        Ok(rows(&mut statement, &[&blob(&tenant)], &kinds)?.pop())
    }

    pub(crate) fn count(&self, table: &Table) -> Result<u64, StoreError> {
        let count: i64 = self.connection.query_row(&count(table), [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub(crate) fn claim(&mut self, fingerprint: &[u8]) -> Result<Claim, StoreError> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(of) = schema::value(&transaction, COPYING)? {
            return Ok(if of == fingerprint { Claim::Begun } else { Claim::Other });
        }
        for table in &TABLES {
            let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
            if transaction.query_row(&sql, [], |_| Ok(())).optional()?.is_some() {
                return Ok(Claim::Taken(table.name));
            }
        }
        let names: Vec<String> = transaction
            .prepare(SETTINGS)?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if names.iter().any(|name| !OF_ITS_OWN.contains(&name.as_str())) {
            return Ok(Claim::Taken("settings"));
        }
        transaction.execute(PUT_SETTING, params![COPYING, fingerprint])?;
        transaction.commit()?;
        Ok(Claim::Made)
    }

    pub(crate) fn put_settings(&mut self, settings: &[Setting]) -> Result<(), StoreError> {
        for (name, value) in settings {
            self.connection.execute(PUT_SETTING, params![name, value])?;
        }
        Ok(())
    }

    pub(crate) fn write(
        &mut self,
        table: &Table,
        tenant: Uuid,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let columns = table.columns().count();
        let sql = format!(
            "INSERT INTO {} (tenant_id, {}) VALUES ({})",
            table.name,
            names(table.columns()),
            marks('?', 1..=columns + 1)
        );
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(&sql)?;
            for row in rows {
                let tenant = blob(&tenant);
                let mut values: Vec<&dyn ToSql> = vec![&tenant];
                values.extend(row.iter().map(|value| value as &dyn ToSql));
                insert.execute(values.as_slice())?;
                if table.name == IDENTITIES.name {
                    search::mark(&transaction, transaction.last_insert_rowid())?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Rows are marked for the index of text as they are written.
    pub(crate) fn is_whole(&self, _tenant: Uuid) -> Result<bool, StoreError> {
        Ok(true)
    }

    pub(crate) fn release(&mut self) -> Result<(), StoreError> {
        self.connection.execute(FORGET_SETTING, params![COPYING])?;
        // The log is not needed any more: the file is the register.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

fn count(table: &Table) -> String {
    format!("SELECT count(*) FROM {}", table.name)
}

fn rows(
    statement: &mut Statement<'_>,
    values: &[&dyn ToSql],
    kinds: &[Kind],
) -> Result<Vec<Row>, StoreError> {
    let read = statement.query_map(values, |row| {
        (0..).zip(kinds).map(|(index, kind)| value(row, index, *kind)).collect()
    })?;
    Ok(read.collect::<rusqlite::Result<_>>()?)
}

fn value(row: &rusqlite::Row<'_>, index: usize, kind: Kind) -> rusqlite::Result<Value> {
    if row.get_ref(index)? == ValueRef::Null {
        return Ok(Value::Null);
    }
    Ok(match kind {
        Kind::Guid => Value::Guid(guid(row, index)?),
        Kind::Flag | Kind::Small | Kind::Number => Value::Number(row.get(index)?),
        Kind::Text => Value::Text(row.get(index)?),
        Kind::Bytes => Value::Bytes(row.get(index)?),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Guid(guid) => ValueRef::Blob(blob(guid)),
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this engine has of its own.
    const BESIDE: [(&str, &str); 1] = [("identities", "rid")];

    #[test]
    fn every_column_is_copied() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut side = Side::connect(file.path()).unwrap();
        side.prepare(&Clock::system()).unwrap();
        let sql = "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'search%' \
             AND m.name NOT IN ('migrations', 'settings')";
        let mut statement = side.connection.prepare(sql).unwrap();
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut found: Vec<(String, String)> = found.collect::<Result<_, _>>().unwrap();
        found.retain(|(table, column)| !BESIDE.contains(&(table.as_str(), column.as_str())));
        found.sort();
        assert_eq!(found, crate::copy::table::all_columns());
    }
}
