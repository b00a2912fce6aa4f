//! Where answers are sent (RFC 6749, 3.1.2; RFC 8252, 7.3; RFC 9700, 2.1): to addresses of this
//! machine and to registered ones, and nobody is redirected anywhere else.

use crate::support::{APP_REDIRECT, CHALLENGE, Page, REDIRECT, Service};

// RFC 6749, 3.1.2.4: the server MUST NOT automatically redirect to an invalid address.
#[tokio::test]
async fn strangers_get_no_answer_not_even_of_an_error() {
    let service = Service::start().await;
    for stranger in [
        "https://evil.example/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://localhost:1@evil.example/",
        "http://evil.example\\@localhost/",
        "http://localhost\\.evil.example/",
        "//localhost/",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://localhost/#x",
        "http://localhost/\r\nset-cookie:x=y",
        "https://app.test/callback",
        "https://app.test/callback?from=muster&x=y",
        "https://app.test/callback/?from=muster",
        "https://app.test:444/callback?from=muster",
        "http://app.test/callback?from=muster",
    ] {
        let ask = service.ask().with("redirect_uri", stranger);
        for ask in [ask.clone(), ask.with("scope", "nonsense").with("prompt", "none")] {
            let answer = service.authorize(&ask).await;
            assert!(answer.shown_refusal().contains("AADSTS50011"), "{stranger}");
        }
    }
    let without = service.authorize(&service.ask().without("redirect_uri")).await;
    assert!(without.shown_refusal().contains("redirect_uri"));
}

// RFC 8252, 7.3: the server MUST allow any port of the loopback.
#[tokio::test]
async fn this_machine_may_listen_on_any_port() {
    let service = Service::start().await;
    for own in [
        "http://localhost",
        "http://localhost:1/a",
        "http://127.0.0.1:65535/",
        "http://[::1]:8400",
        "https://localhost:3000/signin-oidc",
    ] {
        let answer = service.sign_in(&service.ask().with("redirect_uri", own), "Reader").await;
        assert!(answer.location().starts_with(&format!("{own}?code=")), "{}", answer.location());
    }
}

// RFC 6749, 3.1.2: a query of the address MUST be retained.
#[tokio::test]
async fn a_registered_address_keeps_its_query() {
    let service = Service::start().await;
    let answer = service.sign_in(&service.ask().with("redirect_uri", APP_REDIRECT), "Reader").await;
    assert!(answer.location().starts_with(&format!("{APP_REDIRECT}&code=")));
}

// RFC 6749, 4.1.2.1: which client and which address come twice must not be guessed.
#[tokio::test]
async fn two_addresses_are_none() {
    let service = Service::start().await;
    for (name, value) in [("redirect_uri", "http://localhost:2/"), ("client_id", "x")] {
        let answer = service.authorize(&service.ask().and(name, value)).await;
        assert!(answer.shown_refusal().contains("more than once"), "{name}");
    }
}

// OAuth 2.0 Multiple Response Types, 2.1.
#[tokio::test]
async fn an_answer_may_travel_in_the_fragment() {
    let service = Service::start().await;
    let ask = service.ask().with("response_mode", "fragment");
    let answer = service.sign_in(&ask, "Reader").await;
    assert!(answer.location().starts_with(&format!("{REDIRECT}#code=")));
    let refused = service.authorize(&ask.with("scope", "nonsense")).await;
    assert!(refused.location().starts_with(&format!("{REDIRECT}#error=invalid_scope")));
    let unknown = service.authorize(&service.ask().with("response_mode", "nonsense")).await;
    assert_eq!(unknown.sent("error").as_deref(), Some("invalid_request"));
}

// OAuth 2.0 Form Post Response Mode, 2: as a form that the browser posts.
#[tokio::test]
async fn an_answer_may_travel_in_a_form() {
    let service = Service::start().await;
    let ask = service.ask().with("response_mode", "form_post").with("state", "\"><b>");
    let answer = service.sign_in(&ask, "Reader").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(answer.text.contains(&format!("<form method=\"post\" action=\"{REDIRECT}\">")));
    assert!(answer.text.contains("name=\"state\" value=\"&quot;&gt;&lt;b&gt;\""));
    let (_, code) = answer.text.split_once("name=\"code\" value=\"").unwrap();
    let code = code.split('"').next().unwrap();
    service.token(&service.redeem(code)).await.ok();
}

#[tokio::test]
async fn the_page_says_where_one_returns_to() {
    let service = Service::start().await;
    let page = Page::read(service.authorize(&service.ask()).await);
    assert!(page.answer.text.contains("<strong>http://localhost:49152</strong>"));
    assert!(!page.answer.text.contains(CHALLENGE), "what is asked for is sealed");
}
