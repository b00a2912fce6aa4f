//! `GET …/importedDeviceIdentities/{id}`: shows a row.

use crate::support::{Service, item, members, serial, text};

each_engine!(the_entity_comes_bare_with_its_context_and_tag, async |service: &Service| {
    let row = service.create(&serial("C02XK1ZVJG5J")).await;
    let answer = service.get(&item(&row)).await;
    assert_eq!(answer.succeeds(200), row);
    let context = "/beta/$metadata#deviceManagement/importedDeviceIdentities/$entity";
    assert_eq!(row["@odata.context"], service.url(context));
    assert_eq!(answer.header("etag"), text(&row, "@odata.etag"));
    assert!(answer.header("etag").starts_with("W/\""), "weak");
});

each_engine!(the_members_stand_in_the_documented_order, async |service: &Service| {
    let row = service.create(&serial("C02XK1ZVJG5J")).await;
    let answer = service.get(&item(&row)).await;
    let names: Vec<String> = members(answer.text()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "@odata.context",
            "@odata.type",
            "@odata.etag",
            "id",
            "importedDeviceIdentifier",
            "importedDeviceIdentityType",
            "lastModifiedDateTime",
            "createdDateTime",
            "lastContactedDateTime",
            "description",
            "enrollmentState",
            "platform",
        ]
    );
});

each_engine!(an_id_that_names_nothing_is_not_found, async |service: &Service| {
    let row = service.create(&serial("C02XK1ZVJG5J")).await;
    let id = text(&row, "id");
    let (upper, bare) = (id.to_uppercase(), id.replace('-', ""));
    let (braced, padded) = (format!("{{{id}}}"), format!("{id}0"));
    let other = uuid::Uuid::now_v7().to_string();
    for unknown in [upper.as_str(), &bare, &braced, &padded, &other, "1", "C02XK1ZVJG5J"] {
        let answer = service.get(&format!("/{unknown}")).await;
        assert!(answer.fails(404, "ResourceNotFound").contains(unknown), "{unknown}");
    }
});
