use std::time::{Duration, Instant};

use odata::query::{OrderBy, Search};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::query::lets_pass;
use crate::sqlite::query::{self, Reading};
use crate::sqlite::{rows, schema};
use crate::testing::TENANT;
use crate::{Clock, Durability, Query};

const MANY: i64 = 5_100;
const OTHERS: TenantId = TenantId(uuid::Uuid::from_u128(0x07e5));

/// A register without threads: a test alone decides what is indexed when.
struct Bench {
    connection: Connection,
    _file: tempfile::NamedTempFile,
}

impl Bench {
    fn new() -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut connection = Connection::open(file.path()).unwrap();
        schema::set_up(&connection, Durability::None).unwrap();
        schema::prepare(&mut connection, &Clock::system()).unwrap();
        Self { connection, _file: file }
    }

    /// Rows by the thousand: whose, called what, how many, behind which id, described how.
    fn with_many_rows(rows: &[(TenantId, &str, i64, i64, &str)]) -> Self {
        let bench = Self::new();
        let transaction = bench.connection.unchecked_transaction().unwrap();
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?3)
         INSERT INTO identities (tenant_id, id, identifier, identifier_key, type, created_ticks,
             modified_ticks, contacted_ticks, contacted_offset_min, description, enrollment_state,
             platform, rev)
         SELECT ?1, unhex(printf('%032x', i + ?4)), ?2 || i, ?2 || i, 2, 0, 0, 0, 0, ?5, 0, 0, 1
         FROM n";
        for (tenant, name, count, from, description) in rows {
            let values = params![blob(&tenant.0), name, count, from, description];
            transaction.execute(sql, values).unwrap();
        }
        mark_all(&transaction).unwrap();
        transaction.commit().unwrap();
        bench.index();
        bench
    }

    fn insert(&self, tenant: TenantId, id: u8, identifier: &str, description: &str) {
        self.connection
            .execute(
                "INSERT INTO identities (tenant_id, id, identifier, identifier_key, type,
                     created_ticks, modified_ticks, contacted_ticks, contacted_offset_min,
                     description, enrollment_state, platform, rev)
                 VALUES (?1, ?2, ?3, hex(?2), 2, 0, 0, 0, 0, ?4, 0, 0, 1)",
                params![blob(&tenant.0), [id; 16], identifier, description],
            )
            .unwrap();
        mark(&self.connection, self.connection.last_insert_rowid()).unwrap();
    }

    fn describe(&self, id: u8, description: &str) {
        let condition = "tenant_id = ?1 AND id = ?2";
        mark_where(&self.connection, condition, params![blob(&TENANT.0), [id; 16]]).unwrap();
        self.connection
            .execute(
                "UPDATE identities SET description = ?3 WHERE tenant_id = ?1 AND id = ?2",
                params![blob(&TENANT.0), [id; 16], description],
            )
            .unwrap();
    }

    fn delete(&self, id: u8) {
        let condition = "tenant_id = ?1 AND id = ?2";
        delete(&self.connection, condition, params![blob(&TENANT.0), [id; 16]]).unwrap();
    }

    /// Indexes the whole backlog.
    fn index(&self) {
        while index_some(&self.connection, 500).unwrap() > 0 {}
    }

    /// How many rows the index alone names.
    fn indexed(&self, text: &str) -> i64 {
        let sql = "SELECT count(*) FROM search WHERE search MATCH ?1";
        let wanted = matching(&Parts::One(text.to_owned()));
        self.connection.query_row(sql, [wanted], |row| row.get(0)).unwrap()
    }

    /// The first bytes of the ids that a search finds, looked at in every way.
    fn found(&self, search: &str) -> Vec<u8> {
        let deadline = Instant::now() + Duration::from_secs(60);
        let reading = Reading { connection: &self.connection, tenant: TENANT, deadline };
        let search = Some(Search::parse(search).unwrap());
        let query = Query { search: search.clone(), ..Query::by_key(1_000) };
        let rows = query::page(&reading, &query).unwrap();
        let count = query::count(&reading, None, search.as_ref()).unwrap();
        assert_eq!(count.min(1_000), rows.len() as u64, "{search:?}");
        let options = odata::Options::default();
        let context = model::query_context(&options, odata::DateTimeOffset::MIN);
        let order = OrderBy::parse("platform", &context).unwrap();
        let sorted = query::page(&reading, &Query { order, ..query }).unwrap();
        assert_eq!(sorted, rows, "all are of one platform: {search:?}");
        rows.iter().filter_map(|row| row.id.0.as_bytes().first().copied()).collect()
    }
}

