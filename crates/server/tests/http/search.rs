//! `POST …/searchExistingIdentities`: finds the stored rows that a list of type and identifier
//! names.

use crate::support::{
    CONFIGURATION_READ_WRITE, READ, Service, Token, Value, identifiers, item, json, serial, text,
    values,
};

const ACTION: &str = "/searchExistingIdentities";

fn key(identity_type: &str, identifier: &str) -> Value {
    json!({
        "importedDeviceIdentityType": identity_type,
        "importedDeviceIdentifier": identifier,
    })
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| text(row, "id")).collect()
}

each_engine!(what_is_found_is_the_stored_row, async |service: &Service| {
    let body = json!({
        "importedDeviceIdentifier": "C02XK1ZVJG5J",
        "importedDeviceIdentityType": "serialNumber",
        "lastContactedDateTime": "2026-01-31T07:25:18.1234567+05:45",
        "description": "in the cupboard",
        "enrollmentState": "enrolled",
        "platform": "macOS",
    });
    let row = service.create(&body).await;
    service.patch(&item(&row), &json!({ "description": "on the table" })).await.succeeds(200);
    let mut asked = key("serialNumber", "C02XK1ZVJG5J");
    asked["description"] = json!("what is asked besides type and identifier does not matter");
    asked["platform"] = json!("android");
    let found = service.search(&[asked]).await;
    assert_eq!(found, service.rows().await);
    assert_eq!(found[0]["description"], "on the table");
});

each_engine!(the_answer_is_a_collection_of_identities, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let answer =
        service.post(ACTION, &json!({ "importedDeviceIdentities": [serial("A-1")] })).await;
    let body = answer.succeeds(200);
    let members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members.len(), 2, "{members:?}");
    let context = text(&body, "@odata.context");
    let end = "/beta/$metadata#Collection(microsoft.graph.importedDeviceIdentity)";
    assert!(context.ends_with(end), "{context}");
    let row = &body["value"][0];
    assert_eq!(row["@odata.type"], "#microsoft.graph.importedDeviceIdentity");
    assert_eq!(row["@odata.etag"], "W/\"1\"");
    assert_eq!(row.get("status"), None);
    assert_eq!(answer.maybe_header("etag"), None);
});

each_engine!(nothing_asked_is_nothing_found, async |service: &Service| {
    service.create(&serial("A-1")).await;
    assert!(service.search(&[]).await.is_empty());
});

each_engine!(what_is_not_stored_is_left_out, async |service: &Service| {
    service.fill(3).await;
    let asked = ["absent", "00001", "", "0000", "000011", "00001x", " "].map(serial);
    assert_eq!(identifiers(&service.search(&asked).await), ["00001"]);
    assert!(service.search(&["absent", "nowhere"].map(serial)).await.is_empty());
    assert_eq!(service.rows().await.len(), 3, "a search makes nothing");
});

each_engine!(identifiers_match_without_case_and_outer_blanks, async |service: &Service| {
    for (stored, asked) in [
        ("C02XK1ZVJG5J", ["c02xk1zvjg5j", "C02xk1ZVJG5J", "  C02XK1ZVJG5J\t"]),
        ("straße ÄÖÜ", ["STRAẞE äöü", "Straße Äöü", "\u{2003}straße äöü\u{2003}"]),
        ("ΣΊΣΥΦΟΣ", ["σίσυφοσ", "σίσυφος", "Σίσυφος "]),
    ] {
        let row = service.create(&serial(stored)).await;
        for identifier in asked {
            let found = service.search(&[serial(identifier)]).await;
            assert_eq!(ids(&found), [text(&row, "id")], "{identifier}");
            assert_eq!(found[0]["importedDeviceIdentifier"], stored);
        }
    }
});

each_engine!(likeness_is_no_match, async |service: &Service| {
    for stored in ["strasse", "cafe\u{301}", "A_1", "A%1", "İ", "A 1", "A-1"] {
        service.create(&serial(stored)).await;
    }
    for other in ["straße", "café", "Ax1", "A%", "%", "_", "i", "I", "A  1", "A1", "A–1", "*"] {
        assert!(service.search(&[serial(other)]).await.is_empty(), "{other}");
    }
});

each_engine!(blanks_around_the_commas_of_a_tuple_do_not_count, async |service: &Service| {
    let kind = "manufacturerModelSerial";
    let row = service.create(&key(kind, "Contoso, Tablet 7 ,42")).await;
    for same in ["contoso,tablet 7,42", " Contoso , Tablet 7 , 42 ", "CONTOSO,TABLET 7,42"] {
        let found = service.search(&[key(kind, same)]).await;
        assert_eq!(ids(&found), [text(&row, "id")], "{same}");
    }
    assert!(service.search(&[key(kind, "Contoso,Tablet7,42")]).await.is_empty());
    // A serial number is one text, commas or not.
    service.create(&key("serialNumber", "a, b")).await;
    assert!(service.search(&[key("serialNumber", "a,b")]).await.is_empty());
});

each_engine!(the_type_has_to_be_the_same, async |service: &Service| {
    let kinds = ["unknown", "imei", "serialNumber", "manufacturerModelSerial"];
    let mut rows = Vec::new();
    for kind in kinds {
        rows.push(service.create(&key(kind, "490154203237518")).await);
    }
    for (kind, row) in kinds.into_iter().zip(&rows) {
        let found = service.search(&[key(kind, "490154203237518")]).await;
        assert_eq!(ids(&found), [text(row, "id")], "{kind}");
    }
    let untyped = json!({ "importedDeviceIdentifier": "490154203237518" });
    assert_eq!(ids(&service.search(&[untyped]).await), [text(&rows[0], "id")]);
    service.delete(&item(&rows[1])).await.succeeds(204);
    assert!(service.search(&[key("imei", "490154203237518")]).await.is_empty());
});

