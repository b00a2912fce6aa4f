//! Copies from and to PostgreSQL: rows as values, by statements made of the tables of a register,
//! over one connection.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use deadpool_postgres::Object;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use uuid::Uuid;

use super::changes::INSERT_TEXTS;
use super::connect::{Connections, Pooling};
use super::failure::{Away, Failure};
use super::rows::{Value as Bound, execute, small, storable};
use super::{PostgresUrl, schema};
use crate::copy::table::{
    COPYING, Claim, IDENTITIES, Kind, OF_ITS_OWN, Row, Setting, State, TABLES, Table, Value, names,
};
use crate::query::searched;
use crate::{Clock, StoreError};

/// How long a connection is waited for.
const CONNECTED: Duration = Duration::from_secs(30);
/// What is done here takes as long as it takes.
const SET_UP: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
/// Those that came the same way. What anybody else does here is not known.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()";
const SETTINGS: &str = "SELECT name, value FROM settings ORDER BY name";
const PUT_SETTING: &str =
    "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const FORGET_SETTING: &str = "DELETE FROM settings WHERE name = $1";
const TENANTS: &str = "SELECT tenant_id FROM tenants ORDER BY tenant_id";
/// A column that only this engine has, and what it is to hold.
const BESIDE: (&str, &str, &str) = (
    "tenants",
    "last_ticks",
    "coalesce((SELECT at_ticks FROM changes WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1), 0)",
);
const IS_WHOLE: &str = "SELECT (SELECT count(*) FROM identities WHERE tenant_id = $1) \
     = (SELECT count(*) FROM identity_texts WHERE tenant_id = $1)";

/// A register in a database, for a copy.
#[derive(Debug)]
pub(crate) struct Side {
    client: Object,
}

/// Each step as the copy asks for it; a failure ends the copy, which can be repeated.
impl Side {
    pub(crate) async fn connect(url: &PostgresUrl, pooling: &Pooling) -> Result<Self, StoreError> {
        let connect = async || -> Result<Object, Failure> {
            let connections = Connections::new(url, pooling, 1, Away::default())?;
            let client = connections.take(Instant::now() + CONNECTED).await?;
            client.batch_execute(SET_UP).await?;
            Ok(client)
        };
        let client = connect().await.map_err(|failure| StoreError::Open {
            path: url.to_string(),
            reason: match failure.into_error() {
                StoreError::Unavailable(reason) => reason,
                error => error.to_string(),
            },
        })?;
        Ok(Self { client })
    }

