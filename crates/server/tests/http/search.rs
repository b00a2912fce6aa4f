//! `POST …/searchExistingIdentities`: the stored rows that stand under a type and an identifier.

use crate::support::{Service, Token, Value, identifiers, json, serial};

const PATH: &str = "/searchExistingIdentities";

fn sought(rows: &[Value]) -> Value {
    json!({ "importedDeviceIdentities": rows })
}

each_engine!(what_is_found_is_shown_as_the_list_shows_it, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let answer = service.post(PATH, &sought(&[serial("A-1")])).await.succeeds(200);
    let context = "/beta/$metadata#Collection(microsoft.graph.importedDeviceIdentity)";
    assert_eq!(answer["@odata.context"], service.url(context));
    assert_eq!(answer["value"], json!(service.rows().await));
    assert_eq!(answer["value"][0]["@odata.type"], "#microsoft.graph.importedDeviceIdentity");
    assert_eq!(answer["value"][0].get("status"), None);
});

each_engine!(case_and_outer_blanks_do_not_count, async |service: &Service| {
    service.create(&serial("C02xk1ZVJG5J")).await;
    for same in ["C02xk1ZVJG5J", "c02XK1zvjg5j", "  C02xk1ZVJG5J\t"] {
        let found = service.search(&[serial(same)]).await;
        assert_eq!(identifiers(&found), ["C02xk1ZVJG5J"], "{same}");
    }
    for other in ["C02xk1ZVJG5", "C02xk1ZVJG5J1", "C02 xk1ZVJG5J", "%", "C02%"] {
        assert!(service.search(&[serial(other)]).await.is_empty(), "{other}");
    }
});

each_engine!(the_type_counts, async |service: &Service| {
    service.create(&serial("490154203237518")).await;
    let of = |kind: &str| json!({ "importedDeviceIdentifier": "490154203237518", "importedDeviceIdentityType": kind });
    for other in ["imei", "unknown", "manufacturerModelSerial"] {
        assert!(service.search(&[of(other)]).await.is_empty(), "{other}");
    }
    let untyped = json!({ "importedDeviceIdentifier": "490154203237518" });
    assert!(service.search(&[untyped]).await.is_empty(), "no type is the type unknown");
    assert_eq!(service.search(&[of("serialNumber")]).await.len(), 1);
});

each_engine!(blanks_around_the_commas_of_a_tuple_do_not_count, async |service: &Service| {
    let of = |text: &str| {
        json!({ "importedDeviceIdentifier": text,
            "importedDeviceIdentityType": "manufacturerModelSerial" })
    };
    service.create(&of("Contoso, Tablet 7,0042")).await;
    assert_eq!(service.search(&[of("CONTOSO ,tablet 7 , 0042")]).await.len(), 1);
    assert!(service.search(&[of("Contoso,Tablet7,0042")]).await.is_empty());
});

each_engine!(rows_come_in_the_order_of_the_request_each_once, async |service: &Service| {
    for identifier in ["a", "b", "c"] {
        service.create(&serial(identifier)).await;
    }
    let rows = ["c", "not ours", "a", "C", "a"].map(serial);
    assert_eq!(identifiers(&service.search(&rows).await), ["c", "a"]);
});

each_engine!(nothing_is_found_of_nothing, async |service: &Service| {
    service.create(&serial("A-1")).await;
    assert!(service.search(&[]).await.is_empty());
    assert!(service.search(&[serial("")]).await.is_empty());
});

each_engine!(other_properties_may_be_there_and_mean_nothing, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let mut whole = row.clone();
    whole["platform"] = json!("ios");
    assert_eq!(identifiers(&service.search(&[whole]).await), ["A-1"]);
});

each_engine!(rows_of_other_tenants_are_never_found, async |service: &Service| {
    let theirs = Token::of(&service.add_tenant(true)).sign();
    service.post("", &serial("A-1")).token(&theirs).await.succeeds(201);
    assert!(service.search(&[serial("A-1")]).await.is_empty());
});

each_engine!(every_row_names_an_identifier, async |service: &Service| {
    let rows = [serial("A-1"), json!({}), json!({ "importedDeviceIdentityType": "imei" })];
    let answer = service.post(PATH, &sought(&rows)).await;
    let message = answer.fails(400, "BadRequest");
    assert_eq!(message, "Invalid Device Identifier parameter found for 2 import records!");
    assert_eq!(answer.targets(), ["importedDeviceIdentities[1]", "importedDeviceIdentities[2]"]);
});

each_engine!(the_list_is_the_only_parameter, async |service: &Service| {
    service.post(PATH, &json!({})).await.fails(400, "ModelValidationFailure");
    let flag = json!({ "importedDeviceIdentities": [], "overwriteImportedDeviceIdentities": true });
    let message = service.post(PATH, &flag).await.fails(400, "ModelValidationFailure");
    assert!(message.contains("'overwriteImportedDeviceIdentities'"), "{message}");
});

each_engine!(
    a_search_has_the_limit_of_imports,
    ["--max-import-rows", "2"],
    async |service: &Service| {
        let rows = ["a", "b", "c"].map(serial);
        service.post(PATH, &sought(&rows[..2])).await.succeeds(200);
        let message = service.post(PATH, &sought(&rows)).await.fails(413, "RequestEntityTooLarge");
        assert!(message.contains("at most 2 rows"), "{message}");
    }
);

each_engine!(ten_thousand_rows_are_one_call, async |service: &Service| {
    service.fill(100).await;
    let rows: Vec<Value> = (0..10_000).map(|n| serial(&format!("{n:05}"))).collect();
    assert_eq!(service.search(&rows).await.len(), 100);
});
