//! What a start leaves in the data directory, and keeps.

use std::os::unix::fs::PermissionsExt;

use clap::Parser;
use muster::cli::ServeArgs;

use crate::support::{PUBLIC, Service, serve};

#[tokio::test]
async fn scripts_find_what_they_sign_in_with() {
    let service = Service::start().await;
    let env = service.env();
    let authority = &env["AUTHORITY"];
    assert_eq!(authority, &service.server().tls_origin().unwrap());
    assert!(env["TLS_BASE_URL"].starts_with(authority));
    assert_eq!(env["PUBLIC_CLIENT_ID"], PUBLIC);
    for (name, value) in &env {
        assert!(!value.contains(['\'', '"', ' ', '$', '`', '\\']), "{name} needs quotes: {value}");
    }
}

#[tokio::test]
async fn id_and_secret_are_made_once_for_their_owner_alone() {
    let mut service = Service::start().await;
    let first = service.env();
    service.restart().await;
    let second = service.env();
    for name in ["CLIENT_ID", "CLIENT_SECRET"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    let other = Service::start().await.env();
    assert_ne!(first["CLIENT_ID"], other["CLIENT_ID"]);
    assert_ne!(first["CLIENT_SECRET"], other["CLIENT_SECRET"]);
    for file in ["dev.env", "dev-app.json"] {
        let mode = std::fs::metadata(service.data().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn what_is_no_application_is_not_replaced() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("dev-app.json");
    for content in ["", "{}", r#"{"client_id":"x","client_secret":"x","sealing_key":"x"}"#] {
        std::fs::write(&file, content).unwrap();
        let refused = serve(data.path(), &[]).await.unwrap_err().to_string();
        let wanted = "holds no application of --dev in JSON: remove it to have a new one made";
        assert_eq!(refused, format!("{} {wanted}", file.display()));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
    }
    // What the message proposes helps.
    std::fs::remove_file(&file).unwrap();
    serve(data.path(), &[]).await.unwrap().stop().await;
}

#[tokio::test]
async fn the_secret_is_in_no_page_and_no_metadata() {
    let service = Service::start().await;
    let secret = service.env()["CLIENT_SECRET"].clone();
    let wrong = service.own_token().with("client_secret", "wrong");
    for answer in [
        service.token(&wrong).await,
        service.token(&service.own_token()).await,
        service.get("/common/v2.0/.well-known/openid-configuration").await,
        service.authorize(&service.ask()).await,
    ] {
        assert!(!answer.text.contains(&secret));
    }
}

#[test]
fn what_is_no_address_cannot_be_registered() {
    let parse = |uri| ServeArgs::try_parse_from(["muster", "--dev", "--dev-redirect-uri", uri]);
    assert!(parse("https://app.test/callback").is_ok());
    for wrong in ["app.test", "javascript:alert(1)", "https://app.test/#x", "https://a b/", "*"] {
        let error = parse(wrong).unwrap_err().to_string();
        assert!(error.contains("without a fragment"), "{wrong}: {error}");
    }
}
