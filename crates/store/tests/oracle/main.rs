//! The oracle: whatever is asked, in whatever order and pages, the engine gives the rows that the
//! reference evaluation gives, in its order.
//!
//! `PROPTEST_CASES` sets how many registers full of rows are tried.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod questions;
mod rows;

use std::time::{Duration, Instant};

use model::{Draft, Identity, TenantId, query_context};
use odata::query::{Apply, Filter, Group, OrderBy, Search};
use odata::{DateTimeOffset, Options};
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rusqlite::Connection;
use store::sqlite::Sqlite;
use store::{
    Actor, Audit, Clock, Durability, Operation, Outcome, Position, Query, Store, StoreError, Write,
};
use tokio::runtime::Runtime;
use uuid::Uuid;

use questions::Question;

/// A register in which every case has a tenant of its own.
struct Register {
    store: Store,
    runtime: Runtime,
    /// Beside the engine, to look at how far its index of text is, and to halt it.
    beside: Connection,
    _directory: tempfile::TempDir,
}

impl Register {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("muster.db");
        let engine = Sqlite::open(&path, Durability::None, Clock::system()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let beside = Connection::open(path).unwrap();
        Self { store: Store::Sqlite(engine), runtime, beside, _directory: directory }
    }

    /// A new tenant with these rows, those left out that are there already.
    fn tenant(&self, rows: Vec<Draft>) -> TenantId {
        let tenant = TenantId(Uuid::now_v7());
        assert!(self.runtime.block_on(self.store.add_tenant(tenant, "Tests", true)).unwrap());
        self.import(tenant, rows);
        tenant
    }

    fn import(&self, tenant: TenantId, rows: Vec<Draft>) {
        let audit = Audit {
            actor: Actor::System,
            ip: None,
            request_id: Uuid::now_v7(),
            client_request_id: None,
        };
        let operation = Operation::Import { rows, overwrite: false };
        let write = Write { tenant, audit, deadline: in_a_minute(), operation };
        let outcome = self.runtime.block_on(self.store.write(write)).unwrap();
        assert!(matches!(outcome, Outcome::Imported(_)), "{outcome:?}");
    }

    fn page(&self, tenant: TenantId, query: Query) -> Vec<Identity> {
        self.runtime.block_on(self.store.page(tenant, query, in_a_minute())).unwrap()
    }

    /// All rows that a query leads to, page by page.
    fn walk(&self, tenant: TenantId, mut query: Query) -> Vec<Identity> {
        let mut walked: Vec<Identity> = Vec::new();
        loop {
            let page = self.page(tenant, query.clone());
            assert!(page.len() <= query.limit);
            let is_last = page.len() < query.limit;
            walked.extend(page);
            if is_last {
                return walked;
            }
            query.after = walked.last().map(|row| Position::behind(row, &query.order));
            query.skip = 0;
        }
    }

    fn summary(&self, tenant: TenantId, apply: Apply) -> Vec<Group> {
        self.runtime.block_on(self.store.summary(tenant, apply, in_a_minute())).unwrap()
    }

    fn count(&self, tenant: TenantId, filter: Option<Filter>, search: Option<Search>) -> u64 {
        self.runtime.block_on(self.store.count(tenant, filter, search, in_a_minute())).unwrap()
    }

