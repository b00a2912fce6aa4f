//! Typed queries in SQLite: its dialect, and the ways to read a page and to count.
//! Text is ordered by code point, since SQLite compares its bytes.

mod candidates;
mod range;

use std::time::Instant;

use model::{Identity, TenantId};
use odata::query::{Apply, Filter, Group, Search, Tally};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::rows::{SELECT, blob, identity};
use super::tallies;
use crate::StoreError;
use crate::query::{
    Bound, Condition, Dialect, Picking, Query, Sql, Way, lets_pass, narrowing, parts,
};
use crate::tally;
use candidates::{Candidates, PATIENCE};

const COUNT: &str = "SELECT count(*) FROM identities";
const COUNT_EACH: &str = "SELECT type, enrollment_state, platform, count(*) FROM identities";
const EACH: &str = " GROUP BY type, enrollment_state, platform";

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
    let (sql, way) = reading.page(query);
    match way {
        Way::Sorted(order) => match range::walk(reading, query, &order)? {
            Some(rows) => Ok(rows),
            None => reading.all(&sql),
        },
        Way::Walked(_) => {
            let Some(candidates) = Candidates::look_up(reading, query.parts().as_ref())? else {
                return Ok(walk(reading, &sql, query, usize::MAX)?.unwrap_or_default());
            };
            if candidates.fill_soon(reading, query, &query.narrowing().condition)?
                && let Some(rows) = walk(reading, &sql, query, PATIENCE)?
            {
                return Ok(rows);
            }
            match candidates.all(reading)? {
                Some(numbers) => gather(reading, Some(&numbers), query),
                None => Ok(walk(reading, &sql, query, usize::MAX)?.unwrap_or_default()),
            }
        }
        Way::Picked => {
            let numbers = reading.candidates(query.parts().as_ref())?;
            gather(reading, numbers.as_deref(), query)
        }
    }
}

/// Judges row by row, in the order of the page. `None` if that took more rows than `most`.
fn walk(
    reading: &Reading<'_>,
    sql: &Sql,
    query: &Query,
    most: usize,
) -> Result<Option<Vec<Identity>>, StoreError> {
    let (mut rows, mut skip, mut left) = (Vec::new(), query.skip, most);
    reading.each(sql, |row| {
        if left == 0 {
            return false;
        }
        left -= 1;
        if query.lets_pass(&row) {
            if skip > 0 {
                skip -= 1;
            } else {
                rows.push(row);
            }
        }
        rows.len() < query.limit
    })?;
    Ok((left > 0 || rows.len() == query.limit).then_some(rows))
}

/// Judges the rows with these numbers, or all, in whatever order.
fn gather(
    reading: &Reading<'_>,
    numbers: Option<&[i64]>,
    query: &Query,
) -> Result<Vec<Identity>, StoreError> {
    let condition = query.narrowing().condition;
    let mut picking = Picking::new(query);
    loop {
        reading.each_of(numbers, &condition, |row| picking.offer(row))?;
        if let Some(rows) = picking.end() {
            return Ok(rows);
        }
    }
}

pub(super) fn count(
    reading: &Reading<'_>,
    filter: Option<&Filter>,
    search: Option<&Search>,
) -> Result<u64, StoreError> {
    if search.is_none() && tally::tell(filter) {
        let tallies = tallies::read(reading.connection, reading.tenant)?;
        let passed = tallies.iter().filter(|(row, _)| filter.is_none_or(|it| it.matches(row)));
        return Ok(passed.map(|(_, rows)| rows).sum());
    }
    let narrowing = narrowing(filter, search);
    if narrowing.is_exact {
        let sql = reading.begin(COUNT, &narrowing.condition);
        let mut statement = reading.connection.prepare_cached(&sql.text)?;
        let count: i64 = statement.query_row(params_from_iter(&sql.values), |row| row.get(0))?;
        return Ok(u64::try_from(count).unwrap_or_default());
    }
    // One state of the register, for the index and the rows.
    let _snapshot = reading.connection.unchecked_transaction()?;
    let numbers = reading.candidates(parts(filter, search).as_ref())?;
    let mut count = 0;
    reading.each_of(numbers.as_deref(), &narrowing.condition, |row| {
        count += u64::from(lets_pass(filter, search, &row));
    })?;
    Ok(count)
}

pub(super) fn summary(reading: &Reading<'_>, apply: &Apply) -> Result<Vec<Group>, StoreError> {
    let filter = apply.filter.as_ref();
    let mut tally = Tally::new(apply);
    if tally::tell(filter) {
        for (row, rows) in tallies::read(reading.connection, reading.tenant)? {
            if filter.is_none_or(|filter| filter.matches(&row)) {
                tally.add(&row, rows);
            }
        }
        return Ok(tally.groups());
    }
    let narrowing = narrowing(filter, None);
    if narrowing.is_exact {
        let sql = reading.count_each(&narrowing.condition);
        let mut statement = reading.connection.prepare_cached(&sql.text)?;
        let mut found = statement.query(params_from_iter(&sql.values))?;
        while let Some(row) = found.next()? {
            let (row, rows) = tallies::counted(row)?;
            tally.add(&row, rows);
        }
    } else {
        let _snapshot = reading.connection.unchecked_transaction()?;
        let numbers = reading.candidates(parts(filter, None).as_ref())?;
        reading.each_of(numbers.as_deref(), &narrowing.condition, |row| {
            if filter.is_none_or(|filter| filter.matches(&row)) {
                tally.add(&row, 1);
            }
        })?;
    }
    Ok(tally.groups())
}

