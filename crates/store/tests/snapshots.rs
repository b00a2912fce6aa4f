//! Snapshots, against a model that keeps whole copies of rows and history: whatever happens between
//! a snapshot and its restoring, the register is then what it was.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{Draft, Field, Identity, IdentityId, Patch, Rules, TenantId};
use store::{
    Actor, Audit, BEGINNING, Change, Clock, Durability, HistoryFilter, Opening, Operation, Outcome,
    Precondition, Query, SnapshotStep, Store, StoreUrl, Write, WriteError,
};
use tempfile::TempDir;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(0x7e7a));
const OTHER: TenantId = TenantId(Uuid::from_u128(0x07e7));
/// Few, so that rows meet under the same key all the time.
const IDENTIFIERS: u64 = 6;
const NAMES: [&str; 3] = ["a", "b", "c"];

/// All that a tenant's register holds.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    rows: Vec<Identity>,
    history: Vec<Change>,
}

struct Register {
    store: Arc<Store>,
    _directory: TempDir,
}

impl Register {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let url = StoreUrl::in_directory(directory.path());
        let opening = Opening { durability: Durability::None, ..Opening::default() };
        let store = Store::open_as(&url, opening, Clock::system()).await.unwrap();
        for tenant in [TENANT, OTHER] {
            assert!(store.add_tenant(tenant, "Tests", true).await.unwrap());
        }
        Self { store: Arc::new(store), _directory: directory }
    }

    async fn write_to(
        &self,
        tenant: TenantId,
        operation: Operation,
    ) -> Result<Outcome, WriteError> {
        let audit = Audit {
            actor: Actor::System,
            ip: None,
            request_id: Uuid::now_v7(),
            client_request_id: None,
        };
        let deadline = Instant::now() + Duration::from_secs(600);
        self.store.write(Write { tenant, audit, deadline, operation }).await
    }

    async fn write(&self, operation: Operation) -> Result<Outcome, WriteError> {
        self.write_to(TENANT, operation).await
    }

    async fn take(&self, name: &str) {
        let step = SnapshotStep::Take(name.to_owned());
        self.write(Operation::Snapshot(step)).await.unwrap();
    }

    async fn restore(&self, name: &str) -> Result<Outcome, WriteError> {
        self.write(Operation::Snapshot(SnapshotStep::Restore(name.to_owned()))).await
    }

    async fn state(&self, tenant: TenantId) -> State {
        let deadline = Instant::now() + Duration::from_secs(600);
        let filter = HistoryFilter { tenant: Some(tenant), id: None };
        State {
            rows: self.store.page(tenant, Query::by_key(usize::MAX), deadline).await.unwrap(),
            history: self.store.history(&filter, None, usize::MAX).await.unwrap(),
        }
    }
}

fn patch(identifier: u64, description: u64) -> Patch {
    Patch {
        identifier: Some(format!("{identifier}")),
        description: Field::Value(format!("{description}")),
        ..Patch::default()
    }
}

fn draft(identifier: u64, description: u64) -> Draft {
    Draft::new(patch(identifier, description), Rules::Documented).unwrap()
}

/// The history is numbered without gaps and leads to the rows.
fn check(state: &State) {
    let seqs: Vec<i64> = state.history.iter().map(|change| change.seq).collect();
    assert_eq!(seqs, (1..).take(seqs.len()).collect::<Vec<_>>());
    let mut rows: BTreeMap<IdentityId, Identity> = BTreeMap::new();
    for change in &state.history {
        assert_eq!(rows.get(&change.id), change.before.as_ref());
        match &change.after {
            Some(row) => drop(rows.insert(change.id, row.clone())),
            None => drop(rows.remove(&change.id)),
        }
    }
    assert_eq!(rows.into_values().collect::<Vec<_>>(), state.rows);
}

/// Numbers that look random and are the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

