//! The command line: what can be said, and how what comes of it is shown to people.
//! Must not know HTTP or SQL.

mod admin;
mod authority;
mod greeting;
mod history;
mod logging;
mod serve;
mod table;
mod token;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use store::StoreUrl;

pub use authority::AuthorityArgs;
pub use serve::ServeArgs;

/// A register of corporate device identities that speaks Microsoft Graph.
#[derive(Debug, Parser)]
#[command(name = "muster", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the register.
    Serve(Box<ServeArgs>),
    /// Prints a bearer token for a register that runs with --dev.
    Token(token::TokenArgs),
    /// Looks after a register, while it is served or not.
    Admin(admin::AdminArgs),
}

/// Where a register is.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// Directory of keys, dev.env and, unless --store says otherwise, the database.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "./muster-data",
        env = "MUSTER_DATA"
    )]
    pub(crate) data: PathBuf,

    /// Database: sqlite:PATH. [default: muster.db in the data directory]
    #[arg(long, global = true, value_name = "URL", env = "MUSTER_STORE")]
    pub(crate) store: Option<StoreUrl>,
}

/// How a listing is written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs: one JSON array.
    Json,
}

/// Something that went wrong, in one sentence for the person at the terminal.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs what the command line says.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Admin(args) => admin::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough: `muster admin history | head`.
        Err(failure) if is_broken_pipe(failure.as_ref()) => ExitCode::SUCCESS,
        Err(failure) => {
            writeln!(std::io::stderr(), "muster: {failure}").ok();
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let plain = failure.downcast_ref().map(std::io::Error::kind);
    let of_json = failure.downcast_ref().and_then(serde_json::Error::io_error_kind);
    plain.or(of_json) == Some(std::io::ErrorKind::BrokenPipe)
}
