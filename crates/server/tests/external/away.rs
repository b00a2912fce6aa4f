//! An authority that cannot be reached: nobody is let in on trust, and nothing has to be done when
//! it is back.

use crate::support::{AUDIENCE, Authority, Key, Muster, NORTH, Token, json, until};

const AWAY: &str = "cannot be asked for the keys that sign its tokens";

#[tokio::test]
async fn an_authority_that_is_away_at_the_start_is_waited_for() {
    let (address, key) = (Authority::nowhere(), Key::rsa("k1"));
    let issuer = format!("http://{address}");
    let options = ["--issuer", &issuer, "--audience", AUDIENCE, "--tenant", NORTH];
    let service = Muster::start(&options, &[NORTH]).await;
    let token = Token::of(&issuer).sign(&key);
    let answer = service.list(&token).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (503, &json!("ServiceUnavailable")));
    assert!(answer.message().contains(AWAY) && answer.message().contains(&issuer), "{answer:?}");
    assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    assert!(answer.headers.get("www-authenticate").is_none(), "another token would not help");
    // What is no token at all needs no authority to be refused.
    service.refuses("nonsense", 401, "JWT is not well formed").await;
    service.logs(&["WARN", "cannot be fetched", &issuer, "refused", "again_in_s"]).await;
    let _authority = Authority::start_at(address, &[&key]).await;
    until("callers are let in", async || service.list(&token).await.status == 200).await;
    service.logs(&["INFO", "keys of the issuer taken", &issuer, "keys=1"]).await;
}

#[tokio::test]
async fn no_proxy_stands_between_it_and_an_authority_of_this_machine() {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[&key]).await;
    let mut options = authority.options();
    options.extend(["--tenant", NORTH].map(str::to_owned));
    // Whoever is there would hear what is asked without TLS, and could answer with keys of its own.
    let proxy = ("http_proxy", format!("http://{}", Authority::nowhere()));
    let data = tempfile::TempDir::new().unwrap();
    let service = Muster::start_in(data, &[proxy], &options, &[NORTH]).await;
    service.admits(&Token::of(&authority.issuer()).sign(&key)).await;
}

#[tokio::test]
async fn an_authority_that_goes_away_leaves_its_keys() {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[&key]).await;
    let mut options = authority.options();
    options.extend(["--tenant", NORTH, "--key-refresh-s", "1"].map(str::to_owned));
    let service = Muster::start(&options, &[NORTH]).await;
    let token = Token::of(&authority.issuer());
    service.admits(&token.sign(&key)).await;
    let issuer = authority.issuer();
    let address = authority.stop().await;
    service.logs(&["WARN", "cannot be fetched", &issuer, "served by the keys known so far"]).await;
    service.admits(&token.clone().claim("jti", json!("not known yet")).sign(&key)).await;
    // Its newest key may be this one: nobody can tell.
    let new = Key::rsa("k2");
    service.refuses(&token.sign(&new), 503, AWAY).await;
    let _authority = Authority::start_at(address, &[&key, &new]).await;
    until("the new key is let in", async || service.list(&token.sign(&new)).await.status == 200)
        .await;
    service.admits(&token.sign(&key)).await;
}

#[tokio::test]
async fn one_authority_that_is_away_does_not_harm_another() {
    let (nowhere, key) = (Authority::nowhere(), Key::rsa("k1"));
    let (authority, away) = (Authority::start(&[&key]).await, format!("http://{nowhere}"));
    let mut options = authority.options();
    options.extend(["--issuer", &away, "--tenant", NORTH].map(str::to_owned));
    let service = Muster::start(&options, &[NORTH]).await;
    service.admits(&Token::of(&authority.issuer()).sign(&key)).await;
    service.refuses(&Token::of(&away).sign(&key), 503, AWAY).await;
    let challenges = service.list("a.b.c").await;
    let challenges: Vec<_> = challenges.headers.get_all("www-authenticate").iter().collect();
    let named = |url: String| format!("Bearer realm=\"\", authorization_uri=\"{url}\"");
    assert_eq!(challenges, [&named(authority.issuer()), &named(away)]);
}
