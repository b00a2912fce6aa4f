//! `$select`: which properties are shown, and by what an entity stays recognisable.

use crate::support::{Service, item, json, members, serial, text};

fn names(text: &str) -> Vec<String> {
    members(text).into_iter().map(|(name, _)| name).collect()
}

each_engine!(an_entity_shows_what_is_selected, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let context = service.url("/beta/$metadata#deviceManagement/importedDeviceIdentities");
    let answer = service.get(&format!("{}?$select=platform,id", item(&row))).await;
    let known = ["@odata.context", "@odata.type", "@odata.etag", "id", "platform"];
    assert_eq!(names(answer.text()), known);
    let shown = answer.succeeds(200);
    assert_eq!(text(&shown, "@odata.context"), format!("{context}(id,platform)/$entity"));
    for name in &known[1..] {
        assert_eq!(shown[name], row[name], "{name}");
    }
    assert_eq!(answer.header("etag"), text(&row, "@odata.etag"));
});

each_engine!(without_its_key_an_entity_shows_its_address, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let address =
        service.url(&format!("/beta/deviceManagement/importedDeviceIdentities{}", item(&row)));
    let one = service.get(&format!("{}?select=description", item(&row))).await;
    let with_context = ["@odata.context", "@odata.type", "@odata.id", "@odata.etag", "description"];
    assert_eq!(names(one.text()), with_context);
    assert_eq!(text(&one.succeeds(200), "@odata.id"), address);
    let list = service.get("?$select=description").await.succeeds(200);
    let wanted = json!({
        "@odata.type": row["@odata.type"],
        "@odata.id": address,
        "@odata.etag": row["@odata.etag"],
        "description": null,
    });
    assert_eq!(list["value"], json!([wanted]));
    assert!(text(&list, "@odata.context").ends_with("importedDeviceIdentities(description)"));
});

each_engine!(a_star_selects_everything, async |service: &Service| {
    let mut row = service.create(&serial("A-1")).await;
    row.as_object_mut().unwrap().remove("@odata.context").unwrap();
    for query in ["?$select=*", "?$select=id,*"] {
        let list = service.get(query).await.succeeds(200);
        assert_eq!(list["value"], json!([row]), "{query}");
        assert!(text(&list, "@odata.context").ends_with("importedDeviceIdentities(*)"));
    }
});

each_engine!(the_count_stands_before_the_rows, async |service: &Service| {
    service.fill(2).await;
    let answer = service.get("?$select=id&$top=1&$count=true").await;
    let wanted = ["@odata.context", "@odata.count", "value", "@odata.nextLink"];
    assert_eq!(names(answer.text()), wanted);
});

each_engine!(what_is_no_property_is_refused, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for (select, message) in [
        ("platfrom", "Did you mean 'platform'?"),
        ("Platform", "is not a property"),
        ("", "at character 1 of $select"),
        ("id,", "at character 4 of $select"),
    ] {
        for path in ["", &item(&row)] {
            let answer = service.get(&format!("{path}?$select={select}"));
            let found = answer.await.fails(400, "BadRequest");
            assert!(found.contains(message), "{found}");
        }
    }
    service.get("?$select=id/x").await.fails(501, "NotImplemented");
});
