//! A small register on disk, and the same rows in memory: what the engine answers is held against
//! what the reference evaluation answers. Must not know where queries come from.

use std::time::{Duration, Instant};

use model::{
    Draft, EnrollmentState, Field, Identity, IdentityType, Patch, Platform, Rules, TenantId,
};
use odata::DateTimeOffset;
use odata::query::{Apply, Filter, OrderBy, Search};
use store::sqlite::Sqlite;
use store::{Actor, Audit, Clock, Durability, Operation, Outcome, Position, Query, Store, Write};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Whose rows they are.
pub(crate) const TENANT: TenantId = TenantId(Uuid::from_u128(0xF));

/// Orders by all that is read and compared differently.
pub(crate) const ORDERS: [&str; 12] = [
    "id",
    "id desc",
    "importedDeviceIdentifier",
    "description",
    "description desc,importedDeviceIdentifier",
    "platform desc,lastContactedDateTime",
    "enrollmentState,lastContactedDateTime desc",
    "lastContactedDateTime desc",
    "length(description)",
    "date(lastContactedDateTime) desc,time(lastContactedDateTime)",
    "fractionalseconds(lastContactedDateTime),tolower(description) desc",
    "contains(description,'a'),description eq null",
];

/// Texts that are alike in all but one way.
const TEXTS: [&str; 12] =
    ["a", "A", "ab", "a%b", "a_b", "a\\b", "a'b", "é", "e\u{301}", "\u{FFFF}", "\u{1F600}", "ß"];

/// What `now()` stands for.
pub(crate) fn now() -> DateTimeOffset {
    DateTimeOffset::from_ticks_utc(639_000_000_000_000_001).unwrap()
}

pub(crate) struct Register {
    store: Store,
    runtime: Runtime,
    rows: Vec<Identity>,
    _directory: tempfile::TempDir,
}

impl Register {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("muster.db");
        let store = Store::Sqlite(Sqlite::open(&path, Durability::None, Clock::system()).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert!(runtime.block_on(store.add_tenant(TENANT, "Fuzz", true)).unwrap());
        let audit = Audit {
            actor: Actor::System,
            ip: None,
            request_id: Uuid::nil(),
            client_request_id: None,
        };
        let operation = Operation::Import { rows: drafts(), overwrite: false };
        let write = Write { tenant: TENANT, audit, deadline: in_a_minute(), operation };
        let outcome = runtime.block_on(store.write(write)).unwrap();
        assert!(matches!(outcome, Outcome::Imported(_)), "{outcome:?}");
        let all = store.page(TENANT, Query::by_key(usize::MAX), in_a_minute());
        let rows = runtime.block_on(all).unwrap();
        assert_eq!(rows.len(), TEXTS.len());
        Self { store, runtime, rows, _directory: directory }
    }

    /// The engine finds, counts and orders the rows behind a place as the reference does.
    pub(crate) fn agrees(
        &self,
        filter: Option<&Filter>,
        search: Option<&Search>,
        order: &OrderBy,
        after: Option<&Position>,
    ) {
        let is_found = |row: &Identity| {
            let texts = row.searched();
            search.is_none_or(|search| search.matches(&texts.each_ref().map(String::as_str)))
        };
        let passes =
            |row: &&Identity| filter.is_none_or(|filter| filter.matches(*row)) && is_found(row);
        let mut wanted: Vec<Identity> = self.rows.iter().filter(passes).cloned().collect();
        let count = self.store.count(TENANT, filter.cloned(), search.cloned(), in_a_minute());
        let count = self.runtime.block_on(count).unwrap();
        assert_eq!(count, wanted.len() as u64, "{filter:?} {search:?}");
        wanted.sort_by(|left, right| order.compare(left, right));
        let is_behind = |row: &Identity| {
            let place = Position::behind(row, order);
            after.is_none_or(|after| place.compare(after, order).is_gt())
        };
        wanted.retain(is_behind);
        wanted.truncate(4);
        let query = Query {
            filter: filter.cloned(),
            search: search.cloned(),
            order: order.clone(),
            after: after.cloned(),
            skip: 0,
            limit: 4,
        };
        let page = self.store.page(TENANT, query.clone(), in_a_minute());
        assert_eq!(self.runtime.block_on(page).unwrap(), wanted, "{query:?}");
    }

    /// The engine counts groups as the reference does.
    pub(crate) fn summarizes(&self, apply: &Apply) {
        let groups = self.store.summary(TENANT, apply.clone(), in_a_minute());
        let groups = self.runtime.block_on(groups).unwrap();
        assert_eq!(groups, apply.summarize(&self.rows), "{apply}");
    }
}

fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A row for each text, with every member of every enumeration and instants of all ages.
fn drafts() -> Vec<Draft> {
    let draft = |(index, text): (usize, &&str)| {
        let number = i64::try_from(index).unwrap();
        let ticks = [0, 635_556_483_000_000_000, now().ticks(), DateTimeOffset::MAX.ticks()];
        let instant = ticks.get(index % ticks.len()).copied().unwrap_or_default();
        let offset = [0, 60, -840, 330].get(index % 3).copied().unwrap_or_default();
        let utc = DateTimeOffset::from_ticks_utc(instant);
        let patch = Patch {
            identifier: Some((*text).to_owned()),
            identity_type: IdentityType::from_value(number % 4),
            contacted: DateTimeOffset::new(instant, offset).or(utc),
            description: if index % 3 == 0 { Field::Null } else { Field::Value(text.repeat(2)) },
            enrollment_state: EnrollmentState::from_value(number % 6),
            platform: Platform::from_value(number % 8),
        };
        Draft::new(patch, Rules::Documented).unwrap()
    };
    TEXTS.iter().enumerate().map(draft).collect()
}
