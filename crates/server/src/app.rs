//! The server as a whole: puts the parts together in the one right order, and takes them apart
//! again. Must not know how it is shown to people.

mod backup;
mod check;
mod dev;
mod operation;
mod outside;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use model::TenantId;
use store::{Clock, Durability, Opening, Store, StoreError, StoreUrl};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::auth::{DEV_TENANT, Gate};
use crate::authority::AuthorityError;
use crate::beginning::BeginningError;
use crate::cli::{MetricsListen, ServeArgs};
use crate::data_dir::{DataDir, DataDirError, Scratch};
use crate::dev_keys::KeyError;
pub use crate::http::Throttling;
use crate::http::connections::{Connections, Listener};
use crate::http::routes::VERSION;
use crate::http::{App, Beside, Limits, describe, router};
use crate::listen::{self, ListenError};
use crate::ops::Register;
pub use crate::seed::{Hear, Progress, SeedFile};
use crate::tls::{self, Certificate, LocalCa, TlsError};
pub use backup::{Backup, RescueError, backup, restore};
pub use check::{Contradictions, check};
use dev::Dev;
use operation::{Operated, Operation};
use outside::Outside;
pub use outside::OutsideError;

/// The setting that holds the key of paging tokens, and its length.
const PAGING_KEY: &str = "paging_key";
const PAGING_KEY_BYTES: usize = 32;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings do not go together.
    #[error(transparent)]
    Contradictions(#[from] Contradictions),
    /// What was said of the authority outside does not do.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// An option that means nothing without `--dev`.
    #[error("{0} is for --dev alone: leave it out")]
    OnlyUnderDev(&'static str),
    /// The register is to stay, and is not to.
    #[error("--ephemeral keeps nothing, and --store says where to keep it: leave one of them out")]
    EphemeralStore,
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// There is an address for TLS, and no certificate.
    #[error("--tls-listen needs a certificate: give --tls-cert and --tls-key")]
    NoCertificate,
    /// There is a certificate, and no address for TLS.
    #[error("--tls-cert is for TLS, which nobody would speak: give --tls-listen")]
    NoTlsListener,
    /// TLS cannot be served.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// A key of `--dev` cannot be read or made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key of paging tokens cannot be made.
    #[error("the system gave no random bytes")]
    NoRandomBytes,
    /// The key cannot sign.
    #[error("the signing key cannot sign: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
    /// The authority of `--dev` cannot begin.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Nothing can be measured.
    #[error("the metrics cannot begin: {0}")]
    Meters(#[from] metrics_exporter_prometheus::BuildError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the register is to begin with does not do.
    #[error(transparent)]
    Beginning(#[from] BeginningError),
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    tls_addresses: Vec<SocketAddr>,
    ca_file: Option<PathBuf>,
    connections: Connections,
    operated: Operated,
    store: Arc<Store>,
    data: DataDir,
    authorities: Arc<[String]>,
    is_dev: bool,
    tenant: TenantId,
    /// Where everything is that is not to stay. It goes last.
    scratch: Option<Scratch>,
}

impl Server {
    /// Opens the register and begins to serve it.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(args: &ServeArgs) -> Result<Self, StartError> {
        Self::start_heard(args, &mut |_| {}).await
    }

    /// As [`Server::start`], where somebody hears how far the reading of a seed has come.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start_heard(args: &ServeArgs, hear: Hear<'_>) -> Result<Self, StartError> {
        check(args)?;
        let outside = if args.dev { None } else { Some(Outside::of(args)?) };
        let sockets = Sockets::open(args).await?;
        let operation = Operation::prepare(args).await?;
        let scratch = if args.ephemeral { Some(Scratch::make()?) } else { None };
        let data = DataDir::hold(match (&scratch, &args.place.data) {
            (Some(scratch), None) => scratch.path(),
            _ => args.place.data(),
        })?;
        let clock = Clock::system();
        let tls = Tls::prepare(args, &data, &clock)?;
        let store = Arc::new(open_store(args, &data, scratch.as_ref(), &clock).await?);
        let dev = match outside {
            Some(_) => None,
            None => Some(Dev::prepare(args, &data, &store, &clock, hear).await?),
        };
        let (trusts, origins) = match (&outside, &dev) {
            (Some(outside), _) => (outside.trusts(), outside.origins()),
            (None, Some(dev)) => (dev.trusts(), dev.origins()),
            (None, None) => return Err(OutsideError::None.into()),
        };
        let gate = Gate::new(trusts, Arc::clone(&store), clock.clone());
        let authorities = Arc::clone(gate.authorities());
        let register = Register::new(Arc::clone(&store), args.identifier_rules.into());
        let limits = Limits {
            body_bytes: args.max_body_bytes,
            rows: args.max_import_rows,
            time: std::time::Duration::from_millis(args.request_timeout_ms),
            throttling: args.throttle,
        };
        let measure = operation.measure();
        let beside = Beside {
            origins: origins.clone(),
            time: limits.time,
            clock: clock.clone(),
            is_strict: !args.dev,
            measure: measure.clone(),
            is_quiet: false,
        };
        let app =
            App::new(gate, register, origins, &paging_key(&store).await?, limits, clock.clone());
        let app = Arc::new(app.measured(measure.clone()));
        let settings = dev.as_ref().map(|dev| dev.settings(&clock)).transpose()?;
        let service = router(Arc::clone(&app));
        let service = service.merge(beside.clone().around(describe::router(&app)));
        let (mut service, operated) = operation.beside(service, &beside, &store, &app);
        if let Some(dev) = dev {
            service = service.merge(beside.around(dev.router(&app)));
        }
        let server = Self {
            addresses: listen::addresses(&sockets.plain),
            tls_addresses: listen::addresses(&sockets.tls),
            ca_file: tls.as_ref().and_then(|tls| tls.ca_file.clone()),
            connections: Connections::new(service, args.max_connections, clock).measured(measure),
            operated,
            store,
            data,
            authorities,
            is_dev: args.dev,
            tenant: DEV_TENANT.parse().map_err(StoreError::Damaged)?,
            scratch,
        };
        if let Some(settings) = settings {
            server.write_dev_env(settings)?;
        }
        server.operated.count(&server.connections);
        server.accept(sockets, tls);
        Ok(server)
    }

    fn accept(&self, sockets: Sockets, tls: Option<Tls>) {
        for socket in sockets.plain {
            self.connections.accept(Listener { socket, tls: None });
        }
        if let Some(tls) = tls {
            for socket in sockets.tls {
                self.connections.accept(Listener { socket, tls: Some(tls.acceptor.clone()) });
            }
        }
    }

    /// Whether it issues its own tokens, for this machine alone.
    pub fn is_dev(&self) -> bool {
        self.is_dev
    }

    /// Where callers get their tokens.
    pub fn authorities(&self) -> &[String] {
        &self.authorities
    }

    /// The addresses of plain HTTP; the first is the one it is known by.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The address of the API.
    pub fn base_url(&self) -> String {
        let address = self.addresses.first().map_or_else(String::new, ToString::to_string);
        format!("http://{address}/{VERSION}")
    }

    /// The addresses of TLS.
    pub fn tls_addresses(&self) -> &[SocketAddr] {
        &self.tls_addresses
    }

    /// The address of the service under TLS, without a path.
    pub fn tls_origin(&self) -> Option<String> {
        self.tls_addresses.first().map(|address| format!("https://localhost:{}", address.port()))
    }

    /// The address of the metrics, if they have one of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.operated.address()
    }

    /// The tenant of `--dev`.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Whether what it holds goes with it.
    pub fn is_ephemeral(&self) -> bool {
        self.scratch.is_some()
    }

    /// The register's store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The file with what scripts need.
    pub fn dev_env(&self) -> PathBuf {
        self.data.dev_env()
    }

    /// Stops accepting, answers what was accepted, and closes the store.
    pub async fn stop(self) {
        self.connections.stop().await;
        if self.scratch.is_some()
            && let Err(error) = self.data.remove_dev_env()
        {
            tracing::warn!(%error, "the file for scripts stays behind");
        }
        self.operated.stop().await;
        self.store.close().await;
    }
}

