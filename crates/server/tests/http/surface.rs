//! Every route with every wrong credential. The routes are those of the service's own table; one
//! that has no example here fails the test.

use jsonwebtoken::Algorithm;
use muster::auth::Access;
use muster::http::routes::{Operation, ROUTES, Route};

use crate::support::{
    Answer, Call, Method, READ, READ_WRITE, Service, Token, Value, import, item, json, serial, text,
};

/// A request to a route that would succeed if the caller were right.
fn example(service: &Service, route: &Route, row: &Value) -> Call {
    let path = route.template.replace("/{id}", &item(row));
    let call = service.call(route.method.clone(), &path);
    match route.operation {
        Operation::ServiceDocument | Operation::Metadata => call,
        Operation::List | Operation::Count | Operation::Get => call,
        Operation::Batch => call.json(&in_a_batch(row)),
        Operation::Create => call.json(&serial("new")),
        Operation::Update => call.json(&json!({ "description": "changed" })),
        Operation::Delete => call,
        Operation::Import => call.json(&import(&[serial("new")], false)),
        Operation::Search => call.json(&json!({ "importedDeviceIdentities": [serial("A-1")] })),
    }
}

/// A batch that reads a row.
fn in_a_batch(row: &Value) -> Value {
    let url = format!("/deviceManagement/importedDeviceIdentities{}", item(row));
    json!({ "requests": [{ "id": "1", "method": "GET", "url": url }] })
}

/// Who is wrong, and what the service says to that.
struct Wrong {
    what: &'static str,
    credential: Credential,
    status: u16,
    code: &'static str,
    message: &'static str,
}

enum Credential {
    /// No header at all.
    None,
    /// The header, as it is.
    Header(String),
    /// A bearer token.
    Token(String),
}

fn unauthenticated(what: &'static str, token: String, message: &'static str) -> Wrong {
    let (credential, code) = (Credential::Token(token), "InvalidAuthenticationToken");
    Wrong { what, credential, status: 401, code, message }
}

/// What names the authority to those whom it has to be named to.
const CHALLENGE: &str = r#"Bearer realm="", authorization_uri="https://sts.muster.localhost/""#;

const EMPTY: &str = "Access token is empty.";
const NO_DOTS: &str = "IDX14100: JWT is not well formed, there are no dots (.).";
const UNREADABLE: &str =
    "Access token validation failure. The token cannot be read as a signed JWT.";
const ALGORITHM: &str = "Access token validation failure. The algorithm is not the one of the key.";
const UNKNOWN_KEY: &str = "Access token validation failure. No trusted key has the id in 'kid'.";
const SIGNATURE: &str = "Access token validation failure. Invalid signature.";

/// Headers and tokens that are no tokens of anybody.
fn shapeless() -> Vec<Wrong> {
    let header = |what, value: &str, message| Wrong {
        credential: Credential::Header(value.to_owned()),
        ..unauthenticated(what, String::new(), message)
    };
    vec![
        Wrong { credential: Credential::None, ..unauthenticated("none", String::new(), EMPTY) },
        header("empty", "", EMPTY),
        header("scheme alone", "Bearer", EMPTY),
        header("another scheme", "Basic bXVzdGVyOm11c3Rlcg==", EMPTY),
        unauthenticated("no JWT", "nonsense".to_owned(), NO_DOTS),
        unauthenticated("two parts", "a.b".to_owned(), UNREADABLE),
        unauthenticated("four parts", "a.b.c.d".to_owned(), UNREADABLE),
        unauthenticated("no base64", "ü.ü.ü".to_owned(), UNREADABLE),
        unauthenticated("no JSON", "AAAA.AAAA.AAAA".to_owned(), UNREADABLE),
        unauthenticated("too long", format!("{}.b.c", "a".repeat(17_000)), UNREADABLE),
    ]
}

/// Tokens that say the right things and are not signed by whom they should be.
fn forged(right: &Token) -> Vec<Wrong> {
    let signed = right.sign();
    let (body, signature) = signed.rsplit_once('.').unwrap();
    let other_claims = right.clone().claim("oid", json!("another")).sign();
    let (other_body, _) = other_claims.rsplit_once('.').unwrap();
    let [pem, der] = right.clone().sign_with_public_key();
    vec![
        unauthenticated("alg none", right.clone().unsigned(), ALGORITHM),
        unauthenticated("HS256 by the public key in PEM", pem, ALGORITHM),
        unauthenticated("HS256 by the public key in DER", der, ALGORITHM),
        unauthenticated("RS384", right.clone().sign_by(Algorithm::RS384), ALGORITHM),
        unauthenticated("PS256", right.clone().sign_by(Algorithm::PS256), ALGORITHM),
        unauthenticated("a foreign key", right.sign_with_foreign_key(), SIGNATURE),
        unauthenticated("other claims", format!("{other_body}.{signature}"), SIGNATURE),
        unauthenticated("no signature", format!("{body}."), SIGNATURE),
        unauthenticated("unknown kid", right.clone().head("kid", json!("x")).sign(), UNKNOWN_KEY),
        unauthenticated("no kid", right.clone().head("kid", Value::Null).sign(), UNKNOWN_KEY),
    ]
}

