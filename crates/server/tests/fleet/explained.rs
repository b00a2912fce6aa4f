//! One order of all writes of a tenant explains every answer that any of the processes gave, though
//! they are killed meanwhile: none that was acknowledged is lost, none is stored twice.
//!
//! `MUSTER_FLEET_SEED` repeats the choices of a failed run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use testbed::Cluster;
use tokio::task::JoinSet;

use crate::clients::{Client, Made, Progress};
use crate::contract::{Effect, Rows};
use crate::fleet::{Fleet, collection};
use crate::order::{Span, met, misplaced};
use crate::replay::replay;
use crate::support::{Random, Value};

const TENANTS: usize = 3;
const CLIENTS: usize = 4;
const KILLS: usize = 6;
/// Answers between a kill and a start, and the other way round.
const ANSWERS: usize = 100;
/// Requests that each of them cuts off at least.
const CUT_OFF: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_explains_every_answer_though_processes_are_killed() {
    let Some(cluster) = Cluster::shared() else { return };
    let seed = seed();
    let _told = Told(seed);
    let fleet = Fleet::start(cluster.database()).await;
    let tenants: Vec<String> = (0..TENANTS).map(|_| fleet.new_tenant()).collect();
    let (mut random, progress) = (Random::new(seed), Arc::new(Progress::default()));
    let mut clients = JoinSet::new();
    for (number, tenant) in tenants.iter().cycle().take(TENANTS * CLIENTS).enumerate() {
        let called = (fleet.balancer.origin(), fleet.token(tenant));
        let client = Client::new(called, &progress, (number.to_string(), random.next()));
        let tenant = tenant.clone();
        clients.spawn(async move { (tenant, client.run().await) });
    }
    for process in fleet.processes.iter().cycle().take(KILLS) {
        progress.answers(ANSWERS).await;
        // So many are done, as far as they can be, and nobody is told.
        fleet.balancer.hold_back(process.address, CUT_OFF).await;
        process.kill();
        fleet.balancer.lose_held();
        progress.answers(ANSWERS).await;
        process.spawn();
        process.is_ready(&fleet.caller).await;
    }
    progress.answers(ANSWERS).await;
    progress.end();
    let mut all: HashMap<String, Vec<Made>> = HashMap::new();
    for (tenant, made) in clients.join_all().await {
        all.entry(tenant).or_default().extend(made);
    }
    fleet.settles().await;
    let cut_off = all.values().flatten().filter(|made| made.answer.is_none()).count();
    assert!(cut_off >= KILLS * CUT_OFF, "only {cut_off} requests were cut off");
    for (tenant, made) in all {
        check(&fleet, &tenant, &made).await;
    }
}

/// Compares what a tenant's clients were told with its history, and that with the rows.
async fn check(fleet: &Fleet, tenant: &str, all: &[Made]) {
    let (history, token) = (fleet.history(tenant), fleet.token(tenant));
    for process in &fleet.processes {
        let list = collection(&process.origin());
        let rows = fleet.caller.rows(&token, &format!("{list}?$top=2")).await;
        replay(&history, &rows);
        let count = fleet.caller.get(&token, &format!("{list}/$count")).await.unwrap();
        assert_eq!(count.body, rows.len());
    }
    explain(&history, all);
}

/// Finds a place for every request in the history of its tenant.
fn explain(history: &[Value], all: &[Made]) {
    let by_mark: HashMap<&str, &Made> = all.iter().map(|it| (it.mark.as_str(), it)).collect();
    let mut states = vec![Rows::new()];
    let mut effects: Vec<(&str, Span)> = Vec::new();
    for changes in history.chunk_by(|a, b| a["requestId"] == b["requestId"]) {
        let mark = changes[0]["clientRequestId"].as_str().unwrap();
        let made = by_mark[mark];
        assert!(effects.iter().all(|(other, _)| *other != mark), "done twice, or torn: {made:#?}");
        let mut rows = states.last().unwrap().clone();
        let effect = Effect::of(&made.asked, &rows);
        assert!(effect.is(changes), "{made:#?}\ndid {changes:#?}\nto {rows:#?}");
        for change in changes {
            let id = change["id"].as_str().unwrap().to_owned();
            match &change["after"] {
                Value::Null => rows.remove(&id),
                after => rows.insert(id, after.clone()),
            };
        }
        if let Some(answer) = &made.answer {
            assert!(effect.is_told(&made.asked, &rows, answer), "{made:#?}\nleft {rows:#?}");
            assert_eq!(answer.header("request-id"), changes[0]["requestId"], "{made:#?}");
        }
        states.push(rows);
        effects.push((mark, made.span));
    }
    assert!(effects.len() > ANSWERS / 4, "only {} requests changed something", effects.len());
    let spans: Vec<Span> = effects.iter().map(|(_, span)| *span).collect();
    let wrong = misplaced(&spans).map(|(a, b)| (by_mark[effects[a].0], by_mark[effects[b].0]));
    assert!(wrong.is_none(), "the second had ended before the first was begun: {wrong:#?}");
    let changed = |made: &Made| effects.iter().any(|(mark, _)| *mark == made.mark);
    for made in all.iter().filter(|made| !changed(made)) {
        // What was cut off and changed nothing may have been anything.
        let Some(answer) = &made.answer else { continue };
        let met = &states[met(&spans, made.span)];
        let is_explained = met.iter().any(|rows| {
            let effect = Effect::of(&made.asked, rows);
            effect.is_none() && effect.is_told(&made.asked, rows, answer)
        });
        assert!(is_explained, "{made:#?}\nin none of {met:#?}");
    }
    let cut_off = all.iter().filter(|made| made.answer.is_none());
    let (cut_off, done) =
        cut_off.fold((0, 0), |(all, done), it| (all + 1, done + usize::from(changed(it))));
    println!(
        "{} requests, {} of which changed something; {cut_off} cut off, {done} of which did",
        all.len(),
        effects.len()
    );
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let given = std::env::var("MUSTER_FLEET_SEED").ok();
    given.map_or(u64::from(now.subsec_nanos()), |text| text.parse().unwrap())
}

/// Tells the seed when the test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("to repeat these choices: MUSTER_FLEET_SEED={}", self.0);
        }
    }
}
