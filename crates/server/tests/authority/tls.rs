//! The same over TLS, where Microsoft's libraries insist on it.

use std::sync::Arc;

use http::Method;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::{DEV_TENANT, Service};

/// Sends a request over TLS, trusting the authority that `dev.env` names, and gives what comes.
async fn send(service: &Service, method: &Method, path: &str, body: &str) -> String {
    let env = service.env();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&env["CA_FILE"]).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let host = env["AUTHORITY"].replace("https://", "");
    let port: u16 = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: \
         {length}\r\ncontent-type: application/x-www-form-urlencoded\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The server may end the connection without the farewell of TLS.
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8(answer).unwrap()
}

fn json(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn addresses_follow_the_origin_that_was_called() {
    let service = Service::start().await;
    let authority = service.env()["AUTHORITY"].clone();
    let path = format!("/{DEV_TENANT}/v2.0/.well-known/openid-configuration");
    let found = json(&send(&service, &Method::GET, &path, "").await);
    assert_eq!(found["issuer"], format!("{authority}/{DEV_TENANT}/v2.0"));
    assert!(found["token_endpoint"].as_str().unwrap().starts_with(&authority));
}

#[tokio::test]
async fn a_token_is_given_over_tls() {
    let service = Service::start().await;
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/token");
    let answer = send(&service, &Method::POST, &path, &service.own_token().encoded()).await;
    // A browser that heeded it would reach no other service of this machine without TLS.
    assert!(!answer.contains("strict-transport-security"), "{answer}");
    let tokens = json(&answer);
    let bearer = tokens["access_token"].as_str().unwrap();
    assert_eq!(service.register(Method::GET, "", bearer).await, 200);
}

// RFC 6265bis, 4.1.3.2: no other host and no plain page can set a cookie of this name.
#[tokio::test]
async fn the_cookie_is_secure() {
    let service = Service::start().await;
    let path = format!("/{DEV_TENANT}/oauth2/v2.0/authorize?{}", service.ask().encoded());
    let answer = send(&service, &Method::GET, &path, "").await;
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie: ")).unwrap();
    assert!(cookie.starts_with("set-cookie: __Host-muster-sign-in="), "{cookie}");
    assert!(cookie.contains("; Secure") && cookie.contains("; Path=/"), "{cookie}");
}
