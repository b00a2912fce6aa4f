//! `$search` on the list and on `/$count`: words and phrases in identifier and description, and how
//! it goes together with the other options.

use crate::support::{Method, Service, Value, identifiers, import, item, json, serial, values};

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn query(search: &str) -> String {
    format!("?$search={}", encoded(search))
}

/// The identifiers of the rows that are found, by both operations.
async fn found(service: &Service, search: &str) -> Vec<String> {
    let query = query(search);
    let page = service.get(&query).await.succeeds(200);
    let found = identifiers(&values(page));
    assert_eq!(service.get(&format!("/$count{query}")).await.text(), found.len().to_string());
    found
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
        row("C02-Alpha", "ios", json!("Lost in the Tram")),
        row("c02-beta", "macOS", json!("Lost and found; \"urgent\"")),
        row("D77-lost", "ios", Value::Null),
        row("E88", "windows", json!("ÉTÉ à Genève 💥")),
    ];
    assert_eq!(service.import(&rows).await.len(), rows.len());
}

const SEARCHES: [(&str, &[&str]); 23] = [
    ("lost", &["C02-Alpha", "c02-beta", "D77-lost"]),
    ("LOST", &["C02-Alpha", "c02-beta", "D77-lost"]),
    ("c02", &["C02-Alpha", "c02-beta"]),
    ("lo", &["C02-Alpha", "c02-beta", "D77-lost"]),
    ("nowhere", &[]),
    ("lost tram", &["C02-Alpha"]),
    ("tram c02 lost", &["C02-Alpha"]),
    ("lost AND found", &["c02-beta"]),
    ("tram OR found", &["C02-Alpha", "c02-beta"]),
    ("found OR lost tram", &["C02-Alpha", "c02-beta"]),
    ("lost (tram OR d77)", &["C02-Alpha", "D77-lost"]),
    ("lost NOT found", &["C02-Alpha", "D77-lost"]),
    ("NOT lost", &["E88"]),
    ("NOT (tram OR found)", &["D77-lost", "E88"]),
    ("NOT a", &["D77-lost", "E88"]),
    ("\"lost in\"", &["C02-Alpha"]),
    ("\"in lost\"", &[]),
    ("\"alpha lost\"", &[]),
    ("\"\\\"URGENT\\\"\"", &["c02-beta"]),
    ("'lost and found'", &["c02-beta"]),
    ("été", &["E88"]),
    ("\"à genève 💥\"", &["E88"]),
    ("ete", &[]),
];

each_engine!(what_is_searched_for_is_found_at_once, async |service: &Service| {
    some_rows(service).await;
    for (search, wanted) in SEARCHES {
        assert_eq!(found(service, search).await, wanted, "{search}");
    }
});

each_engine!(a_search_goes_with_filter_order_and_count, async |service: &Service| {
    some_rows(service).await;
    let lost = query("lost");
    for (more, wanted) in [
        ("&$filter=platform eq 'ios'", ["C02-Alpha", "D77-lost"].as_slice()),
        ("&$filter=importedDeviceIdentifier eq 'E88'", &[]),
        ("&$filter=contains(description,'found')", &["c02-beta"]),
        ("&$filter=contains(description,'Found')", &[]),
        ("&$orderby=id desc", &["D77-lost", "c02-beta", "C02-Alpha"]),
        ("&$orderby=platform desc,id", &["c02-beta", "C02-Alpha", "D77-lost"]),
        ("&$orderby=description", &["D77-lost", "c02-beta", "C02-Alpha"]),
        ("&$orderby=length(description) desc", &["c02-beta", "C02-Alpha", "D77-lost"]),
        ("&$skip=1", &["c02-beta", "D77-lost"]),
    ] {
        let page = service.get(&format!("{lost}{more}")).await.succeeds(200);
        assert_eq!(identifiers(&values(page)), wanted, "{more}");
    }
    let page = service.get(&format!("{lost}&$count=true&$top=1")).await.succeeds(200);
    assert_eq!(page["@odata.count"], json!(3));
    let count = format!("/$count{lost}&$filter=platform eq 'ios'");
    assert_eq!(service.get(&count).await.text(), "2");
});

