//! Tallies: after whatever is written, taken back or removed, they are what the rows come to, and
//! counts and summaries that they can tell are read off them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

#[allow(dead_code, reason = "it serves other tests, too")]
mod support;

use model::{
    Draft, EnrollmentState, Field, Identity, IdentityType, Patch, Platform, Rules, TenantId,
    query_context,
};
use odata::query::{Apply, Filter, Group};
use odata::{DateTimeOffset, Options};
use store::{BEGINNING, Operation, Outcome, Precondition, Query, SnapshotStep, Store, WriteError};
use uuid::Uuid;

use support::{Engine, Place, Random, each_engine, in_a_minute, on_one_thread, write};

const TENANTS: [TenantId; 2] =
    [TenantId(Uuid::from_u128(0x7e7a)), TenantId(Uuid::from_u128(0x07e7))];

/// Combinations that are not tallied as there are rows of them, from either side.
const WRONG: &str = "
    WITH counted AS (
        SELECT tenant_id, type, enrollment_state, platform, count(*) AS rows FROM identities
        GROUP BY tenant_id, type, enrollment_state, platform
    ), tallied AS (SELECT * FROM tallies WHERE rows <> 0)
    SELECT count(*) FROM (
        SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM tallied) AS unseen
        UNION ALL SELECT * FROM (SELECT * FROM tallied EXCEPT SELECT * FROM counted) AS missed
    ) AS wrong";

struct Register {
    store: Store,
    place: Place,
}

impl Register {
    async fn at(place: Place) -> Self {
        let store = place.open().await;
        for tenant in TENANTS {
            store.add_tenant(tenant, "Tests", true).await.unwrap();
        }
        Self { store, place }
    }

    /// How many combinations are tallied wrongly.
    fn wrong(&self) -> i64 {
        self.place.number(WRONG)
    }

    async fn write(&self, tenant: TenantId, operation: Operation) -> Result<Outcome, WriteError> {
        self.store.write(write(tenant, operation)).await
    }

    async fn rows(&self, tenant: TenantId) -> Vec<Identity> {
        self.store.page(tenant, Query::by_key(usize::MAX), in_a_minute()).await.unwrap()
    }

    async fn count(&self, filter: Option<&str>) -> u64 {
        let options = Options::default();
        let context = query_context(&options, DateTimeOffset::MIN);
        let filter = filter.map(|text| Filter::parse(text, &context).unwrap());
        self.store.count(TENANTS[0], filter, None, in_a_minute()).await.unwrap()
    }

    async fn summary(&self, apply: &str) -> Vec<Group> {
        self.store.summary(TENANTS[0], read(apply), in_a_minute()).await.unwrap()
    }
}

fn read(apply: &str) -> Apply {
    let options = Options::default();
    Apply::parse(apply, &query_context(&options, DateTimeOffset::MIN)).unwrap()
}

/// What chance writes.
struct Chance(Random);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0.below(limit)
    }

    fn member<T>(&mut self, of: fn(i64) -> Option<T>, limit: u64) -> Option<T> {
        of(self.below(limit).try_into().unwrap())
    }

    fn patch(&mut self) -> Patch {
        Patch {
            identifier: Some(format!("{}", self.below(12))),
            identity_type: self.member(IdentityType::from_value, 3),
            enrollment_state: self.member(EnrollmentState::from_value, 3),
            platform: self.member(Platform::from_value, 3),
            description: Field::Value(format!("{}", self.below(2))),
            ..Patch::default()
        }
    }

    fn draft(&mut self) -> Draft {
        Draft::new(self.patch(), Rules::Documented).unwrap()
    }

    fn operation(&mut self, rows: &[Identity]) -> Operation {
        let precondition = Precondition::default();
        let index = usize::try_from(self.below(1 + rows.len() as u64)).unwrap();
        let row = rows.get(index).map(|row| row.id);
        let name = ["a", "b", BEGINNING][usize::try_from(self.below(3)).unwrap()].to_owned();
        match (self.below(12), row) {
            (0, _) => Operation::Snapshot(SnapshotStep::Take("a".to_owned())),
            (1, _) => Operation::Snapshot(SnapshotStep::Take("b".to_owned())),
            (2, _) => Operation::Snapshot(SnapshotStep::Restore(name)),
            (3 | 4, _) => {
                let rows = (0..self.below(9)).map(|_| self.draft()).collect();
                Operation::Import { rows, overwrite: self.below(2) == 0 }
            }
            (5, Some(id)) => Operation::Delete { id, precondition },
            (6..9, Some(id)) => {
                let patch = self.patch();
                Operation::Update { id, precondition, patch, rules: Rules::Documented }
            }
            _ => Operation::Create(self.draft()),
        }
    }
}

