//! Statements that read identities and their history, and how columns become values.

use deadpool_postgres::Object;
use model::{
    EnrollmentState, Identity, IdentityId, IdentityType, Platform, SearchKey, TenantId, decode,
};
use odata::DateTimeOffset;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql, Type};

use super::failure::Failure;
use crate::{Actor, Audit, Change, ChangeKind, HistoryFilter, StoreError};

/// The columns of [`identity`], in its order.
macro_rules! columns {
    () => {
        "i.id, i.identifier, i.type, i.modified_ticks, i.created_ticks, i.contacted_ticks, \
         i.contacted_offset_min, i.description, i.enrollment_state, i.platform, i.rev"
    };
}

/// What reads of identities begin with.
pub(super) const SELECT: &str = concat!("SELECT ", columns!(), " FROM identities AS i");
const BY_ID: &str =
    concat!("SELECT ", columns!(), " FROM identities AS i WHERE i.tenant_id = $1 AND i.id = $2");
pub(super) const BY_IDS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM identities AS i WHERE i.tenant_id = $1 AND i.id = ANY ($2)"
);
/// Each row with the place of its key among those that are asked for.
pub(super) const BY_KEYS: &str = concat!(
    "SELECT ",
    columns!(),
    ", k.place FROM unnest($2::text[], $3::smallint[]) WITH ORDINALITY AS k (key, type, place) \
     JOIN identities AS i ON i.tenant_id = $1 AND i.identifier_key = k.key AND i.type = k.type"
);
/// The place stands behind the columns of a row.
const PLACE: usize = 11;
const CHANGE_COLUMNS: &str = "tenant_id, seq, id, kind, at_ticks, actor_type, user_id, user_name, \
     app_id, app_name, ip, request_id, client_request_id, before, after";

pub(super) async fn by_id(
    client: &Object,
    tenant: TenantId,
    id: IdentityId,
) -> Result<Option<Identity>, Failure> {
    let statement = client.prepare_cached(BY_ID).await?;
    let row = client.query_opt(&statement, &[&tenant.0, &id.0]).await?;
    row.as_ref().map(identity).transpose()
}

/// The rows that stand under these keys, in the order of the keys, each once.
pub(super) async fn find(
    client: &Object,
    tenant: TenantId,
    keys: &[SearchKey],
) -> Result<Vec<Identity>, Failure> {
    let mut found = by_keys(client, tenant, keys).await?;
    found.sort_by_key(|(place, _)| *place);
    let mut seen = std::collections::HashSet::new();
    Ok(found.into_iter().map(|(_, row)| row).filter(|row| seen.insert(row.id)).collect())
}

/// The rows that stand under these keys, each with the place of its key.
pub(super) async fn by_keys(
    client: &Object,
    tenant: TenantId,
    keys: &[SearchKey],
) -> Result<Vec<(usize, Identity)>, Failure> {
    let statement = client.prepare_cached(BY_KEYS).await?;
    let (types, texts): (Vec<i16>, Vec<&str>) = keys
        .iter()
        .map(|(identity_type, key)| (small(identity_type.value()), key.as_str()))
        .unzip();
    let rows = client.query(&statement, &[&tenant.0, &texts, &types]).await?;
    let placed = |row: &Row| {
        let place: i64 = row.try_get(PLACE)?;
        Ok((usize::try_from(place - 1).unwrap_or(usize::MAX), identity(row)?))
    };
    rows.iter().map(placed).collect()
}

