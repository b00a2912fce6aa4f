//! OpenID Connect Core 1.0: id tokens, and what may be asked of a sign-in.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;

use crate::support::{DEFAULT, DEV_TENANT, Jwt, PUBLIC, Page, Service, form};

const ALL: &str = "openid profile email offline_access https://graph.microsoft.com/.default";

async fn redeem(service: &Service, ask: &crate::support::Form) -> Value {
    let code = service.sign_in(ask, "Reader").await.sent("code").unwrap();
    service.token(&service.redeem(&code)).await.ok()
}

// 2, 3.1.3.7: iss, sub, aud, exp and iat are REQUIRED; the signature is that of a published key.
#[tokio::test]
async fn an_id_token_is_what_a_client_verifies() {
    let service = Service::start().await;
    let tokens = service.tokens("Reader", ALL).await;
    let discovery = format!("/{DEV_TENANT}/v2.0/.well-known/openid-configuration");
    let issuer = service.get(&discovery).await.ok()["issuer"].clone();
    let keys: JwkSet =
        serde_json::from_value(service.get("/common/discovery/v2.0/keys").await.ok()).unwrap();
    let token = &tokens["id_token"];
    let kid = Jwt::read(token).head["kid"].clone();
    let key = DecodingKey::from_jwk(keys.find(kid.as_str().unwrap()).unwrap()).unwrap();
    let mut wanted = Validation::new(Algorithm::RS256);
    wanted.set_required_spec_claims(&["iss", "sub", "aud", "exp", "nbf"]);
    wanted.set_issuer(&[issuer.as_str().unwrap()]);
    wanted.set_audience(&[PUBLIC]);
    let claims = decode::<Value>(token.as_str().unwrap(), &key, &wanted).unwrap().claims;
    assert!(claims["iat"].as_i64().unwrap() <= claims["exp"].as_i64().unwrap());
    // `sub` MUST NOT exceed 255 ASCII characters.
    assert!(claims["sub"].as_str().is_some_and(|sub| sub.is_ascii() && sub.len() <= 255));
    assert_eq!(claims["tid"], DEV_TENANT);
}

// 2: `sub` is never reassigned; 8.1: a pairwise one differs from client to client.
#[tokio::test]
async fn a_subject_is_one_person_at_one_client() {
    let service = Service::start().await;
    let sub = async |person, client: &str| {
        let ask = service.ask().with("client_id", client);
        let code = service.sign_in(&ask, person).await.sent("code").unwrap();
        let fields = service.redeem(&code).with("client_id", client);
        let tokens = service.token(&fields).await.ok();
        Jwt::read(&tokens["id_token"]).claims["sub"].clone()
    };
    let reader = sub("Reader", PUBLIC).await;
    assert_eq!(sub("Reader", PUBLIC).await, reader);
    assert_ne!(sub("Manager", PUBLIC).await, reader);
    assert_ne!(sub("Reader", "04b07795-8ddb-461a-bbee-02f9e1bf7b46").await, reader);
}

// 3.1.2.1, 3.1.3.3: `openid` asks for an id token; without it there is none.
#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let service = Service::start().await;
    let tokens = service.tokens("Reader", DEFAULT).await;
    assert!(tokens.get("id_token").is_none() && tokens.get("refresh_token").is_none());
    let with = service.tokens("Reader", &format!("openid {DEFAULT}")).await;
    assert!(with["id_token"].is_string() && with.get("refresh_token").is_none());
}

// 2: if present in the request, the nonce MUST be in the id token: unmodified.
#[tokio::test]
async fn the_nonce_comes_back_as_it_was() {
    let service = Service::start().await;
    let nonce = "n-0S6_W\"zA2Mj & \u{e4}";
    let tokens = redeem(&service, &service.ask().with("nonce", nonce)).await;
    assert_eq!(Jwt::read(&tokens["id_token"]).claims["nonce"], nonce);
    let without = redeem(&service, &service.ask()).await;
    assert!(Jwt::read(&without["id_token"]).claims.get("nonce").is_none());
}

