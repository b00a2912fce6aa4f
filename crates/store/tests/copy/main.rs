//! Copies of whole registers between engines: what comes out is what went in, however often copying
//! was interrupted, and what must not be copied, or copied onto, is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod interrupted;
mod refused;
mod register;

use std::ops::ControlFlow;

use model::TenantId;
use store::{
    Clock, Copied, CopyError, CopyProgress, Copying, Opening, SnapshotStep, StoreError, StoreUrl,
};

use register::{Contents, Place, contents, fill, step};

/// More than are copied at once.
const MANY: usize = 2_400;

/// Copies and listens, until a step that is to be the last one.
async fn copy_watched(
    from: &StoreUrl,
    to: &StoreUrl,
    mut is_last: impl FnMut(CopyProgress) -> bool,
) -> Result<Copied, CopyError> {
    let (opening, clock) = (Opening::default(), Clock::system());
    let mut watch = |progress| match is_last(progress) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    Copying { from, to, opening, clock }.run(&mut watch).await
}

async fn copy(from: &Place, to: &Place) -> Result<Copied, CopyError> {
    copy_watched(&from.url, &to.url, |_| false).await
}

/// All that the register at a place holds.
async fn held(place: &Place) -> Vec<Contents> {
    let store = place.open().await;
    let contents = contents(&store).await;
    store.close().await;
    contents
}

/// What a register holds when it has gone back to a snapshot.
async fn restored(place: &Place, snapshot: &str) -> Vec<Contents> {
    let store = place.open().await;
    step(&store, SnapshotStep::Restore(snapshot.to_owned())).await;
    let contents = contents(&store).await;
    store.close().await;
    contents
}

fn table(copied: &Copied, name: &str) -> (u64, String) {
    let table = copied.tables.iter().find(|table| table.name == name).unwrap();
    (table.rows, table.checksum.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_comes_back_as_it_went() {
    let source = Place::file();
    fill(&source, MANY).await;
    let (Some(database), back) = (Place::database(), Place::file()) else { return };
    let there = copy(&source, &database).await.unwrap();
    let and_back = copy(&database, &back).await.unwrap();
    assert_eq!(there, and_back, "checksums do not depend on the engine");
    assert_eq!(table(&there, "identities").0, 2_404);
    assert_eq!(table(&there, "tenants").0, 4);
    assert!(table(&there, "snapshot_changes").0 > 2_400, "{there:?}");
    let wanted = held(&source).await;
    assert!(wanted.iter().any(|it| *it != wanted[0]), "there is something to tell apart");
    assert!(held(&database).await == wanted);
    assert!(held(&back).await == wanted);
    for snapshot in ["second", "first"] {
        let wanted = restored(&source, snapshot).await;
        assert!(restored(&database, snapshot).await == wanted, "{snapshot}");
        assert!(restored(&back, snapshot).await == wanted, "{snapshot}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_copy_to_their_own_kind() {
    let [one, other] = [Place::file(), Place::file()];
    fill(&one, 5).await;
    let copied = copy(&one, &other).await.unwrap();
    assert!(held(&other).await == held(&one).await);
    let (Some(third), Some(fourth)) = (Place::database(), Place::database()) else { return };
    assert_eq!(copy(&other, &third).await.unwrap(), copied);
    assert_eq!(copy(&third, &fourth).await.unwrap(), copied);
    assert!(held(&fourth).await == held(&one).await);
    let changed_last = "SELECT last_ticks FROM tenants ORDER BY tenant_id";
    assert_eq!(fourth.query(changed_last), third.query(changed_last));
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_counts_each_row_twice_and_ends_with_all() {
    let [one, other] = [Place::file(), Place::file()];
    fill(&one, MANY).await;
    let mut heard: Vec<CopyProgress> = Vec::new();
    let copied = copy_watched(&one.url, &other.url, |progress| {
        heard.push(progress);
        false
    });
    let tables = copied.await.unwrap().tables;
    let all = tables.iter().filter(|table| table.name != "settings").map(|table| table.rows).sum();
    for is_copying in [true, false] {
        let rows: Vec<u64> =
            heard.iter().filter(|it| it.is_copying == is_copying).map(|it| it.rows).collect();
        assert!(rows.is_sorted() && rows.len() > 4, "{rows:?}");
        assert_eq!(rows.last(), Some(&all));
    }
    assert!(heard.iter().all(|progress| progress.of == all), "{heard:?}");
}

/// A file is no place for secrets.
#[tokio::test(flavor = "multi_thread")]
async fn keys_of_dev_go_to_other_servers_and_into_no_file() {
    let (Some(source), Some(database), file) =
        (Place::database(), Place::database(), Place::file())
    else {
        return;
    };
    let store = source.open().await;
    for name in ["dev_signing_key", "dev_app", "paging_key"] {
        store.setting(name, name.as_bytes()).await.unwrap();
    }
    store.close().await;
    for (place, has_keys) in [(&database, true), (&file, false)] {
        let copied = copy(&source, place).await.unwrap();
        assert_eq!(table(&copied, "settings").0, if has_keys { 3 } else { 1 });
        let store = place.open().await;
        for name in ["dev_signing_key", "dev_app"] {
            let found = store.find_setting(name).await.unwrap();
            assert_eq!(found, has_keys.then(|| name.as_bytes().to_vec()), "{name}");
        }
        assert!(store.find_setting("paging_key").await.unwrap().is_some());
        store.close().await;
    }
}

/// The name of a caller may hold what PostgreSQL cannot store.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_engine_cannot_hold_is_replaced() {
    let source = Place::file();
    let store = source.open().await;
    let tenant = TenantId(uuid::Uuid::from_u128(1));
    assert!(store.add_tenant(tenant, "A\0B", true).await.unwrap());
    store.close().await;
    let Some(target) = Place::database() else { return };
    copy(&source, &target).await.unwrap();
    let store = target.open().await;
    assert_eq!(store.tenant(tenant).await.unwrap().unwrap().name, "A\u{FFFD}B");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_register_is_copied_too() {
    let [one, other] = [Place::file(), Place::file()];
    one.open().await.close().await;
    let copied = copy(&one, &other).await.unwrap();
    assert!(copied.tables.iter().all(|table| table.rows == 0), "{copied:?}");
    other.open().await.close().await;
    // It is no unfinished copy any more: another one takes it for an empty register.
    assert!(!matches!(other.open().await.tenants().await, Err(StoreError::Unfinished)));
}
