//! A real OpenID provider, which this project did not write (the npm package oidc-provider): what
//! it issues is let in, whatever it signs with, and its keys may change.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Muster, NORTH, READ, READ_WRITE, json};

/// The directory `node_modules` with the package. What is missing is said, or is a failure.
const MODULES: &str = "MUSTER_TEST_NODE_MODULES";
const AUDIENCE: &str = "https://muster.example.com";
/// How long node may take to say something.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running provider. It ends with this value.
struct Provider {
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::Receiver<String>,
    issuer: String,
    http: reqwest::Client,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Provider {
    /// None where the package is not there.
    fn start() -> Option<Self> {
        let modules = std::env::var(MODULES).unwrap_or_default();
        if !Path::new(&modules).join("oidc-provider").exists() {
            let missing = format!("not tested: {MODULES} leads to no oidc-provider");
            assert!(std::env::var_os("MUSTER_TEST_REQUIRE").is_none(), "{missing}");
            println!("{missing}");
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/external/provider.mjs");
        let mut command = Command::new("node");
        command.args([script, &modules]).stdin(Stdio::piped()).stdout(Stdio::piped());
        // It warns of what suits a test and no operator.
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (said, lines) = mpsc::channel();
        std::thread::spawn(move || {
            BufReader::new(stdout)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| said.send(line))
        });
        let issuer = lines.recv_timeout(PATIENCE).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Some(Self { child, stdin, lines, issuer, http })
    }

    /// Has it sign with other keys from now on, and publish those alone.
    fn rotate(&mut self) {
        self.stdin.write_all(b"rotate\n").unwrap();
        assert_eq!(self.lines.recv_timeout(PATIENCE).unwrap(), "rotated");
    }

    /// An access token for a client that acts for itself (RFC 6749, 4.4; RFC 8707).
    async fn token(&self, client: &str, resource: &str, scope: &str) -> String {
        let body = format!("grant_type=client_credentials&resource={resource}&scope={scope}");
        let request = self
            .http
            .post(format!("{}/token", self.issuer))
            .basic_auth(client, Some(format!("secret%20of%20{client}")))
            .header("content-type", "application/x-www-form-urlencoded");
        let answer: Value = request.body(body).send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    async fn trusted(&self, options: &[&str]) -> Muster {
        let authority = ["--issuer", &self.issuer, "--audience", AUDIENCE];
        Muster::start(&[&authority, options].concat(), &[NORTH]).await
    }
}

#[tokio::test]
async fn scopes_that_it_grants_are_permissions_whatever_it_signs_with() {
    let Some(provider) = Provider::start() else { return };
    let service = provider.trusted(&["--tenant", NORTH]).await;
    for algorithm in ["rs256", "ps256", "es256"] {
        let client = format!("batch-{algorithm}");
        let writer = provider.token(&client, AUDIENCE, READ_WRITE).await;
        assert_eq!(service.create(&writer, algorithm).await.status, 201);
        let actor = &service.last_change()["actor"];
        assert_eq!((&actor["type"], &actor["appId"]), (&json!("application"), &json!(client)));
        let reader = provider.token(&client, AUDIENCE, READ).await;
        service.admits(&reader).await;
        assert_eq!(service.create(&reader, "no").await.status, 403);
        let stranger = provider.token(&client, AUDIENCE, "").await;
        service.refuses(&stranger, 403, "Insufficient privileges").await;
        let other = provider.token(&client, "https://other.example.com", READ_WRITE).await;
        service.refuses(&other, 401, "Invalid audience.").await;
    }
}

#[tokio::test]
async fn claims_that_it_was_told_to_add_are_found() {
    let Some(provider) = Provider::start() else { return };
    let names = ["--claim-tenant", "customer.id", "--claim-roles", "realm_access.roles"];
    let service = provider.trusted(&names).await;
    let token = provider.token("roles-rs256", AUDIENCE, "").await;
    assert_eq!(service.create(&token, "A-1").await.status, 201);
    assert_eq!(service.last_change()["tenantId"], NORTH);
    let nowhere = provider.token("batch-rs256", AUDIENCE, READ_WRITE).await;
    service.refuses(&nowhere, 401, "The claim 'customer.id' is missing").await;
}

#[tokio::test]
async fn its_keys_may_change() {
    let Some(mut provider) = Provider::start() else { return };
    let service = provider.trusted(&["--tenant", NORTH]).await;
    let before = provider.token("batch-rs256", AUDIENCE, READ).await;
    service.admits(&before).await;
    provider.rotate();
    let after = provider.token("batch-es256", AUDIENCE, READ).await;
    service.admits(&after).await;
    service.refuses(&before, 401, "No trusted key has the id in 'kid'.").await;
}