// 5.4: which claims a scope asks for.
#[tokio::test]
async fn claims_follow_the_scopes() {
    let service = Service::start().await;
    let claims = async |scope| {
        let tokens = service.tokens("Reader", scope).await;
        Jwt::read(&tokens["id_token"]).claims
    };
    let bare = claims("openid").await;
    assert!(bare.get("name").is_none() && bare.get("email").is_none());
    let all = claims("openid profile email").await;
    assert_eq!(all["name"], "Reader");
    assert_eq!(all["preferred_username"], "reader@muster.localhost");
    assert_eq!(all["email"], "reader@muster.localhost");
}

// 3.1.2.1: prompt=none MUST NOT show anything, and is an error where nobody is signed in; together
// with others it is an error.
#[tokio::test]
async fn nobody_is_asked_who_must_not_be() {
    let service = Service::start().await;
    let error = async |prompt| {
        let answer = service.authorize(&service.ask().with("prompt", prompt)).await;
        assert_eq!(answer.sent("state").as_deref(), Some("a state"));
        answer.sent("error").unwrap()
    };
    assert_eq!(error("none").await, "login_required");
    assert_eq!(error("none login").await, "invalid_request");
    assert_eq!(error("nonsense").await, "invalid_request");
    for prompt in ["login", "consent", "select_account", "login consent"] {
        Page::read(service.authorize(&service.ask().with("prompt", prompt)).await);
    }
}

// 3.1.2.1: with max_age the id token MUST have auth_time.
#[tokio::test]
async fn the_time_of_the_sign_in_is_told() {
    let service = Service::start().await;
    let tokens = redeem(&service, &service.ask().with("max_age", "0")).await;
    let claims = Jwt::read(&tokens["id_token"]).claims;
    let (auth_time, issued) =
        (claims["auth_time"].as_i64().unwrap(), claims["iat"].as_i64().unwrap());
    assert!((0..60).contains(&(issued - auth_time)), "{claims}");
    let wrong = service.authorize(&service.ask().with("max_age", "soon")).await;
    assert_eq!(wrong.sent("error").as_deref(), Some("invalid_request"));
}

// 6: `request` and `request_uri`, where not supported, MUST be answered with their errors.
#[tokio::test]
async fn request_objects_are_refused_by_their_names() {
    let service = Service::start().await;
    for (name, wanted) in
        [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")]
    {
        let answer = service.authorize(&service.ask().with(name, "https://x.test/")).await;
        assert_eq!(answer.sent("error").as_deref(), Some(wanted));
    }
}

// 12.2: a renewed id token has the same iss, sub, aud and auth_time, and no nonce.
#[tokio::test]
async fn a_renewed_id_token_is_about_the_same_sign_in() {
    let service = Service::start().await;
    let first = redeem(&service, &service.ask().with("nonce", "n")).await;
    let fields = form(&[
        ("grant_type", "refresh_token"),
        ("client_id", PUBLIC),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
    ]);
    let second = service.token(&fields).await.ok();
    let (old, new) = (Jwt::read(&first["id_token"]).claims, Jwt::read(&second["id_token"]).claims);
    for name in ["iss", "sub", "aud", "auth_time", "tid", "oid"] {
        assert_eq!(old[name], new[name], "{name}");
    }
    assert!(new["iat"].as_i64() >= old["iat"].as_i64() && new.get("nonce").is_none());
}

// 3.1.2.1: login_hint says who it probably is: they stand first.
#[tokio::test]
async fn who_is_probably_meant_stands_first() {
    let service = Service::start().await;
    let ask = service.ask().with("login_hint", "Nobody@muster.localhost");
    let page = Page::read(service.authorize(&ask).await);
    let (_, first) = page.answer.text.split_once("class=\"name\">").unwrap();
    assert!(first.starts_with("Nobody<"));
}

// RP-Initiated Logout 1.0, 3: no redirect to an address that is not registered.
#[tokio::test]
async fn a_sign_out_sends_nobody_to_strangers() {
    let service = Service::start().await;
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/logout?post_logout_redirect_uri=");
    let stranger = service.get(&format!("{path}https://evil.example/")).await;
    assert!(stranger.status == 200 && !stranger.text.contains("evil"));
    let known = service.get(&format!("{path}http://localhost:3000/out&state=s")).await;
    assert_eq!(known.location(), "http://localhost:3000/out?state=s");
}
