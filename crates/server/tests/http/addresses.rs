//! Addresses: how paths may be spelt, and what those get that name nothing.

use crate::support::{COLLECTION, Method, Service, import, item, json, serial, text};

/// Spellings of the collection that name it just as well.
const COLLECTIONS: [&str; 7] = [
    "/beta/deviceManagement/importedDeviceIdentities",
    "/Beta/devicemanagement/importeddeviceidentities",
    "/BETA/DEVICEMANAGEMENT/IMPORTEDDEVICEIDENTITIES",
    "/beta/deviceManagement/importedDeviceIdentities/",
    "/%62eta/device%4Danagement/imported%44eviceidentities",
    "/beta/deviceManagement/importedDeviceIdentities?",
    "/beta/deviceManagement/importedDeviceIdentities/?",
];

each_engine!(segments_match_without_regard_to_case_and_encoding, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let list = service.get("").await.succeeds(200);
    for path in COLLECTIONS {
        let answer = service.call(Method::GET, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json(), list, "links are spelt in one way only: {path}");
    }
    for count in ["/$count", "/$COUNT", "/%24count", "/$count/"] {
        assert_eq!(service.get(count).await.text(), "1", "{count}");
    }
});

each_engine!(a_row_has_two_addresses, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let id = text(&row, "id");
    let encoded = id.replace('-', "%2D");
    for path in [
        format!("/{id}"),
        format!("/{id}/"),
        format!("('{id}')"),
        format!("('{id}')/"),
        format!("(%27{id}%27)"),
        format!("(id='{id}')"),
        format!("/{encoded}"),
        format!("('{encoded}')"),
    ] {
        let answer = service.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json(), row, "{path}");
    }
    let path = format!("/Beta/devicemanagement/IMPORTEDdeviceIdentities('{id}')");
    assert_eq!(service.call(Method::GET, &path).await.succeeds(200), row);
});

each_engine!(a_row_is_changed_and_removed_by_either_address, async |service: &Service| {
    for (first, second) in [("/", ""), ("('", "')")] {
        let row = service.create(&serial("A-1")).await;
        let path = format!("{first}{}{second}", text(&row, "id"));
        let updated = service.patch(&path, &json!({ "platform": "ios" })).await.succeeds(200);
        assert_eq!((&updated["id"], &updated["platform"]), (&row["id"], &json!("ios")));
        service.delete(&path).await.succeeds(204);
        service.get(&path).await.fails(404, "ResourceNotFound");
    }
});

each_engine!(an_id_may_hold_anything_and_then_names_nothing, async |service: &Service| {
    service.create(&serial("A-1")).await;
    for (path, id) in [
        ("/a%2Fb", "a/b"),
        ("('a%2Fb')", "a/b"),
        ("/%2E%2E%2Fbeta", "../beta"),
        ("('it''s')", "it's"),
        ("('it%27%27s')", "it's"),
        ("('''')", "'"),
        ("('')", ""),
        ("/it's", "it's"),
        ("/%F0%9F%92%BB", "💻"),
        ("('%F0%9F%92%BB')", "💻"),
        ("/a%20b", "a b"),
        ("/a+b", "a+b"),
        ("/100%25", "100%"),
        ("/%2525", "%25"),
        ("/a%3F%23%26%3D", "a?#&="),
        ("/%00%0D%0A", "\0\r\n"),
        ("/0", "0"),
        ("('$count')", "$count"),
        (
            "('microsoft.graph.searchExistingIdentities')",
            "microsoft.graph.searchExistingIdentities",
        ),
    ] {
        let answer = service.raw("GET", &format!("{COLLECTION}{path}"), &[], b"").await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        let wanted = format!("The importedDeviceIdentity '{id}' does not exist in this tenant.");
        assert_eq!(answer.fails(404, "ResourceNotFound"), wanted, "{path}");
    }
});

each_engine!(a_key_is_no_name_of_anything_else, async |service: &Service| {
    let body = import(&[serial("A-1")], false);
    let answer = service.post("('importDeviceIdentityList')", &body).await;
    assert_eq!(answer.header("allow"), "GET, HEAD, PATCH, DELETE");
    answer.fails(405, "MethodNotAllowed");
    for path in [
        "/beta/deviceManagement('importedDeviceIdentities')",
        "/beta('deviceManagement')",
        "/('beta')",
    ] {
        let answer = service.call(Method::GET, path).await;
        assert!(answer.fails(400, "BadRequest").starts_with("Resource not found"), "{path}");
    }
    assert!(service.rows().await.is_empty());
});

