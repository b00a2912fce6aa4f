//! The register in PostgreSQL: a write path over some connections, reads over others. Any number
//! of processes may work on one database; what they share is in it.

mod changes;
mod connect;
pub(crate) mod copy;
mod failure;
mod lanes;
mod points;
mod query;
mod rows;
mod schema;
mod snapshots;
mod tallies;
mod tenants;
mod texts;
mod tls;
mod url;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{Identity, IdentityId, SearchKey, TenantId};
use odata::query::{Apply, Filter, Group, Search};
use tokio::task::JoinHandle;

use crate::load::Commits;
use crate::queue::Queue;
use crate::{
    Change, Clock, CommitMeters, HistoryFilter, Holdings, Load, Migrated, Outcome, Query, Snapshot,
    StoreError, Tenant, Write, WriteError,
};
use connect::Connections;
pub use connect::Pooling;
use failure::{Away, Failure};
use points::PointReads;
use query::Reading;
pub use url::PostgresUrl;

/// How long a read may take that nobody set a deadline for.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How long a step of administration may take: it may touch thousands of rows.
const ADMINISTERED: Duration = Duration::from_secs(60);
/// How long it may take to make the tables, or to make those of an earlier build into ours.
const MIGRATED: Duration = Duration::from_secs(4 * 3_600);
const SILENT: &str = "the database did not answer in time";

/// An open register in PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    queue: Queue,
    readers: Connections,
    points: PointReads,
    clock: Clock,
    commits: Arc<Commits>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Does something over a connection, or attempts something else, again as long as that helps, until
/// a deadline; or, where the caller set none, within a time that only a database that is away exceeds.
macro_rules! attempted {
    ($self:ident, within $time:expr, $($what:tt)+) => {
        match attempted!($self, Instant::now() + $time, $($what)+) {
            Err(StoreError::Deadline) => Err(StoreError::Unavailable(SILENT.to_owned())),
            other => other,
        }
    };
    ($self:ident, $deadline:expr, |$client:ident| $work:expr) => {
        attempted!($self, $deadline, deadline => async {
            let connection = $self.readers.take(deadline).await?;
            let work = async |$client: &deadpool_postgres::Object| $work.await;
            $self.readers.until(deadline, connection, work).await
        })
    };
    ($self:ident, $deadline:expr, $until:ident => $attempt:expr) => {{
        let $until: Instant = $deadline;
        let mut attempts = $self.readers.attempts($until);
        loop {
            match $attempt.await {
                Ok(done) => break Ok(done),
                Err(failure) => {
                    let failure: Failure = failure;
                    if let Err(error) = attempts.again(failure).await {
                        break Err(error);
                    }
                }
            }
        }
    }};
}

impl Postgres {
    /// Connects, makes and migrates the tables as needed, and starts the write path.
    ///
    /// # Errors
    /// The database cannot be reached or is no register's, or a later build has migrated it.
    pub async fn open(
        url: &PostgresUrl,
        pooling: &Pooling,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let for_writes = (pooling.connections / 2).max(1);
        let for_reads = pooling.connections.saturating_sub(for_writes).max(1);
        let away = Away::default();
        let mut writers = Connections::new(url, pooling, for_writes, away.clone())?;
        let mut readers = Connections::new(url, pooling, for_reads, away)?;
        readers.share(&mut writers);
        let (queue, intake) = Queue::new();
        let commits = Arc::new(Commits::default());
        let told = Arc::clone(&commits);
        let store = Self::over(queue, readers, clock.clone(), commits);
        if let Some(cause) = store.prepare(url).await?.no_index_of_text {
            tracing::warn!(
                cause,
                "no index of text: $search and contains go through all rows of a tenant. Install \
                 the extension pg_trgm, or have it created in this database by whoever may, and \
                 start again"
            );
        }
        attempted!(store, within ADMINISTERED, |client| schema::check_finished(client))?;
        let writer = writer::start(writers, for_writes, intake, clock, told);
        *store.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
        Ok(store)
    }

    /// Makes and migrates the tables as needed, and no more.
    pub(crate) async fn migrate(
        url: &PostgresUrl,
        pooling: &Pooling,
        clock: Clock,
    ) -> Result<Migrated, StoreError> {
        let readers = Connections::new(url, pooling, 1, Away::default())?;
        let (queue, _) = Queue::new();
        Self::over(queue, readers, clock, Arc::default()).prepare(url).await
    }

    fn over(queue: Queue, readers: Connections, clock: Clock, commits: Arc<Commits>) -> Self {
        let points = PointReads::over(readers.clone());
        Self { queue, readers, points, clock, commits, writer: Mutex::default() }
    }

    async fn prepare(&self, url: &PostgresUrl) -> Result<Migrated, StoreError> {
        let prepare = async || {
            let prepared = attempted!(self, within MIGRATED, |client| {
                schema::prepare(client, &self.clock)
            });
            let (found, now) = prepared?;
            let no_index_of_text =
                attempted!(self, within MIGRATED, |client| schema::index_texts(client))?;
            Ok(Migrated { found, now, no_index_of_text })
        };
        prepare().await.map_err(|error| not_opened(url, error))
    }

