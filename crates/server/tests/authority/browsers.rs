//! Pages of applications that ask for tokens themselves (the Fetch standard's CORS): those of known
//! origins may, by their own name; there is no wildcard.

use reqwest::Method;

use crate::support::{Answer, DEV_TENANT, Form, Service};

const APP: &str = "http://localhost:5173";
const REGISTERED: &str = "https://app.test";
const STRANGERS: [&str; 4] =
    ["https://evil.example", "http://localhost.evil.example", "null", "http://app.test"];

async fn ask(service: &Service, form: &Form, origin: &str) -> Answer {
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/token");
    service.send(service.form(&path, form).header("origin", origin)).await
}

#[tokio::test]
async fn a_page_of_a_known_origin_redeems_its_code() {
    let service = Service::start().await;
    for origin in [APP, REGISTERED] {
        let code = service.code("Reader").await;
        let answer = ask(&service, &service.redeem(&code), origin).await;
        answer.ok();
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert_eq!(answer.header("vary"), "origin");
        assert_eq!(answer.maybe_header("access-control-allow-credentials"), None);
        let refused = ask(&service, &service.redeem(&code), origin).await;
        assert_eq!(refused.header("access-control-allow-origin"), origin, "errors are read, too");
    }
}

#[tokio::test]
async fn pages_of_other_origins_get_nothing() {
    let service = Service::start().await;
    let code = service.code("Reader").await;
    for stranger in STRANGERS {
        let answer = ask(&service, &service.redeem(&code), stranger).await;
        assert_eq!(answer.refusal(), "400 invalid_request 9002326", "{stranger}");
        assert_eq!(answer.maybe_header("access-control-allow-origin"), None);
        let path = format!("/{DEV_TENANT}/oauth2/v2.0/devicecode");
        let device = service.form(&path, &service.ask()).header("origin", stranger);
        assert_eq!(service.send(device).await.refusal(), "400 invalid_request 9002326");
    }
    ask(&service, &service.redeem(&code), APP).await.ok();
}

#[tokio::test]
async fn metadata_and_keys_are_read_by_known_origins() {
    let service = Service::start().await;
    for path in ["/common/v2.0/.well-known/openid-configuration", "/common/discovery/v2.0/keys"] {
        let read = async |origin: &str| {
            let request = service.request(Method::GET, path).header("origin", origin);
            let answer = service.send(request).await;
            answer.maybe_header("access-control-allow-origin").map(str::to_owned)
        };
        assert_eq!(read(APP).await.as_deref(), Some(APP));
        for stranger in STRANGERS {
            assert_eq!(read(stranger).await, None, "{stranger}");
        }
    }
}

#[tokio::test]
async fn a_browser_may_ask_before() {
    let service = Service::start().await;
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/token");
    let preflight = async |origin: &str| {
        let request = service.request(Method::OPTIONS, &path).header("origin", origin);
        service.send(request.header("access-control-request-method", "POST")).await
    };
    let known = preflight(APP).await;
    assert_eq!(known.status.as_u16(), 204);
    assert_eq!(known.header("access-control-allow-origin"), APP);
    assert_eq!(known.header("access-control-allow-methods"), "POST");
    assert!(known.header("access-control-allow-headers").contains("client-request-id"));
    assert_eq!(preflight(STRANGERS[0]).await.maybe_header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn pages_for_people_are_read_by_no_other_page() {
    let service = Service::start().await;
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/authorize?{}", service.ask().encoded());
    let answer = service.send(service.request(Method::GET, &path).header("origin", APP)).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.maybe_header("access-control-allow-origin"), None);
}
