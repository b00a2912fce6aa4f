//! Reads of one row, many at a time: they share connections, and nothing else.

use std::sync::Arc;

use model::{Identity, TenantId};
use store::{Operation, Outcome, Store};
use testbed::{Cluster, Database};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::support::{connect, draft, on_threads, write};
use crate::{OURS, POOLING, new_tenant, open, until};

const ROWS: usize = 200;

async fn fill(store: &Store, tenant: TenantId) -> Vec<Identity> {
    let rows = (0..ROWS).map(|number| draft(&format!("{number:03}"), &tenant.to_string()));
    let import = Operation::Import { rows: rows.collect(), overwrite: false };
    let Outcome::Imported(rows) = store.write(write(tenant, import)).await.unwrap() else {
        panic!("an import is answered row by row")
    };
    rows.into_iter().map(|(row, _)| row).collect()
}

/// A register with rows of two tenants.
async fn filled(url: &str) -> (Arc<Store>, [(TenantId, Vec<Identity>); 2]) {
    let store = Arc::new(open(url, POOLING).await);
    let (one, other) = (new_tenant(&store).await, new_tenant(&store).await);
    let rows = [(one, fill(&store, one).await), (other, fill(&store, other).await)];
    (store, rows)
}

#[test]
fn each_gets_its_own_row_of_its_own_tenant() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_threads(async {
        let (store, [(one, of_one), (other, of_other)]) = filled(&database.url()).await;
        let mut reads = Vec::new();
        for (mine, foreign) in of_one.into_iter().zip(of_other) {
            for (tenant, row, wanted) in [
                (one, mine.clone(), Some(mine.clone())),
                (other, mine, None),
                (one, foreign.clone(), None),
                (other, foreign.clone(), Some(foreign)),
            ] {
                reads.push((wanted, read(&store, tenant, &row)));
            }
        }
        for (wanted, read) in reads {
            assert_eq!(read.await.unwrap(), wanted);
        }
    });
}

/// Keeps all from reading, until it is dropped.
async fn hold_up(database: &Database) -> Client {
    let holder = connect(&database.url()).await;
    holder.batch_execute("BEGIN; LOCK TABLE identities").await.unwrap();
    holder
}

fn read(store: &Arc<Store>, tenant: TenantId, row: &Identity) -> JoinHandle<Option<Identity>> {
    let (store, id) = (Arc::clone(store), row.id);
    tokio::spawn(async move { store.get(tenant, id).await.unwrap() })
}

/// Reads are on their way to the database, which keeps them.
async fn until_some_are_held(database: &Database) {
    until(database, &format!("SELECT count(*) > 1 {OURS} AND wait_event_type = 'Lock'")).await;
}

#[test]
fn who_gives_up_takes_nobody_along() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_threads(async {
        let (store, [(tenant, rows), _]) = filled(&database.url()).await;
        let holder = hold_up(&database).await;
        let reads: Vec<_> = rows.iter().map(|row| (row, read(&store, tenant, row))).collect();
        until_some_are_held(&database).await;
        for (_, given_up) in reads.iter().step_by(2) {
            given_up.abort();
        }
        holder.batch_execute("ROLLBACK").await.unwrap();
        for (row, read) in reads.into_iter().skip(1).step_by(2) {
            assert_eq!(read.await.unwrap().as_ref(), Some(row));
        }
    });
}

#[test]
fn a_runtime_may_end_while_reads_wait() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_threads(async {
        let (store, [(tenant, rows), _]) = filled(&database.url()).await;
        let _holder = hold_up(&database).await;
        for row in &rows {
            drop(read(&store, tenant, row));
        }
        until_some_are_held(&database).await;
    });
}

#[test]
fn connections_that_the_server_ends_lose_no_read() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_threads(async {
        let (store, [(tenant, rows), _]) = filled(&database.url()).await;
        let (rows, done) = (Arc::new(rows), Arc::new(Semaphore::new(0)));
        let clients: Vec<_> = (0..32)
            .map(|client| {
                let (store, rows, done) =
                    (Arc::clone(&store), Arc::clone(&rows), Arc::clone(&done));
                tokio::spawn(async move {
                    for row in rows.iter().cycle().skip(client).take(300) {
                        assert_eq!(store.get(tenant, row.id).await.unwrap().as_ref(), Some(row));
                        done.add_permits(1);
                    }
                })
            })
            .collect();
        for _ in 0..5 {
            done.acquire_many(1_500).await.unwrap().forget();
            database.query(&format!("SELECT pg_terminate_backend(pid) {OURS}"));
        }
        for client in clients {
            client.await.unwrap();
        }
    });
}
