//! Connections to PostgreSQL: how they are set up, lent out and given back. Must not know what is
//! asked over them.

use std::time::{Duration, Instant};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use tokio::runtime::Handle;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{Attempts, Away, Failure, is_full};
use super::tls;
use super::url::PostgresUrl;
use crate::StoreError;

/// How connections to a database are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pooling {
    /// Most connections of this process at a time: half of them for writes.
    pub connections: usize,
    /// How long it may take to connect to a host.
    pub connect_timeout: Duration,
    /// How long a statement may take, whoever waits for it.
    pub statement_timeout: Duration,
}

impl Default for Pooling {
    fn default() -> Self {
        Self {
            connections: 16,
            connect_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(60),
        }
    }
}

/// How long the other side may leave what was sent to it lying before it counts as gone. One that
/// is busy with a statement does not take the next.
const SILENCE: Duration = Duration::from_secs(15);
/// How long it may not say that it is there, when it is asked.
const PROBE: Duration = Duration::from_secs(5);
/// How long a connection may be idle before it is looked whether the other side is there.
const IDLE: Duration = Duration::from_secs(30);
/// How long a transaction may stand still before the database ends it: the process that began it is
/// gone without a word, and others wait for what it has locked.
const ABANDONED: Duration = Duration::from_secs(20);

/// Connections of one kind.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    pool: Pool,
    /// Hosts in the address, each of which may be the one that is connected to.
    host_count: usize,
    tls: MakeRustls,
    /// The pool of the other kind, which gives up what is free where the database is full.
    others: Option<Pool>,
    pub(super) away: Away,
}

/// What cancels a statement needs it, too.
#[derive(Clone)]
struct MakeRustls(MakeRustlsConnect);

impl std::fmt::Debug for MakeRustls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MakeRustls").finish_non_exhaustive()
    }
}

impl Connections {
    /// None is made yet.
    pub(super) fn new(
        url: &PostgresUrl,
        pooling: &Pooling,
        most: usize,
        away: Away,
    ) -> Result<Self, StoreError> {
        let tls = tls::connector(&url.security)
            .map_err(|reason| StoreError::Open { path: url.to_string(), reason })?;
        let mut config = url.config.clone();
        configure(&mut config, pooling);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, tls.clone(), recycling);
        let timeout = pooling.statement_timeout.as_millis();
        // Commits are acknowledged when they are safe. A stricter setting of the database stays.
        let set_up = format!(
            "SET statement_timeout = {timeout};
             SET idle_in_transaction_session_timeout = {};
             SELECT set_config('synchronous_commit', 'on', false)
                 WHERE current_setting('synchronous_commit') IN ('off', 'local')",
            ABANDONED.as_millis()
        );
        let prepare = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            let set_up = set_up.clone();
            Box::pin(async move { client.batch_execute(&set_up).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(most)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(pooling.connect_timeout * HOSTS_TRIED))
            .post_create(prepare)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let host_count = url.config.get_hosts().len();
        Ok(Self { pool, host_count, tls: MakeRustls(tls), others: None, away })
    }

    /// Has these two kinds share what the database has room for: where it is full, what one has free
    /// it gives up for the other.
    pub(super) fn share(&mut self, other: &mut Self) {
        self.others = Some(other.pool.clone());
        other.others = Some(self.pool.clone());
    }

    /// Closes one connection of the other kind that is free.
    fn make_room(&self) {
        let mut is_made = false;
        if let Some(others) = &self.others {
            others.retain(|_, _| std::mem::replace(&mut is_made, true));
        }
    }

    /// A connection, waited for until `deadline`.
    pub(super) async fn take(&self, deadline: Instant) -> Result<Object, Failure> {
        match tokio::time::timeout_at(deadline.into(), self.pool.get()).await {
            Ok(taken) => taken.map_err(|error| {
                if is_full(&error) {
                    self.make_room();
                }
                Failure::to_connect(error, self.host_count)
            }),
            Err(_) => Err(Failure::Final(StoreError::Deadline)),
        }
    }

    /// Does something over a connection until `deadline`. One that it failed over, or was not done
    /// over in time, is not used again.
    pub(super) async fn until<T>(
        &self,
        deadline: Instant,
        connection: Object,
        work: impl AsyncFnOnce(&Object) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut lent = Lent { connection: Some(connection), tls: &self.tls.0 };
        let work = async {
            match &lent.connection {
                Some(connection) => work(connection).await,
                None => Err(Failure::Passing("the connection was given back".to_owned())),
            }
        };
        match tokio::time::timeout_at(deadline.into(), work).await {
            Ok(Ok(done)) => {
                drop(lent.connection.take());
                self.away.is_over();
                Ok(done)
            }
            Ok(Err(failure)) => {
                drop(lent.connection.take().map(Object::take));
                Err(failure)
            }
            Err(_) => Err(Failure::Final(StoreError::Deadline)),
        }
    }

    pub(super) fn attempts(&self, deadline: Instant) -> Attempts {
        self.away.attempts(deadline)
    }

    /// How many are in use.
    pub(super) fn in_use(&self) -> usize {
        let status = self.pool.status();
        status.size.saturating_sub(status.available)
    }

    /// Closes those that are free, of both kinds, and the rest as they are given back.
    pub(super) fn close(&self) {
        self.pool.close();
        if let Some(others) = &self.others {
            others.close();
        }
    }
}

/// A connection over which something is done. Where that is given up, out of time or because nobody
/// waits for it any more, the connection may be amid an answer or a transaction: nobody gets it
/// again, and the database stops what it is doing there.
struct Lent<'c> {
    connection: Option<Object>,
    tls: &'c MakeRustlsConnect,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let cancel = connection.cancel_token();
        drop(Object::take(connection));
        let tls = self.tls.clone();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                // If it does not hear, its statement ends with its own timeout.
                cancel.cancel_query(tls).await.ok();
            });
        }
    }
}

/// Hosts that may be tried, one after the other, before one that takes writes is found.
const HOSTS_TRIED: u32 = 4;

fn configure(config: &mut Config, pooling: &Pooling) {
    if config.get_application_name().is_none() {
        config.application_name("muster");
    }
    config.connect_timeout(pooling.connect_timeout);
    config.tcp_user_timeout(SILENCE);
    config.keepalives_idle(IDLE);
    config.keepalives_interval(PROBE);
    config.keepalives_retries(2);
}
