//! A register that a copy is made of, or made in, whatever its engine: one connection, and no write
//! path.

use std::time::Duration;

use uuid::Uuid;

use super::CopyError;
use super::table::{Claim, OF_ITS_OWN, Row, Setting, State, Table, Value};
use crate::postgres::copy::Side as Postgres;
use crate::sqlite::copy::Side as Sqlite;
use crate::{Clock, Opening, PostgresUrl, StoreError, StoreUrl};

/// How often it is looked whether others have left, and how long is waited between: a connection
/// that was closed is there for a moment longer.
const LOOKS: usize = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) enum Side {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

/// Has the engine do something.
macro_rules! engine {
    ($side:expr, $engine:ident => $work:expr) => {
        match $side {
            Side::Sqlite($engine) => $work,
            Side::Postgres($engine) => $work.await,
        }
    };
}

/// Whether two addresses are seen to name one register.
pub(super) fn are_same(one: &StoreUrl, other: &StoreUrl) -> bool {
    match (one, other) {
        (StoreUrl::Sqlite(one), StoreUrl::Sqlite(other)) => {
            let are_one_file = one.canonicalize().ok().zip(other.canonicalize().ok());
            one == other || are_one_file.is_some_and(|(one, other)| one == other)
        }
        _ => one == other,
    }
}

impl Side {
    /// What is to be copied. Nothing in it is changed, and where the engine can see to that, nobody
    /// changes anything as long as this lives.
    pub(super) async fn source(url: &StoreUrl, opening: &Opening) -> Result<Self, CopyError> {
        let side = match url {
            StoreUrl::Sqlite(path) if !path.exists() => {
                return Err(CopyError::Missing(url.to_string()));
            }
            StoreUrl::Sqlite(path) => Sqlite::connect(path).map(Self::Sqlite),
            StoreUrl::Postgres(url) => Self::postgres(url, opening).await,
        }
        .map_err(CopyError::Source)?;
        side.is_alone(url).await?;
        match engine!(&side, it => it.hold()).map_err(CopyError::Source)? {
            State::Missing => Err(CopyError::Missing(url.to_string())),
            State::Old => Err(CopyError::Old(url.to_string())),
            State::Unfinished => Err(CopyError::Unfinished(url.to_string())),
            State::Current => Ok(side),
        }
    }

    /// What is to be the copy, with its tables.
    pub(super) async fn target(
        url: &StoreUrl,
        opening: &Opening,
        clock: &Clock,
    ) -> Result<Self, CopyError> {
        let mut side = match url {
            StoreUrl::Sqlite(path) => Sqlite::make(path).map(Self::Sqlite),
            StoreUrl::Postgres(url) => Self::postgres(url, opening).await,
        }
        .map_err(CopyError::Target)?;
        side.is_alone(url).await?;
        engine!(&mut side, it => it.prepare(clock)).map_err(CopyError::Target)?;
        Ok(side)
    }

    async fn postgres(url: &PostgresUrl, opening: &Opening) -> Result<Self, StoreError> {
        Ok(Self::Postgres(Box::new(Postgres::connect(url, &opening.pooling).await?)))
    }

    /// That no other process has the register open, as far as the engine can tell.
    async fn is_alone(&self, url: &StoreUrl) -> Result<(), CopyError> {
        let Self::Postgres(side) = self else { return Ok(()) };
        let mut count = 0;
        for _ in 0..LOOKS {
            count = side.others().await.map_err(CopyError::Target)?;
            if count == 0 {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Err(CopyError::InUse { url: url.to_string(), count })
    }

    /// All tenants, by id.
    pub(super) async fn tenants(&self) -> Result<Vec<Uuid>, StoreError> {
        engine!(self, it => it.tenants())
    }

    /// The settings that are not of its own, by name.
    pub(super) async fn settings(&self) -> Result<Vec<Setting>, StoreError> {
        let mut settings = engine!(self, it => it.settings())?;
        settings.retain(|(name, _)| !OF_ITS_OWN.contains(&name.as_str()));
        Ok(settings)
    }

    /// At most `limit` rows of a tenant, by key, from behind a key.
    pub(super) async fn read(
        &self,
        table: &Table,
        tenant: Uuid,
        behind: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        engine!(self, it => it.read(table, tenant, behind, limit))
    }

    /// The last key that a tenant has in a table.
    pub(super) async fn last(
        &self,
        table: &Table,
        tenant: Uuid,
    ) -> Result<Option<Vec<Value>>, StoreError> {
        if table.key().is_empty() {
            return Ok(None);
        }
        engine!(self, it => it.last(table, tenant))
    }

    /// How many rows a table has.
    pub(super) async fn count(&self, table: &Table) -> Result<u64, StoreError> {
        engine!(self, it => it.count(table))
    }

    /// Takes the register for a copy with this fingerprint, if it is free for that.
    pub(super) async fn claim(&mut self, fingerprint: &[u8]) -> Result<Claim, StoreError> {
        engine!(self, it => it.claim(fingerprint))
    }

    /// Writes settings that may be there already.
    pub(super) async fn put_settings(&mut self, settings: &[Setting]) -> Result<(), StoreError> {
        engine!(self, it => it.put_settings(settings))
    }

    /// Writes rows, with all that the engine keeps besides, in one transaction.
    pub(super) async fn write(
        &mut self,
        table: &Table,
        tenant: Uuid,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        engine!(self, it => it.write(table, tenant, rows))
    }

    /// Whether what the engine keeps besides the rows of a tenant is all there.
    pub(super) async fn is_whole(&self, tenant: Uuid) -> Result<bool, StoreError> {
        engine!(self, it => it.is_whole(tenant))
    }

    /// Ends the copy: the register can be opened.
    pub(super) async fn release(&mut self) -> Result<(), StoreError> {
        engine!(self, it => it.release())
    }
}
