//! The storage engines: where each keeps the register of a service, and how a test holds its writes
//! up. Nothing else in these tests knows one from another.

use std::path::{Path, PathBuf};

use testbed::{Cluster, Database};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many services may share the server: each has connections, of which it takes only so many.
static PLACES: Semaphore = Semaphore::const_new(8);

/// The storage engines that every test runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Where one service has its register. It goes with this.
pub(crate) enum Register {
    Sqlite(PathBuf),
    Postgres { database: Database, _place: SemaphorePermit<'static> },
}

/// Keeps a service from storing anything for as long as it lives.
pub(crate) enum Held {
    Sqlite { _lock: rusqlite::Connection },
    Postgres { _lock: tokio_postgres::Client },
}

impl Engine {
    /// An empty place for a register. `None` where the engine is not installed, which it has said.
    pub(crate) async fn register(self, data: &Path) -> Option<Register> {
        match self {
            Self::Sqlite => Some(Register::Sqlite(data.join("muster.db"))),
            Self::Postgres => {
                let cluster = Cluster::shared()?;
                let _place = PLACES.acquire().await.unwrap();
                Some(Register::Postgres { database: cluster.database(), _place })
            }
        }
    }
}

impl Register {
    /// What `--store` takes.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite:{}", file.display()),
            Self::Postgres { database, .. } => database.url(),
        }
    }

    /// Holds up writes: one is begun at most, and waits.
    pub(crate) async fn hold_up(&self) -> Held {
        match self {
            Self::Sqlite(file) => {
                let lock = rusqlite::Connection::open(file).unwrap();
                lock.execute_batch("BEGIN IMMEDIATE").unwrap();
                Held::Sqlite { _lock: lock }
            }
            Self::Postgres { database, .. } => {
                let tls = tokio_postgres::NoTls;
                let (lock, connection) =
                    tokio_postgres::connect(&database.url(), tls).await.unwrap();
                tokio::spawn(connection);
                // Every write begins with the row of its tenant.
                let rows = "BEGIN; SELECT 1 FROM tenants FOR UPDATE";
                lock.batch_execute(rows).await.unwrap();
                Held::Postgres { _lock: lock }
            }
        }
    }
}
