//! How clients ask for a form, and what wins where they ask twice.

use crate::support::{Answer, COLLECTION, Method, Service, import, item, json, serial};

use super::media_type;

/// What the answer is made of, in short.
fn form(answer: &Answer) -> &'static str {
    let media = answer.header("content-type");
    let known = ["minimal", "full", "none"];
    known.into_iter().find(|name| media == media_type(name, false)).unwrap()
}

each_engine!(accept_asks_for_each_form, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (accept, wanted) in [
        ("application/json;odata.metadata=none", "none"),
        ("application/json;odata.metadata=full", "full"),
        ("application/json;metadata=full", "full"),
        ("APPLICATION/JSON; OData.Metadata=\"FULL\"; q=0.3", "full"),
        ("application/json;odata.metadata=full;odata.streaming=false", "full"),
        ("application/json;odata.metadata=full, */*;q=0.1", "full"),
        ("application/json, text/plain, */*", "minimal"),
        ("application/json;odata.metadata=none;q=0.2, application/json;q=0.8", "minimal"),
        (
            "application/json;odata.metadata=full;q=0.2, application/json;odata.metadata=none",
            "none",
        ),
        ("application/json;odata.metadata=minimal;q=0, application/json;metadata=none", "none"),
    ] {
        for path in ["", &item(&row)] {
            let answer = service.get(path).header("accept", accept).await;
            assert_eq!(answer.status, 200, "{accept}");
            assert_eq!(form(&answer), wanted, "{accept}");
        }
    }
});

each_engine!(format_wins_over_accept, async |service: &Service| {
    service.create(&serial("A-1")).await;
    for (query, wanted) in [
        ("$format=json", "minimal"),
        ("format=JSON", "minimal"),
        ("$format=application/json", "minimal"),
        ("$format=application/json;odata.metadata=full", "full"),
        ("$FORMAT=Application%2FJson%3Bodata.metadata%3DFull", "full"),
        ("$format=application/json;metadata=none", "none"),
        ("$format=application/json;+odata.metadata=none;+q=0.1", "none"),
    ] {
        for accept in ["application/json;odata.metadata=full", "image/png", "*/*;q=0"] {
            let answer = service.get(&format!("?{query}")).header("accept", accept).await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.text());
            assert_eq!(form(&answer), wanted, "{query} over {accept}");
        }
    }
});

each_engine!(a_format_that_there_is_not_is_refused, async |service: &Service| {
    for value in [
        "",
        "atom",
        "xml",
        "*/*",
        "text/plain",
        "application/atom%2Bxml",
        "application/json;odata.metadata=some",
        "application/json;IEEE754Compatible=1",
        "application/json;charset=utf-16",
    ] {
        let answer = service.get(&format!("?$format={value}")).header("accept", "*/*").await;
        assert_eq!(answer.status, 406, "{value}: {}", answer.text());
        let message = answer.fails(406, "NotAcceptable");
        assert!(message.contains("'$format'"), "{message}");
    }
});

each_engine!(every_operation_but_the_bare_count_takes_a_format, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let query = "?$format=application/json;odata.metadata=full";
    let search = json!({ "importedDeviceIdentities": [serial("A-1")] });
    for call in [
        service.call(Method::GET, &format!("/beta/{query}")),
        service.get(query),
        service.get(&format!("{}{query}", item(&row))),
        service.post(query, &serial("A-2")),
        service.patch(&format!("{}{query}", item(&row)), &json!({ "platform": "ios" })),
        service
            .post(&format!("/importDeviceIdentityList{query}"), &import(&[serial("A-3")], false)),
        service.post(&format!("/searchExistingIdentities{query}"), &search),
    ] {
        let answer = call.await;
        assert!(answer.status.is_success(), "{}", answer.text());
        assert_eq!(form(&answer), "full");
    }
    service.delete(&format!("{}{query}", item(&row))).await.succeeds(204);
    let message = service.get("/$count?$format=json").await.fails(501, "NotImplemented");
    assert!(message.contains("'$format'"), "{message}");
});

each_engine!(a_format_that_does_not_fit_writes_nothing, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let rows = import(&[serial("A-3")], false);
    for call in [
        service.post("?$format=xml", &serial("A-2")),
        service.patch(&format!("{}?$format=xml", item(&row)), &json!({ "platform": "ios" })),
        service.delete(&format!("{}?$format=xml", item(&row))),
        service.post("/importDeviceIdentityList?$format=xml", &rows),
    ] {
        call.await.fails(406, "NotAcceptable");
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
    assert_eq!(service.identifiers().await, ["A-1"]);
});

each_engine!(links_keep_the_format, async |service: &Service| {
    service.fill(3).await;
    let query = "?$top=1&$count=true&$format=application/json;odata.metadata=none;\
                 IEEE754Compatible=true";
    let mut url = service.url(&format!("{COLLECTION}{query}"));
    for _ in 0..2 {
        let answer = service.follow(Method::GET, &url).await;
        assert_eq!(answer.header("content-type"), media_type("none", true));
        let page = answer.succeeds(200);
        assert_eq!(page["@odata.count"], "3");
        url = page["@odata.nextLink"].as_str().unwrap().to_owned();
    }
});

each_engine!(a_count_is_a_string_for_whom_doubles_are_all, async |service: &Service| {
    service.fill(2).await;
    for (accept, metadata, numbers, count) in [
        ("application/json;IEEE754Compatible=true", "minimal", true, json!("2")),
        ("application/json;ieee754compatible=TRUE;metadata=full", "full", true, json!("2")),
        ("application/json;IEEE754Compatible=true;odata.metadata=none", "none", true, json!("2")),
        ("application/json;IEEE754Compatible=false", "minimal", false, json!(2)),
        ("application/json;IEEE754Compatible=true;q=0.1, */*", "minimal", false, json!(2)),
        ("*/*", "minimal", false, json!(2)),
    ] {
        let answer = service.get("?$count=true").header("accept", accept).await;
        assert_eq!(answer.header("content-type"), media_type(metadata, numbers), "{accept}");
        assert_eq!(answer.succeeds(200)["@odata.count"], count, "{accept}");
    }
});

each_engine!(errors_have_one_form, async |service: &Service| {
    for accept in ["application/json;odata.metadata=none", "application/json;odata.metadata=full"] {
        let answer = service.get("/no-such-id").header("accept", accept).await;
        answer.fails(404, "ResourceNotFound");
        assert_eq!(answer.header("content-type"), "application/json");
    }
});
