//! The command line: what can be said, and how what comes of it is shown to people.
//! Must not know HTTP or SQL.

mod admin;
mod authority;
mod backup;
mod check_config;
mod copy;
mod greeting;
mod history;
mod logging;
mod migrate;
mod seeding;
mod serve;
mod settings;
mod table;
mod token;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use store::{Pooling, StoreUrl};

pub use authority::AuthorityArgs;
pub use serve::{MetricsListen, ServeArgs};
use settings::{Fault, Given, Settings, Stop};

/// The exit code of command lines that make no sense.
const MISUSE: u8 = 2;

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
    /// Tells the settings that serve would have, and where each comes from; or all that is wrong.
    CheckConfig(Box<check_config::CheckConfigArgs>),
    /// Prints a bearer token for a register that runs with --dev.
    ///
    /// It is signed with the key in the data directory, or in the PostgreSQL database that --store
    /// names.
    Token(token::TokenArgs),
    /// Looks after a register, while it is served or not.
    Admin(admin::AdminArgs),
}

/// The commands whose options are settings: each is a variable and a key of the file, too.
const TAKE_SETTINGS: [&str; 2] = ["serve", "check-config"];

/// Where a register is.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// Directory of dev.env and other files of --dev, and, unless --store says otherwise, of the
    /// database.
    /// [default: ./muster-data]
    #[arg(long, global = true, value_name = "DIR", env = "MUSTER_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// Database: sqlite:PATH, or postgres://USER@HOST/DATABASE (several hosts with commas; sslmode,
    /// sslrootcert and more behind a question mark). [default: muster.db in the data directory]
    #[arg(long, global = true, value_name = "URL", env = "MUSTER_STORE")]
    pub(crate) store: Option<StoreUrl>,

    /// Most connections to PostgreSQL at a time. Half of them are for writes.
    #[arg(
        long, global = true, value_name = "NUMBER", env = "MUSTER_STORE_CONNECTIONS",
        default_value = "16", value_parser = clap::value_parser!(u16).range(2..=1_000)
    )]
    pub(crate) store_connections: u16,

    /// How long connecting to a host of PostgreSQL may take, in milliseconds.
    #[arg(
        long, global = true, value_name = "MS", env = "MUSTER_STORE_CONNECT_TIMEOUT_MS",
        default_value = "2000", value_parser = clap::value_parser!(u64).range(1..=600_000)
    )]
    pub(crate) store_connect_timeout_ms: u64,

    /// How long a statement may take in PostgreSQL, in milliseconds.
    #[arg(
        long, global = true, value_name = "MS", env = "MUSTER_STORE_STATEMENT_TIMEOUT_MS",
        default_value = "60000", value_parser = clap::value_parser!(u64).range(1_000..=3_600_000)
    )]
    pub(crate) store_statement_timeout_ms: u64,
}

impl Place {
    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new("./muster-data"))
    }

    /// How connections to the database are kept.
    pub(crate) fn pooling(&self) -> Pooling {
        Pooling {
            connections: usize::from(self.store_connections),
            connect_timeout: Duration::from_millis(self.store_connect_timeout_ms),
            statement_timeout: Duration::from_millis(self.store_statement_timeout_ms),
        }
    }
}

/// Where the register is for a command beside the service.
#[derive(Args, Clone, Debug)]
struct Beside {
    /// File of settings of `muster serve`. Of it, what says where the register is: data, store, and
    /// what begins with store-. It is not read where --store is given.
    #[arg(long, global = true, value_name = "FILE", env = "MUSTER_CONFIG")]
    config: Option<PathBuf>,

    #[command(flatten)]
    place: Place,
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
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let (command, settings) = match read(&arguments) {
        Ok(read) => read,
        Err(faults) => {
            let told: String = faults.iter().map(|fault| format!("error: {fault}\n")).collect();
            let more = "For more information, try '--help'.";
            writeln!(std::io::stderr(), "{told}\n{more}").ok();
            return ExitCode::from(MISUSE);
        }
    };
    let outcome = match command {
        Command::Serve(args) => serve::run(&args, &settings),
        Command::CheckConfig(args) => check_config::run(&args, &settings),
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

/// Reads the command line; of a command that takes settings, the other places, too.
fn read(arguments: &[OsString]) -> Result<(Command, Settings), Vec<Fault>> {
    let cli = Cli::command();
    let by_clap = || Ok((Cli::parse_from(arguments).command, Settings::default()));
    let [program, name, rest @ ..] = arguments else { return by_clap() };
    let Some(command) = cli.find_subcommand(name) else { return by_clap() };
    let variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let given = Given {
        arguments: rest,
        variables: &variables,
        known: &settings::known_variables(&cli),
        read: &|path| std::fs::read_to_string(path),
    };
    if !TAKE_SETTINGS.contains(&command.get_name()) {
        return match read_beside(&cli, [program, name], &given)? {
            Some(cli) => Ok((cli.command, Settings::default())),
            None => by_clap(),
        };
    }
    let settings = match settings::read(command, &given) {
        Ok(settings) => settings,
        Err(Stop::Help) => return by_clap(),
        Err(Stop::Faults(faults)) => return Err(faults),
    };
    let name = command.get_name().to_owned();
    let words = [program.clone(), OsString::from(&name)];
    let arguments = words.into_iter().chain(settings.arguments());
    let cli = cli.mut_subcommand(name, settings::by_flags_alone);
    let read = cli.try_get_matches_from(arguments).and_then(|read| Cli::from_arg_matches(&read));
    let cli = read.map_err(|error| vec![settings::contradiction(&error)])?;
    Ok((cli.command, settings))
}

/// Reads the command line of a command beside the service, with what variables and the file of
/// settings say of where the register is. `None` where it does not hang together, or asks for help.
fn read_beside(
    cli: &clap::Command,
    words: [&OsString; 2],
    given: &Given<'_>,
) -> Result<Option<Cli>, Vec<Fault>> {
    let [_, name] = words;
    let (Some(command), Some(serve)) = (cli.find_subcommand(name), cli.find_subcommand("serve"))
    else {
        return Ok(None);
    };
    let bare = cli.clone().mut_subcommand(command.get_name(), settings::by_flags_alone);
    let read = |more: Vec<OsString>| {
        let line = words.into_iter().cloned().chain(more);
        bare.clone().try_get_matches_from(line.chain(given.arguments.iter().cloned()))
    };
    let Ok(flags) = read(Vec::new()) else { return Ok(None) };
    let mut innermost = &flags;
    while let Some((_, below)) = innermost.subcommand() {
        innermost = below;
    }
    let is_flag = |option: &clap::Arg| {
        innermost.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let file = innermost.get_one::<PathBuf>("config").map(PathBuf::as_path);
    let more = settings::beside(command, serve, given, &is_flag, file, "store")?;
    Ok(read(more).and_then(|read| Cli::from_arg_matches(&read)).ok())
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let plain = failure.downcast_ref().map(std::io::Error::kind);
    let of_json = failure.downcast_ref().and_then(serde_json::Error::io_error_kind);
    plain.or(of_json) == Some(std::io::ErrorKind::BrokenPipe)
}
