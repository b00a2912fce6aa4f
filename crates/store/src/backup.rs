//! What there is to say of a backup: how it is to be made, how far it has come, what it holds, why
//! there is none. Must not know how an engine makes one.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use odata::DateTimeOffset;

use crate::{StoreError, Tenant};

/// How a register is copied.
pub struct BackupRun<'a> {
    /// Whether a file that is there already may be replaced.
    pub replace: bool,
    /// Hears how far it has come.
    pub hear: &'a mut dyn FnMut(BackupStep),
    /// Set by whoever wants it to end, which it does soon, leaving nothing behind.
    pub stop: Arc<AtomicBool>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupStep {
    /// Bytes are copied.
    Copying {
        /// So many are.
        done: u64,
        /// So many will be.
        all: u64,
    },
    /// All are, and are looked at.
    Checking,
}

/// What a copy of a register holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Its size.
    pub bytes: u64,
    /// The version of its schema.
    pub schema: i64,
    /// Its tenants, by id.
    pub tenants: Vec<Held>,
}

/// What a copy holds of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The tenant.
    pub tenant: Tenant,
    /// Identities.
    pub identities: u64,
    /// Entries of the history.
    pub changes: u64,
    /// When the last of them was made. UTC.
    pub last_change: Option<DateTimeOffset>,
    /// Whether the tenant was being removed, so that its rows are not what its history leads to.
    pub is_going: bool,
}

/// Why a register was not copied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file to write is there already.
    #[error(
        "{} is there already: give another place, or --yes to replace it, for good",
        .0.display()
    )]
    Exists(PathBuf),
    /// The copy would replace what it is made of.
    #[error("{} is the register itself: give another file", .0.display())]
    Itself(PathBuf),
    /// What would be replaced is open somewhere.
    #[error(
        "{} is in use by another process: stop whatever has it open, such as muster serve",
        .0.display()
    )]
    InUse(PathBuf),
    /// The file to copy is not all there is.
    #[error(
        "{} is not the whole register: the log beside it, {}, holds changes that are not in it. \
         `muster admin backup --store sqlite:PATH` makes one file of both, which can be restored",
        .0.display(), .1.display()
    )]
    HasLog(PathBuf, PathBuf),
    /// The file to copy cannot be one.
    #[error("{} is not a register that can be read: {reason}", path.display())]
    NoRegister {
        /// The file.
        path: PathBuf,
        /// What it is.
        reason: String,
    },
    /// What was copied is not as it ought to be.
    #[error("{} is damaged, nothing was kept of the copy: {reason}", path.display())]
    Damaged {
        /// What was copied.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The copy cannot be written.
    #[error("cannot copy {} to {}: {reason}; nothing was kept of the copy", from.display(), to.display())]
    Copy {
        /// What was copied.
        from: PathBuf,
        /// Where to.
        to: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// The register is in a database server.
    #[error(
        "the register is in a PostgreSQL server, which copies its databases by means of its own: \
         pg_dump makes a file of this one that any later version reads (pg_restore), pg_basebackup \
         copies a server whole, to start a replica from or to go to any moment after"
    )]
    HasOwnMeans,
    /// It was told to stop.
    #[error("interrupted; nothing was kept of the copy")]
    Interrupted,
    /// The register cannot be read, or is of a later build.
    #[error("{}: {cause}", path.display())]
    Store {
        /// The register.
        path: PathBuf,
        /// What is wrong with it.
        cause: StoreError,
    },
}
