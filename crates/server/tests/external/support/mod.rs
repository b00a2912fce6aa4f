//! What the tests stand on: the program as a process, authorities that behave as a test wants, and
//! tokens. Must not know what is let in and what is not.

mod authority;
mod clouds;
mod muster;
mod token;
mod wire;

use std::time::{Duration, Instant};

pub(crate) use authority::{Authority, Reply};
pub(crate) use clouds::Clouds;
pub(crate) use muster::{Muster, refused_start, send};
pub(crate) use token::{Key, Token};

pub(crate) use serde_json::json;

/// Two customers.
pub(crate) const NORTH: &str = "3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10";
pub(crate) const SOUTH: &str = "7a2b64c1-0f3d-4e8a-8b6c-5d9e1f2a3b4c";

pub(crate) const READ: &str = "DeviceManagementServiceConfig.Read.All";
pub(crate) const READ_WRITE: &str = "DeviceManagementServiceConfig.ReadWrite.All";

/// The name of the service in tokens of an authority that has no special one.
pub(crate) const AUDIENCE: &str = "api://muster";

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