/// Tokens of the right key that say the wrong things.
fn mistaken(right: &Token) -> Vec<Wrong> {
    let with = |name, value| right.clone().claim(name, value).sign();
    let at = |name, seconds| right.clone().time(name, seconds).sign();
    let foreign = "https://sts.windows.net/d0d0d0d0-0000-4000-8000-000000000001/";
    let expired = "Lifetime validation failed, the token is expired.";
    let early = "Lifetime validation failed, the token is not yet valid.";
    let audience = "Access token validation failure. Invalid audience.";
    let issuer = "Access token validation failure. Invalid issuer.";
    vec![
        unauthenticated("expired", at("exp", -61), expired),
        // An hour, so that it stays so until the last route has been asked.
        unauthenticated("not yet valid", at("nbf", 3_600), early),
        unauthenticated("other audience", with("aud", json!("https://vault.azure.net")), audience),
        unauthenticated("no audience", with("aud", Value::Null), audience),
        unauthenticated("other issuer", with("iss", json!(foreign)), issuer),
        unauthenticated("no issuer", with("iss", Value::Null), issuer),
        unauthenticated(
            "issuer of another tenant",
            with("tid", json!("3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10")),
            issuer,
        ),
        unauthenticated(
            "no tenant",
            with("tid", Value::Null),
            "Access token validation failure. The claim 'tid' is missing or unreadable.",
        ),
        unauthenticated(
            "no expiry",
            with("exp", Value::Null),
            "Access token validation failure. The claim 'exp' is missing or unreadable.",
        ),
    ]
}

/// Tokens that are believed, of callers who may not call.
async fn unwelcome(service: &Service, right: &Token) -> Vec<Wrong> {
    let forbidden = |what, token: Token, message| Wrong {
        status: 403,
        code: "Forbidden",
        ..unauthenticated(what, token.sign(), message)
    };
    let tenant = |what, tenant: &str| Wrong {
        status: 400,
        code: "BadRequest",
        ..unauthenticated(
            what,
            Token::of(tenant).sign(),
            "Request not applicable to target tenant.",
        )
    };
    vec![
        forbidden("no role", right.clone().roles(&[]), "Insufficient privileges."),
        forbidden(
            "wrong role",
            right.clone().roles(&["User.Read.All"]),
            "Insufficient privileges.",
        ),
        forbidden("wrong scope", right.clone().scopes(&["User.Read"]), "Insufficient privileges."),
        forbidden(
            "a personal account",
            Token::of("9188040d-6c67-4c5b-b112-36a304b66dad").scopes(&[READ, READ_WRITE]),
            "Personal Microsoft accounts are not supported",
        ),
        tenant("a tenant without a licence", &service.add_tenant(false).await),
        tenant("a tenant that is not there", "3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10"),
    ]
}

async fn send(call: Call, credential: &Credential) -> Answer {
    match credential {
        Credential::None => call.without_token().await,
        Credential::Header(value) => call.without_token().header("authorization", value).await,
        Credential::Token(token) => call.token(token).await,
    }
}

each_engine!(every_route_refuses_every_wrong_credential, async |service: &Service| {
    let right = Token::of(&service.tenant());
    let row = service.create(&serial("A-1")).await;
    let mut wrongs = shapeless();
    wrongs.extend(forged(&right));
    wrongs.extend(mistaken(&right));
    wrongs.extend(unwelcome(service, &right).await);
    for route in &ROUTES {
        for wrong in &wrongs {
            let case = format!("{} {} with {}", route.method, route.template, wrong.what);
            let answer = send(example(service, route, &row), &wrong.credential).await;
            if route.access == Access::Public {
                assert!(answer.status.is_success(), "{case}: {}", answer.text());
                continue;
            }
            if route.access == Access::Bearer && wrong.status != 401 {
                let inner = answer.succeeds(200)["responses"][0].take();
                assert_eq!(inner["status"], wrong.status, "{case}: {inner}");
                assert_eq!(inner["body"]["error"]["code"], wrong.code, "{case}");
                continue;
            }
            assert_eq!(answer.status.as_u16(), wrong.status, "{case}: {}", answer.text());
            assert_eq!(answer.code(), wrong.code, "{case}");
            assert!(answer.message().starts_with(wrong.message), "{case}: {}", answer.message());
            if wrong.status == 401 {
                assert_eq!(answer.header("www-authenticate"), CHALLENGE, "{case}");
            }
        }
    }
    assert_eq!(service.rows().await, [listed(row)], "nobody has changed anything");
});

