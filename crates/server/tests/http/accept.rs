//! `Accept`: which forms of an answer a client takes, and what it gets when there is none. The
//! forms themselves are those of `forms`.

use crate::support::{Answer, COLLECTION, Method, Service, item, json, serial};

/// Ranges by which JSON with minimal metadata is asked for.
const FITTING: [&str; 19] = [
    "application/json",
    "*/*",
    "application/*",
    "",
    "APPLICATION/JSON",
    "text/html, application/json",
    "text/html;q=0.9,application/json;q=0.1",
    "application/json;odata.metadata=minimal",
    "application/json; odata.metadata=\"minimal\"",
    "application/json;ODATA.Metadata=minimal",
    "application/json;metadata=minimal",
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false",
    "application/json;odata.streaming=false",
    "application/json;charset=UTF-8",
    "application/json;odata.metadata=full, application/json;odata.metadata=minimal",
    "application/json;odata.metadata=full;q=0.1, */*",
    "application/json;q=0.001",
    "*/*;q=0, application/json",
    "application/*;q=0, application/json;q=0.5",
];

/// Ranges that no JSON fits.
const UNFITTING: [&str; 14] = [
    "text/html",
    "text/plain",
    "text/*, image/png",
    "application/xml",
    "application/json-patch+json",
    "application/jsonx",
    "json",
    "application/json;q=0",
    "application/json;q=0.000, text/html",
    "*/*;q=0",
    "*/*, application/json;q=0",
    "application/json;odata.metadata=some",
    "application/json;odata.streaming=perhaps",
    "application/json;IEEE754Compatible=7",
];

each_engine!(json_is_given_to_all_who_take_it, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for accept in FITTING {
        let answer = service.get(&item(&row)).header("accept", accept).await;
        assert_eq!(answer.status, 200, "{accept}");
        assert_eq!(answer.json(), row, "{accept}");
    }
});

each_engine!(others_are_told_what_there_is, async |service: &Service| {
    for accept in UNFITTING {
        let answer = service.get("").header("accept", accept).await;
        assert_eq!(answer.status, 406, "{accept}");
        let message = answer.fails(406, "NotAcceptable");
        assert!(message.contains("application/json;odata.metadata=minimal"), "{message}");
    }
});

each_engine!(another_charset_is_not_given, async |service: &Service| {
    let answer = service.get("").header("accept", "application/json;charset=utf-16").await;
    answer.fails(406, "NotAcceptable");
});

each_engine!(ranges_in_several_lines_are_one_list, async |service: &Service| {
    let lines = ["Accept: text/html", "Accept: application/json"];
    service.raw("GET", COLLECTION, &lines, b"").await.succeeds(200);
    service.raw("GET", COLLECTION, &lines[..1], b"").await.fails(406, "NotAcceptable");
});

each_engine!(without_the_header_everything_is_taken, async |service: &Service| {
    service.raw("GET", COLLECTION, &[], b"").await.succeeds(200);
    let count = format!("{COLLECTION}/$count");
    service.raw("GET", &count, &[], b"").await.succeeds(200);
});

each_engine!(a_header_that_is_no_text_is_refused, async |service: &Service| {
    let mut request = service.head("GET", COLLECTION, &[]);
    request.extend_from_slice(b"Accept: application/\xff\r\n\r\n");
    let message = service.exchange(&request).await.fails(400, "BadRequest");
    assert!(message.contains("'Accept'"), "{message}");
});

each_engine!(every_operation_asks_before_it_does_anything, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let rows = json!({ "importedDeviceIdentities": [serial("A-2")] });
    let calls = [
        service.call(Method::GET, "/beta/"),
        service.get(""),
        service.get("/$count"),
        service.get(&item(&row)),
        service.post("", &serial("A-3")),
        service.patch(&item(&row), &json!({ "platform": "ios" })),
        service.delete(&item(&row)),
        service.post("/importDeviceIdentityList", &rows),
        service.post("/searchExistingIdentities", &rows),
    ];
    for call in calls {
        call.header("accept", "image/png").await.fails(406, "NotAcceptable");
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
    assert_eq!(service.identifiers().await, ["A-1"]);
});

each_engine!(a_count_is_text_and_nothing_else, async |service: &Service| {
    for accept in [
        "text/plain",
        "TEXT/plain;q=0.9",
        "text/*",
        "*/*",
        "",
        "application/json",
        "application/json;odata.metadata=full",
        "application/json;q=0, */*",
    ] {
        let answer = service.get("/$count").header("accept", accept).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "0"), "{accept}");
        assert_eq!(answer.header("content-type"), "text/plain", "{accept}");
    }
    for accept in ["text/html", "text/plain;q=0", "*/*, text/plain;q=0", "application/xml"] {
        let answer = service.get("/$count").header("accept", accept).await;
        assert_eq!(answer.status, 406, "{accept}");
        let message = answer.fails(406, "NotAcceptable");
        assert!(message.contains("text/plain"), "{message}");
    }
});

each_engine!(errors_are_json_whatever_is_accepted, async |service: &Service| {
    let answer = service.get("/no-such-id").header("accept", "text/plain, */*;q=0.1").await;
    answer.fails(404, "ResourceNotFound");
    let answer = service.get("").without_token().header("accept", "application/json").await;
    answer.fails(401, "InvalidAuthenticationToken");
});

/// The headers that belong to what is answered, and not to the one exchange.
fn lasting(answer: &Answer) -> Vec<(String, String)> {
    let passing = ["date", "request-id", "client-request-id"];
    let lasting = answer.headers.iter().filter(|(name, _)| !passing.contains(&name.as_str()));
    lasting.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

each_engine!(head_is_get_without_the_body, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let paths = [
        "/beta/".to_owned(),
        COLLECTION.to_owned(),
        format!("{COLLECTION}?$top=1"),
        format!("{COLLECTION}/$count"),
        format!("{COLLECTION}{}", item(&row)),
        format!("{COLLECTION}/no-such-id"),
        "/beta/nonsense".to_owned(),
    ];
    for path in paths {
        let get = service.call(Method::GET, &path).await;
        let head = service.call(Method::HEAD, &path).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(lasting(&head), lasting(&get), "{path}");
        assert!(head.body.is_empty(), "{path}");
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
    }
});
