//! `DELETE …/importedDeviceIdentities/{id}`: removes a row.

use crate::support::{Service, Value, item, json, serial};

each_engine!(a_deleted_row_is_gone, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    service.create(&serial("A-2")).await;
    assert_eq!(service.delete(&item(&row)).await.succeeds(204), Value::Null);
    service.get(&item(&row)).await.fails(404, "ResourceNotFound");
    service.patch(&item(&row), &json!({})).await.fails(404, "ResourceNotFound");
    service.delete(&item(&row)).await.fails(404, "ResourceNotFound");
    assert_eq!(service.identifiers().await, ["A-2"]);
});

each_engine!(its_identifier_is_free_for_a_new_row, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    service.delete(&item(&row)).await.succeeds(204);
    let new = service.create(&serial("A-1")).await;
    assert_ne!(new["id"], row["id"]);
    assert_eq!(new["@odata.etag"], "W/\"1\"");
});

each_engine!(an_unknown_id_is_not_found, async |service: &Service| {
    let answer = service.delete("/no-such-id").await;
    assert!(answer.fails(404, "ResourceNotFound").contains("no-such-id"));
});
