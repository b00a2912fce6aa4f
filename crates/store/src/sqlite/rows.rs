//! Statements that read identities and their history, and how columns become values.

use model::{
    EnrollmentState, Identity, IdentityId, IdentityType, Platform, SearchKey, TenantId, decode,
};
use odata::DateTimeOffset;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use uuid::Uuid;

use crate::{Actor, Audit, Change, ChangeKind, HistoryFilter, StoreError};

/// The columns of [`identity`], in its order.
macro_rules! columns {
    () => {
        "id, identifier, type, modified_ticks, created_ticks, contacted_ticks, \
         contacted_offset_min, description, enrollment_state, platform, rev"
    };
}

/// What reads of identities begin with.
pub(super) const SELECT: &str = concat!("SELECT ", columns!(), " FROM identities");
const BY_ID: &str =
    concat!("SELECT ", columns!(), " FROM identities WHERE tenant_id = ?1 AND id = ?2");
const BY_KEY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM identities WHERE tenant_id = ?1 AND identifier_key = ?2 AND type = ?3"
);
const COUNT: &str = "SELECT count(*) FROM identities WHERE tenant_id = ?1";
const COUNT_SOME: &str =
    "SELECT count(*) FROM (SELECT 1 FROM identities WHERE tenant_id = ?1 LIMIT ?2)";
const CHANGE_COLUMNS: &str = "tenant_id, seq, id, kind, at_ticks, actor_type, user_id, user_name, \
     app_id, app_name, ip, request_id, client_request_id, before, after";

pub(super) fn by_id(
    connection: &Connection,
    tenant: TenantId,
    id: IdentityId,
) -> Result<Option<Identity>, StoreError> {
    let mut statement = connection.prepare_cached(BY_ID)?;
    Ok(statement.query_row(params![blob(&tenant.0), blob(&id.0)], identity).optional()?)
}

pub(super) fn by_key(
    connection: &Connection,
    tenant: TenantId,
    (identity_type, key): &SearchKey,
) -> Result<Option<Identity>, StoreError> {
    let mut statement = connection.prepare_cached(BY_KEY)?;
    let parameters = params![blob(&tenant.0), key, identity_type.value()];
    Ok(statement.query_row(parameters, identity).optional()?)
}

pub(super) fn count(connection: &Connection, tenant: TenantId) -> Result<u64, StoreError> {
    let count: i64 =
        connection.prepare_cached(COUNT)?.query_row(params![blob(&tenant.0)], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Whether a tenant has more rows than so many.
pub(super) fn has_more(
    connection: &Connection,
    tenant: TenantId,
    than: i64,
) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(COUNT_SOME)?;
    let most = than.saturating_add(1);
    let some: i64 = statement.query_row(params![blob(&tenant.0), most], |row| row.get(0))?;
    Ok(some > than)
}

pub(super) fn find(
    connection: &Connection,
    tenant: TenantId,
    keys: &[SearchKey],
) -> Result<Vec<Identity>, StoreError> {
    // One transaction, so that all keys are looked up in the same state of the register.
    let snapshot = connection.unchecked_transaction()?;
    let mut found = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for key in keys {
        if let Some(row) = by_key(&snapshot, tenant, key)?
            && seen.insert(row.id)
        {
            found.push(row);
        }
    }
    Ok(found)
}

pub(super) fn history(
    connection: &Connection,
    filter: &HistoryFilter,
    after: Option<(TenantId, i64)>,
    limit: usize,
) -> Result<Vec<Change>, StoreError> {
    let mut sql = format!("SELECT {CHANGE_COLUMNS} FROM changes WHERE true");
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    if let Some(tenant) = filter.tenant {
        sql.push_str(" AND tenant_id = ?");
        values.push(Box::new(tenant.0.as_bytes().to_vec()));
    }
    if let Some(id) = filter.id {
        sql.push_str(" AND id = ?");
        values.push(Box::new(id.0.as_bytes().to_vec()));
    }
    if let Some((tenant, seq)) = after {
        sql.push_str(" AND (tenant_id, seq) > (?, ?)");
        values.push(Box::new(tenant.0.as_bytes().to_vec()));
        values.push(Box::new(seq));
    }
    sql.push_str(" ORDER BY tenant_id, seq LIMIT ?");
    values.push(Box::new(i64::try_from(limit).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), change)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How a GUID is bound.
pub(super) fn blob(id: &Uuid) -> &[u8] {
    id.as_bytes().as_slice()
}

pub(super) fn guid(row: &Row<'_>, index: usize) -> rusqlite::Result<Uuid> {
    let bytes = row.get_ref(index)?.as_blob()?;
    Uuid::from_slice(bytes).map_err(|_| damaged(index, "GUID"))
}

fn instant(row: &Row<'_>, index: usize, offset_minutes: i16) -> rusqlite::Result<DateTimeOffset> {
    DateTimeOffset::new(row.get(index)?, offset_minutes).ok_or_else(|| damaged(index, "instant"))
}

fn member<T>(row: &Row<'_>, index: usize, of: fn(i64) -> Option<T>) -> rusqlite::Result<T> {
    of(row.get(index)?).ok_or_else(|| damaged(index, "member of an enumeration"))
}

fn damaged(index: usize, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        index,
        Type::Blob,
        format!("column {index} holds no {what}").into(),
    )
}

pub(super) fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    Ok(Identity {
        id: IdentityId(guid(row, 0)?),
        identifier: row.get(1)?,
        identity_type: member(row, 2, IdentityType::from_value)?,
        modified: instant(row, 3, 0)?,
        created: instant(row, 4, 0)?,
        contacted: instant(row, 5, row.get(6)?)?,
        description: row.get(7)?,
        enrollment_state: member(row, 8, EnrollmentState::from_value)?,
        platform: member(row, 9, Platform::from_value)?,
        rev: row.get(10)?,
    })
}

fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    let entry = |index: usize| -> rusqlite::Result<Option<Identity>> {
        let bytes: Option<Vec<u8>> = row.get(index)?;
        let decoded = bytes.map(|bytes| decode(&bytes)).transpose();
        decoded.map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(index, Type::Blob, Box::new(error))
        })
    };
    let ip: Option<String> = row.get(10)?;
    Ok(Change {
        tenant: TenantId(guid(row, 0)?),
        seq: row.get(1)?,
        id: IdentityId(guid(row, 2)?),
        kind: member(row, 3, ChangeKind::from_code)?,
        at: instant(row, 4, 0)?,
        audit: Audit {
            actor: actor(row)?,
            ip: ip.and_then(|ip| ip.parse().ok()),
            request_id: guid(row, 11)?,
            client_request_id: row.get(12)?,
        },
        before: entry(13)?,
        after: entry(14)?,
    })
}

fn actor(row: &Row<'_>) -> rusqlite::Result<Actor> {
    match row.get::<_, i64>(5)? {
        0 => Ok(Actor::System),
        1 => Ok(Actor::Application { app_id: row.get(8)?, app_name: row.get(9)? }),
        2 => Ok(Actor::User {
            user_id: row.get(6)?,
            user_name: row.get(7)?,
            app_id: row.get(8)?,
            app_name: row.get(9)?,
        }),
        _ => Err(damaged(5, "type of actor")),
    }
}
