//! What can go wrong between here and PostgreSQL, whether trying again helps, and how long it is
//! tried. Must not know what was asked.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::tls;
use crate::StoreError;

/// How long trouble is waited out: a failover that goes well is over by then.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first pause between two attempts, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// Why an attempt did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// It can be made again, over a connection of its own.
    Passing(String),
    /// It will come to the same.
    Final(StoreError),
    /// Another statement of the transaction has failed, and says why.
    Aborted,
}

impl Failure {
    /// Why there is no connection, where this many hosts may be connected to.
    pub(super) fn to_connect(error: PoolError, hosts: usize) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                // Of several hosts, another may be there a moment later.
                let is_refused = hosts == 1 && is_refused(&error);
                match Self::from(error) {
                    Self::Passing(told) | Self::Final(StoreError::Damaged(told)) if is_refused => {
                        Self::Final(StoreError::Unavailable(told))
                    }
                    // Whoever cannot be connected to may be there a moment later.
                    Self::Final(StoreError::Damaged(told)) => Self::Passing(told),
                    other => other,
                }
            }
            PoolError::Timeout(_) => Self::Passing("no connection came free in time".to_owned()),
            other => Self::Final(StoreError::Unavailable(other.to_string())),
        }
    }

    /// The same, told to another of those who were in it together.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Passing(why) => Self::Passing(why.clone()),
            Self::Final(error) => Self::Final(error.again()),
            Self::Aborted => Self::Aborted,
        }
    }

    /// As it is told to whoever asked.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Passing(why) => StoreError::Unavailable(why),
            // It says nothing of why, and the cause may pass.
            Self::Aborted => StoreError::Unavailable("a transaction was given up".to_owned()),
            Self::Final(error) => error,
        }
    }
}

/// What two pipelined statements came to. Of one that failed, those behind it fail, too.
pub(super) fn both<A, B>(
    one: Result<A, Failure>,
    other: Result<B, Failure>,
) -> Result<(A, B), Failure> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(Failure::Aborted), Err(cause)) | (Err(cause), _) | (Ok(_), Err(cause)) => Err(cause),
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let told = told(&error);
        let Some(code) = error.code() else {
            // Nearly all failures come as a connection that has gone, without a word of the server.
            return if is_of_the_connection(&error) {
                Self::Passing(told)
            } else {
                Self::Final(StoreError::Damaged(told))
            };
        };
        match code {
            &SqlState::IN_FAILED_SQL_TRANSACTION => Self::Aborted,
            &SqlState::QUERY_CANCELED => Self::Final(StoreError::Deadline),
            code if helps_again(code) => Self::Passing(told),
            // What was decided does not fit what is stored; or a page cannot be read.
            &SqlState::UNIQUE_VIOLATION
            | &SqlState::DATA_CORRUPTED
            | &SqlState::INDEX_CORRUPTED
            | &SqlState::UNDEFINED_TABLE
            | &SqlState::UNDEFINED_COLUMN => Self::Final(StoreError::Damaged(told)),
            _ => Self::Final(StoreError::Unavailable(told)),
        }
    }
}

/// Whether the database has no room for another connection.
pub(super) fn is_full(error: &PoolError) -> bool {
    let PoolError::Backend(error) = error else { return false };
    error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS)
}

/// Whether another attempt, over another connection, may succeed: the connection failed (class 08),
/// it lost against another transaction (40), or the server ends the connection, begins (57P), has no
/// room, or is not the one that takes writes.
fn helps_again(code: &SqlState) -> bool {
    let passing = [
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    ["08", "40", "57P"].iter().any(|class| code.code().starts_with(class)) || passing.contains(code)
}

fn is_of_the_connection(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    error.is_closed()
        || source.is_none()
        || source.is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether a host is not as we are told to have it, without a word of its own.
fn is_refused(error: &Error) -> bool {
    let refusal = || tls::refusal(std::error::Error::source(error)?);
    error.code().is_none() && (remedy(error).is_some() || refusal().is_some())
}

/// The server's own words, and what to do where it does not let us in. What values it complains of
/// stands elsewhere, and is left out.
pub(super) fn told(error: &Error) -> String {
    let said = match error.as_db_error() {
        Some(error) => format!("PostgreSQL says: {} ({})", error.message(), error.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => {
                let said = tls::refusal(source).unwrap_or_else(|| source.to_string());
                format!("{error}: {said}")
            }
            None => error.to_string(),
        },
    };
    match remedy(error) {
        Some(remedy) => format!("{said}: {remedy}"),
        None => said,
    }
}

/// What to do where we are not let in.
fn remedy(error: &Error) -> Option<&'static str> {
    let Some(code) = error.code() else {
        // The library's words are all there is to tell these by.
        return match std::error::Error::source(error)?.to_string().as_str() {
            "server does not support TLS" => Some(
                "switch it on there (ssl = on), or, where nobody is in between, give \
                 sslmode=disable",
            ),
            "password missing" => Some(PASSWORD),
            _ => None,
        };
    };
    Some(match *code {
        SqlState::INVALID_PASSWORD => PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "the server needs this role, and a line in its pg_hba.conf that lets the role in from \
             here; where such lines say hostssl, sslmode=disable is in vain"
        }
        SqlState::INVALID_CATALOG_NAME => "create it first, with encoding UTF8",
        SqlState::TOO_MANY_CONNECTIONS => {
            "have fewer (--store-connections, for each process), or allow more there \
             (max_connections, or the limit of the role or database)"
        }
        _ => return None,
    })
}

