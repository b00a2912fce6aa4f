//! Where the keys of a development register are kept: in files of its data directory, or, where
//! several servers share a database, in that. Must not know what they are for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use store::{DEV_SETTINGS, Pooling, PostgresUrl, Store, StoreError};

use crate::private_file;

/// Something that is made at random once and kept.
pub trait DevKey: Sized {
    /// Its file in a data directory.
    const FILE: &'static str;
    /// Its setting in a database, behind [`DEV_SETTINGS`].
    const SETTING: &'static str;
    /// What errors call it.
    const NAME: &'static str;

    /// The content of a new one; nothing if the system gives no random bytes.
    fn make() -> Option<Vec<u8>>;

    /// Reads such a content.
    fn read(content: &[u8]) -> Option<Self>;
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The data directory has none yet.
    #[error(
        "{} has no {} yet: start `muster serve --dev` with this data directory first, or, if the \
         register is in PostgreSQL, say where by --store or --config",
        .0.display(), .1
    )]
    NotInDirectory(PathBuf, &'static str),
    /// The database has none yet.
    #[error("the database has no {0} yet: start `muster serve --dev` with it first")]
    NotInDatabase(&'static str),
    /// The file cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// The file holds something else.
    #[error("{} holds no {name}: remove it to have a new one made", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        name: &'static str,
    },
    /// The database holds something else.
    #[error(
        "the database holds no {name} in the row '{setting}' of its table settings: stop all \
         servers that share it and remove that row; the first to start again brings what its \
         data directory has, or makes a new one"
    )]
    Setting {
        /// The name of the setting.
        setting: String,
        /// What it should hold.
        name: &'static str,
    },
    /// The key could not be made.
    #[error("the system gave no random key")]
    Unspecified,
    /// The database cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The key of a register, made if there is none.
///
/// Servers that share a database have one key. The first of them brings that of its data directory,
/// so that a register that was moved there keeps it, or a new one; the files of directories stay as
/// they are.
///
/// # Errors
/// It cannot be read or made.
pub(crate) async fn open_or_make<K: DevKey>(data: &Path, store: &Store) -> Result<K, KeyError> {
    if store.is_shared() {
        if let Some(content) = store.find_setting(&setting::<K>()).await? {
            return read_setting(&content);
        }
        let (key, content) = match in_directory(data)? {
            Some(known) => known,
            None => new()?,
        };
        let kept = store.setting(&setting::<K>(), &content).await?;
        return if kept == content { Ok(key) } else { read_setting(&kept) };
    }
    if let Some((key, _)) = in_directory(data)? {
        return Ok(key);
    }
    let (key, content) = new::<K>()?;
    let path = data.join(K::FILE);
    private_file::write(&path, &content).map_err(|error| KeyError::Io(path, error))?;
    Ok(key)
}

/// The key of a data directory.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn of_directory<K: DevKey>(data: &Path) -> Result<K, KeyError> {
    match in_directory(data)? {
        Some((key, _)) => Ok(key),
        None => Err(KeyError::NotInDirectory(data.to_owned(), K::NAME)),
    }
}

/// The key of a database that servers share.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) async fn of_database<K: DevKey>(
    url: &PostgresUrl,
    pooling: &Pooling,
) -> Result<K, KeyError> {
    match Store::peek(url, pooling, &setting::<K>()).await? {
        Some(content) => read_setting(&content),
        None => Err(KeyError::NotInDatabase(K::NAME)),
    }
}

fn new<K: DevKey>() -> Result<(K, Vec<u8>), KeyError> {
    let content = K::make().ok_or(KeyError::Unspecified)?;
    Ok((K::read(&content).ok_or(KeyError::Unspecified)?, content))
}

fn in_directory<K: DevKey>(data: &Path) -> Result<Option<(K, Vec<u8>)>, KeyError> {
    let path = data.join(K::FILE);
    match fs::read(&path) {
        Ok(content) => match K::read(&content) {
            Some(key) => Ok(Some((key, content))),
            None => Err(KeyError::File { path, name: K::NAME }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeyError::Io(path, error)),
    }
}

fn setting<K: DevKey>() -> String {
    format!("{DEV_SETTINGS}{}", K::SETTING)
}

fn read_setting<K: DevKey>(content: &[u8]) -> Result<K, KeyError> {
    let damaged = || KeyError::Setting { setting: setting::<K>(), name: K::NAME };
    K::read(content).ok_or_else(damaged)
}
