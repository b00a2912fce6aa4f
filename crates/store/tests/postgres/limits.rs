//! A server that has no connection left for us, as it says itself (53300).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use model::{IdentityId, TenantId};
use store::{Pooling, Query, Store, StoreError, WriteError};
use testbed::{Cluster, Database, Special};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::ledger::{Ledger, make};
use crate::support::{connect, in_a_minute, on_threads, write};
use crate::{OURS, POOLING, create, new_tenant, open, try_open, until, until_so};

const SOME_ID: IdentityId = IdentityId(Uuid::from_u128(1));

/// Gives a database to a role of its own: a superuser has no limits. The URL is the role's.
fn limited(database: &Database, role: &str, limit: &str) -> String {
    let name = database.query("SELECT current_database()");
    database
        .query(&format!("CREATE ROLE {role} LOGIN {limit}; ALTER DATABASE {name} OWNER TO {role}"));
    database.url().replacen("postgres@", &format!("{role}@"), 1)
}

/// Takes all connections that there may be, some of which may still be on their way out.
async fn take_all(url: &str, limit: usize) -> Vec<Client> {
    let (mut taken, deadline) = (Vec::new(), in_a_minute());
    while taken.len() < limit {
        match tokio_postgres::connect(url, NoTls).await {
            Ok((client, connection)) => {
                tokio::spawn(connection);
                taken.push(client);
            }
            Err(error) => {
                assert_eq!(error.code(), Some(&SqlState::TOO_MANY_CONNECTIONS), "{error:?}");
                assert!(Instant::now() < deadline, "only {} are to be had", taken.len());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    taken
}

/// Ends the connections of stores, and takes those and all others.
async fn take_from_stores(database: &Database, url: &str, limit: usize) -> Vec<Client> {
    database.query(&format!("SELECT pg_terminate_backend(pid) {OURS}"));
    until(database, &format!("SELECT count(*) = 0 {OURS}")).await;
    take_all(url, limit).await
}

/// Nobody gets in until so many have been refused since.
async fn wait_for_refusals(log: &PathBuf, count: usize) {
    let refused = || std::fs::read_to_string(log).unwrap().matches("53300|FATAL").count();
    let before = refused();
    until_so("refusals", || refused() >= before + count).await;
}

#[test]
fn a_full_server_is_waited_for_at_the_start_and_later() {
    let settings =
        "max_connections = 10\nsuperuser_reserved_connections = 3\nlog_line_prefix = '%e|'";
    let Some(cluster) = Cluster::special(&Special { settings, ..Special::default() }) else {
        return;
    };
    let (database, log) = (cluster.database(), cluster.directory().join("log"));
    let url = limited(&database, "muster", "");
    on_threads(async {
        let taken = take_all(&url, 7).await;
        let opening = tokio::spawn({
            let url = url.clone();
            async move { open(&url, POOLING).await }
        });
        wait_for_refusals(&log, 4).await;
        assert!(!opening.is_finished());
        drop(taken);
        let store = Arc::new(opening.await.unwrap());
        let tenant = new_tenant(&store).await;
        let mut ledger = make(&store, tenant, create("before")).await;
        let taken = take_from_stores(&database, &url, 7).await;
        let reading = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.get(tenant, SOME_ID).await }
        });
        let writing = tokio::spawn({
            let store = Arc::clone(&store);
            async move { make(&store, tenant, create("meanwhile")).await }
        });
        wait_for_refusals(&log, 8).await;
        assert!(!reading.is_finished() && !writing.is_finished());
        drop(taken);
        assert_eq!(reading.await.unwrap().unwrap(), None);
        ledger.join(writing.await.unwrap());
        assert_eq!(ledger.counts(), (2, 0));
        ledger.check(&store, tenant).await;
    });
}

