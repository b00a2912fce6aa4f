//! RFC 8414, OpenID Connect Discovery 1.0 and RFC 7517: where everything is, and the keys.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::support::{DEV_TENANT, PUBLIC, Service, form};

const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

fn discovery(tenant: &str) -> String {
    format!("/{tenant}/v2.0/.well-known/openid-configuration")
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

// Discovery, 3: what is REQUIRED. RFC 8414, 2.
#[tokio::test]
async fn the_metadata_say_what_they_must() {
    let service = Service::start().await;
    let found = service.get(&discovery(DEV_TENANT)).await.ok();
    let origin = service.origin();
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "device_authorization_endpoint",
        "jwks_uri",
        "end_session_endpoint",
    ] {
        let wanted = format!("{origin}/{DEV_TENANT}/");
        assert!(found[name].as_str().unwrap().starts_with(&wanted), "{name}: {found}");
    }
    assert_eq!(texts(&found["response_types_supported"]), ["code"]);
    assert_eq!(texts(&found["subject_types_supported"]), ["pairwise"]);
    // RS256 MUST be included.
    assert_eq!(texts(&found["id_token_signing_alg_values_supported"]), ["RS256"]);
    assert!(texts(&found["scopes_supported"]).contains(&"openid"), "MUST support openid");
    assert_eq!(texts(&found["code_challenge_methods_supported"]), ["S256"]);
    let grants = texts(&found["grant_types_supported"]);
    assert!(grants.contains(&"urn:ietf:params:oauth:grant-type:device_code"), "{grants:?}");
}

// Discovery, 4.3; RFC 8414, 3.3: the issuer MUST be identical to the address before the well-known
// part.
#[tokio::test]
async fn the_issuer_is_where_the_metadata_are() {
    let service = Service::start().await;
    let found = service.get(&discovery(DEV_TENANT)).await;
    let issuer = format!("{}/{DEV_TENANT}/v2.0", service.origin());
    assert_eq!(found.ok()["issuer"], issuer);
    // 4.2: 200, and application/json.
    assert!(found.header("content-type").starts_with("application/json"));
}

// RFC 8414, 3: the well-known part is inserted between host and path.
#[tokio::test]
async fn the_metadata_stand_where_oauth_looks_for_them_too() {
    let service = Service::start().await;
    let path = format!("/.well-known/oauth-authorization-server/{DEV_TENANT}/v2.0");
    assert_eq!(service.get(&path).await.ok(), service.get(&discovery(DEV_TENANT)).await.ok());
}

// Every endpoint that is named is there: it refuses an empty request in its own way.
#[tokio::test]
async fn what_the_metadata_name_is_there() {
    let service = Service::start().await;
    let found = service.get(&discovery(DEV_TENANT)).await.ok();
    let path = |name: &str| found[name].as_str().unwrap().replace(&service.origin(), "");
    let empty = form(&[]);
    for name in ["token_endpoint", "device_authorization_endpoint"] {
        let refusal = service.post(&path(name), &empty).await.refusal();
        assert_eq!(refusal, "400 invalid_request 900144", "{name}");
    }
    let authorize = service.get(&path("authorization_endpoint")).await;
    assert!(authorize.shown_refusal().contains("client_id"));
    assert_eq!(service.get(&path("end_session_endpoint")).await.status.as_u16(), 200);
    service.get(&path("jwks_uri")).await.ok();
}

#[tokio::test]
async fn several_tenants_have_their_issuers_place() {
    let service = Service::start().await;
    for (segment, tenant) in [
        ("common", "{tenantid}"),
        ("organizations", "{tenantid}"),
        ("consumers", PERSONAL_TENANT),
        (PERSONAL_TENANT, PERSONAL_TENANT),
        (&DEV_TENANT.to_uppercase(), DEV_TENANT),
    ] {
        let found = service.get(&discovery(segment)).await.ok();
        assert_eq!(found["issuer"], format!("{}/{tenant}/v2.0", service.origin()), "{segment}");
    }
}

#[tokio::test]
async fn tenants_of_the_register_are_known_as_soon_as_they_are_there() {
    let service = Service::start().await;
    let tenant = "3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10";
    let unknown = service.get(&discovery(tenant)).await;
    assert_eq!(unknown.refusal(), "400 invalid_request 90002");
    service.server().store().add_tenant(tenant.parse().unwrap(), "North", true).await.unwrap();
    service.get(&discovery(tenant)).await.ok();
    for none in ["nonsense", "%00", "..", "3f1c9a527c1e4d0b9a5e0d8f6c2b7e10", "{tenant}"] {
        let refused = service.get(&discovery(none)).await.status;
        assert_eq!(refused.as_u16(), 400, "{none}");
    }
}

// The first version's issuer is the one that access tokens name: it does not move with the port.
#[tokio::test]
async fn access_tokens_can_be_verified_by_the_first_versions_metadata() {
    let service = Service::start().await;
    let found = service.get(&format!("/{DEV_TENANT}/.well-known/openid-configuration")).await.ok();
    let jwks = found["jwks_uri"].as_str().unwrap().replace(&service.origin(), "");
    let keys: JwkSet = serde_json::from_value(service.get(&jwks).await.ok()).unwrap();
    let tokens = service.token(&service.own_token()).await.ok();
    let token = tokens["access_token"].as_str().unwrap();
    let kid = decode_header(token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut wanted = Validation::new(Algorithm::RS256);
    wanted.set_issuer(&[found["issuer"].as_str().unwrap()]);
    wanted.set_audience(&["https://graph.microsoft.com"]);
    let claims = decode::<Value>(token, &key, &wanted).unwrap().claims;
    assert_eq!(claims["appid"], service.env()["CLIENT_ID"]);
}

// RFC 7517, 4; RFC 7518, 6.3: the public half, and nothing of the private one.
#[tokio::test]
async fn keys_are_public_ones() {
    let service = Service::start().await;
    let keys = service.get("/common/discovery/v2.0/keys").await.ok();
    let key = keys["keys"][0].as_object().unwrap();
    let mut names: Vec<&str> = key.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(
        (&key["kty"], &key["use"], &key["alg"]),
        (&"RSA".into(), &"sig".into(), &"RS256".into())
    );
}

#[tokio::test]
async fn only_get_reads_the_metadata() {
    let service = Service::start().await;
    let answer = service.post(&discovery(DEV_TENANT), &form(&[("client_id", PUBLIC)])).await;
    assert_eq!(answer.refusal(), "405 invalid_request 900561");
    assert_eq!(answer.header("allow"), "GET");
    let head = service.send(service.request(reqwest::Method::HEAD, &discovery(DEV_TENANT))).await;
    assert!(head.status == 200 && head.text.is_empty());
}
