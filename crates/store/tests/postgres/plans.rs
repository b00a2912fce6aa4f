//! The ways that PostgreSQL goes: with a register of some size, the questions that are asked all the
//! time go along the indexes that are meant for them. What it says of its own plans is looked at
//! (auto_explain, of Debian's package as of the project's own).

use model::{Draft, EnrollmentState, Patch, Platform, Rules, TenantId, query_context};
use odata::query::{Filter, OrderBy};
use odata::{DateTimeOffset, Options};
use store::{Operation, Position, Query, Store};

use crate::support::logged::Logged;
use crate::support::{Random, in_a_minute, on_threads, write};
use crate::{POOLING, new_tenant, open};

const ROWS: [u64; 3] = [14_000, 4_000, 2_000];

async fn fill(store: &Store, tenant: TenantId, rows: u64) {
    let mut random = Random(rows);
    let mut one = |number: u64| {
        let day = 1 + number % 28;
        let contacted = DateTimeOffset::parse(&format!("2026-01-{day:02}T00:00:00Z")).ok();
        let patch = Patch {
            identifier: Some(format!("{number:06}")),
            // One in twenty has not made it; platforms are about even.
            enrollment_state: EnrollmentState::from_value(if random.below(20) == 0 {
                3
            } else {
                1
            }),
            platform: Platform::from_value(random.below(5).try_into().unwrap()),
            contacted,
            ..Patch::default()
        };
        Draft::new(patch, Rules::Documented).unwrap()
    };
    for first in (0..rows).step_by(2_000) {
        let rows = (first..first + 2_000).map(&mut one).collect();
        let import = Operation::Import { rows, overwrite: false };
        store.write(write(tenant, import)).await.unwrap();
    }
}

struct Explained<'l> {
    logged: &'l Logged,
    store: Store,
    tenant: TenantId,
}

impl Explained<'_> {
    /// The plans of the statements that something leads to.
    async fn plans(&self, work: impl Future<Output = ()>) -> String {
        let before = self.logged.len();
        work.await;
        self.logged.entries(before, "plan: ").join("\n")
    }

    /// Asks for a page, and for the one behind it.
    async fn pages(&self, filter: &str, order: &str) -> String {
        let options = Options::default();
        let context = query_context(&options, DateTimeOffset::MIN);
        let filter = (!filter.is_empty()).then(|| Filter::parse(filter, &context).unwrap());
        let order = OrderBy::parse(order, &context).unwrap();
        self.plans(async {
            let mut query = Query { filter, order, ..Query::by_key(100) };
            let page = self.store.page(self.tenant, query.clone(), in_a_minute()).await.unwrap();
            assert!(!page.is_empty());
            query.after = page.last().map(|row| Position::behind(row, &query.order));
            self.store.page(self.tenant, query, in_a_minute()).await.unwrap();
        })
        .await
    }
}

#[test]
fn questions_go_along_the_indexes_meant_for_them() {
    let Some(logged) = Logged::with(&["session_preload_libraries = 'auto_explain'"]) else {
        return;
    };
    let name = logged.database.query("SELECT current_database()");
    let explain = format!("ALTER DATABASE {name} SET auto_explain.log_min_duration = 0");
    logged.database.query(&explain);
    on_threads(async {
        let store = open(&logged.database.url(), POOLING).await;
        let mut tenants = Vec::new();
        for rows in ROWS {
            let tenant = new_tenant(&store).await;
            fill(&store, tenant, rows).await;
            tenants.push(tenant);
        }
        logged.database.query("ANALYZE");
        for tenant in tenants {
            look(&Explained {
                logged: &logged,
                store: open(&logged.database.url(), POOLING).await,
                tenant,
            })
            .await;
        }
    });
}

async fn look(register: &Explained<'_>) {
    let first =
        register.store.page(register.tenant, Query::by_key(1), in_a_minute()).await.unwrap();
    let plans = register.plans(async {
        // Often enough for a plan that is kept.
        for _ in 0..8 {
            assert!(register.store.get(register.tenant, first[0].id).await.unwrap().is_some());
        }
    });
    let plans = plans.await;
    assert!(plans.matches("Index Scan using identities_pkey").count() == 8, "{plans}");
    for (filter, order, index) in [
        ("", "id", "identities_pkey"),
        ("", "createdDateTime", "identities_by_creation"),
        ("", "createdDateTime desc", "identities_by_creation"),
        ("importedDeviceIdentifier eq '000042'", "id", "identities_by_key"),
        ("startswith(importedDeviceIdentifier,'0000')", "id", "identities_by_key"),
        ("enrollmentState eq 'failed'", "id", "identities_by_state"),
        (
            "platform eq 'ios' and lastContactedDateTime lt 2026-01-02T00:00:00Z",
            "lastContactedDateTime",
            "identities_by_platform_and_contact",
        ),
    ] {
        let plans = register.pages(filter, order).await;
        assert!(plans.contains(index), "{filter} {order}: {plans}");
        assert!(!plans.contains("Seq Scan"), "{filter} {order}: {plans}");
    }
}