const PASSWORD: &str = "give the role's password in the URL of the store, as \
                        postgres://USER:PASSWORD@HOST/DATABASE, with '@' as %40, '?' as %3F, '%' as %25";

/// Since when the database has been away.
#[derive(Clone, Debug, Default)]
pub(super) struct Away(Arc<Absence>);

#[derive(Debug, Default)]
struct Absence {
    /// Whether there is one: looked at by every read.
    lasts: AtomicBool,
    failed: Mutex<Option<Failed>>,
}

/// The first attempt of an absence that failed, and the last.
#[derive(Clone, Copy, Debug)]
struct Failed {
    first: Instant,
    last: Instant,
}

impl Away {
    /// An attempt has succeeded.
    pub(super) fn is_over(&self) {
        if self.0.lasts.swap(false, Ordering::Relaxed) {
            *self.failed() = None;
        }
    }

    fn goes_on(&self) {
        let last = Instant::now();
        let mut failed = self.failed();
        let first = failed.filter(Failed::is_recent).map_or(last, |failed| failed.first);
        *failed = Some(Failed { first, last });
        self.0.lasts.store(true, Ordering::Relaxed);
    }

    fn is_long(&self) -> bool {
        self.0.lasts.load(Ordering::Relaxed)
            && self.failed().is_some_and(|failed| failed.is_recent() && failed.is_long())
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, Option<Failed>> {
        self.0.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Attempts at one thing, until this instant. As long as the database has been away for long,
    /// each thing is tried once: whoever asks is told at once instead of when their time is over.
    pub(super) fn attempts(&self, deadline: Instant) -> Attempts {
        let patience = if self.is_long() { Duration::ZERO } else { PATIENCE };
        Attempts {
            away: self.clone(),
            deadline,
            patience,
            until: None,
            pause: FIRST_PAUSE,
            why: None,
        }
    }
}

impl Failed {
    /// Whether it tells of now: nobody may have asked since.
    fn is_recent(&self) -> bool {
        self.last.elapsed() < PATIENCE
    }

    /// Whether somebody has lost patience: that is up to a pause before its end.
    fn is_long(&self) -> bool {
        self.first.elapsed() + LONGEST_PAUSE >= PATIENCE
    }
}

/// How often and how long a thing is tried.
#[derive(Debug)]
pub(super) struct Attempts {
    away: Away,
    deadline: Instant,
    patience: Duration,
    /// Known from the first failure on: what takes long is no trouble.
    until: Option<Instant>,
    pause: Duration,
    /// Why the last one did not succeed.
    why: Option<String>,
}

impl Attempts {
    /// Waits before the next attempt.
    ///
    /// # Errors
    /// There is to be none.
    pub(super) async fn again(&mut self, failure: Failure) -> Result<(), StoreError> {
        let is_passing = !matches!(failure, Failure::Final(_));
        let why = match (failure.into_error(), self.why.take()) {
            (StoreError::Unavailable(why), _) if is_passing => why,
            // What kept it until then says more.
            (StoreError::Deadline, Some(why)) => return Err(StoreError::Unavailable(why)),
            (error, _) => return Err(error),
        };
        self.away.goes_on();
        let pause = jittered(self.pause);
        let end = self.deadline.min(Instant::now() + self.patience);
        if Instant::now() + pause >= *self.until.get_or_insert(end) {
            return Err(StoreError::Unavailable(why));
        }
        tracing::debug!(why, "tried again");
        self.why = Some(why);
        tokio::time::sleep(pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

/// Half of it to all of it, so that what failed together is not tried again together.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0);
    let part = u32::try_from(random % 1_000).unwrap_or_default();
    pause / 2 + pause / 2_000 * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again() {
        for code in [
            "40001", "40003", "40P01", "25006", "25P03", "55P03", "57P01", "57P02", "57P03",
            "57P05", "53300", "08006",
        ] {
            assert!(helps_again(&SqlState::from_code(code)), "{code}");
        }
        for code in ["23505", "42P01", "57014", "53100", "22021", "28P01", "XX001"] {
            assert!(!helps_again(&SqlState::from_code(code)), "{code}");
        }
    }

    #[test]
    fn the_cause_is_told_and_not_what_came_of_it() {
        let aborted = || Err::<(), _>(Failure::Aborted);
        let cause = || Err::<(), _>(Failure::Final(StoreError::Deadline));
        for (one, other) in [(aborted(), cause()), (cause(), aborted()), (Ok(()), cause())] {
            assert!(matches!(both(one, other), Err(Failure::Final(StoreError::Deadline))));
        }
        assert!(matches!(both(Ok(()), aborted()), Err(Failure::Aborted)));
        assert!(both(Ok(()), Ok(())).is_ok());
    }

    #[tokio::test]
    async fn trouble_is_waited_out_until_it_has_lasted() {
        let away = Away::default();
        let mut attempts = away.attempts(Instant::now() + Duration::from_millis(200));
        let passing = || Failure::Passing("gone".to_owned());
        let mut tries = 0;
        while attempts.again(passing()).await.is_ok() {
            tries += 1;
        }
        assert!((2..=20).contains(&tries), "{tries}");
        let mut attempts = away.attempts(Instant::now() + Duration::from_secs(3_600));
        assert!(attempts.again(Failure::Final(StoreError::Deadline)).await.is_err());
    }
}
