//! What is not copied, and what nothing is copied onto.

use rusqlite::Connection;
use store::{Clock, CopyError, Opening, Store, StoreError};

use crate::register::{EMPTY, Place, fill, in_a_minute};
use crate::{copy, copy_watched, held};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_none() {
    let [source, target] = [Place::file(), Place::file()];
    let error = copy(&source, &target).await.unwrap_err();
    assert!(matches!(error, CopyError::Missing(_)), "{error}");
    assert!(!source.path().exists() && !target.path().exists(), "nothing was made");
    let Some(empty) = Place::database() else { return };
    let error = copy(&empty, &target).await.unwrap_err();
    assert!(matches!(error, CopyError::Missing(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_onto_itself() {
    let source = Place::file();
    fill(&source, 3).await;
    let error = copy(&source, &source).await.unwrap_err();
    assert!(matches!(error, CopyError::Same), "{error}");
    let roundabout = source.path().parent().unwrap().join(".").join("muster.db");
    let roundabout = format!("sqlite:{}", roundabout.display()).parse().unwrap();
    let error = copy_watched(&source.url, &roundabout, |_| false).await.unwrap_err();
    assert!(matches!(error, CopyError::Same), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_an_older_build() {
    let [source, target] = [Place::file(), Place::file()];
    fill(&source, 3).await;
    let age = |sql: &str| Connection::open(source.path()).unwrap().execute_batch(sql).unwrap();
    age("UPDATE settings SET value = x'00' WHERE name = 'fold_version'");
    let error = copy(&source, &target).await.unwrap_err();
    assert!(matches!(error, CopyError::Old(_)), "{error}");
    // What the message proposes helps.
    let (opening, clock) = (Opening::default(), Clock::system());
    let migrated = Store::migrate(&source.url, opening, clock).await.unwrap();
    assert_eq!((migrated.found, migrated.no_index_of_text), (migrated.now, None));
    copy(&source, &target).await.unwrap();
    age("DELETE FROM migrations WHERE version = (SELECT max(version) FROM migrations)");
    let error = copy(&source, &Place::file()).await.unwrap_err();
    assert!(matches!(error, CopyError::Old(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_unfinished_itself() {
    let [source, target, third] = [Place::file(), Place::file(), Place::file()];
    fill(&source, 3).await;
    let run = copy_watched(&source.url, &target.url, |_| true).await;
    assert!(matches!(run, Err(CopyError::Interrupted)), "{run:?}");
    let error = copy(&target, &third).await.unwrap_err();
    assert!(matches!(error, CopyError::Unfinished(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_holds_something() {
    let source = Place::file();
    fill(&source, 3).await;
    for target in [Some(Place::file()), Place::database()].into_iter().flatten() {
        let store = target.open().await;
        store.setting("paging_key", b"of its own").await.unwrap();
        store.close().await;
        let error = copy(&source, &target).await.unwrap_err();
        assert!(matches!(error, CopyError::Taken { table: "settings" }), "{error}");
        let store = target.open().await;
        store.add_tenant(EMPTY, "Mine", true).await.unwrap();
        store.close().await;
        let before = held(&target).await;
        let error = copy(&source, &target).await.unwrap_err();
        assert!(matches!(error, CopyError::Taken { table: "tenants" }), "{error}");
        assert!(held(&target).await == before, "nothing was changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_another_copy_was_begun_in() {
    let [source, other, target] = [Place::file(), Place::file(), Place::file()];
    fill(&source, 3).await;
    fill(&other, 3).await;
    let run = copy_watched(&source.url, &target.url, |_| true).await;
    assert!(matches!(run, Err(CopyError::Interrupted)), "{run:?}");
    let error = copy(&other, &target).await.unwrap_err();
    assert!(matches!(error, CopyError::Other), "{error}");
    // It was served between the two runs.
    let store = source.open().await;
    store.set_licence(EMPTY, false).await.unwrap();
    store.close().await;
    let error = copy(&source, &target).await.unwrap_err();
    assert!(matches!(error, CopyError::Other), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_others_have_open() {
    let (file, Some(database)) = (Place::file(), Place::database()) else { return };
    fill(&database, 3).await;
    let store = database.open().await;
    store.count(EMPTY, None, None, in_a_minute()).await.unwrap();
    let error = copy(&database, &file).await.unwrap_err();
    assert!(matches!(error, CopyError::InUse { count: 1.., .. }), "{error}");
    let source = Place::file();
    fill(&source, 3).await;
    let error = copy(&source, &database).await.unwrap_err();
    assert!(matches!(error, CopyError::InUse { count: 1.., .. }), "{error}");
    store.close().await;
    copy(&database, &file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_to_a_file_that_is_copied() {
    let [source, target] = [Place::file(), Place::file()];
    fill(&source, 3).await;
    let mut refused = None;
    let run = copy_watched(&source.url, &target.url, |_| {
        let other = Connection::open(source.path()).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        refused = other.execute("UPDATE tenants SET name = 'another'", []).err();
        false
    });
    run.await.unwrap();
    assert!(refused.is_some_and(|error| error.to_string().contains("locked")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_written_to_meanwhile() {
    let (Some(source), target) = (Place::database(), Place::file()) else { return };
    fill(&source, 3).await;
    let run = copy_watched(&source.url, &target.url, |progress| {
        if !progress.is_copying && progress.rows == progress.of {
            source.query("UPDATE tenants SET next_seq = next_seq + 1");
        }
        false
    });
    let error = run.await.unwrap_err();
    assert!(matches!(error, CopyError::Changed), "{error}");
    let opened = Store::open(&target.url, Clock::system()).await;
    assert!(matches!(opened, Err(StoreError::Unfinished)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_not_what_the_source_is() {
    let source = Place::file();
    fill(&source, 3).await;
    for (sql, table) in [
        ("UPDATE identities SET description = 'x' WHERE description = 'Straße 8'", "identities"),
        ("UPDATE changes SET after = NULL WHERE seq = 2", "changes"),
        ("DELETE FROM changes WHERE seq = 1", "changes"),
        ("UPDATE tallies SET rows = rows + 1", "tallies"),
        ("UPDATE snapshots SET in_force = NOT in_force", "snapshots"),
        ("UPDATE snapshot_changes SET user_name = '' WHERE user_name IS NULL", "snapshot_changes"),
        ("UPDATE tenants SET licensed = true", "tenants"),
        ("UPDATE settings SET value = 'x' WHERE name = 'paging_key'", "settings"),
        ("DELETE FROM identity_texts", "identity_texts"),
    ] {
        let Some(target) = Place::database() else { return };
        let run = copy_watched(&source.url, &target.url, |progress| {
            if progress.is_copying && progress.rows == progress.of {
                target.query(sql);
            }
            false
        });
        match run.await.unwrap_err() {
            CopyError::Differs { table: found, .. } => assert_eq!(found, table),
            CopyError::Target(StoreError::Damaged(_)) if table == "identity_texts" => {}
            error => panic!("{sql}: {error}"),
        }
        let opened = Store::open(&target.url, Clock::system()).await;
        assert!(matches!(opened, Err(StoreError::Unfinished)), "{sql}");
    }
}
