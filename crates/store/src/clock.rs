//! Where the time enters, and with it the time-ordered ids. Nothing else reads a clock of days.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use odata::DateTimeOffset;
use uuid::{ContextV7, Timestamp, Uuid};

/// A source of instants and of GUIDs that sort by the instant of their making.
#[derive(Clone, Debug)]
pub struct Clock {
    source: fn() -> SystemTime,
    ids: Arc<Mutex<ContextV7>>,
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self::reading(SystemTime::now)
    }

    /// A clock that shows what `source` says.
    pub(crate) fn reading(source: fn() -> SystemTime) -> Self {
        Self { source, ids: Arc::new(Mutex::new(ContextV7::new())) }
    }

    /// The instant in ticks of 100 ns since 0001-01-01T00:00:00Z.
    pub fn ticks(&self) -> i64 {
        let since_epoch = (self.source)().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ticks = since_epoch.as_nanos() / 100;
        DateTimeOffset::UNIX_EPOCH_TICKS + i64::try_from(ticks).unwrap_or_default()
    }

    /// The instant in whole seconds since 1970, as JWTs count.
    pub fn unix_seconds(&self) -> i64 {
        (self.ticks() - DateTimeOffset::UNIX_EPOCH_TICKS) / DateTimeOffset::TICKS_PER_SECOND
    }

    /// The instant, in UTC. A clock set behind the year 1 or past 9999 shows year 1.
    pub fn now(&self) -> DateTimeOffset {
        DateTimeOffset::from_ticks_utc(self.ticks()).unwrap_or(DateTimeOffset::MIN)
    }

    /// A new UUIDv7, greater than all that this clock made before.
    pub fn guid(&self) -> Uuid {
        let since_epoch = (self.source)().duration_since(UNIX_EPOCH).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(
            &*self.ids,
            since_epoch.as_secs(),
            since_epoch.subsec_nanos(),
        ))
    }
}
