//! Each part of a batch is authorised, throttled and told by itself.

use uuid::Uuid;

use super::{ROWS, create, message, parts, request, statuses, write};
use crate::support::{Method, READ, Service, Token, Value, json, serial, text};

each_engine!(who_may_only_read_reads_and_writes_nothing, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let url = format!("{ROWS}/{}", text(&row, "id"));
    let requests = [
        request("read", "GET", &url),
        write("change", "PATCH", &url, &json!({ "description": "changed" })),
        request("remove", "DELETE", &url),
    ];
    let token = Token::of(&service.tenant()).roles(&[READ]).sign();
    let call = service.call(Method::POST, "/beta/$batch").token(&token);
    let parts = parts(&call.json(&json!({ "requests": requests })).await, &requests);
    assert_eq!(statuses(&parts), [200, 403, 403]);
    assert!(message(&parts[1]).contains("ReadWrite"), "{}", parts[1]);
    assert_eq!(service.get(&format!("/{}", text(&row, "id"))).await.json(), row);
});

each_engine!(
    each_part_counts_and_the_batch_does_not,
    ["--throttle", "3/60"],
    async |service: &Service| {
        let requests: Vec<Value> =
            (0..5).map(|n| create(&n.to_string(), &format!("A-{n}"))).collect();
        let parts = service.parts(&requests).await;
        let mut found = statuses(&parts);
        found.sort_unstable();
        assert_eq!(found, [201, 201, 201, 429, 429]);
        for part in parts.iter().filter(|part| part["status"] == 429) {
            let wait: u32 = text(&part["headers"], "Retry-After").parse().unwrap();
            assert!((1..=60).contains(&wait), "{part}");
        }
        // The batch itself is still taken.
        assert_eq!(statuses(&service.parts(&requests[..1]).await), [429]);
    }
);

each_engine!(each_part_has_an_id_of_its_own_and_leaves_its_own_entry, async |service: &Service| {
    let mut named = create("2", "A-2");
    named["headers"]["client-request-id"] = json!("of the part");
    let requests = [create("1", "A-1"), named, request("3", "GET", "/nowhere")];
    let call = service.call(Method::POST, "/beta/$batch").header("client-request-id", "the batch");
    let answer = call.json(&json!({ "requests": requests })).await;
    let parts = parts(&answer, &requests);
    assert_eq!(answer.header("client-request-id"), "the batch");
    let names = ["the batch", "of the part", "the batch"];
    for (part, name) in parts.iter().zip(names) {
        assert_eq!(part["headers"]["client-request-id"], name);
    }
    assert_eq!(parts[2]["body"]["error"]["innerError"]["client-request-id"], "the batch");
    let mut ids: Vec<Uuid> =
        parts.iter().map(|part| text(&part["headers"], "request-id").parse().unwrap()).collect();
    for change in service.history(&service.tenant()).await {
        let identity = change.after.as_ref().unwrap();
        let part = parts.iter().position(|part| part["body"]["id"] == identity.id.to_string());
        let part = part.unwrap();
        assert_eq!(change.audit.request_id, ids[part]);
        assert_eq!(change.audit.client_request_id.as_deref(), Some(names[part]));
    }
    ids.push(answer.header("request-id").parse().unwrap());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
});

each_engine!(the_bearer_of_the_batch_may_be_named_again, async |service: &Service| {
    let mut one = request("1", "GET", ROWS);
    one["headers"] = json!({ "Authorization": format!("Bearer {}", service.token()) });
    assert_eq!(statuses(&service.parts(&[one]).await), [200]);
});
