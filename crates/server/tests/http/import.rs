//! `POST …/importDeviceIdentityList`: makes and changes many rows, and tells the fate of each.

use crate::support::{Service, Value, import, item, json, members, serial, text};

const PATH: &str = "/importDeviceIdentityList";

fn fates(results: &[Value]) -> Vec<bool> {
    results.iter().map(|row| row["status"].as_bool().unwrap()).collect()
}

/// A row as the list shows it, without what a result has besides.
fn as_listed(mut result: Value) -> Value {
    let members = result.as_object_mut().unwrap();
    members.remove("status").unwrap();
    members["@odata.type"] = json!("#microsoft.graph.importedDeviceIdentity");
    result
}

async fn overwrite(service: &Service, rows: &[Value]) -> Vec<Value> {
    let answer = service.post(PATH, &import(rows, true)).await.succeeds(200);
    answer["value"].as_array().unwrap().clone()
}

each_engine!(each_row_has_its_result_in_order, async |service: &Service| {
    let rows: Vec<Value> = ["c", "a", "b"].map(serial).into();
    let answer = service.post(PATH, &import(&rows, false)).await.succeeds(200);
    let context = "/beta/$metadata#Collection(microsoft.graph.importedDeviceIdentityResult)";
    assert_eq!(answer["@odata.context"], service.url(context));
    let results = answer["value"].as_array().unwrap();
    for (row, result) in rows.iter().zip(results) {
        assert_eq!(result["@odata.type"], "#microsoft.graph.importedDeviceIdentityResult");
        assert_eq!(result["importedDeviceIdentifier"], row["importedDeviceIdentifier"]);
        assert_eq!(result["status"], json!(true));
    }
    let listed: Vec<Value> = results.iter().cloned().map(as_listed).collect();
    assert_eq!(service.rows().await, listed);
});

each_engine!(a_result_is_the_entity_and_then_its_status, async |service: &Service| {
    let results = service.import(&[serial("A-1")]).await;
    let answer = service.post(PATH, &import(&[serial("A-1")], false)).await;
    let (_, value) = answer.text().split_once("\"value\":[").unwrap();
    let result = value.strip_suffix("]}").unwrap();
    let entity = service.get(&item(&results[0])).await;
    let mut expected = members(entity.text());
    expected.remove(0);
    expected[0].1 = json!("#microsoft.graph.importedDeviceIdentityResult");
    expected.push(("status".to_owned(), json!(false)));
    assert_eq!(members(result), expected);
});

each_engine!(a_new_row_has_the_defaults_of_create, async |service: &Service| {
    let created = service.create(&json!({ "importedDeviceIdentifier": "A-1" })).await;
    let imported = service.import(&[json!({ "importedDeviceIdentifier": "A-2" })]).await;
    for name in [
        "importedDeviceIdentityType",
        "lastContactedDateTime",
        "description",
        "enrollmentState",
        "platform",
    ] {
        assert_eq!(imported[0][name], created[name], "{name}");
    }
});

