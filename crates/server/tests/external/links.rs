//! Links in answers, of a service that is called from elsewhere.

use reqwest::Method;

use crate::support::{Authority, Key, Muster, NORTH, Token, send};

/// Where links lead for somebody who calls by this host.
async fn link(service: &Muster, token: &str, host: Option<&str>) -> String {
    let mut request = service.request(Method::GET, "?$top=1").bearer_auth(token);
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let answer = send(request).await;
    let link = answer.body["@odata.nextLink"].as_str().unwrap_or_else(|| panic!("{answer:?}"));
    let context = answer.body["@odata.context"].as_str().unwrap();
    let (origin, _) = link.split_once("/beta/").unwrap();
    assert!(context.starts_with(&format!("{origin}/beta/$metadata#")), "{context}");
    origin.to_owned()
}

#[tokio::test]
async fn links_follow_the_hosts_that_are_known_and_no_other() {
    let key = Key::rsa("k1");
    let authority = Authority::start(&[&key]).await;
    let mut options = authority.options();
    options.extend(["--tenant", NORTH].map(str::to_owned));
    options.extend(["--public-url", "https://muster.example.com/"].map(str::to_owned));
    options.extend(["--allowed-host", "inner.example.com:8080"].map(str::to_owned));
    let service = Muster::start(&options, &[NORTH]).await;
    let token = Token::of(&authority.issuer()).sign(&key);
    for serial in ["A-1", "A-2"] {
        assert_eq!(service.create(&token, serial).await.status, 201);
    }
    let public = "https://muster.example.com";
    // TLS ends before the service: the scheme is that of its address.
    assert_eq!(link(&service, &token, Some("muster.example.com")).await, public);
    assert_eq!(link(&service, &token, Some("evil.example")).await, public);
    let inner = "inner.example.com:8080";
    assert_eq!(link(&service, &token, Some(inner)).await, format!("http://{inner}"));
    assert_eq!(link(&service, &token, None).await, service.origin());
}
