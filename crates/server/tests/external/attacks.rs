//! Tokens that are not what they say: each is refused, and with the reason.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;

use crate::support::{AUDIENCE, Authority, Key, Muster, NORTH, Reply, SOUTH, Token, json};

const FAILED: &str = "Access token validation failure.";
const SIGNATURE: &str = "Access token validation failure. Invalid signature.";
const ISSUER: &str = "Access token validation failure. Invalid issuer.";
const ALGORITHM: &str = "Access token validation failure. The algorithm is not the one of the key.";
const UNKNOWN_KEY: &str = "Access token validation failure. No trusted key has the id in 'kid'.";
const UNREADABLE: &str = "The token cannot be read as a signed JWT.";

/// A service of one tenant that trusts an authority with these keys.
async fn trusting(keys: &[&Key]) -> (Muster, Authority) {
    let authority = Authority::start(keys).await;
    let mut options = authority.options();
    options.extend(["--tenant".to_owned(), NORTH.to_owned()]);
    (Muster::start(&options, &[NORTH, SOUTH]).await, authority)
}

#[tokio::test]
async fn the_name_of_a_key_is_not_the_key() {
    let (ours, foreign) = (Key::rsa("k1"), Key::rsa("k1"));
    let (service, authority) = trusting(&[&ours]).await;
    let token = Token::of(&authority.issuer());
    service.admits(&token.sign(&ours)).await;
    service.refuses(&token.sign(&foreign), 401, SIGNATURE).await;
}

#[tokio::test]
async fn a_key_of_one_issuer_signs_nothing_for_another() {
    let (of_a, of_b) = (Key::rsa("a"), Key::rsa("b"));
    let (a, b) = (Authority::start(&[&of_a]).await, Authority::start(&[&of_b]).await);
    let options = [
        ["--issuer", &a.issuer(), "--issuer", &b.issuer()].map(str::to_owned),
        ["--audience", AUDIENCE, "--tenant", NORTH].map(str::to_owned),
    ];
    let service = Muster::start(&options.concat(), &[NORTH]).await;
    service.admits(&Token::of(&a.issuer()).sign(&of_a)).await;
    service.admits(&Token::of(&b.issuer()).sign(&of_b)).await;
    service.refuses(&Token::of(&b.issuer()).sign(&of_a), 401, UNKNOWN_KEY).await;
    // Under the name of one that it has.
    service.refuses(&Token::of(&b.issuer()).sign(&of_a.named("b")), 401, SIGNATURE).await;
}

#[tokio::test]
async fn an_issuer_speaks_for_its_own_tenant_whatever_its_tokens_say() {
    let (of_a, of_b) = (Key::rsa("a"), Key::rsa("b"));
    let (a, b) = (Authority::start(&[&of_a]).await, Authority::start(&[&of_b]).await);
    let options = [
        ["--issuer", &a.issuer(), "--issuer", &b.issuer()].map(str::to_owned),
        ["--tenant", NORTH, "--tenant", SOUTH].map(str::to_owned),
        ["--audience", AUDIENCE, "--claim-app", "client_id"].map(str::to_owned),
    ];
    let service = Muster::start(&options.concat(), &[NORTH, SOUTH]).await;
    let north = Token::of(&a.issuer()).sign(&of_a);
    assert_eq!(service.create(&north, "N-1").await.status, 201);
    let reaching = Token::of(&b.issuer()).claim("tid", json!(NORTH)).sign(&of_b);
    let answer = service.list(&reaching).await;
    assert_eq!((answer.status, &answer.body["value"]), (200, &json!([])));
}

