//! What a page in somebody's browser, a program on another port, or a client with another's tokens
//! would try.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use muster::auth::SigningKey;
use muster::dev_keys::DevKey;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{DEV_TENANT, Form, Jwt, PUBLIC, Page, READ, Service};

async fn list(service: &Service, bearer: &str) -> u16 {
    service.register(Method::GET, "", bearer).await
}

/// A page of the service with which nobody has answered yet.
async fn page(service: &Service) -> Page {
    Page::read(service.authorize(&service.ask()).await)
}

async fn submit(service: &Service, page: &Page, form: &Form, headers: &[(&str, &str)]) -> String {
    let mut request = service.form(&page.action, form).header("cookie", &page.cookie);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.send(request).await.shown_refusal().to_owned()
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_answer_for_a_person() {
    let service = Service::start().await;
    let page = page(&service).await;
    let form = page.form(&page.button("Manager"));
    let own = service.origin();
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "http://localhost:1"), ("sec-fetch-site", "same-site")],
        vec![("origin", own.as_str()), ("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "none")],
    ] {
        let shown = submit(&service, &page, &form, &headers).await;
        assert!(shown.contains("another origin"), "{headers:?}: {shown}");
    }
}

#[tokio::test]
async fn a_form_belongs_to_the_browser_that_it_was_shown_in() {
    let service = Service::start().await;
    let (mine, theirs) = (page(&service).await, page(&service).await);
    let form = theirs.form(&theirs.button("Manager"));
    assert!(submit(&service, &mine, &form, &[]).await.contains("another browser"));
    let none = Page { cookie: String::new(), ..theirs.clone() };
    assert!(submit(&service, &none, &form, &[]).await.contains("another browser"));
    let forged = Page { cookie: "muster-sign-in=x".to_owned(), ..theirs };
    assert!(submit(&service, &forged, &form, &[]).await.contains("another browser"));
}

#[tokio::test]
async fn a_question_cannot_be_forged_or_changed() {
    let service = Service::start().await;
    let page = page(&service).await;
    let person = page.button("Manager");
    let tokens = service.tokens("Manager", &format!("openid offline_access {READ}")).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let changed = page.sealed.replace('A', "B");
    for sealed in ["x", &page.sealed[4..], &changed, refresh] {
        let form = page.form(&person).with("request", sealed);
        assert!(submit(&service, &page, &form, &[]).await.contains("AADSTS165000"), "{sealed}");
    }
    for person in ["nobody@muster.localhost", "x", "d0d0d0d0-0000-4000-8000-0000000000b5"] {
        let form = page.form(person);
        assert!(submit(&service, &page, &form, &[]).await.contains("nobody who can"), "{person}");
    }
    let twice = page.form(&person).and("answer", "decline");
    assert!(submit(&service, &page, &twice, &[]).await.contains("more than once"));
}

#[tokio::test]
async fn a_get_answers_for_nobody() {
    let service = Service::start().await;
    let page = page(&service).await;
    let query = page.form(&page.button("Manager")).encoded();
    let request = service.request(Method::GET, &format!("{}?{query}", page.action));
    let answer = service.send(request.header("cookie", &page.cookie)).await;
    assert_eq!(answer.status.as_u16(), 405);
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn the_cookie_is_for_nobody_but_this_service() {
    let service = Service::start().await;
    let first = page(&service).await;
    let set = first.answer.header("set-cookie");
    for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    // A second window keeps the first one's form good.
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/authorize?{}", service.ask().encoded());
    let request = service.request(Method::GET, &path).header("cookie", &first.cookie);
    assert_eq!(service.send(request).await.maybe_header("set-cookie"), None);
}

#[tokio::test]
async fn a_host_that_is_not_this_machine_is_not_served() {
    let service = Service::start().await;
    let path = format!("/{DEV_TENANT}/v2.0/.well-known/openid-configuration");
    let address = service.server().addresses()[0];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for host in ["evil.example", "localhost.evil.example", "evil.example:80", "192.0.2.1"] {
        for path in [path.as_str(), "/device", "/common/oauth2/v2.0/token"] {
            let request = http.get(format!("http://{address}{path}")).header("host", host);
            let response = request.send().await.unwrap();
            assert_eq!(response.status().as_u16(), 400, "{host} {path}");
            assert!(response.text().await.unwrap().contains("is not served"), "{host} {path}");
        }
    }
}

#[tokio::test]
async fn an_id_token_opens_no_register() {
    let service = Service::start().await;
    let tokens = service.tokens("Manager", &format!("openid offline_access {READ}")).await;
    assert_eq!(list(&service, tokens["access_token"].as_str().unwrap()).await, 200);
    for other in ["id_token", "refresh_token"] {
        assert_eq!(list(&service, tokens[other].as_str().unwrap()).await, 401, "{other}");
    }
}

/// A token with these head and claims, whose signature somebody else makes.
fn forged(head: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(head), part(claims))
}

