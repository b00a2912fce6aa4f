//! What is wrong with a batch itself refuses the whole, says where, and does nothing of it.

use super::{ROWS, after, create, message, request, statuses, write};
use crate::support::{Method, Service, Value, json, serial};

/// Batches that are refused, with the targets of their faults and a part of the message.
fn cases() -> Vec<(Vec<Value>, &'static [&'static str], &'static str)> {
    let get = |id| request(id, "GET", ROWS);
    let with = |name: &str, value: Value| {
        let mut one = get("b");
        one[name] = value;
        vec![create("a", "A-1"), one]
    };
    let typeless = json!({ "id": "b", "method": "DELETE", "url": ROWS, "body": {} });
    let bodiless = json!({ "id": "b", "method": "PATCH", "url": ROWS });
    let second: &[&str] = &["requests[1]"];
    let url: &[&str] = &["requests[1].url"];
    let id: &[&str] = &["requests[1].id"];
    let depends_on: &[&str] = &["requests[1].dependsOn"];
    let headers: &[&str] = &["requests[1].headers"];
    vec![
        (vec![create("a", "A-1"), json!(7)], second, "an object"),
        (with("id", Value::Null), id, "An id is required"),
        (with("id", json!("")), id, "An id is required"),
        (with("id", json!(["b"])), id, "An id is required"),
        (with("id", json!("A")), id, "Request Id A has to be unique in a batch."),
        (with("method", Value::Null), &["requests[1].method"], "A method is required"),
        (with("method", json!("GE T")), &["requests[1].method"], "A method is required"),
        (with("url", Value::Null), url, "A URL is required"),
        (with("url", json!("https://graph.microsoft.com/beta/users")), url, "leads away"),
        (with("url", json!("//evil.example/beta")), url, "leads away"),
        (with("url", json!("/a#b")), url, "%23"),
        (with("url", json!("x".repeat(70_000))), url, "bytes"),
        (with("headers", json!([])), headers, "an object"),
        (with("headers", json!({ "a b": "c" })), headers, "'a b'"),
        (with("headers", json!({ "accept": 7 })), headers, "'accept'"),
        (with("headers", json!({ "accept": "a\nb" })), headers, "'accept'"),
        (with("headers", json!({ "authorization": "Bearer a.b.c" })), headers, "Authorization"),
        (with("dependsOn", json!("a")), depends_on, "an array"),
        (with("dependsOn", json!(["nobody"])), depends_on, "'nobody'"),
        (with("dependsOn", json!(["b"])), depends_on, "'b'"),
        (with("dependsOn", json!([{}])), depends_on, "stands before"),
        (with("dependson", json!(["a"])), second, "Is 'dependsOn' meant?"),
        (with("atomicityGroup", json!("g")), second, "is not offered"),
        (vec![create("a", "A-1"), typeless], headers, "Content-Type"),
        (vec![create("a", "A-1"), bodiless], &["requests[1].body"], "Write request id : b"),
        (
            vec![after(create("a", "A-1"), &["b"]), get("b")],
            &["requests[0].dependsOn"],
            "stands before",
        ),
        (
            vec![json!({ "url": ROWS }), write("b", "POST", "", &json!("no Base64!"))],
            &["requests[0].id", "requests[0].method", "requests[1].url", "requests[1].body"],
            "An id is required",
        ),
    ]
}

each_engine!(it_is_refused_with_every_fault_named, async |service: &Service| {
    for (requests, targets, words) in cases() {
        let answer = service.batch(&requests).await;
        let message = answer.fails(400, "BadRequest");
        assert!(message.contains(words), "{message}");
        assert!(message.contains(targets[0]), "{message}");
        assert_eq!(answer.targets(), targets, "{message}");
    }
    assert!(service.rows().await.is_empty(), "nothing is done of a batch that is refused");
});

each_engine!(what_is_no_batch_is_told_why, async |service: &Service| {
    let batch = |body: &str| {
        let call = service.call(Method::POST, "/beta/$batch");
        call.header("content-type", "application/json").body(body)
    };
    let unreadable = "Unable to read JSON request payload.";
    let invalid = "Invalid batch payload format.";
    for (body, words) in [
        ("", unreadable),
        ("{", unreadable),
        ("{\"requests\":[]} {}", unreadable),
        ("[]", invalid),
        ("{}", invalid),
        ("{\"requests\":[]}", invalid),
        ("{\"requests\":null}", invalid),
        ("{\"requests\":{}}", invalid),
        ("{\"requests\":[],\"requests\":[]}", "'requests' stands there twice"),
        ("{\"request\":[]}", "'request' is not known"),
        ("{\"requests\":[{\"id\":\"1\",\"id\":\"2\"}]}", "'id' stands there twice"),
    ] {
        let message = batch(body).await.fails(400, "BadRequest");
        assert!(message.contains(words), "{body}: {message}");
    }
    let typeless = service.call(Method::POST, "/beta/$batch").body("{\"requests\":[]}").await;
    assert!(typeless.fails(400, "BadRequest").contains("Content-Type"));
    let message = service.call(Method::POST, "/beta/$batch?$top=1").json(&json!({})).await;
    message.fails(501, "NotImplemented");
    service.call(Method::GET, "/beta/$batch").await.fails(405, "MethodNotAllowed");
    service.call(Method::POST, "/v1.0/$batch").json(&json!({})).await.fails(400, "BadRequest");
});

each_engine!(twenty_requests_are_taken_and_no_more, async |service: &Service| {
    let mut requests: Vec<Value> = (0..20).map(|n| request(&n.to_string(), "GET", "/")).collect();
    assert_eq!(statuses(&service.parts(&requests).await), [200; 20]);
    requests.push(create("20", "A-1"));
    let message = service.batch(&requests).await.fails(400, "BadRequest");
    assert!(message.contains("21 requests, and at most 20"), "{message}");
    assert!(service.rows().await.is_empty());
});

each_engine!(a_batch_in_a_batch_is_refused_alone, async |service: &Service| {
    let inner = json!({ "requests": [create("1", "A-1")] });
    let parts = [write("1", "POST", "/$batch", &inner), create("2", "A-2")];
    let parts = service.parts(&parts).await;
    assert_eq!(statuses(&parts), [400, 201]);
    assert!(message(&parts[0]).contains("another batch"), "{}", parts[0]);
    assert_eq!(service.identifiers().await, ["A-2"]);
});

each_engine!(a_name_that_stands_twice_in_a_body_is_seen, async |service: &Service| {
    let headers = r#"{"Content-Type":"application/json"}"#;
    let row = r#"{"importedDeviceIdentifier":"A","importedDeviceIdentifier":"B"}"#;
    let one =
        format!(r#"{{"id":"1","method":"POST","url":"{ROWS}","headers":{headers},"body":{row}}}"#);
    let body = format!(r#"{{"requests":[{one}]}}"#);
    let call = service.call(Method::POST, "/beta/$batch");
    let answer = call.header("content-type", "application/json").body(body).await;
    let part = answer.succeeds(200)["responses"][0].take();
    assert_eq!(part["status"], 400, "{part}");
    assert_eq!(service.post("", &serial("A")).await.status, 201);
});
