//! How often a caller may call. A limit counts in windows: one opens with the first request that
//! finds none, lasts for as long as the limit says, and admits as many requests as it says. What
//! one limit refuses counts for none. Must not know routes.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use model::TenantId;

use super::error::ApiError;
use crate::auth::Principal;

/// Windows kept at most, of about 150 bytes each. Past that the one that ends first goes.
const MAX_WINDOWS: usize = 16_384;
/// Longest window that can be asked for: a day.
const MAX_SECONDS: u32 = 24 * 3_600;

/// Which limits there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Throttling {
    /// None.
    #[default]
    Off,
    /// Those that Intune publishes for enrolment.
    Intune,
    /// So many requests in so many seconds, for each application in each tenant.
    Each {
        /// Requests.
        requests: u32,
        /// Seconds.
        seconds: u32,
    },
}

impl FromStr for Throttling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rate = |text: &str| {
            let (requests, seconds) = text.split_once('/')?;
            let (requests, seconds): (u32, u32) = (requests.parse().ok()?, seconds.parse().ok()?);
            let is_rate = requests > 0 && (1..=MAX_SECONDS).contains(&seconds);
            is_rate.then_some(Self::Each { requests, seconds })
        };
        match text {
            "off" => Ok(Self::Off),
            "intune" => Ok(Self::Intune),
            text => rate(text).ok_or_else(|| {
                "give off, intune, or requests/seconds, such as 10/1: at least one request, in at \
                 most a day"
                    .to_owned()
            }),
        }
    }
}

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    /// Whether only requests count that write, as Graph tells them: by their method.
    of_writes: bool,
    /// Whether each application of a tenant has windows of its own.
    of_each_app: bool,
    requests: u32,
    seconds: u32,
}

const fn limit(of_writes: bool, of_each_app: bool, requests: u32, seconds: u32) -> Limit {
    Limit { of_writes, of_each_app, requests, seconds }
}

/// What Intune publishes for enrolment.
const INTUNE: [Limit; 4] = [
    limit(true, false, 200, 20),
    limit(true, true, 100, 20),
    limit(false, false, 2_000, 20),
    limit(false, true, 1_000, 20),
];

impl Throttling {
    fn limits(self) -> Vec<Limit> {
        match self {
            Self::Off => Vec::new(),
            Self::Intune => INTUNE.to_vec(),
            Self::Each { requests, seconds } => vec![limit(false, true, requests, seconds)],
        }
    }
}

/// Whose requests a window counts, and by which limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    limit: usize,
    tenant: TenantId,
    app: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: Instant,
    left: u32,
}

/// Counts requests.
#[derive(Debug)]
pub(super) struct Throttle {
    limits: Vec<Limit>,
    windows: Mutex<HashMap<Key, Window>>,
}

impl Throttle {
    pub(super) fn new(throttling: Throttling) -> Self {
        Self { limits: throttling.limits(), windows: Mutex::default() }
    }

    /// Counts a request that is about to be served.
    ///
    /// # Errors
    /// A limit is reached. Then it does not count.
    pub(super) fn admit(&self, caller: &Principal, method: &Method) -> Result<(), ApiError> {
        if self.limits.is_empty() {
            return Ok(());
        }
        self.count(caller.tenant(), caller.app_id(), !method.is_safe(), Instant::now())
            .map_err(|(limit, wait)| refused(limit, wait))
    }

    /// Counts a request, or says which limit refuses it and for how long.
    fn count(
        &self,
        tenant: TenantId,
        app: Option<&str>,
        writes: bool,
        now: Instant,
    ) -> Result<(), (Limit, Duration)> {
        let counted =
            self.limits.iter().enumerate().filter(|(_, limit)| writes || !limit.of_writes);
        let keyed: Vec<(Key, Limit)> = counted
            .map(|(index, limit)| {
                let app = app.filter(|_| limit.of_each_app).map(str::to_owned);
                (Key { limit: index, tenant, app }, *limit)
            })
            .collect();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let refusals = keyed.iter().filter_map(|(key, limit)| {
            let window = windows.get(key).filter(|window| window.left == 0)?;
            let wait = window.ends.saturating_duration_since(now);
            (!wait.is_zero()).then_some((*limit, wait))
        });
        if let Some(longest) = refusals.max_by_key(|(_, wait)| *wait) {
            return Err(longest);
        }
        for (key, limit) in keyed {
            make_room(&mut windows, &key, now);
            let fresh = Window {
                ends: now + Duration::from_secs(limit.seconds.into()),
                left: limit.requests,
            };
            let window = windows.entry(key).or_insert(fresh);
            if window.ends <= now {
                *window = fresh;
            }
            window.left = window.left.saturating_sub(1);
        }
        Ok(())
    }
}

