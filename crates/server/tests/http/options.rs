//! Query options: each is applied or refused, none is ignored (OData URL Conventions, 5).

use crate::support::{COLLECTION, Call, Method, Service, Value, import, item, json, serial};

/// The system options that nothing here takes, each with a value that would do.
const REFUSED: [(&str, &str); 6] = [
    ("$compute", "1 as one"),
    ("$expand", "*"),
    ("$deltatoken", "latest"),
    ("$index", "0"),
    ("$schemaversion", "*"),
    ("$id", "x"),
];

/// The system options that the list takes.
const OF_THE_LIST: [(&str, &str); 9] = [
    ("$apply", "aggregate($count as n)"),
    ("$filter", "platform eq 'ios'"),
    ("$search", "abc"),
    ("$orderby", "id desc"),
    ("$select", "id"),
    ("$skip", "0"),
    ("$count", "true"),
    ("$top", "1"),
    ("$skiptoken", "abc"),
];

/// What others take: an option, and the place of the operation in [`others`].
const OF_OTHERS: [(&str, usize); 3] = [("$filter", 1), ("$search", 1), ("$select", 2)];

/// A call of every operation but the list, with this query.
fn others(service: &Service, row: &Value, query: &str) -> Vec<Call> {
    let rows = import(&[serial("A-2")], true);
    vec![
        service.call(Method::GET, &format!("/beta/{query}")),
        service.get(&format!("/$count{query}")),
        service.get(&format!("{}{query}", item(row))),
        service.post(query, &serial("A-3")),
        service.patch(&format!("{}{query}", item(row)), &json!({ "platform": "ios" })),
        service.delete(&format!("{}{query}", item(row))),
        service.post(&format!("/importDeviceIdentityList{query}"), &rows),
        service.post(
            &format!("/searchExistingIdentities{query}"),
            &json!({ "importedDeviceIdentities": [] }),
        ),
    ]
}

fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

each_engine!(the_list_refuses_what_it_does_not_apply, async |service: &Service| {
    for (name, value) in REFUSED {
        let (bare, value) = (&name[1..], encoded(value));
        let upper = name.to_uppercase();
        for spelt in [name, bare, &upper, &format!("%24{bare}")] {
            for query in [format!("?{spelt}={value}"), format!("?$top=1&{spelt}={value}")] {
                let answer = service.get(&query).await;
                assert_eq!(answer.status, 501, "{query}: {}", answer.text());
                let message = answer.fails(501, "NotImplemented");
                assert!(message.contains(&format!("'{name}'")), "{message}");
            }
        }
        service.get(&format!("?{name}")).await.fails(501, "NotImplemented");
    }
});

each_engine!(other_operations_take_next_to_no_system_option, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (name, value) in REFUSED.into_iter().chain(OF_THE_LIST) {
        let query = format!("?{name}={}", encoded(value));
        for (place, call) in others(service, &row, &query).into_iter().enumerate() {
            let answer = call.await;
            if OF_OTHERS.contains(&(name, place)) {
                answer.succeeds(200);
                continue;
            }
            assert_eq!(answer.status, 501, "{name}: {answer:?}");
            let message = answer.fails(501, "NotImplemented");
            assert!(message.contains(&format!("'{name}'")), "{message}");
        }
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
    assert_eq!(service.identifiers().await, ["A-1"]);
});

each_engine!(an_alias_that_nothing_refers_to_is_refused, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for query in ["?@p='ios'", "?%40p=1", "?@p", "?@p=@q&@q=@p"] {
        let message = service.get(query).await.fails(501, "NotImplemented");
        assert!(message.contains("'@p'"), "{message}");
        for call in others(service, &row, query) {
            call.await.fails(501, "NotImplemented");
        }
    }
    let query = "?$filter=platform eq @q&@q='ios'&@p='ios'";
    service.get(query).await.fails(501, "NotImplemented");
    service.get("?@p=1&@p=2").await.fails(400, "BadRequest");
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
    assert_eq!(service.identifiers().await, ["A-1"]);
});

each_engine!(an_option_is_given_once, async |service: &Service| {
    for (query, name) in [
        ("?$top=1&$top=1", "$top"),
        ("?$top=1&TOP=2", "$top"),
        ("?top=1&%24top=2", "$top"),
        ("?$skiptoken=a&a=b&SkipToken=a", "$skiptoken"),
        ("?$filter=a&$filter=a", "$filter"),
    ] {
        let message = service.get(query).await.fails(400, "BadRequest");
        assert!(message.contains(&format!("'{name}' is given again")), "{message}");
    }
});