each_engine!(a_row_that_stands_is_left_alone, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let mut other = serial("a-1");
    other["description"] = json!("not stored");
    let results = service.import(&[other, serial("A-2")]).await;
    assert_eq!(fates(&results), [false, true]);
    assert_eq!(results[0]["id"], row["id"]);
    assert_eq!(results[0]["description"], json!(null));
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(overwriting_replaces_what_the_row_carries, async |service: &Service| {
    let mut body = serial("A-1");
    body["description"] = json!("kept");
    body["platform"] = json!("ios");
    let row = service.create(&body).await;
    let mut other = serial("a-1");
    other["platform"] = json!("android");
    let results = overwrite(service, &[other]).await;
    assert_eq!(fates(&results), [true]);
    let stored = service.get(&item(&row)).await.succeeds(200);
    assert_eq!(stored["platform"], "android");
    assert_eq!(stored["description"], "kept", "what the row leaves out stays");
    assert_eq!(stored["importedDeviceIdentifier"], "a-1", "the text as it was sent last");
    assert_eq!((&stored["id"], &stored["createdDateTime"]), (&row["id"], &row["createdDateTime"]));
    assert_ne!(stored["lastModifiedDateTime"], row["lastModifiedDateTime"]);
    assert_eq!(as_listed(results[0].clone())["@odata.etag"], stored["@odata.etag"]);
});

each_engine!(a_row_that_leaves_all_out_puts_no_defaults, async |service: &Service| {
    let row = json!({
        "importedDeviceIdentifier": "A-1",
        "importedDeviceIdentityType": "serialNumber",
        "lastContactedDateTime": "2026-01-31T07:25:18.1234567+05:45",
        "description": "kept",
        "enrollmentState": "blocked",
        "platform": "windows",
    });
    let row = service.create(&row).await;
    assert_eq!(fates(&overwrite(service, &[serial("A-1")]).await), [true]);
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(a_row_that_says_null_takes_the_description_away, async |service: &Service| {
    let mut body = serial("A-1");
    body["description"] = json!("not kept");
    let row = service.create(&body).await;
    body["description"] = json!(null);
    assert_eq!(overwrite(service, &[body]).await[0]["description"], json!(null));
    assert_eq!(service.get(&item(&row)).await.succeeds(200)["description"], json!(null));
});

each_engine!(overwriting_with_the_same_moves_nothing, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let results = overwrite(service, &[serial("A-1")]).await;
    assert_eq!(fates(&results), [true]);
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
    assert_eq!(service.history(&service.tenant()).await.len(), 1);
});

each_engine!(of_one_identifier_in_a_call_the_first_counts, async |service: &Service| {
    for is_overwriting in [false, true] {
        let name = format!("A-{is_overwriting}");
        let with = |identifier: &str, description: &str| {
            let mut row = serial(identifier);
            row["description"] = json!(description);
            row
        };
        let rows = [with(&name, "first"), with(&name.to_lowercase(), "second"), serial("B")];
        let answer = service.post(PATH, &import(&rows, is_overwriting)).await.succeeds(200);
        let results = answer["value"].as_array().unwrap();
        assert_eq!(fates(results)[..2], [true, false], "overwriting: {is_overwriting}");
        assert_eq!(results[1]["id"], results[0]["id"]);
        assert_eq!(results[1]["description"], "first");
    }
});

each_engine!(of_a_row_that_stands_the_first_overwrite_counts, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let rows = ["first", "second"].map(|description| {
        let mut row = serial("A-1");
        row["description"] = json!(description);
        row
    });
    let results = overwrite(service, &rows).await;
    assert_eq!(fates(&results), [true, false]);
    assert_eq!(service.get(&item(&row)).await.succeeds(200)["description"], "first");
});

each_engine!(the_same_identifier_of_another_type_is_another_row, async |service: &Service| {
    let imei = json!({ "importedDeviceIdentifier": "490154203237518",
        "importedDeviceIdentityType": "imei" });
    let results = service.import(&[imei, serial("490154203237518")]).await;
    assert_eq!(fates(&results), [true, true]);
});

each_engine!(the_flag_may_be_a_string_or_be_missing, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let with = |flag: Value| {
        let mut other = serial("A-1");
        other["description"] = json!(flag.to_string());
        json!({ "importedDeviceIdentities": [other], "overwriteImportedDeviceIdentities": flag })
    };
    for (flag, taken) in [
        (json!(true), true),
        (json!("true"), true),
        (json!("True"), true),
        (json!(false), false),
        (json!("false"), false),
    ] {
        let answer = service.post(PATH, &with(flag.clone())).await.succeeds(200);
        assert_eq!(answer["value"][0]["status"], json!(taken), "{flag}");
    }
    let without = json!({ "importedDeviceIdentities": [serial("A-1")] });
    let answer = service.post(PATH, &without).await.succeeds(200);
    assert_eq!(answer["value"][0]["status"], json!(false));
    let stored = service.get(&item(&row)).await.succeeds(200);
    for flag in [json!("yes"), json!(1), json!(null), json!([])] {
        let message = service.post(PATH, &with(flag)).await.fails(400, "ModelValidationFailure");
        assert!(message.contains("overwriteImportedDeviceIdentities"), "{message}");
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), stored);
});

each_engine!(
    one_bad_row_refuses_the_call,
    ["--identifier-rules", "strict"],
    async |service: &Service| {
        let imei = |text: &str| json!({ "importedDeviceIdentifier": text, "importedDeviceIdentityType": "imei" });
        let rows = [imei("490154203237518"), imei("12"), serial("A-1"), serial("a;b"), json!({})];
        let answer = service.post(PATH, &import(&rows, false)).await;
        let message = answer.fails(400, "BadRequest");
        assert_eq!(message, "Invalid Device Identifier parameter found for 3 import records!");
        let targets = [1, 3, 4].map(|index| format!("importedDeviceIdentities[{index}]"));
        assert_eq!(answer.targets(), targets);
        assert!(service.rows().await.is_empty());
    }
);

