//! `muster token`: a token and nothing else, and what each option makes of it, as the service
//! sees it.

use reqwest::Method;
use serde_json::json;
use testbed::Cluster;

use crate::support::{COLLECTION, OTHER_TENANT, Place, Server};

const READ: &str = "DeviceManagementServiceConfig.Read.All";
const READ_WRITE: &str = "DeviceManagementServiceConfig.ReadWrite.All";
const CONFIGURATION: &str = "DeviceManagementConfiguration.ReadWrite.All";

/// The statuses that a list, a create and an import get.
async fn statuses(server: &Server, token: &str) -> [u16; 3] {
    let row = json!({
        "importedDeviceIdentifier": uuid::Uuid::now_v7().to_string(),
        "importedDeviceIdentityType": "serialNumber",
    });
    let import = json!({ "importedDeviceIdentities": [row.clone()] });
    let path = format!("{COLLECTION}/importDeviceIdentityList");
    let (list, _) = server.list(token).await;
    let (create, _) = server.call(token, Method::POST, COLLECTION, Some(&row)).await;
    let (import, _) = server.call(token, Method::POST, &path, Some(&import)).await;
    [list, create.as_u16(), import.as_u16()]
}

#[test]
fn it_prints_a_token_and_nothing_else() {
    let place = Place::new();
    place.serve_empty(&[]).stop();
    let printed = place.says(&["token"]);
    let token = printed.strip_suffix('\n').unwrap();
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    assert_eq!(token.split('.').filter(|part| is_part(part)).count(), 3, "{printed}");
    assert_eq!(token.split('.').count(), 3, "{printed}");
}

#[tokio::test]
async fn without_options_it_may_do_everything_in_the_development_tenant() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    assert_eq!(statuses(&server, &place.token(&[])).await, [200, 201, 200]);
    assert_eq!(server.rows().await.len(), 1, "in the tenant of dev.env");
}

#[tokio::test]
async fn roles_and_scopes_are_what_it_may_do() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    for option in ["--role", "--scope"] {
        let cases: [(&[&str], _); 5] = [
            (&[READ], [200, 403, 403]),
            (&[READ_WRITE], [200, 201, 200]),
            (&[CONFIGURATION], [200, 201, 403]),
            (&[READ, CONFIGURATION], [200, 201, 403]),
            (&["User.Read", "openid"], [403, 403, 403]),
        ];
        for (names, expected) in cases {
            let options: Vec<&str> = names.iter().flat_map(|name| [option, *name]).collect();
            assert_eq!(statuses(&server, &place.token(&options)).await, expected, "{options:?}");
        }
    }
}

#[tokio::test]
async fn a_tenant_is_whose_rows_it_reaches() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.says(&["admin", "tenant", "add", OTHER_TENANT]);
    let token = place.token(&["--tenant", OTHER_TENANT]);
    let (status, page) = server.call(&token, Method::GET, COLLECTION, None).await;
    assert_eq!((status.as_u16(), &page["value"]), (200, &json!([])));
    let before = server.rows().await;
    assert_eq!(statuses(&server, &token).await, [200, 201, 200]);
    assert_eq!(server.rows().await, before, "the development tenant's rows are its own");
}

#[tokio::test]
async fn a_tenant_that_the_register_does_not_have_is_refused() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let token = place.token(&["--tenant", OTHER_TENANT]);
    let refused = (400, "Request not applicable to target tenant.".to_owned());
    assert_eq!(server.list(&token).await, refused);
}

#[tokio::test]
async fn a_personal_account_is_refused_whatever_its_scopes() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    for options in [&["--personal"][..], &["--personal", "--scope", READ_WRITE]] {
        let (status, message) = server.list(&place.token(options)).await;
        assert_eq!(status, 403, "{options:?}");
        assert!(message.contains("Personal Microsoft accounts"), "{message}");
    }
}

#[tokio::test]
async fn a_lifetime_may_lie_in_the_past() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let expired = (401, "Lifetime validation failed, the token is expired.".to_owned());
    for options in [&["--expires-in", "-3600"][..], &["--expires-in=-61"]] {
        assert_eq!(server.list(&place.token(options)).await, expired, "{options:?}");
    }
    assert_eq!(server.list(&place.token(&["--expires-in", "600"])).await.0, 200);
}

#[tokio::test]
async fn it_is_of_the_key_in_its_data_directory() {
    let place = Place::new();
    let server = place.serve_empty(&[]);
    let other = place.serve_empty(&["--data", "other"]);
    let token = place.token(&["--data", "other"]);
    assert_eq!(other.list(&token).await.0, 200);
    assert_eq!(server.list(&token).await.0, 401);
}

#[tokio::test]
async fn it_is_of_the_key_in_the_database_that_servers_share() {
    let Some(cluster) = Cluster::shared() else { return };
    let (place, database) = (Place::new(), cluster.database());
    let store = ["--store", &database.url()];
    // The directory has a key, which is that of another register.
    place.serve_empty(&[]).stop();
    let none = place.fails(&[&["token"][..], &store].concat());
    insta::assert_snapshot!(none, @"muster: the database has no signing key (RSA, PKCS#8 in PEM) yet: start `muster serve --dev` with it first");
    let server = place.serve_empty(&[&store[..], &["--data", "other"]].concat());
    assert_eq!(server.list(&place.token(&store)).await.0, 200);
    assert_eq!(server.list(&place.token(&[])).await.0, 401);
}

#[test]
fn without_a_key_it_says_where_one_comes_from() {
    insta::assert_snapshot!(Place::new().fails(&["token"]), @"muster: ./muster-data has no signing key (RSA, PKCS#8 in PEM) yet: start `muster serve --dev` with this data directory first, or, if the register is in PostgreSQL, say where by --store or --config");
    insta::assert_snapshot!(Place::new().fails(&["token", "--data", "elsewhere"]), @"muster: elsewhere has no signing key (RSA, PKCS#8 in PEM) yet: start `muster serve --dev` with this data directory first, or, if the register is in PostgreSQL, say where by --store or --config");
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let place = Place::new();
    let cases: [&[&str]; 4] = [
        &["token", "--role", READ, "--scope", READ],
        &["token", "--personal", "--tenant", OTHER_TENANT],
        &["token", "--tenant", "contoso"],
        &["token", "--expires-in", "soon"],
    ];
    let said = cases.map(|case| place.run(case).misuse().lines().next().unwrap().to_owned());
    insta::assert_snapshot!(said.join("\n"), @"
    error: the argument '--role <ROLE>' cannot be used with '--scope <SCOPE>'
    error: the argument '--personal' cannot be used with '--tenant <TENANT>'
    error: invalid value 'contoso' for '--tenant <TENANT>': 'contoso' is not a tenant id: give a GUID like 00000000-0000-4000-8000-000000000000
    error: invalid value 'soon' for '--expires-in <S>': invalid digit found in string
    ");
}
