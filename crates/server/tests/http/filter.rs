//! `$filter` on the list and on `/$count`: which rows are shown, and what is refused.

use crate::support::{Service, Value, identifiers, json, text, values};

/// A query with a filter, encoded.
fn query(filter: &str) -> String {
    let encoded: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("?$filter={encoded}")
}

/// The identifiers of the rows that pass.
async fn passing(service: &Service, filter: &str) -> Vec<String> {
    let page = service.get(&query(filter)).await.succeeds(200);
    identifiers(&values(page))
}

fn row(identifier: &str, platform: &str, description: Value) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
        "platform": platform,
        "description": description,
    })
}

async fn some_rows(service: &Service) {
    let rows = [
        row("Ab-1", "ios", json!("it's 100%")),
        row("ab-2", "macOS", Value::Null),
        row("_b\\3", "tvos", json!("")),
        row("Ünï-4", "ios", json!("💥")),
    ];
    assert_eq!(service.import(&rows).await.len(), rows.len());
}

each_engine!(the_rows_for_which_the_filter_is_true_are_shown, async |service: &Service| {
    some_rows(service).await;
    for (filter, wanted) in [
        ("true", ["Ab-1", "ab-2", "_b\\3", "Ünï-4"].as_slice()),
        ("false", &[]),
        ("platform eq 'ios'", &["Ab-1", "Ünï-4"]),
        ("platform in ('macOS',graph.platform'tvOS')", &["ab-2", "_b\\3"]),
        ("platform gt microsoft.graph.platform'ios'", &["ab-2", "_b\\3"]),
        ("platform eq 'unknownFutureValue'", &[]),
        ("importedDeviceIdentifier eq 'Ab-1'", &["Ab-1"]),
        ("importedDeviceIdentifier eq 'AB-1'", &[]),
        ("importedDeviceIdentifier in ('ab-2','Ünï-4')", &["ab-2", "Ünï-4"]),
        ("startswith(importedDeviceIdentifier,'_')", &["_b\\3"]),
        ("startswith(importedDeviceIdentifier,'a')", &["ab-2"]),
        ("startswith(tolower(importedDeviceIdentifier),'ab')", &["Ab-1", "ab-2"]),
        ("tolower(importedDeviceIdentifier) eq 'ünï-4'", &["Ünï-4"]),
        ("contains(description,'''s 100%')", &["Ab-1"]),
        ("description eq null", &["ab-2"]),
        ("description ne ''", &["Ab-1", "ab-2", "Ünï-4"]),
        ("not (description lt 'j')", &["ab-2", "Ünï-4"]),
        ("not contains(description,'x')", &["Ab-1", "_b\\3", "Ünï-4"]),
        ("length(description) eq 1", &["Ünï-4"]),
        (
            "createdDateTime le now() and lastContactedDateTime lt 2020-01-01",
            &["Ab-1", "ab-2", "_b\\3", "Ünï-4"],
        ),
        ("importedDeviceIdentifier eq 'x'' or 1 eq 1 or ''' or platform eq 'tvos'", &["_b\\3"]),
        ("NOT (platform NE 'ios') AND TRUE", &["Ab-1", "Ünï-4"]),
    ] {
        assert_eq!(passing(service, filter).await, wanted, "{filter}");
    }
});

each_engine!(the_filter_decides_what_is_counted, async |service: &Service| {
    some_rows(service).await;
    for (filter, count) in
        [("platform eq 'ios'", 2), ("endswith(importedDeviceIdentifier,'4')", 1), ("false", 0)]
    {
        let query = query(filter);
        assert_eq!(service.get(&format!("/$count{query}")).await.text(), count.to_string());
        let page = service.get(&format!("{query}&$count=true&$top=1")).await.succeeds(200);
        assert_eq!(page["@odata.count"], json!(count), "{filter}");
        let none = service.get(&format!("{query}&$count=true&$top=0")).await.succeeds(200);
        assert_eq!((&none["@odata.count"], &none["value"]), (&json!(count), &json!([])));
        assert_eq!(none.get("@odata.nextLink"), None);
    }
    let page = service.get("?$count=false").await.succeeds(200);
    assert_eq!(page.get("@odata.count"), None);
    service.get("?$count=TRUE").await.fails(400, "BadRequest");
});