/// A row as the list shows it.
fn listed(mut row: Value) -> Value {
    row.as_object_mut().unwrap().remove("@odata.context").unwrap();
    row
}

each_engine!(every_route_takes_the_right_credential, async |service: &Service| {
    for route in &ROUTES {
        let token = Token::of(&service.add_tenant(true).await).sign();
        let row = service.post("", &serial("A-1")).token(&token).await.json();
        let answer = example(service, route, &row).token(&token).await;
        assert!(answer.status.is_success(), "{}: {}", route.template, answer.text());
    }
});

each_engine!(no_route_reaches_the_rows_of_another_tenant, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for route in &ROUTES {
        let theirs = Token::of(&service.add_tenant(true).await).sign();
        let answer = example(service, route, &row).token(&theirs).await;
        let case = format!("{} {}", route.method, route.template);
        if route.access == Access::Bearer {
            let inner = answer.succeeds(200)["responses"][0].take();
            assert_eq!(inner["status"], 404, "{case}: {inner}");
        } else if route.template.ends_with("/{id}") {
            let nowhere = json!({ "id": uuid::Uuid::now_v7().to_string() });
            let unknown = example(service, route, &nowhere).token(&theirs).await;
            let expected = unknown.message().replace(text(&nowhere, "id"), text(&row, "id"));
            assert_eq!(answer.fails(404, "ResourceNotFound"), expected, "{case}");
        } else {
            assert!(answer.status.is_success(), "{case}: {}", answer.text());
            assert!(!answer.text().contains(text(&row, "id")), "{case}: {}", answer.text());
        }
    }
    assert_eq!(service.rows().await, [listed(row)]);
});

each_engine!(what_is_asked_without_its_body_is_guarded_alike, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    let unlicensed = Token::of(&service.add_tenant(false).await).sign();
    for route in ROUTES.iter().filter(|route| route.method == Method::GET) {
        let path = route.template.replace("/{id}", &item(&row));
        let head = || service.call(Method::HEAD, &path);
        let expected = if route.access == Access::Public { [200; 3] } else { [401, 400, 200] };
        let answers = [head().without_token().await, head().token(&unlicensed).await, head().await];
        assert_eq!(answers.map(|answer| answer.status.as_u16()), expected, "{path}");
    }
});

each_engine!(clocks_may_differ_by_a_minute_at_both_ends, async |service: &Service| {
    let right = Token::of(&service.tenant());
    for (name, within, beyond) in [("exp", -50, -61), ("nbf", 59, 90)] {
        let token = right.clone().time(name, within).sign();
        service.get("").token(&token).await.succeeds(200);
        let token = right.clone().time(name, beyond).sign();
        service.get("").token(&token).await.fails(401, "InvalidAuthenticationToken");
    }
    let fraction = right.claim("exp", json!(4_102_444_800.5)).sign();
    service.get("").token(&fraction).await.succeeds(200);
});

each_engine!(a_token_is_taken_as_headers_may_spell_it, async |service: &Service| {
    let token = service.token();
    for value in [format!("bearer {token}"), format!("BEARER   {token}  ")] {
        let call = service.get("").without_token().header("authorization", &value);
        call.await.succeeds(200);
    }
});

each_engine!(graph_may_be_named_by_address_or_by_id, async |service: &Service| {
    let right = Token::of(&service.tenant());
    for audience in [
        json!("https://graph.microsoft.com"),
        json!("https://graph.microsoft.com/"),
        json!("00000003-0000-0000-c000-000000000000"),
        json!(["https://vault.azure.net", "https://graph.microsoft.com"]),
    ] {
        let token = right.clone().claim("aud", audience).sign();
        service.get("").token(&token).await.succeeds(200);
    }
});

each_engine!(a_token_that_expires_is_refused_though_it_was_verified, async |service: &Service| {
    // Within the minute that clocks may differ by, for two seconds.
    let token = Token::of(&service.tenant()).time("exp", -58).sign();
    service.get("").token(&token).await.succeeds(200);
    let late = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while service.get("").token(&token).await.status.is_success() {
        assert!(std::time::Instant::now() < late, "the token lives for ever");
    }
});
