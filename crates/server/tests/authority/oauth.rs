//! RFC 6749: the OAuth 2.0 framework.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;

use crate::support::{
    DEFAULT, DEV_TENANT, PUBLIC, Page, READ, READ_WRITE, REDIRECT, Service, form,
};

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn token_path() -> String {
    format!("/{DEV_TENANT}/oauth2/v2.0/token")
}

// 2.3.1: the server MUST support HTTP Basic for clients that were issued a password.
#[tokio::test]
async fn a_client_proves_itself_by_basic_authentication() {
    let service = Service::start().await;
    let env = service.env();
    let fields = form(&[("grant_type", "client_credentials"), ("scope", DEFAULT)]);
    let header = basic(&env["CLIENT_ID"], &env["CLIENT_SECRET"]);
    let request = service.form(&token_path(), &fields).header("authorization", header);
    assert_eq!(service.send(request).await.ok()["token_type"], "Bearer");
}

// 2.3: the client MUST NOT use more than one authentication method in each request.
#[tokio::test]
async fn a_client_proves_itself_in_one_way() {
    let service = Service::start().await;
    let env = service.env();
    let header = basic(&env["CLIENT_ID"], &env["CLIENT_SECRET"]);
    let request = service.form(&token_path(), &service.own_token()).header("authorization", header);
    assert_eq!(service.send(request).await.refusal(), "400 invalid_request 9002313");
}

// 2.3.1: the parameters MUST NOT be included in the request URI.
#[tokio::test]
async fn credentials_in_the_address_prove_nothing() {
    let service = Service::start().await;
    let path = format!("{}?{}", token_path(), service.own_token().encoded());
    let fields = service.own_token().without("client_secret");
    assert_eq!(service.post(&path, &fields).await.refusal(), "401 invalid_client 7000218");
    let nothing = form(&[("scope", DEFAULT)]);
    assert_eq!(service.post(&path, &nothing).await.refusal(), "400 invalid_request 900144");
}

// 5.2: 401 with WWW-Authenticate of the scheme that the client used.
#[tokio::test]
async fn a_wrong_secret_is_challenged() {
    let service = Service::start().await;
    let id = service.env()["CLIENT_ID"].clone();
    let fields = form(&[("grant_type", "client_credentials"), ("scope", DEFAULT)]);
    for header in [basic(&id, "wrong"), "Basic ***".to_owned(), "Bearer x".to_owned()] {
        let request = service.form(&token_path(), &fields).header("authorization", header);
        let answer = service.send(request).await;
        assert_eq!(answer.refusal(), "401 invalid_client 7000215");
        assert!(answer.header("www-authenticate").starts_with("Basic realm="));
    }
    let wrong = service.own_token().with("client_secret", "wrong");
    assert_eq!(service.token(&wrong).await.refusal(), "401 invalid_client 7000215");
}

// 3.1, 3.2: parameters sent without a value MUST be treated as if they were omitted; the server
// MUST ignore unrecognized request parameters.
#[tokio::test]
async fn empty_parameters_are_omitted_and_unknown_ones_ignored() {
    let service = Service::start().await;
    let fields = service.own_token().with("client_info", "1").with("x-client-SKU", "tests");
    service.token(&fields.clone().with("code", "")).await.ok();
    let empty = fields.with("grant_type", "");
    assert_eq!(service.token(&empty).await.refusal(), "400 invalid_request 900144");
    let page = service.authorize(&service.ask().with("x", "y").with("prompt", "")).await;
    Page::read(page);
}

// 3.1, 3.2: request parameters MUST NOT be included more than once.
#[tokio::test]
async fn parameters_come_once() {
    let service = Service::start().await;
    let refused = "400 invalid_request 9002313";
    let twice = service.own_token().and("scope", DEFAULT);
    assert_eq!(service.token(&twice).await.refusal(), refused);
    let empty_twice = service.own_token().and("x", "").and("x", "");
    assert_eq!(service.token(&empty_twice).await.refusal(), refused);
    let device = form(&[("client_id", PUBLIC), ("scope", READ), ("scope", READ)]);
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/devicecode");
    assert_eq!(service.post(&path, &device).await.refusal(), refused);
    let answer = service.authorize(&service.ask().and("scope", READ)).await;
    assert_eq!(answer.sent("error").as_deref(), Some("invalid_request"));
}