each_engine!(an_encoded_slash_parts_no_segments, async |service: &Service| {
    for (path, segment) in [
        ("/beta%2FdeviceManagement/importedDeviceIdentities", "beta/deviceManagement"),
        (
            "/beta/deviceManagement%2fimportedDeviceIdentities",
            "deviceManagement/importedDeviceIdentities",
        ),
    ] {
        let message = service.call(Method::GET, path).await.fails(400, "BadRequest");
        assert_eq!(message, format!("Resource not found for the segment '{segment}'."));
    }
    // A slash as it is parts segments wherever it stands.
    let message = service.get("('a/b')").await.fails(400, "BadRequest");
    assert!(message.starts_with("Resource not found for the segment"), "{message}");
});

each_engine!(actions_answer_with_and_without_their_namespace, async |service: &Service| {
    for (n, name) in [
        "importDeviceIdentityList",
        "microsoft.graph.importDeviceIdentityList",
        "Microsoft.Graph.IMPORTdeviceidentitylist",
        "importdeviceidentitylist/",
    ]
    .into_iter()
    .enumerate()
    {
        let body = import(&[serial(&format!("A-{n}"))], false);
        let results = service.post(&format!("/{name}"), &body).await.succeeds(200);
        assert_eq!(results["value"][0]["status"], true, "{name}");
    }
    for name in [
        "searchExistingIdentities",
        "microsoft.graph.searchExistingIdentities",
        "MICROSOFT.GRAPH.SEARCHEXISTINGIDENTITIES",
    ] {
        let body = json!({ "importedDeviceIdentities": [serial("A-2")] });
        let found = service.post(&format!("/{name}"), &body).await.succeeds(200);
        assert_eq!(found["value"][0]["importedDeviceIdentifier"], "A-2", "{name}");
    }
});

each_engine!(the_namespace_is_for_actions_alone, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let id = text(&row, "id");
    for path in [
        "/beta/microsoft.graph.deviceManagement/importedDeviceIdentities".to_owned(),
        "/beta/deviceManagement/microsoft.graph.importedDeviceIdentities".to_owned(),
        format!("{COLLECTION}/microsoft.graph.{id}"),
        format!("{COLLECTION}/graph.searchExistingIdentities/x"),
        format!("{COLLECTION}/microsoft.graph.$count"),
    ] {
        let message = service.call(Method::GET, &path).await.fails(400, "BadRequest");
        assert!(message.starts_with("Resource not found for the segment"), "{path}: {message}");
    }
});

each_engine!(version_1_does_not_have_the_resource, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let id = text(&row, "id");
    for (method, path) in [
        (Method::GET, ""),
        (Method::GET, "/"),
        (Method::POST, ""),
        (Method::GET, "/$count"),
        (Method::GET, &item(&row)),
        (Method::PATCH, &item(&row)),
        (Method::DELETE, &format!("('{id}')")),
        (Method::POST, "/importDeviceIdentityList"),
        (Method::POST, "/microsoft.graph.searchExistingIdentities"),
    ] {
        let path = format!("/v1.0/deviceManagement/importedDeviceIdentities{path}");
        let message = service.call(method, &path).await.fails(400, "BadRequest");
        let wanted = "Resource not found for the segment 'importedDeviceIdentities'.";
        assert_eq!(message, wanted, "{path}");
    }
    let other = "/V1.0/devicemanagement/IMPORTEDDEVICEIDENTITIES";
    service.call(Method::GET, other).await.fails(400, "BadRequest");
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(the_segment_that_names_nothing_is_named, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let item = format!("deviceManagement/importedDeviceIdentities{}", item(&row));
    for (path, segment) in [
        ("/", ""),
        ("/v2.0/deviceManagement/importedDeviceIdentities", "v2.0"),
        ("/deviceManagement/importedDeviceIdentities", "deviceManagement"),
        ("/beta/users", "users"),
        ("/beta/users/$count", "users"),
        ("/beta/deviceManagement/managedDevices", "managedDevices"),
        ("/beta/deviceManagement/importedDeviceIdentitys", "importedDeviceIdentitys"),
        ("/beta/deviceManagement/importedDeviceIdentities()", "importedDeviceIdentities()"),
        ("/beta/deviceManagement/importedDeviceIdentities/$counts", "$counts"),
        (&format!("/beta/{item}/owner"), "owner"),
        (&format!("/beta/{item}/owner/name"), "owner"),
        ("/beta//deviceManagement/importedDeviceIdentities", ""),
        ("/beta/deviceManagement/importedDeviceIdentities//", ""),
        ("/beta/ger%C3%A4te%20%F0%9F%92%BB", "geräte 💻"),
    ] {
        let answer = service.raw("GET", path, &[], b"").await;
        let message = answer.fails(400, "BadRequest");
        assert_eq!(message, format!("Resource not found for the segment '{segment}'."), "{path}");
    }
});

