//! Typed queries in PostgreSQL: its dialect, and the ways to read a page and to count.
//! Text is ordered by code point, since its columns are collated by their bytes.

use std::pin::pin;
use std::time::Instant;

use bytes::{BufMut, BytesMut};
use deadpool_postgres::Object;
use futures_util::TryStreamExt;
use model::{Identity, TenantId};
use odata::query::{Apply, Filter, Group, Search, Tally};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::failure::Failure;
use super::rows::{SELECT, Value, identity};
use super::{tallies, texts};
use crate::StoreError;
use crate::query::{
    Bound, Condition, Dialect, Parts, Picking, Position, Query, Sql, Way, lets_pass, narrowing,
    parts,
};
use crate::tally;

const COUNT: &str = "SELECT count(*) FROM identities";
const COUNT_EACH: &str = "SELECT type, enrollment_state, platform, count(*) FROM identities";
const EACH: &str = " GROUP BY type, enrollment_state, platform";
/// One state of the register for several statements.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Rows that are read at once for a page that is judged row by row, at first and at most.
const FIRST_CHUNK: usize = 256;
const LARGEST_CHUNK: usize = 8_192;
/// Rows that are judged before others get their turn.
const TURN: usize = 256;

pub(super) struct Postgres;

impl Dialect for Postgres {
    fn placeholder(number: usize) -> String {
        format!("${number}")
    }
}

impl Bound {
    fn ty(&self) -> Type {
        match self {
            Self::Bytes(_) => Type::UUID,
            Self::Text(_) => Type::TEXT,
            Self::Integer(_) => Type::INT8,
        }
    }
}

impl ToSql for Bound {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Bytes(bytes) => out.put_slice(bytes),
            Self::Text(text) => return text.to_sql(ty, out),
            Self::Integer(number) => return number.to_sql(ty, out),
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        [Type::UUID, Type::TEXT, Type::INT8].contains(ty)
    }

    to_sql_checked!();
}