// 3.2: the client MUST use POST at the token endpoint, with a form in UTF-8 (appendix B).
#[tokio::test]
async fn tokens_are_asked_for_by_a_posted_form() {
    let service = Service::start().await;
    let query = format!("{}?{}", token_path(), service.own_token().encoded());
    let answer = service.get(&query).await;
    assert_eq!(answer.refusal(), "405 invalid_request 900561");
    assert_eq!(answer.header("allow"), "POST");
    let body = service.own_token().encoded();
    for content_type in ["application/json", "text/plain", ""] {
        let request = service.request(Method::POST, &token_path()).body(body.clone());
        let answer = service.send(request.header("content-type", content_type)).await;
        assert_eq!(answer.refusal(), "400 invalid_request 9002313", "{content_type}");
    }
}

// 3.1: the server MUST support GET at the authorization endpoint (and OIDC Core, 3.1.2.1, POST).
#[tokio::test]
async fn a_code_is_asked_for_by_get_or_post() {
    let service = Service::start().await;
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/authorize");
    let (by_get, by_post) =
        (service.authorize(&service.ask()).await, service.post(&path, &service.ask()).await);
    assert_eq!(Page::read(by_get).action, Page::read(by_post).action);
}

// 4.1.1: response_type and client_id are REQUIRED.
#[tokio::test]
async fn a_request_says_what_it_wants_and_from_whom() {
    let service = Service::start().await;
    let answer = service.authorize(&service.ask().without("response_type")).await;
    assert_eq!(answer.sent("error").as_deref(), Some("invalid_request"));
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    for wanted in ["token", "id_token", "code token", "none"] {
        let answer = service.authorize(&service.ask().with("response_type", wanted)).await;
        assert_eq!(answer.sent("error").as_deref(), Some("unsupported_response_type"), "{wanted}");
    }
    let nobody = service.authorize(&service.ask().without("client_id")).await;
    assert!(nobody.shown_refusal().contains("client_id"));
    let unknown = service.authorize(&service.ask().with("client_id", "unknown")).await;
    assert!(unknown.shown_refusal().contains("AADSTS700016"));
}

// 4.1.2: `state` is REQUIRED in the answer if it was in the request: the exact value.
#[tokio::test]
async fn the_state_comes_back_as_it_was() {
    let service = Service::start().await;
    let state = "a&b=c d%20+#\u{e4}\"'<>";
    let answer = service.sign_in(&service.ask().with("state", state), "Reader").await;
    assert_eq!(answer.sent("state").as_deref(), Some(state));
    assert!(answer.location().starts_with(&format!("{REDIRECT}?code=")), "{}", answer.location());
    let without = service.sign_in(&service.ask().without("state"), "Reader").await;
    assert!(without.sent("code").is_some() && without.sent("state").is_none());
}

// 4.1.2.1: access_denied, and the state.
#[tokio::test]
async fn a_person_may_decline() {
    let service = Service::start().await;
    let page = Page::read(service.authorize(&service.ask()).await);
    let answer = service.send(service.press(&page, "decline")).await;
    assert_eq!(answer.sent("error").as_deref(), Some("access_denied"));
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    assert_eq!(answer.sent("code"), None);
}

// 4.1.2: if a code is used more than once, the server MUST deny the request and SHOULD revoke all
// tokens that it had issued for it.
#[tokio::test]
async fn a_code_is_used_once_and_its_reuse_revokes() {
    let mut service = Service::start().await;
    let code = service.code("Manager").await;
    let first = service.token(&service.redeem(&code)).await.ok();
    let again = service.token(&service.redeem(&code)).await;
    assert_eq!(again.refusal(), "400 invalid_grant 54005");
    let refresh = form(&[
        ("grant_type", "refresh_token"),
        ("client_id", PUBLIC),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
    ]);
    assert_eq!(service.token(&refresh).await.refusal(), "400 invalid_grant 700082");
    service.restart().await;
    assert_eq!(service.token(&refresh).await.refusal(), "400 invalid_grant 700082");
}

