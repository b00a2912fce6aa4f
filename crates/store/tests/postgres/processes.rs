//! Several stores on one database, as several processes have them: the order of the history explains
//! every answer that was given, to whomever.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use model::{Draft, Field, Identity, IdentityId, Patch, Rules, TenantId};
use store::{
    Change, ChangeKind, Operation, Outcome, Precondition, Query, Revisions, Store, WriteError,
};
use testbed::{Cluster, Database};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::order::{Span, met, misplaced};
use crate::support::{Random, history, in_a_minute, on_threads, write};
use crate::{POOLING, draft, new_tenant, open};

/// Few, so that rows meet under the same key all the time.
const IDENTIFIERS: [&str; 6] = ["A", "a", "B", "C", "D", "E"];
const DESCRIPTIONS: [&str; 2] = ["one", "two"];
const WRITES: usize = 40;

type State = BTreeMap<IdentityId, Identity>;

/// What was asked of a row, in a form that can be kept.
#[derive(Debug)]
enum Asked {
    Create(Draft),
    Update(IdentityId, Option<i64>, Patch),
    Delete(IdentityId, Option<i64>),
    Import(bool),
}

/// A write and what came of it.
#[derive(Debug)]
struct Made {
    request: Uuid,
    asked: Asked,
    span: Span,
    answer: Result<Outcome, WriteError>,
}

fn chosen(random: &mut Random, rows: &[Identity]) -> (Asked, Operation) {
    let any = |random: &mut Random| draft(random.one(&IDENTIFIERS), random.one(&DESCRIPTIONS));
    let row = (!rows.is_empty()).then(|| random.one(rows));
    let condition = |random: &mut Random, row: &Identity| (random.below(2) == 0).then_some(row.rev);
    let precondition = |rev: Option<i64>| Precondition {
        if_match: rev.map(|rev| Revisions::Of(vec![rev])),
        ..Precondition::default()
    };
    match (random.below(6), row) {
        (0 | 1, Some(row)) => {
            let rev = condition(random, &row);
            let description = Field::Value(random.one(&DESCRIPTIONS).to_owned());
            let moves = random.below(3) == 0;
            let identifier = moves.then(|| random.one(&IDENTIFIERS).to_owned());
            let patch = Patch { description, identifier, ..Patch::default() };
            let (id, rules, precondition) = (row.id, Rules::Documented, precondition(rev));
            let operation = Operation::Update { id, precondition, patch: patch.clone(), rules };
            (Asked::Update(id, rev, patch), operation)
        }
        (2, Some(row)) => {
            let rev = condition(random, &row);
            let operation = Operation::Delete { id: row.id, precondition: precondition(rev) };
            (Asked::Delete(row.id, rev), operation)
        }
        (3, _) => {
            let rows = (0..4).map(|_| any(random)).collect();
            let overwrite = random.below(2) == 0;
            (Asked::Import(overwrite), Operation::Import { rows, overwrite })
        }
        _ => {
            let draft = any(random);
            (Asked::Create(draft.clone()), Operation::Create(draft))
        }
    }
}

/// One client of one process, which looks before it writes.
async fn client(store: Arc<Store>, tenant: TenantId, seed: u64) -> (TenantId, Vec<Made>) {
    let mut random = Random(seed);
    let mut all = Vec::new();
    for _ in 0..WRITES {
        let rows = store.page(tenant, Query::by_key(9), in_a_minute()).await.unwrap();
        let (asked, operation) = chosen(&mut random, &rows);
        let write = write(tenant, operation);
        let (request, began) = (write.audit.request_id, Instant::now());
        let answer = store.write(write).await;
        let span = Span { began, ended: Some(Instant::now()) };
        all.push(Made { request, asked, span, answer });
    }
    (tenant, all)
}

fn holder<'s>(state: &'s State, key: &model::SearchKey) -> Option<&'s Identity> {
    state.values().find(|row| (row.identity_type, row.key()) == *key)
}

