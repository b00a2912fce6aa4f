//! A register of any engine, and how the tests ask it.

use std::path::Path;

use model::{Draft, Identity, TenantId};
use odata::query::{Apply, Filter, Group, Search};
use store::{Operation, Outcome, Position, Query, Store};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::support::{Place, in_a_minute, write};

/// A register in which every case has a tenant of its own.
pub(crate) struct Register {
    pub(crate) store: Store,
    pub(crate) runtime: Runtime,
    place: Place,
}

impl Register {
    /// The one at a place.
    pub(crate) fn at(place: Place) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let store = runtime.block_on(place.open());
        Self { store, runtime, place }
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
        let write = write(tenant, Operation::Import { rows, overwrite: false });
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
