//! The database is away, for a while or for long, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::IdentityId;
use store::{StoreError, WriteError};
use testbed::{Cluster, Proxy};
use uuid::Uuid;

use crate::ledger::{Ledger, make};
use crate::support::{in_a_minute, on_threads, write};
use crate::{OURS, POOLING, create, new_tenant, open, until};

const SOME_ID: IdentityId = IdentityId(Uuid::from_u128(1));

/// Nobody connects until so many have tried since.
async fn wait_for_attempts(proxy: &Proxy, count: usize) {
    let (before, deadline) = (proxy.connections(), in_a_minute());
    while proxy.connections() < before + count {
        assert!(Instant::now() < deadline, "nobody tries to connect");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_short_absence_is_waited_out() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let proxy = Proxy::new(cluster.address());
    on_threads(async {
        let store = Arc::new(open(&database.url_at(proxy.address()), POOLING).await);
        let tenant = new_tenant(&store).await;
        for round in 0..3 {
            proxy.refuse(true);
            proxy.cut_all();
            let reading = tokio::spawn({
                let store = Arc::clone(&store);
                async move { store.get(tenant, SOME_ID).await }
            });
            let writing = tokio::spawn({
                let store = Arc::clone(&store);
                async move { make(&store, tenant, create(&format!("{round}"))).await }
            });
            wait_for_attempts(&proxy, 4).await;
            assert!(!reading.is_finished() && !writing.is_finished());
            proxy.refuse(false);
            assert_eq!(reading.await.unwrap().unwrap(), None);
            assert_eq!(writing.await.unwrap().counts(), (1, 0));
        }
    });
}

#[test]
fn a_long_absence_is_told_at_once_and_ends_without_a_restart() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let proxy = Proxy::new(cluster.address());
    on_threads(async {
        let store = open(&database.url_at(proxy.address()), POOLING).await;
        let tenant = new_tenant(&store).await;
        let mut ledger = make(&store, tenant, create("before")).await;
        proxy.refuse(true);
        proxy.cut_all();
        let (read, first) =
            tokio::join!(store.get(tenant, SOME_ID), make(&store, tenant, create("first")));
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        assert_eq!(first.counts(), (0, 1));
        ledger.join(first);
        let began = Instant::now();
        for _ in 0..5 {
            let read = store.get(tenant, SOME_ID).await;
            assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
            let written = store.write(write(tenant, create("late"))).await;
            let is_away = matches!(written, Err(WriteError::Store(StoreError::Unavailable(_))));
            assert!(is_away, "{written:?}");
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        proxy.refuse(false);
        assert_eq!(store.get(tenant, SOME_ID).await.unwrap(), None);
        ledger.join(make(&store, tenant, create("after")).await);
        assert_eq!(ledger.counts(), (2, 1));
        ledger.check(&store, tenant).await;
    });
}

/// Writes to tenants go on while `trouble` is made, and for as long as it takes to see them go.
async fn under_load(url: &str, trouble: impl AsyncFnOnce()) {
    let store = Arc::new(open(url, POOLING).await);
    let ends = Arc::new(AtomicBool::new(false));
    let mut tenants = Vec::new();
    for _ in 0..2 {
        tenants.push(new_tenant(&store).await);
    }
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (store, ends, tenant) =
                (Arc::clone(&store), Arc::clone(&ends), tenants[client % 2]);
            tokio::spawn(async move {
                let mut ledger = Ledger::default();
                for number in 0.. {
                    if ends.load(Ordering::Relaxed) {
                        break;
                    }
                    let operation = create(&format!("{client}-{number}"));
                    ledger.join(make(&store, tenant, operation).await);
                }
                ledger
            })
        })
        .collect();
    trouble().await;
    ends.store(true, Ordering::Relaxed);
    let mut ledgers = [Ledger::default(), Ledger::default()];
    for (client, task) in clients.into_iter().enumerate() {
        ledgers[client % 2].join(task.await.unwrap());
    }
    for (tenant, ledger) in tenants.into_iter().zip(ledgers) {
        assert!(ledger.counts().0 > 0);
        ledger.check(&store, tenant).await;
    }
}

/// More writes than there were.
const MORE: &str = "SELECT sum(next_seq) >";

#[test]
fn a_server_that_ends_or_is_killed_loses_and_doubles_nothing() {
    let Some(cluster) = Cluster::own() else { return };
    let database = cluster.database();
    on_threads(under_load(&database.url(), async || {
        for is_killed in [true, false, true] {
            let before = database.query("SELECT coalesce(sum(next_seq), 0) FROM tenants");
            until(&database, &format!("{MORE} {before} + 50 FROM tenants")).await;
            if is_killed {
                cluster.kill()
            } else {
                cluster.stop()
            }
            cluster.start();
            until(&database, &format!("{MORE} {before} + 100 FROM tenants")).await;
        }
    }));
}

#[test]
fn connections_that_the_server_ends_lose_and_double_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_threads(under_load(&database.url(), async || {
        for _ in 0..10 {
            let before = database.query("SELECT coalesce(sum(next_seq), 0) FROM tenants");
            until(&database, &format!("{MORE} {before} + 10 FROM tenants")).await;
            database.query(&format!("SELECT pg_terminate_backend(pid) {OURS}"));
        }
    }));
}

/// A server that only lets read, as one does whose place another has taken.
#[test]
fn a_server_that_takes_no_writes_is_waited_out() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let name = database.query("SELECT current_database()");
    let proxy = Proxy::new(cluster.address());
    on_threads(async {
        let store = Arc::new(open(&database.url_at(proxy.address()), POOLING).await);
        let tenant = new_tenant(&store).await;
        let mut ledger = make(&store, tenant, create("before")).await;
        let alter = format!("ALTER DATABASE {name}");
        database.query(&format!("{alter} SET default_transaction_read_only = on"));
        // Those who are connected stay as they were until they connect anew.
        proxy.cut_all();
        let writing = tokio::spawn({
            let store = Arc::clone(&store);
            async move { make(&store, tenant, create("meanwhile")).await }
        });
        wait_for_attempts(&proxy, 3).await;
        assert!(!writing.is_finished());
        let reset = format!("{alter} RESET default_transaction_read_only");
        database.query(&format!("BEGIN READ WRITE; {reset}; COMMIT"));
        ledger.join(writing.await.unwrap());
        assert_eq!(ledger.counts(), (2, 0));
        ledger.check(&store, tenant).await;
    });
}
