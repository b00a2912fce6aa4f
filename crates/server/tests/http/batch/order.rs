//! `dependsOn`, and what runs at the same time.

use std::time::{Duration, Instant};

use super::{ROWS, after, create, message, request, statuses, write};
use crate::support::{Service, Value, json, serial};

/// Waits for something to come about.
async fn until(is: impl Fn() -> bool) {
    let late = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < late, "it never came about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

each_engine!(a_failed_dependency_fails_all_that_depend_on_it, async |service: &Service| {
    service.create(&serial("taken")).await;
    let parts = service
        .parts(&[
            create("a", "taken"),
            after(create("b", "B"), &["a"]),
            create("c", "C"),
            after(create("d", "D"), &["c", "B"]),
            after(create("e", "E"), &["c"]),
        ])
        .await;
    assert_eq!(statuses(&parts), [409, 424, 201, 424, 201]);
    assert_eq!(message(&parts[1]), "The request 'a' has failed, on which this one depends.");
    assert_eq!(message(&parts[3]), "The request 'b' has failed, on which this one depends.");
    assert_eq!(parts[1]["body"]["error"]["code"], "FailedDependency");
    let mut identifiers = service.identifiers().await;
    identifiers.sort();
    assert_eq!(identifiers, ["C", "E", "taken"]);
});

each_engine!(what_depends_on_a_request_sees_what_it_did, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let url = format!("{ROWS}/{}", row["id"].as_str().unwrap());
    let describe = |id: &str, text: &str| write(id, "PATCH", &url, &json!({ "description": text }));
    let mut chain = vec![describe("0", "0")];
    for n in 1..19 {
        let (before, id) = ((n - 1).to_string(), n.to_string());
        chain.push(after(describe(&id, &id), &[&before]));
    }
    // The name by which the Python SDK calls it.
    let mut last = request("19", "GET", &url);
    last["depends_on"] = json!(["18"]);
    chain.push(last);
    let parts = service.parts(&chain).await;
    assert_eq!(statuses(&parts), [200; 20]);
    for (n, part) in parts.iter().take(19).enumerate() {
        assert_eq!(part["body"]["description"], n.to_string());
    }
    assert_eq!(parts[19]["body"]["description"], "18");
});

each_engine!(not_modified_is_no_failure, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let mut get = request("1", "GET", &format!("{ROWS}/{}", row["id"].as_str().unwrap()));
    get["headers"] = json!({ "If-None-Match": "*" });
    let parts = service.parts(&[get, after(create("2", "A-2"), &["1"])]).await;
    assert_eq!(statuses(&parts), [304, 201]);
    assert!(parts[0].get("body").is_none(), "{}", parts[0]);
});

each_engine!(writes_of_a_batch_share_commits, async |service: &Service| {
    // While they are held up, one write is begun at most, and the others wait for it. All of a
    // transaction have its instant.
    let lock = service.hold_up().await;
    let requests: Vec<Value> = (0..20).map(|n| create(&n.to_string(), &format!("A-{n}"))).collect();
    let unlock = async {
        until(|| service.waiting_rows() == 20).await;
        drop(lock);
    };
    let (parts, ()) = tokio::join!(service.parts(&requests), unlock);
    assert_eq!(statuses(&parts), [201; 20]);
    let history = service.history(&service.tenant()).await;
    let mut instants: Vec<String> = history.iter().map(|change| change.at.to_string()).collect();
    instants.dedup();
    assert_eq!(history.len(), 20);
    assert!(instants.len() <= 2, "20 writes took {} transactions", instants.len());
});

each_engine!(
    one_that_waits_holds_up_only_what_depends_on_it,
    ["--request-timeout-ms", "800"],
    async |service: &Service| {
        let row = service.create(&serial("A-1")).await;
        let url = format!("{ROWS}/{}", row["id"].as_str().unwrap());
        // While they are held up, a write is begun, and that of the batch waits behind it until
        // the deadline of the whole has passed. If both are begun together, then once more.
        for attempt in 0.. {
            let before = service.rows().await.len();
            let lock = service.hold_up().await;
            let first = service.post("", &serial(&format!("first {attempt}"))).into_future();
            let requests = [
                create("slow", &format!("slow {attempt}")),
                request("fast", "GET", &url),
                after(request("never", "GET", &url), &["slow"]),
                request("none", "GET", "/nowhere"),
            ];
            let batch = async {
                until(|| service.waiting_writes() == 0 && service.waiting_rows() == 1).await;
                service.parts(&requests).await
            };
            let unlock = async {
                until(|| service.waiting_rows() == 2).await;
                tokio::time::sleep(Duration::from_millis(900)).await;
                drop(lock);
            };
            let (first, parts, ()) = tokio::join!(first, batch, unlock);
            first.succeeds(201);
            let new = service.rows().await.len() - before;
            if statuses(&parts) == [503, 200, 424, 400] {
                assert_eq!(parts[0]["headers"]["Retry-After"], "1");
                return assert_eq!(new, 1, "what was refused is not done");
            }
            assert_eq!((statuses(&parts), new), (vec![201, 200, 200, 400], 2));
            assert!(attempt < 10, "no write was ever too late");
        }
    }
);
