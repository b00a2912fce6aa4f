//! What is PostgreSQL's own: connections that are lost, servers that end, and several processes on
//! one database. Whatever happens, a write that was acknowledged is stored once, and one that was
//! refused is not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod codes;
mod commits;
mod encryption;
mod ledger;
mod limits;
#[path = "../support/order.rs"]
mod order;
mod outages;
mod plans;
mod processes;
mod reads;
#[allow(dead_code, unused_imports, unused_macros, reason = "it serves other tests, too")]
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use model::TenantId;
use store::{Clock, Opening, Operation, Pooling, Store, StoreError};
use testbed::Database;
use uuid::Uuid;

use support::{draft, in_a_minute};

/// Few connections, so that what is wrong with one is soon met.
const POOLING: Pooling = Pooling {
    connections: 4,
    connect_timeout: Duration::from_secs(2),
    statement_timeout: Duration::from_secs(30),
};

/// A register at an address.
async fn open(url: &str, pooling: Pooling) -> Store {
    try_open(url, pooling).await.unwrap()
}

async fn try_open(url: &str, pooling: Pooling) -> Result<Store, StoreError> {
    let opening = Opening { pooling, ..Opening::default() };
    Store::open_as(&url.parse().unwrap(), opening, Clock::system()).await
}

async fn new_tenant(store: &Store) -> TenantId {
    let tenant = TenantId(Uuid::now_v7());
    assert!(store.add_tenant(tenant, "Tests", true).await.unwrap());
    tenant
}

fn create(identifier: &str) -> Operation {
    Operation::Create(draft(identifier, identifier))
}

/// Waits until the database answers a question with `true`.
async fn until(database: &Database, question: &str) {
    until_so(question, || database.query(question) == "t").await;
}

/// Waits until something is so, for a minute.
async fn until_so(what: &str, is_so: impl Fn() -> bool) {
    let deadline = in_a_minute();
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The connections of stores, to a database that only they and `psql` connect to.
const OURS: &str = "FROM pg_stat_activity WHERE application_name = 'muster' \
     AND datname = current_database()";