each_engine!(an_id_is_text_like_any_other, async |service: &Service| {
    some_rows(service).await;
    let rows = service.rows().await;
    let id = text(&rows[1], "id");
    assert_eq!(passing(service, &format!("id eq '{id}'")).await, ["ab-2"]);
    assert_eq!(passing(service, &format!("id gt '{id}'")).await, ["_b\\3", "Ünï-4"]);
    assert_eq!(passing(service, &format!("id eq '{}'", id.to_uppercase())).await.len(), 0);
    assert_eq!(passing(service, "id ne 'x'").await.len(), 4);
    assert_eq!(passing(service, "id lt 'x' and startswith(id,'0')").await.len(), 4);
});

each_engine!(an_alias_stands_for_its_value, async |service: &Service| {
    some_rows(service).await;
    for query in [
        "?$filter=platform eq @p&@p='macOS'",
        "?@p='macOS'&filter=@f&@f=platform%20eq%20@p",
        "?$filter=importedDeviceIdentifier+eq+%27ab-2%27",
    ] {
        let page = service.get(query).await.succeeds(200);
        assert_eq!(identifiers(&values(page)), ["ab-2"], "{query}");
    }
});

each_engine!(what_is_no_filter_is_refused_with_its_place, async |service: &Service| {
    some_rows(service).await;
    for (filter, place) in [
        ("", 1),
        ("platform", 1),
        ("platform eq", 12),
        ("platform eq 'IOS'", 13),
        ("platform eq 1.5", 1),
        ("colour eq 'x'", 1),
        ("platform eq 'ios' and", 22),
        ("not description eq 'a'", 5),
        ("description eq 'a", 16),
    ] {
        let answer = service.get(&query(filter)).await;
        let message = answer.fails(400, "BadRequest");
        assert!(message.starts_with("Invalid filter clause: "), "{message}");
        assert!(message.contains(&format!("at character {place} of $filter")), "{message}");
    }
});

each_engine!(what_is_valid_elsewhere_is_refused_as_not_offered, async |service: &Service| {
    for filter in [
        "matchespattern(description,'a')",
        "tags/any(t:t eq 'x')",
        "length(description) add 1 eq 2",
    ] {
        let message = service.get(&query(filter)).await.fails(501, "NotImplemented");
        assert!(message.starts_with("Unsupported filter clause: "), "{message}");
        let count = service.get(&format!("/$count{}", query(filter)));
        count.await.fails(501, "NotImplemented");
    }
});

each_engine!(a_filter_past_a_limit_is_refused, async |service: &Service| {
    for filter in [
        format!("{}true{}", "(".repeat(4_000), ")".repeat(1_000)),
        format!("{}true", "not ".repeat(1_000)),
        format!("platform in ({}'ios')", "'ios',".repeat(600)),
    ] {
        let answer = service.get(&format!("?$filter={}", filter.replace(' ', "+")));
        let message = answer.await.fails(400, "BadRequest");
        assert!(message.starts_with("Invalid filter clause: "), "{message}");
    }
});

each_engine!(a_filter_within_all_limits_is_answered, async |service: &Service| {
    some_rows(service).await;
    let many = |condition: &str, count| vec![condition; count].join(" or ");
    for filter in [
        many("startswith(importedDeviceIdentifier,'Ab')", 120),
        format!("{} or importedDeviceIdentifier eq 'Ab-1'", many("description gt 'z'", 120)),
        format!("{}not (importedDeviceIdentifier eq 'Ab-1')", "not ".repeat(95)),
        format!("importedDeviceIdentifier in ({}'Ab-1')", "'x',".repeat(480)),
    ] {
        let found = service.get(&format!("?$filter={}", filter.replace(' ', "+"))).await;
        let found = identifiers(&values(found.succeeds(200)));
        assert!(found.contains(&"Ab-1".to_owned()), "{filter}: {found:?}");
    }
});

each_engine!(
    a_filter_that_takes_too_long_is_stopped,
    ["--request-timeout-ms", "1000"],
    async |service: &Service| {
        for batch in 0..8 {
            let long = json!("É".repeat(1_024));
            let rows: Vec<Value> =
                (0..125).map(|n| row(&format!("{batch}-{n}"), "ios", long.clone())).collect();
            service.import(&rows).await;
        }
        let costly = vec!["tolower(description) eq 'x'"; 90].join(" or ");
        let costly = costly.replace(' ', "+");
        for query in ["", "/$count", "?$orderby=description&", "?$top=1&"] {
            let sign = if query.ends_with('&') { "" } else { "?" };
            let answer = service.get(&format!("{query}{sign}$filter={costly}")).await;
            let message = answer.fails(400, "BadRequest");
            assert!(message.contains("deadline of 1000 ms"), "{message}");
        }
    }
);