#[test]
fn what_stays_full_is_told_and_ends_without_a_restart() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let url = limited(&database, "crowded", "CONNECTION LIMIT 6");
    let told = "PostgreSQL says: too many connections for role \"crowded\" (53300): have fewer \
        (--store-connections, for each process), or allow more there (max_connections, or the \
        limit of the role or database)";
    on_threads(async {
        let store = open(&url, POOLING).await;
        let tenant = new_tenant(&store).await;
        let mut ledger = make(&store, tenant, create("before")).await;
        let taken = take_from_stores(&database, &url, 6).await;
        let (read, written, opened) = tokio::join!(
            store.get(tenant, SOME_ID),
            store.write(write(tenant, create("first"))),
            try_open(&url, POOLING)
        );
        let opened = opened.unwrap_err();
        assert!(matches!(opened, StoreError::Open { .. }), "{opened:?}");
        for error in
            [read.unwrap_err().to_string(), written.unwrap_err().to_string(), opened.to_string()]
        {
            assert!(error.ends_with(&format!(": {told}")), "{error}");
        }
        let log = cluster.directory().join("log");
        let refused = || {
            let log = std::fs::read_to_string(&log).unwrap();
            log.matches("FATAL:  too many connections for role \"crowded\"").count()
        };
        let (before, rounds) = (refused(), 5);
        for _ in 0..rounds {
            let read = store.get(tenant, SOME_ID).await.unwrap_err();
            assert!(matches!(read, StoreError::Unavailable(_)), "{read:?}");
            let written = store.write(write(tenant, create("late"))).await.unwrap_err();
            let is_away = matches!(written, WriteError::Store(StoreError::Unavailable(_)));
            assert!(is_away, "{written:?}");
        }
        // Each is tried once; the lane of the last read may look for the next one, too.
        let tried = refused() - before;
        assert!((2 * rounds..=3 * rounds).contains(&tried), "{tried} in {rounds} rounds");
        drop(taken);
        until(&database, "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'crowded'")
            .await;
        assert_eq!(store.get(tenant, SOME_ID).await.unwrap(), None);
        ledger.join(make(&store, tenant, create("after")).await);
        assert_eq!(ledger.counts(), (2, 0));
        ledger.check(&store, tenant).await;
    });
}

/// More connections than there may be.
const TOO_MANY: Pooling = Pooling { connections: 8, ..POOLING };

/// Reads and writes have connections of their own kind, and take none from each other for good.
#[test]
fn reads_and_writes_share_what_few_connections_there_may_be() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let url = limited(&database, "frugal", "CONNECTION LIMIT 3");
    let waiting = format!("SELECT count(*) = 3 {OURS} AND wait_event_type = 'Lock'");
    on_threads(async {
        let store = Arc::new(open(&url, TOO_MANY).await);
        let mut tenants = Vec::new();
        for _ in 0..3 {
            tenants.push((new_tenant(&store).await, Ledger::default()));
        }
        let other = connect(&database.url()).await;
        // Reads have them all.
        other.batch_execute("BEGIN; LOCK identities").await.unwrap();
        let reads = tenants.iter().map(|(tenant, _)| tokio::spawn(read(&store, *tenant)));
        let reads: Vec<_> = reads.collect();
        until(&database, &waiting).await;
        other.batch_execute("ROLLBACK").await.unwrap();
        join_all(reads).await.into_iter().for_each(|read| read.unwrap());
        // Then writes have.
        other.batch_execute("BEGIN; LOCK changes").await.unwrap();
        let writes = tenants.iter().map(|(tenant, _)| tokio::spawn(put(&store, *tenant, 0)));
        let writes: Vec<_> = writes.collect();
        until(&database, &waiting).await;
        other.batch_execute("ROLLBACK").await.unwrap();
        for ((_, ledger), write) in tenants.iter_mut().zip(writes) {
            ledger.join(write.await.unwrap());
        }
        // And then all at once, each time.
        for number in 1..10 {
            let work = tenants.iter_mut().map(|(tenant, ledger)| {
                let (read, write) = (read(&store, *tenant), put(&store, *tenant, number));
                async move { ledger.join(tokio::join!(read, write).1) }
            });
            join_all(work).await;
        }
        for (tenant, ledger) in tenants {
            assert_eq!(ledger.counts(), (10, 0));
            ledger.check(&store, tenant).await;
        }
        // When it is closed, it keeps none of either kind.
        store.close().await;
        until(&database, &format!("SELECT count(*) = 0 {OURS}")).await;
    });
}

fn read(store: &Arc<Store>, tenant: TenantId) -> impl Future<Output = ()> + use<> {
    let store = Arc::clone(store);
    async move { drop(store.page(tenant, Query::by_key(100), in_a_minute()).await.unwrap()) }
}

fn put(store: &Arc<Store>, tenant: TenantId, number: u32) -> impl Future<Output = Ledger> + use<> {
    let store = Arc::clone(store);
    async move { make(&store, tenant, create(&format!("{number}"))).await }
}
