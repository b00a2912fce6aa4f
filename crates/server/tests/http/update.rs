//! `PATCH …/importedDeviceIdentities/{id}`: changes a row.

use crate::support::{Method, Service, Value, item, json, serial, text};

/// The row without what every change moves.
fn without_marks(mut row: Value) -> Value {
    for name in ["@odata.etag", "lastModifiedDateTime"] {
        row.as_object_mut().unwrap().remove(name).unwrap();
    }
    row
}

each_engine!(only_what_the_body_carries_changes, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let changes = [
        ("importedDeviceIdentifier", json!("A-2")),
        ("importedDeviceIdentityType", json!("imei")),
        ("lastContactedDateTime", json!("2026-01-31T07:25:18Z")),
        ("description", json!("in the cupboard")),
        ("enrollmentState", json!("enrolled")),
        ("platform", json!("ios")),
    ];
    let mut expected = row.clone();
    for (name, value) in changes {
        let answer = service.patch(&item(&row), &json!({ name: value })).await;
        expected[name] = value;
        let updated = answer.succeeds(200);
        assert_eq!(without_marks(updated.clone()), without_marks(expected.clone()), "{name}");
        assert_eq!(service.get(&item(&row)).await.succeeds(200), updated);
    }
});

each_engine!(a_change_moves_tag_and_modification_time, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let updated = service.patch(&item(&row), &json!({ "platform": "ios" })).await.succeeds(200);
    assert_ne!(updated["@odata.etag"], row["@odata.etag"]);
    assert!(text(&updated, "lastModifiedDateTime") >= text(&row, "lastModifiedDateTime"));
    assert_ne!(updated["lastModifiedDateTime"], row["lastModifiedDateTime"]);
    assert_eq!(updated["createdDateTime"], row["createdDateTime"]);
});

each_engine!(a_write_that_changes_nothing_moves_nothing, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let same = [
        json!({}),
        json!({ "description": null }),
        json!({ "platform": "unknown", "enrollmentState": "notContacted" }),
        json!({ "lastContactedDateTime": "0001-01-01T00:00:00.000+00:00" }),
        json!({ "importedDeviceIdentifier": "  A-1 " }),
        json!({ "id": "another", "createdDateTime": "2020-01-01T00:00:00Z" }),
    ];
    for body in same {
        let answer = service.patch(&item(&row), &body).await;
        assert_eq!(answer.succeeds(200), row, "{body}");
        assert_eq!(answer.header("etag"), text(&row, "@odata.etag"));
    }
});

each_engine!(what_was_read_can_be_edited_and_put_back_whole, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let mut edited = service.get(&item(&row)).await.succeeds(200);
    edited["description"] = json!("edited");
    let updated = service.patch(&item(&row), &edited).await.succeeds(200);
    assert_eq!(without_marks(updated), without_marks(edited));
});

each_engine!(a_description_can_be_taken_away, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for description in [json!("text"), json!(null), json!(""), json!(null)] {
        let body = json!({ "description": description });
        let updated = service.patch(&item(&row), &body).await.succeeds(200);
        assert_eq!(updated["description"], description);
    }
});

each_engine!(nothing_but_the_description_can_be_null, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for name in [
        "importedDeviceIdentifier",
        "importedDeviceIdentityType",
        "lastContactedDateTime",
        "enrollmentState",
        "platform",
    ] {
        let answer = service.patch(&item(&row), &json!({ name: null })).await;
        assert!(answer.fails(400, "ModelValidationFailure").contains(name), "{name}");
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(a_row_cannot_take_the_place_of_another, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let other = service.create(&serial("A-2")).await;
    let onto = json!({ "importedDeviceIdentifier": "a-1", "description": "not stored" });
    let message = service.patch(&item(&other), &onto).await.fails(409, "Conflict");
    assert!(message.contains("'importedDeviceIdentifier'"), "{message}");
    assert_eq!(service.get(&item(&other)).await.succeeds(200), other);
});

each_engine!(a_type_cannot_move_a_row_onto_another_either, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let other = service.create(&json!({ "importedDeviceIdentifier": "A-1" })).await;
    let onto = json!({ "importedDeviceIdentityType": "serialNumber" });
    service.patch(&item(&other), &onto).await.fails(409, "Conflict");
    let free = json!({ "importedDeviceIdentityType": "imei" });
    service.patch(&item(&other), &free).await.succeeds(200);
});

each_engine!(a_row_may_spell_its_own_identifier_anew, async |service: &Service| {
    let row = service.create(&serial("abc")).await;
    let body = json!({ "importedDeviceIdentifier": "ABC" });
    let updated = service.patch(&item(&row), &body).await.succeeds(200);
    assert_eq!(updated["importedDeviceIdentifier"], "ABC");
    assert_ne!(updated["@odata.etag"], row["@odata.etag"]);
    service.post("", &serial("abc")).await.fails(409, "Conflict");
});

each_engine!(an_identifier_that_a_row_has_left_is_free, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let body = json!({ "importedDeviceIdentifier": "A-2" });
    service.patch(&item(&row), &body).await.succeeds(200);
    service.create(&serial("A-1")).await;
    service.post("", &serial("A-2")).await.fails(409, "Conflict");
});

each_engine!(an_unknown_id_is_not_found_and_nothing_is_made, async |service: &Service| {
    let answer = service.patch("/no-such-id", &serial("A-1")).await;
    assert!(answer.fails(404, "ResourceNotFound").contains("no-such-id"));
    assert!(service.rows().await.is_empty());
});

each_engine!(a_row_is_never_replaced_whole, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let path = format!("{}{}", crate::support::COLLECTION, item(&row));
    let answer = service.call(Method::PUT, &path).json(&serial("A-2")).await;
    answer.fails(405, "MethodNotAllowed");
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});
