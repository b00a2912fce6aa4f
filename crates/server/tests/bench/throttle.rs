//! Limits on how often callers may call.

use std::time::{Duration, Instant};

use crate::support::{Answer, Service, Token, json, serial};

/// The seconds that a refusal has its caller wait.
fn wait_s(answer: &Answer) -> u64 {
    answer.header("retry-after").parse().unwrap()
}

each_engine!(no_limit_is_the_default, async |service: &Service| {
    for n in 0..250 {
        service.create(&serial(&format!("A-{n}"))).await;
    }
});

each_engine!(
    past_the_limit_a_caller_has_to_wait,
    ["--throttle", "3/60"],
    async |service: &Service| {
        for _ in 0..3 {
            service.get("").await.succeeds(200);
        }
        let refused = service.get("").await;
        let message = "Too many requests: 3 requests in 60 s are served to one application in this \
                   tenant. Try again after the time in Retry-After.";
        assert_eq!(refused.fails(429, "TooManyRequests"), message);
        assert!((1..=60).contains(&wait_s(&refused)), "{refused:?}");
    }
);

each_engine!(what_is_refused_is_not_done, ["--throttle", "1/60"], async |service: &Service| {
    service.create(&serial("A-1")).await;
    service.post("", &serial("A-2")).await.fails(429, "TooManyRequests");
    let other = Token::of(&service.tenant()).claim("appid", json!("another")).sign();
    let rows = service.get("").token(&other).await.succeeds(200);
    assert_eq!(rows["value"].as_array().unwrap().len(), 1, "{rows}");
});

each_engine!(who_waited_as_told_is_served, ["--throttle", "2/1"], async |service: &Service| {
    let late = Instant::now() + Duration::from_secs(60);
    for _ in 0..5 {
        let refused = loop {
            let answer = service.get("").await;
            if answer.status == 429 {
                break answer;
            }
            assert!(Instant::now() < late, "never refused");
        };
        assert_eq!(wait_s(&refused), 1);
        let told = Instant::now() + Duration::from_secs(wait_s(&refused));
        tokio::time::sleep_until(told.into()).await;
        service.get("").await.succeeds(200);
    }
});

each_engine!(
    applications_and_tenants_have_limits_of_their_own,
    ["--throttle", "1/60"],
    async |service: &Service| {
        let ours = Token::of(&service.tenant());
        let theirs = Token::of(&service.add_tenant(true).await);
        for token in [
            ours.clone(),
            ours.clone().claim("appid", json!("another")),
            theirs.clone(),
            theirs.clone().claim("appid", json!("another")),
        ] {
            service.get("").token(&token.sign()).await.succeeds(200);
            // Another token of the same application is the same caller.
            let again = token.claim("oid", json!("somebody else")).sign();
            service.get("").token(&again).await.fails(429, "TooManyRequests");
        }
    }
);

each_engine!(who_is_not_known_does_not_count, ["--throttle", "1/60"], async |service: &Service| {
    let forged = Token::of(&service.tenant()).sign_with_foreign_key();
    let reader = Token::of(&service.tenant()).roles(&[]).sign();
    for _ in 0..3 {
        service.get("").without_token().await.fails(401, "InvalidAuthenticationToken");
        service.get("").token(&forged).await.fails(401, "InvalidAuthenticationToken");
        service.get("").token(&reader).await.fails(403, "Forbidden");
        service.call(crate::support::Method::GET, "/beta").await.succeeds(200);
    }
    service.get("").await.succeeds(200);
});

each_engine!(
    intune_takes_a_hundred_writes_of_an_application,
    ["--throttle", "intune"],
    async |service: &Service| {
        let search = json!({ "importedDeviceIdentities": [serial("A-0")] });
        // A search is sent by POST, and is a write to those who count by method.
        service.post("/searchExistingIdentities", &search).await.succeeds(200);
        for n in 1..100 {
            service.create(&serial(&format!("A-{n}"))).await;
        }
        let refused = service.post("", &serial("A-100")).await;
        let message = refused.fails(429, "TooManyRequests");
        let wanted = "Too many requests: 100 writes in 20 s are served to one application in this \
                  tenant. Try again after the time in Retry-After.";
        assert_eq!(message, wanted);
        assert!((1..=20).contains(&wait_s(&refused)), "{refused:?}");
        assert_eq!(service.rows().await.len(), 99, "reading goes on");
    }
);

each_engine!(
    intune_takes_two_hundred_writes_of_a_tenant,
    ["--throttle", "intune"],
    async |service: &Service| {
        let app = |name: &str| Token::of(&service.tenant()).claim("appid", json!(name)).sign();
        for name in ["a", "b"] {
            let token = app(name);
            for n in 0..100 {
                service.post("", &serial(&format!("{name}{n}"))).token(&token).await.succeeds(201);
            }
        }
        let third = service.post("", &serial("c0")).token(&app("c")).await;
        let wanted = "Too many requests: 200 writes in 20 s are served to this tenant. Try again after \
                  the time in Retry-After.";
        assert_eq!(third.fails(429, "TooManyRequests"), wanted);
        let elsewhere =
            Token::of(&service.add_tenant(true).await).claim("appid", json!("a")).sign();
        service.post("", &serial("d0")).token(&elsewhere).await.succeeds(201);
    }
);

#[test]
fn a_rate_that_is_none_is_refused() {
    let place = crate::process::Place::new();
    for rate in ["fast", "0/1", "1/0", "5"] {
        let arguments = ["serve", "--dev", "--throttle", rate];
        let misuse = crate::process::run(place.command(&arguments)).misuse();
        assert!(misuse.contains("--throttle") && misuse.contains("10/1"), "{misuse}");
    }
}