// 4.1.3: the server MUST ensure that the code was issued to the client, and that redirect_uri is
// identical to the one of the authorization request.
#[tokio::test]
async fn a_code_is_bound_to_its_client_and_its_address() {
    let service = Service::start().await;
    let code = service.code("Reader").await;
    let other = service.redeem(&code).with("client_id", "04b07795-8ddb-461a-bbee-02f9e1bf7b46");
    assert_eq!(service.token(&other).await.refusal(), "400 invalid_grant 70008");
    let without = service.redeem(&code).without("redirect_uri");
    assert_eq!(service.token(&without).await.refusal(), "400 invalid_request 900144");
    let other_port = service.redeem(&code).with("redirect_uri", "http://localhost:49153/callback");
    assert_eq!(service.token(&other_port).await.refusal(), "400 invalid_grant 500112");
}

// 4.1.3: the server MUST require client authentication for confidential clients.
#[tokio::test]
async fn a_code_of_a_client_with_a_secret_needs_the_secret() {
    let service = Service::start().await;
    let env = service.env();
    let ask = service.ask().with("client_id", &env["CLIENT_ID"]);
    let code = service.sign_in(&ask, "Reader").await.sent("code").unwrap();
    let fields = service.redeem(&code).with("client_id", &env["CLIENT_ID"]);
    assert_eq!(service.token(&fields).await.refusal(), "401 invalid_client 7000218");
    service.token(&fields.with("client_secret", &env["CLIENT_SECRET"])).await.ok();
}

// 4.4: client_credentials MUST only be used by confidential clients. 4.4.3: a refresh token SHOULD
// NOT be included.
#[tokio::test]
async fn only_a_client_with_a_secret_signs_in_alone() {
    let service = Service::start().await;
    let public = service.own_token().with("client_id", PUBLIC).without("client_secret");
    assert_eq!(service.token(&public).await.refusal(), "400 unauthorized_client 7000216");
    let own = service.token(&service.own_token()).await.ok();
    assert!(own.get("refresh_token").is_none() && own.get("id_token").is_none());
}

// 5.1: no-store and no-cache; access_token, token_type; expires_in, which Microsoft's libraries
// need.
#[tokio::test]
async fn tokens_are_kept_by_no_cache() {
    let service = Service::start().await;
    let answer = service.token(&service.own_token()).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    assert!(answer.header("content-type").starts_with("application/json"));
    let body = answer.ok();
    assert_eq!(body["token_type"], "Bearer");
    assert!(body["expires_in"].as_u64().unwrap() > 0 && body["access_token"].is_string());
}

// 3.3: if the issued scope differs from the one asked for, the server MUST say so.
#[tokio::test]
async fn the_answer_says_which_scopes_it_has() {
    let service = Service::start().await;
    let tokens = service.tokens("Reader", &format!("{READ_WRITE} {READ}")).await;
    assert_eq!(tokens["scope"], READ);
    let other_order = service.tokens("Manager", &format!("{READ} {READ_WRITE}")).await;
    assert_eq!(other_order["scope"], format!("{READ} {READ_WRITE}"));
}

// 4.1.2.1, 5.2: invalid_scope for what is unknown or malformed.
#[tokio::test]
async fn unknown_scopes_are_refused() {
    let service = Service::start().await;
    for scope in ["DeviceManagement.Nothing", "https://evil.example/.default", "a\"b"] {
        let answer = service.authorize(&service.ask().with("scope", scope)).await;
        assert_eq!(answer.sent("error").as_deref(), Some("invalid_scope"), "{scope}");
        let refusal = service.token(&service.own_token().with("scope", scope)).await.refusal();
        assert!(refusal.starts_with("400 invalid_scope"), "{scope}: {refusal}");
    }
    let named = service.own_token().with("scope", READ);
    assert_eq!(service.token(&named).await.refusal(), "400 invalid_scope 70011");
}

// 5.2: unsupported_grant_type. The password of a person is for nobody else (RFC 9700, 2.4).
#[tokio::test]
async fn unknown_grants_are_refused() {
    let service = Service::start().await;
    for grant in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "CODE"] {
        let fields = service.own_token().with("grant_type", grant);
        let refusal = service.token(&fields).await.refusal();
        assert_eq!(refusal, "400 unsupported_grant_type 70003", "{grant}");
    }
}

// 10.10: an attacker MUST NOT be able to guess tokens and codes: 128 bits at least.
#[tokio::test]
async fn codes_are_long_and_differ() {
    let service = Service::start().await;
    let (one, other) = (service.code("Reader").await, service.code("Reader").await);
    assert!(one.len() >= 22 && one != other);
}
