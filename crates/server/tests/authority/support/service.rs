//! A service under test: the whole server in this process, on free ports of the loopback, with an
//! empty register in a directory that goes with it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use clap::Parser;
use muster::app::{Server, StartError};
use muster::auth::SigningKey;
use muster::cli::ServeArgs;
use muster::dev_keys::DevKey;
use reqwest::{Method, RequestBuilder};
use tempfile::TempDir;

use super::{Answer, DEFAULT, Form, form};

pub(crate) const DEV_TENANT: &str = "d0d0d0d0-0000-4000-8000-000000000001";
/// The public application that a register comes with.
pub(crate) const PUBLIC: &str = "d0d0d0d0-0000-4000-8000-0000000000cc";
/// An address that is registered.
pub(crate) const APP_REDIRECT: &str = "https://app.test/callback?from=muster";
const COLLECTION: &str = "/beta/deviceManagement/importedDeviceIdentities";

/// A running service.
pub(crate) struct Service {
    server: Option<Server>,
    http: reqwest::Client,
    data: TempDir,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let data = TempDir::new().unwrap();
        // Making an RSA key takes longer than most tests: all services of a run share one.
        std::fs::write(data.path().join(SigningKey::FILE), signing_key()).unwrap();
        Self::start_in(data, &[]).await
    }

    /// A service with a directory and further options of its own.
    pub(crate) async fn start_in(data: TempDir, options: &[&str]) -> Self {
        let redirects = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap();
        let server = Some(serve(data.path(), options).await.unwrap());
        Self { server, http, data }
    }

    /// Stops the service and starts it again, on other ports.
    pub(crate) async fn restart(&mut self) {
        self.restart_with(&[]).await;
    }

    /// As [`Service::restart`], with further options.
    pub(crate) async fn restart_with(&mut self, options: &[&str]) {
        self.server.take().unwrap().stop().await;
        self.server = Some(serve(self.data.path(), options).await.unwrap());
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Where the service is, without a path.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.server().addresses()[0].port())
    }

    /// What `dev.env` says.
    pub(crate) fn env(&self) -> HashMap<String, String> {
        let text = std::fs::read_to_string(self.server().dev_env()).unwrap();
        let pairs = text.lines().map(|line| line.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A request in the making. The client speaks IPv4; the host is called as browsers call it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = self.server().addresses()[0];
        let host = self.origin().replace("http://", "");
        self.http.request(method, format!("http://{address}{path}")).header("host", host)
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) fn form(&self, path: &str, form: &Form) -> RequestBuilder {
        let request = self.request(Method::POST, path);
        request.header("content-type", FORM).body(form.encoded())
    }

    pub(crate) async fn post(&self, path: &str, form: &Form) -> Answer {
        self.send(self.form(path, form)).await
    }

    /// Asks the token endpoint of the development tenant.
    pub(crate) async fn token(&self, form: &Form) -> Answer {
        self.post(&token_path(DEV_TENANT), form).await
    }

    /// The fields by which the application with a secret asks for a token of its own.
    pub(crate) fn own_token(&self) -> Form {
        let env = self.env();
        form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &env["CLIENT_ID"]),
            ("client_secret", &env["CLIENT_SECRET"]),
            ("scope", DEFAULT),
        ])
    }

    /// The status that the register answers a bearer's request with.
    pub(crate) async fn register(&self, method: Method, path: &str, bearer: &str) -> u16 {
        let request = self.request(method, &format!("{COLLECTION}{path}"));
        let request = request.bearer_auth(bearer).header("content-type", "application/json");
        request.body(BODY).send().await.unwrap().status().as_u16()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
/// Fit for a create, an import and an update.
const BODY: &str = r#"{"importedDeviceIdentifier":"1","importedDeviceIdentityType":"unknown"}"#;

/// The path of a tenant's token endpoint.
pub(crate) fn token_path(tenant: &str) -> String {
    format!("/{tenant}/oauth2/v2.0/token")
}

pub(crate) async fn serve(data: &Path, options: &[&str]) -> Result<Server, StartError> {
    let directory = data.display().to_string();
    let usual = ["muster", "--dev", "--no-sample", "--listen", "127.0.0.1:0", "--data", &directory];
    let redirect = ["--dev-redirect-uri", APP_REDIRECT];
    let given = usual.iter().chain(&redirect).chain(options);
    Server::start(&ServeArgs::try_parse_from(given).unwrap()).await
}

fn signing_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::make().unwrap())
}