/// What the service listens on.
struct Sockets {
    plain: Vec<TcpListener>,
    tls: Vec<TcpListener>,
}

impl Sockets {
    async fn open(args: &ServeArgs) -> Result<Self, ListenError> {
        let plain = listen::on(&args.listen, listen::HTTP, "--listen").await?;
        if !args.dev && args.tls_listen.is_empty() {
            return Ok(Self { plain, tls: Vec::new() });
        }
        // A second register beside the first needs one option, not two.
        let default_tls = match args.listen.first() {
            None => listen::DEV_HTTPS,
            Some(address) => SocketAddr::new(address.ip(), 0),
        };
        let tls = listen::on(&args.tls_listen, default_tls, "--tls-listen").await?;
        Ok(Self { plain, tls })
    }
}

/// What TLS is spoken with.
struct Tls {
    acceptor: TlsAcceptor,
    /// What clients are to trust, if it is not a certificate of the operator's.
    ca_file: Option<PathBuf>,
}

impl Tls {
    fn prepare(
        args: &ServeArgs,
        data: &DataDir,
        clock: &Clock,
    ) -> Result<Option<Self>, StartError> {
        if let Some(files) = check::tls_files(args) {
            let certificate = Certificate::new(files.read()?);
            tokio::spawn(files.watch(Arc::clone(&certificate)));
            return Ok(Some(Self { acceptor: tls::acceptor(certificate)?, ca_file: None }));
        }
        if !args.dev {
            return Ok(None);
        }
        let now = OffsetDateTime::from_unix_timestamp(clock.unix_seconds())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let ca = LocalCa::open_or_make(data.path(), &args.dev_host, now)?;
        let certificate = Certificate::new(ca.issue(&args.dev_host, now)?);
        let ca_file = std::path::absolute(ca.path()).unwrap_or_else(|_| ca.path().to_owned());
        Ok(Some(Self { acceptor: tls::acceptor(certificate)?, ca_file: Some(ca_file) }))
    }
}

async fn open_store(
    args: &ServeArgs,
    data: &DataDir,
    scratch: Option<&Scratch>,
    clock: &Clock,
) -> Result<Store, StoreError> {
    let pooling = args.place.pooling();
    let (url, durability) = match (scratch, &args.place.store) {
        (Some(scratch), _) => (StoreUrl::in_directory(scratch.path()), Durability::None),
        (None, Some(url)) => (url.clone(), Durability::Full),
        (None, None) => (StoreUrl::in_directory(data.path()), Durability::Full),
    };
    Store::open_as(&url, Opening { durability, pooling }, clock.clone()).await
}

async fn paging_key(store: &Store) -> Result<Vec<u8>, StartError> {
    let mut fresh = [0; PAGING_KEY_BYTES];
    SystemRandom::new().fill(&mut fresh).map_err(|_| StartError::NoRandomBytes)?;
    Ok(store.setting(PAGING_KEY, &fresh).await?)
}
