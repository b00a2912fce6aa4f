//! muster as its users run it: `serve --dev` on an empty directory, with its default log level.
//!
//! It must not know muster's insides: what it needs it reads from `dev.env` and asks for over HTTP.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::entity::{self, COLLECTION};
use crate::process::{Process, log_tail};

/// Tries, and the wait between two: muster has 20 seconds to get ready.
const TRIES: u32 = 400;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Rows in one call of the import action.
const ROWS_PER_IMPORT: usize = 1_000;

/// A running muster that holds no row yet.
pub(crate) struct Muster {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) log: PathBuf,
}

impl Muster {
    /// Starts it with its data and log under `directory`, and waits until it answers.
    pub(crate) async fn start(directory: &Path) -> Result<Self, Failure> {
        let (data, log) = (directory.join("muster-data"), directory.join("muster.log"));
        let mut process = Process::start(&mut command(directory, &data, &log)?)?;
        let settings = data.join("dev.env");
        for _ in 0..TRIES {
            if let Some(status) = process.ended() {
                return Err(format!("muster ended ({status}) while starting.{}", log_tail(&log)));
            }
            if let Some((base_url, token)) = read_settings(&settings) {
                let address = address(&base_url)?;
                if tokio::net::TcpStream::connect(address).await.is_ok() {
                    return Ok(Self { process, address, token, log });
                }
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        let patience = BETWEEN_TRIES * TRIES;
        Err(format!(
            "muster did not answer within {patience:?}; it was to write {} and to listen at its \
             BASE_URL.{}",
            settings.display(),
            log_tail(&log)
        ))
    }

    /// Imports the pool of rows and gives their ids, in order.
    pub(crate) async fn import(
        &self,
        client: &reqwest::Client,
        rows: usize,
    ) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::with_capacity(rows);
        while ids.len() < rows {
            let from = ids.len();
            let to = rows.min(from + ROWS_PER_IMPORT);
            let answer = self.import_call(client, &Import::of(from..to)).await;
            let imported = answer.map_err(|error| {
                format!("cannot import rows {from} to {to}: {error}.{}", log_tail(&self.log))
            })?;
            if imported.value.len() != to - from {
                let count = imported.value.len();
                return Err(format!("muster answered {count} results for rows {from} to {to}"));
            }
            ids.extend(imported.value.into_iter().map(|row| row.id));
        }
        Ok(ids)
    }

    async fn import_call(
        &self,
        client: &reqwest::Client,
        body: &Import,
    ) -> Result<Imported, Failure> {
        let url = format!("http://{}{COLLECTION}/importDeviceIdentityList", self.address);
        let sent = client.post(url).bearer_auth(&self.token).json(body).send().await;
        let response = sent.map_err(|error| error.to_string())?;
        let status = response.status();
        let text = response.text().await.map_err(|error| error.to_string())?;
        if status != http::StatusCode::OK {
            return Err(format!("{status} {text}"));
        }
        serde_json::from_str(&text).map_err(|error| format!("{error} in {text}"))
    }
}

/// Both outputs go to a file: logging is a part of what muster costs.
fn command(directory: &Path, data: &Path, log: &Path) -> Result<Command, Failure> {
    let cannot = |error| format!("cannot create {}: {error}", log.display());
    let errors = File::create(log).map_err(cannot)?;
    let output = errors.try_clone().map_err(cannot)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    // Nothing but the line above decides how muster runs: no settings of whoever measures.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MUSTER_") {
            command.env_remove(name);
        }
    }
    command.current_dir(directory).stdin(Stdio::null()).stdout(output).stderr(errors);
    Ok(command)
}

/// `BASE_URL` and `TOKEN`, as soon as both are there.
fn read_settings(path: &Path) -> Option<(String, String)> {
    let text = std::fs::read_to_string(path).ok().filter(|text| text.ends_with('\n'))?;
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    };
    Some((value("BASE_URL")?, value("TOKEN")?))
}

fn address(base_url: &str) -> Result<SocketAddr, Failure> {
    base_url
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_suffix("/beta"))
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| format!("wanted a BASE_URL like http://127.0.0.1:8080/beta, got {base_url}"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Import {
    imported_device_identities: Vec<NewIdentity>,
    overwrite_imported_device_identities: bool,
}

impl Import {
    fn of(rows: std::ops::Range<usize>) -> Self {
        let identities = rows.map(|row| NewIdentity {
            imported_device_identifier: entity::identifier(row),
            imported_device_identity_type: "serialNumber",
        });
        Self {
            imported_device_identities: identities.collect(),
            overwrite_imported_device_identities: false,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewIdentity {
    imported_device_identifier: String,
    imported_device_identity_type: &'static str,
}

#[derive(Deserialize)]
struct Imported {
    value: Vec<ImportedRow>,
}

#[derive(Deserialize)]
struct ImportedRow {
    id: String,
}