#[tokio::test]
async fn a_key_is_trusted_by_its_name_and_its_signature() {
    let service = Service::start().await;
    let tokens = service.token(&service.own_token()).await.ok();
    let whole = tokens["access_token"].as_str().unwrap();
    let Jwt { head, claims } = Jwt::read(&tokens["access_token"]);
    let (_, signature) = whole.rsplit_once('.').unwrap();
    assert_eq!(list(&service, whole).await, 200);
    // The signature covers the name of the key.
    let mut renamed = head.clone();
    renamed["kid"] = "another".into();
    assert_eq!(list(&service, &forged(&renamed, &claims, signature)).await, 401);
    // No algorithm, or one that takes the public key for a secret (RFC 8725, 2.1).
    let none = json!({ "alg": "none", "kid": head["kid"] });
    assert_eq!(list(&service, &forged(&none, &claims, "")).await, 401);
    let keys = service.get("/common/discovery/v2.0/keys").await.ok();
    let public = URL_SAFE_NO_PAD.decode(keys["keys"][0]["n"].as_str().unwrap()).unwrap();
    let confused =
        Header { kid: head["kid"].as_str().map(str::to_owned), ..Header::new(Algorithm::HS256) };
    let confused = jsonwebtoken::encode(&confused, &claims, &EncodingKey::from_secret(&public));
    assert_eq!(list(&service, &confused.unwrap()).await, 401);
    // Another key under the name of this one.
    let pem = SigningKey::make().unwrap();
    let other =
        Header { kid: head["kid"].as_str().map(str::to_owned), ..Header::new(Algorithm::RS256) };
    let other = jsonwebtoken::encode(&other, &claims, &EncodingKey::from_rsa_pem(&pem).unwrap());
    assert_eq!(list(&service, &other.unwrap()).await, 401);
    // A key that the token brings along.
    let mut bringing = head.clone();
    bringing["jwk"] = keys["keys"][0].clone();
    bringing["jku"] = "https://evil.example/keys".into();
    assert_eq!(list(&service, &forged(&bringing, &claims, signature)).await, 401);
}

#[tokio::test]
async fn what_a_client_sends_stays_text_on_every_page() {
    let service = Service::start().await;
    let nasty = "\"><script>alert(1)</script>'";
    for ask in [
        service.ask().with("client_id", nasty),
        service.ask().with("redirect_uri", nasty),
        service.ask().with("login_hint", nasty),
        service.ask().with("state", nasty),
        service.ask().with("nonce", nasty),
    ] {
        let answer = service.authorize(&ask).await;
        assert!(!answer.text.contains("<script"), "{}", answer.text);
    }
    let encoded = form_urlencoded::byte_serialize(nasty.as_bytes()).collect::<String>();
    service.get(&format!("/device?user_code={encoded}")).await;
    service.get(&format!("/{encoded}/oauth2/v2.0/authorize")).await;
}

#[tokio::test]
async fn bytes_that_mean_nothing_are_answered() {
    let service = Service::start().await;
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/token");
    let bodies: [&[u8]; 5] = [b"", b"%", b"\xff\xff=\xff", b"&&&==", b"grant_type=%00"];
    for body in bodies {
        let request = service.request(Method::POST, &path).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(service.send(request).await.status.as_u16(), 400);
    }
    let long = service.own_token().with("scope", &"x".repeat(300 * 1024));
    assert_eq!(service.token(&long).await.refusal(), "400 invalid_request 9002313");
    let scopes = service.own_token().with("scope", &"User.Read ".repeat(1_000));
    assert_eq!(service.token(&scopes).await.refusal(), "400 invalid_scope 70011");
}

#[tokio::test]
async fn one_client_cannot_redeem_what_another_was_given() {
    let service = Service::start().await;
    let env = service.env();
    let code = service.code("Manager").await;
    let mixed = service.redeem(&code).with("client_id", &env["CLIENT_ID"]);
    let mixed = mixed.with("client_secret", &env["CLIENT_SECRET"]);
    assert_eq!(service.token(&mixed).await.refusal(), "400 invalid_grant 70008");
    // The one that it is for loses nothing by the other's attempt.
    let tokens = service.token(&service.redeem(&code)).await.ok();
    assert_eq!(Jwt::read(&tokens["access_token"]).claims["appid"], PUBLIC);
}