fn has_rev(row: &Identity, rev: Option<i64>) -> bool {
    rev.is_none_or(|rev| row.rev == rev)
}

/// Whether a write that changed something may have changed this, in this state, and was told so.
fn explains(state: &State, made: &Made, changes: &[&Change]) -> bool {
    match (&made.asked, &made.answer, changes) {
        (Asked::Create(draft), Ok(Outcome::Row(row)), [change]) => {
            holder(state, draft.key()).is_none()
                && (change.kind, change.after.as_ref()) == (ChangeKind::Create, Some(row))
        }
        (Asked::Update(id, rev, patch), Ok(Outcome::Row(row)), [change]) => {
            let before = &state[id];
            let is_free = patch
                .moved_key(before)
                .is_none_or(|key| holder(state, &key).is_none_or(|it| it.id == *id));
            has_rev(before, *rev) && is_free && change.after.as_ref() == Some(row)
        }
        (Asked::Delete(id, rev), Ok(Outcome::Deleted), [change]) => {
            has_rev(&state[id], *rev) && change.id == *id && change.after.is_none()
        }
        (Asked::Import(overwrite), Ok(Outcome::Imported(rows)), changes) => {
            let mut after = state.clone();
            for change in changes {
                after.extend(change.after.clone().map(|row| (row.id, row)));
            }
            (*overwrite || changes.iter().all(|change| change.before.is_none()))
                && changes.iter().all(|change| change.kind != ChangeKind::Delete)
                && rows.iter().all(|(row, _)| after.get(&row.id) == Some(row))
        }
        _ => false,
    }
}

/// Whether a write that changed nothing does so in this state, and is answered as it was.
fn does_nothing(state: &State, made: &Made) -> bool {
    match (&made.asked, &made.answer) {
        (Asked::Create(draft), Err(WriteError::Conflict)) => holder(state, draft.key()).is_some(),
        (Asked::Update(id, ..) | Asked::Delete(id, _), Err(WriteError::NotFound)) => {
            !state.contains_key(id)
        }
        (
            Asked::Update(id, rev, _) | Asked::Delete(id, rev),
            Err(WriteError::PreconditionFailed),
        ) => state.get(id).is_some_and(|row| !has_rev(row, *rev)),
        (Asked::Update(id, rev, patch), Err(WriteError::Conflict)) => {
            state.get(id).is_some_and(|row| {
                let moved = patch.moved_key(row);
                has_rev(row, *rev) && moved.is_some_and(|key| holder(state, &key).is_some())
            })
        }
        (Asked::Update(id, rev, _), Ok(Outcome::Row(row))) => {
            has_rev(row, *rev) && state.get(id) == Some(row)
        }
        (Asked::Import(_), Ok(Outcome::Imported(rows))) => {
            rows.iter().all(|(row, _)| state.get(&row.id) == Some(row))
        }
        _ => false,
    }
}

/// Replays the history of a tenant, and finds a place in it for every write. The rows it leads to.
fn replay(history: &[Change], all: &[Made]) -> State {
    let by_request: HashMap<Uuid, &Made> = all.iter().map(|made| (made.request, made)).collect();
    let mut states = vec![State::new()];
    let mut effects: Vec<&Made> = Vec::new();
    for changes in history.chunk_by(|a, b| a.audit.request_id == b.audit.request_id) {
        let changes: Vec<&Change> = changes.iter().collect();
        let made = by_request[&changes[0].audit.request_id];
        assert!(effects.iter().all(|it| it.request != made.request), "torn apart: {made:?}");
        let mut state = states.last().unwrap().clone();
        assert!(explains(&state, made, &changes), "{made:#?}\n{changes:#?}\n{state:#?}");
        for change in changes {
            assert_eq!(state.remove(&change.id), change.before);
            state.extend(change.after.clone().map(|row| (row.id, row)));
        }
        states.push(state);
        effects.push(made);
    }
    let spans: Vec<Span> = effects.iter().map(|made| made.span).collect();
    let wrong = misplaced(&spans).map(|(first, second)| (effects[first], effects[second]));
    assert!(wrong.is_none(), "the second had ended before the first was begun: {wrong:#?}");
    for made in all.iter().filter(|made| effects.iter().all(|it| it.request != made.request)) {
        let met = &states[met(&spans, made.span)];
        let is_explained = met.iter().any(|state| does_nothing(state, made));
        assert!(is_explained, "{made:#?}\nin none of {met:#?}");
    }
    states.pop().unwrap()
}

