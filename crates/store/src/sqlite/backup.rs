//! Copies of a register: made while it is in use, and put back. A copy is written under a name of
//! its own beside the file that it will be, looked through, synced and only then renamed: whatever
//! goes wrong, the file is what it was before, or the whole copy.
//! Must not know what the rows mean.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tempfile::NamedTempFile;

use super::contents;
use super::schema::BUSY_TIMEOUT;
use crate::{BackupError, BackupRun, BackupStep, Contents, StoreError};

/// Pages copied between two looks at whether to stop.
const PAGES_AT_ONCE: std::ffi::c_int = 1_024;
/// Rounds of so many pages (4 MiB each) after which the copy is synced: all at once at its end
/// would leave the disk to nobody else for a while.
const ROUNDS_PER_SYNC: u32 = 8;

/// Copies the register at `path` to `to`.
pub(crate) fn backup(
    path: &Path,
    to: &Path,
    copying: &mut BackupRun<'_>,
) -> Result<Contents, BackupError> {
    if is_same(path, to) {
        return Err(BackupError::Itself(to.to_owned()));
    }
    let fresh = beside(to, copying.replace)?;
    let register = open(path).map_err(|error| unfit(path, error.into()))?;
    contents::version(&register).map_err(|error| unfit(path, error))?;
    copy(&register, path, &fresh, to, copying)?;
    keep(fresh, path, to, copying)
}

/// Puts a copy of `from` in the place of the register at `path`.
pub(crate) fn restore(
    path: &Path,
    from: &Path,
    copying: &mut BackupRun<'_>,
) -> Result<Contents, BackupError> {
    if is_same(path, from) {
        return Err(BackupError::Itself(from.to_owned()));
    }
    File::open(from).map_err(|cause| BackupError::File { path: from.to_owned(), cause })?;
    let log = sibling(from, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(BackupError::HasLog(from.to_owned(), log));
    }
    let backup = contents::open(from).map_err(|error| unfit(from, error.into()))?;
    contents::version(&backup).map_err(|error| unfit(from, error))?;
    let fresh = beside(path, copying.replace)?;
    copy(&backup, from, &fresh, path, copying)?;
    keep(fresh, from, path, copying)
}

/// Opens a register that others may have open. Its log can only be read by whoever may write it.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Makes an empty file (mode 0600) beside a file that is to be, which goes unless it is kept.
fn beside(to: &Path, replace: bool) -> Result<NamedTempFile, BackupError> {
    let failed = |cause| BackupError::File { path: to.to_owned(), cause };
    match fs::symlink_metadata(to) {
        Ok(there) if there.is_dir() => {
            return Err(failed(io::Error::other("it is a directory: name a file in it")));
        }
        Ok(_) if !replace => return Err(BackupError::Exists(to.to_owned())),
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
        Ok(_) | Err(_) => {}
    }
    let parent = directory(to);
    fs::metadata(parent).map_err(|cause| BackupError::File { path: parent.to_owned(), cause })?;
    let mut name = OsString::from(".");
    name.push(to.file_name().unwrap_or_default());
    name.push(".");
    tempfile::Builder::new().prefix(&name).suffix(".partial").tempfile_in(parent).map_err(failed)
}

/// Copies page after page. The source is read in one transaction, so that all pages are of one
/// state, however often it is written meanwhile; without, every write would make it begin anew.
fn copy(
    source: &Connection,
    from: &Path,
    fresh: &NamedTempFile,
    to: &Path,
    copying: &mut BackupRun<'_>,
) -> Result<(), BackupError> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => judged(from, error.into()),
        _ => BackupError::Copy {
            from: from.to_owned(),
            to: to.to_owned(),
            reason: error.to_string(),
        },
    };
    let _state = source.unchecked_transaction().map_err(failed)?;
    let page: i64 = source
        .query_row("SELECT page_size FROM pragma_page_size", [], |row| row.get(0))
        .map_err(failed)?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed)?;
    let mut target = Connection::open(fresh.path()).map_err(failed)?;
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
    let backup = Backup::new(source, &mut target).map_err(failed)?;
    let bytes = |pages: std::ffi::c_int| {
        u64::try_from(i64::from(pages).saturating_mul(page)).unwrap_or_default()
    };
    for round in 1_u32.. {
        let step = backup.step(PAGES_AT_ONCE).map_err(failed)?;
        if copying.stop.load(Ordering::Relaxed) {
            return Err(BackupError::Interrupted);
        }
        let progress = backup.progress();
        let (all, done) = (progress.pagecount, progress.pagecount - progress.remaining);
        (copying.hear)(BackupStep::Copying { done: bytes(done), all: bytes(all) });
        if step == StepResult::Done {
            break;
        }
        if round % ROUNDS_PER_SYNC == 0 {
            sync(fresh, to)?;
        }
    }
    Ok(())
}

fn sync(fresh: &NamedTempFile, to: &Path) -> Result<(), BackupError> {
    let synced = fresh.as_file().sync_all();
    synced.map_err(|cause| BackupError::File { path: to.to_owned(), cause })
}

/// Looks a copy through, and gives it its name.
fn keep(
    fresh: NamedTempFile,
    from: &Path,
    to: &Path,
    copying: &mut BackupRun<'_>,
) -> Result<Contents, BackupError> {
    sync(&fresh, to)?;
    (copying.hear)(BackupStep::Checking);
    let contents =
        contents::look(fresh.path(), &copying.stop).map_err(|error| judged(from, error))?;
    let failed = |cause| BackupError::File { path: to.to_owned(), cause };
    let _nobody = if to.exists() { alone(to)? } else { None };
    // A log without its database would be taken for the log of the new one.
    for log in ["-wal", "-shm", "-journal"] {
        match fs::remove_file(sibling(to, log)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
            _ => {}
        }
    }
    let kept = if copying.replace { fresh.persist(to) } else { fresh.persist_noclobber(to) };
    kept.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
        _ => failed(error.error),
    })?;
    File::open(directory(to)).and_then(|directory| directory.sync_all()).map_err(failed)?;
    Ok(contents)
}

/// Sees that nobody else has a database open, for as long as the connection lives, and leaves
/// nothing of it in its log, so that the file alone is all of it until it is replaced.
fn alone(path: &Path) -> Result<Option<Connection>, BackupError> {
    let take = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT")?;
        connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        Ok(connection)
    };
    match take() {
        Ok(connection) => Ok(Some(connection)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Err(BackupError::InUse(path.to_owned()))
            }
            // It is no database, or none that can be read: nobody's state is in its log.
            _ => Ok(None),
        },
    }
}

/// Why a file is not even tried to be copied.
fn unfit(path: &Path, error: StoreError) -> BackupError {
    let path = path.to_owned();
    match error {
        StoreError::Foreign => {
            let reason = "it has tables, but not those of muster".to_owned();
            BackupError::NoRegister { path, reason }
        }
        StoreError::Damaged(reason) => BackupError::NoRegister { path, reason },
        cause => BackupError::Store { path, cause },
    }
}

/// What is wrong with a file of which there is a copy.
fn judged(path: &Path, error: StoreError) -> BackupError {
    let path = path.to_owned();
    match error {
        StoreError::Deadline => BackupError::Interrupted,
        StoreError::Damaged(reason) => BackupError::Damaged { path, reason },
        cause => BackupError::Store { path, cause },
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    PathBuf::from(name)
}
