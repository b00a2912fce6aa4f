//! The register on disk: one write path with group commit, readers, history, tenants.
//!
//! A write is acknowledged when it is on disk, never earlier. Every statement carries the tenant.
//! This crate must not know JSON, tokens or HTTP statuses. Nothing outside an engine's own folder
//! may know which engine it is.

mod backup;
mod batch;
mod clock;
mod copy;
mod error;
mod history;
mod load;
pub mod postgres;
mod query;
mod queue;
mod snapshot;
pub mod sqlite;
mod tally;
mod tenant;
#[cfg(test)]
mod testing;
mod url;
mod write;

use std::path::Path;
use std::time::Instant;

use model::{Identity, IdentityId, SearchKey, TenantId};
use odata::query::{Apply, Filter, Group, Search};
use uuid::Uuid;

pub use backup::{BackupError, BackupRun, BackupStep, Contents, Held};
pub use clock::Clock;
pub use copy::{Copied, CopiedTable, CopyError, CopyProgress, Copying};
pub use error::{StoreError, WriteError};
pub use history::{Change, ChangeKind, HistoryFilter};
pub use load::{CommitMeters, Load};
pub use postgres::{Pooling, PostgresUrl};
pub use query::{Position, Query};
pub use snapshot::{BEGINNING, Snapshot, SnapshotStep};
pub use sqlite::Durability;
pub use tenant::{Holdings, Tenant};
pub use url::StoreUrl;
pub use write::{Actor, Audit, Operation, Outcome, Precondition, Revisions, Write};

/// What names of settings begin with that are keys of `--dev`: secrets of the servers of a database,
/// which no copy in a file has.
pub const DEV_SETTINGS: &str = "dev_";

/// A tenant that no register has.
const NOBODY: TenantId = TenantId(Uuid::nil());

/// What of opening a register is the operator's choice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// What a power cut may take, of a register in a file.
    pub durability: Durability,
    /// How connections are kept, to one in PostgreSQL.
    pub pooling: Pooling,
}

/// What bringing the tables of a register up to date came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version of the schema that was found; 0 where there were no tables.
    pub found: i64,
    /// The version that it has now.
    pub now: i64,
    /// Why there is no index of text, where there is none: `$search` and `contains` go through all
    /// rows of a tenant then.
    pub no_index_of_text: Option<String>,
}

/// An open register.
#[derive(Debug)]
pub enum Store {
    /// One file, one machine.
    Sqlite(sqlite::Sqlite),
    /// A database that any number of processes work on.
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the register at `url`, making and migrating it as needed.
    ///
    /// # Errors
    /// The database cannot be opened, or a later build has migrated it.
    pub async fn open(url: &StoreUrl, clock: Clock) -> Result<Self, StoreError> {
        Self::open_as(url, Opening::default(), clock).await
    }

