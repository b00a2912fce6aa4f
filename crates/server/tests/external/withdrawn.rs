//! A licence or tenant that another process withdraws while tokens live.

use std::time::{Duration, Instant};

use crate::support::{Authority, Key, Muster, NORTH, SOUTH, Token, until};

/// Has another process do something, after which no call that begins a second later is served.
async fn refused_within_a_second(words: &[&str]) {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[&key]).await;
    let mut options = authority.options();
    options.extend(["--tenant", NORTH].map(str::to_owned));
    let service = Muster::start(&options, &[NORTH, SOUTH]).await;
    let token = Token::of(&authority.issuer()).sign(&key);
    service.admits(&token).await;
    service.admin(words);
    let withdrawn = Instant::now();
    until("the caller is refused", async || {
        let began = withdrawn.elapsed();
        let answer = service.list(&token).await;
        let is_served = answer.status == 200;
        assert!(!is_served || began < Duration::from_secs(1), "served after {began:?}");
        !is_served
    })
    .await;
    service.refuses(&token, 400, "Request not applicable to target tenant.").await;
    assert_eq!(service.create(&token, "A-1").await.status, 400);
}

#[tokio::test]
async fn a_licence_that_is_withdrawn() {
    refused_within_a_second(&["tenant", "unlicense", NORTH]).await;
}

#[tokio::test]
async fn a_tenant_that_is_removed() {
    refused_within_a_second(&["tenant", "remove", NORTH]).await;
}
