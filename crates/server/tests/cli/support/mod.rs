//! What the tests stand on: a place to run the binary in, a server that runs there, sockets to it.
//! Must not know what the binary ought to say.

mod mask;
mod place;
mod server;
mod wire;

use std::io::Write;
use std::time::{Duration, Instant};

pub(crate) use mask::mask;
pub(crate) use place::{Place, run};
pub(crate) use server::Server;
pub(crate) use wire::Wire;

/// The tenant of `--dev`.
pub(crate) const DEV_TENANT: &str = "d0d0d0d0-0000-4000-8000-000000000001";
/// Any other tenant.
pub(crate) const OTHER_TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
/// The collection, as the contract spells it.
pub(crate) const COLLECTION: &str = "/beta/deviceManagement/importedDeviceIdentities";

/// How long anything may take before the test gives up. Far more than it needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}

/// Waits until there is a value.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Whether a program that a test needs is there. Where a skip is a failure, it has to be.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|directory| directory.join(program).is_file()) {
        return true;
    }
    assert!(std::env::var_os("MUSTER_TEST_REQUIRE").is_none(), "{program} is not installed");
    // Past the harness, which shows nothing of a test that passes.
    let line = format!("skipped: {program} is not installed\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    false
}
