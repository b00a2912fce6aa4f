//! A service under test: the whole server in this process, on a free port of the loopback, with
//! an empty register in a directory that goes with it.

use std::net::SocketAddr;

use clap::Parser;
use muster::app::Server;
use muster::cli::ServeArgs;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::engine::{Engine, Held, Register};
use super::token::{Token, signing_key};
use super::{Call, text};

/// The collection, as the contract spells it.
pub(crate) const COLLECTION: &str = "/beta/deviceManagement/importedDeviceIdentities";

/// A running service. Its calls carry a token of the development tenant that may do everything,
/// unless the test says otherwise.
pub(crate) struct Service {
    server: Server,
    http: reqwest::Client,
    token: String,
    data: TempDir,
    register: Register,
}

/// Runs one test with a service of its own, where the engine is installed.
pub(crate) async fn run(engine: Engine, options: &[&str], test: impl AsyncFnOnce(&Service)) {
    let Some(service) = Service::start(engine, options).await else { return };
    test(&service).await;
    service.server.stop().await;
}

impl Service {
    async fn start(engine: Engine, options: &[&str]) -> Option<Self> {
        let data = TempDir::new().unwrap();
        // Making an RSA key takes longer than most tests: all services of a run share one.
        std::fs::write(data.path().join("dev-signing-key.pem"), signing_key()).unwrap();
        let register = engine.register(data.path()).await?;
        let store = register.url();
        let directory = data.path().display().to_string();
        let given = ["muster", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];
        let place = ["--data", &directory, "--store", &store];
        let args = given.iter().chain(&place).chain(options);
        let args = ServeArgs::try_parse_from(args).unwrap();
        let server = Server::start(&args).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let token = Token::of(&server.tenant().to_string()).sign();
        Some(Self { server, http, token, data, register })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    /// The address under TLS.
    pub(crate) fn tls_origin(&self) -> String {
        self.server.tls_origin().unwrap()
    }

    pub(crate) fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// The development tenant.
    pub(crate) fn tenant(&self) -> String {
        self.server.tenant().to_string()
    }

    /// A token of the development tenant that may do everything.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Adds a tenant, and gives its id.
    pub(crate) async fn add_tenant(&self, licensed: bool) -> String {
        let tenant = Uuid::now_v7().to_string();
        let id = tenant.parse().unwrap();
        assert!(self.server.store().add_tenant(id, "Another", licensed).await.unwrap());
        tenant
    }

    /// Gives or withdraws the licence of a tenant.
    pub(crate) async fn set_licence(&self, tenant: &str, licensed: bool) {
        let store = self.server.store();
        assert!(store.set_licence(tenant.parse().unwrap(), licensed).await.unwrap());
    }

    /// Keeps the service from storing anything for as long as what this gives lives: one write is
    /// begun at most, and the others wait for it.
    pub(crate) async fn hold_up(&self) -> Held {
        self.register.hold_up().await
    }

    /// How many writes wait to be begun.
    pub(crate) fn waiting_writes(&self) -> usize {
        self.server.store().load().waiting_writes
    }

    /// How many rows are being written or wait for that.
    pub(crate) fn waiting_rows(&self) -> usize {
        self.server.store().load().waiting_rows
    }

    /// The history of a tenant.
    pub(crate) async fn history(&self, tenant: &str) -> Vec<store::Change> {
        let filter =
            store::HistoryFilter { tenant: Some(tenant.parse().unwrap()), ..Default::default() };
        self.server.store().history(&filter, None, usize::MAX).await.unwrap()
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// A request to any path.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        self.follow(method, &self.url(path))
    }

    /// A request to an address that an answer gave.
    pub(crate) fn follow(&self, method: Method, url: &str) -> Call {
        Call::new(self.http.request(method, url), &self.token)
    }

    /// `GET` below the collection.
    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, &format!("{COLLECTION}{path}"))
    }

    /// `POST` below the collection.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, &format!("{COLLECTION}{path}")).json(body)
    }

    /// `PATCH` below the collection.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PATCH, &format!("{COLLECTION}{path}")).json(body)
    }

    /// `DELETE` below the collection.
    pub(crate) fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, &format!("{COLLECTION}{path}"))
    }

    /// Makes a row, and gives it as the service answered.
    pub(crate) async fn create(&self, body: &Value) -> Value {
        self.post("", body).await.succeeds(201)
    }

    /// Imports rows without overwriting, and gives the results.
    pub(crate) async fn import(&self, rows: &[Value]) -> Vec<Value> {
        let body = super::import(rows, false);
        values(self.post("/importDeviceIdentityList", &body).await.succeeds(200))
    }

    /// Finds rows.
    pub(crate) async fn search(&self, rows: &[Value]) -> Vec<Value> {
        let body = serde_json::json!({ "importedDeviceIdentities": rows });
        values(self.post("/searchExistingIdentities", &body).await.succeeds(200))
    }

    /// Imports `count` rows with serial numbers that count up from 0.
    pub(crate) async fn fill(&self, count: usize) {
        let rows: Vec<Value> = (0..count).map(|n| super::serial(&format!("{n:05}"))).collect();
        assert_eq!(self.import(&rows).await.len(), count);
    }

    /// All rows, page by page.
    pub(crate) async fn rows(&self) -> Vec<Value> {
        let mut url = self.url(&format!("{COLLECTION}?$top=1000"));
        let mut rows = Vec::new();
        loop {
            let page = self.follow(Method::GET, &url).await.succeeds(200);
            rows.extend(page["value"].as_array().unwrap().iter().cloned());
            match page.get("@odata.nextLink") {
                None => return rows,
                Some(link) => url = link.as_str().unwrap().to_owned(),
            }
        }
    }

    /// The identifiers of all rows, in the order of the list.
    pub(crate) async fn identifiers(&self) -> Vec<String> {
        identifiers(&self.rows().await)
    }
}

/// The rows of a collection.
pub(crate) fn values(mut collection: Value) -> Vec<Value> {
    match collection["value"].take() {
        Value::Array(rows) => rows,
        other => panic!("'value' is {other}"),
    }
}

/// The identifiers of rows.
pub(crate) fn identifiers(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(row, "importedDeviceIdentifier").to_owned()).collect()
}
