//! Where a register is, as `--store` says it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::PostgresUrl;

/// The address of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`
    Sqlite(PathBuf),
    /// `postgres://USER@HOST/DATABASE`
    Postgres(Box<PostgresUrl>),
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
        match text.split_once(':') {
            Some(("sqlite", "")) => Err("'sqlite:' names no file: give sqlite:PATH".to_owned()),
            Some(("sqlite", path)) => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Box::new(text.parse()?))),
            // It is not repeated: a password may stand in it.
            _ => Err("this is no store that muster knows: give sqlite:PATH or \
                      postgres://USER@HOST/DATABASE"
                .to_owned()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}
