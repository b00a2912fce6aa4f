//! Pages of the list: how large, how they are linked, and that walking them shows each row once.

use std::collections::{BTreeSet, HashSet};

use crate::support::{
    COLLECTION, Method, Service, Token, Value, identifiers, item, serial, text, values,
};

const LINK: &str = "@odata.nextLink";

/// The rows on the page and the link to the next one.
async fn page(service: &Service, url: &str) -> (Vec<Value>, Option<String>) {
    let mut page = service.follow(Method::GET, url).await.succeeds(200);
    let link = page.get_mut(LINK).map(|link| link.take().as_str().unwrap().to_owned());
    (values(page), link)
}

/// The page at a query of the list.
async fn first(service: &Service, query: &str) -> (Vec<Value>, Option<String>) {
    page(service, &service.url(&format!("{COLLECTION}{query}"))).await
}

/// The rows of this page and all that follow, and how many each page has.
async fn walk(service: &Service, url: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut rows, mut sizes, mut next) = (Vec::new(), Vec::new(), Some(url.to_owned()));
    while let Some(url) = next {
        let (found, link) = page(service, &url).await;
        sizes.push(found.len());
        rows.extend(found);
        next = link;
    }
    (rows, sizes)
}

async fn walk_from(service: &Service, query: &str) -> (Vec<Value>, Vec<usize>) {
    walk(service, &service.url(&format!("{COLLECTION}{query}"))).await
}

/// What stands behind `$skiptoken=` in a link.
fn token(link: &str) -> &str {
    link.split_once("$skiptoken=").unwrap().1
}

each_engine!(a_page_has_100_rows, async |service: &Service| {
    service.fill(250).await;
    let (rows, sizes) = walk_from(service, "").await;
    assert_eq!(sizes, [100, 100, 50]);
    let wanted: Vec<String> = (0..250).map(|n| format!("{n:05}")).collect();
    assert_eq!(identifiers(&rows), wanted);
});

each_engine!(a_full_last_page_leads_nowhere, async |service: &Service| {
    service.fill(100).await;
    assert_eq!(walk_from(service, "").await.1, [100]);
    assert_eq!(walk_from(service, "?$top=50").await.1, [50, 50]);
    service.create(&serial("one more")).await;
    assert_eq!(walk_from(service, "").await.1, [100, 1]);
});

each_engine!(top_is_the_size_of_a_page, async |service: &Service| {
    service.fill(7).await;
    for (query, sizes) in [
        ("?$top=3", [3, 3, 1].as_slice()),
        ("?top=3", &[3, 3, 1]),
        ("?%24TOP=3", &[3, 3, 1]),
        ("?$top=6", &[6, 1]),
        ("?$top=7", &[7]),
        ("?$top=8", &[7]),
        ("?$top=1", &[1; 7]),
    ] {
        let (rows, found) = walk_from(service, query).await;
        assert_eq!(found, sizes, "{query}");
        let distinct: HashSet<&str> = rows.iter().map(|row| text(row, "id")).collect();
        assert_eq!((rows.len(), distinct.len()), (7, 7), "{query}");
    }
});

each_engine!(no_page_is_larger_than_1000, async |service: &Service| {
    service.fill(1_500).await;
    for top in ["1000", "1001", "5000", "18446744073709551616", "99999999999999999999999999"] {
        assert_eq!(walk_from(service, &format!("?$top={top}")).await.1, [1_000, 500], "{top}");
    }
    assert_eq!(walk_from(service, "?$top=999").await.1, [999, 501]);
});

each_engine!(a_page_of_nothing_leads_nowhere, async |service: &Service| {
    service.fill(3).await;
    for query in ["?$top=0", "?$top=000"] {
        let (rows, link) = first(service, query).await;
        assert!(rows.is_empty());
        assert_eq!(link, None, "{query}");
    }
});

each_engine!(the_link_is_whole_and_keeps_the_page_size, async |service: &Service| {
    service.fill(5).await;
    let start = service.url(COLLECTION);
    let link = first(service, "?$top=2").await.1.unwrap();
    assert_eq!(link, format!("{start}?$top=2&$skiptoken={}", token(&link)));
    let (_, second) = page(service, &link).await;
    assert!(second.unwrap().starts_with(&format!("{start}?$top=2&$skiptoken=")));
    service.fill(101).await;
    let link = first(service, "").await.1.unwrap();
    assert_eq!(link, format!("{start}?$skiptoken={}", token(&link)));
    let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    assert!(token(&link).chars().all(fit), "needs no encoding: {link}");
});

