//! Several services on one database: what one of them issued, every one takes, but for what lives only
//! while a person signs in.

use std::fs;
use std::path::Path;

use reqwest::Method;
use tempfile::TempDir;
use testbed::{Cluster, Database};

use crate::refresh::renew;
use crate::support::{READ, Service, serve};

const KEY_FILES: [&str; 2] = ["dev-signing-key.pem", "dev-app.json"];

struct Shared(Database);

impl Shared {
    fn new() -> Option<Self> {
        Cluster::shared().map(|cluster| Self(cluster.database()))
    }

    async fn service(&self) -> Service {
        let options = ["--store", &self.0.url(), "--store-connections", "4"];
        Service::start_in(TempDir::new().unwrap(), &options).await
    }

    /// Why a service does not start.
    async fn refuses(&self, data: &TempDir) -> String {
        serve(data.path(), &["--store", &self.0.url()]).await.unwrap_err().to_string()
    }

    /// Two services that begin at the same time, with nothing.
    async fn two(&self) -> [Service; 2] {
        let (one, other) = tokio::join!(self.service(), self.service());
        [one, other]
    }
}

/// What the files of a data directory hold.
fn files(data: &Path) -> [Option<Vec<u8>>; 2] {
    KEY_FILES.map(|file| fs::read(data.join(file)).ok())
}

async fn is_taken(service: &Service, bearer: &str) -> bool {
    service.register(Method::GET, "", bearer).await == 200
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_and_the_secret_of_one_are_good_at_the_other() {
    let Some(shared) = Shared::new() else { return };
    let services = shared.two().await;
    for (one, other) in [(0, 1), (1, 0)] {
        let (one, other) = (&services[one], &services[other]);
        assert!(is_taken(other, &one.env()["TOKEN"]).await);
        let issued = other.token(&one.own_token()).await.ok();
        assert!(is_taken(one, issued["access_token"].as_str().unwrap()).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signed_in_at_one_stays_signed_in_at_the_other() {
    let Some(shared) = Shared::new() else { return };
    let [one, other] = shared.two().await;
    let tokens = one.tokens("Reader", &format!("openid offline_access {READ}")).await;
    let renewed = other.token(&renew(&tokens)).await.ok();
    assert!(is_taken(&one, renewed["access_token"].as_str().unwrap()).await);
    // A sign-in itself begins and ends at one service.
    let code = one.code("Reader").await;
    let elsewhere = other.token(&other.redeem(&code)).await;
    assert_eq!(elsewhere.refusal(), "400 invalid_grant 70008");
    one.token(&one.redeem(&code)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_brings_its_keys_and_nobody_loses_theirs() {
    let Some(shared) = Shared::new() else { return };
    let options = ["--store", &shared.0.url()];
    let own = |data| Service::start_in(data, &[]);
    let (mut first, mut second) =
        (own(TempDir::new().unwrap()).await, own(TempDir::new().unwrap()).await);
    let before = [files(first.data()), files(second.data())];
    let [first_env, second_env] = [first.env(), second.env()];
    first.restart_with(&options).await;
    second.restart_with(&options).await;
    for service in [&first, &second] {
        assert!(is_taken(service, &first_env["TOKEN"]).await);
        assert_eq!(service.env()["CLIENT_SECRET"], first_env["CLIENT_SECRET"]);
    }
    assert!(!is_taken(&first, &second_env["TOKEN"]).await);
    // Back in its own database, the second is as it was.
    second.restart().await;
    assert!(is_taken(&second, &second_env["TOKEN"]).await);
    assert_eq!(second.env()["CLIENT_SECRET"], second_env["CLIENT_SECRET"]);
    assert_eq!([files(first.data()), files(second.data())], before);
    // A directory without keys gets none.
    let third = shared.service().await;
    assert_eq!(files(third.data()), [None, None]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_key_in_the_database_is_not_taken() {
    let Some(shared) = Shared::new() else { return };
    drop(shared.service().await);
    for (setting, name) in [
        ("dev_signing_key", "signing key (RSA, PKCS#8 in PEM)"),
        ("dev_app", "application of --dev in JSON"),
    ] {
        shared.0.query(&format!("UPDATE settings SET value = 'x' WHERE name = '{setting}'"));
        let refused = format!(
            "the database holds no {name} in the row '{setting}' of its table settings: stop all \
             servers that share it and remove that row; the first to start again brings what its \
             data directory has, or makes a new one"
        );
        assert_eq!(shared.refuses(&TempDir::new().unwrap()).await, refused);
        // What the message proposes helps.
        shared.0.query(&format!("DELETE FROM settings WHERE name = '{setting}'"));
        drop(shared.service().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_key_in_the_data_directory_is_not_brought() {
    let Some(shared) = Shared::new() else { return };
    let data = TempDir::new().unwrap();
    for file in KEY_FILES {
        let path = data.path().join(file);
        fs::write(&path, "nothing").unwrap();
        let refused = shared.refuses(&data).await;
        assert!(refused.starts_with(&path.display().to_string()), "{refused}");
        assert!(refused.ends_with("remove it to have a new one made"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "nothing");
        fs::remove_file(&path).unwrap();
    }
    let mut service = Service::start_in(data, &["--store", &shared.0.url()]).await;
    // Once the database has a key, nobody looks at files.
    for file in KEY_FILES {
        fs::write(service.data().join(file), "nothing").unwrap();
    }
    service.restart_with(&["--store", &shared.0.url()]).await;
    assert!(is_taken(&service, &service.env()["TOKEN"]).await);
}
