//! What PostgreSQL says by its codes: which of them are tried again, and what is told of the others.
//! They are raised by a trigger, which a test may have.

use std::sync::Arc;
use std::time::{Duration, Instant};

use store::{Operation, StoreError, WriteError};
use testbed::{Cluster, Database};

use crate::ledger::make;
use crate::support::{connect, on_one_thread, write};
use crate::{POOLING, create, draft, new_tenant, open};

/// Has the next transactions fail with a code as they write their history. A sequence is not turned
/// back with what fails.
fn fail_next(database: &Database, code: &str, times: u32) {
    database.query(&format!(
        "DROP SEQUENCE IF EXISTS troubles;
         CREATE SEQUENCE troubles;
         CREATE OR REPLACE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF nextval('troubles') <= {times} THEN
                 RAISE EXCEPTION 'trouble with ''a value''' USING ERRCODE = '{code}';
             END IF;
             RETURN NULL;
         END $$;
         CREATE OR REPLACE TRIGGER trouble AFTER INSERT ON changes
             FOR EACH STATEMENT EXECUTE FUNCTION trouble()"
    ));
}

#[test]
fn what_passes_is_tried_again_until_it_has() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_one_thread(async {
        let store = open(&database.url(), POOLING).await;
        let tenant = new_tenant(&store).await;
        let mut ledger = make(&store, tenant, create("first")).await;
        for code in [
            "40001", "40003", "40P01", "25006", "25P03", "53300", "55P03", "57P01", "57P02",
            "57P03", "57P05", "08006",
        ] {
            fail_next(&database, code, 2);
            ledger.join(make(&store, tenant, create(code)).await);
            assert_eq!(database.query("SELECT last_value FROM troubles"), "3", "{code}");
        }
        assert_eq!(ledger.counts(), (13, 0));
        ledger.check(&store, tenant).await;
    });
}

#[test]
fn what_does_not_pass_is_told_at_once_and_leaves_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_one_thread(async {
        let store = open(&database.url(), POOLING).await;
        let tenant = new_tenant(&store).await;
        for (code, told) in [
            (
                "53100",
                "the store is not available: PostgreSQL says: trouble with 'a value' (53100)",
            ),
            (
                "53200",
                "the store is not available: PostgreSQL says: trouble with 'a value' (53200)",
            ),
            (
                "42501",
                "the store is not available: PostgreSQL says: trouble with 'a value' (42501)",
            ),
            ("57014", "the store is not available: the query was stopped at its deadline"),
            ("23505", "the store is damaged: PostgreSQL says: trouble with 'a value' (23505)"),
            ("XX001", "the store is damaged: PostgreSQL says: trouble with 'a value' (XX001)"),
        ] {
            fail_next(&database, code, 1);
            let refused = store.write(write(tenant, create(code))).await.unwrap_err();
            assert!(refused.to_string().contains(told), "{refused}");
            assert_eq!(database.query("SELECT last_value, is_called FROM troubles"), "1|t");
        }
        let ledger = make(&store, tenant, create("last")).await;
        assert_eq!(ledger.counts(), (1, 0));
        ledger.check(&store, tenant).await;
    });
}

/// Of several writes that share a transaction, one is not what the database can store.
#[test]
fn a_write_that_cannot_be_stored_fails_alone() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_one_thread(async {
        let store = Arc::new(open(&database.url(), POOLING).await);
        let tenant = new_tenant(&store).await;
        database.query("CREATE UNIQUE INDEX ON identities (tenant_id, description)");
        let tasks: Vec<_> = [("A", "one"), ("B", "two"), ("C", "one"), ("D", "three")]
            .map(|(identifier, description)| {
                let operation = Operation::Create(draft(identifier, description));
                let store = Arc::clone(&store);
                tokio::spawn(async move { make(&store, tenant, operation).await })
            })
            .into();
        let mut ledger = crate::ledger::Ledger::default();
        let mut counts = Vec::new();
        for task in tasks {
            let one = task.await.unwrap();
            counts.push(one.counts());
            ledger.join(one);
        }
        assert_eq!(counts, [(1, 0), (1, 0), (0, 1), (1, 0)]);
        ledger.check(&store, tenant).await;
    });
}

/// Another process holds the tenant for longer than a statement may take.
#[test]
fn a_write_does_not_wait_for_ever() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_one_thread(async {
        let statement_timeout = Duration::from_millis(300);
        let pooling = crate::Pooling { statement_timeout, ..POOLING };
        let store = open(&database.url(), pooling).await;
        let tenant = new_tenant(&store).await;
        let other = connect(&database.url()).await;
        other.batch_execute("BEGIN; SELECT FROM tenants FOR UPDATE").await.unwrap();
        let began = Instant::now();
        let refused = store.write(write(tenant, create("A"))).await.unwrap_err();
        let is_away = matches!(refused, WriteError::Store(StoreError::Unavailable(_)));
        assert!(is_away, "{refused}");
        assert!(began.elapsed() >= statement_timeout);
        other.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(make(&store, tenant, create("A")).await.counts(), (1, 0));
    });
}

/// Whatever isolation the database has transactions begin with, a write sees what was committed
/// before it got its turn.
#[test]
fn writes_of_several_processes_meet_under_any_default_isolation() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let name = database.query("SELECT current_database()");
    database.query(&format!(
        "ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"
    ));
    on_one_thread(async {
        let stores = [open(&database.url(), POOLING).await, open(&database.url(), POOLING).await];
        let tenant = new_tenant(&stores[0]).await;
        let mut ledger = crate::ledger::Ledger::default();
        for number in 0..40 {
            let [one, other] =
                stores.each_ref().map(|store| make(store, tenant, create(&format!("{number}"))));
            let (one, other) = tokio::join!(one, other);
            ledger.join(one);
            ledger.join(other);
        }
        assert_eq!(ledger.counts(), (40, 40));
        ledger.check(&stores[0], tenant).await;
    });
}