each_engine!(the_link_follows_the_host_that_was_called, async |service: &Service| {
    service.fill(2).await;
    let address = format!("localhost:{}", service.address().port());
    let url = "/Beta/devicemanagement/IMPORTEDDEVICEIDENTITIES?$top=1";
    let call = service.call(Method::GET, url).header("host", &address);
    let link = text(&call.await.succeeds(200), LINK).to_owned();
    assert!(link.starts_with(&format!("http://{address}{COLLECTION}?$top=1&")), "{link}");
    let path = link.strip_prefix(&format!("http://{address}")).unwrap();
    let second = service.call(Method::GET, path).await.succeeds(200);
    assert_eq!(identifiers(&values(second)), ["00001"]);
});

each_engine!(options_may_be_encoded_in_the_link, async |service: &Service| {
    service.fill(2).await;
    let link = first(service, "?$top=1").await.1.unwrap().replace('$', "%24");
    assert_eq!(identifiers(&page(service, &link).await.0), ["00001"]);
});

each_engine!(a_link_may_be_followed_again, async |service: &Service| {
    service.fill(3).await;
    let link = first(service, "?$top=1").await.1.unwrap();
    assert_eq!(page(service, &link).await, page(service, &link).await);
});

each_engine!(the_page_size_may_change_on_the_way, async |service: &Service| {
    service.fill(10).await;
    let link = first(service, "?$top=2").await.1.unwrap();
    let (rows, sizes) = walk_from(service, &format!("?$top=5&$skiptoken={}", token(&link))).await;
    assert_eq!(sizes, [5, 3]);
    assert_eq!(identifiers(&rows)[0], "00002");
});

each_engine!(rows_that_stand_all_along_are_seen_once, async |service: &Service| {
    service.fill(60).await;
    let all = service.rows().await;
    let (mut seen, mut next) = first(service, "?$top=7").await;
    let mut removed = BTreeSet::new();
    let mut round = 0;
    while let Some(link) = next {
        // The last row of the page before, from which the link goes on; one far behind; one ahead.
        let last = seen.last().unwrap().clone();
        for row in [&last, &all[round], &all[59 - round]] {
            if removed.insert(text(row, "id").to_owned()) {
                let status = service.delete(&item(row)).await.status;
                assert!(status == 204 || status == 404, "{status}");
            }
        }
        service.create(&serial(&format!("new {round}"))).await;
        let (rows, link) = page(service, &link).await;
        seen.extend(rows);
        next = link;
        round += 1;
    }
    assert!(round > 5, "{round}");
    let ids: Vec<&str> = seen.iter().map(|row| text(row, "id")).collect();
    let distinct: HashSet<&&str> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "no row twice");
    for row in all.iter().filter(|row| !removed.contains(text(row, "id"))) {
        assert!(distinct.contains(&text(row, "id")), "lost: {row}");
    }
    assert!(ids.is_sorted(), "in order");
});

each_engine!(a_changed_row_keeps_its_place, async |service: &Service| {
    service.fill(6).await;
    let (rows, link) = first(service, "?$top=3").await;
    let body = serde_json::json!({ "importedDeviceIdentifier": "zzz", "platform": "ios" });
    service.patch(&item(&rows[0]), &body).await.succeeds(200);
    let rest = walk(service, &link.unwrap()).await.0;
    assert_eq!(identifiers(&rest), ["00003", "00004", "00005"]);
});

each_engine!(a_last_page_that_is_emptied_is_empty, async |service: &Service| {
    service.fill(3).await;
    let link = first(service, "?$top=2").await.1.unwrap();
    for row in service.rows().await {
        service.delete(&item(&row)).await.succeeds(204);
    }
    assert_eq!(page(service, &link).await, (Vec::new(), None));
});

