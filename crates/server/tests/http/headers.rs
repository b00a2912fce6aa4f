//! Headers that all requests and answers have in common (contract, section 5). What every answer
//! carries is looked at in every test; here is what depends on the request.

use std::collections::HashSet;

use crate::support::{Answer, COLLECTION, Call, Method, Service, Token, item, json, serial};

/// Requests of every kind, whatever they are answered with.
async fn calls(service: &Service) -> Vec<Call> {
    let row = service.create(&serial("A-1")).await;
    vec![
        service.call(Method::GET, "/beta/"),
        service.call(Method::GET, "/beta/nonsense"),
        service.call(Method::GET, "/v1.0/deviceManagement/importedDeviceIdentities"),
        service.get(""),
        service.get("").without_token(),
        service.get("").token(&Token::of(&service.add_tenant(false).await).sign()),
        service.get("").header("host", "evil.example"),
        service.get("?$filter=a"),
        service.get("/$count"),
        service.get(&item(&row)),
        service.get(&item(&row)).header("if-none-match", "*"),
        service.get("/no-such-id"),
        service.call(Method::PUT, COLLECTION),
        service.post("", &serial("A-2")),
        service.post("", &serial("A-1")),
        service.post("", &json!([])),
        service.patch(&item(&row), &json!({ "platform": "ios" })),
        service
            .patch(&item(&row), &json!({ "platform": "ios" }))
            .header("prefer", "return=minimal"),
        service.delete(&item(&row)),
    ]
}

each_engine!(every_answer_has_an_id_of_its_own, async |service: &Service| {
    let mut ids = HashSet::new();
    for call in calls(service).await {
        let answer = call.await;
        assert_eq!(answer.header("client-request-id"), answer.header("request-id"));
        assert!(ids.insert(answer.header("request-id").to_owned()), "twice: {answer:?}");
    }
});

each_engine!(the_id_that_the_client_gave_comes_back, async |service: &Service| {
    let id = "5f0c4f3e-62d4-4c38-9d0a-5d7a0f3a0003";
    for call in calls(service).await {
        let answer = call.header("client-request-id", id).await;
        assert_eq!(answer.header("client-request-id"), id);
        assert_ne!(answer.header("request-id"), id);
    }
});

async fn with_client_request_id(service: &Service, id: &str) -> Answer {
    service.get("/no-such-id").header("client-request-id", id).await
}

each_engine!(it_comes_back_as_it_came, async |service: &Service| {
    let longest = "x".repeat(128);
    for id in [
        "5F0C4F3E-62D4-4C38-9D0A-5D7A0F3A0003",
        "{5f0c4f3e-62d4-4c38-9d0a-5d7a0f3a0003}",
        "16a8d1c7-2d5a-cb11-1b5c-e4a0c3e58d5f",
        "build 42, step \"seven\"",
        "\u{e9}t\u{e9}",
        "0",
        &longest,
    ] {
        let answer = with_client_request_id(service, id).await;
        assert_eq!(answer.headers["client-request-id"].as_bytes(), id.as_bytes());
        assert_eq!(answer.json()["error"]["innerError"]["client-request-id"], id);
    }
});

each_engine!(an_id_too_long_or_empty_is_as_none, async |service: &Service| {
    for id in ["x".repeat(129), "x".repeat(10_000), String::new(), "  ".to_owned()] {
        let answer = with_client_request_id(service, &id).await;
        assert_eq!(answer.header("client-request-id"), answer.header("request-id"));
    }
});

each_engine!(no_request_chooses_the_id_of_the_service, async |service: &Service| {
    let id = "5f0c4f3e-62d4-4c38-9d0a-5d7a0f3a0003";
    let answer = service.get("").header("request-id", id).await;
    assert_ne!(answer.header("request-id"), id);
    assert_ne!(answer.header("client-request-id"), id);
});

each_engine!(the_version_and_the_cache_are_told, async |service: &Service| {
    for call in calls(service).await {
        let answer = call.await;
        assert_eq!(answer.header("odata-version"), "4.0");
        assert_eq!(answer.header("cache-control"), "no-cache");
        for name in ["odata-version", "cache-control", "request-id", "client-request-id"] {
            assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}");
        }
    }
});

each_engine!(plain_http_promises_no_tls, async |service: &Service| {
    for call in calls(service).await {
        assert_eq!(call.await.maybe_header("strict-transport-security"), None);
    }
});

