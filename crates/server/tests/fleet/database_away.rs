//! The database stops under all three, and comes back.

use futures_util::future::join_all;
use testbed::Cluster;

use crate::fleet::{Fleet, collection};
use crate::outside::until;
use crate::process::Process;
use crate::replay::replay;

/// Whether it says of itself that it is ready, and what it says of the store.
async fn health(fleet: &Fleet, process: &Process) -> (u16, String) {
    let ready = format!("{}/readyz", process.origin());
    let answer = fleet.caller.get("", &ready).await.unwrap();
    (answer.status, answer.body["checks"]["store"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_say_so_while_it_is_away_and_serve_when_it_is_back() {
    let Some(cluster) = Cluster::own() else { return };
    let fleet = Fleet::start(cluster.database()).await;
    let tenant = fleet.new_tenant();
    let token = fleet.token(&tenant);
    let (caller, balancer) = (&fleet.caller, fleet.balancer.origin());
    let create = async |origin: &str, serial: &str| {
        let answer = caller.create(&token, origin, serial).await.unwrap();
        (answer.status, answer.header("retry-after").parse::<u32>().ok(), answer.body)
    };
    assert_eq!(create(&balancer, "BEFORE").await.0, 201);

    cluster.stop();
    let is_noticed = async |process: &Process| {
        let (origin, away) = (process.origin(), (503, "failed".to_owned()));
        let not_ready = until("not ready", async || health(&fleet, process).await == away);
        let ((), written) = tokio::join!(not_ready, create(&origin, "MEANWHILE"));
        let (status, seconds, body) = written;
        assert_eq!((status, &body["error"]["code"]), (503, &"ServiceUnavailable".into()), "{body}");
        assert!(seconds.is_some_and(|seconds| seconds > 0), "it says when to come again");
        let read = caller.get(&token, &collection(&origin)).await.unwrap();
        assert_eq!(read.status, 503, "{}", read.body);
        assert!(read.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    };
    // A failover would be waited for: they wait side by side.
    join_all(fleet.processes.each_ref().map(is_noticed)).await;

    cluster.start();
    for (at, process) in fleet.processes.iter().enumerate() {
        let well = (200, "ok".to_owned());
        until("ready again", async || health(&fleet, process).await == well).await;
        let (status, _, body) = create(&process.origin(), &format!("AFTER-{at}")).await;
        assert_eq!(status, 201, "{body}\n{}", process.log());
        assert!(process.runs(), "nobody started it anew");
    }
    let rows = caller.rows(&token, &collection(&balancer)).await;
    let serials: Vec<_> = rows.iter().map(|row| &row["importedDeviceIdentifier"]).collect();
    assert_eq!(serials, ["BEFORE", "AFTER-0", "AFTER-1", "AFTER-2"]);
    replay(&fleet.history(&tenant), &rows);
}
