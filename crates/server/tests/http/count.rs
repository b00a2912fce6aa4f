//! `GET …/importedDeviceIdentities/$count`: a bare number.

use crate::support::{Service, serial};

each_engine!(rows_are_counted, async |service: &Service| {
    for wanted in ["0", "1", "2"] {
        let answer = service.get("/$count").await;
        answer.succeeds(200);
        assert_eq!((answer.text(), answer.header("content-type")), (wanted, "text/plain"));
        service.create(&serial(&format!("A-{wanted}"))).await;
    }
});

each_engine!(the_count_is_of_all_pages, async |service: &Service| {
    service.fill(1_234).await;
    assert_eq!(service.get("/$count").await.text(), "1234");
});

each_engine!(text_is_what_clients_accept, async |service: &Service| {
    for accept in
        ["text/plain;q=0.9", "text/plain", "*/*", "text/*", "application/json, text/plain"]
    {
        let answer = service.get("/$count").header("accept", accept).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "0"), "{accept}");
    }
    service.get("/$count").header("accept", "image/png").await.fails(406, "NotAcceptable");
});
