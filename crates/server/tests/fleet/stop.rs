//! Processes that are asked to end, and what clients of the balancer notice of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use testbed::Cluster;
use tokio::task::JoinSet;

use crate::fleet::{Caller, Fleet, collection};
use crate::outside::until;

/// Requests that are sent while a process ends.
const MEANWHILE: usize = 9;
const CLIENTS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_work_is_answered_while_the_others_go_on() {
    let Some(cluster) = Cluster::shared() else { return };
    let fleet = Fleet::start(cluster.database()).await;
    let token = fleet.token(&fleet.new_tenant());
    let (caller, balancer, ending) = (&fleet.caller, fleet.balancer.origin(), &fleet.processes[0]);
    let hold = fleet.hold_up().await;
    let in_work = tokio::spawn({
        let (caller, token, origin) = (caller.clone(), token.clone(), ending.origin());
        async move { caller.create(&token, &origin, "IN-WORK").await }
    });
    fleet.are_held_up(1).await;
    ending.ask_to_end();
    ending.is_closed().await;
    for _ in 0..MEANWHILE {
        let answer = caller.get(&token, &collection(&balancer)).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert!(ending.runs(), "it waits for the request");
    drop(hold);
    assert_eq!(in_work.await.unwrap().unwrap().status, 201);
    ending.has_ended().await;
    for number in 0..MEANWHILE {
        let created = caller.create(&token, &balancer, &format!("S-{number}")).await.unwrap();
        assert_eq!(created.status, 201, "{}", created.body);
    }
    assert_eq!(caller.rows(&token, &collection(&balancer)).await.len(), 1 + MEANWHILE);
}

/// What came of a client of the balancer.
#[derive(Default)]
struct Told {
    created: usize,
    sent_again: usize,
}

/// Makes one row after the other until it is told to end. What the balancer has brought to a process
/// as it closed is sent again: it was not taken up, or that would be a conflict.
async fn create(
    (caller, token, origin): (Caller, String, String),
    client: usize,
    is_over: Arc<AtomicBool>,
) -> Told {
    let mut told = Told::default();
    while !is_over.load(Ordering::Relaxed) {
        let serial = format!("C{client}-{}", told.created);
        match caller.create(&token, &origin, &serial).await {
            None => told.sent_again += 1,
            Some(answer) => {
                assert_eq!(answer.status, 201, "{serial}: {}", answer.body);
                told.created += 1;
            }
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_after_the_other_is_started_anew_under_load() {
    let Some(cluster) = Cluster::shared() else { return };
    let fleet = Fleet::start(cluster.database()).await;
    let tenant = fleet.new_tenant();
    let token = fleet.token(&tenant);
    let (is_over, mut clients) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for client in 0..CLIENTS {
        let called = (fleet.caller.clone(), token.clone(), fleet.balancer.origin());
        clients.spawn(create(called, client, Arc::clone(&is_over)));
    }
    let list = collection(&fleet.balancer.origin());
    let goes_on = async || {
        let count = async || {
            let counted = fleet.caller.get(&token, &format!("{list}/$count")).await;
            counted.and_then(|answer| answer.body.as_u64())
        };
        let mut enough = None;
        until("rows are made", async || {
            let count = count().await;
            enough = enough.or(count.map(|count| count + 20));
            count >= enough && count.is_some()
        })
        .await;
    };
    for process in &fleet.processes {
        goes_on().await;
        process.ask_to_end();
        process.has_ended().await;
        goes_on().await;
        process.spawn();
        process.is_ready(&fleet.caller).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let told = clients.join_all().await;
    let created: usize = told.iter().map(|told| told.created).sum();
    let sent_again: usize = told.iter().map(|told| told.sent_again).sum();
    println!("{created} rows made, {sent_again} requests sent again");
    assert_eq!(fleet.caller.rows(&token, &list).await.len(), created);
    assert_eq!(fleet.history(&tenant).len(), created);
}
