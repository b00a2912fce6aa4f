//! `$orderby` and `$skip`, and pages in every order: each row is seen once, in its place.

use crate::support::{Method, Service, Value, identifiers, item, json, serial, text, values};

const LINK: &str = "@odata.nextLink";

/// The identifiers on all pages, and the last link.
async fn walk(service: &Service, query: &str) -> (Vec<String>, usize) {
    let path = format!("/beta/deviceManagement/importedDeviceIdentities{query}");
    let (mut seen, mut pages, mut next) = (Vec::new(), 0, Some(service.url(&path)));
    while let Some(url) = next {
        let page = service.follow(Method::GET, &url).await.succeeds(200);
        next = page.get(LINK).map(|link| link.as_str().unwrap().to_owned());
        seen.extend(identifiers(&values(page)));
        pages += 1;
    }
    (seen, pages)
}

async fn some_rows(service: &Service) {
    let row = |identifier: &str, platform: &str, description: Value| {
        json!({
            "importedDeviceIdentifier": identifier,
            "platform": platform,
            "description": description,
        })
    };
    let rows = [
        row("a", "visionOS", json!("x")),
        row("B", "macOS", Value::Null),
        row("c", "macOS", json!("X")),
        row("\u{10FFFF}", "ios", Value::Null),
        row("\u{FFFD}", "ios", json!("")),
    ];
    assert_eq!(service.import(&rows).await.len(), rows.len());
}

each_engine!(rows_are_ordered_and_paged_alike, async |service: &Service| {
    some_rows(service).await;
    let (last, high) = ("\u{10FFFF}", "\u{FFFD}");
    for (order, wanted) in [
        ("importedDeviceIdentifier", ["B", "a", "c", high, last]),
        ("importedDeviceIdentifier desc", [last, high, "c", "a", "B"]),
        ("description", ["B", last, high, "c", "a"]),
        ("description asc,id desc", [last, "B", high, "c", "a"]),
        ("description desc", ["a", "c", high, last, "B"]),
        ("platform", [last, high, "B", "c", "a"]),
        ("platform desc,importedDeviceIdentifier desc", ["a", "c", "B", last, high]),
        ("id desc", [high, last, "c", "B", "a"]),
        ("length(description) desc,id", ["a", "c", high, "B", last]),
        ("tolower(importedDeviceIdentifier)", ["a", "B", "c", high, last]),
    ] {
        for size in [1, 2, 5, 6] {
            let order = order.replace(' ', "+");
            let query = format!("?$orderby={order}&$top={size}");
            let (seen, pages) = walk(service, &query).await;
            assert_eq!(seen, wanted, "{query}");
            assert_eq!(pages, 5_usize.div_ceil(size), "{query}");
        }
    }
});

each_engine!(skipped_rows_are_left_out_once, async |service: &Service| {
    service.fill(10).await;
    let from = |first: usize| (first..10).map(|n| format!("{n:05}")).collect::<Vec<_>>();
    for (query, wanted) in [
        ("?$skip=0", from(0)),
        ("?$skip=3", from(3)),
        ("?$skip=3&$top=2", from(3)),
        ("?$skip=3&$top=2&$filter=contains(importedDeviceIdentifier,'0')", from(3)),
        ("?$skip=3&$top=2&$orderby=length(importedDeviceIdentifier)", from(3)),
        ("?$skip=10", from(10)),
        ("?$skip=99999999999999999999", from(10)),
    ] {
        assert_eq!(walk(service, query).await.0, wanted, "{query}");
    }
    service.get("?$skip=-1").await.fails(400, "BadRequest");
});

each_engine!(the_link_carries_all_that_was_asked_for, async |service: &Service| {
    some_rows(service).await;
    let query = "?$count=true&$filter=platform+ne+@p&@p='tvos'&$select=importedDeviceIdentifier\
                 &$orderby=description&$top=2&$skip=1";
    let first = service.get(query).await.succeeds(200);
    let second = service.follow(Method::GET, text(&first, LINK)).await.succeeds(200);
    for page in [&first, &second] {
        assert_eq!(page["@odata.count"], json!(5));
        assert!(text(page, "@odata.context").ends_with("(importedDeviceIdentifier)"));
        assert_eq!(page["value"].as_array().unwrap().len(), 2);
    }
    assert_eq!(identifiers(&values(second)), ["c", "a"]);
});