/// The values of a statement, each with its type: a statement that a caller has shaped is used once
/// and not kept by the database.
pub(super) fn typed(sql: &Sql) -> Vec<(Value<'_>, Type)> {
    sql.values.iter().map(|value| (value as Value<'_>, value.ty())).collect()
}

/// Where a query is answered, for whom, and until when.
pub(super) struct Reading<'c> {
    pub(super) client: &'c Object,
    pub(super) tenant: TenantId,
    pub(super) deadline: Instant,
}

pub(super) async fn page(reading: &Reading<'_>, query: &Query) -> Result<Vec<Identity>, Failure> {
    if query.limit == 0 {
        return Ok(Vec::new());
    }
    match query.way(query.narrowing().is_exact) {
        Way::Sorted(columns) => {
            let mut sql = reading.begin(SELECT, query.narrowing().condition, None);
            sql.push(" AND ").condition(&query.behind().without_nul()).order(&columns);
            limit(&mut sql, query.limit);
            let skip = i64::try_from(query.skip).unwrap_or(i64::MAX);
            sql.push(" OFFSET ").bind(Bound::Integer(skip));
            reading.rows(&sql).await
        }
        Way::Walked(_) => {
            reading.client.batch_execute(BEGIN).await?;
            let rows = walk(reading, query).await?;
            reading.client.batch_execute("COMMIT").await?;
            Ok(rows)
        }
        Way::Picked => gather(reading, query).await,
    }
}

/// Judges row by row, in the order of the page, which is that of the key, until it is full.
async fn walk(reading: &Reading<'_>, query: &Query) -> Result<Vec<Identity>, Failure> {
    let (mut rows, mut skip, mut chunk) = (Vec::new(), query.skip, FIRST_CHUNK);
    let mut rest = query.clone();
    loop {
        let Way::Walked(columns) = rest.way(false) else { return Ok(rows) };
        let condition = rest.narrowing().condition;
        let mut sql = reading.begin(SELECT, condition, rest.parts().as_ref());
        sql.push(" AND ").condition(&rest.behind().without_nul()).order(&columns);
        limit(&mut sql, chunk);
        let read = reading.rows(&sql).await?;
        let is_last = read.len() < chunk;
        rest.after = read.last().map(|row| Position::behind(row, &query.order));
        for row in read {
            if !query.lets_pass(&row) {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            rows.push(row);
            if rows.len() == query.limit {
                return Ok(rows);
            }
        }
        if is_last {
            return Ok(rows);
        }
        chunk = (chunk * 2).min(LARGEST_CHUNK);
    }
}

/// Judges all candidates, in whatever order.
async fn gather(reading: &Reading<'_>, query: &Query) -> Result<Vec<Identity>, Failure> {
    let sql = reading.begin(SELECT, query.narrowing().condition, query.parts().as_ref());
    let mut picking = Picking::new(query);
    reading.client.batch_execute(BEGIN).await?;
    loop {
        reading.each(&sql, |row| picking.offer(row)).await?;
        if let Some(rows) = picking.end() {
            reading.client.batch_execute("COMMIT").await?;
            return Ok(rows);
        }
    }
}

pub(super) async fn count(
    reading: &Reading<'_>,
    filter: Option<&Filter>,
    search: Option<&Search>,
) -> Result<u64, Failure> {
    if search.is_none() && tally::tell(filter) {
        let tallies = tallies::read(reading.client, reading.tenant).await?;
        let passed = tallies.iter().filter(|(row, _)| filter.is_none_or(|it| it.matches(row)));
        return Ok(passed.map(|(_, rows)| rows).sum());
    }
    let narrowing = narrowing(filter, search);
    if narrowing.is_exact {
        let sql = reading.begin(COUNT, narrowing.condition, None);
        let row = reading.client.query_typed_one(&sql.text, &typed(&sql)).await?;
        let count: i64 = row.try_get(0)?;
        return Ok(u64::try_from(count).unwrap_or_default());
    }
    let sql = reading.begin(SELECT, narrowing.condition, parts(filter, search).as_ref());
    let mut count = 0;
    reading.each(&sql, |row| count += u64::from(lets_pass(filter, search, &row))).await?;
    Ok(count)
}

pub(super) async fn summary(reading: &Reading<'_>, apply: &Apply) -> Result<Vec<Group>, Failure> {
    let filter = apply.filter.as_ref();
    let mut tally = Tally::new(apply);
    if tally::tell(filter) {
        for (row, rows) in tallies::read(reading.client, reading.tenant).await? {
            if filter.is_none_or(|filter| filter.matches(&row)) {
                tally.add(&row, rows);
            }
        }
        return Ok(tally.groups());
    }
    let narrowing = narrowing(filter, None);
    if narrowing.is_exact {
        let mut sql = reading.begin(COUNT_EACH, narrowing.condition, None);
        sql.push(EACH);
        for row in reading.client.query_typed(&sql.text, &typed(&sql)).await? {
            let (row, rows) = tallies::counted(&row)?;
            tally.add(&row, rows);
        }
    } else {
        let sql = reading.begin(SELECT, narrowing.condition, parts(filter, None).as_ref());
        let each = |row: Identity| {
            if filter.is_none_or(|filter| filter.matches(&row)) {
                tally.add(&row, 1);
            }
        };
        reading.each(&sql, each).await?;
    }
    Ok(tally.groups())
}

fn limit(sql: &mut Sql, rows: usize) {
    sql.push(" LIMIT ").bind(Bound::Integer(i64::try_from(rows).unwrap_or(i64::MAX)));
}

impl Reading<'_> {
    /// A statement over the tenant's rows that meet a condition, and have these parts in their
    /// texts.
    fn begin(&self, beginning: &str, condition: Condition, parts: Option<&Parts>) -> Sql {
        let mut sql = Sql::new::<Postgres>(beginning);
        sql.push(" WHERE tenant_id = ").bind(Bound::Bytes(self.tenant.0.as_bytes().to_vec()));
        sql.push(" AND ").condition(&condition.without_nul());
        if let Some(parts) = parts {
            texts::have(&mut sql, self.tenant, parts);
        }
        sql
    }

    async fn rows(&self, sql: &Sql) -> Result<Vec<Identity>, Failure> {
        let rows = self.client.query_typed(&sql.text, &typed(sql)).await?;
        rows.iter().map(identity).collect()
    }

    /// Hands over the rows as they come. The database looks at its own clock while it searches;
    /// this looks at the deadline while rows are judged.
    async fn each(&self, sql: &Sql, mut take: impl FnMut(Identity)) -> Result<(), Failure> {
        let stream = self.client.query_typed_raw(&sql.text, typed(sql)).await?;
        let mut stream = pin!(stream);
        let mut taken = 0_usize;
        while let Some(row) = stream.try_next().await? {
            take(identity(&row)?);
            taken += 1;
            if taken.is_multiple_of(TURN) {
                if Instant::now() >= self.deadline {
                    return Err(Failure::Final(StoreError::Deadline));
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
