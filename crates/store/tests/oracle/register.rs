//! A register of any engine, and how the tests ask it.

use std::path::Path;

use model::{Draft, Identity, TenantId};
use odata::query::{Apply, Filter, Group, Search};
use store::{
    Actor, Audit, Clock, Durability, Opening, Operation, Outcome, Position, Query, Store, StoreUrl,
    Write,
};
use tempfile::TempDir;
use testbed::{Cluster, Database};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::in_a_minute;

/// What every test runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    /// In a database whose own order of text is another than that of code points.
    HostilePostgres,
}

/// Where a register is, which goes with it.
enum Place {
    Directory(TempDir),
    Database(Database),
}

/// A register in which every case has a tenant of its own.
pub(crate) struct Register {
    pub(crate) store: Store,
    pub(crate) runtime: Runtime,
    place: Place,
}

impl Register {
    /// An empty one on an engine. `None` where the engine is not there.
    pub(crate) fn on(engine: Engine) -> Option<Self> {
        let (place, url) = match engine {
            Engine::Sqlite => {
                let directory = TempDir::new().unwrap();
                let url = StoreUrl::in_directory(directory.path());
                (Place::Directory(directory), url)
            }
            Engine::Postgres | Engine::HostilePostgres => {
                let cluster = Cluster::shared()?;
                let database = match engine {
                    Engine::HostilePostgres => cluster.hostile_database(),
                    _ => cluster.database(),
                };
                let url = database.url().parse().unwrap();
                (Place::Database(database), url)
            }
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let opening = Opening { durability: Durability::None, ..Opening::default() };
        let store = runtime.block_on(Store::open_as(&url, opening, Clock::system())).unwrap();
        Some(Self { store, runtime, place })
    }

    /// The directory of a register on SQLite.
    pub(crate) fn directory(&self) -> &Path {
        match &self.place {
            Place::Directory(directory) => directory.path(),
            Place::Database(database) => panic!("{} is no file", database.url()),
        }
    }

    /// A new tenant with these rows, those left out that are there already.
    pub(crate) fn tenant(&self, rows: Vec<Draft>) -> TenantId {
        let tenant = TenantId(Uuid::now_v7());
        assert!(self.runtime.block_on(self.store.add_tenant(tenant, "Tests", true)).unwrap());
        self.import(tenant, rows);
        tenant
    }

    pub(crate) fn import(&self, tenant: TenantId, rows: Vec<Draft>) {
        let audit = Audit {
            actor: Actor::System,
            ip: None,
            request_id: Uuid::now_v7(),
            client_request_id: None,
        };
        let operation = Operation::Import { rows, overwrite: false };
        let write = Write { tenant, audit, deadline: in_a_minute(), operation };
        let outcome = self.runtime.block_on(self.store.write(write)).unwrap();
        assert!(matches!(outcome, Outcome::Imported(_)), "{outcome:?}");
    }

    pub(crate) fn page(&self, tenant: TenantId, query: Query) -> Vec<Identity> {
        self.runtime.block_on(self.store.page(tenant, query, in_a_minute())).unwrap()
    }

    /// All rows that a query leads to, page by page.
    pub(crate) fn walk(&self, tenant: TenantId, mut query: Query) -> Vec<Identity> {
        let mut walked: Vec<Identity> = Vec::new();
        loop {
            let page = self.page(tenant, query.clone());
            assert!(page.len() <= query.limit);
            let is_last = page.len() < query.limit;
            walked.extend(page);
            if is_last {
                return walked;
            }
            query.after = walked.last().map(|row| Position::behind(row, &query.order));
            query.skip = 0;
        }
    }

    pub(crate) fn summary(&self, tenant: TenantId, apply: Apply) -> Vec<Group> {
        self.runtime.block_on(self.store.summary(tenant, apply, in_a_minute())).unwrap()
    }

    pub(crate) fn count(
        &self,
        tenant: TenantId,
        filter: Option<Filter>,
        search: Option<Search>,
    ) -> u64 {
        self.runtime.block_on(self.store.count(tenant, filter, search, in_a_minute())).unwrap()
    }
}
