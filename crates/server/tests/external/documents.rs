//! Documents of an authority that are not what they should be: none lets anybody in, and the log
//! says what is wrong.

use serde_json::Value;

use crate::support::{Authority, Key, Muster, NORTH, Reply, Token, json};

const DISCOVERY: &str = "/.well-known/openid-configuration";

async fn trusting(authority: &Authority) -> Muster {
    let mut options = authority.options();
    options.extend(["--tenant", NORTH, "--key-refresh-s", "1"].map(str::to_owned));
    Muster::start(&options, &[NORTH]).await
}

/// Has a document be given out from the start, and the log name the reason.
async fn nobody_is_let_in(path: &str, reply: impl FnOnce(&Authority) -> Reply, reason: &str) {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[&key]).await;
    authority.publish(path, reply(&authority));
    let service = trusting(&authority).await;
    let token = Token::of(&authority.issuer()).sign(&key);
    service.refuses(&token, 503, "cannot be asked for the keys").await;
    service.logs(&["WARN", "cannot be fetched", reason]).await;
}

#[tokio::test]
async fn a_document_that_is_not_there() {
    nobody_is_let_in(DISCOVERY, |_| Reply::Status(404), "answers with status 404").await;
    nobody_is_let_in("/keys", |_| Reply::Status(500), "/keys answers with status 500").await;
}

#[tokio::test]
async fn a_document_that_is_no_such_document() {
    let html = || Reply::Text("<!doctype html><title>Sign in</title>".to_owned());
    nobody_is_let_in(DISCOVERY, |_| html(), "is no discovery document").await;
    nobody_is_let_in("/keys", |_| html(), "it is no JSON Web Key Set").await;
    nobody_is_let_in("/keys", |_| Reply::Json(json!({})), "missing field `keys`").await;
    nobody_is_let_in("/keys", |_| Reply::Json(json!({ "keys": {} })), "JSON Web Key Set").await;
}

#[tokio::test]
async fn a_document_that_is_too_large() {
    let huge = || Reply::Text(" ".repeat(300 * 1024));
    nobody_is_let_in("/keys", |_| huge(), "/keys is larger than").await;
    nobody_is_let_in(DISCOVERY, |_| huge(), "is larger than").await;
    let many: Vec<Value> = (0..101).map(|n| json!({ "kid": n.to_string() })).collect();
    nobody_is_let_in("/keys", |_| Reply::Json(json!({ "keys": many })), "it has 101 keys").await;
}

#[tokio::test]
async fn a_document_of_another_issuer() {
    let other = |authority: &Authority| {
        let jwks_uri = format!("{}/keys", authority.issuer());
        Reply::Json(json!({ "issuer": "https://evil.example", "jwks_uri": jwks_uri }))
    };
    nobody_is_let_in(DISCOVERY, other, "is that of the issuer 'https://evil.example'").await;
    let nearly = |authority: &Authority| {
        let issuer = authority.issuer();
        Reply::Json(json!({ "issuer": format!("{issuer}/"), "jwks_uri": format!("{issuer}/keys") }))
    };
    nobody_is_let_in(DISCOVERY, nearly, "is that of the issuer").await;
    let forging = |authority: &Authority| {
        let issuer = "x\n2026-01-01T00:00:00Z  INFO forged \u{1b}[31m";
        Reply::Json(json!({ "issuer": issuer, "jwks_uri": format!("{}/k", authority.issuer()) }))
    };
    nobody_is_let_in(DISCOVERY, forging, r"issuer 'x\n2026-01-01T00:00:00Z").await;
}

#[tokio::test]
async fn keys_at_an_address_that_somebody_in_between_could_change() {
    let insecure = |authority: &Authority| {
        let jwks_uri = "http://keys.example.com/keys";
        Reply::Json(json!({ "issuer": authority.issuer(), "jwks_uri": jwks_uri }))
    };
    nobody_is_let_in(DISCOVERY, insecure, "is not https, and not of this machine").await;
}

#[tokio::test]
async fn a_document_that_is_elsewhere_is_not_followed() {
    let key = Key::rsa("k1");
    let (authority, elsewhere) = (Authority::start(&[]).await, Authority::start(&[&key]).await);
    authority.publish("/keys", Reply::Redirect(format!("{}/keys", elsewhere.issuer())));
    let service = trusting(&authority).await;
    let token = Token::of(&authority.issuer()).sign(&key);
    service.refuses(&token, 503, "cannot be asked for the keys").await;
    service.logs(&["cannot be fetched", "status 302, and redirects are not followed"]).await;
    assert_eq!(elsewhere.asked_for("/keys"), 0);
}

#[tokio::test]
async fn a_document_that_never_ends_is_given_up() {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[&key]).await;
    authority.publish("/keys", Reply::Drip);
    let service = trusting(&authority).await;
    let token = Token::of(&authority.issuer()).sign(&key);
    service.refuses(&token, 503, "cannot be asked for the keys").await;
    assert!(!service.log().contains("timed out"), "the caller has waited for the whole fetch");
    service.logs(&["WARN", "cannot be fetched", "/keys", "timed out"]).await;
}

#[tokio::test]
async fn a_bad_document_does_not_take_the_place_of_a_good_one() {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[&key]).await;
    let service = trusting(&authority).await;
    let token = Token::of(&authority.issuer());
    service.admits(&token.sign(&key)).await;
    authority.publish("/keys", Reply::Text("{".to_owned()));
    service.logs(&["WARN", "no JSON Web Key Set", "served by the keys known so far"]).await;
    service.admits(&token.claim("jti", json!("not known yet")).sign(&key)).await;
}
