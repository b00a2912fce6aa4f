//! The statements themselves, as each engine hears them: all those of the write path, of reading, of
//! administration and of migrating, and a family of those that are built of filters, orders, pages
//! and searches. They stay within what PostgreSQL and its distributed kin do alike: each names the
//! tenant for each table, makes no number, instant or chance of its own, and holds no value.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

#[allow(dead_code, unused_imports, unused_macros, reason = "it serves other tests, too")]
#[path = "../support/mod.rs"]
mod support;
mod traced;

use model::{Field, Patch, Rules, TenantId, query_context};
use odata::query::{Apply, Filter, OrderBy, Search};
use odata::{DateTimeOffset, Options};
use store::{
    BEGINNING, Clock, HistoryFilter, Operation, Outcome, Position, Precondition, Query,
    SnapshotStep, Store,
};

use support::logged::Logged;
use support::{Engine, Place, draft, in_a_minute, on_threads, write};
use traced::Traced;
use uuid::Uuid;

/// It is in every value, and so must be in no statement.
const MARK: &str = "zz9";

const FILTERS: [&str; 12] = [
    "importedDeviceIdentifier eq 'zz91'",
    "importedDeviceIdentifier in ('zz91','zz92') and description ne null",
    "startswith(importedDeviceIdentifier,'zz9')",
    "contains(description,'zz9') or endswith(importedDeviceIdentifier,'zz91')",
    "not contains(tolower(importedDeviceIdentifier),'zz9')",
    "enrollmentState eq 'failed'",
    "platform eq 'ios' and lastContactedDateTime lt 2026-01-01T00:00:00Z",
    "createdDateTime ge 2026-01-01T00:00:00Z and lastModifiedDateTime ne 2026-01-01T00:00:00Z",
    "importedDeviceIdentityType in ('imei','serialNumber')",
    "description eq null or description gt 'zz9'",
    "id ge '0192f0c1-2b3c-7def-8123-456789abcdef'",
    "length(description) gt 3",
];
const ORDERS: [&str; 6] = [
    "id desc",
    "createdDateTime desc,id",
    "description,platform desc",
    "importedDeviceIdentifier",
    "enrollmentState,lastContactedDateTime desc",
    "length(description)",
];
const SEARCHES: [&str; 4] = ["zz9", "zz9 AND zz91", "NOT zz9", "\"zz9 1\" OR zz92"];

/// Words that no statement has.
const FORBIDDEN: [&str; 22] = [
    "nextval",
    "serial",
    "identity (",
    "now()",
    "current_timestamp",
    "localtimestamp",
    "clock_timestamp",
    "random",
    "advisory",
    "listen",
    "notify",
    "on constraint",
    "savepoint",
    "trigger",
    "for share",
    "lower(",
    "upper(",
    "ilike",
    "set_config('tenant",
    "policy",
    "serializable",
    MARK,
];
/// Tables that tenants share.
const TABLES: [&str; 7] = [
    "identities",
    "identity_texts",
    "changes",
    "tallies",
    "snapshots",
    "snapshot_changes",
    "tenants",
];
/// What administration asks of all tenants at once, and what SQLite's index of text is made of, which
/// tenants share and which only gives candidates to a statement that names its own.
const OF_ALL: [&str; 4] = [
    "FROM tenants ORDER BY tenant_id",
    "FROM changes WHERE true",
    "INTO search_backlog (rid) SELECT rid FROM identities;",
    "SELECT identifier, description FROM identities WHERE rid = ",
];

async fn write_all(store: &Store, tenant: TenantId) {
    let done = async |operation| store.write(write(tenant, operation)).await.unwrap();
    let made = done(Operation::Create(draft("zz91", "zz9 1"))).await;
    let Outcome::Row(row) = made else { panic!("{made:?}") };
    let snapshot =
        |step: fn(String) -> SnapshotStep, name: &str| Operation::Snapshot(step(name.to_owned()));
    done(snapshot(SnapshotStep::Take, "zz9")).await;
    let (id, precondition) = (row.id, Precondition::default());
    for (identifier, description) in [("zz91", "zz9 2"), ("zz92", "zz9 3")] {
        let patch = Patch {
            identifier: Some(identifier.to_owned()),
            description: Field::Value(description.to_owned()),
            ..Patch::default()
        };
        let (precondition, rules) = (precondition.clone(), Rules::Documented);
        done(Operation::Update { id, precondition, patch, rules }).await;
    }
    let rows = (0..9).map(|n| draft(&format!("zz9{n}"), "zz9")).collect();
    done(Operation::Import { rows, overwrite: true }).await;
    done(Operation::Delete { id, precondition }).await;
    done(snapshot(SnapshotStep::Take, "zz9 later")).await;
    for name in ["zz9", "zz9 later", BEGINNING, "zz9 later"] {
        done(snapshot(SnapshotStep::Restore, name)).await;
    }
    done(snapshot(SnapshotStep::Forget, "zz9")).await;
}

