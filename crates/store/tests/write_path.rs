//! The write path as a whole, on each engine: fairness, what readers see, how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

#[allow(dead_code, reason = "it serves other tests, too")]
mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::{Draft, Patch, Rules, TenantId};
use store::{Change, Operation, Outcome, Query, Store, StoreError, WriteError};
use tokio::task::JoinHandle;
use uuid::Uuid;

use support::{Place, each_engine, history, in_a_minute, on_one_thread, on_threads, write};

const TENANT: TenantId = TenantId(Uuid::from_u128(0x7e7a));

type Answer = Result<Outcome, WriteError>;

/// An open register at a place that goes with it.
struct Register {
    store: Arc<Store>,
    place: Place,
}

impl Register {
    async fn at(place: Place) -> Self {
        let store = Arc::new(place.open().await);
        assert!(store.add_tenant(TENANT, "Tests", true).await.unwrap());
        Self { store, place }
    }

    /// Has a write begun. It is in the queue as soon as the runtime has had a turn.
    fn begin(&self, operation: Operation) -> JoinHandle<Answer> {
        let store = Arc::clone(&self.store);
        tokio::spawn(async move { store.write(write(TENANT, operation)).await })
    }
}

fn draft(identifier: String) -> Draft {
    let patch = Patch { identifier: Some(identifier), ..Patch::default() };
    Draft::new(patch, Rules::Documented).unwrap()
}

fn create(identifier: &str) -> Operation {
    Operation::Create(draft(identifier.to_owned()))
}

fn import(prefix: &str, count: usize) -> Operation {
    let rows = (0..count).map(|n| draft(format!("{prefix}-{n}"))).collect();
    Operation::Import { rows, overwrite: false }
}

/// The part of an identifier that says which write it came with.
fn write_of(change: &Change) -> &str {
    let identifier = &change.after.as_ref().unwrap().identifier;
    identifier.split_once('-').map_or(identifier.as_str(), |(prefix, _)| prefix)
}

each_engine!(single_writes_do_not_wait_for_all_the_imports_before_them, |place: Place| {
    on_one_thread(async move {
        let register = Register::at(place).await;
        let lock = register.place.hold_up(TENANT).await;
        let mut begun: Vec<_> =
            ["i", "j", "k"].map(|prefix| register.begin(import(prefix, 10_000))).into();
        tokio::task::yield_now().await;
        begun.extend((0..20).map(|n| register.begin(create(&format!("single{n}")))));
        tokio::task::yield_now().await;
        drop(lock);
        for answer in begun {
            answer.await.unwrap().unwrap();
        }
        let history = history(&register.store, TENANT).await;
        assert_eq!(history.len(), 3 * 10_000 + 20);
        let order: Vec<&str> = history.iter().map(write_of).collect();
        let last_single = order.iter().rposition(|name| name.starts_with("single")).unwrap();
        let imports_before: HashSet<&&str> =
            order[..last_single].iter().filter(|name| !name.starts_with("single")).collect();
        assert!(imports_before.len() <= 1, "{imports_before:?}");
        let runs = 1 + order.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(runs, 3 + 20, "no write is torn apart");
    })
});

each_engine!(closing_decides_what_was_accepted_and_refuses_what_comes, |place: Place| {
    on_one_thread(async move {
        let register = Register::at(place).await;
        let lock = register.place.hold_up(TENANT).await;
        let mut accepted: Vec<_> =
            [create("A"), import("i", 1_000), import("j", 1_000), create("B")]
                .map(|operation| register.begin(operation))
                .into();
        tokio::task::yield_now().await;
        let store = Arc::clone(&register.store);
        let closed = tokio::spawn(async move { store.close().await });
        let refused = loop {
            let late = register.begin(create(&format!("late{}", accepted.len())));
            tokio::time::sleep(Duration::from_millis(1)).await;
            if late.is_finished() {
                break late.await.unwrap();
            }
            accepted.push(late);
        };
        assert!(
            matches!(refused, Err(WriteError::Store(StoreError::Unavailable(_)))),
            "{refused:?}"
        );
        drop(lock);
        closed.await.unwrap();
        let count = accepted.len();
        for answer in accepted {
            answer.await.unwrap().unwrap();
        }
        let stored = history(&register.place.open().await, TENANT).await;
        assert_eq!(stored.iter().map(write_of).collect::<HashSet<_>>().len(), count);
        assert_eq!(stored.len(), 2_000 + count - 2);
    })
});

each_engine!(a_reader_never_sees_half_a_batch, |place: Place| on_threads(async move {
    const ROWS: usize = 1_250;
    let register = Register::at(place).await;
    // One that has a transaction to itself, and five that share one.
    let sizes = [1_000, 50, 50, 50, 50, 50];
    let begun: Vec<_> = (0..8)
        .flat_map(|n| (0..).zip(sizes).map(move |(m, size)| import(&format!("{n}.{m}"), size)))
        .map(|operation| register.begin(operation))
        .collect();
    loop {
        let page =
            register.store.page(TENANT, Query::by_key(usize::MAX), in_a_minute()).await.unwrap();
        let mut seen = std::collections::HashMap::<&str, usize>::new();
        for row in &page {
            *seen.entry(row.identifier.split_once('-').unwrap().0).or_default() += 1;
        }
        for (name, count) in seen {
            let whole = if name.ends_with(".0") { 1_000 } else { 50 };
            assert_eq!(count, whole, "of {name}");
        }
        if page.len() == 8 * ROWS {
            break;
        }
    }
    for answer in begun {
        answer.await.unwrap().unwrap();
    }
}));
