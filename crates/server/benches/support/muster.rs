//! muster as its users run it: `serve --dev` on a directory, with its default log level.
//!
//! It must not know muster's insides: what it needs it reads from `dev.env` and asks for over HTTP.

use std::ffi::OsStr;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Failure;
use super::process::{Process, log_tail};

/// Where muster has its rows.
pub(crate) const COLLECTION: &str = "/beta/deviceManagement/importedDeviceIdentities";

/// The folder of its data in the directory it is started in.
pub(crate) const DATA: &str = "muster-data";

/// How long muster may take to get ready without a seed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The wait between two looks at whether it is ready.
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// A running muster.
pub(crate) struct Muster {
    pub(crate) process: Arc<Process>,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) log: PathBuf,
}

impl Muster {
    /// Starts it with its data and log under `directory`, an absolute path, and these arguments, and
    /// waits until it answers, which it does when it has stored a seed.
    pub(crate) async fn start(
        directory: &Path,
        arguments: &[&OsStr],
        patience: Duration,
    ) -> Result<Self, Failure> {
        let (data, log) = (directory.join(DATA), directory.join("muster.log"));
        let settings = data.join("dev.env");
        // A muster that was killed has left its own. What cannot be removed is not there.
        let _ = std::fs::remove_file(&settings);
        let mut command = command(directory, &data, &log)?;
        let mut process = Process::start(command.args(arguments))?;
        let began = Instant::now();
        while began.elapsed() < patience {
            if let Some(status) = process.ended() {
                return Err(format!("muster ended ({status}) while starting.{}", log_tail(&log)));
            }
            if let Some((base_url, token)) = read_settings(&settings) {
                let address = address(&base_url)?;
                if tokio::net::TcpStream::connect(address).await.is_ok() {
                    return Ok(Self { process: process.into(), address, token, log });
                }
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        Err(format!(
            "muster did not answer within {patience:?}; it was to write {} and to listen at its \
             BASE_URL.{}",
            settings.display(),
            log_tail(&log)
        ))
    }
}

/// Both outputs go to a file: logging is a part of what muster costs.
fn command(directory: &Path, data: &Path, log: &Path) -> Result<Command, Failure> {
    let cannot = |error| format!("cannot create {}: {error}", log.display());
    let errors = File::create(log).map_err(cannot)?;
    let output = errors.try_clone().map_err(cannot)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    // Nothing but the command line decides how muster runs: no settings of whoever measures.
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
