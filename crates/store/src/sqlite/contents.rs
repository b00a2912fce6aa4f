//! What a file that nobody writes holds: whether it is a register, undamaged, and what of whom.
//! Must not know how it came about.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use odata::DateTimeOffset;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::rows::blob;
use super::{schema, tenants};
use crate::{ChangeKind, Contents, Held, StoreError, Tenant};

/// Virtual machine instructions between two looks at whether to stop.
const STEPS_PER_LOOK: std::ffi::c_int = 100_000;

/// What the history of a tenant comes to.
struct Told {
    entries: i64,
    last_seq: i64,
    next_seq: i64,
    /// Rows that were made and not removed.
    left: i64,
}

/// Opens a file that nobody writes, and makes no files beside it.
///
/// # Errors
/// It cannot be read.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    Connection::open_with_flags(uri, flags)
}

/// The schema version of a register.
///
/// # Errors
/// It is something else, or a later build's.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    match schema::version(connection)? {
        0 => Err(StoreError::Damaged("it is empty".to_owned())),
        version => Ok(version),
    }
}

/// Looks through a register: is every page what it ought to be, is the history of each tenant
/// without gaps, and are there as many rows as it leads to?
///
/// # Errors
/// It is damaged, or somebody said `stop`.
pub(super) fn look(path: &Path, stop: &Arc<AtomicBool>) -> Result<Contents, StoreError> {
    let mut connection = open(path)?;
    let stop = Arc::clone(stop);
    connection.progress_handler(STEPS_PER_LOOK, Some(move || stop.load(Ordering::Relaxed)))?;
    let schema = version(&connection)?;
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    // What is wrong with the file as a whole has a heading.
    let verdict = verdict.lines().last().unwrap_or_default();
    if verdict != "ok" {
        return Err(StoreError::Damaged(verdict.to_owned()));
    }
    let tenants = tenants::all(&connection)?;
    let tenants = tenants.into_iter().map(|tenant| held(&connection, tenant));
    let tenants = tenants.collect::<Result<_, StoreError>>()?;
    let bytes = connection.query_row(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    Ok(Contents { bytes: unsigned(bytes), schema, tenants })
}

fn held(connection: &Connection, tenant: Tenant) -> Result<Held, StoreError> {
    let id = blob(&tenant.id.0);
    let told = connection.query_row(
        "SELECT count(*), coalesce(max(seq), 0), coalesce(sum(kind = ?2) - sum(kind = ?3), 0),
                (SELECT next_seq FROM tenants WHERE tenant_id = ?1)
         FROM changes WHERE tenant_id = ?1",
        params![id, ChangeKind::Create.code(), ChangeKind::Delete.code()],
        |row| {
            let (entries, last_seq, left) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Told { entries, last_seq, left, next_seq: row.get(3)? })
        },
    )?;
    let identities: i64 = connection.query_row(
        "SELECT count(*) FROM identities WHERE tenant_id = ?1",
        params![id],
        |row| row.get(0),
    )?;
    let is_whole = told.is_whole() && told.left == identities;
    // Its removal takes many transactions, of which this may be the state between two.
    let is_going = !is_whole && !tenant.licensed && told.entries < told.next_seq;
    if !is_whole && !is_going {
        return Err(StoreError::Damaged(format!(
            "the tenant {} has {identities} identities and {} entries of history up to number {}, \
             which ought to be {}, and they lead to {} identities",
            tenant.id,
            told.entries,
            told.last_seq,
            told.next_seq - 1,
            told.left,
        )));
    }
    let last_change = connection
        .query_row(
            "SELECT at_ticks FROM changes WHERE tenant_id = ?1 ORDER BY seq DESC LIMIT 1",
            params![id],
            |row| row.get(0),
        )
        .optional()?
        .and_then(DateTimeOffset::from_ticks_utc);
    let (identities, changes) = (unsigned(identities), unsigned(told.entries));
    Ok(Held { tenant, identities, changes, last_change, is_going })
}

impl Told {
    /// Whether there is an entry of every number, and none too many.
    fn is_whole(&self) -> bool {
        self.entries == self.last_seq && self.last_seq == self.next_seq - 1
    }
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