each_engine!(a_misspelt_option_is_refused_with_the_right_one, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (query, right) in [
        ("?$fitler=a", "$filter"),
        ("?fitler=a", "$filter"),
        ("?FILTERS=a", "$filter"),
        ("?$tpo=1", "$top"),
        ("?odrerby=a", "$orderby"),
        ("?$top=1&selct=a", "$select"),
        ("?skip_token=a", "$skiptoken"),
        ("?$$top=1", "$top"),
        ("?+$top=1", "$top"),
    ] {
        let message = service.get(query).await.fails(400, "BadRequest");
        assert!(message.contains(&format!("Did you mean '{right}'?")), "{message}");
        for call in others(service, &row, query) {
            call.await.fails(400, "BadRequest");
        }
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
    assert_eq!(service.identifiers().await, ["A-1"]);
});

each_engine!(an_unknown_dollar_option_is_refused, async |service: &Service| {
    for query in ["?$nonsense=1", "?$levels=2", "?$=1", "?%24custom=1", "?$top=1&$x"] {
        let message = service.get(query).await.fails(400, "BadRequest");
        assert!(message.contains("is not a query option"), "{message}");
    }
});

each_engine!(a_custom_option_is_ignored, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let list = service.get("").await.succeeds(200);
    for query in [
        "?",
        "?&&",
        "?api-version=1.0",
        "?client-request-id=7&v=1",
        "?v=1&v=2",
        "?a",
        "?=",
        "?q=%24top%3D0",
        "?customer=$top=0",
        "?limit=0&sort=a",
    ] {
        assert_eq!(service.get(query).await.succeeds(200), list, "{query}");
    }
    for call in others(service, &row, "?api-version=1.0&v=2").into_iter().take(5) {
        assert!(call.await.status.is_success());
    }
});

each_engine!(a_percent_sign_that_encodes_nothing_is_refused, async |service: &Service| {
    for (query, position) in [
        ("?$top=%", 6),
        ("?$top=1%2", 7),
        ("?$top=%zz", 6),
        ("?a=b&$top=%+1", 10),
        ("?custom=%", 8),
        ("?%g1=1", 1),
    ] {
        let answer = service.raw("GET", &format!("{COLLECTION}{query}"), &[], b"").await;
        let message = answer.fails(400, "BadRequest");
        assert!(message.contains(&format!("at character {position} of the query")), "{message}");
        assert!(message.contains("'%25'"), "{message}");
    }
    for query in ["?$top=%FF", "?$top=%C3", "?a=%ED%A0%80", "?%FF=1"] {
        let answer = service.raw("GET", &format!("{COLLECTION}{query}"), &[], b"").await;
        let message = answer.fails(400, "BadRequest");
        assert!(message.contains("UTF-8"), "{message}");
    }
});

each_engine!(a_page_size_is_digits_alone, async |service: &Service| {
    service.fill(2).await;
    for value in ["", "-1", "+1", "1+", "%2B1", "1.0", "1e3", "one", "0x1", "null", "'1'", "1,0"] {
        let message = service.get(&format!("?$top={value}")).await.fails(400, "BadRequest");
        assert!(message.contains("'$top' must be a whole number"), "{message}");
    }
    service.get("?$top").await.fails(400, "BadRequest");
    for value in ["1", "001", "%31"] {
        let page = service.get(&format!("?$top={value}")).await.succeeds(200);
        assert_eq!(page["value"].as_array().unwrap().len(), 1, "{value}");
    }
});

each_engine!(a_plus_is_a_blank, async |service: &Service| {
    let message = service.get("?$top=+1").await.fails(400, "BadRequest");
    assert!(message.ends_with("but is ' 1'."), "{message}");
    let message = service.get("?$top=%2B1").await.fails(400, "BadRequest");
    assert!(message.ends_with("but is '+1'."), "{message}");
});

each_engine!(a_value_is_decoded_once, async |service: &Service| {
    let message = service.get("?$top=%2531").await.fails(400, "BadRequest");
    assert!(message.ends_with("but is '%31'."), "{message}");
});
