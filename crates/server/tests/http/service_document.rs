//! `GET /beta/`: what the service offers, for everybody.

use crate::support::{Method, Service};

each_engine!(everybody_may_read_what_is_offered, async |service: &Service| {
    for path in ["/beta", "/beta/", "/BETA/"] {
        let document = service.call(Method::GET, path).without_token().await.succeeds(200);
        assert_eq!(document["@odata.context"], service.url("/beta/$metadata"));
        let offered = document["value"].as_array().unwrap();
        assert_eq!(offered.len(), 1);
        assert_eq!(offered[0]["name"], "deviceManagement");
        assert_eq!(offered[0]["kind"], "Singleton");
        assert_eq!(offered[0]["url"], "deviceManagement");
    }
});

each_engine!(a_token_changes_nothing_here, async |service: &Service| {
    let plain = service.call(Method::GET, "/beta/").without_token().await.succeeds(200);
    for token in [service.token(), "nonsense"] {
        let document = service.call(Method::GET, "/beta/").token(token).await.succeeds(200);
        assert_eq!(document, plain);
    }
});
