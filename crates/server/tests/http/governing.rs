//! Microsoft's page "Update importedDeviceIdentity": its example request, sent to the letter,
//! gets its example response.

use crate::support::{COLLECTION, Service, item, members, serial, text};

/// The request's body. Its length says that the lines end in CR and LF.
const REQUEST: &str = "{\r
  \"@odata.type\": \"#microsoft.graph.importedDeviceIdentity\",\r
  \"importedDeviceIdentifier\": \"Imported Device Identifier value\",\r
  \"importedDeviceIdentityType\": \"imei\",\r
  \"lastContactedDateTime\": \"2016-12-31T23:58:44.2908994-08:00\",\r
  \"description\": \"Description value\",\r
  \"enrollmentState\": \"enrolled\",\r
  \"platform\": \"ios\"\r
}";
const REQUEST_LINES: [&str; 3] =
    ["Accept: application/json", "Content-type: application/json", "Content-length: 332"];

/// The response's body.
const RESPONSE: &str = r##"{
  "@odata.type": "#microsoft.graph.importedDeviceIdentity",
  "id": "9f70a12f-a12f-9f70-2fa1-709f2fa1709f",
  "importedDeviceIdentifier": "Imported Device Identifier value",
  "importedDeviceIdentityType": "imei",
  "lastModifiedDateTime": "2017-01-01T00:00:35.1329464-08:00",
  "createdDateTime": "2017-01-01T00:02:43.5775965-08:00",
  "lastContactedDateTime": "2016-12-31T23:58:44.2908994-08:00",
  "description": "Description value",
  "enrollmentState": "enrolled",
  "platform": "ios"
}"##;

/// What the service alone decides: no two services can agree on it.
const SERVICE_MADE: [&str; 3] = ["id", "lastModifiedDateTime", "createdDateTime"];

/// Sends the documented request to a row that is as unlike the outcome as can be.
async fn documented_update(service: &Service) -> String {
    let row = service.create(&serial("C02XK1ZVJG5J")).await;
    let mut request = service.head("PATCH", &format!("{COLLECTION}{}", item(&row)), &REQUEST_LINES);
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(REQUEST.as_bytes());
    let answer = service.exchange(&request).await;
    let updated = answer.succeeds(200);
    assert_eq!(updated["id"], row["id"]);
    assert_eq!(updated["createdDateTime"], row["createdDateTime"]);
    assert_eq!(answer.header("etag"), text(&updated, "@odata.etag"));
    answer.text().to_owned()
}

each_engine!(the_example_request_gets_the_example_response, async |service: &Service| {
    let mut body = documented_update(service).await;
    let made = members(&body).into_iter().filter(|(name, _)| SERVICE_MADE.contains(&name.as_str()));
    for (name, value) in made {
        body = body.replacen(&value.to_string(), &format!("\"[{name}]\""), 1);
    }
    let body = body.replace(&service.address().to_string(), "[host]").replace(",\"", ",\n\"");
    insta::assert_snapshot!(body, @r##"
    {"@odata.context":"http://[host]/beta/$metadata#deviceManagement/importedDeviceIdentities/$entity",
    "@odata.type":"#microsoft.graph.importedDeviceIdentity",
    "@odata.etag":"W/\"2\"",
    "id":"[id]",
    "importedDeviceIdentifier":"Imported Device Identifier value",
    "importedDeviceIdentityType":"imei",
    "lastModifiedDateTime":"[lastModifiedDateTime]",
    "createdDateTime":"[createdDateTime]",
    "lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00",
    "description":"Description value",
    "enrollmentState":"enrolled",
    "platform":"ios"}
    "##);
});

each_engine!(the_response_has_the_documented_members_in_their_order, async |service: &Service| {
    let documented = members(RESPONSE);
    let mut ours = members(&documented_update(service).await);
    let added = |name: &str| ["@odata.context", "@odata.etag"].contains(&name);
    ours.retain(|(name, _)| !added(name));
    let names = |members: &[(String, _)]| -> Vec<String> {
        members.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&ours), names(&documented));
    let comparable = |members: Vec<(String, _)>| -> Vec<(String, serde_json::Value)> {
        let decided = |name: &str| !SERVICE_MADE.contains(&name);
        members.into_iter().filter(|(name, _)| decided(name)).collect()
    };
    assert_eq!(comparable(ours), comparable(documented));
});

each_engine!(repeating_the_example_changes_nothing, async |service: &Service| {
    let row = service.create(&serial("C02XK1ZVJG5J")).await;
    let body = serde_json::from_str(REQUEST).unwrap();
    let first = service.patch(&item(&row), &body).await.succeeds(200);
    let second = service.patch(&item(&row), &body).await.succeeds(200);
    assert_eq!(second, first);
    assert_eq!(service.get(&item(&row)).await.succeeds(200), first);
});
