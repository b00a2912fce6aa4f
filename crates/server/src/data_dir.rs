//! The data directory: made, locked, and what lies in it besides the database.
//! Must not know what the files mean.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::private_file;

const LOCK: &str = "lock";
const DEV_ENV: &str = "dev.env";
/// What names of files begin with that hold keys of a development register.
const DEV_KEYS: &str = "dev-";

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another server holds it.
    #[error(
        "the data directory {} is in use by another muster serve (process {pid}): stop that one, \
         or give this one another directory with --data", path.display()
    )]
    Held {
        /// The directory.
        path: PathBuf,
        /// The process that holds it, as it wrote it down.
        pid: String,
    },
    /// It cannot be made or written.
    #[error("cannot write to the data directory {}: {}; choose another with --data",
        path.display(), explain(.cause))]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// A directory of this process alone (mode 0700), which goes with the value.
#[derive(Debug)]
pub(crate) struct Scratch(TempDir);

impl Scratch {
    /// Makes it where the system keeps what is not to stay.
    ///
    /// # Errors
    /// The system does not permit it.
    pub(crate) fn make() -> Result<Self, DataDirError> {
        TempDir::with_prefix("muster-")
            .map(Self)
            .map_err(|cause| DataDirError::Unusable { path: std::env::temp_dir(), cause })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

fn explain(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "a file stands in its place".to_owned()
        }
        _ => cause.to_string(),
    }
}

/// A data directory that this process holds.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Held until the process ends, however it ends: the system frees it.
    _lock: File,
}

impl DataDir {
    /// Makes the directory (mode 0700) if it is missing, and takes it for this process alone.
    ///
    /// # Errors
    /// Another server holds it, or it cannot be written.
    pub(crate) fn hold(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |cause| DataDirError::Unusable { path: path.to_owned(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                lock.read_to_string(&mut pid).map_err(unusable)?;
                let pid = pid.trim().to_owned();
                return Err(DataDirError::Held { path: path.to_owned(), pid });
            }
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        let write = |lock: &mut File| -> io::Result<()> {
            lock.set_len(0)?;
            lock.rewind()?;
            writeln!(lock, "{}", std::process::id())
        };
        write(&mut lock).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// As [`DataDir::hold`], of a directory that was held before; nothing is made in others.
    ///
    /// # Errors
    /// As [`DataDir::hold`].
    pub(crate) fn hold_used(path: &Path) -> Result<Option<Self>, DataDirError> {
        if path.join(LOCK).exists() { Self::hold(path).map(Some) } else { Ok(None) }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file with what scripts need.
    pub(crate) fn dev_env(&self) -> PathBuf {
        self.path.join(DEV_ENV)
    }

    /// Removes that file, if it is there.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(crate) fn remove_dev_env(&self) -> Result<(), DataDirError> {
        match fs::remove_file(self.dev_env()) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(DataDirError::Unusable { path: self.path.clone(), cause })
            }
            _ => Ok(()),
        }
    }

    /// Writes that file (mode 0600), whole or not at all: a line for each name and value, as
    /// shells and readers of `.env` files take them.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(crate) fn write_dev_env(&self, settings: &[(&str, String)]) -> Result<(), DataDirError> {
        let lines = settings.iter().map(|(name, value)| format!("{name}={}\n", quoted(value)));
        private_file::write(&self.dev_env(), lines.collect::<String>().as_bytes())
            .map_err(|cause| DataDirError::Unusable { path: self.path.clone(), cause })
    }
}

/// The names of the files in a data directory that hold keys of a development register.
pub(crate) fn own_keys(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(DEV_KEYS)).collect();
    names.sort();
    names
}

/// A value as a shell takes it: in quotes only where it needs them, which not every reader of such
/// files removes.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/+=@%,".contains(c);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}