    /// How many connections of others there are.
    pub(crate) async fn others(&self) -> Result<i64, StoreError> {
        let row = self.client.query_one(OTHERS, &[]).await.map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    /// Tells what it is. Others can write as before.
    pub(crate) async fn hold(&self) -> Result<State, StoreError> {
        schema::state(&self.client).await.map_err(Failure::into_error)
    }

    /// Brings the tables up to date. The index of text is made when there is something in it.
    pub(crate) async fn prepare(&mut self, clock: &Clock) -> Result<(), StoreError> {
        schema::prepare(&self.client, clock).await.map(drop).map_err(Failure::into_error)
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<Uuid>, StoreError> {
        let rows = self.client.query(TENANTS, &[]).await.map_err(failed)?;
        rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
    }

    pub(crate) async fn settings(&self) -> Result<Vec<Setting>, StoreError> {
        let rows = self.client.query(SETTINGS, &[]).await.map_err(failed)?;
        let setting = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(setting).collect::<Result<_, _>>().map_err(failed)
    }

    pub(crate) async fn read(
        &self,
        table: &Table,
        tenant: Uuid,
        behind: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut values: Vec<Bound<'_>> = vec![&tenant];
        values.extend(behind.into_iter().flatten().map(|value| value as Bound<'_>));
        values.push(&limit);
        let kinds: Vec<Kind> = table.columns().map(|(_, kind)| *kind).collect();
        let sql = format!("SELECT {}", table.rows('$', behind.is_some()));
        self.rows(&sql, &values, &kinds).await.map_err(Failure::into_error)
    }

    pub(crate) async fn last(
        &self,
        table: &Table,
        tenant: Uuid,
    ) -> Result<Option<Vec<Value>>, StoreError> {
        let kinds: Vec<Kind> = table.key().iter().map(|(_, kind)| *kind).collect();
        let mut rows = self
            .rows(&format!("SELECT {}", table.last('$')), &[&tenant], &kinds)
            .await
            .map_err(Failure::into_error)?;
        Ok(rows.pop())
    }

    async fn rows(
        &self,
        sql: &str,
        values: &[Bound<'_>],
        kinds: &[Kind],
    ) -> Result<Vec<Row>, Failure> {
        let statement = self.client.prepare_cached(sql).await?;
        let rows = self.client.query(&statement, values).await?;
        let read = |row| (0..).zip(kinds).map(|(index, kind)| value(row, index, *kind)).collect();
        rows.iter().map(read).collect()
    }

    pub(crate) async fn count(&self, table: &Table) -> Result<u64, StoreError> {
        let row = self.client.query_one(&count(table), &[]).await.map_err(failed)?;
        let count: i64 = row.try_get(0).map_err(failed)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub(crate) async fn claim(&mut self, fingerprint: &[u8]) -> Result<Claim, StoreError> {
        let claim = async || -> Result<Claim, Failure> {
            self.client.batch_execute("BEGIN").await?;
            // Whoever opens the register waits, and sees the mark.
            self.client.batch_execute(schema::TURN).await?;
            let claim = self.claim_in_turn(fingerprint).await?;
            self.client.batch_execute("COMMIT").await?;
            Ok(claim)
        };
        claim().await.map_err(Failure::into_error)
    }

    async fn claim_in_turn(&self, fingerprint: &[u8]) -> Result<Claim, Failure> {
        if let Some(of) = schema::value(&self.client, COPYING).await? {
            return Ok(if of == fingerprint { Claim::Begun } else { Claim::Other });
        }
        for table in &TABLES {
            let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
            if self.client.query_opt(&sql, &[]).await?.is_some() {
                return Ok(Claim::Taken(table.name));
            }
        }
        for row in self.client.query(SETTINGS, &[]).await? {
            if !OF_ITS_OWN.contains(&row.try_get(0)?) {
                return Ok(Claim::Taken("settings"));
            }
        }
        // Made at the end, it costs a part of what it costs row by row.
        self.client.batch_execute(schema::NO_INDEX_OF_TEXT).await?;
        self.client.execute(PUT_SETTING, &[&COPYING, &fingerprint]).await?;
        Ok(Claim::Made)
    }

    pub(crate) async fn put_settings(&mut self, settings: &[Setting]) -> Result<(), StoreError> {
        for (name, value) in settings {
            self.client.execute(PUT_SETTING, &[name, value]).await.map_err(failed)?;
        }
        Ok(())
    }

    pub(crate) async fn write(
        &mut self,
        table: &Table,
        tenant: Uuid,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let sql = insert(table);
        let columns: Vec<Vec<&Value>> = (0..table.columns().count())
            .map(|column| rows.iter().filter_map(|row| row.get(column)).collect())
            .collect();
        let mut values: Vec<Bound<'_>> = vec![&tenant];
        values.extend(columns.iter().map(|column| column as Bound<'_>));
        let write = async || -> Result<(), Failure> {
            if table.name != IDENTITIES.name {
                execute(&self.client, &sql, &values).await?;
                return Ok(());
            }
            let (ids, texts) = texts(table, rows);
            let searched: [Bound<'_>; 3] = [&tenant, &ids, &texts];
            self.client.batch_execute("BEGIN").await?;
            tokio::try_join!(
                execute(&self.client, &sql, &values),
                execute(&self.client, INSERT_TEXTS, &searched)
            )?;
            self.client.batch_execute("COMMIT").await?;
            Ok(())
        };
        write().await.map_err(Failure::into_error)
    }

    pub(crate) async fn is_whole(&self, tenant: Uuid) -> Result<bool, StoreError> {
        let row = self.client.query_one(IS_WHOLE, &[&tenant]).await.map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    pub(crate) async fn release(&mut self) -> Result<(), StoreError> {
        let release = async || -> Result<(), Failure> {
            schema::index_texts(&self.client).await?;
            for table in &TABLES {
                self.client.batch_execute(&format!("ANALYZE {}", table.name)).await?;
            }
            self.client.execute(FORGET_SETTING, &[&COPYING]).await?;
            Ok(())
        };
        release().await.map_err(Failure::into_error)
    }
}

fn failed(error: tokio_postgres::Error) -> StoreError {
    Failure::from(error).into_error()
}

fn count(table: &Table) -> String {
    format!("SELECT count(*) FROM {}", table.name)
}

/// Inserts rows of a tenant, column by column.
fn insert(table: &Table) -> String {
    let kind = |kind: &Kind| match kind {
        Kind::Guid => "uuid",
        Kind::Flag => "boolean",
        Kind::Small => "smallint",
        Kind::Number => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    };
    let arrays: Vec<String> = (2..)
        .zip(table.columns())
        .map(|(number, (_, of))| format!("${number}::{}[]", kind(of)))
        .collect();
    let (of, column, holds) = BESIDE;
    let (column, holds) = if of == table.name {
        (format!(", {column}"), format!(", {holds}"))
    } else {
        (String::new(), String::new())
    };
    format!(
        "INSERT INTO {} (tenant_id, {}{column}) SELECT $1, r.*{holds} FROM unnest({}) AS r",
        table.name,
        names(table.columns()),
        arrays.join(", ")
    )
}

/// What is searched of identities.
fn texts(table: &Table, rows: &[Row]) -> (Vec<Uuid>, Vec<String>) {
    let text = |row, name| table.value(row, name).and_then(Value::text);
    rows.iter()
        .filter_map(|row| match table.value(row, "id") {
            Some(Value::Guid(id)) => {
                let identifier = text(row, "identifier").unwrap_or_default();
                Some((*id, searched(identifier, text(row, "description"))))
            }
            _ => None,
        })
        .unzip()
}

fn value(row: &tokio_postgres::Row, index: usize, kind: Kind) -> Result<Value, Failure> {
    fn one<'r, T: FromSql<'r>>(
        row: &'r tokio_postgres::Row,
        index: usize,
        value: impl FnOnce(T) -> Value,
    ) -> Result<Value, Failure> {
        Ok(row.try_get::<_, Option<T>>(index)?.map_or(Value::Null, value))
    }
    match kind {
        Kind::Guid => one(row, index, Value::Guid),
        Kind::Flag => one(row, index, |flag: bool| Value::Number(i64::from(flag))),
        Kind::Small => one(row, index, |number: i16| Value::Number(i64::from(number))),
        Kind::Number => one(row, index, Value::Number),
        Kind::Text => one(row, index, Value::Text),
        Kind::Bytes => one(row, index, Value::Bytes),
    }
}

/// Each as the type that the statement has for it.
impl ToSql for Value {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Guid(guid) => guid.to_sql_checked(of, out),
            Self::Number(number) if *of == Type::BOOL => (*number != 0).to_sql_checked(of, out),
            Self::Number(number) if *of == Type::INT2 => small(*number).to_sql_checked(of, out),
            Self::Number(number) => number.to_sql_checked(of, out),
            Self::Text(text) => storable(text).as_ref().to_sql_checked(of, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each kind of value sees to that by itself.
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_column_is_copied() {
        let Some(cluster) = testbed::Cluster::shared() else { return };
        let database = cluster.database();
        let url = database.url().parse().unwrap();
        let mut side = Side::connect(&url, &Pooling::default()).await.unwrap();
        side.prepare(&Clock::system()).await.unwrap();
        let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name NOT IN ('migrations', 'settings', \
             'identity_texts')";
        let found = side.client.query(sql, &[]).await.unwrap();
        let mut found: Vec<(String, String)> =
            found.iter().map(|row| (row.get(0), row.get(1))).collect();
        let (table, column, _) = BESIDE;
        found.retain(|(of, name)| (of.as_str(), name.as_str()) != (table, column));
        found.sort();
        assert_eq!(found, crate::copy::table::all_columns());
    }
}
