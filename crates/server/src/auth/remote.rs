//! The keys that an issuer publishes, kept as they are there: fetched at the start, again from
//! time to time, and when a token names a key that is not known. Must not know tokens.
//!
//! One task fetches, so that no two fetches of an issuer run at once. Whoever misses a key asks
//! for a round and waits for its end.

use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::fetch::{self, FetchError, Fetcher};
use super::issuer::Issuer;
use super::keys::{Key, KeySet, KeySetError};

/// Least time between two rounds that unknown keys ask for.
const BETWEEN_DEMANDS: Duration = Duration::from_secs(60);
/// How long a request waits for a round. After that it is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long keys are believed whose issuer cannot be reached.
const BELIEVED_FOR: Duration = Duration::from_secs(24 * 3_600);
/// Longest time between two attempts at an issuer that cannot be reached.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Longest address that a document may give.
const MAX_URL_BYTES: usize = 2_048;

/// Where an issuer's documents are.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) issuer: Issuer,
    /// The address of its discovery document.
    pub(crate) discovery: String,
}

impl Source {
    /// An issuer whose discovery document is where the standard says.
    pub(crate) fn of(issuer: Issuer) -> Self {
        Self { discovery: issuer.discovery(), issuer }
    }
}

/// Why a key cannot be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The issuer has no such key.
    Unknown,
    /// The issuer cannot be asked.
    Away,
}

/// What went wrong in a round.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("'{}' is no address", shown(.0))]
    Address(String),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{url} is no discovery document: {cause}")]
    Discovery { url: String, cause: serde_json::Error },
    #[error("{url} is that of the issuer '{}', and not of '{expected}'", shown(.found))]
    Issuer { url: String, found: String, expected: Issuer },
    #[error("the 'jwks_uri' {0} is not https, and not of this machine")]
    Insecure(Url),
    #[error("{url}: {cause}")]
    Keys { url: Url, cause: KeySetError },
}

/// As much of what somebody else wrote as a line of the log may hold.
fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

/// The part of a discovery document that is of use here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// The keys of an issuer.
#[derive(Debug)]
pub(super) struct Remote {
    source: Source,
    held: RwLock<Held>,
    round: watch::Sender<Round>,
    last_demand: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Held {
    /// None before the first round that succeeded, and when it was too long ago.
    keys: Option<Arc<KeySet>>,
    since: Option<Instant>,
    failures: u32,
}

/// One turn of fetching.
#[derive(Clone, Copy, Debug)]
struct Round {
    number: u64,
    /// It is asked for, or runs.
    is_due: bool,
}

impl Remote {
    /// Begins to keep the keys of an issuer, for as long as somebody holds them. They are fetched
    /// at least every `every`.
    pub(super) fn keep(source: Source, fetcher: Fetcher, every: Duration) -> Arc<Self> {
        let (round, rounds) = watch::channel(Round { number: 0, is_due: true });
        let held = RwLock::default();
        let remote = Arc::new(Self { source, held, round, last_demand: Mutex::default() });
        tokio::spawn(keep(Arc::downgrade(&remote), rounds, fetcher, every));
        remote
    }

    /// The key of this name. One that is not known is asked for.
    pub(super) async fn key(&self, kid: &str) -> Result<Arc<Key>, Missing> {
        // A round that ran already may have begun before the key was there: hence a second one.
        for _ in 0..2 {
            if let Some(key) = self.known(kid) {
                return Ok(key);
            }
            let Some(number) = self.ask() else { return Err(self.missing()) };
            let mut rounds = self.round.subscribe();
            let ended = rounds.wait_for(|round| round.number > number);
            if tokio::time::timeout(PATIENCE, ended).await.is_err() {
                return Err(Missing::Away);
            }
        }
        self.known(kid).ok_or_else(|| self.missing())
    }

