//! Three processes on one database, the balancer before them, the authority that they trust, and
//! whoever calls them. Must not know what is right.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use testbed::Database;
use uuid::Uuid;

use crate::balancer::Balancer;
use crate::outside::{Authority, Key, Token, json, until};
use crate::process::Process;
use crate::support::{COLLECTION, Value};

/// How many requests are on their way in the database.
const IN_WORK: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";

/// Those among them that wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

pub(crate) struct Fleet {
    pub(crate) processes: [Process; 3],
    pub(crate) balancer: Balancer,
    pub(crate) database: Database,
    pub(crate) caller: Caller,
    authority: Authority,
    key: Key,
}

impl Fleet {
    /// Starts all three at the same time on a database that has nothing, and waits until they serve.
    pub(crate) async fn start(database: Database) -> Self {
        let key = Key::ec("k1");
        let authority = Authority::start(&[&key]).await;
        let addresses = [(); 3].map(|()| Authority::nowhere());
        let (balancer, caller) = (Balancer::start(&addresses).await, Caller::new());
        let mut options = authority.options();
        options.extend(["--public-url".to_owned(), balancer.origin()]);
        let processes = addresses.map(|it| Process::new(it, &options, database.url()));
        processes.iter().for_each(Process::spawn);
        for process in &processes {
            process.is_ready(&caller).await;
        }
        Self { processes, balancer, database, caller, authority, key }
    }

    /// Adds a tenant, as an operator does, and gives its id.
    pub(crate) fn new_tenant(&self) -> String {
        let tenant = Uuid::now_v7().to_string();
        self.processes[0].admin(&["tenant", "add", &tenant]);
        tenant
    }

    /// A token of an application that may do everything in a tenant.
    pub(crate) fn token(&self, tenant: &str) -> String {
        Token::of(&self.authority.issuer()).claim("tid", json!(tenant)).sign(&self.key)
    }

    /// The history of a tenant, as an operator reads it.
    pub(crate) fn history(&self, tenant: &str) -> Vec<Value> {
        let words = ["history", "--output", "json", "--tenant", tenant];
        serde_json::from_str(&self.processes[0].admin(&words)).unwrap()
    }

    /// Waits until nothing is on its way in the database, not even of a process that was killed.
    pub(crate) async fn settles(&self) {
        until("nothing is in work", async || self.database.query(IN_WORK) == "0").await;
    }

    /// Keeps writes of all tenants from being stored, for as long as what this gives lives.
    pub(crate) async fn hold_up(&self) -> tokio_postgres::Client {
        let url = self.database.url();
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("BEGIN; SELECT FROM tenants FOR UPDATE").await.unwrap();
        client
    }

    /// Waits until so many transactions are held up.
    pub(crate) async fn are_held_up(&self, count: usize) {
        let count = count.to_string();
        until("writes wait", async || self.database.query(WAITING) == count).await;
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null where there is none.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Whoever sends requests, each over a connection of its own.
#[derive(Clone)]
pub(crate) struct Caller(reqwest::Client);

impl Caller {
    pub(crate) fn new() -> Self {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        Self(client.timeout(Duration::from_secs(60)).build().unwrap())
    }

    pub(crate) fn request(&self, token: &str, method: Method, url: &str) -> RequestBuilder {
        self.0.request(method, url).bearer_auth(token)
    }

    pub(crate) async fn get(&self, token: &str, url: &str) -> Option<Answer> {
        send(self.request(token, Method::GET, url)).await
    }

    /// Makes a row.
    pub(crate) async fn create(&self, token: &str, origin: &str, serial: &str) -> Option<Answer> {
        let body = json!({
            "importedDeviceIdentifier": serial,
            "importedDeviceIdentityType": "serialNumber",
        });
        let request = self.request(token, Method::POST, &collection(origin));
        send(request.json(&body)).await
    }

    /// All rows from an address of the list on, page by page.
    pub(crate) async fn rows(&self, token: &str, url: &str) -> Vec<Value> {
        let (mut rows, mut next) = (Vec::new(), Some(url.to_owned()));
        while let Some(url) = next {
            let page = self.get(token, &url).await.unwrap();
            assert_eq!(page.status, 200, "{}", page.body);
            rows.extend(page.body["value"].as_array().unwrap().iter().cloned());
            next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
        }
        rows
    }
}

/// The address of the collection.
pub(crate) fn collection(origin: &str) -> String {
    format!("{origin}/beta{COLLECTION}")
}

/// Sends a request, and reads the answer. `None` where the connection was refused or ended before all
/// of it was there.
pub(crate) async fn send(request: RequestBuilder) -> Option<Answer> {
    let response = request.send().await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.ok()?;
    Some(Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}
