//! Registers of both engines, filled by the writes that a service makes, and all that they hold.

use std::time::{Duration, Instant};

use model::{
    Draft, EnrollmentState, Field, Identity, IdentityType, Patch, Platform, Rules, TenantId,
};
use odata::DateTimeOffset;
use odata::query::Search;
use store::{
    Actor, Audit, Change, Clock, HistoryFilter, Operation, Precondition, Query, Snapshot,
    SnapshotStep, Store, StoreUrl, Tenant, Write,
};
use tempfile::TempDir;
use testbed::{Cluster, Database};
use uuid::Uuid;

pub(crate) const FULL: TenantId = TenantId(Uuid::from_u128(0xf0 << 120));
pub(crate) const SMALL: TenantId = TenantId(Uuid::from_u128(0x0a));
pub(crate) const UNLICENSED: TenantId = TenantId(Uuid::from_u128(0x80 << 120));
pub(crate) const EMPTY: TenantId = TenantId(Uuid::from_u128(0x0b));
const PAGING_KEY: &str = "paging_key";

/// Where a register is, which goes with it.
pub(crate) struct Place {
    pub(crate) url: StoreUrl,
    pub(crate) database: Option<Database>,
    _directory: TempDir,
}

impl Place {
    /// A file that is not there yet.
    pub(crate) fn file() -> Self {
        let directory = TempDir::new().unwrap();
        Self {
            url: StoreUrl::in_directory(directory.path()),
            database: None,
            _directory: directory,
        }
    }

    /// An empty database. `None` where PostgreSQL is not installed.
    pub(crate) fn database() -> Option<Self> {
        let database = Cluster::shared()?.database();
        Some(Self {
            url: database.url().parse().unwrap(),
            database: Some(database),
            _directory: TempDir::new().unwrap(),
        })
    }

    /// What `psql` says.
    pub(crate) fn query(&self, sql: &str) -> String {
        self.database.as_ref().unwrap().query(sql)
    }

    /// The file.
    pub(crate) fn path(&self) -> &std::path::Path {
        match &self.url {
            StoreUrl::Sqlite(path) => path,
            StoreUrl::Postgres(url) => panic!("{url} is no file"),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url, Clock::system()).await.unwrap()
    }
}

/// All that can be asked of a tenant's register.
#[derive(Debug, PartialEq)]
pub(crate) struct Contents {
    tenant: Tenant,
    rows: Vec<Identity>,
    history: Vec<Change>,
    snapshots: Vec<Snapshot>,
    count: u64,
    found: Vec<Identity>,
    paging_key: Vec<u8>,
}

pub(crate) fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// All that the register holds.
pub(crate) async fn contents(store: &Store) -> Vec<Contents> {
    let mut all = Vec::new();
    for tenant in store.tenants().await.unwrap() {
        let id = tenant.id;
        let filter = HistoryFilter { tenant: Some(id), id: None };
        let rows = store.page(id, Query::by_key(usize::MAX), in_a_minute()).await.unwrap();
        let search = Some(Search::parse("straße").unwrap());
        let searched = Query { search, ..Query::by_key(usize::MAX) };
        all.push(Contents {
            rows,
            history: store.history(&filter, None, usize::MAX).await.unwrap(),
            snapshots: store.snapshots(id).await.unwrap(),
            count: store.count(id, None, None, in_a_minute()).await.unwrap(),
            found: store.page(id, searched, in_a_minute()).await.unwrap(),
            paging_key: store.setting(PAGING_KEY, b"made anew").await.unwrap(),
            tenant,
        });
    }
    all
}

/// Has a tenant's register written to.
pub(crate) async fn write(store: &Store, tenant: TenantId, actor: Actor, operation: Operation) {
    let audit = Audit {
        actor,
        ip: Some("2001:db8::17".parse().unwrap()),
        request_id: Uuid::now_v7(),
        client_request_id: Some("Anfrage — 1".to_owned()),
    };
    let write = Write { tenant, audit, deadline: in_a_minute(), operation };
    store.write(write).await.unwrap();
}

pub(crate) async fn step(store: &Store, step: SnapshotStep) {
    write(store, FULL, Actor::System, Operation::Snapshot(step)).await;
}

fn user() -> Actor {
    Actor::User {
        user_id: Some("77".to_owned()),
        user_name: Some("Zoë Müller <zoë@contoso.example>".to_owned()),
        app_id: None,
        app_name: Some(String::new()),
    }
}

fn application() -> Actor {
    Actor::Application { app_id: Some("app".to_owned()), app_name: None }
}

fn draft(patch: Patch) -> Draft {
    Draft::new(patch, Rules::Documented).unwrap()
}

/// Rows of which each differs from the others.
fn rows(count: usize) -> Vec<Draft> {
    let row = |number: usize| {
        let described = ["", "Straße 8", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 %_\\", "ſtraẞe"].get(number % 5);
        let far = [DateTimeOffset::MIN, DateTimeOffset::MAX].get(number % 3);
        draft(Patch {
            identifier: Some(format!("Gerät-{number}")),
            identity_type: Some(IdentityType::SerialNumber),
            contacted: far.copied().or_else(|| DateTimeOffset::new(600_000_000_000_000_000, -839)),
            description: described.map_or(Field::Null, |text| Field::Value((*text).to_owned())),
            enrollment_state: [EnrollmentState::Enrolled].get(number % 2).copied(),
            platform: [Platform::Ios, Platform::Android].get(number % 3).copied(),
        })
    };
    (0..count).map(row).collect()
}

fn patch(row: &Identity, identifier: &str) -> Operation {
    let patch = Patch { identifier: Some(identifier.to_owned()), ..Patch::default() };
    let precondition = Precondition::default();
    Operation::Update { id: row.id, precondition, patch, rules: Rules::Documented }
}

/// Fills an empty register: `many` rows in one tenant, few in others, with all that comes of use.
pub(crate) async fn fill(place: &Place, many: usize) {
    let store = place.open().await;
    for (tenant, name) in [(FULL, "Contoso — Köln"), (SMALL, ""), (EMPTY, "E"), (UNLICENSED, "U")]
    {
        assert!(store.add_tenant(tenant, name, true).await.unwrap());
    }
    assert_eq!(store.setting(PAGING_KEY, b"\0secret\xff").await.unwrap(), b"\0secret\xff");
    for (tenant, count) in [(FULL, many), (SMALL, 3), (UNLICENSED, 2)] {
        let import = Operation::Import { rows: rows(count), overwrite: false };
        write(&store, tenant, application(), import).await;
    }
    let page = store.page(FULL, Query::by_key(3), in_a_minute()).await.unwrap();
    let [one, two, three] = page.as_slice() else { panic!("{page:?}") };
    step(&store, SnapshotStep::Take("first".to_owned())).await;
    write(&store, FULL, user(), patch(one, "ÄNDERUNG")).await;
    let precondition = Precondition::default();
    write(&store, FULL, user(), Operation::Delete { id: two.id, precondition }).await;
    step(&store, SnapshotStep::Take("second".to_owned())).await;
    // The history of the second is cut off and lives on as a copy.
    step(&store, SnapshotStep::Restore("first".to_owned())).await;
    write(&store, FULL, Actor::System, patch(three, "another way")).await;
    let precondition = Precondition::default();
    write(&store, FULL, user(), Operation::Delete { id: one.id, precondition }).await;
    assert!(store.set_licence(UNLICENSED, false).await.unwrap());
    store.close().await;
}
