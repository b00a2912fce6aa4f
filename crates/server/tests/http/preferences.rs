//! `Prefer` on writes: the row, or only where it is.

use crate::support::{COLLECTION, Method, Service, Value, import, item, json, serial, text};

const MINIMAL: [&str; 7] = [
    "return=minimal",
    "Return=minimal",
    "return = minimal",
    "return=\"minimal\"",
    "respond-async, return=minimal",
    "return=minimal, return=representation",
    "include-unknown-enum-members, return=minimal",
];

const REPRESENTATION: [&str; 3] =
    ["return=representation", "RETURN=representation", "wait=10,return=representation"];

/// What is not known here, or makes no sense.
const UNKNOWN: [&str; 7] = [
    "",
    "respond-async",
    "return",
    "return=all",
    "returns=minimal",
    "handling=strict; wait=5",
    "outlook.timezone=\"UTC\"",
];

each_engine!(a_new_row_may_be_left_out, async |service: &Service| {
    for (n, prefer) in MINIMAL.into_iter().enumerate() {
        let identifier = format!("A-{n}");
        let answer = service.post("", &serial(&identifier)).header("prefer", prefer).await;
        assert_eq!(answer.status, 204, "{prefer}: {}", answer.text());
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("preference-applied"), "return=minimal", "{prefer}");
        assert_eq!(answer.header("etag"), "W/\"1\"");
        assert_eq!(answer.header("location"), answer.header("odata-entityid"));
        let location = answer.header("location");
        let row = service.follow(Method::GET, location).await.succeeds(200);
        assert_eq!(row["importedDeviceIdentifier"], identifier.as_str());
        assert_eq!(location, service.url(&format!("{COLLECTION}{}", item(&row))));
    }
});

each_engine!(a_changed_row_may_be_left_out, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (n, prefer) in MINIMAL.into_iter().enumerate() {
        let body = json!({ "description": format!("change {n}") });
        let answer = service.patch(&item(&row), &body).header("prefer", prefer).await;
        assert_eq!(answer.status, 204, "{prefer}: {}", answer.text());
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("preference-applied"), "return=minimal", "{prefer}");
        let address = service.url(&format!("{COLLECTION}{}", item(&row)));
        assert_eq!(answer.header("odata-entityid"), address);
        assert_eq!(answer.maybe_header("location"), None);
        let now = service.get(&item(&row)).await.succeeds(200);
        assert_eq!(now["description"], body["description"]);
        assert_eq!(answer.header("etag"), text(&now, "@odata.etag"));
    }
});

each_engine!(a_row_may_be_asked_for, async |service: &Service| {
    for (n, prefer) in REPRESENTATION.into_iter().enumerate() {
        let create = service.post("", &serial(&format!("A-{n}"))).header("prefer", prefer).await;
        let row = create.succeeds(201);
        assert_eq!(create.header("preference-applied"), "return=representation");
        let body = json!({ "platform": "ios" });
        let update = service.patch(&item(&row), &body).header("prefer", prefer).await;
        assert_eq!(update.succeeds(200)["platform"], "ios");
        assert_eq!(update.header("preference-applied"), "return=representation");
        for answer in [create, update] {
            assert_eq!(answer.maybe_header("odata-entityid"), None, "only where there is no body");
        }
    }
});

each_engine!(a_row_comes_unasked, async |service: &Service| {
    for (n, prefer) in UNKNOWN.into_iter().enumerate() {
        let create = service.post("", &serial(&format!("A-{n}"))).header("prefer", prefer).await;
        let row = create.succeeds(201);
        let body = json!({ "platform": "ios" });
        let update = service.patch(&item(&row), &body).header("prefer", prefer).await;
        assert_eq!(update.succeeds(200)["platform"], "ios");
        for answer in [create, update] {
            assert_eq!(answer.maybe_header("preference-applied"), None, "{prefer}");
        }
    }
});

each_engine!(preferences_in_several_lines_are_one_list, async |service: &Service| {
    let body = serial("A-1").to_string();
    let lines =
        ["Content-Type: application/json", "Prefer: respond-async", "Prefer: return=minimal"];
    let answer = service.raw("POST", COLLECTION, &lines, body.as_bytes()).await;
    answer.succeeds(204);
    assert_eq!(answer.header("preference-applied"), "return=minimal");
});

each_engine!(a_preference_that_is_no_text_is_ignored, async |service: &Service| {
    let body = serial("A-1").to_string();
    let mut request = service.head("POST", COLLECTION, &["Content-Type: application/json"]);
    request.extend_from_slice(b"Prefer: \xff\r\n");
    request.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes());
    service.exchange(&request).await.succeeds(201);
});

