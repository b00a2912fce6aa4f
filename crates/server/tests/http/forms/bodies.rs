//! What each form says, operation by operation.

use crate::support::{Call, Method, Service, Value, import, item, json, serial, text, values};

use super::{media_type, shown};

/// A row with something to say in every property.
fn phone() -> Value {
    json!({
        "importedDeviceIdentifier": "490154203237518",
        "importedDeviceIdentityType": "imei",
        "lastContactedDateTime": "2016-12-31T23:58:44.2908994-08:00",
        "description": "A \"phone\"",
        "enrollmentState": "enrolled",
        "platform": "ios",
    })
}

/// The body of an answer of success in this form.
async fn body(service: &Service, call: Call, metadata: &str) -> String {
    let accept = format!("application/json;odata.metadata={metadata}");
    let answer = call.header("accept", &accept).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    assert_eq!(answer.header("content-type"), media_type(metadata, false));
    shown(service, &answer).await
}

each_engine!(a_list_in_full, async |service: &Service| {
    service.create(&phone()).await;
    service.create(&serial("A-2")).await;
    insta::assert_snapshot!(body(service, service.get("?$top=1&$count=true"), "full").await, @r##"
    {
    "@odata.context":"http://[host]/beta/$metadata#deviceManagement/importedDeviceIdentities",
    "@odata.count":2,
    "#microsoft.graph.importDeviceIdentityList":{
    "title":"importDeviceIdentityList",
    "target":"http://[host]/beta/deviceManagement/importedDeviceIdentities/microsoft.graph.importDeviceIdentityList"},
    "#microsoft.graph.searchExistingIdentities":{
    "title":"searchExistingIdentities",
    "target":"http://[host]/beta/deviceManagement/importedDeviceIdentities/microsoft.graph.searchExistingIdentities"},
    "value":[{
    "@odata.type":"#microsoft.graph.importedDeviceIdentity",
    "@odata.id":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.editLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.etag":"W/\"1\"",
    "id":"[id]",
    "importedDeviceIdentifier":"490154203237518",
    "importedDeviceIdentityType@odata.type":"#microsoft.graph.importedDeviceIdentityType",
    "importedDeviceIdentityType":"imei",
    "lastModifiedDateTime@odata.type":"#DateTimeOffset",
    "lastModifiedDateTime":"[time]",
    "createdDateTime@odata.type":"#DateTimeOffset",
    "createdDateTime":"[time]",
    "lastContactedDateTime@odata.type":"#DateTimeOffset",
    "lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00",
    "description":"A \"phone\"",
    "enrollmentState@odata.type":"#microsoft.graph.enrollmentState",
    "enrollmentState":"enrolled",
    "platform@odata.type":"#microsoft.graph.platform",
    "platform":"ios"}],
    "@odata.nextLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities?$top=1&$count=true&$skiptoken=[token]"}
    "##);
});

each_engine!(a_list_without_metadata, async |service: &Service| {
    service.create(&phone()).await;
    service.create(&serial("A-2")).await;
    insta::assert_snapshot!(body(service, service.get("?$top=1&$count=true"), "none").await, @r#"
    {
    "@odata.count":2,
    "value":[{
    "id":"[id]",
    "importedDeviceIdentifier":"490154203237518",
    "importedDeviceIdentityType":"imei",
    "lastModifiedDateTime":"[time]",
    "createdDateTime":"[time]",
    "lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00",
    "description":"A \"phone\"",
    "enrollmentState":"enrolled",
    "platform":"ios"}],
    "@odata.nextLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities?$top=1&$count=true&$skiptoken=[token]"}
    "#);
});

each_engine!(a_list_with_the_least, async |service: &Service| {
    service.create(&phone()).await;
    service.create(&serial("A-2")).await;
    let list = service.get("?$top=1&$count=true");
    insta::assert_snapshot!(body(service, list, "minimal").await, @r##"
    {
    "@odata.context":"http://[host]/beta/$metadata#deviceManagement/importedDeviceIdentities",
    "@odata.count":2,
    "value":[{
    "@odata.type":"#microsoft.graph.importedDeviceIdentity",
    "@odata.etag":"W/\"1\"",
    "id":"[id]",
    "importedDeviceIdentifier":"490154203237518",
    "importedDeviceIdentityType":"imei",
    "lastModifiedDateTime":"[time]",
    "createdDateTime":"[time]",
    "lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00",
    "description":"A \"phone\"",
    "enrollmentState":"enrolled",
    "platform":"ios"}],
    "@odata.nextLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities?$top=1&$count=true&$skiptoken=[token]"}
    "##);
});

each_engine!(an_entity_in_full, async |service: &Service| {
    let row = service.create(&phone()).await;
    insta::assert_snapshot!(body(service, service.get(&item(&row)), "full").await, @r##"
    {
    "@odata.context":"http://[host]/beta/$metadata#deviceManagement/importedDeviceIdentities/$entity",
    "@odata.type":"#microsoft.graph.importedDeviceIdentity",
    "@odata.id":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.editLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.etag":"W/\"1\"",
    "id":"[id]",
    "importedDeviceIdentifier":"490154203237518",
    "importedDeviceIdentityType@odata.type":"#microsoft.graph.importedDeviceIdentityType",
    "importedDeviceIdentityType":"imei",
    "lastModifiedDateTime@odata.type":"#DateTimeOffset",
    "lastModifiedDateTime":"[time]",
    "createdDateTime@odata.type":"#DateTimeOffset",
    "createdDateTime":"[time]",
    "lastContactedDateTime@odata.type":"#DateTimeOffset",
    "lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00",
    "description":"A \"phone\"",
    "enrollmentState@odata.type":"#microsoft.graph.enrollmentState",
    "enrollmentState":"enrolled",
    "platform@odata.type":"#microsoft.graph.platform",
    "platform":"ios"}
    "##);
});

each_engine!(an_entity_without_metadata, async |service: &Service| {
    let row = service.create(&phone()).await;
    insta::assert_snapshot!(body(service, service.get(&item(&row)), "none").await, @r#"
    {
    "id":"[id]",
    "importedDeviceIdentifier":"490154203237518",
    "importedDeviceIdentityType":"imei",
    "lastModifiedDateTime":"[time]",
    "createdDateTime":"[time]",
    "lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00",
    "description":"A \"phone\"",
    "enrollmentState":"enrolled",
    "platform":"ios"}
    "#);
});

each_engine!(what_is_selected_in_full, async |service: &Service| {
    let row = service.create(&phone()).await;
    let one = service.get(&format!("{}?$select=platform", item(&row)));
    insta::assert_snapshot!(body(service, one, "full").await, @r##"
    {
    "@odata.context":"http://[host]/beta/$metadata#deviceManagement/importedDeviceIdentities(platform)/$entity",
    "@odata.type":"#microsoft.graph.importedDeviceIdentity",
    "@odata.id":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.editLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.etag":"W/\"1\"",
    "platform@odata.type":"#microsoft.graph.platform",
    "platform":"ios"}
    "##);
    let list = service.get("?$select=id,description");
    insta::assert_snapshot!(body(service, list, "full").await, @r##"
    {
    "@odata.context":"http://[host]/beta/$metadata#deviceManagement/importedDeviceIdentities(id,description)",
    "value":[{
    "@odata.type":"#microsoft.graph.importedDeviceIdentity",
    "@odata.id":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.editLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.etag":"W/\"1\"",
    "id":"[id]",
    "description":"A \"phone\""}]}
    "##);
});

each_engine!(what_is_selected_without_metadata, async |service: &Service| {
    let row = service.create(&phone()).await;
    let one = service.get(&format!("{}?$select=platform", item(&row)));
    insta::assert_snapshot!(body(service, one, "none").await, @r#"
    {
    "platform":"ios"}
    "#);
    insta::assert_snapshot!(body(service, service.get("?$select=platform"), "none").await, @r#"
    {
    "value":[{
    "platform":"ios"}]}
    "#);
});

each_engine!(an_import_in_full, async |service: &Service| {
    let rows = import(&[serial("A-1")], false);
    let call = service.post("/importDeviceIdentityList", &rows);
    insta::assert_snapshot!(body(service, call, "full").await, @r##"
    {
    "@odata.context":"http://[host]/beta/$metadata#Collection(microsoft.graph.importedDeviceIdentityResult)",
    "value":[{
    "@odata.type":"#microsoft.graph.importedDeviceIdentityResult",
    "@odata.id":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.editLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.etag":"W/\"1\"",
    "id":"[id]",
    "importedDeviceIdentifier":"A-1",
    "importedDeviceIdentityType@odata.type":"#microsoft.graph.importedDeviceIdentityType",
    "importedDeviceIdentityType":"serialNumber",
    "lastModifiedDateTime@odata.type":"#DateTimeOffset",
    "lastModifiedDateTime":"[time]",
    "createdDateTime@odata.type":"#DateTimeOffset",
    "createdDateTime":"[time]",
    "lastContactedDateTime@odata.type":"#DateTimeOffset",
    "lastContactedDateTime":"0001-01-01T00:00:00Z",
    "description":null,
    "enrollmentState@odata.type":"#microsoft.graph.enrollmentState",
    "enrollmentState":"notContacted",
    "platform@odata.type":"#microsoft.graph.platform",
    "platform":"unknown",
    "status":true}]}
    "##);
});

each_engine!(an_import_without_metadata, async |service: &Service| {
    let rows = import(&[serial("A-1")], false);
    let call = service.post("/importDeviceIdentityList", &rows);
    insta::assert_snapshot!(body(service, call, "none").await, @r#"
    {
    "value":[{
    "id":"[id]",
    "importedDeviceIdentifier":"A-1",
    "importedDeviceIdentityType":"serialNumber",
    "lastModifiedDateTime":"[time]",
    "createdDateTime":"[time]",
    "lastContactedDateTime":"0001-01-01T00:00:00Z",
    "description":null,
    "enrollmentState":"notContacted",
    "platform":"unknown",
    "status":true}]}
    "#);
});

each_engine!(a_search_in_full, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let rows = json!({ "importedDeviceIdentities": [serial("A-1")] });
    let call = service.post("/searchExistingIdentities", &rows);
    insta::assert_snapshot!(body(service, call, "full").await, @r##"
    {
    "@odata.context":"http://[host]/beta/$metadata#Collection(microsoft.graph.importedDeviceIdentity)",
    "value":[{
    "@odata.type":"#microsoft.graph.importedDeviceIdentity",
    "@odata.id":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.editLink":"http://[host]/beta/deviceManagement/importedDeviceIdentities/[id]",
    "@odata.etag":"W/\"1\"",
    "id":"[id]",
    "importedDeviceIdentifier":"A-1",
    "importedDeviceIdentityType@odata.type":"#microsoft.graph.importedDeviceIdentityType",
    "importedDeviceIdentityType":"serialNumber",
    "lastModifiedDateTime@odata.type":"#DateTimeOffset",
    "lastModifiedDateTime":"[time]",
    "createdDateTime@odata.type":"#DateTimeOffset",
    "createdDateTime":"[time]",
    "lastContactedDateTime@odata.type":"#DateTimeOffset",
    "lastContactedDateTime":"0001-01-01T00:00:00Z",
    "description":null,
    "enrollmentState@odata.type":"#microsoft.graph.enrollmentState",
    "enrollmentState":"notContacted",
    "platform@odata.type":"#microsoft.graph.platform",
    "platform":"unknown"}]}
    "##);
});

each_engine!(a_search_without_metadata, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let rows = json!({ "importedDeviceIdentities": [serial("A-1")] });
    let call = service.post("/searchExistingIdentities", &rows);
    insta::assert_snapshot!(body(service, call, "none").await, @r#"
    {
    "value":[{
    "id":"[id]",
    "importedDeviceIdentifier":"A-1",
    "importedDeviceIdentityType":"serialNumber",
    "lastModifiedDateTime":"[time]",
    "createdDateTime":"[time]",
    "lastContactedDateTime":"0001-01-01T00:00:00Z",
    "description":null,
    "enrollmentState":"notContacted",
    "platform":"unknown"}]}
    "#);
});

each_engine!(the_service_document_in_each_form, async |service: &Service| {
    let document = || service.call(Method::GET, "/beta/").without_token();
    let minimal = body(service, document(), "minimal").await;
    insta::assert_snapshot!(minimal, @r#"
    {
    "@odata.context":"http://[host]/beta/$metadata",
    "value":[{
    "kind":"Singleton",
    "name":"deviceManagement",
    "url":"deviceManagement"}]}
    "#);
    assert_eq!(body(service, document(), "full").await, minimal);
    insta::assert_snapshot!(body(service, document(), "none").await, @r#"
    {
    "value":[{
    "kind":"Singleton",
    "name":"deviceManagement",
    "url":"deviceManagement"}]}
    "#);
});

each_engine!(a_write_is_answered_like_a_read, async |service: &Service| {
    for (n, metadata) in ["none", "minimal", "full"].into_iter().enumerate() {
        let row = serial(&format!("A-{n}"));
        let accept = format!("application/json;odata.metadata={metadata}");
        let created = service.post("", &row).header("accept", &accept).await;
        let id = text(&created.succeeds(201), "id").to_owned();
        let read = async || service.get(&format!("/{id}")).header("accept", &accept).await;
        assert_eq!(created.text(), read().await.text(), "{metadata}");
        let change = json!({ "platform": "android" });
        let updated = service.patch(&format!("/{id}"), &change).header("accept", &accept).await;
        assert_eq!(updated.succeeds(200)["platform"], "android");
        let read = read().await;
        assert_eq!(updated.text(), read.text(), "{metadata}");
        for answer in [created, updated, read] {
            assert_eq!(answer.header("content-type"), media_type(metadata, false));
            assert!(answer.header("etag").starts_with("W/"), "the tag is in the header always");
        }
    }
});

each_engine!(what_a_list_offers_can_be_called, async |service: &Service| {
    service.create(&serial("A-1")).await;
    let accept = "application/json;odata.metadata=full";
    let list = service.get("").header("accept", accept).await.succeeds(200);
    let rows = json!({ "importedDeviceIdentities": [serial("A-1")] });
    for (name, count) in [("importDeviceIdentityList", 1), ("searchExistingIdentities", 1)] {
        let offered = &list[format!("#microsoft.graph.{name}")];
        assert_eq!(offered["title"], name);
        let call = service.follow(Method::POST, text(offered, "target")).json(&rows);
        assert_eq!(values(call.await.succeeds(200)).len(), count, "{name}");
    }
    let row = values(list).remove(0);
    for name in ["@odata.id", "@odata.editLink"] {
        let read = service.follow(Method::GET, text(&row, name)).await.succeeds(200);
        assert_eq!(read["id"], row["id"], "{name}");
    }
});
