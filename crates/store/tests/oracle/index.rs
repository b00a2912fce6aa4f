//! What is SQLite's own: rows are searched for while its index of text is behind.

use std::time::{Duration, Instant};

use odata::query::Search;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rusqlite::Connection;
use store::Query;

use crate::register::Register;
use crate::support::{Engine, Place, in_a_minute};
use crate::{ask, questions, rows};

/// A connection beside the engine, to look at how far its index of text is, and to halt it.
struct Beside(Connection);

impl Beside {
    fn of(register: &Register) -> Self {
        Self(Connection::open(register.directory().join("muster.db")).unwrap())
    }

    /// How many rows the index of text does not know yet.
    fn backlog(&self) -> i64 {
        let sql = "SELECT count(*) FROM search_backlog";
        self.0.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn wait_for_the_index(&self) {
        let deadline = in_a_minute();
        while self.backlog() > 0 {
            assert!(Instant::now() < deadline, "the index of text is not brought up to date");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Some rows are indexed, and others come while the index stands still; then it catches up.
#[test]
fn parts_of_text_are_found_however_far_the_index_is() {
    let register = Register::at(Place::on(Engine::Sqlite).unwrap());
    let beside = Beside::of(&register);
    let config = Config { failure_persistence: None, cases: 64, ..Config::default() };
    let some_rows = || vec(rows::any_row(), 0..20);
    let cases = (some_rows(), some_rows(), vec(questions::any_question_of_text(), 12));
    TestRunner::new(config)
        .run(&cases, |(first, later, questions)| {
            let tenant = register.tenant(first);
            beside.wait_for_the_index();
            register.import(tenant, later);
            let all = register.page(tenant, Query::by_key(usize::MAX));
            beside.0.execute_batch("BEGIN IMMEDIATE").unwrap();
            for question in &questions {
                ask(&register, tenant, &all, question);
            }
            beside.0.execute_batch("ROLLBACK").unwrap();
            beside.wait_for_the_index();
            for question in &questions {
                ask(&register, tenant, &all, question);
            }
            Ok::<(), TestCaseError>(())
        })
        .unwrap();
}

#[test]
fn nothing_of_a_removed_tenant_stays_in_the_index_of_text() {
    let register = Register::at(Place::on(Engine::Sqlite).unwrap());
    let beside = Beside::of(&register);
    let theirs = register.tenant(vec![rows::plain("unicorn-1"), rows::plain("unicorn-2")]);
    let ours = register.tenant(vec![rows::plain("unicorn-3")]);
    beside.wait_for_the_index();
    let indexed = || -> i64 {
        let sql = "SELECT count(*) FROM search WHERE search MATCH '\"uni\"'";
        beside.0.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(indexed(), 3);
    register.runtime.block_on(register.store.remove_tenant(theirs, &mut |_| {})).unwrap();
    let search = || Some(Search::parse("unicorn").unwrap());
    assert_eq!(register.count(ours, None, search()), 1);
    register.import(ours, vec![rows::plain("unicorn-4")]);
    beside.wait_for_the_index();
    assert_eq!((indexed(), register.count(ours, None, search())), (2, 2));
}
