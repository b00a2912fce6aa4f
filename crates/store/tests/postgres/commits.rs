//! The connection is lost on the way of a transaction: before, within and behind its commit.

use std::sync::Arc;

use model::TenantId;
use store::{Operation, Outcome, Precondition, Query, Revisions, Store, WriteError};
use testbed::{Cluster, Cut, Proxy};

use crate::support::{connect, history, in_a_minute, on_one_thread, on_threads, write};
use crate::{OURS, POOLING, create, draft, new_tenant, open, until};

/// The statement with its end: `READ COMMITTED` is another one.
const COMMIT: &str = "COMMIT\0";

/// Every place at which a transaction can be torn. An answer to `COMMIT` has 18 bytes, of which the
/// first 12 say that it is done.
const TEARS: [(&str, Cut); 11] = [
    ("BEGIN", Cut::Unsent),
    ("BEGIN", Cut::Answered(0)),
    ("FOR UPDATE", Cut::Unsent),
    ("INSERT INTO identities", Cut::Unsent),
    ("INSERT INTO changes", Cut::Answered(5)),
    ("UPDATE tenants", Cut::Answered(0)),
    (COMMIT, Cut::Unsent),
    (COMMIT, Cut::Answered(0)),
    (COMMIT, Cut::Answered(1)),
    (COMMIT, Cut::Answered(12)),
    (COMMIT, Cut::Answered(17)),
];

/// Several writes, sound and unsound, that come at the same time.
async fn write_together(store: &Arc<Store>, tenant: TenantId) {
    let Outcome::Row(old) = store.write(write(tenant, create("old"))).await.unwrap() else {
        panic!("not a row")
    };
    let (id, never) = (old.id, Some(Revisions::Of(vec![7])));
    let precondition = |if_match| Precondition { if_match, ..Precondition::default() };
    let rows = vec![draft("A", "again"), draft("C", "new")];
    let writes = [
        create("A"),
        create("a"),
        Operation::Delete { id, precondition: precondition(never) },
        Operation::Delete { id, precondition: precondition(None) },
        create("OLD"),
        Operation::Import { rows, overwrite: true },
    ]
    .map(|operation| write(tenant, operation));
    let requests = writes.each_ref().map(|write| write.audit.request_id);
    let tasks = writes.map(|write| {
        let store = Arc::clone(store);
        tokio::spawn(async move { store.write(write).await })
    });
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert!(
        matches!(
            answers.as_slice(),
            [
                Ok(Outcome::Row(_)),
                Err(WriteError::Conflict),
                Err(WriteError::PreconditionFailed),
                Ok(Outcome::Deleted),
                Ok(Outcome::Row(_)),
                Ok(Outcome::Imported(_)),
            ]
        ),
        "{answers:?}"
    );
    let history = history(store, tenant).await;
    let stored: Vec<_> = history.iter().map(|change| change.audit.request_id).collect();
    assert_eq!(stored[1..], [0, 3, 4, 5, 5].map(|of| requests[of]));
    assert!(history[1..].iter().all(|it| it.at == history[1].at), "they share a transaction");
    let rows = store.page(tenant, Query::by_key(9), in_a_minute()).await.unwrap();
    let told = |index: usize| match &answers[index] {
        Ok(Outcome::Row(row)) => row.clone(),
        other => panic!("{other:?}"),
    };
    let Ok(Outcome::Imported(imported)) = &answers[5] else { panic!("{answers:?}") };
    let mut wanted = vec![told(4), imported[0].0.clone(), imported[1].0.clone()];
    assert_eq!(told(0).id, imported[0].0.id);
    wanted.sort_by_key(|row| row.id);
    assert_eq!(rows, wanted);
}

