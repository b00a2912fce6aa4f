use std::path::Path;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::{Patch, TenantId};
use odata::query::Search;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::queue::Queue;
use crate::sqlite::query::{self, Reading};
use crate::sqlite::{Place, checkpoint, indexer, rows, schema};
use crate::testing::{TENANT, create, describe, expired, hand_in, import, update, write};
use crate::{
    BEGINNING, Change, Durability, HistoryFilter, Operation, Precondition, Query, SnapshotStep,
};

/// A register whose writer works when a test says so.
struct Bench {
    writer: Writer,
    clock: Clock,
    directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::at(TempDir::new().unwrap(), Clock::system())
    }

    fn at(directory: TempDir, clock: Clock) -> Self {
        let place = place(directory.path());
        let mut connection = place.connect().unwrap();
        schema::prepare(&mut connection, &clock).unwrap();
        let add = "INSERT OR IGNORE INTO tenants VALUES (?1, 'Tests', 1, 1, 0)";
        connection.execute(add, params![blob(&TENANT.0)]).unwrap();
        let (checkpoints, _thread) = checkpoint::start(&place).unwrap();
        // Text is indexed when a test says so, not by the thread.
        let stopped = Arc::new(true.into());
        let (indexing, _thread) = indexer::start(&place, checkpoints.clone(), stopped).unwrap();
        let between = Between { checkpoints, indexing };
        let writer = Writer::new(between, clock.clone(), Arc::default()).unwrap();
        Self { writer, clock, directory }
    }

    /// The same register after the process has ended.
    fn again(self) -> Self {
        let Self { writer, clock, directory } = self;
        drop(writer);
        Self::at(directory, clock)
    }

    /// Does writes that all wait when the writer comes for them.
    fn work(&mut self, writes: Vec<Write>) -> Answers {
        let (queue, mut intake) = Queue::new();
        let mut waiting: Vec<_> =
            writes.into_iter().map(|write| hand_in(&queue, write).ok().unwrap()).collect();
        queue.close();
        while let Some(batches) = intake.next() {
            for batch in batches {
                self.writer.work(batch);
            }
        }
        waiting.iter_mut().map(|waiting| waiting.answer().unwrap()).collect()
    }

    fn create(&mut self, identifier: &str) -> Identity {
        match self.work(vec![write(create(identifier))]).remove(0) {
            Ok(Outcome::Row(row)) => row,
            other => panic!("{other:?}"),
        }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.writer.between.indexing.connection()
    }

    fn page(&self, query: &Query) -> Vec<Identity> {
        let connection = &self.connection();
        let deadline = Instant::now() + Duration::from_secs(60);
        query::page(&Reading { connection, tenant: TENANT, deadline }, query).unwrap()
    }

    fn execute(&self, sql: &str) {
        self.connection().execute_batch(sql).unwrap();
    }

    fn history(&self) -> Vec<Change> {
        let filter = HistoryFilter { tenant: Some(TENANT), id: None };
        rows::history(&self.connection(), &filter, None, 100_000).unwrap()
    }

    /// The identifiers of the rows in which a search finds something.
    fn found(&self, search: &str) -> Vec<String> {
        let search = Some(Search::parse(search).unwrap());
        let rows = self.page(&Query { search, ..Query::by_key(100_000) });
        rows.into_iter().map(|row| row.identifier).collect()
    }

    /// Indexes all text.
    fn index(&self) {
        while search::index_some(&self.connection(), 100).unwrap() > 0 {}
    }

    fn step(&mut self, step: SnapshotStep) {
        let answers = self.work(vec![write(Operation::Snapshot(step))]);
        assert!(matches!(answers.as_slice(), [Ok(_)]), "{answers:?}");
    }

    /// The identifiers of the rows, after a look at whether the history tells the same story.
    fn identifiers(&self) -> Vec<String> {
        let rows = self.page(&Query::by_key(100_000));
        let mut told = std::collections::BTreeMap::new();
        for (seq, change) in (1..).zip(self.history()) {
            assert_eq!(change.seq, seq, "the history has no gaps");
            match change.after {
                Some(row) => told.insert(change.id, row),
                None => told.remove(&change.id),
            };
        }
        assert!(told.values().eq(&rows), "the history replays to the rows");
        rows.into_iter().map(|row| row.identifier).collect()
    }
}

fn place(directory: &Path) -> Place {
    Place { path: directory.join("test.db"), durability: Durability::None }
}

fn unavailable(answers: &Answers) -> bool {
    answers
        .iter()
        .all(|answer| matches!(answer, Err(WriteError::Store(StoreError::Unavailable(_)))))
}