each_engine!(what_odata_has_and_this_service_does_not_is_said_so, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let path = format!("{COLLECTION}{}", item(&row));
    for (method, path, name) in [
        (Method::GET, "/beta/$all", "$all"),
        (Method::GET, "/beta/$entity", "$entity"),
        (Method::GET, "/beta/deviceManagement", "deviceManagement"),
        (Method::PATCH, "/beta/deviceManagement/", "deviceManagement"),
        (Method::POST, &format!("{COLLECTION}/$query"), "$query"),
        (Method::GET, &format!("{COLLECTION}/$ref"), "$ref"),
        (Method::GET, &format!("{path}/$value"), "$value"),
        (Method::GET, &format!("{path}/$ref"), "$ref"),
        (Method::GET, &format!("{path}/description"), "description"),
        (Method::GET, &format!("{path}/platform/$value"), "platform"),
        (Method::DELETE, &format!("{path}/description"), "description"),
    ] {
        let message = service.call(method, path).await.fails(501, "NotImplemented");
        assert!(message.contains(&format!("'{name}'")), "{path}: {message}");
        assert!(message.contains("is not offered"), "{path}: {message}");
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(a_percent_sign_that_encodes_nothing_is_refused, async |service: &Service| {
    for segment in ["%", "%2", "%zz", "a%2", "%C3%", "%+1", "('%')"] {
        let target = format!("{COLLECTION}/{segment}");
        let message = service.raw("GET", &target, &[], b"").await.fails(400, "BadRequest");
        assert!(message.contains(&format!("'{segment}'")), "{message}");
        assert!(message.contains("%25"), "{message}");
    }
    for segment in ["%FF", "%C3", "a%C0%AF", "%ED%A0%80"] {
        let target = format!("{COLLECTION}/{segment}");
        let message = service.raw("GET", &target, &[], b"").await.fails(400, "BadRequest");
        assert!(message.contains("UTF-8"), "{message}");
    }
});

each_engine!(a_wrong_method_learns_the_right_ones, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (path, allowed) in [
        ("/beta/".to_owned(), "GET, HEAD"),
        (COLLECTION.to_owned(), "GET, HEAD, POST"),
        (format!("{COLLECTION}/$count"), "GET, HEAD"),
        (format!("{COLLECTION}{}", item(&row)), "GET, HEAD, PATCH, DELETE"),
        (format!("{COLLECTION}('{}')", text(&row, "id")), "GET, HEAD, PATCH, DELETE"),
        (format!("{COLLECTION}/importDeviceIdentityList"), "POST"),
        (format!("{COLLECTION}/microsoft.graph.searchExistingIdentities"), "POST"),
    ] {
        for method in ["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "BREW"]
        {
            if allowed.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let answer = service.raw(method, &path, &[], b"").await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, allowed), "{path}");
            if method != "HEAD" {
                let message = answer.fails(405, "MethodNotAllowed");
                assert!(message.contains(method) && message.contains(allowed), "{message}");
            }
        }
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(targets_that_are_no_path_name_nothing, async |service: &Service| {
    for (method, target) in [("OPTIONS", "*"), ("CONNECT", "localhost:80")] {
        let message = service.raw(method, target, &[], b"").await.fails(400, "BadRequest");
        assert!(message.starts_with("Resource not found for the segment"), "{message}");
    }
});

each_engine!(methods_are_spelt_in_capitals, async |service: &Service| {
    let answer = service.raw("get", COLLECTION, &[], b"").await;
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
    answer.fails(405, "MethodNotAllowed");
});

each_engine!(only_an_unfit_method_is_told_what_is_allowed, async |service: &Service| {
    for path in ["", "/$count", "/no-such-id", "/$counts"] {
        assert_eq!(service.get(path).await.maybe_header("allow"), None, "{path}");
    }
});