each_engine!(nothing_lets_pages_of_other_sites_in, async |service: &Service| {
    for call in calls(service).await {
        let answer = call.header("origin", "https://evil.example").await;
        let cors = answer.headers.keys().find(|name| name.as_str().starts_with("access-control"));
        assert_eq!(cors, None);
    }
});

each_engine!(json_says_what_it_is, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for path in ["", &item(&row)] {
        assert_eq!(
            service.get(path).await.header("content-type"),
            "application/json;odata.metadata=minimal;odata.streaming=true;\
             IEEE754Compatible=false;charset=utf-8"
        );
    }
    let error = service.get("/no-such-id").await;
    assert_eq!(error.header("content-type"), "application/json");
});

each_engine!(a_consistency_level_means_nothing, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for path in ["", "/$count", "?$top=1", "?$filter=a", &item(&row)] {
        let plain = service.get(path).await;
        for level in ["eventual", "Eventual", "session", "nonsense", ""] {
            let answer = service.get(path).header("consistencylevel", level).await;
            assert_eq!(answer.status, plain.status, "{path} {level}");
            if plain.status.is_success() {
                assert_eq!(answer.body, plain.body, "{path} {level}");
            }
        }
    }
});

each_engine!(only_a_row_has_a_tag, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    assert_eq!(service.get(&item(&row)).await.header("etag"), "W/\"1\"");
    for path in ["", "/$count", "/no-such-id"] {
        assert_eq!(service.get(path).await.maybe_header("etag"), None, "{path}");
    }
});

each_engine!(only_a_new_row_has_a_location, async |service: &Service| {
    let answer = service.post("", &serial("A-1")).await;
    let row = answer.succeeds(201);
    assert_eq!(answer.header("location"), service.url(&format!("{COLLECTION}{}", item(&row))));
    for call in [
        service.get(&item(&row)),
        service.patch(&item(&row), &json!({ "platform": "ios" })),
        service.post("", &serial("A-1")),
        service.get(""),
    ] {
        assert_eq!(call.await.maybe_header("location"), None);
    }
});

each_engine!(a_request_of_another_version_is_refused, async |service: &Service| {
    let create = |version| service.post("", &serial(version)).header("odata-version", version);
    for version in ["4.0", "4.01", "4", "4.0;NetFx"] {
        let answer = create(version).await;
        assert_eq!((answer.status.as_u16(), answer.header("odata-version")), (201, "4.0"));
    }
    for version in ["3.0", "3.0;NetFx", "4.02", "4.005", "5.0", "+4.0", "-4", "four", ""] {
        let message = create(version).await.fails(400, "BadRequest");
        assert!(message.contains("'OData-Version'"), "{version}: {message}");
    }
    let twice = create("4.0").header("odata-version", "3.0");
    assert!(twice.await.fails(400, "BadRequest").contains("'3.0'"));
    assert_eq!(service.get("/$count").await.text(), "4");
});

// OData 4.01 Part 1, 8.2.6: MUST NOT be processed where snapshots are not supported.
each_engine!(nobody_is_told_that_pages_are_of_one_instant, async |service: &Service| {
    for name in ["OData-Isolation", "Isolation"] {
        let create = |value| service.post("", &serial("S")).header(name, value);
        let message = create(" Snapshot").await.fails(412, "PreconditionFailed");
        assert!(message.contains(&format!("'{name}'")), "{message}");
        assert_eq!(service.get("/$count").await.text(), "0");
    }
    let other = service.get("").header("isolation", "of-something-else").await;
    assert_eq!(other.status, 200);
});

each_engine!(a_client_that_does_not_take_this_version_is_told, async |service: &Service| {
    let ask = |most| service.get("").header("odata-maxversion", most);
    for most in ["4.0", "4.01", "5.0", "4", "4.0;NetFx", " 4.0 ; x"] {
        let answer = ask(most).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("odata-version")),
            (200, "4.0"),
            "{most}"
        );
    }
    for most in ["3.0", "3.0;NetFx", "0", "-4", "+4.0", "4.", "4.x", "inf", "NaN", "four", ""] {
        let message = ask(most).await.fails(400, "BadRequest");
        assert!(message.contains("'OData-MaxVersion'"), "{most}: {message}");
    }
});