each_engine!(a_row_that_does_not_fit_the_type_is_named, async |service: &Service| {
    let mut typo = serial("A-2");
    typo["importedDeviceIdentifierType"] = json!("imei");
    let mut wrong = serial("A-3");
    wrong["platform"] = json!("IOS");
    let answer = service.post(PATH, &import(&[serial("A-1"), typo, wrong], false)).await;
    let message = answer.fails(400, "ModelValidationFailure");
    assert!(message.contains("Did you mean 'importedDeviceIdentityType'?"), "{message}");
    assert_eq!(
        answer.targets(),
        [
            "importedDeviceIdentities[1].importedDeviceIdentifierType",
            "importedDeviceIdentities[2].platform",
        ]
    );
    assert!(service.rows().await.is_empty());
});

each_engine!(an_empty_list_is_an_empty_result, async |service: &Service| {
    let answer = service.post(PATH, &import(&[], false)).await.succeeds(200);
    assert_eq!(answer["value"], json!([]));
});

each_engine!(the_list_has_to_be_there, async |service: &Service| {
    for body in [json!({}), json!({ "overwriteImportedDeviceIdentities": true })] {
        let message = service.post(PATH, &body).await.fails(400, "ModelValidationFailure");
        assert!(message.contains("'importedDeviceIdentities'"), "{message}");
    }
    let near = json!({ "importedDeviceIdentites": [] });
    let message = service.post(PATH, &near).await.fails(400, "ModelValidationFailure");
    assert!(message.contains("Did you mean 'importedDeviceIdentities'?"), "{message}");
    let near = json!({ "importedDeviceIdentities": [], "overwriteImportedDeviceIdentites": true });
    let message = service.post(PATH, &near).await.fails(400, "ModelValidationFailure");
    assert!(message.contains("Did you mean 'overwriteImportedDeviceIdentities'?"), "{message}");
    for list in [json!(null), json!({}), json!("A-1"), json!([serial("A-1"), 7])] {
        let body = json!({ "importedDeviceIdentities": list });
        service.post(PATH, &body).await.fails(400, "BadRequest");
    }
    assert!(service.rows().await.is_empty());
});

each_engine!(ten_thousand_rows_are_one_call, async |service: &Service| {
    let rows: Vec<Value> = (0..10_000).map(|n| serial(&format!("{n:05}"))).collect();
    let results = service.import(&rows).await;
    assert_eq!(fates(&results), vec![true; 10_000]);
    assert_eq!(service.get("/$count").await.text(), "10000");
    let history = service.history(&service.tenant()).await;
    assert_eq!(history.len(), 10_000);
    let one_request = history[0].audit.request_id;
    assert!(history.iter().all(|change| change.audit.request_id == one_request));
    let ids: Vec<&str> = results.iter().map(|row| text(row, "id")).collect();
    assert!(ids.is_sorted(), "ids are in the order of the call");
});

each_engine!(each_row_that_changes_has_one_entry_in_the_history, async |service: &Service| {
    service.fill(10_000).await;
    let mut rows: Vec<Value> = (0..10_000).map(|n| serial(&format!("{n:05}"))).collect();
    let changed = [0, 4_999, 5_000, 9_999];
    for index in changed {
        rows[index]["description"] = json!("changed");
    }
    let results = overwrite(service, &rows).await;
    assert_eq!(fates(&results), vec![true; 10_000]);
    let history = service.history(&service.tenant()).await;
    let updates: Vec<String> =
        history[10_000..].iter().map(|change| change.id.to_string()).collect();
    assert_eq!(updates, changed.map(|index| text(&results[index], "id")));
    assert!(history.iter().map(|change| change.seq).eq(1..=10_004), "without gaps");
});

each_engine!(ten_thousand_rows_are_the_most_unless_told_otherwise, async |service: &Service| {
    let rows: Vec<Value> = (0..10_001).map(|n| serial(&n.to_string())).collect();
    let answer = service.post(PATH, &import(&rows, false)).await;
    let message = answer.fails(413, "RequestEntityTooLarge");
    assert!(message.contains("at most 10000 rows"), "{message}");
    assert_eq!(service.get("/$count").await.text(), "0");
});

each_engine!(
    one_row_too_many_is_too_large,
    ["--max-import-rows", "3"],
    async |service: &Service| {
        let rows: Vec<Value> = (0..4).map(|n| serial(&format!("A-{n}"))).collect();
        service.post(PATH, &import(&rows[..3], false)).await.succeeds(200);
        let answer = service.post(PATH, &import(&rows, false)).await;
        let message = answer.fails(413, "RequestEntityTooLarge");
        assert!(message.contains("at most 3 rows"), "{message}");
        assert_eq!(service.rows().await.len(), 3);
    }
);