    /// As [`Store::open`], in a way of one's own.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_as(
        url: &StoreUrl,
        opening: Opening,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        match url {
            StoreUrl::Sqlite(path) => {
                sqlite::Sqlite::open(path, opening.durability, clock).map(Self::Sqlite)
            }
            StoreUrl::Postgres(url) => {
                postgres::Postgres::open(url, &opening.pooling, clock).await.map(Self::Postgres)
            }
        }
    }

    /// Copies the register at `url`, as it stands at one moment, to the file `to`, while others may
    /// read and write it. The copy is checked, and synced before it has its name.
    ///
    /// # Errors
    /// See [`BackupError`]. Then `to` is as it was.
    pub fn backup(
        url: &StoreUrl,
        to: &Path,
        run: &mut BackupRun<'_>,
    ) -> Result<Contents, BackupError> {
        match url {
            StoreUrl::Sqlite(path) => sqlite::backup(path, to, run),
            StoreUrl::Postgres(_) => Err(BackupError::HasOwnMeans),
        }
    }

    /// Puts a copy of the backup `from` in the place of the register at `url`, whole or not at all.
    /// Nobody may have the register open.
    ///
    /// # Errors
    /// See [`BackupError`]. Then the register is as it was.
    pub fn restore(
        url: &StoreUrl,
        from: &Path,
        run: &mut BackupRun<'_>,
    ) -> Result<Contents, BackupError> {
        match url {
            StoreUrl::Sqlite(path) => sqlite::restore(path, from, run),
            StoreUrl::Postgres(_) => Err(BackupError::HasOwnMeans),
        }
    }

    /// Makes or migrates the tables of the register at `url`, and does not open it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate(
        url: &StoreUrl,
        opening: Opening,
        clock: Clock,
    ) -> Result<Migrated, StoreError> {
        match url {
            StoreUrl::Sqlite(path) => sqlite::Sqlite::migrate(path, opening.durability, &clock),
            StoreUrl::Postgres(url) => {
                postgres::Postgres::migrate(url, &opening.pooling, clock).await
            }
        }
    }

    /// The stored value of a setting of a register in PostgreSQL, if there is one. The register is not
    /// opened, and nothing in it is changed.
    ///
    /// # Errors
    /// The database is away, or holds no register of ours.
    pub async fn peek(
        url: &PostgresUrl,
        pooling: &Pooling,
        setting: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        postgres::Postgres::peek(url, pooling, setting).await
    }

    /// Tells all further commits to these meters.
    pub fn tell_commits(&self, meters: CommitMeters) {
        match self {
            Self::Sqlite(engine) => engine.tell_commits(meters),
            Self::Postgres(engine) => engine.tell_commits(meters),
        }
    }

    /// What it has to do at the moment.
    pub fn load(&self) -> Load {
        match self {
            Self::Sqlite(engine) => engine.load(),
            Self::Postgres(engine) => engine.load(),
        }
    }

    /// Sees whether it can be read.
    ///
    /// # Errors
    /// The store is away, or busy beyond the deadline.
    pub async fn try_read(&self, deadline: Instant) -> Result<(), StoreError> {
        self.count(NOBODY, None, None, deadline).await.map(drop)
    }

    /// Sees whether the write path takes work and gets to it, by a write that stores nothing.
    ///
    /// # Errors
    /// The store is away, or busy beyond the deadline.
    pub async fn try_write(&self, deadline: Instant) -> Result<(), WriteError> {
        let nothing = Operation::Import { rows: Vec::new(), overwrite: false };
        let audit = Audit {
            actor: Actor::System,
            ip: None,
            request_id: Uuid::nil(),
            client_request_id: None,
        };
        let write = Write { tenant: NOBODY, audit, deadline, operation: nothing };
        let answer = tokio::time::timeout_at(deadline.into(), self.write(write)).await;
        match answer.unwrap_or(Err(WriteError::Expired)) {
            // Nobody has no licence: the write was begun and decided.
            Ok(_) | Err(WriteError::NotLicensed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends the write path: what was accepted is decided and committed before this returns.
    /// Later writes are refused.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.close().await,
        }
    }

    /// Has a write decided and stored. When this answers `Ok`, it is on disk.
    ///
    /// # Errors
    /// See [`WriteError`]. [`WriteError::Expired`] and [`WriteError::QueueFull`] mean that nothing
    /// was done and nothing will be.
    pub async fn write(&self, write: Write) -> Result<Outcome, WriteError> {
        match self {
            Self::Sqlite(engine) => engine.write(write).await,
            Self::Postgres(engine) => engine.write(write).await,
        }
    }

    /// The identity with this id, if the tenant has it.
    ///
    /// # Errors
    /// The store is away.
    pub async fn get(
        &self,
        tenant: TenantId,
        id: IdentityId,
    ) -> Result<Option<Identity>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.get(tenant, id),
            Self::Postgres(engine) => engine.get(tenant, id).await,
        }
    }

    /// The identities that a query asks for.
    ///
    /// # Errors
    /// The store is away, or the deadline has passed.
    pub async fn page(
        &self,
        tenant: TenantId,
        query: Query,
        deadline: Instant,
    ) -> Result<Vec<Identity>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.page(tenant, query, deadline).await,
            Self::Postgres(engine) => engine.page(tenant, query, deadline).await,
        }
    }

    /// How many identities of the tenant a filter and a search let pass; without both, how many
    /// there are.
    ///
    /// # Errors
    /// The store is away, or the deadline has passed.
    pub async fn count(
        &self,
        tenant: TenantId,
        filter: Option<Filter>,
        search: Option<Search>,
        deadline: Instant,
    ) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.count(tenant, filter, search, deadline).await,
            Self::Postgres(engine) => engine.count(tenant, filter, search, deadline).await,
        }
    }

    /// How many identities of the tenant there are in each group that is asked for, by the numbers
    /// of the members.
    ///
    /// # Errors
    /// The store is away, or the deadline has passed.
    pub async fn summary(
        &self,
        tenant: TenantId,
        apply: Apply,
        deadline: Instant,
    ) -> Result<Vec<Group>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.summary(tenant, apply, deadline).await,
            Self::Postgres(engine) => engine.summary(tenant, apply, deadline).await,
        }
    }

    /// The identities that stand under these keys, in the order of the keys, each once.
    ///
    /// # Errors
    /// The store is away, or the deadline has passed.
    pub async fn find(
        &self,
        tenant: TenantId,
        keys: Vec<SearchKey>,
        deadline: Instant,
    ) -> Result<Vec<Identity>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.find(tenant, keys, deadline).await,
            Self::Postgres(engine) => engine.find(tenant, keys, deadline).await,
        }
    }

    /// At most `limit` changes that the filter lets through, by tenant and sequence number, from
    /// behind the change `after`.
    ///
    /// # Errors
    /// The store is away, or an entry cannot be read.
    pub async fn history(
        &self,
        filter: &HistoryFilter,
        after: Option<(TenantId, i64)>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.history(filter, after, limit),
            Self::Postgres(engine) => engine.history(filter, after, limit).await,
        }
    }

    /// The snapshots of a tenant, the oldest first.
    ///
    /// # Errors
    /// The store is away.
    pub async fn snapshots(&self, tenant: TenantId) -> Result<Vec<Snapshot>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.snapshots(tenant),
            Self::Postgres(engine) => engine.snapshots(tenant).await,
        }
    }

    /// The tenant with this id.
    ///
    /// # Errors
    /// The store is away.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.tenant(id),
            Self::Postgres(engine) => engine.tenant(id).await,
        }
    }

    /// All tenants, by id.
    ///
    /// # Errors
    /// The store is away.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.tenants(),
            Self::Postgres(engine) => engine.tenants().await,
        }
    }

    /// Adds a tenant. `false` when it is there already, and then nothing changes.
    ///
    /// # Errors
    /// The store is away.
    pub async fn add_tenant(
        &self,
        id: TenantId,
        name: &str,
        licensed: bool,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.add_tenant(id, name, licensed),
            Self::Postgres(engine) => engine.add_tenant(id, name, licensed).await,
        }
    }

    /// Gives or withdraws a tenant's licence. `false` when there is no such tenant.
    ///
    /// # Errors
    /// The store is away.
    pub async fn set_licence(&self, id: TenantId, licensed: bool) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.set_licence(id, licensed),
            Self::Postgres(engine) => engine.set_licence(id, licensed).await,
        }
    }

    /// What a tenant holds.
    ///
    /// # Errors
    /// The store is away.
    pub async fn holdings(&self, id: TenantId) -> Result<Holdings, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.holdings(id),
            Self::Postgres(engine) => engine.holdings(id).await,
        }
    }

    /// Removes a tenant with all its identities and history, in steps that let writes of others
    /// through. Its licence goes first, so that nothing is written meanwhile; an interrupted
    /// removal can be repeated. `progress` hears how many rows have gone.
    ///
    /// # Errors
    /// The store is away.
    pub async fn remove_tenant(
        &self,
        id: TenantId,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.remove_tenant(id, progress),
            Self::Postgres(engine) => engine.remove_tenant(id, progress).await,
        }
    }

    /// Whether several servers can serve it at a time.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The stored value of a setting that all processes share, if there is one.
    ///
    /// # Errors
    /// The store is away.
    pub async fn find_setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.find_setting(name),
            Self::Postgres(engine) => engine.find_setting(name).await,
        }
    }

    /// The stored value of a setting that all processes share, `first` if there was none.
    ///
    /// # Errors
    /// The store is away.
    pub async fn setting(&self, name: &str, first: &[u8]) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.setting(name, first),
            Self::Postgres(engine) => engine.setting(name, first).await,
        }
    }
}