    /// Whether keys are believed at the moment.
    pub(super) fn knows_keys(&self) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).keys.is_some()
    }

    fn known(&self, kid: &str) -> Option<Arc<Key>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.keys.as_ref()?.get(kid)
    }

    fn missing(&self) -> Missing {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if held.keys.is_none() || held.failures > 0 { Missing::Away } else { Missing::Unknown }
    }

    /// Asks for a round; gives the number of the one before it. None if it is too early for one.
    fn ask(&self) -> Option<u64> {
        let mut before = None;
        self.round.send_if_modified(|round| {
            let is_asked = !round.is_due && self.may_demand(Instant::now());
            round.is_due |= is_asked;
            before = round.is_due.then_some(round.number);
            is_asked
        });
        before
    }

    fn may_demand(&self, now: Instant) -> bool {
        let mut last = self.last_demand.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| now.duration_since(last) >= BETWEEN_DEMANDS);
        if may {
            *last = Some(now);
        }
        may
    }

    async fn fetch(&self, fetcher: &Fetcher) -> Result<KeySet, RoundError> {
        let (url, document) = self.get(fetcher, &self.source.discovery).await?;
        let url = url.to_string();
        let discovery: Discovery = serde_json::from_slice(&document)
            .map_err(|cause| RoundError::Discovery { url: url.clone(), cause })?;
        if Issuer::pattern(&discovery.issuer) != self.source.issuer {
            let (found, expected) = (discovery.issuer, self.source.issuer.clone());
            return Err(RoundError::Issuer { url, found, expected });
        }
        let (url, document) = self.get(fetcher, &discovery.jwks_uri).await?;
        let before = self.held.read().unwrap_or_else(PoisonError::into_inner).keys.clone();
        KeySet::read(&document, before.as_deref()).map_err(|cause| RoundError::Keys { url, cause })
    }

    async fn get(&self, fetcher: &Fetcher, url: &str) -> Result<(Url, Vec<u8>), RoundError> {
        let parsed = Url::parse(url).ok().filter(|_| url.len() <= MAX_URL_BYTES);
        let url = parsed.ok_or_else(|| RoundError::Address(url.to_owned()))?;
        if !fetch::is_safe(&url) {
            return Err(RoundError::Insecure(url));
        }
        let document = fetcher.get(&url).await?;
        Ok((url, document))
    }

    /// Takes what came of a round; gives the time until the next one.
    fn take(&self, outcome: Result<KeySet, RoundError>, every: Duration) -> Duration {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let issuer = &self.source.issuer;
        match outcome {
            Ok(keys) => {
                let is_same = held.keys.as_ref().is_some_and(|before| before.is_same(&keys));
                if !is_same {
                    tracing::info!(%issuer, keys = keys.len(), "keys of the issuer taken");
                }
                if held.failures > 0 && is_same {
                    tracing::info!(%issuer, "the issuer can be reached again");
                }
                *held =
                    Held { keys: Some(Arc::new(keys)), since: Some(Instant::now()), failures: 0 };
                every
            }
            Err(error) => {
                held.failures = held.failures.saturating_add(1);
                let again = pause(held.failures);
                let is_old = held.since.is_none_or(|since| since.elapsed() >= BELIEVED_FOR);
                if is_old {
                    held.keys = None;
                }
                let callers = if is_old { "refused" } else { "served by the keys known so far" };
                tracing::warn!(
                    %issuer, %error, callers, again_in_s = again.as_secs(),
                    "the keys of the issuer cannot be fetched"
                );
                again
            }
        }
    }
}

/// One second, two, four, and so on.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(u32::BITS - 1);
    Duration::from_secs(1_u64 << doublings).min(MAX_PAUSE)
}

async fn keep(
    remote: Weak<Remote>,
    mut rounds: watch::Receiver<Round>,
    fetcher: Fetcher,
    every: Duration,
) {
    loop {
        let Some(this) = remote.upgrade() else { return };
        this.round.send_modify(|round| round.is_due = true);
        let outcome = this.fetch(&fetcher).await;
        let pause = this.take(outcome, every);
        this.round.send_modify(|round| {
            *round = Round { number: round.number + 1, is_due: false };
        });
        drop(this);
        // It ends early when a round is asked for, or when nobody holds the keys any more.
        drop(tokio::time::timeout(pause, rounds.wait_for(|round| round.is_due)).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_become_rarer_and_never_end() {
        let pauses: Vec<u64> =
            [1, 2, 3, 6, 7, 8, u32::MAX].map(|failures| pause(failures).as_secs()).into();
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60, 60]);
    }

    fn remote() -> Remote {
        let issuer: Issuer = "https://id.example.com/".parse().unwrap();
        let source = Source::of(issuer);
        let (round, _) = watch::channel(Round { number: 0, is_due: false });
        Remote { source, held: RwLock::default(), round, last_demand: Mutex::default() }
    }

    fn away() -> Result<KeySet, RoundError> {
        Err(RoundError::Address("nowhere".to_owned()))
    }

    #[tokio::test(start_paused = true)]
    async fn unknown_keys_ask_for_one_round_a_minute() {
        let remote = remote();
        let end = || remote.round.send_modify(|round| round.is_due = false);
        assert!(remote.ask().is_some());
        assert!(remote.ask().is_some(), "a second one waits for the same round");
        end();
        assert!(remote.ask().is_none());
        tokio::time::advance(BETWEEN_DEMANDS - Duration::from_millis(1)).await;
        assert!(remote.ask().is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(remote.ask().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_outlive_their_issuer_by_a_day() {
        let (remote, every) = (remote(), Duration::from_secs(300));
        assert_eq!(remote.missing(), Missing::Away);
        remote.take(Ok(KeySet::default()), every);
        assert_eq!(remote.missing(), Missing::Unknown);
        tokio::time::advance(BELIEVED_FOR - Duration::from_secs(1)).await;
        remote.take(away(), every);
        assert!(remote.held.read().unwrap().keys.is_some());
        assert_eq!(remote.missing(), Missing::Away, "the key may be new");
        tokio::time::advance(Duration::from_secs(1)).await;
        remote.take(away(), every);
        assert!(remote.held.read().unwrap().keys.is_none());
    }
}
