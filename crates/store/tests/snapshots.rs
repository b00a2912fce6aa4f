//! Snapshots, against a model that keeps whole copies of rows and history: whatever happens between
//! a snapshot and its restoring, the register is then what it was.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at once at what must not be"
)]

#[allow(dead_code, reason = "it serves other tests, too")]
mod support;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::{Draft, Field, Identity, IdentityId, Patch, Rules, TenantId};
use store::{
    BEGINNING, Change, HistoryFilter, Operation, Outcome, Precondition, Query, SnapshotStep, Store,
    WriteError,
};
use uuid::Uuid;

use support::{Place, Random, each_engine, in_a_minute, on_one_thread, write};

/// Few, so that rows meet under the same key all the time.
const IDENTIFIERS: u64 = 6;
const NAMES: [&str; 3] = ["a", "b", "c"];

/// All that a tenant's register holds.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    rows: Vec<Identity>,
    history: Vec<Change>,
}

/// An open register, and two tenants of it.
struct Register {
    store: Arc<Store>,
    tenant: TenantId,
    other: TenantId,
}

impl Register {
    async fn at(place: &Place) -> Self {
        Self::of(Arc::new(place.open().await)).await
    }

    /// One in which nobody has written yet.
    async fn of(store: Arc<Store>) -> Self {
        let [tenant, other] = [(); 2].map(|()| TenantId(Uuid::now_v7()));
        for tenant in [tenant, other] {
            assert!(store.add_tenant(tenant, "Tests", true).await.unwrap());
        }
        Self { store, tenant, other }
    }

    async fn write_to(
        &self,
        tenant: TenantId,
        operation: Operation,
    ) -> Result<Outcome, WriteError> {
        self.store.write(write(tenant, operation)).await
    }

    async fn write(&self, operation: Operation) -> Result<Outcome, WriteError> {
        self.write_to(self.tenant, operation).await
    }

    async fn take(&self, name: &str) {
        let step = SnapshotStep::Take(name.to_owned());
        self.write(Operation::Snapshot(step)).await.unwrap();
    }

    async fn restore(&self, name: &str) -> Result<Outcome, WriteError> {
        self.write(Operation::Snapshot(SnapshotStep::Restore(name.to_owned()))).await
    }

    async fn state(&self, tenant: TenantId) -> State {
        let filter = HistoryFilter { tenant: Some(tenant), id: None };
        State {
            rows: self.store.page(tenant, Query::by_key(usize::MAX), in_a_minute()).await.unwrap(),
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

async fn something(register: &Register, random: &mut Random) {
    let rows = register.state(register.tenant).await.rows;
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

async fn round(store: Arc<Store>, seed: u64) {
    let (register, mut random) = (Register::of(store).await, Random(seed));
    register.write_to(register.other, Operation::Create(draft(0, 0))).await.unwrap();
    let others = register.state(register.other).await;
    let mut kept: HashMap<&str, State> = HashMap::new();
    kept.insert(BEGINNING, State::default());
    for _ in 0..60 {
        let name = NAMES[usize::try_from(random.below(3)).unwrap()];
        match random.below(10) {
            0 | 1 => {
                register.take(name).await;
                kept.insert(name, register.state(register.tenant).await);
            }
            2 | 3 => {
                let name = if random.below(4) == 0 { BEGINNING } else { name };
                let restored = register.restore(name).await;
                match kept.get(name) {
                    Some(state) => {
                        assert_eq!(&register.state(register.tenant).await, state, "{name}")
                    }
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
        check(&register.state(register.tenant).await);
        assert_eq!(register.state(register.other).await, others, "no tenant feels another's");
    }
}

each_engine!(a_restored_register_is_what_it_was_rows_and_history, |place: Place| on_one_thread(
    async move {
        let store = Arc::new(place.open().await);
        for seed in 0..40 {
            println!("seed {seed}");
            round(Arc::clone(&store), seed).await;
        }
    }
));

each_engine!(restoring_comes_before_or_after_a_write_and_never_between, |place: Place| {
    on_one_thread(async move {
        let register = Register::at(&place).await;
        register.take("empty").await;
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
                let state = register.state(register.tenant).await;
                assert_eq!(state.rows.len() % 50, 0, "half of an import");
            }
        };
        tokio::join!(imports, restores);
        let state = register.state(register.tenant).await;
        check(&state);
    })
});

each_engine!(a_tenant_goes_with_its_snapshots, |place: Place| on_one_thread(async move {
    let register = Register::at(&place).await;
    register.write(Operation::Create(draft(1, 0))).await.unwrap();
    register.take("full").await;
    register.restore(BEGINNING).await.unwrap();
    register.store.remove_tenant(register.tenant, &mut |_| {}).await.unwrap();
    assert!(register.store.add_tenant(register.tenant, "Tests", true).await.unwrap());
    assert_eq!(register.store.snapshots(register.tenant).await.unwrap(), []);
    assert!(matches!(register.restore("full").await, Err(WriteError::NoSnapshot)));
}));

each_engine!(a_tenant_without_a_licence_restores_nothing, |place: Place| on_one_thread(
    async move {
        let register = Register::at(&place).await;
        register.write(Operation::Create(draft(1, 0))).await.unwrap();
        assert!(register.store.set_licence(register.tenant, false).await.unwrap());
        let restored = register.restore(BEGINNING).await;
        assert!(matches!(restored, Err(WriteError::NotLicensed)));
        assert_eq!(register.state(register.tenant).await.rows.len(), 1);
    }
));
