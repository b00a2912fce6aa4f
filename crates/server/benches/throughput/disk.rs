//! What one sync of this disk costs, without which a figure of durable writes means little.
//!
//! It must not know any server.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::Failure;

/// Appends in one measurement.
pub(crate) const SAMPLES: usize = 200;
const BLOCK: [u8; 4096] = [b'.'; 4096];

/// The median time to append 4 KiB to a file in this directory and `fdatasync` it.
pub(crate) fn sync_latency(directory: &Path) -> Result<Duration, Failure> {
    let path = directory.join("sync-latency");
    sample(&path).map_err(|error| format!("cannot measure the disk at {}: {error}", path.display()))
}

fn sample(path: &Path) -> std::io::Result<Duration> {
    let mut file = File::create(path)?;
    let mut times = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let began = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    std::fs::remove_file(path)?;
    times.sort_unstable();
    Ok(times.get(SAMPLES / 2).copied().unwrap_or_default())
}