pub(super) async fn history(
    client: &Object,
    filter: &HistoryFilter,
    after: Option<(TenantId, i64)>,
    limit: usize,
) -> Result<Vec<Change>, Failure> {
    let mut sql = format!("SELECT {CHANGE_COLUMNS} FROM changes WHERE true");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values: Vec<(Value<'_>, Type)> = Vec::new();
    if let Some(tenant) = &filter.tenant {
        values.push((&tenant.0, Type::UUID));
        sql.push_str(&format!(" AND tenant_id = ${}", values.len()));
    }
    if let Some(id) = &filter.id {
        values.push((&id.0, Type::UUID));
        sql.push_str(&format!(" AND id = ${}", values.len()));
    }
    if let Some((tenant, seq)) = &after {
        values.push((&tenant.0, Type::UUID));
        values.push((seq, Type::INT8));
        let count = values.len();
        sql.push_str(&format!(" AND (tenant_id, seq) > (${}, ${count})", count - 1));
    }
    values.push((&limit, Type::INT8));
    sql.push_str(&format!(" ORDER BY tenant_id, seq LIMIT ${}", values.len()));
    client.query_typed(&sql, &values).await?.iter().map(change).collect()
}

/// What a statement is given.
pub(super) type Value<'v> = &'v (dyn ToSql + Sync);

/// Has a statement done that is prepared once for each connection. How many rows it touched.
pub(super) async fn execute(
    client: &Object,
    sql: &str,
    values: &[Value<'_>],
) -> Result<u64, Failure> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, values).await?)
}

/// A number of a member, or of minutes, as its column holds it.
pub(super) fn small(number: i64) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}

/// Text as its column can hold it: PostgreSQL has no U+0000, which only names of callers can have.
pub(super) fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}

pub(super) fn damaged(what: &str) -> Failure {
    Failure::Final(StoreError::Damaged(format!("a column holds no {what}")))
}

pub(super) fn instant(ticks: i64, offset_minutes: i16) -> Result<DateTimeOffset, Failure> {
    DateTimeOffset::new(ticks, offset_minutes).ok_or_else(|| damaged("instant"))
}

fn member<T>(row: &Row, index: usize, of: fn(i64) -> Option<T>) -> Result<T, Failure> {
    let number: i16 = row.try_get(index)?;
    of(i64::from(number)).ok_or_else(|| damaged("member of an enumeration"))
}

pub(super) fn identity(row: &Row) -> Result<Identity, Failure> {
    Ok(Identity {
        id: IdentityId(row.try_get(0)?),
        identifier: row.try_get(1)?,
        identity_type: member(row, 2, IdentityType::from_value)?,
        modified: instant(row.try_get(3)?, 0)?,
        created: instant(row.try_get(4)?, 0)?,
        contacted: instant(row.try_get(5)?, row.try_get(6)?)?,
        description: row.try_get(7)?,
        enrollment_state: member(row, 8, EnrollmentState::from_value)?,
        platform: member(row, 9, Platform::from_value)?,
        rev: row.try_get(10)?,
    })
}

/// A row of the history as bytes.
pub(super) fn entry(bytes: &[u8]) -> Result<Identity, Failure> {
    decode(bytes).map_err(|error| Failure::Final(StoreError::Damaged(error.to_string())))
}

fn change(row: &Row) -> Result<Change, Failure> {
    let stored = |index: usize| -> Result<Option<Identity>, Failure> {
        row.try_get::<_, Option<&[u8]>>(index)?.map(entry).transpose()
    };
    Ok(Change {
        tenant: TenantId(row.try_get(0)?),
        seq: row.try_get(1)?,
        id: IdentityId(row.try_get(2)?),
        kind: member(row, 3, ChangeKind::from_code)?,
        at: instant(row.try_get(4)?, 0)?,
        audit: Audit {
            actor: actor(row)?,
            ip: text::<&str>(row, 10)?.and_then(|ip| ip.parse().ok()),
            request_id: row.try_get(11)?,
            client_request_id: text(row, 12)?,
        },
        before: stored(13)?,
        after: stored(14)?,
    })
}

fn text<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<Option<T>, Failure> {
    Ok(row.try_get(index)?)
}

fn actor(row: &Row) -> Result<Actor, Failure> {
    match row.try_get::<_, i16>(5)? {
        0 => Ok(Actor::System),
        1 => Ok(Actor::Application { app_id: text(row, 8)?, app_name: text(row, 9)? }),
        2 => Ok(Actor::User {
            user_id: text(row, 6)?,
            user_name: text(row, 7)?,
            app_id: text(row, 8)?,
            app_name: text(row, 9)?,
        }),
        _ => Err(damaged("type of actor")),
    }
}