#[test]
fn text_that_was_not_indexed_when_the_process_ended_is_found_after_it() {
    let mut bench = Bench::new();
    let changed = bench.create("changed-1");
    let removed = bench.create("removed-2");
    bench.index();
    bench.create("new-3");
    let (id, precondition) = (removed.id, Precondition::default());
    bench.work(vec![
        write(describe(changed.id, "a spanner")),
        write(Operation::Delete { id, precondition }),
    ]);
    let bench = bench.again();
    for _ in 0..2 {
        assert_eq!(bench.found("spanner"), ["changed-1"]);
        assert_eq!(bench.found("new"), ["new-3"]);
        assert!(bench.found("removed").is_empty());
        bench.index();
    }
}

#[test]
fn what_going_back_brings_and_takes_is_found_and_not_found() {
    let mut bench = Bench::new();
    let (one, two) = (|| "one".to_owned(), || "two".to_owned());
    let row = bench.create("first-1");
    bench.work(vec![write(describe(row.id, "a spanner"))]);
    bench.step(SnapshotStep::Take(one()));
    bench.work(vec![write(describe(row.id, "a wrench")), write(create("second-2"))]);
    bench.step(SnapshotStep::Take(two()));
    bench.index();
    for (step, spanner, wrench, second) in
        [(one(), 1, 0, 0), (two(), 0, 1, 1), (BEGINNING.to_owned(), 0, 0, 0), (one(), 1, 0, 0)]
    {
        bench.step(SnapshotStep::Restore(step.clone()));
        for _ in 0..2 {
            let counts = ["spanner", "wrench", "second"].map(|word| bench.found(word).len());
            assert_eq!(counts, [spanner, wrench, second], "{step}");
            bench.index();
        }
    }
}

#[test]
fn a_write_that_fails_costs_its_company_nothing() {
    let mut bench = Bench::new();
    let row = bench.create("A");
    let nobody = IdentityId(Uuid::nil());
    let empty = Patch { identifier: Some(String::new()), ..Patch::default() };
    let other_tenant = Write { tenant: TenantId(Uuid::nil()), ..write(create("D")) };
    let answers = bench.work(vec![
        write(create("B")),
        write(create("b")),
        write(describe(nobody, "of nothing")),
        write(update(row.id, empty)),
        other_tenant,
        write(describe(row.id, "first")),
        write(create("C")),
    ]);
    assert!(matches!(answers[0], Ok(Outcome::Row(_))));
    assert!(matches!(answers[1], Err(WriteError::Conflict)));
    assert!(matches!(answers[2], Err(WriteError::NotFound)));
    assert!(matches!(answers[3], Err(WriteError::Refused(_))));
    assert!(matches!(answers[4], Err(WriteError::NotLicensed)));
    assert!(matches!(answers[5], Ok(Outcome::Row(_))));
    assert!(matches!(answers[6], Ok(Outcome::Row(_))));
    assert_eq!(bench.identifiers(), ["A", "B", "C"]);
    let history = bench.history();
    assert_eq!(history.len(), 4);
    assert!(history[1..].iter().all(|change| change.at == history[1].at), "one transaction");
}

#[test]
fn writes_of_one_batch_see_what_those_before_them_did() {
    let mut bench = Bench::new();
    let row = bench.create("A");
    let rename = Patch { identifier: Some("B".to_owned()), ..Patch::default() };
    let answers = bench.work(vec![
        write(update(row.id, rename)),
        write(create("A")),
        write(create("B")),
        write(describe(row.id, "twice")),
        write(Operation::Delete { id: row.id, precondition: Precondition::default() }),
        write(describe(row.id, "too late")),
        write(create("B")),
    ]);
    let went = [true, true, false, true, true, false, true];
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), went);
    assert_eq!(bench.identifiers(), ["A", "B"]);
    let revs: Vec<_> =
        bench.history().into_iter().map(|change| change.after.map(|row| row.rev)).collect();
    assert_eq!(revs, [Some(1), Some(2), Some(1), Some(3), None, Some(1)]);
}

#[test]
fn a_write_past_its_deadline_is_not_begun() {
    let mut bench = Bench::new();
    let row = bench.create("A");
    let answers = bench.work(vec![
        expired(create("B")),
        write(create("C")),
        expired(describe(row.id, "too late")),
        expired(import("D", 1_000)),
    ]);
    for late in [0, 2, 3] {
        assert!(matches!(answers[late], Err(WriteError::Expired)), "{:?}", answers[late]);
    }
    assert!(answers[1].is_ok());
    assert_eq!(bench.identifiers(), ["A", "C"]);
}