#[test]
fn a_row_is_found_before_it_is_indexed_and_after() {
    let bench = Bench::new();
    bench.insert(TENANT, 1, "C02ABC", "Lost tablet");
    bench.insert(TENANT, 2, "C02DEF", "In the safe");
    for search in ["lost", "\"t tab\"", "C02A", "ABC tablet", "lost OR nothing"] {
        assert_eq!(bench.found(search), [1], "{search}");
    }
    bench.index();
    for search in ["lost", "\"t tab\"", "C02A", "ABC tablet", "lost OR nothing"] {
        assert_eq!(bench.found(search), [1], "{search}");
    }
    assert_eq!(bench.found("c02"), [1, 2]);
    assert_eq!(bench.indexed("c02"), 2);
}

#[test]
fn what_is_written_stands_in_the_backlog_until_it_is_indexed() {
    let bench = Bench::new();
    let length = || -> i64 {
        let sql = "SELECT count(*) FROM search_backlog";
        bench.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    bench.insert(TENANT, 1, "C02ABC", "Lost tablet");
    assert_eq!((length(), bench.indexed("lost")), (1, 0));
    bench.index();
    assert_eq!((length(), bench.indexed("lost")), (0, 1));
    bench.describe(1, "Found again");
    assert_eq!((length(), bench.found("found"), bench.found("lost")), (1, vec![1], vec![]));
    bench.index();
    assert_eq!((length(), bench.indexed("found again"), bench.indexed("lost")), (0, 1, 0));
    bench.delete(1);
    assert_eq!((length(), bench.found("found")), (1, vec![]));
    bench.index();
    assert_eq!((length(), bench.indexed("found again")), (0, 0));
}

/// SQLite gives the number of the last row anew when that has been removed.
#[test]
fn a_row_is_found_under_the_number_of_a_removed_one() {
    let bench = Bench::new();
    bench.insert(TENANT, 1, "first", "lost tablet");
    bench.index();
    bench.delete(1);
    bench.insert(TENANT, 2, "second", "found tablet");
    assert_eq!((bench.found("found"), bench.found("lost")), (vec![2], vec![]));
    bench.index();
    assert_eq!((bench.found("found"), bench.found("lost")), (vec![2], vec![]));
    assert_eq!(bench.indexed("lost"), 0);
}

#[test]
fn the_index_names_rows_of_all_tenants_and_a_search_shows_its_own() {
    let bench = Bench::new();
    bench.insert(OTHERS, 1, "theirs", "lost tablet");
    bench.insert(TENANT, 2, "ours", "lost tablet");
    assert_eq!(bench.found("lost"), [2]);
    bench.index();
    assert_eq!(bench.indexed("lost"), 2);
    assert_eq!(bench.found("lost"), [2]);
    assert_eq!(bench.found("theirs"), Vec::<u8>::new());
}

#[test]
fn text_behind_a_nul_is_indexed_too() {
    let bench = Bench::new();
    bench.insert(TENANT, 1, "one", "before\0behind");
    bench.index();
    assert_eq!(bench.found("behind"), [1]);
}

#[test]
fn a_long_backlog_is_left_aside() {
    let bench = Bench::new();
    bench.insert(TENANT, 1, "one", "lost tablet");
    let parts = Parts::One("lost".to_owned());
    assert!(wanted(&bench.connection, Some(&parts)).unwrap().is_some());
    bench
        .connection
        .execute_batch(
            "INSERT OR IGNORE INTO search_backlog WITH RECURSIVE n(i) AS
                 (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 22000) SELECT i FROM n",
        )
        .unwrap();
    assert_eq!(wanted(&bench.connection, Some(&parts)).unwrap(), None);
    assert_eq!(bench.found("lost"), [1]);
    bench.index();
    assert!(wanted(&bench.connection, Some(&parts)).unwrap().is_some());
    assert_eq!(bench.found("lost"), [1]);
}

#[test]
fn a_word_of_many_rows_is_found_in_all_ways_to_go() {
    // More candidates than few, but of another tenant; more rows before ours than patience lasts,
    // and fewer rows of ours than candidates.
    for plain in [21_000, 10] {
        let bench = Bench::with_many_rows(&[
            (OTHERS, "theirs", MANY, 0, "lost tablet"),
            (TENANT, "plain", plain, 1, "in the safe"),
            (TENANT, "ours", 3, 30_000, "lost tablet"),
        ]);
        assert_eq!(bench.found("lost").len(), 3);
        // The first of many stand at the front.
        let many = usize::try_from(plain).unwrap() + 3;
        assert_eq!(bench.found("safe OR lost").len(), many.min(1_000));
    }
    // Many that promise a full page, and do, or lie behind more rows than patience lasts.
    for plain in [10, 21_000] {
        let bench = Bench::with_many_rows(&[
            (TENANT, "ours", MANY, 30_000, "lost tablet"),
            (TENANT, "plain", plain, 1, "in the safe"),
        ]);
        assert_eq!(bench.found("lost").len(), 1_000);
    }
}

#[test]
fn pieces_lie_side_by_side_and_reach_the_end() {
    for (text, wanted) in [
        ("abc", ["abc"].as_slice()),
        ("abcd", &["abc", "bcd"]),
        ("abcde", &["abc", "cde"]),
        ("abcdef", &["abc", "def"]),
        ("éß💥\u{301}", &["éß💥", "ß💥\u{301}"]),
    ] {
        assert_eq!(pieces(text), wanted);
    }
    assert_eq!(pieces(&"x".repeat(1_000)).len(), MOST_PIECES);
}

proptest! {
    #[test]
    fn whatever_a_text_has_in_it_is_found_by_the_index(
        text in "\\PC{0,12}[\"'*:^(){}+ abc\u{FFFE}\u{FFFF}é-]{3,12}\\PC{0,12}",
        (from, length) in (0_usize..20, 3_usize..40),
    ) {
        let bench = Bench::new();
        bench.insert(TENANT, 1, "x", &text);
        bench.index();
        let part: String = text.chars().skip(from).take(length).collect();
        if part.chars().count() >= 3 {
            prop_assert_eq!(bench.indexed(&odata::fold(&part)), 1, "{:?} in {:?}", part, text);
        }
    }

    #[test]
    fn what_is_found_is_what_matches_however_much_is_indexed(
        texts in vec("[abAé\"]{0,6}", 1..12),
        changed in vec((0_u8..12, "[abAé\"]{0,6}"), 0..6),
        words in vec("(NOT )?[abAé]{1,4}( OR [abé]{3})?", 1..4),
        indexed in 0_usize..3,
    ) {
        let bench = Bench::new();
        for (id, text) in (0_u8..).zip(&texts) {
            bench.insert(TENANT, id, &format!("{id}{text}"), text);
            if indexed == 1 {
                bench.index();
            }
        }
        for (id, text) in &changed {
            if text.is_empty() {
                bench.delete(*id);
            } else {
                bench.describe(*id, text);
            }
        }
        if indexed == 2 {
            bench.index();
        }
        let search = words.join(" ");
        let parsed = Search::parse(&search).unwrap();
        let wanted: Vec<u8> = (0_u8..12)
            .filter(|id| {
                let id = model::IdentityId(uuid::Uuid::from_bytes([*id; 16]));
                let row = rows::by_id(&bench.connection, TENANT, id).unwrap();
                row.is_some_and(|row| lets_pass(None, Some(&parsed), &row))
            })
            .collect();
        prop_assert_eq!(bench.found(&search), wanted, "{}", search);
    }
}