each_engine!(a_link_is_good_for_its_filter_and_order_alone, async |service: &Service| {
    service.fill(3).await;
    let page = service.get("?$top=1&$filter=true&$orderby=id").await.succeeds(200);
    let token = text(&page, LINK).split_once("$skiptoken=").unwrap().1.to_owned();
    for query in ["$filter=true", "$filter=(1+eq+1)&$orderby=id+ASC,platform"] {
        let answer = service.get(&format!("?{query}&$skiptoken={token}"));
        assert_eq!(values(answer.await.succeeds(200)).len(), 2, "the same, written otherwise");
    }
    for query in ["", "$filter=not+false+and+id+ne+''", "$filter=true&$orderby=id+desc"] {
        let answer = service.get(&format!("?{query}&$skiptoken={token}"));
        assert!(answer.await.fails(400, "BadRequest").contains("'$skiptoken'"), "{query}");
    }
});

each_engine!(now_stays_what_it_was_on_the_first_page, async |service: &Service| {
    service.fill(3).await;
    let query = "?$top=2&$filter=lastModifiedDateTime+le+now()";
    let first = service.get(query).await.succeeds(200);
    let rows = service.rows().await;
    let late = service.patch(&item(&rows[2]), &json!({ "platform": "ios" }));
    late.await.succeeds(200);
    let second = service.follow(Method::GET, text(&first, LINK)).await.succeeds(200);
    assert_eq!(values(second), [] as [Value; 0], "it was changed behind that instant");
});

each_engine!(rows_that_come_and_go_disturb_no_order, async |service: &Service| {
    service.fill(20).await;
    let mut seen = Vec::new();
    let query = "?$orderby=importedDeviceIdentifier+desc&$top=3";
    let mut page = service.get(query).await.succeeds(200);
    let mut round = 0;
    loop {
        let link = page.get(LINK).map(|link| link.as_str().unwrap().to_owned());
        let rows = values(page);
        seen.extend(identifiers(&rows));
        let Some(link) = link else { break };
        service.delete(&item(rows.last().unwrap())).await.succeeds(204);
        service.create(&serial(&format!("99{round}"))).await;
        page = service.follow(Method::GET, &link).await.succeeds(200);
        round += 1;
    }
    let wanted: Vec<String> = (0..20).rev().map(|n| format!("{n:05}")).collect();
    assert_eq!(seen, wanted);
});

each_engine!(what_is_no_order_is_refused, async |service: &Service| {
    for order in ["", "colour", "id up", "id,", "id desc desc", &"id,".repeat(9)] {
        let query = format!("?$orderby={}", order.replace(' ', "+"));
        let message = service.get(&query).await.fails(400, "BadRequest");
        assert!(message.starts_with("Invalid orderby clause: "), "{message}");
    }
});

each_engine!(a_page_whose_link_no_url_could_hold_is_refused, async |service: &Service| {
    for n in 0..3 {
        let long = json!({
            "importedDeviceIdentifier": format!("{}{n}", "\u{10FFFF}".repeat(500)),
            "description": "\u{10FFFF}".repeat(1_000),
        });
        service.create(&long).await;
    }
    let order = "$orderby=description,importedDeviceIdentifier";
    let (seen, pages) = walk(service, &format!("?{order}&$top=1")).await;
    assert_eq!((seen.len(), pages), (3, 3));
    let filter = format!("platform+ne+'ios'{}", "+and+platform+ne+'ios'".repeat(100));
    let wide = format!("{filter}+and+description+ne+'{}'", "x".repeat(7_000));
    let message = service.get(&format!("?{order}&$top=1&$filter={wide}")).await;
    let message = message.fails(400, "BadRequest");
    assert!(message.contains("16384 bytes"), "{message}");
    let whole = service.get(&format!("?{order}&$filter={wide}")).await.succeeds(200);
    assert_eq!(values(whole).len(), 3);
});
