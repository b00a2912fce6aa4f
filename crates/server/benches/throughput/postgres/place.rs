//! Where both work: a PostgreSQL of the run's own, whose log is synced to a disk, muster on it, and
//! tenants with rows.
//!
//! It must not know how anything is measured.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use testbed::{Cluster, Database};
use uuid::Uuid;

use super::Commits;
use crate::import;
use crate::load::Row;
use crate::options::Options;
use crate::support::Failure;
use crate::support::muster::{self, DATA, Muster};
use crate::support::process::family_processor_time;

/// Rows of each tenant, where there are many.
const ROWS_OF_TENANT: usize = 10;

/// The tenant whose token is in `dev.env`.
const DEV_TENANT: Uuid = Uuid::from_u128(0xd0d0_d0d0_0000_4000_8000_0000_0000_0001);

// In this order they are dropped: muster ends before the database does.
pub(super) struct Place {
    pub(super) muster: Muster,
    client: reqwest::Client,
    database: Database,
    /// The process id of the server.
    postmaster: String,
    directory: tempfile::TempDir,
    _cluster: Cluster,
}

/// Rows under load, in the order in which they are taken: neighbours are of different tenants.
pub(super) struct Tenancy {
    pub(super) tenants: usize,
    pub(super) rows: Vec<Target>,
}

/// A row, whose it is, and the token that opens it.
pub(super) struct Target {
    pub(super) tenant: Uuid,
    pub(super) id: Uuid,
    token: Arc<str>,
}

impl Place {
    /// Starts both servers. `None` where PostgreSQL is not installed, which is then said.
    pub(super) async fn start(options: &Options) -> Result<Option<Self>, Failure> {
        let Some(cluster) = Cluster::own_in(&options.directory) else { return Ok(None) };
        let cannot = |error| format!("cannot work in {}: {error}", options.directory.display());
        let directory = tempfile::tempdir_in(&options.directory).map_err(cannot)?;
        let pid = std::fs::read_to_string(cluster.directory().join("data/postmaster.pid"));
        let postmaster = pid.map_err(cannot)?.lines().next().unwrap_or_default().to_owned();
        let database = cluster.database();
        let (url, connections) = (database.url(), options.store_connections.to_string());
        let arguments = ["--no-sample", "--metrics-listen", "api", "--store", &url];
        let arguments = [&arguments[..], &["--store-connections", &connections]].concat();
        let arguments: Vec<_> = arguments.into_iter().map(AsRef::as_ref).collect();
        let muster = Muster::start(directory.path(), &arguments, muster::PATIENCE).await?;
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.map_err(|error| format!("cannot make an HTTP client: {error}"))?;
        Ok(Some(Self { muster, client, database, postmaster, directory, _cluster: cluster }))
    }

    /// All rows in one tenant.
    pub(super) async fn one_tenant(&self, options: &Options) -> Result<Tenancy, Failure> {
        let token = self.muster.token.as_str().into();
        let rows = self.fill(DEV_TENANT, &token, options.rows.get()).await?;
        Ok(Tenancy { tenants: 1, rows })
    }

    /// As many rows in tenants of a few each.
    pub(super) async fn many_tenants(&self, options: &Options) -> Result<Tenancy, Failure> {
        let tenants = options.rows.get().div_ceil(ROWS_OF_TENANT);
        // `muster admin tenant add` does the same, but one at a time.
        self.database.query(&format!(
            "INSERT INTO tenants (tenant_id, name, licensed, next_seq, last_ticks, created_ticks) \
             SELECT ('d0d0d0d0-0000-4000-8000-' || lpad(to_hex(1 + n), 12, '0'))::uuid, '', true, \
             1, 0, 0 FROM generate_series(1, {tenants}) AS n"
        ));
        let mut filled = Vec::with_capacity(tenants);
        for number in 1..=tenants {
            let tenant = Uuid::from_u128(DEV_TENANT.as_u128() + number as u128);
            let token = self.token_of(tenant)?;
            filled.push(self.fill(tenant, &token, ROWS_OF_TENANT).await?.into_iter());
        }
        let mut rows = Vec::with_capacity(options.rows.get());
        for _ in 0..ROWS_OF_TENANT {
            rows.extend(filled.iter_mut().filter_map(Iterator::next));
        }
        Ok(Tenancy { tenants, rows })
    }

    async fn fill(
        &self,
        tenant: Uuid,
        token: &Arc<str>,
        rows: usize,
    ) -> Result<Vec<Target>, Failure> {
        let ids = import::import(&self.muster, &self.client, token, 0..rows).await?;
        let row = |id: String| {
            let id = id.parse().map_err(|error| format!("muster answered the id {id}: {error}"))?;
            Ok(Target { tenant, id, token: Arc::clone(token) })
        };
        ids.into_iter().map(row).collect()
    }

    fn token_of(&self, tenant: Uuid) -> Result<Arc<str>, Failure> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(["token", "--tenant", &tenant.to_string(), "--data"]);
        command.arg(self.directory.path().join(DATA)).stdin(Stdio::null());
        let output = command.output().map_err(|error| format!("cannot start muster: {error}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout).trim().into())
        } else {
            Err(format!("muster token: {}", text(&output.stderr)))
        }
    }

    pub(super) fn url(&self) -> String {
        self.database.url()
    }

    /// Processor time of PostgreSQL so far, all its processes.
    pub(super) fn database_time(&self) -> Option<Duration> {
        family_processor_time(&self.postmaster)
    }

    /// What muster has committed, by its own count.
    pub(super) async fn commits(&self) -> Result<Commits, Failure> {
        let url = format!("http://{}/metrics", self.muster.address);
        let sent = self.client.get(&url).send().await.map_err(|error| error.to_string())?;
        let text = sent.text().await.map_err(|error| error.to_string())?;
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            let found = lines.find(|(metric, _)| *metric == name);
            found.and_then(|(_, value)| value.parse().ok())
        };
        // What was never counted is not there yet.
        let writes = value("muster_store_commit_writes_sum").unwrap_or_default();
        let transactions = value("muster_store_commit_writes_count").unwrap_or_default();
        Ok(Commits { transactions, writes })
    }

    /// What `GET` or, with a description, `PATCH` of a row answers as its description.
    pub(super) async fn described(
        &self,
        row: &Target,
        description: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        let url = format!("http://{}{}/{}", self.muster.address, muster::COLLECTION, row.id);
        let request = match description {
            None => self.client.get(&url),
            Some(text) => self.client.patch(&url).json(&serde_json::json!({ "description": text })),
        };
        let sent = request.bearer_auth(&row.token).send().await;
        let answer = sent.map_err(|error| format!("{url}: {error}"))?;
        let entity = answer.json::<serde_json::Value>().await;
        let entity = entity.map_err(|error| format!("{url}: {error}"))?;
        Ok(entity.get("description").and_then(|text| text.as_str()).map(str::to_owned))
    }

    /// Bytes on disk of the history, with its indexes, for each change of a row.
    pub(super) fn history_bytes(&self) -> f64 {
        let sql = "SELECT pg_total_relation_size('changes')::float8 / count(*) FROM changes";
        self.database.query(sql).parse().unwrap_or_default()
    }
}

impl Tenancy {
    /// The rows as muster is asked for them.
    pub(super) fn requests(&self) -> Vec<Row> {
        let row = |row: &Target| Row { id: row.id.to_string(), token: Arc::clone(&row.token) };
        self.rows.iter().map(row).collect()
    }
}
