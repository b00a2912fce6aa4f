//! What one process gives out or is told, and the others know.

use std::collections::BTreeSet;

use reqwest::Method;
use testbed::Cluster;

use crate::fleet::{Fleet, collection, send};
use crate::outside::until;
use crate::support::{Value, json};

/// A fleet with a tenant, and a token of it.
async fn fleet() -> Option<(Fleet, String, String)> {
    let fleet = Fleet::start(Cluster::shared()?.database()).await;
    let tenant = fleet.new_tenant();
    let token = fleet.token(&tenant);
    Some((fleet, tenant, token))
}

/// Makes some rows through the balancer, and gives their serial numbers in order.
async fn fill(fleet: &Fleet, token: &str) -> Vec<Value> {
    let serials: Vec<String> = (0..8).map(|n| format!("SERIAL-{n}")).collect();
    for serial in &serials {
        let created = fleet.caller.create(token, &fleet.balancer.origin(), serial).await.unwrap();
        assert_eq!(created.status, 201, "{}", created.body);
    }
    serials.into_iter().map(Value::from).collect()
}

#[tokio::test]
async fn a_token_is_good_at_all_and_what_one_stores_the_next_one_shows() {
    let Some((fleet, _, token)) = fleet().await else { return };
    let [first, second, third] = &fleet.processes;
    let created = fleet.caller.create(&token, &first.origin(), "SERIAL").await.unwrap();
    let item =
        |origin: &str| format!("{}/{}", collection(origin), created.body["id"].as_str().unwrap());
    let read = fleet.caller.get(&token, &item(&second.origin())).await.unwrap();
    assert_eq!((read.status, read.header("etag")), (200, created.header("etag")));
    let update = fleet.caller.request(&token, Method::PATCH, &item(&third.origin()));
    let update = update.header("if-match", read.header("etag"));
    let updated = send(update.json(&json!({ "description": "new" }))).await.unwrap();
    assert_eq!((updated.status, &updated.body["description"]), (200, &json!("new")));
    let late = fleet.caller.request(&token, Method::DELETE, &item(&first.origin()));
    let late = send(late.header("if-match", created.header("etag"))).await.unwrap();
    assert_eq!(late.status, 412, "{}", late.body);
}

#[tokio::test]
async fn a_link_of_one_is_continued_at_the_next() {
    let Some((fleet, _, token)) = fleet().await else { return };
    let serials = fill(&fleet, &token).await;
    let origins = fleet.processes.each_ref().map(|process| process.origin());
    let mut url = collection(&origins[0]) + "?$top=1&$orderby=importedDeviceIdentifier";
    for (page, serial) in serials.iter().enumerate() {
        let (at, next) = (&origins[page % 3], &origins[(page + 1) % 3]);
        let answer = fleet.caller.get(&token, &url).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["value"][0]["importedDeviceIdentifier"], *serial);
        let link = answer.body["@odata.nextLink"].as_str();
        assert_eq!(link.is_none(), page + 1 == serials.len());
        url = link.map(|link| link.replace(at, next)).unwrap_or_default();
        assert!(link.is_none() || url.starts_with(next), "{link:?} is not of {at}");
    }
}

/// As clients see it, who know the balancer alone: links lead to it, and from there to whomever.
#[tokio::test]
async fn links_through_the_balancer_lead_through_the_balancer() {
    let Some((fleet, _, token)) = fleet().await else { return };
    let serials = fill(&fleet, &token).await;
    let origin = fleet.balancer.origin();
    let mut next = Some(collection(&origin) + "?$top=3");
    let mut seen = Vec::new();
    while let Some(url) = next {
        assert!(url.starts_with(&origin), "{url}");
        let page = fleet.caller.get(&token, &url).await.unwrap();
        let rows = page.body["value"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| row["importedDeviceIdentifier"].clone()));
        next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, serials);
}

#[tokio::test]
async fn a_tenant_that_is_added_or_loses_its_licence_is_known_to_all() {
    let Some((fleet, tenant, token)) = fleet().await else { return };
    let statuses = async || {
        let mut statuses = BTreeSet::new();
        for process in &fleet.processes {
            let list = collection(&process.origin());
            statuses.insert(fleet.caller.get(&token, &list).await.unwrap().status);
        }
        statuses
    };
    until("all let it in", async || statuses().await == BTreeSet::from([200])).await;
    fleet.processes[1].admin(&["tenant", "unlicense", &tenant]);
    until("none lets it in", async || statuses().await == BTreeSet::from([400])).await;
    fleet.processes[2].admin(&["tenant", "license", &tenant]);
    until("all let it in again", async || statuses().await == BTreeSet::from([200])).await;
}
