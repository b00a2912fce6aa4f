//! Typed queries in SQLite: its dialect, and the ways to read a page and to count.
//! Text is ordered by code point, since SQLite compares its bytes.

use std::time::Instant;

use model::{Identity, TenantId};
use odata::query::Filter;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::rows::{SELECT, blob, identity};
use crate::StoreError;
use crate::query::{Bound, Condition, Dialect, Query, Sql, Way, narrowing, pick};

struct Sqlite;

impl Dialect for Sqlite {
    fn placeholder(number: usize) -> String {
        format!("?{number}")
    }
}

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Integer(number) => ValueRef::Integer(*number),
        }))
    }
}

/// Where a query is answered, for whom, and until when.
pub(super) struct Reading<'c> {
    pub(super) connection: &'c Connection,
    pub(super) tenant: TenantId,
    pub(super) deadline: Instant,
}

pub(super) fn page(reading: &Reading<'_>, query: &Query) -> Result<Vec<Identity>, StoreError> {
    if query.limit == 0 {
        return Ok(Vec::new());
    }
    // One state of the register, however often it is gone through.
    let _snapshot = reading.connection.unchecked_transaction()?;
    let narrowing = query.narrowing();
    let mut sql = reading.begin(SELECT, &narrowing.condition);
    match query.way(narrowing.is_exact) {
        Way::Sorted(columns) => {
            sql.push(" AND ").condition(&query.behind()).order(&columns);
            let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
            sql.push(" LIMIT ").bind(Bound::Integer(limit));
            let skip = i64::try_from(query.skip).unwrap_or(i64::MAX);
            sql.push(" OFFSET ").bind(Bound::Integer(skip));
            let mut rows = Vec::new();
            reading.each(&sql, |row| {
                rows.push(row);
                true
            })?;
            Ok(rows)
        }
        Way::Walked(columns) => {
            sql.push(" AND ").condition(&query.behind()).order(&columns);
            walk(reading, &sql, query)
        }
        Way::Picked => pick(query, |offer| {
            reading.each(&sql, |row| {
                offer(row);
                true
            })
        }),
    }
}

fn walk(reading: &Reading<'_>, sql: &Sql, query: &Query) -> Result<Vec<Identity>, StoreError> {
    let (mut rows, mut skip) = (Vec::new(), query.skip);
    reading.each(sql, |row| {
        if query.filter.as_ref().is_none_or(|filter| filter.matches(&row)) {
            if skip > 0 {
                skip -= 1;
            } else {
                rows.push(row);
            }
        }
        rows.len() < query.limit
    })?;
    Ok(rows)
}

pub(super) fn count(reading: &Reading<'_>, filter: Option<&Filter>) -> Result<u64, StoreError> {
    let narrowing = narrowing(filter);
    match filter {
        Some(filter) if !narrowing.is_exact => {
            let mut count = 0;
            reading.each(&reading.begin(SELECT, &narrowing.condition), |row| {
                count += u64::from(filter.matches(&row));
                true
            })?;
            Ok(count)
        }
        _ => {
            let sql = reading.begin("SELECT count(*) FROM identities", &narrowing.condition);
            let mut statement = reading.connection.prepare(&sql.text)?;
            let count: i64 =
                statement.query_row(params_from_iter(&sql.values), |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or_default())
        }
    }
}

impl Reading<'_> {
    /// A statement over the tenant's rows that meet a condition.
    fn begin(&self, beginning: &str, condition: &Condition) -> Sql {
        let mut sql = Sql::new::<Sqlite>(beginning);
        sql.push(" WHERE tenant_id = ").bind(Bound::Bytes(blob(&self.tenant.0).to_vec()));
        sql.push(" AND ").condition(condition);
        sql
    }

    /// Hands over the rows until `more` wants none. The database looks at the deadline while it
    /// searches; this does while rows are judged.
    fn each(&self, sql: &Sql, mut more: impl FnMut(Identity) -> bool) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare(&sql.text)?;
        let mut rows = statement.query(params_from_iter(&sql.values))?;
        while let Some(row) = rows.next()? {
            if Instant::now() >= self.deadline {
                return Err(StoreError::Deadline);
            }
            if !more(identity(row)?) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use odata::query::{OrderBy, Value};
    use odata::{DateTimeOffset, Options};

    use super::*;
    use crate::sqlite::schema;
    use crate::testing::TENANT;
    use crate::{Clock, Durability, Position};

    /// How SQLite goes about a page, from behind this id on if there is one.
    fn plan(filter: &str, order: Option<&str>, after: Option<&str>) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut connection = Connection::open(file.path()).unwrap();
        schema::set_up(&connection, Durability::None).unwrap();
        schema::prepare(&mut connection, &Clock::system()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let reading = Reading { connection: &connection, tenant: TENANT, deadline };
        let options = Options::default();
        let context = model::query_context(&options, DateTimeOffset::MIN);
        let filter = Filter::parse(filter, &context).unwrap();
        let condition = narrowing(Some(&filter)).condition;
        let mut sql = reading.begin("EXPLAIN QUERY PLAN SELECT rev FROM identities", &condition);
        if let Some(order) = order {
            let order = OrderBy::parse(order, &context).unwrap();
            let place = |id: &str| vec![Value::String(id.to_owned().into())];
            let after = after.map(|id| Position::new(place(id), &order).unwrap());
            let query = Query { order, after, ..Query::by_key(10) };
            let Way::Sorted(columns) = query.way(true) else { panic!("it is not sorted") };
            sql.push(" AND ").condition(&query.behind()).order(&columns);
        }
        let mut statement = connection.prepare(&sql.text).unwrap();
        let lines = statement.query_map(params_from_iter(&sql.values), |row| row.get(3)).unwrap();
        lines.collect::<rusqlite::Result<Vec<String>>>().unwrap().join("; ")
    }

    #[test]
    fn identifiers_are_looked_up_by_their_key() {
        let by_key = "INDEX identities_by_key (tenant_id=? AND identifier_key";
        for filter in [
            "importedDeviceIdentifier eq 'Ab'",
            "importedDeviceIdentifier in ('Ab','c')",
            "startswith(importedDeviceIdentifier,'Ab')",
            "startswith(importedDeviceIdentifier,'Maker, Mod')",
            "tolower(importedDeviceIdentifier) eq 'ab'",
            "importedDeviceIdentifier eq 'Ab' and contains(description,'x')",
        ] {
            let plan = plan(filter, None, None);
            assert!(plan.contains(by_key), "{filter}: {plan}");
        }
    }

    #[test]
    fn an_id_is_looked_up_by_its_index() {
        let plan = plan("id eq '0192f0c1-2b3c-7def-8123-456789abcdef'", None, None);
        assert!(plan.contains("INDEX identities_by_id (tenant_id=? AND id=?)"), "{plan}");
    }
    #[test]
    fn the_list_goes_along_the_index_of_ids_from_where_a_page_begins() {
        let (all, from) = ("tenant_id=?)", "tenant_id=? AND id>?)");
        for (order, after, begins) in [
            ("id", None, all),
            ("id desc", None, all),
            ("id", Some("0192f0c1-2b3c-7def-8123-456789abcdef"), from),
        ] {
            let plan = plan("true", Some(order), after);
            let wanted = format!("SEARCH identities USING INDEX identities_by_id ({begins}");
            assert_eq!(plan, wanted, "{order}");
        }
    }
}