each_engine!(rows_come_in_the_order_of_the_request, async |service: &Service| {
    service.fill(5).await;
    let asked = ["00003", "00000", "absent", "00004", "00001"];
    let found = service.search(&asked.map(serial)).await;
    assert_eq!(identifiers(&found), ["00003", "00000", "00004", "00001"]);
});

each_engine!(what_is_asked_twice_is_found_once, async |service: &Service| {
    for identifier in ["a", "b"] {
        service.create(&serial(identifier)).await;
    }
    let asked = ["b", "a", "B", " b ", "a", "absent", "absent", "A"];
    let found = service.search(&asked.map(serial)).await;
    assert_eq!(identifiers(&found), ["b", "a"], "where it is asked for the first time");
});

each_engine!(a_row_is_found_by_what_it_is_now, async |service: &Service| {
    let row = service.create(&serial("before")).await;
    let moved = key("imei", "after");
    service.patch(&item(&row), &moved).await.succeeds(200);
    assert!(service.search(&[serial("before"), serial("after")]).await.is_empty());
    assert_eq!(ids(&service.search(std::slice::from_ref(&moved)).await), [text(&row, "id")]);
    service.delete(&item(&row)).await.succeeds(204);
    assert!(service.search(&[moved]).await.is_empty());
});

each_engine!(rows_of_other_tenants_are_never_found, async |service: &Service| {
    let other = Token::of(&service.add_tenant(true).await).sign();
    service.create(&serial("ours")).await;
    service.create(&serial("both")).await;
    for identifier in ["theirs", "both"] {
        service.post("", &serial(identifier)).token(&other).await.succeeds(201);
    }
    let asked = ["ours", "both", "theirs"].map(serial);
    let mine = service.search(&asked).await;
    let body = json!({ "importedDeviceIdentities": asked });
    let theirs = values(service.post(ACTION, &body).token(&other).await.succeeds(200));
    assert_eq!(identifiers(&mine), ["ours", "both"]);
    assert_eq!(identifiers(&theirs), ["both", "theirs"]);
    assert_ne!(mine[1]["id"], theirs[0]["id"]);
});

each_engine!(whoever_may_read_may_search, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let body = json!({ "importedDeviceIdentities": [serial("A-1")] });
    for permission in [READ, CONFIGURATION_READ_WRITE] {
        let reader = Token::of(&service.tenant()).roles(&[permission]).sign();
        let found = service.post(ACTION, &body).token(&reader).await.succeeds(200);
        assert_eq!(values(found).len(), 1, "{permission}");
    }
});

each_engine!(what_is_searched_for_needs_an_identifier, async |service: &Service| {
    service.create(&json!({ "importedDeviceIdentifier": "A-1" })).await;
    let rows = [serial("A-1"), json!({}), json!({ "importedDeviceIdentityType": "imei" })];
    let answer = service.post(ACTION, &json!({ "importedDeviceIdentities": rows })).await;
    let message = "Invalid Device Identifier parameter found for 2 import records!";
    assert_eq!(answer.fails(400, "BadRequest"), message);
    assert_eq!(answer.targets(), ["importedDeviceIdentities[1]", "importedDeviceIdentities[2]"]);
    let detail = answer.json()["error"]["details"][0]["message"].take();
    assert!(
        detail.as_str().unwrap().contains("'importedDeviceIdentifier' is required"),
        "{detail}"
    );
});

each_engine!(
    strict_rules_are_for_what_is_stored_not_for_what_is_asked,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        service.create(&key("imei", "490154203237518")).await;
        let asked = [
            key("imei", "no IMEI at all"),
            key("manufacturerModelSerial", "a,b"),
            key("serialNumber", "a;b"),
            key("imei", "490154203237518"),
            serial(&"x".repeat(1_000)),
        ];
        assert_eq!(identifiers(&service.search(&asked).await), ["490154203237518"]);
    }
);

each_engine!(
    no_more_rows_are_asked_for_than_the_limit,
    ["--max-import-rows", "3"],
    async |service: &Service| {
        service.fill(3).await;
        let asked = ["00000", "00001", "00001", "absent"].map(serial);
        assert_eq!(service.search(&asked[..3]).await.len(), 2);
        let answer = service.post(ACTION, &json!({ "importedDeviceIdentities": asked })).await;
        let message = answer.fails(413, "RequestEntityTooLarge");
        assert!(message.contains("at most 3 rows"), "{message}");
    }
);

each_engine!(ten_thousand_rows_are_found_in_one_call, async |service: &Service| {
    service.fill(10_000).await;
    let asked: Vec<Value> = (0..10_000).rev().map(|n| serial(&format!("{n:05}"))).collect();
    let found = service.search(&asked).await;
    let expected: Vec<String> = (0..10_000).rev().map(|n| format!("{n:05}")).collect();
    assert_eq!(identifiers(&found), expected);
});

each_engine!(a_search_leaves_no_trace, async |service: &Service| {
    service.fill(2).await;
    let (rows, changes) = (service.rows().await, service.history(&service.tenant()).await.len());
    service.search(&["00000", "00001", "absent"].map(serial)).await;
    assert_eq!(service.rows().await, rows);
    assert_eq!(service.history(&service.tenant()).await.len(), changes);
});
