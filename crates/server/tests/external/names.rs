//! What claims are called: Keycloak's names and others, by options.

use crate::support::{
    AUDIENCE, Authority, Key, Muster, NORTH, READ, READ_WRITE, SOUTH, Token, json,
};

/// A service with these options besides the authority, and a token of its authority.
async fn trusting(key: &Key, options: &[&str]) -> (Muster, Authority, Token) {
    let authority = Authority::start(&[key]).await;
    let mut all = authority.options();
    all.extend(options.iter().map(|option| (*option).to_owned()));
    let service = Muster::start(&all, &[NORTH, SOUTH]).await;
    let token = Token::of(&authority.issuer());
    (service, authority, token)
}

/// An access token of Keycloak 26 for a service account.
fn keycloak(token: Token) -> Token {
    token
        .head("typ", json!("JWT"))
        .claim("typ", json!("Bearer"))
        .claim("client_id", json!(null))
        .claim("azp", json!("inventory"))
        .claim("aud", json!([AUDIENCE, "account"]))
        .claim("sub", json!("0c6f6a5e-service-account"))
        .claim("preferred_username", json!("service-account-inventory"))
        .claim("scope", json!("profile email"))
        .claim("realm_access", json!({ "roles": ["offline_access", "uma_authorization"] }))
        .claim("resource_access", json!({ "muster.example.com": { "roles": [READ_WRITE] } }))
}

#[tokio::test]
async fn roles_of_keycloak_by_realm_and_by_client() {
    let key = Key::rsa("k1");
    let of_client = "resource_access.muster.example.com.roles";
    let roles = ["--claim-roles", "realm_access.roles", "--claim-roles", of_client];
    let options = [&["--tenant", NORTH], &roles[..]].concat();
    let (service, _authority, token) = trusting(&key, &options).await;
    let token = keycloak(token);
    assert_eq!(service.create(&token.sign(&key), "A-1").await.status, 201);
    let actor = &service.last_change()["actor"];
    assert_eq!(actor["userName"], "service-account-inventory");
    assert_eq!(actor["appId"], "inventory");
    let of_realm = token
        .clone()
        .claim("resource_access", json!({}))
        .claim("realm_access", json!({ "roles": [READ] }));
    service.admits(&of_realm.sign(&key)).await;
    assert_eq!(service.create(&of_realm.sign(&key), "A-2").await.status, 403);
    let none = token.claim("resource_access", json!({ "other": { "roles": [READ_WRITE] } }));
    service.refuses(&none.sign(&key), 403, "Insufficient privileges").await;
}

#[tokio::test]
async fn claims_that_are_called_as_the_options_say_and_by_no_other_name() {
    let key = Key::rsa("k1");
    let options = [
        ["--claim-tenant", "https://example.com/customer", "--claim-scopes", "permissions"],
        ["--claim-user", "uid", "--claim-user-name", "profile.login"],
        ["--claim-app", "cid", "--audience", "second"],
    ];
    let (service, _authority, token) = trusting(&key, &options.concat()).await;
    let token = token
        .claim("https://example.com/customer", json!(NORTH))
        .claim("tid", json!(SOUTH))
        .claim("permissions", json!([READ_WRITE]))
        .claim("scope", json!(null))
        .claim("uid", json!("u-7"))
        .claim("profile", json!({ "login": "somebody" }))
        .claim("cid", json!("tool"))
        .claim("aud", json!("second"));
    assert_eq!(service.create(&token.sign(&key), "A-1").await.status, 201);
    let change = service.last_change();
    assert_eq!(change["tenantId"], NORTH);
    let actor = &change["actor"];
    assert_eq!(actor["type"], "user");
    assert_eq!((&actor["userId"], &actor["userName"]), (&json!("u-7"), &json!("somebody")));
    assert_eq!(actor["appId"], "tool");
    let usual = token.clone().claim("permissions", json!(null)).claim("scope", json!(READ_WRITE));
    service.refuses(&usual.sign(&key), 403, "Insufficient privileges").await;
    let nowhere = token.claim("https://example.com/customer", json!("not a guid"));
    let unreadable = "The claim 'https://example.com/customer' is missing or unreadable.";
    service.refuses(&nowhere.sign(&key), 401, unreadable).await;
}

#[tokio::test]
async fn an_application_that_is_its_own_subject_is_named_as_one() {
    let key = Key::rsa("k1");
    let (service, _authority, token) = trusting(&key, &["--tenant", NORTH]).await;
    assert_eq!(service.create(&token.sign(&key), "A-1").await.status, 201);
    let actor = &service.last_change()["actor"];
    assert_eq!((&actor["type"], &actor["appId"]), (&json!("application"), &json!("batch")));
    assert!(actor["userId"].is_null());
}
