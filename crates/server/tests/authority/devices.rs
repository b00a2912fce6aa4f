//! RFC 8628: sign-in of devices without a browser.

use serde_json::Value;

use crate::support::{Answer, DEV_TENANT, Form, Jwt, PUBLIC, Page, READ, Service, form};

const URN: &str = "urn:ietf:params:oauth:grant-type:device_code";
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

async fn ask(service: &Service, fields: &Form) -> Answer {
    service.post(&format!("/{DEV_TENANT}/oauth2/v2.0/devicecode"), fields).await
}

async fn codes(service: &Service) -> Value {
    let fields =
        form(&[("client_id", PUBLIC), ("scope", &format!("openid offline_access {READ}"))]);
    ask(service, &fields).await.ok()
}

fn poll(codes: &Value) -> Form {
    let code = codes["device_code"].as_str().unwrap();
    form(&[("grant_type", URN), ("client_id", PUBLIC), ("device_code", code)])
}

async fn page(service: &Service, codes: &Value) -> Page {
    let code = codes["user_code"].as_str().unwrap();
    Page::read(service.get(&format!("/device?user_code={code}")).await)
}

async fn approve(service: &Service, codes: &Value, person: &str) {
    let page = page(service, codes).await;
    let answer = service.send(service.press(&page, &page.button(person))).await;
    assert!(answer.text.contains("You are signed in"), "{}", answer.text);
}

// 3.2: device_code, user_code, verification_uri and expires_in are REQUIRED.
#[tokio::test]
async fn a_device_gets_its_codes() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    let uri = codes["verification_uri"].as_str().unwrap();
    assert_eq!(uri, format!("{}/device", service.origin()));
    let user_code = codes["user_code"].as_str().unwrap();
    assert_eq!(codes["verification_uri_complete"], format!("{uri}?user_code={user_code}"));
    assert!(codes["expires_in"].as_u64().unwrap() > 0 && codes["interval"].as_u64().unwrap() > 0);
    let message = codes["message"].as_str().unwrap();
    assert!(message.contains(uri) && message.contains(user_code));
}

// 3.1: client authentication as at the token endpoint; client_id is REQUIRED of others.
#[tokio::test]
async fn a_device_says_which_client_it_is() {
    let service = Service::start().await;
    let env = service.env();
    let nobody = form(&[("scope", READ)]);
    assert_eq!(ask(&service, &nobody).await.refusal(), "400 invalid_request 900144");
    let unknown = nobody.clone().with("client_id", "unknown");
    assert_eq!(ask(&service, &unknown).await.refusal(), "400 unauthorized_client 700016");
    let own = nobody.with("client_id", &env["CLIENT_ID"]);
    assert_eq!(ask(&service, &own).await.refusal(), "401 invalid_client 7000218");
    ask(&service, &own.with("client_secret", &env["CLIENT_SECRET"])).await.ok();
}

// 3.4, 3.5: authorization_pending until the person has answered; then tokens, once.
#[tokio::test]
async fn a_device_waits_and_gets_its_tokens_once() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    let pending = service.token(&poll(&codes)).await;
    assert_eq!(pending.refusal(), "400 authorization_pending 70016");
    approve(&service, &codes, "Reader").await;
    let tokens = service.token(&poll(&codes)).await.ok();
    assert_eq!(Jwt::read(&tokens["id_token"]).claims["aud"], PUBLIC);
    assert_eq!(Jwt::read(&tokens["access_token"]).claims["scp"], format!("openid {READ}"));
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(service.token(&poll(&codes)).await.refusal(), "400 invalid_grant 70000");
}

// Microsoft's library for JavaScript names the grant so.
#[tokio::test]
async fn the_grant_has_a_short_name_too() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    let fields = poll(&codes).with("grant_type", "device_code");
    assert_eq!(service.token(&fields).await.refusal(), "400 authorization_pending 70016");
    approve(&service, &codes, "Manager").await;
    service.token(&fields).await.ok();
}

// 3.5: slow_down, if the client asks too often.
#[tokio::test]
async fn a_hasty_device_is_slowed_down_and_still_gets_its_answer() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    service.token(&poll(&codes)).await.refusal();
    // A slow machine may keep to the interval by accident, now and then.
    let mut is_slowed_down = false;
    for _ in 0..20 {
        let refusal = service.token(&poll(&codes)).await.refusal();
        is_slowed_down |= refusal == "400 slow_down 90055";
    }
    assert!(is_slowed_down);
    approve(&service, &codes, "Reader").await;
    service.token(&poll(&codes)).await.ok();
}

// 3.5: access_denied.
#[tokio::test]
async fn a_declined_device_is_told() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    let page = page(&service, &codes).await;
    let answer = service.send(service.press(&page, "decline")).await;
    assert!(answer.text.contains("You declined"), "{}", answer.text);
    assert_eq!(service.token(&poll(&codes)).await.refusal(), "400 access_denied 65004");
}

// 3.4: the code is the client's. RFC 6749, 5.2: invalid_grant for one of another client.
#[tokio::test]
async fn a_device_code_is_bound_to_its_client() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    approve(&service, &codes, "Manager").await;
    let other = poll(&codes).with("client_id", AZURE_CLI);
    assert_eq!(service.token(&other).await.refusal(), "400 invalid_grant 70000");
    let unknown = poll(&codes).with("device_code", "unknown");
    assert_eq!(service.token(&unknown).await.refusal(), "400 invalid_grant 70000");
    let without = poll(&codes).without("device_code");
    assert_eq!(service.token(&without).await.refusal(), "400 invalid_request 900144");
    service.token(&poll(&codes)).await.ok();
}

// 3.3.1, 5.4: with the code in the address, too, the person sees it and has to say yes.
#[tokio::test]
async fn an_address_with_the_code_signs_nobody_in() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    let page = page(&service, &codes).await;
    let code = codes["user_code"].as_str().unwrap();
    assert!(page.answer.text.contains(&format!("<strong class=\"code\">{code}</strong>")));
    assert_eq!(service.token(&poll(&codes)).await.refusal(), "400 authorization_pending 70016");
}

// 6.1: the code is compared without regard to case and to what stands between its letters.
#[tokio::test]
async fn a_user_code_may_be_typed_as_people_type() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    let code = codes["user_code"].as_str().unwrap().to_lowercase().replace('-', "%20");
    Page::read(service.get(&format!("/device?user_code={code}")).await);
    let entry = service.get("/device").await;
    assert!(entry.text.contains("name=\"user_code\"") && entry.status == 200);
}

// 5.1: guesses are bounded.
#[tokio::test]
async fn user_codes_cannot_be_guessed() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    for _ in 0..10 {
        let wrong = service.get("/device?user_code=BBBB-BBBB").await;
        assert!(wrong.shown_refusal().contains("Nothing waits"));
    }
    let right = format!("/device?user_code={}", codes["user_code"].as_str().unwrap());
    let answer = service.get(&right).await;
    assert_eq!(answer.status.as_u16(), 429);
    assert!(answer.text.contains("Wait a minute"));
}

#[tokio::test]
async fn a_code_that_was_answered_cannot_be_answered_again() {
    let service = Service::start().await;
    let codes = codes(&service).await;
    let (first, second) = (page(&service, &codes).await, page(&service, &codes).await);
    service.send(service.press(&first, &first.button("Nobody"))).await;
    let late = service.send(service.press(&second, &second.button("Manager"))).await;
    assert!(late.shown_refusal().contains("answered already"));
    let tokens = service.token(&poll(&codes)).await.ok();
    assert_eq!(Jwt::read(&tokens["access_token"]).claims["upn"], "nobody@muster.localhost");
}