/// Combinations that are not tallied as there are rows of them, and rows without their texts.
fn wrong(database: &Database) -> String {
    database.query(
        "SELECT (SELECT count(*) FROM
             (SELECT tenant_id, type, enrollment_state, platform, count(*) AS rows
              FROM identities GROUP BY 1, 2, 3, 4) AS counted
             FULL JOIN (SELECT * FROM tallies WHERE rows <> 0) AS tallied
             USING (tenant_id, type, enrollment_state, platform, rows)
             WHERE counted.rows IS NULL OR tallied.rows IS NULL),
         (SELECT count(*) FROM identities AS i
             FULL JOIN identity_texts AS t USING (tenant_id, id)
             WHERE i.rev IS NULL OR t.searched IS NULL)",
    )
}

async fn three(database: &Database) -> [Arc<Store>; 3] {
    let url = database.url();
    let opened = tokio::join!(open(&url, POOLING), open(&url, POOLING), open(&url, POOLING));
    [opened.0, opened.1, opened.2].map(Arc::new)
}

#[test]
fn one_order_explains_what_several_processes_answer() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    on_threads(async {
        // They come at the same time to a database that has nothing.
        let stores = three(&database).await;
        let mut clients = JoinSet::new();
        let mut all: HashMap<TenantId, Vec<Made>> = HashMap::new();
        for tenant in 0..3 {
            let id = new_tenant(&stores[tenant]).await;
            for (seed, store) in (1_u64..).zip(stores.iter().cycle().take(6)) {
                clients.spawn(client(Arc::clone(store), id, seed * 10 + tenant as u64));
            }
        }
        while let Some(done) = clients.join_next().await {
            let (tenant, made) = done.unwrap();
            all.entry(tenant).or_default().extend(made);
        }
        for (tenant, made) in all {
            let history = history(&stores[0], tenant).await;
            assert!(history.len() > WRITES, "{}", history.len());
            assert!(history.is_sorted_by_key(|change| change.at.ticks()));
            let rows: Vec<Identity> = replay(&history, &made).into_values().collect();
            let stored = stores[1].page(tenant, Query::by_key(99), in_a_minute()).await.unwrap();
            assert_eq!(stored, rows);
        }
        assert_eq!(wrong(&database), "0|0");
    });
}

#[test]
fn processes_that_come_at_the_same_time_make_the_tables_once() {
    let Some(cluster) = Cluster::shared() else { return };
    on_threads(async {
        for _ in 0..5 {
            let database = cluster.database();
            let stores = three(&database).await;
            let numbers =
                database.query("SELECT array_agg(version ORDER BY version) FROM migrations");
            let known = database.query(
                "SELECT array_agg(n) FROM \
                (SELECT generate_series(1, max(version)) AS n FROM migrations) AS s",
            );
            assert_eq!(numbers, known);
            assert_eq!(
                database.query("SELECT to_regclass('identity_texts_by_part') IS NOT NULL"),
                "t"
            );
            let keys = futures_util::future::join_all(
                stores.iter().zip([b"a", b"b", b"c"]).map(|(it, key)| it.setting("key", key)),
            );
            let keys: Vec<_> = keys.await.into_iter().map(Result::unwrap).collect();
            assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        }
    });
}