/// Sees to it that a window can be added without there being too many.
fn make_room(windows: &mut HashMap<Key, Window>, key: &Key, now: Instant) {
    if windows.len() < MAX_WINDOWS || windows.contains_key(key) {
        return;
    }
    windows.retain(|_, window| window.ends > now);
    if windows.len() >= MAX_WINDOWS {
        let first = windows.iter().min_by_key(|(_, window)| window.ends);
        if let Some(first) = first.map(|(key, _)| key.clone()) {
            windows.remove(&first);
        }
    }
}

fn refused(limit: Limit, wait: Duration) -> ApiError {
    let Limit { of_writes, of_each_app, requests, seconds } = limit;
    let what = if of_writes { "writes" } else { "requests" };
    let whose = if of_each_app { "one application in this tenant" } else { "this tenant" };
    // Whole seconds, and none too few.
    let wait_s = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
    ApiError::throttled(
        &format!(
            "Too many requests: {requests} {what} in {seconds} s are served to {whose}. Try again \
             after the time in Retry-After."
        ),
        NonZeroU32::new(wait_s).unwrap_or(NonZeroU32::MIN),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));
    const OTHER: TenantId = TenantId(Uuid::from_u128(2));

    /// How many of `n` requests are admitted.
    fn admitted(throttle: &Throttle, app: &str, writes: bool, n: usize, now: Instant) -> usize {
        let admits = |_: &usize| throttle.count(TENANT, Some(app), writes, now).is_ok();
        (0..n).filter(admits).count()
    }

    #[test]
    fn words_and_rates_are_read() {
        assert_eq!("off".parse(), Ok(Throttling::Off));
        assert_eq!("intune".parse(), Ok(Throttling::Intune));
        assert_eq!("10/1".parse(), Ok(Throttling::Each { requests: 10, seconds: 1 }));
        for bad in ["", "on", "10", "0/1", "1/0", "-1/1", "1/86401", "1/1/1", "1.5/1", "10 / 1"] {
            assert!(bad.parse::<Throttling>().unwrap_err().contains("10/1"), "{bad}");
        }
    }

    #[test]
    fn a_window_opens_with_its_first_request_and_admits_so_many() {
        let throttle = Throttle::new(Throttling::Each { requests: 3, seconds: 10 });
        let (start, s) = (Instant::now(), Duration::from_secs(1));
        assert_eq!(admitted(&throttle, "a", false, 2, start), 2);
        assert_eq!(admitted(&throttle, "a", false, 5, start + 9 * s), 1);
        let (_, wait) = throttle.count(TENANT, Some("a"), false, start + 9 * s).unwrap_err();
        assert_eq!(wait, s);
        assert_eq!(admitted(&throttle, "a", false, 5, start + 10 * s), 3);
        assert_eq!(admitted(&throttle, "a", false, 5, start + 19 * s), 0);
        assert_eq!(admitted(&throttle, "a", false, 5, start + 50 * s), 3);
    }

    #[test]
    fn applications_and_tenants_do_not_share() {
        let throttle = Throttle::new(Throttling::Each { requests: 1, seconds: 10 });
        let now = Instant::now();
        assert_eq!(admitted(&throttle, "a", false, 2, now), 1);
        assert_eq!(admitted(&throttle, "b", true, 2, now), 1);
        assert!(throttle.count(TENANT, None, false, now).is_ok());
        assert!(throttle.count(OTHER, Some("a"), false, now).is_ok());
        assert!(throttle.count(OTHER, Some("a"), false, now).is_err());
    }

    #[test]
    fn intune_has_four_limits() {
        let (throttle, now) = (Throttle::new(Throttling::Intune), Instant::now());
        assert_eq!(admitted(&throttle, "a", true, 300, now), 100);
        // What one limit refuses does not count for the others: the tenant has 100 writes left.
        assert_eq!(admitted(&throttle, "b", true, 70, now), 70);
        assert_eq!(admitted(&throttle, "c", true, 70, now), 30);
        assert_eq!(admitted(&throttle, "a", false, 2_000, now), 900);
        assert_eq!(admitted(&throttle, "d", false, 2_000, now), 900);
        let (limit, _) = throttle.count(TENANT, Some("e"), false, now).unwrap_err();
        assert_eq!(limit, INTUNE[2]);
        assert_eq!(admitted(&throttle, "a", true, 1, now + Duration::from_secs(20)), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(Throttling::Each { requests: 1, seconds: 10 });
        let now = Instant::now();
        for app in 0..MAX_WINDOWS + 10 {
            assert!(throttle.count(TENANT, Some(&app.to_string()), false, now).is_ok());
        }
        assert_eq!(throttle.windows.lock().unwrap().len(), MAX_WINDOWS);
        let later = now + Duration::from_secs(10);
        assert!(throttle.count(TENANT, Some("new"), false, later).is_ok());
        assert_eq!(throttle.windows.lock().unwrap().len(), 1);
    }
}
