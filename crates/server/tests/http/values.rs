//! Values of every type, as they go in and come back (contract, section 3).

use crate::support::{Service, Value, item, json, serial};

/// Writes one property, and gives it back as every reading operation shows it.
async fn written(service: &Service, name: &str, value: &Value) -> Value {
    let row = service.create(&serial(&format!("{name} {}", uuid::Uuid::now_v7()))).await;
    let updated = service.patch(&item(&row), &json!({ name: value })).await.succeeds(200);
    let read = service.get(&item(&row)).await.succeeds(200);
    let listed = service.rows().await.into_iter().find(|other| other["id"] == row["id"]).unwrap();
    assert_eq!(updated[name], read[name], "{value}");
    assert_eq!(listed[name], read[name], "{value}");
    service.delete(&item(&row)).await.succeeds(204);
    read[name].clone()
}

async fn contacted(service: &Service, text: &str) -> Value {
    written(service, "lastContactedDateTime", &json!(text)).await
}

each_engine!(times_come_back_as_they_were_sent, async |service: &Service| {
    for text in [
        "2016-12-31T23:58:44.2908994-08:00",
        "2026-01-31T07:25:18.0000001Z",
        "2026-01-31T07:25:18.1+14:00",
        "2026-01-31T07:25:18-14:00",
        "2026-01-31T07:25:18+05:45",
        "2024-02-29T23:59:59.9999999Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T14:00:00+14:00",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T09:59:59-14:00",
    ] {
        assert_eq!(contacted(service, text).await, text);
    }
});

each_engine!(times_have_one_spelling, async |service: &Service| {
    for (sent, given) in [
        ("2026-01-31T07:25:18.1200000Z", "2026-01-31T07:25:18.12Z"),
        ("2026-01-31T07:25:18.0Z", "2026-01-31T07:25:18Z"),
        ("2026-01-31T07:25Z", "2026-01-31T07:25:00Z"),
        ("2026-01-31T07:25:18+00:00", "2026-01-31T07:25:18Z"),
        ("2026-01-31T07:25:18-00:00", "2026-01-31T07:25:18Z"),
        ("2026-01-31t07:25:18z", "2026-01-31T07:25:18Z"),
        // As Python writes a time in UTC, and one without a zone.
        ("2026-01-31T07:25:18.123456+00:00", "2026-01-31T07:25:18.123456Z"),
        ("2026-01-31T07:25:18", "2026-01-31T07:25:18Z"),
    ] {
        assert_eq!(contacted(service, sent).await, given, "{sent}");
    }
});

each_engine!(members_of_enumerations_come_back_as_they_were_sent, async |service: &Service| {
    let members = [
        ("importedDeviceIdentityType", "unknown imei serialNumber manufacturerModelSerial"),
        ("enrollmentState", "unknown enrolled pendingReset failed notContacted blocked"),
        ("platform", "unknown ios android windows windowsMobile macOS visionOS tvos"),
    ];
    for (name, all) in members {
        for member in all.split(' ') {
            assert_eq!(written(service, name, &json!(member)).await, member);
        }
    }
});

each_engine!(tvos_is_read_in_both_spellings_and_written_in_one, async |service: &Service| {
    assert_eq!(written(service, "platform", &json!("tvOS")).await, "tvos");
});

each_engine!(the_case_of_a_member_counts, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (name, value, meant) in [
        ("platform", "IOS", "ios"),
        ("platform", "macos", "macOS"),
        ("platform", "TVOS", "tvos"),
        ("enrollmentState", "Enrolled", "enrolled"),
        ("importedDeviceIdentityType", "IMEI", "imei"),
    ] {
        let answer = service.patch(&item(&row), &json!({ name: value })).await;
        let message = answer.fails(400, "ModelValidationFailure");
        assert!(message.contains(&format!("did you mean '{meant}'?")), "{message}");
    }
});

each_engine!(text_comes_back_character_by_character, async |service: &Service| {
    for text in [
        "",
        " blanks are kept ",
        "quotes \" ' ` and \\ backslashes / slashes",
        "tab\t, line\n, return\r, bell\u{7}, escape\u{1b}, delete\u{7f}",
        "é as one and e\u{301} as two",
        "Ünïcödé 中文 العربية 👩‍👩‍👧 𝔐𝔲𝔰𝔱𝔢𝔯",
        "\u{feff}\u{200b}\u{2028}\u{2029}\u{fffd}\u{10ffff}",
        "<script>alert(1)</script> &amp; %41 ${x}",
        "' OR 1=1; DROP TABLE identities; --",
    ] {
        assert_eq!(written(service, "description", &json!(text)).await, text);
    }
});

each_engine!(identifiers_come_back_without_outer_blanks, async |service: &Service| {
    for (sent, given) in [
        ("  C02 XK1 ", "C02 XK1"),
        ("\u{a0}\u{2003}é\u{3000}", "é"),
        ("Straße", "Straße"),
        ("👩‍👩‍👧 \"quoted\" \\ back", "👩‍👩‍👧 \"quoted\" \\ back"),
    ] {
        assert_eq!(written(service, "importedDeviceIdentifier", &json!(sent)).await, given);
    }
});

each_engine!(an_empty_description_is_not_null, async |service: &Service| {
    assert_eq!(written(service, "description", &json!("")).await, json!(""));
    assert_eq!(written(service, "description", &json!(null)).await, json!(null));
});

each_engine!(escapes_of_json_mean_what_they_say, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let body = br#"{"\u0064escription": "\u00fc\ud83d\udc4d\/\b\f\n\r\t"}"#;
    let call = service.call(
        crate::support::Method::PATCH,
        &format!("{}{}", crate::support::COLLECTION, item(&row)),
    );
    let answer = call.header("content-type", "application/json").body(body.as_slice()).await;
    assert_eq!(answer.succeeds(200)["description"], "ü👍/\u{8}\u{c}\n\r\t");
});
