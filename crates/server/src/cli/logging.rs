//! The log: structured lines on standard error. What may stand in a line is decided where it is
//! written; tokens and bodies never are.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::Failure;
use super::serve::LogFormat;

pub(super) fn start(level: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = EnvFilter::builder().parse(level).map_err(|error| {
        format!("--log '{level}' cannot be read ({error}): give error, warn, info, debug or trace")
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Pretty => lines.with_ansi(std::io::stderr().is_terminal()).init(),
    }
    Ok(())
}
