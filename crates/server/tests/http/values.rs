//! Values on their way through the service: what is stored, and how it is written.

use crate::support::{
    COLLECTION, Method, Service, Value, import, item, json, serial, text, values,
};

const CONTACTED: &str = "lastContactedDateTime";

/// Sends a value of a property by every way there is, and gives what the service makes of it:
/// the same in every answer.
async fn kept(service: &Service, property: &str, value: Value) -> Value {
    let mut body = serial("A-1");
    body[property] = value.clone();
    let created = service.create(&body).await;
    let stored = created[property].clone();
    seen_by_all(service, &created).await;
    service.delete(&item(&created)).await.succeeds(204);

    let imported = service.import(std::slice::from_ref(&body)).await.remove(0);
    assert_eq!(imported[property], stored, "imported");
    seen_by_all(service, &without_status(&imported)).await;
    service.delete(&item(&imported)).await.succeeds(204);

    let plain = service.create(&serial("A-1")).await;
    let updated = service.patch(&item(&plain), &json!({ property: value })).await.succeeds(200);
    assert_eq!(updated[property], stored, "updated");
    seen_by_all(service, &updated).await;
    service.delete(&item(&updated)).await.succeeds(204);
    stored
}

/// The one row of the register has to look the same wherever it is shown.
async fn seen_by_all(service: &Service, row: &Value) {
    let bare = without_context(row);
    assert_eq!(without_context(&service.get(&item(row)).await.succeeds(200)), bare);
    assert_eq!(service.rows().await, std::slice::from_ref(&bare));
    let key = json!({
        "importedDeviceIdentifier": row["importedDeviceIdentifier"],
        "importedDeviceIdentityType": row["importedDeviceIdentityType"],
    });
    assert_eq!(service.search(&[key]).await, std::slice::from_ref(&bare));
}

fn without_context(row: &Value) -> Value {
    let mut row = row.clone();
    row.as_object_mut().unwrap().remove("@odata.context");
    row
}

/// The result of an import as the row that it shows.
fn without_status(result: &Value) -> Value {
    let mut row = result.clone();
    assert_eq!(row.as_object_mut().unwrap().remove("status"), Some(json!(true)));
    row["@odata.type"] = json!("#microsoft.graph.importedDeviceIdentity");
    row
}

each_engine!(a_time_keeps_its_digits_and_its_offset, async |service: &Service| {
    for time in [
        "2016-12-31T23:58:44.2908994-08:00",
        "2026-01-31T07:25:18Z",
        "2026-01-31T07:25:18.1Z",
        "2026-01-31T07:25:18.0000001Z",
        "2026-01-31T07:25:18.9999999+14:00",
        "2026-01-31T07:25:18.000001-14:00",
        "2026-01-31T07:25:18+05:45",
        "2026-01-31T07:25:18-00:30",
        "2026-01-31T07:25:18+00:01",
        "2024-02-29T00:00:00+01:00",
        "2000-02-29T23:59:59.9999999Z",
        "1583-10-04T12:00:00Z",
        "1899-12-31T23:59:59.9999999-01:00",
        "1969-12-31T23:59:59.9999999Z",
        "2038-01-19T03:14:08Z",
    ] {
        assert_eq!(kept(service, CONTACTED, json!(time)).await, time);
    }
});

each_engine!(a_time_is_written_in_one_way, async |service: &Service| {
    for (sent, written) in [
        ("2026-01-31T07:25:18.1200000Z", "2026-01-31T07:25:18.12Z"),
        ("2026-01-31T07:25:18.0000000Z", "2026-01-31T07:25:18Z"),
        ("2026-01-31T07:25:18.10+01:00", "2026-01-31T07:25:18.1+01:00"),
        ("2026-01-31T07:25:18+00:00", "2026-01-31T07:25:18Z"),
        ("2026-01-31T07:25:18-00:00", "2026-01-31T07:25:18Z"),
        ("2026-01-31t07:25:18z", "2026-01-31T07:25:18Z"),
        ("2026-01-31t07:25:18.5+01:00", "2026-01-31T07:25:18.5+01:00"),
        ("2026-01-31T07:25Z", "2026-01-31T07:25:00Z"),
        ("2026-01-31T07:25+01:00", "2026-01-31T07:25:00+01:00"),
    ] {
        assert_eq!(kept(service, CONTACTED, json!(sent)).await, written, "{sent}");
    }
});

