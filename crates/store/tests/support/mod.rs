//! What the tests of the store stand on: a place for a register on each engine, and chance. Must not
//! know what is tested.

pub(crate) mod logged;

use std::time::{Duration, Instant};

use model::{Draft, Field, Patch, Rules, TenantId};
use rusqlite::Connection;
use store::{
    Actor, Audit, Change, Clock, Durability, HistoryFilter, Opening, Operation, Store, StoreUrl,
    Write,
};
use tempfile::TempDir;
use testbed::{Cluster, Database};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

/// What every test runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    /// In a database whose own order of text is another than that of code points.
    HostilePostgres,
}

/// Declares one test, which runs once on every engine, each time with an empty place of its own.
macro_rules! each_engine {
    ($name:ident, $test:expr) => {
        each_engine!($name, $test, sqlite: Sqlite, postgres: Postgres);
    };
    ($name:ident, $test:expr, $($on:ident: $engine:ident),+) => {
        mod $name {
            use super::*;

            fn run(engine: $crate::support::Engine) {
                let test: fn($crate::support::Place) = $test;
                if let Some(place) = $crate::support::Place::on(engine) {
                    test(place);
                }
            }

            $(
                #[test]
                fn $on() {
                    run($crate::support::Engine::$engine);
                }
            )+
        }
    };
}
pub(crate) use each_engine;

/// Where a register is, which goes with it.
pub(crate) enum Place {
    Directory(TempDir),
    Database(Database),
}

/// Keeps the writer from its next transaction for as long as this lives.
pub(crate) enum Hold {
    File { _connection: Connection },
    Server { _client: tokio_postgres::Client },
}

impl Place {
    /// An empty one. `None` where the engine is not there.
    pub(crate) fn on(engine: Engine) -> Option<Self> {
        Some(match engine {
            Engine::Sqlite => Self::Directory(TempDir::new().unwrap()),
            Engine::Postgres => Self::Database(Cluster::shared()?.database()),
            Engine::HostilePostgres => Self::Database(Cluster::shared()?.hostile_database()),
        })
    }

    /// Opens the register that is there, or makes it.
    pub(crate) async fn open(&self) -> Store {
        let url = match self {
            Self::Directory(directory) => StoreUrl::in_directory(directory.path()),
            Self::Database(database) => database.url().parse().unwrap(),
        };
        let opening = Opening { durability: Durability::None, ..Opening::default() };
        Store::open_as(&url, opening, Clock::system()).await.unwrap()
    }

    /// Has the engine do something that no store does.
    pub(crate) fn run(&self, sql: &str) {
        match self {
            Self::Directory(directory) => sqlite(directory).execute_batch(sql).unwrap(),
            Self::Database(database) => drop(database.query(sql)),
        }
    }

    /// The one number that SQL comes to.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        match self {
            Self::Directory(directory) => {
                sqlite(directory).query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Self::Database(database) => database.query(sql).parse().unwrap(),
        }
    }

    pub(crate) async fn hold_up(&self, tenant: TenantId) -> Hold {
        match self {
            Self::Directory(directory) => {
                let connection = sqlite(directory);
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Hold::File { _connection: connection }
            }
            Self::Database(database) => {
                let client = connect(&database.url()).await;
                let lock = format!("SELECT FROM tenants WHERE tenant_id = '{tenant}' FOR UPDATE");
                client.batch_execute(&format!("BEGIN; {lock}")).await.unwrap();
                Hold::Server { _client: client }
            }
        }
    }
}

fn sqlite(directory: &TempDir) -> Connection {
    Connection::open(directory.path().join("muster.db")).unwrap()
}

/// A connection of one's own, beside those of the store.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Runs a test on one thread.
pub(crate) fn on_one_thread(test: impl Future<Output = ()>) {
    runtime(&mut Builder::new_current_thread()).block_on(test);
}

/// Runs a test whose tasks run at the same time.
pub(crate) fn on_threads(test: impl Future<Output = ()>) {
    runtime(Builder::new_multi_thread().worker_threads(2)).block_on(test);
}

fn runtime(builder: &mut Builder) -> Runtime {
    builder.enable_all().build().unwrap()
}

pub(crate) fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A row of no type, with a description.
pub(crate) fn draft(identifier: &str, description: &str) -> Draft {
    let patch = Patch {
        identifier: Some(identifier.to_owned()),
        description: Field::Value(description.to_owned()),
        ..Patch::default()
    };
    Draft::new(patch, Rules::Documented).unwrap()
}

/// A write that somebody waits for, for a minute.
pub(crate) fn write(tenant: TenantId, operation: Operation) -> Write {
    let audit = Audit {
        actor: Actor::System,
        ip: None,
        request_id: Uuid::now_v7(),
        client_request_id: None,
    };
    Write { tenant, audit, deadline: in_a_minute(), operation }
}

/// All that was written to a tenant, which is numbered without gaps.
pub(crate) async fn history(store: &Store, tenant: TenantId) -> Vec<Change> {
    let filter = HistoryFilter { tenant: Some(tenant), id: None };
    let changes = store.history(&filter, None, usize::MAX).await.unwrap();
    for (seq, change) in (1..).zip(&changes) {
        assert_eq!(change.seq, seq, "the history has no gaps");
    }
    changes
}

/// Numbers that look random and are the same in every run (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// One of these.
    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let index = self.below(of.len().try_into().unwrap());
        of[usize::try_from(index).unwrap()].clone()
    }
}
