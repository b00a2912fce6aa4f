//! `muster serve`: its options, and its life from start to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;

use clap::builder::{BoolishValueParser, RangedU64ValueParser};
use clap::{Parser, ValueEnum};
use model::Rules;
use tokio::signal::unix::{SignalKind, signal};

use super::logging::{self, LogLevels};
use super::seeding::Shown;
use super::settings::Settings;
use super::{AuthorityArgs, Failure, Place, greeting};
use crate::app::{SeedFile, Server, Throttling};
use crate::authority;

/// Options of `muster serve`.
#[derive(Clone, Debug, Parser)]
pub struct ServeArgs {
    /// File of settings, in TOML: each key is the name of a flag. `check-config --print-default`
    /// prints one that explains them all.
    #[arg(long, value_name = "FILE", env = "MUSTER_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Serves a register for this machine alone, which issues its own tokens.
    #[arg(long, env = "MUSTER_DEV", value_parser = BoolishValueParser::new())]
    pub(crate) dev: bool,

    /// Address to listen on; may be given several times. Port 0 takes any free one.
    /// [default: port 8080 of 127.0.0.1 and of ::1]
    #[arg(long, value_name = "ADDR", env = "MUSTER_LISTEN", value_delimiter = ',')]
    pub(crate) listen: Vec<SocketAddr>,

    /// Address to listen on with TLS; may be given several times. [default under --dev: port 8443
    /// of 127.0.0.1 and of ::1, or any free port where --listen is given; else none]
    #[arg(long, value_name = "ADDR", env = "MUSTER_TLS_LISTEN", value_delimiter = ',')]
    pub(crate) tls_listen: Vec<SocketAddr>,

    /// File with the certificate chain for TLS, in PEM. It is read again when it changes. [default
    /// under --dev: a certificate of the local authority whose file dev.env names]
    #[arg(long, value_name = "FILE", env = "MUSTER_TLS_CERT", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// File with the private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", env = "MUSTER_TLS_KEY", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Where Prometheus finds /metrics: an address of its own, `api` for the addresses that the
    /// API has, or `off`. [default: 127.0.0.1:9464, and off under --dev]
    #[arg(long, value_name = "ADDR", env = "MUSTER_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<MetricsListen>,

    /// Further name under which --dev may be called, and opens --dev to addresses that other
    /// machines reach; may be given several times. For containers that test against each other.
    #[arg(long, value_name = "NAME", env = "MUSTER_DEV_HOST", value_delimiter = ',')]
    pub(crate) dev_host: Vec<String>,

