//! What a part is asked and answered: as a request by itself, with the same headers and links.

use super::{ROWS, create, message, request, statuses, write};
use crate::support::{COLLECTION, Method, Service, Value, json, serial, text};

each_engine!(every_operation_answers_as_by_itself, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let url = format!("{ROWS}/{}", text(&row, "id"));
    let rows = json!({ "importedDeviceIdentities": [serial("A-1")] });
    let parts = service
        .parts(
            &[
                request("service", "GET", ""),
                request("list", "get", "deviceManagement/importedDeviceIdentities?%24top=5"),
                request("get", "GET", &url),
                write("search", "POST", &format!("{ROWS}/searchExistingIdentities"), &rows),
            ][1..],
        )
        .await;
    assert_eq!(statuses(&parts), [200; 3]);
    let search = service.post("/searchExistingIdentities", &rows).await;
    let alone =
        [service.get("?$top=5").await, service.get(&format!("/{}", text(&row, "id"))).await];
    for (part, alone) in parts.iter().zip(alone.iter().chain([&search])) {
        assert_eq!(part["body"], alone.json());
        let mut headers = part["headers"].as_object().unwrap().clone();
        for name in ["request-id", "client-request-id"] {
            headers.remove(name).unwrap();
        }
        for (name, value) in headers {
            assert_eq!(alone.maybe_header(&name), value.as_str(), "{name}");
        }
        for name in ["Content-Type", "OData-Version", "Cache-Control"] {
            assert!(part["headers"][name].is_string(), "{name} in {part}");
        }
    }
    assert_eq!(parts[1]["headers"]["ETag"], row_tag(service, &row).await);
});

async fn row_tag(service: &Service, row: &Value) -> String {
    service.get(&format!("/{}", text(row, "id"))).await.header("etag").to_owned()
}

each_engine!(writes_tell_what_they_made, async |service: &Service| {
    let made = service.parts(&[create("1", "A-1")]).await.remove(0);
    assert_eq!(made["status"], 201);
    let address = format!("{COLLECTION}/{}", text(&made["body"], "id"));
    assert_eq!(made["headers"]["Location"], service.url(&address));
    assert!(made["headers"]["ETag"].is_string(), "{made}");
    let url = format!("{ROWS}/{}", text(&made["body"], "id"));
    let mut minimal = write("1", "PATCH", &url, &json!({ "description": "d" }));
    minimal["headers"]["Prefer"] = json!("return=minimal");
    let minimal = service.parts(&[minimal]).await.remove(0);
    assert_eq!(minimal["status"], 204);
    assert_eq!(minimal["headers"]["Preference-Applied"], "return=minimal");
    assert!(minimal.get("body").is_none(), "{minimal}");
    let mut guarded = request("1", "DELETE", &url);
    guarded["headers"] = json!({ "If-Match": "W/\"0\"" });
    assert_eq!(statuses(&service.parts(&[guarded]).await), [412]);
    let removed = service.parts(&[request("1", "DELETE", &url)]).await.remove(0);
    assert_eq!(removed["status"], 204);
    assert!(removed.get("body").is_none(), "{removed}");
});

each_engine!(a_bare_number_comes_as_base64, async |service: &Service| {
    service.fill(12).await;
    let mut count = request("1", "GET", &format!("{ROWS}/$count"));
    count["headers"] = json!({ "Accept": "text/plain" });
    let part = service.parts(&[count]).await.remove(0);
    assert_eq!(part["headers"]["Content-Type"], "text/plain");
    assert_eq!(part["body"], "MTI=", "Base64 of 12");
    let mut json_alone = request("1", "GET", ROWS);
    json_alone["headers"] = json!({ "Accept": "text/plain" });
    assert_eq!(statuses(&service.parts(&[json_alone]).await), [406]);
});

each_engine!(head_has_no_body, async |service: &Service| {
    let part = service.parts(&[request("1", "HEAD", ROWS)]).await.remove(0);
    assert_eq!(part["status"], 200);
    assert!(part.get("body").is_none(), "{part}");
});

each_engine!(urls_are_read_as_clients_write_them, async |service: &Service| {
    service.create(&serial("Bü ro")).await;
    let full = service.url(COLLECTION);
    let filter = "importedDeviceIdentifier eq 'Bü ro'";
    let encoded = "importedDeviceIdentifier%20eq%20%27B%C3%BC+ro%27";
    for url in [
        format!("{ROWS}?$filter={filter}"),
        format!("{}?%24filter={encoded}", ROWS.trim_start_matches('/')),
        format!("{full}?$filter={filter}"),
        format!("{}?%24filter={encoded}", full.replace("http://", "HTTP://")),
    ] {
        let part = service.parts(&[request("1", "GET", &url)]).await.remove(0);
        assert_eq!(part["body"]["value"].as_array().unwrap().len(), 1, "{url}: {part}");
    }
    for (url, words) in [
        ("/beta/deviceManagement", "segment 'beta'"),
        ("/../v1.0/deviceManagement", "segment '..'"),
        ("/%2e%2e/dev/reset", "segment '..'"),
        ("/deviceManagement/nothing", "segment 'nothing'"),
        (&format!("{ROWS}/%zz"), "%25"),
    ] {
        let part = service.parts(&[request("1", "GET", url)]).await.remove(0);
        assert_eq!(part["status"], 400, "{url}: {part}");
        assert!(message(&part).contains(words), "{url}: {part}");
    }
});

each_engine!(links_lead_to_the_host_that_was_called, async |service: &Service| {
    service.fill(3).await;
    let url = format!("{ROWS}?$top=2");
    let part = service.parts(&[request("1", "GET", &url)]).await.remove(0);
    let link = text(&part["body"], "@odata.nextLink");
    assert!(link.starts_with(&service.url(COLLECTION)), "{link}");
    assert!(text(&part["body"], "@odata.context").starts_with(&service.url("/beta/$metadata")));
    let rest = service.follow(Method::GET, link).await.succeeds(200);
    assert_eq!(rest["value"].as_array().unwrap().len(), 1);
    // The link may be followed in a batch, too.
    let again = service.parts(&[request("1", "GET", link)]).await.remove(0);
    assert_eq!(again["body"], rest);
});

each_engine!(a_body_may_be_base64, async |service: &Service| {
    // {"importedDeviceIdentifier":"A>?1"}, in both alphabets, with and without padding
    for (n, body) in [
        "eyJpbXBvcnRlZERldmljZUlkZW50aWZpZXIiOiJBPj8xIn0=",
        "eyJpbXBvcnRlZERldmljZUlkZW50aWZpZXIiOiJBPj8xIn0",
    ]
    .into_iter()
    .enumerate()
    {
        let part = service.parts(&[write("1", "POST", ROWS, &json!(body))]).await.remove(0);
        assert_eq!(part["status"], if n == 0 { 201 } else { 409 }, "{part}");
    }
    assert_eq!(service.identifiers().await, ["A>?1"]);
});

each_engine!(ids_may_be_numbers_and_come_back_as_texts, async |service: &Service| {
    let mut second = request("", "GET", ROWS);
    second["id"] = json!(2);
    second["dependsOn"] = json!([1]);
    let mut first = request("", "GET", ROWS);
    first["id"] = json!(1);
    let answer = service.batch(&[first, second]).await.succeeds(200);
    let ids: Vec<&Value> =
        answer["responses"].as_array().unwrap().iter().map(|part| &part["id"]).collect();
    assert_eq!(ids, ["1", "2"]);
});