each_engine!(tallies_are_what_the_rows_come_to, |place: Place| on_one_thread(async move {
    let register = Register::at(place).await;
    let mut random = Chance(Random(4));
    let (mut done, mut most) = (0, 0);
    for _ in 0..150 {
        for tenant in TENANTS {
            let rows = register.rows(tenant).await;
            most = most.max(rows.len());
            // Those that wait together share a transaction.
            let writes = [(); 3].map(|()| register.write(tenant, random.operation(&rows)));
            let [first, second, third] = writes;
            let answers = tokio::join!(first, second, third);
            let answers = [answers.0, answers.1, answers.2];
            done += answers.iter().filter(|answer| answer.is_ok()).count();
            assert_eq!(register.wrong(), 0, "{answers:?}");
        }
    }
    assert!(done > 500 && most > 8, "{done} writes, {most} rows");
}));

each_engine!(a_tenant_takes_its_tallies_along, |place: Place| on_one_thread(async move {
    let register = Register::at(place).await;
    let mut random = Chance(Random(5));
    for tenant in TENANTS {
        for _ in 0..20 {
            drop(register.write(tenant, Operation::Create(random.draft())).await);
        }
    }
    register
        .store
        .remove_tenant(TENANTS[0], &mut |_| assert_eq!(register.wrong(), 0, "on the way"))
        .await
        .unwrap();
    assert_eq!(register.wrong(), 0);
    assert!(register.place.number("SELECT count(*) FROM tallies") > 0);
    assert_eq!(register.place.number("SELECT count(DISTINCT tenant_id) FROM tallies"), 1);
}));

/// Registers in a file are older than tallies.
#[test]
fn a_register_that_had_none_gets_its_tallies() {
    on_one_thread(async {
        let register = Register::at(Place::on(Engine::Sqlite).unwrap()).await;
        let mut random = Chance(Random(6));
        for tenant in TENANTS {
            for _ in 0..20 {
                drop(register.write(tenant, Operation::Create(random.draft())).await);
            }
        }
        let Register { store, place } = register;
        drop(store);
        place.run("DROP TABLE tallies; DELETE FROM migrations WHERE name = 'tallies'");
        let register = Register::at(place).await;
        assert_eq!(register.wrong(), 0);
        let rows = register.rows(TENANTS[0]).await.len() as u64;
        assert!(rows > 5, "{rows}");
        assert_eq!(register.count(None).await, rows);
    });
}

// A tally that is wrong is told as it is: the rows are not looked at.
each_engine!(what_tallies_can_tell_is_read_off_them, |place: Place| on_one_thread(async move {
    let register = Register::at(place).await;
    // As the engine writes ids: a text of the same digits, or bytes.
    let tenant = match &register.place {
        Place::Directory(_) => format!("x'{}'", TENANTS[0].0.simple()),
        Place::Database(_) => format!("'{}'", TENANTS[0]),
    };
    register.place.run(&format!(
        "INSERT INTO tallies VALUES ({tenant}, 2, 3, 4, 1000000), ({tenant}, 2, 1, 4, 20)"
    ));
    let state = "enrollmentState eq 'failed'";
    let failed = EnrollmentState::from_value(3).unwrap();
    assert_eq!(failed, EnrollmentState::Failed);
    for (filter, wanted) in [
        (None, 1_000_020),
        (Some(state), 1_000_000),
        (Some("not (enrollmentState eq 'failed') and platform ne 'ios'"), 20),
        (Some("platform in ('ios','tvos')"), 0),
        (Some("true"), 1_000_020),
    ] {
        assert_eq!(register.count(filter).await, wanted, "{filter:?}");
    }
    let group = |members: &[i64], rows| Group { members: members.to_vec(), rows };
    let both = "groupby((enrollmentState),aggregate($count as n))";
    assert_eq!(register.summary(both).await, [group(&[1], 20), group(&[3], 1_000_000)]);
    let one = "filter(enrollmentState eq 'failed')/aggregate($count as n)";
    assert_eq!(register.summary(one).await, [group(&[], 1_000_000)]);
    // What they cannot tell is counted.
    let other = "filter(description eq null)/aggregate($count as n)";
    assert_eq!(register.summary(other).await, [group(&[], 0)]);
    assert_eq!(register.count(Some("description eq null")).await, 0);
}));