impl Reading<'_> {
    /// The statement that counts rows by what they are tallied by.
    fn count_each(&self, condition: &Condition) -> Sql {
        let mut sql = self.begin(COUNT_EACH, condition);
        sql.push(EACH);
        sql
    }

    /// The statement for a page, and what is to be done with its rows.
    fn page(&self, query: &Query) -> (Sql, Way) {
        let narrowing = query.narrowing();
        let mut sql = self.begin(SELECT, &narrowing.condition);
        let way = query.way(narrowing.is_exact);
        if let Way::Sorted(columns) | Way::Walked(columns) = &way {
            sql.push(" AND ").condition(&query.behind()).order(columns);
        }
        if let Way::Sorted(_) = way {
            cut(&mut sql, query);
        }
        (sql, way)
    }

    /// A statement over the tenant's rows that meet a condition.
    fn begin(&self, beginning: &str, condition: &Condition) -> Sql {
        let mut sql = Sql::new::<Sqlite>(beginning);
        sql.push(" WHERE tenant_id = ").bind(Bound::Bytes(blob(&self.tenant.0).to_vec()));
        sql.push(" AND ").condition(condition);
        sql
    }

    /// All rows of a statement.
    fn all(&self, sql: &Sql) -> Result<Vec<Identity>, StoreError> {
        let mut rows = Vec::new();
        self.each(sql, |row| {
            rows.push(row);
            true
        })?;
        Ok(rows)
    }

    /// Hands over the rows until `more` wants none. The database looks at the deadline while it
    /// searches; this does while rows are judged.
    fn each(&self, sql: &Sql, mut more: impl FnMut(Identity) -> bool) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(&sql.text)?;
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

