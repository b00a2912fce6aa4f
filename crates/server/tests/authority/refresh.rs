//! RFC 6749, 6: refresh tokens.

use serde_json::Value;

use crate::support::{CONFIGURATION, Form, Jwt, PUBLIC, READ, READ_WRITE, Service, form};

const OFFLINE: &str = "openid offline_access";

pub(crate) fn renew(tokens: &Value) -> Form {
    let token = tokens["refresh_token"].as_str().unwrap();
    form(&[("grant_type", "refresh_token"), ("client_id", PUBLIC), ("refresh_token", token)])
}

fn scp(tokens: &Value) -> Value {
    Jwt::read(&tokens["access_token"]).claims["scp"].clone()
}

#[tokio::test]
async fn a_refresh_token_gives_the_same_again_and_a_new_one() {
    let service = Service::start().await;
    let first = service.tokens("Manager", &format!("{OFFLINE} {READ}")).await;
    let second = service.token(&renew(&first)).await.ok();
    assert_eq!(scp(&first), scp(&second));
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    service.token(&renew(&second)).await.ok();
    // Processes that share a token do not log each other out.
    service.token(&renew(&first)).await.ok();
}

#[tokio::test]
async fn a_restart_logs_nobody_out() {
    let mut service = Service::start().await;
    let tokens = service.tokens("Reader", &format!("{OFFLINE} {READ}")).await;
    service.restart().await;
    let bearer = tokens["access_token"].as_str().unwrap();
    assert_eq!(service.register(reqwest::Method::GET, "", bearer).await, 200);
    service.token(&renew(&tokens)).await.ok();
}

// The scope MUST NOT include any that was not originally granted; left out, it is the same.
#[tokio::test]
async fn a_renewal_may_ask_for_less_and_never_for_more() {
    let service = Service::start().await;
    let tokens = service.tokens("Manager", &format!("{OFFLINE} {READ} {READ_WRITE}")).await;
    let less = service.token(&renew(&tokens).with("scope", READ)).await.ok();
    assert_eq!(scp(&less), READ);
    // The new refresh token's scope MUST be identical to that of the old one.
    let all = service.token(&renew(&less)).await.ok();
    assert_eq!(scp(&all), format!("openid {READ} {READ_WRITE}"));
    for more in [CONFIGURATION, "https://graph.microsoft.com/.default"] {
        let answer = service.token(&renew(&less).with("scope", more)).await;
        assert_eq!(answer.refusal(), "400 invalid_grant 65001", "{more}");
        assert_eq!(answer.json()["suberror"], "consent_required");
    }
}

// The token is bound to the client that it was issued to, which MUST be authenticated.
#[tokio::test]
async fn a_refresh_token_is_its_clients_own() {
    let service = Service::start().await;
    let env = service.env();
    let tokens = service.tokens("Manager", &format!("{OFFLINE} {READ}")).await;
    let other = renew(&tokens).with("client_id", "04b07795-8ddb-461a-bbee-02f9e1bf7b46");
    assert_eq!(service.token(&other).await.refusal(), "400 invalid_grant 700082");
    let app = renew(&tokens).with("client_id", &env["CLIENT_ID"]);
    assert_eq!(service.token(&app).await.refusal(), "401 invalid_client 7000218");
    let app = app.with("client_secret", &env["CLIENT_SECRET"]);
    assert_eq!(service.token(&app).await.refusal(), "400 invalid_grant 700082");
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let service = Service::start().await;
    let tokens = service.tokens("Reader", &format!("{OFFLINE} {READ}")).await;
    let whole = tokens["refresh_token"].as_str().unwrap();
    let code = service.code("Reader").await;
    let access = tokens["access_token"].as_str().unwrap();
    for wrong in ["x", &whole[1..], &whole[..whole.len() - 1], code.as_str(), access] {
        let fields = renew(&tokens).with("refresh_token", wrong);
        assert_eq!(service.token(&fields).await.refusal(), "400 invalid_grant 700082", "{wrong}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_renewed_in_its_tenant_alone() {
    let service = Service::start().await;
    let other = "3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10";
    service.server().store().add_tenant(other.parse().unwrap(), "North", true).await.unwrap();
    let tokens = service.tokens("Reader", &format!("{OFFLINE} {READ}")).await;
    let at = async |tenant: &str| {
        service.post(&format!("/{tenant}/oauth2/v2.0/token"), &renew(&tokens)).await
    };
    for tenant in ["common", "organizations"] {
        at(tenant).await.ok();
    }
    for tenant in [other, "consumers"] {
        assert_eq!(at(tenant).await.refusal(), "400 invalid_grant 700082", "{tenant}");
    }
}