each_engine!(a_token_that_was_tampered_with_is_refused, async |service: &Service| {
    service.fill(3).await;
    let link = first(service, "?$top=1").await.1.unwrap();
    let sound = token(&link);
    let mut forged: Vec<String> =
        ["", "a", "AAAA", "null", "0", "💻", "%2B", "=="].into_iter().map(str::to_owned).collect();
    for (place, letter) in sound.char_indices() {
        let other = if letter == 'A' { "B" } else { "A" };
        forged.push(format!("{}{other}{}", &sound[..place], &sound[place + 1..]));
    }
    forged.push(sound[..sound.len() - 1].to_owned());
    forged.push(format!("{sound}A"));
    forged.push(format!("{sound}="));
    forged.push(format!("{sound}{sound}"));
    forged.push(text(&service.rows().await[0], "id").to_owned());
    for forged in forged {
        let answer = service.get(&format!("?$top=1&$skiptoken={forged}")).await;
        assert_eq!(answer.status, 400, "{forged}: {}", answer.text());
        assert!(answer.fails(400, "BadRequest").contains("'$skiptoken'"));
    }
    assert_eq!(identifiers(&page(service, &link).await.0), ["00001"]);
});

each_engine!(a_token_of_another_tenant_is_refused, async |service: &Service| {
    service.fill(3).await;
    let other = Token::of(&service.add_tenant(true).await).sign();
    for n in 0..3 {
        let made = service.post("", &serial(&format!("theirs {n}"))).token(&other).await;
        made.succeeds(201);
    }
    let ours = first(service, "?$top=1").await.1.unwrap();
    let theirs = service.get("?$top=1").token(&other).await.succeeds(200);
    let theirs = text(&theirs, LINK);
    for call in
        [service.follow(Method::GET, &ours).token(&other), service.follow(Method::GET, theirs)]
    {
        assert!(call.await.fails(400, "BadRequest").contains("'$skiptoken'"));
    }
    service.follow(Method::GET, theirs).token(&other).await.succeeds(200);
    service.follow(Method::GET, &ours).await.succeeds(200);
});

each_engine!(a_token_is_no_way_around_permissions, async |service: &Service| {
    service.fill(2).await;
    let link = first(service, "?$top=1").await.1.unwrap();
    let call = service.follow(Method::GET, &link).without_token();
    call.await.fails(401, "InvalidAuthenticationToken");
});

each_engine!(a_preferred_page_size_is_kept_to, async |service: &Service| {
    service.fill(5).await;
    for (prefer, query, size) in [
        ("odata.maxpagesize=2", "", 2),
        ("maxpagesize=2", "", 2),
        ("MaxPageSize=\"2\"", "", 2),
        ("respond-async, odata.maxpagesize=2", "", 2),
        ("maxpagesize=2", "?$top=4", 2),
        ("maxpagesize=4", "?$top=2", 2),
        ("maxpagesize=2000", "", 5),
        ("maxpagesize=2", "?$top=0", 0),
    ] {
        let answer = service.get(query).header("prefer", prefer).await;
        let rows = answer.succeeds(200);
        assert_eq!(rows["value"].as_array().unwrap().len(), size, "{prefer} {query}");
        let applied = answer.header("preference-applied").to_lowercase();
        let number: String = prefer.chars().filter(char::is_ascii_digit).collect();
        let prefix = if prefer.contains("odata.") { "odata." } else { "" };
        assert_eq!(applied, format!("{prefix}maxpagesize={number}"), "{prefer}");
    }
});

each_engine!(a_preferred_page_size_links_as_any_other, async |service: &Service| {
    service.fill(5).await;
    let (mut seen, mut next) = (Vec::new(), Some(service.url(COLLECTION)));
    while let Some(url) = next {
        let call = service.follow(Method::GET, &url).header("prefer", "odata.maxpagesize=2");
        let page = call.await.succeeds(200);
        next = page.get(LINK).map(|link| link.as_str().unwrap().to_owned());
        seen.extend(identifiers(&values(page)));
    }
    assert_eq!(seen, ["00000", "00001", "00002", "00003", "00004"]);
});

each_engine!(a_page_size_that_makes_no_sense_is_not_applied, async |service: &Service| {
    service.fill(3).await;
    for prefer in ["maxpagesize=0", "maxpagesize=-1", "maxpagesize=two", "maxpagesize", "maxpage=1"]
    {
        let answer = service.get("").header("prefer", prefer).await;
        assert_eq!(answer.succeeds(200)["value"].as_array().unwrap().len(), 3, "{prefer}");
        assert_eq!(answer.maybe_header("preference-applied"), None, "{prefer}");
    }
});
