//! `GET …/importedDeviceIdentities`: shows all rows. Paging has its own module.

use crate::support::{Service, json, members, serial};

const CONTEXT: &str = "/beta/$metadata#deviceManagement/importedDeviceIdentities";

each_engine!(an_empty_register_is_an_empty_list, async |service: &Service| {
    let list = service.get("").await.succeeds(200);
    assert_eq!(list, json!({ "@odata.context": service.url(CONTEXT), "value": [] }));
});

each_engine!(rows_come_in_the_order_of_their_making, async |service: &Service| {
    for identifier in ["b", "a", "c"] {
        service.create(&serial(identifier)).await;
    }
    assert_eq!(service.identifiers().await, ["b", "a", "c"]);
});

each_engine!(a_row_is_as_it_is_alone_but_for_the_context, async |service: &Service| {
    let mut row = service.create(&serial("A-1")).await;
    row.as_object_mut().unwrap().remove("@odata.context").unwrap();
    let list = service.get("").await.succeeds(200);
    assert_eq!(list["value"], json!([row]));
    assert_eq!(list["@odata.context"], service.url(CONTEXT));
    assert_eq!(list.get("@odata.nextLink"), None, "absent, not null");
});

each_engine!(context_comes_first_and_the_link_last, async |service: &Service| {
    service.fill(2).await;
    let answer = service.get("?$top=1").await;
    let names: Vec<String> = members(answer.text()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["@odata.context", "value", "@odata.nextLink"]);
});
