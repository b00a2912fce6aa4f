//! The file with what the authority of a data directory keeps: its application's id and secret, and
//! the key that it seals with. Must not know what they are used for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::secrets::{self, BYTES};
use crate::private_file;

const FILE: &str = "dev-app.json";

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// It cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// It holds something else.
    #[error("{} cannot be read: remove it to have a new one made", .0.display())]
    Unreadable(PathBuf),
    /// Its content could not be made.
    #[error("the system gave no random bytes")]
    Unspecified,
}

/// What stands in it.
#[derive(Deserialize, Serialize)]
pub(super) struct AppFile {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    sealing_key: String,
}

impl AppFile {
    /// Reads the file of a data directory. It is made (mode 0600) if there is none.
    ///
    /// # Errors
    /// It cannot be read or made.
    pub(super) fn open_or_make(data: &Path) -> Result<Self, AuthorityError> {
        let path = data.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = serde_json::to_vec_pretty(&Self::make()?);
                let fresh = fresh.map_err(|_| AuthorityError::Unspecified)?;
                private_file::write(&path, &fresh)
                    .map_err(|error| AuthorityError::Io(path.clone(), error))?;
                fresh
            }
            Err(error) => return Err(AuthorityError::Io(path, error)),
        };
        let file: Option<Self> = serde_json::from_slice(&text).ok();
        let is_whole = |file: &Self| {
            file.sealing_key().len() == BYTES
                && !file.client_id.is_empty()
                && !file.client_secret.is_empty()
        };
        file.filter(is_whole).ok_or(AuthorityError::Unreadable(path))
    }

    fn make() -> Result<Self, AuthorityError> {
        let make = || {
            let id = uuid::Builder::from_random_bytes(secrets::random()?).into_uuid();
            Ok(Self {
                client_id: id.to_string(),
                client_secret: secrets::secret()?,
                sealing_key: secrets::secret()?,
            })
        };
        make().map_err(|_: aws_lc_rs::error::Unspecified| AuthorityError::Unspecified)
    }

    /// The key of seals; empty if it cannot be read.
    pub(super) fn sealing_key(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(&self.sealing_key).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let made = AppFile::open_or_make(directory.path()).unwrap();
        let again = AppFile::open_or_make(directory.path()).unwrap();
        assert_eq!(made.client_id, again.client_id);
        assert_eq!(made.client_secret, again.client_secret);
        assert_eq!(made.sealing_key(), again.sealing_key());
        let mode = fs::metadata(directory.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_such_file_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        for content in ["", "{}", r#"{"client_id":"","client_secret":"x","sealing_key":"x"}"#] {
            fs::write(directory.path().join(FILE), content).unwrap();
            let error = AppFile::open_or_make(directory.path()).err().unwrap().to_string();
            assert!(error.contains("remove it"), "{error}");
            assert_eq!(fs::read_to_string(directory.path().join(FILE)).unwrap(), content);
        }
    }
}
