//! Where a register is, as `--store` says it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The address of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// The register that lives in the data directory itself.
    pub fn in_directory(data: &Path) -> Self {
        Self::Sqlite(data.join("muster.db"))
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("sqlite:") {
            Some("") => Err("'sqlite:' names no file: give sqlite:PATH".to_owned()),
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
            None => Err(format!("'{text}' is not a store this muster knows: give sqlite:PATH")),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}