    /// Address besides those of this machine that --dev may send the answer of a sign-in to, written
    /// exactly as the application sends it; may be given several times.
    #[arg(long, value_name = "URI", env = "MUSTER_DEV_REDIRECT_URI", value_delimiter = ',',
          value_parser = redirect_uri)]
    pub(crate) dev_redirect_uri: Vec<String>,

    #[command(flatten)]
    pub(crate) place: Place,

    /// Leaves out the sample identities that a new register begins with.
    #[arg(long, env = "MUSTER_NO_SAMPLE", value_parser = BoolishValueParser::new())]
    pub(crate) no_sample: bool,

    /// File that an empty development register begins with, in the place of the samples; may be
    /// given several times. FILE is JSON: a list of identities, the body of an import, a collection,
    /// or one identity after the other. TYPE=FILE is the portal's CSV of imei, serialNumber or
    /// manufacturerModelSerial.
    #[arg(long, value_name = "[TYPE=]FILE", env = "MUSTER_SEED")]
    pub(crate) seed: Vec<SeedFile>,

    /// Keeps nothing: a development register that goes when the service ends. Keys and dev.env go,
    /// too, unless --data says where to leave them.
    #[arg(long, env = "MUSTER_EPHEMERAL", value_parser = BoolishValueParser::new())]
    pub(crate) ephemeral: bool,

    /// How often callers may call before they get 429: off; intune, for the figures that Intune
    /// publishes; or N/S, for N requests in S seconds of each application in each tenant.
    #[arg(long, value_name = "RATE", default_value = "off", env = "MUSTER_THROTTLE")]
    pub(crate) throttle: Throttling,

    /// Rules that identifiers and descriptions must keep.
    #[arg(long, value_name = "SET", default_value = "documented", env = "MUSTER_IDENTIFIER_RULES")]
    pub(crate) identifier_rules: IdentifierRules,

    /// Most rows of one import or search.
    #[arg(long, value_name = "N", default_value_t = 10_000, env = "MUSTER_MAX_IMPORT_ROWS")]
    pub(crate) max_import_rows: usize,

    /// Most bytes of a request's body, counted after inflating it.
    #[arg(long, value_name = "N", default_value_t = 16 * 1024 * 1024, env = "MUSTER_MAX_BODY_BYTES")]
    pub(crate) max_body_bytes: usize,

    /// Most connections at a time. When all are taken, the longest idle one makes room.
    #[arg(long, value_name = "N", default_value_t = 1_024, env = "MUSTER_MAX_CONNECTIONS",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) max_connections: usize,

    /// Milliseconds that a request may take.
    #[arg(long, value_name = "MS", default_value_t = 30_000, env = "MUSTER_REQUEST_TIMEOUT_MS",
          value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub(crate) request_timeout_ms: u64,

    /// Least level that is logged: error, warn, info, debug, trace; or levels of parts, such as
    /// "info,muster=debug".
    #[arg(long, value_name = "LEVEL", default_value = "info", env = "MUSTER_LOG")]
    pub(crate) log: LogLevels,

    /// Form of the log, which goes to standard error.
    #[arg(long, value_name = "FORM", default_value = "pretty", env = "MUSTER_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,

    // Last: its heading would stand above whatever follows.
    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,
}

fn redirect_uri(text: &str) -> Result<String, String> {
    if authority::is_address(text) {
        return Ok(text.to_owned());
    }
    Err("give an address with http or https, and without a fragment: https://app.test/callback"
        .to_owned())
}

/// Where the metrics are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsListen {
    /// At an address of their own.
    Own(SocketAddr),
    /// Beside the API.
    Api,
    /// Nowhere.
    Off,
}

impl FromStr for MetricsListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "api" => Ok(Self::Api),
            "off" => Ok(Self::Off),
            address => address.parse().map(Self::Own).map_err(|_| {
                "give an address with its port, such as 127.0.0.1:9464, or api, or off".to_owned()
            }),
        }
    }
}

/// See [`Rules`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum IdentifierRules {
    /// Any text of 1 to 512 characters under any type, as the published page allows.
    Documented,
    /// What Intune enforces: IMEIs, serial numbers, manufacturer,model,serial.
    Strict,
}

impl From<IdentifierRules> for Rules {
    fn from(rules: IdentifierRules) -> Self {
        match rules {
            IdentifierRules::Documented => Self::Documented,
            IdentifierRules::Strict => Self::Strict,
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

pub(super) fn run(args: &ServeArgs, settings: &Settings) -> Result<(), Failure> {
    let began = Instant::now();
    let _log = logging::start(&args.log, args.log_format)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before anything can be accepted, so that no signal finds us unprepared.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut signalled = async move || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let server = {
            let mut shown = Shown::default();
            let mut hear = |progress| shown.hear(progress);
            tokio::select! {
                started = Server::start_heard(args, &mut hear) => started?,
                () = signalled() => return Ok(()),
            }
        };
        if let Err(error) = greeting::print(&server, began.elapsed()).await {
            tracing::warn!(%error, "the start message could not be shown");
        }
        signalled().await;
        tracing::info!("stopping: what was accepted is answered first");
        tokio::select! {
            () = server.stop() => tracing::info!("stopped"),
            () = signalled() => tracing::warn!("stopped at once, by a second signal"),
        }
        Ok(())
    })
}