#[tokio::test]
async fn an_issuer_of_many_tenants_names_the_one_it_speaks_for() {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[]).await;
    let many = format!("{}/{{tid}}/v2.0", authority.issuer());
    let jwks_uri = format!("{}/keys", authority.issuer());
    let discovery = json!({ "issuer": many.replace("tid", "tenantid"), "jwks_uri": jwks_uri });
    let well_known = "/common/v2.0/.well-known/openid-configuration";
    authority.publish(well_known, Reply::Json(discovery));
    authority.publish_keys(&[&key]);
    let options = ["--issuer", &many, "--audience", AUDIENCE];
    let service = Muster::start(&options, &[NORTH, SOUTH]).await;
    let login = format!("{}/", authority.issuer());
    let token = Token::v2(&login, NORTH, AUDIENCE);
    service.admits(&token.sign(&key)).await;
    service.refuses(&token.clone().claim("tid", json!(SOUTH)).sign(&key), 401, ISSUER).await;
    service.refuses(&token.clone().claim("tid", json!(null)).sign(&key), 401, "'tid'").await;
    let common = Token::v2(&login, "common", AUDIENCE).claim("tid", json!(NORTH));
    service.refuses(&common.sign(&key), 401, ISSUER).await;
    let challenge = service.list("a.b.c").await.headers["www-authenticate"].clone();
    let authority = format!("authorization_uri=\"{login}common/v2.0\"");
    assert!(challenge.to_str().unwrap().contains(&authority), "{challenge:?}");
}

#[tokio::test]
async fn the_algorithm_comes_with_the_key() {
    let (rsa, pss, ec) = (Key::rsa("rsa"), Key::pss("pss"), Key::ec("ec"));
    let (service, authority) = trusting(&[&rsa, &pss, &ec]).await;
    let token = Token::of(&authority.issuer());
    for key in [&rsa, &pss, &ec] {
        service.admits(&token.sign(key)).await;
        service.refuses(&token.clone().unsigned(key), 401, ALGORITHM).await;
        let renamed = token.clone().head("alg", json!("HS256")).sign(key);
        service.refuses(&renamed, 401, ALGORITHM).await;
    }
    let (by_pss, by_pkcs1) = (Algorithm::PS256, Algorithm::RS256);
    service.refuses(&token.clone().sign_by(&rsa, by_pss), 401, ALGORITHM).await;
    service.refuses(&token.clone().sign_by(&pss, by_pkcs1), 401, ALGORITHM).await;
    service.refuses(&token.clone().sign_by(&rsa, Algorithm::RS512), 401, ALGORITHM).await;
    // Whoever lets the token choose takes what everybody knows for a secret.
    for secret in [rsa.jwk().to_string(), rsa.jwk()["n"].as_str().unwrap().to_owned()] {
        let forged = token.clone().sign_with_secret(&rsa, secret.as_bytes());
        service.refuses(&forged, 401, ALGORITHM).await;
    }
    let modulus = URL_SAFE_NO_PAD.decode(rsa.jwk()["n"].as_str().unwrap()).unwrap();
    let forged = token.sign_with_secret(&rsa, &modulus);
    service.refuses(&forged, 401, ALGORITHM).await;
}

#[tokio::test]
async fn a_token_brings_no_key_of_its_own() {
    let (ours, foreign) = (Key::rsa("k1"), Key::rsa("k1"));
    let (service, authority) = trusting(&[&ours]).await;
    let evil = Authority::start(&[&foreign]).await;
    let token = Token::of(&authority.issuer());
    let jwk = token.clone().head("jwk", foreign.jwk()).sign(&foreign);
    service.refuses(&jwk, 401, SIGNATURE).await;
    let jku = format!("{}/keys", evil.issuer());
    let jku = token.clone().head("jku", json!(jku)).head("x5u", json!(jku)).sign(&foreign);
    service.refuses(&jku, 401, SIGNATURE).await;
    assert_eq!(evil.asked_for("/keys"), 0, "whom a token names is not asked");
    let unknown = token.clone().head("jwk", foreign.jwk()).sign(&foreign.named("k2"));
    service.refuses(&unknown, 401, UNKNOWN_KEY).await;
    service.refuses(&token.head("kid", json!(1)).sign(&ours), 401, UNREADABLE).await;
}