    /// The stored value of a setting, without as much as a migration.
    pub(crate) async fn peek(
        url: &PostgresUrl,
        pooling: &Pooling,
        setting: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let readers = Connections::new(url, pooling, 1, Away::default())?;
        let (queue, _) = Queue::new();
        let store = Self::over(queue, readers, Clock::system(), Arc::default());
        let found = attempted!(store, within AT_ONCE, |client| schema::peek(client, setting));
        found.map_err(|error| not_opened(url, error))
    }

    pub(crate) fn tell_commits(&self, meters: CommitMeters) {
        self.commits.tell(meters);
    }

    pub(crate) fn load(&self) -> Load {
        let (waiting_writes, waiting_rows) = self.queue.waiting();
        Load { waiting_writes, waiting_rows, scans: self.readers.in_use(), log_pages: 0 }
    }

    pub(crate) async fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A panic there has been reported already, and there is nothing left to save.
            drop(writer.await);
        }
        self.readers.close();
    }

    pub(crate) async fn write(&self, write: Write) -> Result<Outcome, WriteError> {
        self.queue.write(write).await
    }

    pub(crate) async fn get(
        &self,
        tenant: TenantId,
        id: IdentityId,
    ) -> Result<Option<Identity>, StoreError> {
        attempted!(self, within AT_ONCE, deadline => self.points.by_id(tenant, id, deadline))
    }

    pub(crate) async fn page(
        &self,
        tenant: TenantId,
        query: Query,
        deadline: Instant,
    ) -> Result<Vec<Identity>, StoreError> {
        attempted!(self, deadline, |client| query::page(
            &Reading { client, tenant, deadline },
            &query
        ))
    }

    pub(crate) async fn count(
        &self,
        tenant: TenantId,
        filter: Option<Filter>,
        search: Option<Search>,
        deadline: Instant,
    ) -> Result<u64, StoreError> {
        attempted!(self, deadline, |client| query::count(
            &Reading { client, tenant, deadline },
            filter.as_ref(),
            search.as_ref()
        ))
    }

    pub(crate) async fn summary(
        &self,
        tenant: TenantId,
        apply: Apply,
        deadline: Instant,
    ) -> Result<Vec<Group>, StoreError> {
        attempted!(self, deadline, |client| query::summary(
            &Reading { client, tenant, deadline },
            &apply
        ))
    }

    pub(crate) async fn find(
        &self,
        tenant: TenantId,
        keys: Vec<SearchKey>,
        deadline: Instant,
    ) -> Result<Vec<Identity>, StoreError> {
        attempted!(self, deadline, |client| rows::find(client, tenant, &keys))
    }

    pub(crate) async fn history(
        &self,
        filter: &HistoryFilter,
        after: Option<(TenantId, i64)>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        attempted!(self, within ADMINISTERED, |client| rows::history(client, filter, after, limit))
    }

    pub(crate) async fn snapshots(&self, tenant: TenantId) -> Result<Vec<Snapshot>, StoreError> {
        attempted!(self, within AT_ONCE, |client| snapshots::list(client, tenant))
    }

    pub(crate) async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        attempted!(self, within AT_ONCE, |client| tenants::find(client, id))
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        attempted!(self, within ADMINISTERED, |client| tenants::all(client))
    }

    pub(crate) async fn add_tenant(
        &self,
        id: TenantId,
        name: &str,
        licensed: bool,
    ) -> Result<bool, StoreError> {
        let created = self.clock.ticks();
        attempted!(self, within AT_ONCE, |client| tenants::add(
            client, id, name, licensed, created
        ))
    }

    pub(crate) async fn set_licence(
        &self,
        id: TenantId,
        licensed: bool,
    ) -> Result<bool, StoreError> {
        attempted!(self, within AT_ONCE, |client| tenants::set_licence(
            client, id, licensed
        ))
    }

    pub(crate) async fn holdings(&self, id: TenantId) -> Result<Holdings, StoreError> {
        attempted!(self, within ADMINISTERED, |client| tenants::holdings(client, id))
    }

    pub(crate) async fn remove_tenant(
        &self,
        id: TenantId,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        self.set_licence(id, false).await?;
        let mut removed = 0;
        for rows in [true, false] {
            loop {
                let gone = if rows {
                    attempted!(self, within ADMINISTERED, |client| tenants::remove_rows(client, id))?
                } else {
                    attempted!(self, within ADMINISTERED, |client| tenants::remove_changes(
                        client, id
                    ))?
                };
                if gone == 0 {
                    break;
                }
                removed += gone;
                progress(removed);
            }
        }
        attempted!(self, within ADMINISTERED, |client| tenants::remove_rest(client, id))
    }

    pub(crate) async fn find_setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        attempted!(self, within AT_ONCE, |client| schema::value(client, name))
    }

    pub(crate) async fn setting(&self, name: &str, first: &[u8]) -> Result<Vec<u8>, StoreError> {
        attempted!(self, within AT_ONCE, |client| schema::setting(client, name, first))
    }
}

/// Why a register at this address cannot be opened.
fn not_opened(url: &PostgresUrl, error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(reason) => {
            StoreError::Open { path: url.to_string(), reason: url.told_of_hosts(reason) }
        }
        other => other,
    }
}
