//! RFC 7636: proof that who redeems a code is who asked for it.

use crate::support::{CHALLENGE, Form, Page, Service, VERIFIER};

async fn refusal_of(service: &Service, ask: Form) -> Option<String> {
    let answer = service.authorize(&ask).await;
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    answer.sent("error")
}

fn invalid_request() -> Option<String> {
    Some("invalid_request".to_owned())
}

// 4.4.1: if the server requires PKCE of public clients and the request has no challenge, it MUST
// return an error with "invalid_request".
#[tokio::test]
async fn a_public_client_needs_a_challenge() {
    let service = Service::start().await;
    let ask = service.ask().without("code_challenge");
    assert_eq!(refusal_of(&service, ask.clone()).await, invalid_request());
    let neither = ask.without("code_challenge_method");
    assert_eq!(refusal_of(&service, neither).await, invalid_request());
}

// 4.3: the method defaults to "plain". 4.4.1: one that is not supported MUST be answered with
// "invalid_request".
#[tokio::test]
async fn only_s256_is_taken() {
    let service = Service::start().await;
    for method in ["plain", "s256", "S512"] {
        let ask = service.ask().with("code_challenge_method", method);
        assert_eq!(refusal_of(&service, ask).await, invalid_request(), "{method}");
    }
    let default = service.ask().without("code_challenge_method");
    assert_eq!(refusal_of(&service, default).await, invalid_request());
}

// 4.2: a challenge is the SHA-256 of the verifier in base64url.
#[tokio::test]
async fn a_challenge_has_its_form() {
    let service = Service::start().await;
    for challenge in
        ["short", &CHALLENGE[1..], &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+")]
    {
        let ask = service.ask().with("code_challenge", challenge);
        assert_eq!(refusal_of(&service, ask).await, invalid_request(), "{challenge}");
    }
}

// 4.6: if the values are not equal, an error with "invalid_grant" MUST be returned.
#[tokio::test]
async fn a_code_needs_its_verifier() {
    let service = Service::start().await;
    let other = VERIFIER.replace('d', "e");
    for verifier in [other.as_str(), CHALLENGE, "short", &"a".repeat(129), ""] {
        let code = service.code("Reader").await;
        let fields = service.redeem(&code).with("code_verifier", verifier);
        assert_eq!(
            service.token(&fields).await.refusal(),
            "400 invalid_grant 501481",
            "{verifier}"
        );
        // Whoever guesses has one guess.
        let late = service.token(&service.redeem(&code)).await;
        assert_eq!(late.refusal(), "400 invalid_grant 54005");
    }
    let code = service.code("Reader").await;
    service.token(&service.redeem(&code)).await.ok();
}

// RFC 9700, 2.1.1 and 4.8.2: a verifier for a code that was asked for without a challenge MUST be
// refused: somebody may have taken the challenge away.
#[tokio::test]
async fn a_challenge_cannot_be_taken_away() {
    let service = Service::start().await;
    let env = service.env();
    let ask = service.ask().with("client_id", &env["CLIENT_ID"]);
    let ask = ask.without("code_challenge").without("code_challenge_method");
    let redeem = |code: &str| {
        let fields = service.redeem(code).with("client_id", &env["CLIENT_ID"]);
        fields.with("client_secret", &env["CLIENT_SECRET"])
    };
    let code = service.sign_in(&ask, "Reader").await.sent("code").unwrap();
    assert_eq!(service.token(&redeem(&code)).await.refusal(), "400 invalid_grant 501481");
    let code = service.sign_in(&ask, "Reader").await.sent("code").unwrap();
    service.token(&redeem(&code).without("code_verifier")).await.ok();
}

// The challenge is sealed with the rest of the question.
#[tokio::test]
async fn the_form_cannot_bring_another_challenge() {
    let service = Service::start().await;
    let page = Page::read(service.authorize(&service.ask()).await);
    let fields = page.form(&page.button("Reader")).with("code_challenge", "x");
    let request = service.form(&page.action, &fields).header("cookie", &page.cookie);
    let code = service.send(request).await.sent("code").unwrap();
    service.token(&service.redeem(&code)).await.ok();
}