#[tokio::test]
async fn a_token_for_something_else_is_none_for_us() {
    let key = Key::rsa("k1");
    let (service, authority) = trusting(&[&key]).await;
    let token = Token::of(&authority.issuer());
    for name in ["at_hash", "c_hash"] {
        let id_token = token.clone().claim(name, json!("77QmUPtjPfzWtF2AnpK9RQ"));
        service.refuses(&id_token.sign(&key), 401, "It is an ID token").await;
    }
    let id_token = token.clone().claim("typ", json!("ID"));
    service.refuses(&id_token.sign(&key), 401, "It is an ID token").await;
    for typ in ["logout+jwt", "secevent+jwt", "dpop+jwt", ""] {
        let other = token.clone().head("typ", json!(typ));
        service.refuses(&other.sign(&key), 401, UNREADABLE).await;
    }
    let critical = token.clone().head("crit", json!(["b64"])).head("b64", json!(false));
    service.refuses(&critical.sign(&key), 401, UNREADABLE).await;
    let nobody = token.clone().claim("client_id", json!(null));
    service.refuses(&nobody.sign(&key), 401, "client_id").await;
    for audience in [json!("api://other"), json!([]), json!(null), json!(["api://muster/x"])] {
        let other = token.clone().claim("aud", audience);
        service.refuses(&other.sign(&key), 401, "Invalid audience.").await;
    }
    let ours = token.clone().claim("aud", json!(["api://other", AUDIENCE]));
    service.admits(&ours.sign(&key)).await;
    for issuer in ["https://evil.example", &format!("{}/", authority.issuer())] {
        let other = token.clone().claim("iss", json!(issuer)).sign(&key);
        service.refuses(&other, 401, ISSUER).await;
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_at_both_ends() {
    let key = Key::rsa("k1");
    let (service, authority) = trusting(&[&key]).await;
    let token = Token::of(&authority.issuer());
    service.admits(&token.clone().time("exp", -50).sign(&key)).await;
    service.admits(&token.clone().time("nbf", 55).sign(&key)).await;
    let expired = "Lifetime validation failed, the token is expired.";
    service.refuses(&token.clone().time("exp", -61).sign(&key), 401, expired).await;
    let early = "Lifetime validation failed, the token is not yet valid.";
    service.refuses(&token.clone().time("nbf", 65).sign(&key), 401, early).await;
    for (name, value) in [("exp", json!("never")), ("exp", json!(null)), ("nbf", json!([]))] {
        let other = token.clone().claim(name, value).sign(&key);
        let reason = format!("{FAILED} The claim '{name}' is missing or unreadable.");
        service.refuses(&other, 401, &reason).await;
    }
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_the_authority_once() {
    let key = Key::rsa("k1");
    let (service, authority) = trusting(&[&key]).await;
    let token = Token::of(&authority.issuer());
    service.admits(&token.sign(&key)).await;
    let before = authority.asked_for("/keys");
    let floods = (0..8).map(|flood| {
        let (service, token, key) = (&service, &token, &key);
        async move {
            for n in 0..50 {
                let kid = format!("unknown {flood} {n}");
                let forged = token.sign(&key.clone().named(&kid));
                service.refuses(&forged, 401, UNKNOWN_KEY).await;
            }
        }
    });
    futures_util::future::join_all(floods).await;
    assert_eq!(authority.asked_for("/keys") - before, 1);
    service.admits(&token.claim("jti", json!("another")).sign(&key)).await;
}

#[tokio::test]
async fn the_token_of_a_register_that_was_run_with_dev_is_worth_nothing() {
    let dev = Muster::start(&["--dev", "--no-sample"], &[]).await;
    let env = std::fs::read_to_string(dev.data().join("dev.env")).unwrap();
    let token = env.lines().find_map(|line| line.strip_prefix("TOKEN=")).unwrap().to_owned();
    dev.admits(&token).await;
    let data = dev.stop();
    let authority = Authority::start(&[&Key::rsa("k1")]).await;
    let service = Muster::start_in(data, &[], &authority.options(), &[]).await;
    service.refuses(&token, 401, ISSUER).await;
    assert!(service.admin(&["tenant", "list"]).contains("Development"), "its tenant is there");
}
