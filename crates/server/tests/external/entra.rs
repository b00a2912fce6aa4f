//! Entra ID, in all of Microsoft's clouds (contract, section 7): the program asks the hosts that it
//! asks in production, by their names.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Clouds, Key, Muster, NORTH, READ, READ_WRITE, SOUTH, Token, json};

/// A cloud as Microsoft documents it.
struct Cloud {
    name: &'static str,
    login: &'static str,
    /// What issuers are called, before the tenant's id: in version 1.0, and in 2.0.
    sts: &'static str,
    issuer: &'static str,
    graph: &'static str,
}

const CLOUDS: [Cloud; 4] = [
    Cloud {
        name: "global",
        login: "login.microsoftonline.com",
        sts: "https://sts.windows.net/",
        issuer: "https://login.microsoftonline.com/",
        graph: "https://graph.microsoft.com",
    },
    Cloud {
        name: "usgov",
        login: "login.microsoftonline.us",
        sts: "https://sts.windows.net/",
        issuer: "https://login.microsoftonline.us/",
        graph: "https://graph.microsoft.us",
    },
    Cloud {
        name: "usgov-dod",
        login: "login.microsoftonline.us",
        sts: "https://sts.windows.net/",
        issuer: "https://login.microsoftonline.us/",
        graph: "https://dod-graph.microsoft.us",
    },
    Cloud {
        name: "china",
        login: "login.chinacloudapi.cn",
        sts: "https://sts.chinacloudapi.cn/",
        issuer: "https://login.partner.microsoftonline.cn/",
        graph: "https://microsoftgraph.chinacloudapi.cn",
    },
];

const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const INVALID_AUDIENCE: &str = "Access token validation failure. Invalid audience.";
const INVALID_ISSUER: &str = "Access token validation failure. Invalid issuer.";
const INVALID_SIGNATURE: &str = "Access token validation failure. Invalid signature.";

impl Cloud {
    /// A service that trusts this cloud, which publishes these keys.
    async fn trusted(&self, keys: &[&Key], options: &[&str]) -> Muster {
        let data = TempDir::new().unwrap();
        let clouds = Clouds::start(data.path()).await;
        let (v1, v2) =
            (format!("{}{{tenantid}}/", self.sts), format!("{}{{tenantid}}/v2.0", self.issuer));
        clouds.publish(self.login, &v1, &v2, keys);
        let mut all = vec!["--cloud", self.name, "--authority-ca", clouds.ca_file()];
        all.extend(options);
        Muster::start_in(data, &[clouds.environment()], &all, &[NORTH, SOUTH]).await
    }

    fn v1(&self) -> Token {
        Token::v1(self.sts, NORTH, self.graph)
    }

    fn v2(&self) -> Token {
        Token::v2(self.issuer, NORTH, self.graph)
    }
}

async fn each_form_is_taken(cloud: &Cloud) {
    let key = Key::rsa("k1");
    let service = cloud.trusted(&[&key], &[]).await;
    for token in [cloud.v1(), cloud.v2()] {
        service.admits(&token.sign(&key)).await;
        service.admits(&token.clone().claim("aud", json!(GRAPH_ID)).sign(&key)).await;
        let slash = format!("{}/", cloud.graph);
        service.admits(&token.clone().claim("aud", json!(slash)).sign(&key)).await;
        service.admits(&token.sign_with_nonce(&key)).await;
    }
    for other in CLOUDS.iter().filter(|other| other.graph != cloud.graph) {
        let token = cloud.v1().claim("aud", json!(other.graph)).sign(&key);
        service.refuses(&token, 401, INVALID_AUDIENCE).await;
        if other.issuer != cloud.issuer {
            let token = Token::v2(other.issuer, NORTH, cloud.graph).sign(&key);
            service.refuses(&token, 401, INVALID_ISSUER).await;
        }
    }
    // Two clouds call their issuers of version 1.0 alike. The keys are others.
    service.refuses(&cloud.v1().sign(&Key::rsa("k2")), 401, "No trusted key").await;
    let challenged = service.list("a.b.c").await;
    let authority = format!(
        "Bearer realm=\"\", authorization_uri=\"https://{}/common/oauth2/authorize\"",
        cloud.login
    );
    assert_eq!(challenged.headers["www-authenticate"], authority);
}

#[tokio::test]
async fn tokens_of_the_global_cloud() {
    each_form_is_taken(&CLOUDS[0]).await;
}

#[tokio::test]
async fn tokens_of_the_cloud_of_the_us_government() {
    each_form_is_taken(&CLOUDS[1]).await;
}

#[tokio::test]
async fn tokens_of_the_cloud_of_the_us_department_of_defense() {
    each_form_is_taken(&CLOUDS[2]).await;
}