#[test]
fn a_torn_transaction_is_stored_once_and_answered_as_it_was() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_one_thread(async {
        for (text, cut) in TEARS {
            println!("{text} {cut:?}");
            let proxy = Proxy::new(cluster.address());
            // A store of its own has all statements yet to prepare.
            let store = Arc::new(open(&database.url_at(proxy.address()), POOLING).await);
            let tenant = new_tenant(&store).await;
            proxy.cut_at(text, cut);
            write_together(&store, tenant).await;
            assert_eq!(proxy.cuts_to_come(), 0, "{text}");
            store.close().await;
        }
    });
}

/// The second transaction of a store is the one that is torn, several times over, and so are the
/// connections over which it is looked for.
#[test]
fn what_settles_a_commit_may_be_torn_itself() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_one_thread(async {
        for cut in [Cut::Unsent, Cut::Answered(0)] {
            let proxy = Proxy::new(cluster.address());
            let store = Arc::new(open(&database.url_at(proxy.address()), POOLING).await);
            let tenant = new_tenant(&store).await;
            proxy.cut_at(COMMIT, cut);
            for _ in 0..2 {
                proxy.cut_at("SELECT EXISTS", Cut::Unsent);
                proxy.cut_at("SELECT EXISTS", Cut::Answered(3));
            }
            // What settles it commits, too.
            proxy.cut_at(COMMIT, Cut::Answered(0));
            write_together(&store, tenant).await;
            assert_eq!(proxy.cuts_to_come(), 0, "{cut:?}");
            store.close().await;
        }
    });
}

/// Where others confirm commits, and nobody does: a server that ends meanwhile has stored the write,
/// and might yet be lost with it.
#[test]
fn a_write_whose_commit_was_not_confirmed_is_as_safe_as_others_when_it_is_acknowledged() {
    let Some(cluster) = Cluster::own() else { return };
    let database = cluster.database();
    let set = |names: &str| {
        database.query(&format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'"));
        database.query("SELECT pg_reload_conf()");
    };
    on_threads(async {
        let store = Arc::new(open(&database.url(), POOLING).await);
        let tenant = new_tenant(&store).await;
        set("nobody");
        let writing = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.write(write(tenant, create("A"))).await }
        });
        let waits = format!("{OURS} AND wait_event = 'SyncRep'");
        until(&database, &format!("SELECT count(*) = 1 {waits}")).await;
        let lost = database.query(&format!("SELECT pid {waits}"));
        database.query(&format!("SELECT pg_terminate_backend({lost})"));
        until(&database, &format!("SELECT count(*) = 1 {waits} AND pid <> {lost}")).await;
        assert!(!writing.is_finished());
        set("");
        assert!(writing.await.unwrap().is_ok());
        assert_eq!(history(&store, tenant).await.len(), 1);
    });
}

/// A read is given up amid its transaction. Who reads over its connection next sees what is there.
#[test]
fn a_read_that_is_given_up_leaves_no_old_state_behind() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_threads(async {
        // One connection for reads.
        let store =
            Arc::new(open(&database.url(), crate::Pooling { connections: 2, ..POOLING }).await);
        let tenant = new_tenant(&store).await;
        let other = connect(&database.url()).await;
        let lock = "BEGIN; LOCK TABLE identities IN ACCESS EXCLUSIVE MODE";
        other.batch_execute(lock).await.unwrap();
        let reading = tokio::spawn({
            let store = Arc::clone(&store);
            // It is judged row by row, in one state of the register.
            let query = Query { search: odata::query::Search::parse("A").ok(), ..Query::by_key(9) };
            async move { store.page(tenant, query, in_a_minute()).await.map(drop) }
        });
        until(&database, &format!("SELECT count(*) = 1 {OURS} AND wait_event_type = 'Lock'")).await;
        reading.abort();
        assert!(reading.await.unwrap_err().is_cancelled());
        other.batch_execute("ROLLBACK").await.unwrap();
        let made = store.write(write(tenant, create("A"))).await.unwrap();
        let Outcome::Row(row) = made else { panic!("{made:?}") };
        assert_eq!(store.get(tenant, row.id).await.unwrap(), Some(row));
    });
}