each_engine!(the_times_of_python_are_read, async |service: &Service| {
    for (sent, written) in [
        // datetime.now(timezone.utc).isoformat()
        ("2026-01-31T07:25:18.123456+00:00", "2026-01-31T07:25:18.123456Z"),
        ("2026-01-31T07:25:18.000001+00:00", "2026-01-31T07:25:18.000001Z"),
        // Without a zone, as datetime.now() is: read as UTC.
        ("2026-01-31T07:25:18.123456", "2026-01-31T07:25:18.123456Z"),
        ("2026-01-31T07:25:18", "2026-01-31T07:25:18Z"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
    ] {
        assert_eq!(kept(service, CONTACTED, json!(sent)).await, written, "{sent}");
    }
});

each_engine!(the_first_and_the_last_years_are_kept, async |service: &Service| {
    for time in [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00.0000001Z",
        "0001-01-01T01:00:00+01:00",
        "0001-01-01T14:00:00+14:00",
        "0001-01-01T00:00:00-14:00",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T22:59:59.9999999-01:00",
        "9999-12-31T09:59:59.9999999-14:00",
        "9999-12-31T23:59:59.9999999+14:00",
    ] {
        assert_eq!(kept(service, CONTACTED, json!(time)).await, time);
    }
});

each_engine!(another_offset_is_another_value_of_the_same_instant, async |service: &Service| {
    let mut body = serial("A-1");
    body[CONTACTED] = json!("2026-01-31T07:25:18Z");
    let row = service.create(&body).await;
    for same in ["2026-01-31T07:25:18.000+00:00", "2026-01-31T07:25:18", "2026-01-31t07:25:18z"] {
        let answer = service.patch(&item(&row), &json!({ CONTACTED: same })).await;
        assert_eq!(answer.succeeds(200), row, "{same}");
    }
    let moved = json!({ CONTACTED: "2026-01-31T08:25:18+01:00" });
    let updated = service.patch(&item(&row), &moved).await.succeeds(200);
    assert_eq!(updated[CONTACTED], "2026-01-31T08:25:18+01:00");
    assert_ne!(updated["@odata.etag"], row["@odata.etag"]);
});

each_engine!(every_member_of_an_enumeration_is_kept, async |service: &Service| {
    for (property, members) in [
        ("enrollmentState", "unknown enrolled pendingReset failed notContacted blocked"),
        ("platform", "unknown ios android windows windowsMobile macOS visionOS tvos"),
    ] {
        for member in members.split(' ') {
            assert_eq!(kept(service, property, json!(member)).await, member, "{property}");
        }
    }
    for member in ["unknown", "imei", "serialNumber", "manufacturerModelSerial"] {
        let kind = "importedDeviceIdentityType";
        assert_eq!(kept(service, kind, json!(member)).await, member);
    }
});

each_engine!(apple_tv_has_two_spellings_in_and_one_out, async |service: &Service| {
    for spelling in ["tvos", "tvOS"] {
        assert_eq!(kept(service, "platform", json!(spelling)).await, "tvos");
    }
    let mut body = serial("A-1");
    body["platform"] = json!("tvOS");
    let row = service.create(&body).await;
    let other = service.patch(&item(&row), &json!({ "platform": "tvos" })).await;
    assert_eq!(other.succeeds(200), row, "it is the same member");
    for spelling in ["TVOS", "tvOs", "Tvos", "TvOS"] {
        let answer = service.patch(&item(&row), &json!({ "platform": spelling })).await;
        answer.fails(400, "ModelValidationFailure");
    }
});

each_engine!(members_are_spelt_as_they_are, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (property, members) in [
        (
            "importedDeviceIdentityType",
            "Imei IMEI SerialNumber serialnumber ManufacturerModelSerial",
        ),
        ("enrollmentState", "Enrolled ENROLLED pendingreset PendingReset notcontacted"),
        ("platform", "iOS IOS Ios Android WINDOWS windowsmobile macos MacOS visionos"),
    ] {
        for member in members.split(' ') {
            let answer = service.patch(&item(&row), &json!({ property: member })).await;
            answer.fails(400, "ModelValidationFailure");
        }
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

/// Text that is easily lost or changed on its way.
const ODD: [&str; 17] = [
    "plain",
    "Büro „Süd“, 2. Stock",
    "Москва 東京 العربية עברית हिन्दी ไทย",
    "💻📱👩🏽‍💻🏴󠁧󠁢󠁥󠁮󠁧󠁿🇳🇴",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 \u{10ffff} \u{1f600}",
    "composed é, decomposed e\u{301}, stacked a\u{308}\u{332}\u{20dd}",
    "\u{202e}right to left\u{202c} zero\u{200b}width\u{200d}\u{feff}",
    "\u{fffd} \u{fffe} \u{ffff} \u{e000} \u{fdd0}",
    "\"quoted\" 'single' `back`",
    "back\\slash \\n \\u0041 \\\\server\\share",
    "</script><b>&amp;</b> %2F%00 ${x} {{x}} $1",
    "'; DROP TABLE identities; --",
    "a,b;c|d/e:f?g#h@i",
    "ﬁ ß ẞ İ ı ſ K Σσς",
    "line\u{2028}line\u{2029}paragraph",
    "nul\u{2400}space\u{a0}no-break",
    "null",
];

each_engine!(text_is_kept_to_the_letter, async |service: &Service| {
    for text in ODD {
        assert_eq!(kept(service, "description", json!(text)).await, text);
        assert_eq!(kept(service, "importedDeviceIdentifier", json!(text)).await, text);
    }
});

each_engine!(a_description_may_hold_control_characters, async |service: &Service| {
    let controls: String = ('\u{1}'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect();
    for text in ["two\nlines", "\r\n", "\ttab", "\u{1b}[31mred", "\u{7}\u{8}\u{c}", &controls] {
        assert_eq!(kept(service, "description", json!(text)).await, text);
    }
});

each_engine!(a_description_keeps_its_blanks, async |service: &Service| {
    for text in [" ", "  a  ", "\u{2003}a\u{3000}", "\n"] {
        assert_eq!(kept(service, "description", json!(text)).await, text);
    }
});

each_engine!(no_description_is_not_an_empty_one, async |service: &Service| {
    assert_eq!(kept(service, "description", Value::Null).await, Value::Null);
    assert_eq!(kept(service, "description", json!("")).await, "");
    let row = service.create(&serial("A-1")).await;
    assert_eq!(row["description"], Value::Null);
    let empty = service.patch(&item(&row), &json!({ "description": "" })).await.succeeds(200);
    assert_ne!(empty["@odata.etag"], row["@odata.etag"]);
    let none = service.patch(&item(&row), &json!({ "description": null })).await.succeeds(200);
    assert_ne!(none["@odata.etag"], empty["@odata.etag"]);
});

each_engine!(an_escape_is_the_character_that_it_stands_for, async |service: &Service| {
    let body = r#"{
        "imported\u0044eviceIdentifier": "\u0041\u002d1 \uD83D\uDCBB",
        "importedDeviceIdentityType": "serial\u004eumber",
        "description": "\"\\\/\b\f\n\r\t\u00e9\u2028"
    }"#;
    let create = service.call(Method::POST, COLLECTION);
    let row = create.header("content-type", "application/json").body(body).await.succeeds(201);
    assert_eq!(row["importedDeviceIdentifier"], "A-1 💻");
    assert_eq!(row["importedDeviceIdentityType"], "serialNumber");
    assert_eq!(row["description"], "\"\\/\u{8}\u{c}\n\r\té\u{2028}");
    seen_by_all(service, &row).await;
});

each_engine!(characters_of_another_composition_are_other_characters, async |service: &Service| {
    let composed = service.create(&serial("caf\u{e9}")).await;
    let decomposed = service.create(&serial("cafe\u{301}")).await;
    assert_ne!(composed["id"], decomposed["id"]);
    assert_eq!(service.identifiers().await, ["caf\u{e9}", "cafe\u{301}"]);
    service.post("", &serial("CAF\u{c9}")).await.fails(409, "Conflict");
});

each_engine!(the_longest_values_are_kept, async |service: &Service| {
    for letter in ["x", "ä", "東", "💻"] {
        let (identifier, description) = (letter.repeat(512), letter.repeat(1_024));
        assert_eq!(kept(service, "description", json!(description)).await, description);
        let kept = kept(service, "importedDeviceIdentifier", json!(identifier)).await;
        assert_eq!(kept, identifier);
    }
});

each_engine!(all_answers_write_a_row_with_the_same_bytes, async |service: &Service| {
    let mut body = serial("A-\"1\" 💻");
    body["description"] = json!("\u{1}\u{1f}\u{7f} \\ / \" é e\u{301} \u{2028} 💻\n");
    body[CONTACTED] = json!("2016-12-31T23:58:44.2908994-08:00");
    body["platform"] = json!("tvOS");
    let created = service.post("", &body).await;
    let row = created.succeeds(201);
    let written = members_of(created.text());
    let get = service.get(&item(&row)).await;
    assert_eq!(members_of(get.text()), written);
    assert_eq!(get.text(), created.text());
    let list = service.get("").await;
    assert!(list.text().contains(&written), "{}", list.text());
    let found = json!({ "importedDeviceIdentities": [body] });
    let found = service.post("/searchExistingIdentities", &found).await;
    assert!(found.text().contains(&written), "{}", found.text());
    // A result of an import is of another type.
    let again = service.post("/importDeviceIdentityList", &import(&[body], false)).await;
    let id = format!("\"id\":\"{}\"", text(&row, "id"));
    let properties = written.find(&id).and_then(|begin| written.get(begin..)).unwrap();
    assert!(again.text().contains(properties), "{}", again.text());
    assert_eq!(values(again.succeeds(200))[0]["status"], false);
});

/// What stands in an entity after its context, without the brace that ends it.
fn members_of(entity: &str) -> String {
    let begin = entity.find("\"@odata.type\"").unwrap();
    entity.get(begin..entity.len() - 1).unwrap().to_owned()
}
