//! `POST …/importedDeviceIdentities`: makes a row.

use crate::support::{Method, Service, json, serial, text};

each_engine!(a_new_row_is_answered_with_its_address_and_tag, async |service: &Service| {
    let answer = service.post("", &serial("C02XK1ZVJG5J")).await;
    let row = answer.succeeds(201);
    assert_eq!(answer.header("etag"), text(&row, "@odata.etag"));
    let location = answer.header("location");
    assert!(location.starts_with("http://"), "{location}");
    assert!(location.ends_with(&format!("/importedDeviceIdentities/{}", text(&row, "id"))));
    assert_eq!(service.follow(Method::GET, location).await.succeeds(200), row);
});

each_engine!(
    what_the_body_leaves_out_is_as_for_a_device_never_contacted,
    async |service: &Service| {
        let row = service.create(&json!({ "importedDeviceIdentifier": "A-1" })).await;
        assert_eq!(row["importedDeviceIdentityType"], "unknown");
        assert_eq!(row["lastContactedDateTime"], "0001-01-01T00:00:00Z");
        assert_eq!(row["description"], json!(null));
        assert_eq!(row["enrollmentState"], "notContacted");
        assert_eq!(row["platform"], "unknown");
    }
);

each_engine!(all_that_a_client_may_write_is_stored, async |service: &Service| {
    let body = json!({
        "@odata.type": "#microsoft.graph.importedDeviceIdentity",
        "importedDeviceIdentifier": "Contoso,Tablet,42",
        "importedDeviceIdentityType": "manufacturerModelSerial",
        "lastContactedDateTime": "2026-01-31T07:25:18.1234567+05:45",
        "description": "Büro „Süd“ 💻",
        "enrollmentState": "blocked",
        "platform": "windows",
    });
    let row = service.create(&body).await;
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&row[name], value, "{name}");
    }
});

each_engine!(the_times_of_a_new_row_are_the_same_and_in_utc, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    assert_eq!(row["createdDateTime"], row["lastModifiedDateTime"]);
    assert!(text(&row, "createdDateTime").ends_with('Z'));
});

each_engine!(ids_are_time_ordered_guids, async |service: &Service| {
    let mut ids = Vec::new();
    for n in 0..5 {
        let row = service.create(&serial(&format!("A-{n}"))).await;
        let id = text(&row, "id").to_owned();
        let guid: uuid::Uuid = id.parse().unwrap();
        assert_eq!((guid.get_version_num(), guid.hyphenated().to_string()), (7, id.clone()));
        ids.push(id);
    }
    assert!(ids.is_sorted(), "{ids:?}");
});

each_engine!(what_only_the_service_writes_is_ignored, async |service: &Service| {
    let plain = service.create(&serial("A-1")).await;
    for nonsense in [json!("01890a5d-ac96-774b-bcce-b302099a8057"), json!(null), json!([1])] {
        let mut body = serial(&format!("B {nonsense}"));
        for name in ["id", "createdDateTime", "lastModifiedDateTime"] {
            body[name] = nonsense.clone();
        }
        let row = service.create(&body).await;
        assert_ne!(row["id"], nonsense);
        assert!(text(&row, "createdDateTime") >= text(&plain, "createdDateTime"));
    }
});

each_engine!(annotations_that_mean_nothing_here_are_ignored, async |service: &Service| {
    let mut body = serial("A-1");
    body["@odata.context"] = json!("https://graph.microsoft.com/beta/$metadata#anything");
    body["@odata.etag"] = json!("W/\"77\"");
    body["description@custom.note"] = json!({ "any": ["thing"] });
    let row = service.create(&body).await;
    assert_eq!(row["@odata.etag"], "W/\"1\"");
});

each_engine!(a_row_is_of_the_type_that_the_register_has, async |service: &Service| {
    // OData 4.01 leaves the prefix out.
    for name in ["@odata.type", "@type"] {
        let mut body = serial(name);
        body[name] = json!("#microsoft.graph.iosDevice");
        let message = service.post("", &body).await.fails(400, "ModelValidationFailure");
        assert!(message.contains("#microsoft.graph.iosDevice"), "{message}");
        body[name] = json!("#microsoft.graph.importedDeviceIdentity");
        service.create(&body).await;
    }
    assert_eq!(service.identifiers().await, ["@odata.type", "@type"]);
});

each_engine!(a_row_needs_an_identifier, async |service: &Service| {
    let answer = service.post("", &json!({ "platform": "ios" })).await;
    assert!(answer.fails(400, "BadRequest").contains("'importedDeviceIdentifier'"));
    let null = json!({ "importedDeviceIdentifier": null });
    let answer = service.post("", &null).await;
    assert!(answer.fails(400, "ModelValidationFailure").contains("importedDeviceIdentifier"));
    assert!(service.rows().await.is_empty());
});

each_engine!(a_second_row_with_type_and_identifier_is_a_conflict, async |service: &Service| {
    service.create(&serial("C02XK1ZVJG5J")).await;
    for same in ["C02XK1ZVJG5J", "c02xk1zvjg5j", "  C02XK1ZVJG5J "] {
        let message = service.post("", &serial(same)).await.fails(409, "Conflict");
        assert!(message.contains("'importedDeviceIdentifier'"), "{message}");
    }
    assert_eq!(service.identifiers().await, ["C02XK1ZVJG5J"]);
});
