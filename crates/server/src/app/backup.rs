//! A register's backup and its return, with the data directory around it. Must not know how the
//! database is copied.

use std::path::Path;

use store::{BackupError, BackupRun, Contents, Store, StoreUrl};

use crate::data_dir::{DataDir, DataDirError, own_keys};

/// Why a register was not copied or put back.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There is no copy.
    #[error(transparent)]
    Copy(#[from] BackupError),
}

/// What was copied, and what was not.
#[derive(Debug)]
pub struct Backup {
    /// What the copy holds.
    pub contents: Contents,
    /// Names of the files of `--dev` that are no part of it.
    pub left_out: Vec<String>,
}

/// Copies the register to a file, while it is served or not.
///
/// # Errors
/// See [`RescueError`].
pub fn backup(
    data: &Path,
    url: &StoreUrl,
    to: &Path,
    copying: &mut BackupRun<'_>,
) -> Result<Backup, RescueError> {
    let contents = Store::backup(url, to, copying)?;
    Ok(Backup { contents, left_out: own_keys(data) })
}

/// Puts a backup in the place of the register, which nobody may serve meanwhile.
///
/// # Errors
/// See [`RescueError`].
pub fn restore(
    data: &Path,
    url: &StoreUrl,
    from: &Path,
    copying: &mut BackupRun<'_>,
) -> Result<Contents, RescueError> {
    // A misspelt name must not make a directory.
    std::fs::metadata(from).map_err(|cause| BackupError::File { path: from.to_owned(), cause })?;
    let _held = DataDir::hold(data)?;
    Ok(Store::restore(url, from, copying)?)
}