/// Leaves the rows of the page.
fn cut(sql: &mut Sql, query: &Query) {
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    sql.push(" LIMIT ").bind(Bound::Integer(limit));
    let skip = i64::try_from(query.skip).unwrap_or(i64::MAX);
    sql.push(" OFFSET ").bind(Bound::Integer(skip));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use odata::query::{Context, OrderBy, Value};
    use odata::{DateTimeOffset, Options};

    use super::*;
    use crate::sqlite::schema;
    use crate::testing::TENANT;
    use crate::{Clock, Durability, Position};

    /// How SQLite goes about what it is asked, in its own words, without those on the table.
    pub(super) fn plan(asked: impl FnOnce(&Reading<'_>, &Context<'_>) -> Sql) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut connection = Connection::open(file.path()).unwrap();
        schema::set_up(&connection, Durability::None).unwrap();
        schema::prepare(&mut connection, &Clock::system()).unwrap();
        // What the planner is to believe is read when a connection is opened.
        let connection = Connection::open(file.path()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let reading = Reading { connection: &connection, tenant: TENANT, deadline };
        let options = Options::default();
        let sql = asked(&reading, &model::query_context(&options, DateTimeOffset::MIN));
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
        let lines = explain.query_map(params_from_iter(&sql.values), |row| row.get(3)).unwrap();
        let lines = lines.collect::<rusqlite::Result<Vec<String>>>().unwrap().join("; ");
        lines.replace("SEARCH identities USING ", "").replace("INDEX identities_", "")
    }

    fn page_plan(filter: &str, order: &str, after: Option<Vec<Value<'static>>>) -> String {
        plan(|reading, context| {
            let filter = Some(Filter::parse(filter, context).unwrap());
            let order = OrderBy::parse(order, context).unwrap();
            let after = after.map(|values| Position::new(values, &order).unwrap());
            reading.page(&Query { filter, order, after, ..Query::by_key(10) }).0
        })
    }

    fn count_plan(filter: &str) -> String {
        plan(|reading, context| {
            let filter = Filter::parse(filter, context).unwrap();
            reading.begin(COUNT, &narrowing(Some(&filter), None).condition)
        })
    }

    #[test]
    fn identifiers_are_looked_up_by_their_key() {
        for filter in [
            "importedDeviceIdentifier eq 'Ab'",
            "importedDeviceIdentifier in ('Ab','c')",
            "startswith(importedDeviceIdentifier,'Ab')",
            "startswith(importedDeviceIdentifier,'Maker, Mod')",
            "tolower(importedDeviceIdentifier) eq 'ab'",
            "importedDeviceIdentifier eq 'Ab' and contains(description,'x')",
            "importedDeviceIdentifier eq 'Ab' and platform eq 'ios'",
        ] {
            for plan in [page_plan(filter, "id", None), count_plan(filter)] {
                assert!(plan.contains("by_key (tenant_id=? AND identifier_key"), "{plan}");
                assert!(!plan.contains("by_id"), "{plan}");
            }
        }
    }

    #[test]
    fn a_page_is_read_along_an_index_from_where_it_begins() {
        let id = || Value::String("0192f0c1-2b3c-7def-8123-456789abcdef".into());
        let at = || Value::DateTimeOffset(DateTimeOffset::MIN);
        let state = "enrollmentState eq 'failed'";
        let platform = "platform eq 'ios'";
        let both = "platform eq 'ios' and lastContactedDateTime lt 2024-06-01T00:00:00Z";
        let rare = "platform eq 'ios' and enrollmentState eq 'failed'";
        for (filter, order, after, wanted) in [
            ("true", "id", None, "by_id (tenant_id=?)"),
            ("true", "id desc", None, "by_id (tenant_id=?)"),
            ("true", "id", Some(vec![id()]), "by_id (tenant_id=? AND id>?)"),
            ("true", "id desc", Some(vec![id()]), "by_id (tenant_id=? AND id<?)"),
            ("true", "createdDateTime", None, "by_creation (tenant_id=?)"),
            (
                "true",
                "createdDateTime desc",
                Some(vec![at(), id()]),
                "by_creation (tenant_id=? AND (created_ticks,id)<(?,?))",
            ),
            (state, "id", None, "by_state (tenant_id=? AND enrollment_state=?)"),
            (
                state,
                "id desc",
                Some(vec![id()]),
                "by_state (tenant_id=? AND enrollment_state=? AND id<?)",
            ),
            (platform, "id", None, "by_platform (tenant_id=? AND platform=?)"),
            (rare, "id", None, "by_state (tenant_id=? AND enrollment_state=?)"),
            (
                both,
                "lastContactedDateTime",
                None,
                "by_platform_and_contact (tenant_id=? AND platform=? AND contacted_ticks<?)",
            ),
            (
                both,
                "lastContactedDateTime desc",
                None,
                "by_platform_and_contact (tenant_id=? AND platform=? AND contacted_ticks<?)",
            ),
        ] {
            assert_eq!(page_plan(filter, order, after), wanted, "{filter} by {order}");
        }
    }

    #[test]
    fn what_no_index_helps_with_is_read_by_id() {
        let sorted = "by_id (tenant_id=?); USE TEMP B-TREE FOR ORDER BY";
        for (filter, order, wanted) in [
            ("description eq 'x'", "id", "by_id (tenant_id=?)"),
            ("contains(description,'x')", "id", "by_id (tenant_id=?)"),
            ("contains(description,'x')", "platform", "by_id (tenant_id=?)"),
            ("true", "importedDeviceIdentifier", sorted),
            ("true", "description desc", sorted),
        ] {
            assert_eq!(page_plan(filter, order, None), wanted, "{filter} by {order}");
        }
        assert_eq!(count_plan("description eq 'x'"), "by_id (tenant_id=?)");
    }

    #[test]
    fn candidates_are_looked_up_by_their_numbers() {
        for filter in ["true", "platform eq 'ios'", "description eq 'x'"] {
            let plan = plan(|reading, context| {
                let filter = Filter::parse(filter, context).unwrap();
                reading.among(&[1, 2], &narrowing(Some(&filter), None).condition)
            });
            assert!(plan.starts_with("INTEGER PRIMARY KEY (rowid=?); "), "{plan}");
            assert!(plan.contains("SCAN json_each VIRTUAL TABLE"), "{plan}");
        }
    }

    #[test]
    fn the_tallies_of_a_tenant_lie_together() {
        let plan = plan(|reading, _| {
            let mut sql = Sql::new::<Sqlite>(tallies::READ.trim_end_matches("?1"));
            sql.bind(Bound::Bytes(blob(&reading.tenant.0).to_vec()));
            sql
        });
        assert_eq!(plan, "SEARCH tallies USING PRIMARY KEY (tenant_id=?)");
    }

    #[test]
    fn rows_are_counted_each_along_what_narrows_them() {
        for (filter, wanted) in [
            ("startswith(importedDeviceIdentifier,'Ab')", "by_key (tenant_id=? AND identifier_key"),
            (
                "createdDateTime ge 2026-01-01T00:00:00Z",
                "by_creation (tenant_id=? AND created_tick",
            ),
            ("description eq 'x'", "by_id (tenant_id=?)"),
        ] {
            let plan = plan(|reading, context| {
                let filter = Filter::parse(filter, context).unwrap();
                reading.count_each(&narrowing(Some(&filter), None).condition)
            });
            assert!(plan.starts_with(wanted), "{filter}: {plan}");
        }
    }

    #[test]
    fn what_an_index_holds_is_counted_in_it_alone() {
        for (filter, wanted) in [
            (
                "platform eq 'ios' and lastContactedDateTime lt 2024-06-01T00:00:00Z",
                "by_platform_and_contact (tenant_id=? AND platform=? AND contacted_ticks<?)",
            ),
            (
                "createdDateTime ge 2026-01-01T00:00:00Z",
                "by_creation (tenant_id=? AND created_ticks>?)",
            ),
        ] {
            assert_eq!(count_plan(filter), format!("COVERING {wanted}"), "{filter}");
        }
    }
}