#[tokio::test]
async fn tokens_of_the_cloud_in_china() {
    each_form_is_taken(&CLOUDS[3]).await;
}

#[tokio::test]
async fn the_registers_tenants_decide_who_is_served() {
    let (cloud, key) = (&CLOUDS[0], Key::rsa("k1"));
    let service = cloud.trusted(&[&key], &[]).await;
    let of = |tenant| Token::v1(cloud.sts, tenant, cloud.graph).sign(&key);
    assert_eq!(service.create(&of(NORTH), "N-1").await.status, 201);
    let rows = |answer: Value| answer["value"].as_array().unwrap().len();
    assert_eq!(rows(service.list(&of(NORTH)).await.body), 1);
    assert_eq!(rows(service.list(&of(SOUTH)).await.body), 0, "another customer sees nothing");
    let elsewhere = "0b1d2c3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e";
    let not_applicable = "Request not applicable to target tenant.";
    service.refuses(&of(elsewhere), 400, not_applicable).await;
    let personal = Token::v2(cloud.issuer, PERSONAL, cloud.graph).sign(&key);
    service.refuses(&personal, 403, "Personal Microsoft accounts are not supported").await;
    let another = Token::v1(cloud.sts, SOUTH, cloud.graph).claim("tid", json!(NORTH)).sign(&key);
    service.refuses(&another, 401, INVALID_ISSUER).await;
}

#[tokio::test]
async fn the_history_names_people_and_applications_of_both_versions() {
    let (cloud, key) = (&CLOUDS[0], Key::rsa("k1"));
    let service = cloud.trusted(&[&key], &[]).await;
    let name = json!("Inventory sync");
    let token = cloud.v1().claim("app_displayname", name.clone()).sign(&key);
    assert_eq!(service.create(&token, "A-1").await.status, 201);
    let actor = &service.last_change()["actor"];
    assert_eq!((&actor["type"], &actor["appName"]), (&json!("application"), &name));
    assert_eq!(service.create(&cloud.v2().sign(&key), "A-2").await.status, 201);
    let actor = &service.last_change()["actor"];
    assert_eq!(actor["type"], "user");
    assert_eq!(actor["userName"], "person@example.com");
    assert_eq!(actor["userId"], "5f0c4f3e-somebody");
    assert_eq!(actor["appId"], "5f0c4f3e-app");
}

#[tokio::test]
async fn roles_beside_scopes_are_not_the_persons() {
    let (cloud, key) = (&CLOUDS[0], Key::rsa("k1"));
    let service = cloud.trusted(&[&key], &[]).await;
    let reader = cloud.v2().claim("scp", json!(READ)).claim("roles", json!([READ_WRITE]));
    service.admits(&reader.sign(&key)).await;
    assert_eq!(service.create(&reader.sign(&key), "A-1").await.status, 403);
    let stranger = cloud.v2().claim("scp", json!("User.Read")).claim("roles", json!([READ_WRITE]));
    service.refuses(&stranger.sign(&key), 403, "Insufficient privileges").await;
}

#[tokio::test]
async fn a_key_that_is_bound_to_one_issuer_signs_for_no_other() {
    let (cloud, ours) = (&CLOUDS[0], Key::rsa("k1"));
    let only = format!("{}{PERSONAL}/v2.0", cloud.issuer);
    let bound = Key::rsa("k2").published("issuer", json!(only));
    let service = cloud.trusted(&[&ours, &bound], &[]).await;
    service.admits(&cloud.v2().sign(&ours)).await;
    service.refuses(&cloud.v2().sign(&bound), 401, INVALID_ISSUER).await;
    let personal = Token::v2(cloud.issuer, PERSONAL, cloud.graph).sign(&bound);
    service.refuses(&personal, 403, "Personal Microsoft accounts").await;
}

#[tokio::test]
async fn a_nonce_is_signed_by_its_hash_and_not_as_it_stands() {
    let (cloud, key) = (&CLOUDS[0], Key::rsa("k1"));
    let service = cloud.trusted(&[&key], &[]).await;
    let plain = cloud.v1().head("nonce", json!("as it stands")).sign(&key);
    service.refuses(&plain, 401, INVALID_SIGNATURE).await;
}

#[tokio::test]
async fn an_audience_of_ones_own_takes_the_place_of_graph() {
    let (cloud, key) = (&CLOUDS[0], Key::rsa("k1"));
    let service = cloud.trusted(&[&key], &["--audience", "api://muster"]).await;
    let own = cloud.v2().claim("aud", json!("api://muster"));
    service.admits(&own.sign(&key)).await;
    service.refuses(&cloud.v2().sign(&key), 401, INVALID_AUDIENCE).await;
}
