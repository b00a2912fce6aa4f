//! Pages in the order of ids, of rows that an index of another order finds: few are fetched and
//! sorted; of many, the tenant's rows are gone through by id until the page is full.

use model::Identity;
use odata::query::{Comparison, Direction};
use rusqlite::{OptionalExtension, params_from_iter};

use super::{Reading, SELECT, cut};
use crate::StoreError;
use crate::query::{Bound, Column, Condition, Query, Sql};
use crate::sqlite::tallies;

const COUNT_SOME: &str = "SELECT count(*) FROM (SELECT 1 FROM identities";
const END: &str = "SELECT id FROM identities";

/// Rows that are gone through in the time in which one is fetched and sorted.
const PASSED_FOR_ONE: u64 = 10;
/// The part of the rows that the patience is for, which most pages fill in. Where it ends has to be
/// found out before.
const AT_FIRST: u64 = 3;

/// The page, if its rows lie in a range that holds so many that going through all is sooner done.
/// `None` if it holds few, or if they turn out to lie far behind.
pub(super) fn walk(
    reading: &Reading<'_>,
    query: &Query,
    order: &[Column],
) -> Result<Option<Vec<Identity>>, StoreError> {
    let [id] = order else { return Ok(None) };
    let range = query.narrowing().condition.split_range().filter(|_| id.is_key);
    let Some((range, rest)) = range else { return Ok(None) };
    let wanted = query.skip.saturating_add(u64::try_from(query.limit).unwrap_or(u64::MAX));
    let rows: u64 =
        tallies::read(reading.connection, reading.tenant)?.iter().map(|(_, rows)| rows).sum();
    // Of n in the range, n are sorted, or about wanted * rows / n gone through.
    let few = (wanted.saturating_mul(rows) / PASSED_FOR_ONE).isqrt();
    if !holds_more(reading, &range, few)? {
        return Ok(None);
    }
    let patience = few.saturating_mul(PASSED_FOR_ONE);
    for rows in [patience / AT_FIRST, patience] {
        let end = end(reading, query, *id, rows)?;
        let found = reading.all(&until(reading, query, *id, &rest, end.as_ref()))?;
        if end.is_none() || found.len() == query.limit {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Whether a range, which an index holds, has more rows than so many.
fn holds_more(reading: &Reading<'_>, range: &Condition, than: u64) -> Result<bool, StoreError> {
    let sql = counted(reading, range, than.saturating_add(1));
    let mut statement = reading.connection.prepare_cached(&sql.text)?;
    let some: i64 = statement.query_row(params_from_iter(&sql.values), |row| row.get(0))?;
    Ok(u64::try_from(some).unwrap_or_default() > than)
}

/// The statement that counts the rows of a range, as far as to `most`.
fn counted(reading: &Reading<'_>, range: &Condition, most: u64) -> Sql {
    let mut sql = reading.begin(COUNT_SOME, range);
    sql.push(" LIMIT ").bind(number(most)).push(")");
    sql
}

/// The id so many rows from where the page begins. `None` if there are no more.
fn end(
    reading: &Reading<'_>,
    query: &Query,
    id: Column,
    rows: u64,
) -> Result<Option<Bound>, StoreError> {
    let mut sql = reading.begin(END, &query.behind());
    sql.order(&[id]).push(" LIMIT 1 OFFSET ").bind(number(rows));
    let mut statement = reading.connection.prepare_cached(&sql.text)?;
    let id = statement.query_row(params_from_iter(&sql.values), |row| row.get(0)).optional()?;
    Ok(id.map(Bound::Bytes))
}

/// The statement for the page, as far as the rows up to an id fill it.
fn until(
    reading: &Reading<'_>,
    query: &Query,
    id: Column,
    rest: &Condition,
    end: Option<&Bound>,
) -> Sql {
    let mut sql = reading.begin(SELECT, rest);
    sql.push(" AND ").condition(&query.behind());
    if let Some(end) = end {
        let until = match id.direction {
            Direction::Ascending => Comparison::Le,
            Direction::Descending => Comparison::Ge,
        };
        sql.push(" AND ").condition(&Condition::Compare(id.name, until, end.clone()));
    }
    sql.order(&[id]);
    cut(&mut sql, query);
    sql
}

fn number(number: u64) -> Bound {
    Bound::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use odata::query::{Filter, OrderBy};
    use odata::{DateTimeOffset, Options};
    use rusqlite::{Connection, params};

    use super::*;
    use crate::query::Way;
    use crate::sqlite::query::tests::plan;
    use crate::sqlite::rows::blob;
    use crate::sqlite::schema;
    use crate::testing::TENANT;
    use crate::{Clock, Durability, Position};

    const ROWS: i64 = 1_000;

    /// A register of rows of which some, by their number, have an identifier of a prefix.
    fn register(is_meant: &str) -> (Connection, tempfile::NamedTempFile) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut connection = Connection::open(file.path()).unwrap();
        schema::set_up(&connection, Durability::None).unwrap();
        schema::prepare(&mut connection, &Clock::system()).unwrap();
        let insert = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
             INSERT INTO identities (tenant_id, id, identifier, identifier_key, type,
                 created_ticks, modified_ticks, contacted_ticks, contacted_offset_min,
                 description, enrollment_state, platform, rev)
             SELECT ?1, unhex(printf('%032x', i)), p || i, lower(p || i), 2, 0, 0, 0, 0, NULL,
                 i % 3, 0, 1
             FROM (SELECT i, CASE WHEN {is_meant} THEN 'Dev' ELSE 'Other' END AS p FROM n)"
        );
        connection.execute(&insert, params![blob(&TENANT.0), ROWS]).unwrap();
        let tally = "INSERT INTO tallies VALUES (?1, 2, 0, 0, ?2)";
        connection.execute(tally, params![blob(&TENANT.0), ROWS]).unwrap();
        (connection, file)
    }

    fn query(filter: &str, order: &str) -> Query {
        let options = Options::default();
        let context = model::query_context(&options, DateTimeOffset::MIN);
        let filter = Some(Filter::parse(filter, &context).unwrap());
        let order = OrderBy::parse(order, &context).unwrap();
        Query { filter, order, ..Query::by_key(10) }
    }

    /// The page by walking, if that is how it is read, and by sorting.
    fn both(connection: &Connection, query: &Query) -> (Option<Vec<Identity>>, Vec<Identity>) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let reading = Reading { connection, tenant: TENANT, deadline };
        let (sql, way) = reading.page(query);
        let Way::Sorted(order) = way else { panic!("{way:?}") };
        (walk(&reading, query, &order).unwrap(), reading.all(&sql).unwrap())
    }

    #[test]
    fn pages_of_a_long_range_are_walked_to_and_hold_what_sorting_gives() {
        let (connection, _file) = register("i % 2 = 0");
        for filter in [
            "startswith(importedDeviceIdentifier,'Dev')",
            "startswith(importedDeviceIdentifier,'Dev') and enrollmentState eq 'enrolled'",
        ] {
            for order in ["id", "id desc"] {
                let mut query = query(filter, order);
                for skip in [0, 7] {
                    query.skip = skip;
                    query.after = None;
                    let (walked, sorted) = both(&connection, &query);
                    assert_eq!(sorted.len(), query.limit);
                    assert_eq!(walked.as_ref(), Some(&sorted), "{filter} by {order}");
                    query.after = sorted.last().map(|row| Position::behind(row, &query.order));
                    let (walked, sorted) = both(&connection, &query);
                    assert_eq!(walked, Some(sorted), "{filter} by {order}, second page");
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_range_is_the_end_of_the_pages() {
        let (connection, _file) = register("i % 2 = 0 OR i > 990");
        let mut query = query("startswith(importedDeviceIdentifier,'Dev')", "id");
        query.limit = 20;
        query.skip = 490;
        let (walked, sorted) = both(&connection, &query);
        assert_eq!(sorted.len(), 15);
        assert_eq!(walked, Some(sorted));
    }

    #[test]
    fn few_rows_and_rows_that_lie_far_behind_are_sorted() {
        // The root of 10 * 1,000 / 10 is 31, and 310 rows are the patience.
        for (is_meant, is_walked) in
            [("i % 33 = 0", false), ("i % 25 = 0", true), ("i > 900", false), ("i > 280", true)]
        {
            let (connection, _file) = register(is_meant);
            let query = query("startswith(importedDeviceIdentifier,'Dev')", "id");
            let (walked, sorted) = both(&connection, &query);
            assert_eq!(sorted.len(), 10);
            assert_eq!(walked.is_some(), is_walked, "{is_meant}");
        }
    }

    #[test]
    fn another_letter_case_is_another_prefix() {
        let (connection, _file) = register("i % 2 = 0");
        let query = query("startswith(importedDeviceIdentifier,'DEV')", "id");
        let (walked, sorted) = both(&connection, &query);
        assert_eq!((walked, sorted), (None, vec![]));
    }

    #[test]
    fn a_range_is_counted_in_its_index_and_walked_in_that_of_ids() {
        let prefix = "startswith(importedDeviceIdentifier,'Dev')";
        let counting = plan(|reading, _| {
            let condition = query(prefix, "id").narrowing().condition;
            counted(reading, &condition.split_range().unwrap().0, 10)
        });
        let wanted = "COVERING by_key (tenant_id=? AND identifier_key>? AND identifier_key<?)";
        assert!(counting.contains(wanted), "{counting}");
        for (filter, order, wanted) in [
            (prefix.to_owned(), "id", "by_id (tenant_id=? AND id<?)"),
            (prefix.to_owned(), "id desc", "by_id (tenant_id=? AND id>?)"),
            (
                format!("{prefix} and platform eq 'ios'"),
                "id",
                "by_platform (tenant_id=? AND platform=? AND id<?)",
            ),
        ] {
            let walking = plan(|reading, _| {
                let query = query(&filter, order);
                let Way::Sorted(order) = query.way(true) else { panic!("{filter}") };
                let (_, rest) = query.narrowing().condition.split_range().unwrap();
                let end = Bound::Bytes(vec![0; 16]);
                until(reading, &query, *order.first().unwrap(), &rest, Some(&end))
            });
            assert_eq!(walking, wanted, "{filter} by {order}");
        }
    }
}
