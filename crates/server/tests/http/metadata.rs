//! `GET /beta/$metadata`: the types and what can be done with them, in CSDL, for everybody.

use crate::support::{Method, Service, json};

const PATH: &str = "/beta/$metadata";

each_engine!(the_metadata_in_xml_say_all_that_is_served, async |service: &Service| {
    let answer = service.call(Method::GET, PATH).without_token().await;
    assert_eq!(answer.status.as_u16(), 200);
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("metadata_xml", answer.text());
    });
});

each_engine!(the_metadata_in_json_say_the_same, async |service: &Service| {
    let call = service.call(Method::GET, PATH).without_token();
    let document = call.header("accept", "application/json").await.succeeds(200);
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("metadata_json", document);
    });
});

each_engine!(xml_comes_unless_json_is_asked_for, async |service: &Service| {
    let xml = "application/xml";
    let json = "application/json";
    for (path, accept, media) in [
        (PATH, None, xml),
        ("/BETA/%24Metadata/", None, xml),
        (PATH, Some("*/*"), xml),
        (PATH, Some("application/json, text/plain, */*"), xml),
        (PATH, Some("application/json;odata.metadata=minimal"), json),
        (PATH, Some("application/xml;q=0.5, application/json"), json),
        ("/beta/$metadata?$format=json", None, json),
        ("/beta/$metadata?$format=application/json", Some(xml), json),
        ("/beta/$metadata?$format=xml", Some(json), xml),
    ] {
        let call = service.call(Method::GET, path).without_token();
        let call = if let Some(accept) = accept { call.header("accept", accept) } else { call };
        let answer = call.await;
        assert_eq!(answer.status.as_u16(), 200, "{path} {accept:?}");
        assert_eq!(answer.header("content-type"), media, "{path} {accept:?}");
    }
});

each_engine!(other_forms_and_options_are_refused, async |service: &Service| {
    let metadata = |path: &str| service.call(Method::GET, path).without_token();
    for accept in ["text/html", "application/atom+xml", "application/xml;q=0"] {
        let message = metadata(PATH).header("accept", accept).await.fails(406, "NotAcceptable");
        assert!(message.contains("application/xml or application/json"), "{message}");
    }
    metadata("/beta/$metadata?$format=atom").await.fails(406, "NotAcceptable");
    metadata("/beta/$metadata?$filter=true").await.fails(501, "NotImplemented");
    let answer = service.call(Method::POST, PATH).json(&json!({})).await;
    answer.fails(405, "MethodNotAllowed");
    assert_eq!(answer.header("allow"), "GET, HEAD");
});