each_engine!(what_changes_nothing_is_answered_alike, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let answer = service.patch(&item(&row), &json!({})).header("prefer", "return=minimal").await;
    assert_eq!(answer.succeeds(204), Value::Null);
    assert_eq!(answer.header("etag"), text(&row, "@odata.etag"));
    assert_eq!(answer.header("preference-applied"), "return=minimal");
});

each_engine!(a_write_that_fails_applies_no_preference, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (call, status, code) in [
        (service.post("", &serial("A-1")), 409, "Conflict"),
        (service.post("", &json!({ "platform": "ios" })), 400, "BadRequest"),
        (service.patch("/no-such-id", &json!({})), 404, "ResourceNotFound"),
        (
            service.patch(&item(&row), &json!({})).header("if-match", "\"7\""),
            412,
            "PreconditionFailed",
        ),
    ] {
        let answer = call.header("prefer", "return=minimal").await;
        answer.fails(status, code);
        for name in ["preference-applied", "odata-entityid", "location", "etag"] {
            assert_eq!(answer.maybe_header(name), None, "{name}");
        }
    }
});

each_engine!(reads_deletes_and_actions_answer_as_ever, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let rows = import(&[serial("A-2")], false);
    let search = json!({ "importedDeviceIdentities": [serial("A-1")] });
    for (call, status) in [
        (service.get(""), 200),
        (service.get("/$count"), 200),
        (service.get(&item(&row)), 200),
        (service.post("/importDeviceIdentityList", &rows), 200),
        (service.post("/searchExistingIdentities", &search), 200),
        (service.delete(&item(&row)), 204),
    ] {
        let answer = call.header("prefer", "return=minimal").await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.maybe_header("preference-applied"), None);
        assert_eq!(answer.maybe_header("odata-entityid"), None);
    }
});

const UNKNOWN_MEMBERS: &str = "include-unknown-enum-members";

each_engine!(members_beyond_the_sentinel_may_be_asked_for, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let rows = import(&[serial("A-1")], false);
    let search = json!({ "importedDeviceIdentities": [serial("A-1")] });
    let calls = || {
        [
            service.get(""),
            service.get(&item(&row)),
            service.get(&format!("{}?$select=platform", item(&row))),
            service.patch(&item(&row), &json!({})),
            service.post("/importDeviceIdentityList", &rows),
            service.post("/searchExistingIdentities", &search),
        ]
    };
    for (with, without) in calls().into_iter().zip(calls()) {
        let with = with.header("prefer", UNKNOWN_MEMBERS).await;
        let without = without.await;
        assert_eq!(with.header("preference-applied"), UNKNOWN_MEMBERS);
        assert_eq!(without.maybe_header("preference-applied"), None);
        assert_eq!((with.status, &with.body), (without.status, &without.body));
    }
    let created = service.post("", &serial("A-2")).header("prefer", UNKNOWN_MEMBERS).await;
    created.succeeds(201);
    assert_eq!(created.header("preference-applied"), UNKNOWN_MEMBERS);
});

each_engine!(where_there_are_no_members_none_are_applied, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let known = service.get(&item(&row)).header("if-none-match", "*");
    for call in [service.get("/$count"), service.call(Method::GET, "/beta/"), known] {
        let answer = call.header("prefer", UNKNOWN_MEMBERS).await;
        assert_eq!(answer.maybe_header("preference-applied"), None, "{answer:?}");
    }
    let answer = service.delete(&item(&row)).header("prefer", UNKNOWN_MEMBERS).await;
    answer.succeeds(204);
    assert_eq!(answer.maybe_header("preference-applied"), None);
});

each_engine!(all_that_was_applied_stands_in_one_header, async |service: &Service| {
    let prefer = "include-unknown-enum-members, odata.maxpagesize=1, return=representation";
    let created = service.post("", &serial("A-1")).header("prefer", prefer).await;
    created.succeeds(201);
    let list = service.get("").header("prefer", prefer).await;
    list.succeeds(200);
    for (answer, wanted) in [
        (created, "return=representation, include-unknown-enum-members"),
        (list, "odata.maxpagesize=1, include-unknown-enum-members"),
    ] {
        assert_eq!(answer.header("preference-applied"), wanted);
        assert_eq!(answer.headers.get_all("preference-applied").iter().count(), 1);
    }
});
