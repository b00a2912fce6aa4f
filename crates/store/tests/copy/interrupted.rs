//! Copies that do not come to their end at once.

use store::{Clock, CopyError, Store, StoreError};
use testbed::{Cluster, Cut, Proxy};

use crate::register::{Place, fill};
use crate::{copy, copy_watched, held};

/// Whether it was refused as unfinished.
async fn is_refused(place: &Place) -> bool {
    let opened = Store::open(&place.url, Clock::system()).await;
    matches!(opened, Err(StoreError::Unfinished))
}

/// Interrupts a copy behind each of its steps, one more each time, until it is done.
async fn step_by_step(from: &Place, to: &Place) {
    let mut reached = 0;
    let mut interruptions = 0;
    loop {
        let mut last = 0;
        let run = copy_watched(&from.url, &to.url, |progress| {
            last = progress.rows;
            progress.is_copying
        });
        match run.await {
            Err(CopyError::Interrupted) => {
                assert!(last > reached, "it begins anew: {last} after {reached}");
                reached = last;
                interruptions += 1;
                assert!(is_refused(to).await);
            }
            Ok(copied) => {
                assert_eq!(copied.from_before, reached);
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(interruptions > 10, "{interruptions}");
    assert!(held(to).await == held(from).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_to_postgresql_goes_on_where_it_was() {
    let (source, Some(target)) = (Place::file(), Place::database()) else { return };
    fill(&source, 2_100).await;
    step_by_step(&source, &target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_to_sqlite_goes_on_where_it_was() {
    let (Some(source), target) = (Place::database(), Place::file()) else { return };
    fill(&source, 2_100).await;
    step_by_step(&source, &target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_and_not_verified_cannot_be_opened() {
    let [source, target] = [Place::file(), Place::file()];
    fill(&source, 3).await;
    let run = copy_watched(&source.url, &target.url, |progress| !progress.is_copying);
    assert!(matches!(run.await, Err(CopyError::Interrupted)));
    assert!(is_refused(&target).await);
    let all = copy(&source, &target).await.unwrap();
    let counted = all.tables.iter().filter(|table| table.name != "settings");
    assert_eq!(all.from_before, counted.map(|table| table.rows).sum::<u64>());
    target.open().await.close().await;
}

/// The connection goes, with and without the server having heard of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_loses_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let source = Place::file();
    fill(&source, 3).await;
    for cut in [Cut::Unsent, Cut::Answered(0)] {
        for at in ["COMMIT", "INSERT INTO changes", "INSERT INTO tenants", "DELETE FROM settings"] {
            let Some(target) = Place::database() else { return };
            let proxy = Proxy::new(cluster.address());
            let through = target.database.as_ref().unwrap().url_at(proxy.address());
            proxy.cut_at(at, cut);
            let run = copy_watched(&source.url, &through.parse().unwrap(), |_| false).await;
            assert!(matches!(run, Err(CopyError::Target(_))), "{at}: {run:?}");
            assert_eq!(proxy.cuts_to_come(), 0, "{at}");
            match copy(&source, &target).await {
                Ok(_) => {}
                // The mark was removed, and only nobody heard of it.
                Err(CopyError::Taken { .. }) if at == "DELETE FROM settings" => {}
                Err(error) => panic!("{at} {cut:?}: {error}"),
            }
            assert!(held(&target).await == held(&source).await, "{at} {cut:?}");
        }
    }
}