each_engine!(a_link_leads_to_the_rest_of_what_is_found, async |service: &Service| {
    some_rows(service).await;
    for (more, wanted) in [
        ("", ["C02-Alpha", "c02-beta", "D77-lost"]),
        ("&$orderby=length(description)", ["D77-lost", "C02-Alpha", "c02-beta"]),
    ] {
        let (mut walked, mut next) = (Vec::new(), None::<String>);
        loop {
            let page = match next {
                None => service.get(&format!("{}{more}&$top=1", query("lost"))).await,
                Some(link) => service.follow(Method::GET, &link).await,
            };
            let page = page.succeeds(200);
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
            walked.extend(identifiers(&values(page)));
            if next.is_none() {
                break;
            }
        }
        assert_eq!(walked, wanted, "{more}");
    }
});

each_engine!(a_link_is_good_for_its_search_only, async |service: &Service| {
    some_rows(service).await;
    let page = service.get(&format!("{}&$top=1", query("lost"))).await.succeeds(200);
    let link = page["@odata.nextLink"].as_str().unwrap();
    let (_, token) = link.split_once("$skiptoken=").unwrap();
    for search in ["", "$search=found&", "$search=lost%20NOT%20found&"] {
        let answer = service.get(&format!("?{search}$top=1&$skiptoken={token}")).await;
        let message = answer.fails(400, "BadRequest");
        assert!(message.contains("'$search'"), "{message}");
    }
    let same = service.get(&format!("?$search=%22LOST%22&$skiptoken={token}")).await;
    assert_eq!(identifiers(&values(same.succeeds(200))), ["c02-beta", "D77-lost"]);
});

each_engine!(what_is_changed_or_removed_is_found_as_it_is_now, async |service: &Service| {
    let row = service.create(&serial("first-1")).await;
    let other = service.create(&serial("other-2")).await;
    for (description, gone) in [("wrench", "hammer"), ("hammer", "wrench"), ("pliers", "hammer")] {
        let change = json!({ "description": description });
        service.patch(&item(&row), &change).await.succeeds(200);
        assert_eq!(found(service, description).await, ["first-1"]);
        assert_eq!(found(service, gone).await.len(), 0, "{gone}");
    }
    service.patch(&item(&row), &json!({ "description": null })).await.succeeds(200);
    assert_eq!(found(service, "pliers").await.len(), 0);
    let rename = json!({ "importedDeviceIdentifier": "renamed" });
    service.patch(&item(&row), &rename).await.succeeds(200);
    assert_eq!(found(service, "first").await.len(), 0);
    assert_eq!(found(service, "renamed").await, ["renamed"]);
    service.delete(&item(&other)).await;
    assert_eq!(found(service, "other").await.len(), 0);
    service.create(&serial("next-3")).await;
    assert_eq!(found(service, "next").await, ["next-3"]);
    let overwritten = self::row("next-3", "ios", json!("a spanner"));
    service.post("/importDeviceIdentityList", &import(&[overwritten], true)).await.succeeds(200);
    assert_eq!(found(service, "spanner").await, ["next-3"]);
});

each_engine!(a_search_shows_what_a_filter_by_contains_shows, async |service: &Service| {
    service.fill(3_000).await;
    for part in ["0012", "999", "29", "02999", "03000"] {
        let filter = format!("?$filter=contains(importedDeviceIdentifier,'{part}')");
        let filtered = service.get(&filter).await.succeeds(200);
        let wanted: Vec<String> =
            (0..3_000).map(|n| format!("{n:05}")).filter(|name| name.contains(part)).collect();
        let first: Vec<String> = wanted.iter().take(100).cloned().collect();
        assert_eq!(identifiers(&values(filtered)), first, "{part}");
        let found = service.get(&query(part)).await.succeeds(200);
        assert_eq!(identifiers(&values(found)), first, "{part}");
        let count = service.get(&format!("/$count{}", query(part))).await;
        assert_eq!(count.text(), wanted.len().to_string(), "{part}");
    }
});

each_engine!(what_is_no_search_is_refused_with_its_place, async |service: &Service| {
    some_rows(service).await;
    for (search, place) in [("", 1), ("\"lost", 1), ("(lost", 6), ("lost)", 5), ("a\"b\"", 2)] {
        for path in ["", "/$count"] {
            let answer = service.get(&format!("{path}{}", query(search))).await;
            let message = answer.fails(400, "BadRequest");
            let wanted = format!("at character {place} of $search");
            assert!(message.contains(&wanted), "{search}: {message}");
        }
    }
});