async fn something(register: &Register, random: &mut Random) {
    let rows = register.state(TENANT).await.rows;
    let row = (!rows.is_empty()).then(|| {
        let index = random.below(rows.len().try_into().unwrap());
        rows[usize::try_from(index).unwrap()].id
    });
    let precondition = Precondition::default();
    let (identifier, description) = (random.below(IDENTIFIERS), random.below(3));
    let operation = match (random.below(4), row) {
        (0, _) | (_, None) => Operation::Create(draft(identifier, description)),
        (1, Some(id)) => Operation::Delete { id, precondition },
        (2, Some(id)) => {
            let patch = patch(identifier, description);
            Operation::Update { id, precondition, patch, rules: Rules::Documented }
        }
        (_, Some(_)) => {
            let rows = (0..IDENTIFIERS).map(|n| draft(n, description)).collect();
            Operation::Import { rows, overwrite: true }
        }
    };
    match register.write(operation).await {
        Ok(_) | Err(WriteError::Conflict) => {}
        Err(error) => panic!("{error}"),
    }
}

async fn round(seed: u64) {
    let (register, mut random) = (Register::new().await, Random(seed));
    register.write_to(OTHER, Operation::Create(draft(0, 0))).await.unwrap();
    let others = register.state(OTHER).await;
    let mut kept: HashMap<&str, State> = HashMap::new();
    kept.insert(BEGINNING, State::default());
    for _ in 0..60 {
        let name = NAMES[usize::try_from(random.below(3)).unwrap()];
        match random.below(10) {
            0 | 1 => {
                register.take(name).await;
                kept.insert(name, register.state(TENANT).await);
            }
            2 | 3 => {
                let name = if random.below(4) == 0 { BEGINNING } else { name };
                let restored = register.restore(name).await;
                match kept.get(name) {
                    Some(state) => assert_eq!(&register.state(TENANT).await, state, "{name}"),
                    None => assert!(matches!(restored, Err(WriteError::NoSnapshot))),
                }
            }
            4 if random.below(3) == 0 => {
                let step = SnapshotStep::Forget(name.to_owned());
                let forgotten = register.write(Operation::Snapshot(step)).await;
                assert_eq!(forgotten.is_ok(), kept.remove(name).is_some());
            }
            _ => something(&register, &mut random).await,
        }
        check(&register.state(TENANT).await);
        assert_eq!(register.state(OTHER).await, others, "no tenant feels another's");
    }
}

#[tokio::test]
async fn a_restored_register_is_what_it_was_rows_and_history() {
    for seed in 0..40 {
        println!("seed {seed}");
        round(seed).await;
    }
}

#[tokio::test]
async fn restoring_comes_before_or_after_a_write_and_never_between() {
    let register = Register::new().await;
    register.take("empty").await;
    let store = Arc::clone(&register.store);
    let register = &register;
    let imports = async {
        for n in 0..40 {
            let rows = (0..50).map(|row| draft(n * 50 + row, 0)).collect();
            register.write(Operation::Import { rows, overwrite: false }).await.unwrap();
        }
    };
    let restores = async {
        for _ in 0..40 {
            register.restore("empty").await.unwrap();
            let state = register.state(TENANT).await;
            assert_eq!(state.rows.len() % 50, 0, "half of an import");
        }
    };
    tokio::join!(imports, restores);
    let state = register.state(TENANT).await;
    check(&state);
    drop(store);
}

#[tokio::test]
async fn a_tenant_goes_with_its_snapshots() {
    let register = Register::new().await;
    register.write(Operation::Create(draft(1, 0))).await.unwrap();
    register.take("full").await;
    register.restore(BEGINNING).await.unwrap();
    register.store.remove_tenant(TENANT, &mut |_| {}).await.unwrap();
    assert!(register.store.add_tenant(TENANT, "Tests", true).await.unwrap());
    assert_eq!(register.store.snapshots(TENANT).await.unwrap(), []);
    assert!(matches!(register.restore("full").await, Err(WriteError::NoSnapshot)));
}

#[tokio::test]
async fn a_tenant_without_a_licence_restores_nothing() {
    let register = Register::new().await;
    register.write(Operation::Create(draft(1, 0))).await.unwrap();
    assert!(register.store.set_licence(TENANT, false).await.unwrap());
    let restored = register.restore(BEGINNING).await;
    assert!(matches!(restored, Err(WriteError::NotLicensed)));
    assert_eq!(register.state(TENANT).await.rows.len(), 1);
}