async fn read_all(store: &Store, tenant: TenantId) {
    let options = Options::default();
    let context = query_context(&options, DateTimeOffset::MIN);
    let filters: Vec<Filter> =
        FILTERS.iter().map(|text| Filter::parse(text, &context).unwrap()).collect();
    let searches: Vec<Search> = SEARCHES.iter().map(|text| Search::parse(text).unwrap()).collect();
    let some = |filter: Option<&Filter>, search: Option<&Search>, order: &OrderBy| Query {
        filter: filter.cloned(),
        search: search.cloned(),
        order: order.clone(),
        ..Query::by_key(2)
    };
    let mut queries = Vec::new();
    for order in ORDERS.iter().map(|text| OrderBy::parse(text, &context).unwrap()) {
        queries.extend(filters.iter().map(|filter| some(Some(filter), None, &order)));
        queries.extend(searches.iter().map(|search| some(None, Some(search), &order)));
        queries.push(some(filters.last(), searches.first(), &order));
        queries.push(some(None, None, &order));
    }
    for mut query in queries {
        let page = store.page(tenant, query.clone(), in_a_minute()).await.unwrap();
        query.after = page.first().map(|row| Position::behind(row, &query.order));
        query.skip = 1;
        store.page(tenant, query, in_a_minute()).await.unwrap();
    }
    for filter in filters.iter().map(Some).chain([None]) {
        for search in searches.iter().map(Some).chain([None]) {
            store.count(tenant, filter.cloned(), search.cloned(), in_a_minute()).await.unwrap();
        }
    }
    for filter in FILTERS {
        for apply in ["aggregate($count as n)", "groupby((platform),aggregate($count as n))"] {
            let apply = Apply::parse(&format!("filter({filter})/{apply}"), &context).unwrap();
            store.summary(tenant, apply, in_a_minute()).await.unwrap();
        }
    }
    let rows = store.page(tenant, Query::by_key(9), in_a_minute()).await.unwrap();
    let key = (rows[0].identity_type, rows[0].key());
    assert_eq!(store.find(tenant, vec![key], in_a_minute()).await.unwrap(), rows[..1]);
    assert_eq!(store.get(tenant, rows[0].id).await.unwrap().as_ref(), Some(&rows[0]));
}

async fn administer(store: &Store, tenant: TenantId) {
    for filter in [
        HistoryFilter { tenant: Some(tenant), id: None },
        HistoryFilter { tenant: Some(tenant), id: Some(model::IdentityId(tenant.0)) },
        HistoryFilter::default(),
    ] {
        for after in [None, Some((tenant, 1))] {
            store.history(&filter, after, 9).await.unwrap();
        }
    }
    store.snapshots(tenant).await.unwrap();
    store.tenant(tenant).await.unwrap();
    store.tenants().await.unwrap();
    store.holdings(tenant).await.unwrap();
    store.setting("zz9", b"zz9").await.unwrap();
    store.try_read(in_a_minute()).await.unwrap();
    store.try_write(in_a_minute()).await.unwrap();
    store.remove_tenant(tenant, &mut |_| {}).await.unwrap();
}

/// What is not as it should be about a statement.
fn fault(statement: &str) -> Option<String> {
    let lower = statement.to_lowercase();
    if let Some(word) = FORBIDDEN.iter().find(|word| lower.contains(**word)) {
        return Some(format!("has '{word}'"));
    }
    if lower.starts_with("create") {
        let is_partial = lower.contains(" index ") && lower.contains(" where ");
        return is_partial.then(|| "makes a partial index".to_owned());
    }
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|it| !it.is_empty())
        .collect();
    let tables = words.windows(2).filter(|pair| {
        ["from", "join", "into", "update"].contains(&pair[0]) && TABLES.contains(&pair[1])
    });
    let (tables, tenants) = (tables.count(), words.iter().filter(|it| **it == "tenant_id").count());
    let is_of_all = OF_ALL.iter().any(|it| statement.contains(it));
    (tables > tenants && !is_of_all).then(|| format!("names {tables} tables, {tenants} tenants"))
}

async fn do_all(store: Store) {
    let tenant = TenantId(Uuid::now_v7());
    assert!(store.add_tenant(tenant, "Tests", true).await.unwrap());
    write_all(&store, tenant).await;
    read_all(&store, tenant).await;
    administer(&store, tenant).await;
    store.close().await;
}

/// Looks at all that a database has heard, of which one looks for a text as it does.
fn judge(mut statements: Vec<String>, looks_for_text: &str) {
    statements.sort();
    statements.dedup();
    assert!(statements.len() > 150, "{statements:#?}");
    for needed in
        ["INSERT INTO identities", looks_for_text, "CREATE TABLE identities", "ORDER BY", "COMMIT"]
    {
        assert!(statements.iter().any(|it| it.contains(needed)), "{needed}");
    }
    let faults: Vec<_> = statements.iter().filter_map(|it| Some((fault(it)?, it))).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn no_statement_to_postgresql_leaves_the_common_ground() {
    let Some(logged) = Logged::with(&["log_statement = 'all'"]) else { return };
    let url = logged.database.url().parse().unwrap();
    on_threads(async { do_all(Store::open(&url, Clock::system()).await.unwrap()).await });
    let mut statements = logged.entries(0, "statement: ");
    let executed = logged.entries(0, "execute ");
    statements.extend(executed.iter().filter_map(|it| Some(it.split_once(": ")?.1.to_owned())));
    judge(statements, "LIKE $");
}

#[test]
fn no_statement_to_sqlite_leaves_the_common_ground() {
    let traced = Traced::everywhere();
    let place = Place::on(Engine::Sqlite).unwrap();
    on_threads(async { do_all(place.open().await).await });
    judge(traced.statements(), "json_each(");
}

#[test]
fn a_statement_off_the_common_ground_is_seen() {
    for statement in [
        "SELECT id FROM identities WHERE id = $1",
        "SELECT id FROM identities WHERE tenant_id = $1 AND id IN (SELECT id FROM changes)",
        "UPDATE tenants SET next_seq = nextval('n') WHERE tenant_id = $1",
        "CREATE UNIQUE INDEX i ON identities (tenant_id) WHERE rev = 1",
        "SELECT id FROM identities WHERE tenant_id = $1 AND description = 'zz9'",
    ] {
        assert!(fault(statement).is_some(), "{statement}");
    }
}
