//! What Entra ID does besides the standards, and its clients rely on.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::support::{DEFAULT, DEV_TENANT, READ, Service};

#[tokio::test]
async fn an_error_echoes_the_clients_id_of_the_request() {
    let service = Service::start().await;
    let wrong = service.own_token().with("client_secret", "wrong");
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/token");
    let in_query = service.post(&format!("{path}?client-request-id={id}"), &wrong).await;
    assert_eq!(in_query.json()["correlation_id"], id);
    let in_header = service.form(&path, &wrong).header("client-request-id", id);
    assert_eq!(service.send(in_header).await.json()["correlation_id"], id);
    let nasty = service.form(&path, &wrong).header("client-request-id", "a\"b");
    let answer = service.send(nasty).await.json();
    assert_eq!(answer["correlation_id"], answer["trace_id"]);
}

#[tokio::test]
async fn any_default_of_a_host_that_is_served_will_do() {
    let service = Service::start().await;
    for scope in [
        DEFAULT,
        "https://localhost/.default",
        "https://localhost:8443/.default",
        "https://127.0.0.1/.default",
        "00000003-0000-0000-c000-000000000000/.default",
        ".default",
    ] {
        service.token(&service.own_token().with("scope", scope)).await.ok();
    }
}

#[tokio::test]
async fn an_application_signs_in_to_one_tenant() {
    let service = Service::start().await;
    for several in ["common", "organizations", "consumers"] {
        let path = format!("/{several}/oauth2/v2.0/token");
        let refusal = service.post(&path, &service.own_token()).await.refusal();
        assert_eq!(refusal, "400 invalid_request 50059", "{several}");
    }
    let unknown = "/3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10/oauth2/v2.0/token";
    let refusal = service.post(unknown, &service.own_token()).await.refusal();
    assert_eq!(refusal, "400 invalid_request 90002");
}

// Microsoft's tools say that they are these, and its libraries by default.
#[tokio::test]
async fn the_clients_of_microsofts_tools_are_known() {
    let service = Service::start().await;
    for id in [
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "1950a258-227b-4e31-a9cf-717495945fc2",
        "14d82eec-204b-4c2f-b7e8-296a70dab67e",
    ] {
        let code = service.sign_in(&service.ask().with("client_id", id), "Reader").await;
        let code = code.sent("code").unwrap();
        service.token(&service.redeem(&code).with("client_id", id)).await.ok();
    }
}

// What clients look for in their caches is what they asked for.
#[tokio::test]
async fn the_scopes_of_an_answer_are_spelt_as_they_were_asked_for() {
    let service = Service::start().await;
    let graph = "https://graph.microsoft.com";
    let tokens = service.tokens("Reader", &format!("openid {graph}/.default")).await;
    let wanted = format!("openid {graph}/User.Read {graph}/{READ} {graph}/.default");
    assert_eq!(tokens["scope"], wanted);
}

// By this Microsoft's libraries file the account.
#[tokio::test]
async fn the_account_is_told_to_who_asks() {
    let service = Service::start().await;
    let code = service.code("Reader").await;
    let tokens = service.token(&service.redeem(&code).with("client_info", "1")).await.ok();
    let info = URL_SAFE_NO_PAD.decode(tokens["client_info"].as_str().unwrap()).unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info["utid"], DEV_TENANT);
    assert_eq!(info["uid"], crate::support::Jwt::read(&tokens["id_token"]).claims["oid"]);
    let code = service.code("Reader").await;
    let without = service.token(&service.redeem(&code)).await.ok();
    assert!(without.get("client_info").is_none());
}

#[tokio::test]
async fn assertions_and_secrets_of_public_clients_are_refused() {
    let service = Service::start().await;
    let assertion = service.own_token().without("client_secret").with("client_assertion", "x");
    assert_eq!(service.token(&assertion).await.refusal(), "401 invalid_client 7000218");
    let code = service.code("Reader").await;
    let secret = service.redeem(&code).with("client_secret", "x");
    assert_eq!(service.token(&secret).await.refusal(), "401 invalid_client 700025");
}
