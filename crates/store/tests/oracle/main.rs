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

mod index;
mod questions;
mod register;
mod rows;
#[allow(dead_code, reason = "it serves other tests, too")]
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use model::{Identity, TenantId, query_context};
use odata::query::{Apply, Filter, OrderBy, Search};
use odata::{DateTimeOffset, Options};
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use store::{Query, StoreError};

use questions::Question;
use register::Register;
use support::{Place, each_engine};

/// Declares one test, which runs once on every engine, and where text is ordered otherwise.
macro_rules! each_order {
    ($name:ident, $test:expr) => {
        each_engine!(
            $name,
            |place: Place| {
                let test: fn(&Register) = $test;
                test(&Register::at(place));
            },
            sqlite: Sqlite,
            postgres: Postgres,
            postgres_of_a_hostile_locale: HostilePostgres
        );
    };
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

pub(crate) fn ask(register: &Register, tenant: TenantId, all: &[Identity], question: &Question) {
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

each_order!(the_engine_gives_what_the_reference_gives, |register: &Register| {
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
                ask(register, tenant, &all, question);
            }
            for text in &summaries {
                let apply = apply(text);
                let wanted = apply.summarize(&all);
                assert_eq!(register.summary(tenant, apply), wanted, "{text}");
            }
            Ok::<(), TestCaseError>(())
        })
        .unwrap();
});

each_order!(more_rows_are_skipped_than_are_held_at_once, |register: &Register| {
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
});

each_order!(
    a_query_that_must_look_at_every_row_is_stopped_at_its_deadline,
    |register: &Register| {
        let tenant =
            register.tenant((0..25_000).map(|n| rows::plain(&format!("{n:05}"))).collect());
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
        let judged =
            "filter(contains(tolower(importedDeviceIdentifier),'x'))/aggregate($count as n)";
        let summary = register.store.summary(tenant, apply(judged), at_once());
        let summed = register.runtime.block_on(summary);
        assert!(matches!(summed, Err(StoreError::Deadline)), "{summed:?}");
    }
);

each_order!(one_tenant_never_sees_what_another_has, |register: &Register| {
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
});
