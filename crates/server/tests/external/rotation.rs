//! Keys come and go while callers call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{Authority, Key, Muster, NORTH, Token, json, until};

/// A service that asks for keys again every second, or as seldom as can be.
async fn trusting(authority: &Authority, refresh_s: &str) -> Muster {
    let mut options = authority.options();
    options.extend(["--tenant", NORTH, "--key-refresh-s", refresh_s].map(str::to_owned));
    Muster::start(&options, &[NORTH]).await
}

#[tokio::test]
async fn no_caller_notices_that_keys_are_rotated() {
    let (old, new) = (Key::rsa("old"), Key::ec("new"));
    let authority = Authority::start(&[&old]).await;
    let service = Arc::new(trusting(&authority, "43200").await);
    let signing = Arc::new(Mutex::new(old.clone()));
    let is_over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let (service, signing, is_over) = (service.clone(), signing.clone(), is_over.clone());
            let issuer = authority.issuer();
            tokio::spawn(async move {
                let mut calls = 0;
                while !is_over.load(Ordering::Relaxed) {
                    // A token for each call: none is known already.
                    let jti = json!(format!("{caller} {calls}"));
                    let key = signing.lock().unwrap().clone();
                    service.admits(&Token::of(&issuer).claim("jti", jti).sign(&key)).await;
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    let before = Token::of(&authority.issuer()).sign(&old);
    service.admits(&before).await;
    // First it is published, then it signs.
    authority.publish_keys(&[&old, &new]);
    *signing.lock().unwrap() = new.clone();
    until("the new key has been asked for", async || authority.asked_for("/keys") > 1).await;
    for n in 0..20 {
        let token = Token::of(&authority.issuer()).claim("jti", json!(n)).sign(&new);
        service.admits(&token).await;
    }
    service.admits(&before).await;
    is_over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.unwrap() > 0);
    }
    assert_eq!(authority.asked_for("/keys"), 2, "all wait for one answer");
}

#[tokio::test]
async fn what_a_withdrawn_key_has_verified_goes_with_it() {
    let (stays, goes) = (Key::rsa("stays"), Key::rsa("goes"));
    let authority = Authority::start(&[&stays, &goes]).await;
    let service = trusting(&authority, "1").await;
    let issuer = authority.issuer();
    let (good, gone) = (Token::of(&issuer).sign(&stays), Token::of(&issuer).sign(&goes));
    service.admits(&good).await;
    service.admits(&gone).await;
    authority.publish_keys(&[&stays]);
    until("the key is withdrawn", async || service.list(&gone).await.status == 401).await;
    service.refuses(&gone, 401, "No trusted key has the id in 'kid'.").await;
    service.admits(&good).await;
    // Another key under the name of the one before is another key.
    authority.publish_keys(&[&Key::rsa("stays")]);
    until("the key is exchanged", async || service.list(&good).await.status == 401).await;
    service.refuses(&good, 401, "Invalid signature.").await;
    service.logs(&["keys of the issuer taken", &issuer]).await;
}