/// What was decided meets a row that nobody has read: another insert gets in its way.
#[test]
fn a_write_that_cannot_be_stored_fails_alone() {
    let mut bench = Bench::new();
    bench.execute(
        "CREATE TRIGGER double BEFORE INSERT ON identities WHEN NEW.identifier = 'cursed' BEGIN
             INSERT INTO identities VALUES (NULL, NEW.tenant_id, NEW.id, 'double', 'double', 0,
                 0, 0, 0, 0, NULL, 0, 0, 1);
         END",
    );
    let answers =
        bench.work(["A", "cursed", "B"].map(|identifier| write(create(identifier))).into());
    assert!(matches!(answers[0], Ok(Outcome::Row(_))));
    assert!(matches!(&answers[1], Err(WriteError::Store(StoreError::Damaged(cause)))
        if cause.contains("UNIQUE")));
    assert!(matches!(answers[2], Ok(Outcome::Row(_))));
    assert_eq!(bench.identifiers(), ["A", "B"]);
}

/// As when two new rows get the same id: the next attempt makes new ones.
#[test]
fn writes_that_collide_only_in_company_all_go_through() {
    let mut bench = Bench::new();
    bench.create("first");
    bench.execute(
        "CREATE TRIGGER collision BEFORE INSERT ON identities
         WHEN (SELECT next_seq FROM tenants) <= (SELECT max(seq) FROM changes) BEGIN
             INSERT INTO identities SELECT NULL, tenant_id, id, 'double', 'double', 0,
                 0, 0, 0, 0, NULL, 0, 0, 1 FROM identities LIMIT 1;
         END",
    );
    let answers = bench.work(["A", "B", "C"].map(|identifier| write(create(identifier))).into());
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(bench.identifiers(), ["first", "A", "B", "C"]);
    let instants: Vec<_> = bench.history().into_iter().map(|change| change.at).collect();
    assert!(instants.windows(2).all(|pair| pair[0] != pair[1]), "one by one: {instants:?}");
}

#[test]
fn a_full_disk_fails_writes_whole_and_hurts_nothing() {
    let mut bench = Bench::new();
    let row = bench.create("A");
    let before = bench.history();
    bench.execute("PRAGMA max_page_count = 1");
    let writes =
        || vec![write(import("B", 200)), write(describe(row.id, "x")), write(import("C", 2_000))];
    for _ in 0..2 {
        let answers = bench.work(writes());
        assert!(unavailable(&answers), "{answers:?}");
        assert!(answers.iter().all(|answer| format!("{answer:?}").contains("full")), "{answers:?}");
        assert_eq!(bench.history(), before);
        assert_eq!(bench.identifiers(), ["A"]);
    }
    bench.execute("PRAGMA max_page_count = 1000000");
    assert!(bench.work(writes()).iter().all(Result::is_ok));
    assert_eq!(bench.identifiers().len(), 2_201);
}

#[test]
fn a_database_that_cannot_be_written_fails_writes_and_hurts_nothing() {
    let mut bench = Bench::new();
    bench.create("A");
    bench.execute("PRAGMA query_only = ON");
    let answers = bench.work(vec![write(create("B")), write(create("C"))]);
    assert!(unavailable(&answers), "{answers:?}");
    assert_eq!(bench.identifiers(), ["A"]);
    bench.execute("PRAGMA query_only = OFF");
    bench.create("D");
    assert_eq!(bench.identifiers(), ["A", "D"]);
}

#[test]
fn a_clock_that_is_set_back_does_not_turn_the_history_round() {
    static SECONDS: AtomicU64 = AtomicU64::new(2_000_000_000);
    fn source() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(SECONDS.load(Ordering::Relaxed))
    }
    let mut bench = Bench::at(TempDir::new().unwrap(), Clock::reading(source));
    let row = bench.create("A");
    SECONDS.store(1_000_000_000, Ordering::Relaxed);
    bench.work(vec![write(describe(row.id, "set back"))]);
    let mut bench = bench.again();
    bench.work(vec![write(describe(row.id, "set back and started anew"))]);
    SECONDS.store(2_000_000_001, Ordering::Relaxed);
    bench.work(vec![write(describe(row.id, "right again"))]);
    let history = bench.history();
    let since_first = |change: &Change| change.at.ticks() - history[0].at.ticks();
    let second = DateTimeOffset::TICKS_PER_SECOND;
    assert_eq!(history.iter().map(since_first).collect::<Vec<_>>(), [0, 0, 0, second]);
    let modified: Vec<_> =
        history.iter().map(|change| change.after.as_ref().unwrap().modified).collect();
    assert_eq!(modified, history.iter().map(|change| change.at).collect::<Vec<_>>());
}

#[test]
fn a_large_transaction_has_a_large_cache() {
    let mut bench = Bench::new();
    for (operation, wanted) in
        [(create("a"), -4_096), (import("b", MANY_ROWS), -32_768), (create("c"), -4_096)]
    {
        bench.work(vec![write(operation)]);
        let size = bench.connection().query_row("PRAGMA cache_size", [], |row| row.get(0));
        assert_eq!(size, Ok(wanted));
    }
}