    /// How many rows the index of text does not know yet.
    fn backlog(&self) -> i64 {
        let sql = "SELECT count(*) FROM search_backlog";
        self.beside.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn wait_for_the_index(&self) {
        let deadline = in_a_minute();
        while self.backlog() > 0 {
            assert!(Instant::now() < deadline, "the index of text is not brought up to date");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn now() -> DateTimeOffset {
    DateTimeOffset::parse("2026-06-01T12:00:00Z").unwrap()
}

fn filter(text: &str) -> Filter {
    let options = Options::default();
    Filter::parse(text, &query_context(&options, now())).unwrap()
}

fn apply(text: &str) -> Apply {
    let options = Options::default();
    Apply::parse(text, &query_context(&options, now())).unwrap()
}

fn order(text: &str) -> OrderBy {
    let options = Options::default();
    OrderBy::parse(text, &query_context(&options, now())).unwrap()
}

fn ask(register: &Register, tenant: TenantId, all: &[Identity], question: &Question) {
    let filter = question.filter.as_deref().map(filter);
    let search = question.search.as_deref().map(|text| Search::parse(text).unwrap());
    let context_options = Options::default();
    let by_key = || OrderBy::by_key(&query_context(&context_options, now()));
    let order = question.order.as_deref().map_or_else(by_key, order);
    let is_found = |row: &Identity| {
        let texts = row.searched();
        search.as_ref().is_none_or(|it| it.matches(&texts.each_ref().map(String::as_str)))
    };
    let matches = |row: &&Identity| {
        filter.as_ref().is_none_or(|filter| filter.matches(*row)) && is_found(row)
    };
    let mut wanted: Vec<Identity> = all.iter().filter(matches).cloned().collect();
    assert_eq!(
        register.count(tenant, filter.clone(), search.clone()),
        wanted.len() as u64,
        "{question:?}"
    );
    wanted.sort_by(|left, right| order.compare(left, right));
    wanted.drain(..question.skip.min(wanted.len()));
    let skip = question.skip as u64;
    let query = Query { filter, search, order, after: None, skip, limit: question.limit };
    let found = register.walk(tenant, query);
    assert!(found == wanted, "{question:?}\nfound  {found:#?}\nwanted {wanted:#?}");
}

#[test]
fn the_engine_gives_what_the_reference_gives() {
    let register = Register::new();
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = (
        vec(rows::any_row(), 0..30),
        vec(questions::any_question(), 12),
        vec(questions::any_apply(), 6),
    );
    TestRunner::new(config)
        .run(&cases, |(rows, questions, summaries)| {
            let tenant = register.tenant(rows);
            let all = register.page(tenant, Query::by_key(usize::MAX));
            for question in &questions {
                ask(&register, tenant, &all, question);
            }
            for text in &summaries {
                let apply = apply(text);
                let wanted = apply.summarize(&all);
                assert_eq!(register.summary(tenant, apply), wanted, "{text}");
            }
            Ok::<(), TestCaseError>(())
        })
        .unwrap();
}

/// Some rows are indexed, and others come while the index stands still; then it catches up.
#[test]
fn parts_of_text_are_found_however_far_the_index_is() {
    let register = Register::new();
    let config = Config { failure_persistence: None, cases: 64, ..Config::default() };
    let some_rows = || vec(rows::any_row(), 0..20);
    let cases = (some_rows(), some_rows(), vec(questions::any_question_of_text(), 12));
    TestRunner::new(config)
        .run(&cases, |(first, later, questions)| {
            let tenant = register.tenant(first);
            register.wait_for_the_index();
            register.import(tenant, later);
            let all = register.page(tenant, Query::by_key(usize::MAX));
            register.beside.execute_batch("BEGIN IMMEDIATE").unwrap();
            for question in &questions {
                ask(&register, tenant, &all, question);
            }
            register.beside.execute_batch("ROLLBACK").unwrap();
            register.wait_for_the_index();
            for question in &questions {
                ask(&register, tenant, &all, question);
            }
            Ok::<(), TestCaseError>(())
        })
        .unwrap();
}

#[test]
fn more_rows_are_skipped_than_are_held_at_once() {
    let register = Register::new();
    let tenant = register.tenant((0..25_000).map(|n| rows::plain(&format!("{n:05}"))).collect());
    let query = |skip, limit| {
        let order = order("length(importedDeviceIdentifier),importedDeviceIdentifier desc");
        Query { filter: None, search: None, order, after: None, skip, limit }
    };
    for (skip, first) in [(0, Some("24999")), (9_999, Some("15000")), (24_999, Some("00000"))] {
        let page = register.page(tenant, query(skip, 3));
        assert_eq!(page.first().map(|row| row.identifier.as_str()), first, "{skip}");
    }
    for skip in [10_000, 19_999, 20_000, 24_998] {
        let page = register.page(tenant, query(skip, 3));
        let first = format!("{:05}", 24_999 - skip);
        assert_eq!(page.first().map(|row| row.identifier.clone()), Some(first));
    }
    for skip in [25_000, 30_000, u64::MAX] {
        assert_eq!(register.page(tenant, query(skip, 3)), [], "{skip}");
    }
    assert_eq!(register.page(tenant, query(0, usize::MAX)).len(), 25_000);
}

#[test]
fn a_query_that_must_look_at_every_row_is_stopped_at_its_deadline() {
    let register = Register::new();
    let tenant = register.tenant((0..25_000).map(|n| rows::plain(&format!("{n:05}"))).collect());
    let judged = filter("contains(tolower(importedDeviceIdentifier),'x')");
    let ordered = order("length(importedDeviceIdentifier)");
    let at_once = || Instant::now() + Duration::from_millis(1);
    let asked = [order("id"), order("platform"), ordered].map(|order| {
        let filter = Some(judged.clone());
        let query = Query { filter, search: None, order, after: None, skip: 0, limit: 10 };
        register.runtime.block_on(register.store.page(tenant, query, at_once())).map(drop)
    });
    for answer in asked {
        assert!(matches!(answer, Err(StoreError::Deadline)), "{answer:?}");
    }
    let count = register.store.count(tenant, Some(judged), None, at_once());
    let counted = register.runtime.block_on(count);
    assert!(matches!(counted, Err(StoreError::Deadline)), "{counted:?}");
    let judged = "filter(contains(tolower(importedDeviceIdentifier),'x'))/aggregate($count as n)";
    let summary = register.store.summary(tenant, apply(judged), at_once());
    let summed = register.runtime.block_on(summary);
    assert!(matches!(summed, Err(StoreError::Deadline)), "{summed:?}");
}

#[test]
fn one_tenant_never_sees_what_another_has() {
    let register = Register::new();
    let theirs = register.tenant(vec![rows::plain("A")]);
    let ours = register.tenant(vec![rows::plain("B")]);
    assert_ne!(theirs, ours);
    for text in [
        "true",
        "importedDeviceIdentifier eq 'A' or true",
        "not (importedDeviceIdentifier eq 'B')",
        "contains(importedDeviceIdentifier,'A') or description eq null",
    ] {
        let filter = filter(text);
        for order in [order("id desc"), order("description"), order("trim(description)")] {
            let filter = Some(filter.clone());
            let query = Query { filter, search: None, order, after: None, skip: 0, limit: 10 };
            let rows = register.page(ours, query);
            assert!(rows.iter().all(|row| row.identifier == "B"), "{text}: {rows:?}");
        }
        assert!(register.count(ours, Some(filter), None) <= 1, "{text}");
    }
}

#[test]
fn nothing_of_a_removed_tenant_stays_in_the_index_of_text() {
    let register = Register::new();
    let theirs = register.tenant(vec![rows::plain("unicorn-1"), rows::plain("unicorn-2")]);
    let ours = register.tenant(vec![rows::plain("unicorn-3")]);
    register.wait_for_the_index();
    let indexed = || -> i64 {
        let sql = "SELECT count(*) FROM search WHERE search MATCH '\"uni\"'";
        register.beside.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(indexed(), 3);
    register.runtime.block_on(register.store.remove_tenant(theirs, &mut |_| {})).unwrap();
    let search = || Some(Search::parse("unicorn").unwrap());
    assert_eq!(register.count(ours, None, search()), 1);
    register.import(ours, vec![rows::plain("unicorn-4")]);
    register.wait_for_the_index();
    assert_eq!((indexed(), register.count(ours, None, search())), (2, 2));
}
