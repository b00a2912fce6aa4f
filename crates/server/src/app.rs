//! The server as a whole: puts the parts together in the one right order, and takes them apart
//! again. Must not know how it is shown to people.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use model::TenantId;
use store::{Clock, Store, StoreError, StoreUrl, WriteError};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::auth::{DEV_TENANT, Gate, Grant, KeyError, Permission, SigningKey, TokenRequest};
use crate::cli::ServeArgs;
use crate::data_dir::{DataDir, DataDirError};
use crate::http::connections::{Connections, Listener};
use crate::http::routes::VERSION;
use crate::http::{App, Limits, Origins, router};
use crate::listen::{self, ListenError};
use crate::ops::Register;
use crate::sample;
use crate::tls::{self, Certificate, LocalCa, TlsError};

/// How long the token in `dev.env` lives: a month, and every start makes a new one.
const DEV_TOKEN_LIFETIME_S: i64 = 30 * 24 * 3_600;
const DEV_TENANT_NAME: &str = "Development";
/// The setting that holds the key of paging tokens, and its length.
const PAGING_KEY: &str = "paging_key";
const PAGING_KEY_BYTES: usize = 32;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody issues tokens.
    #[error(
        "no authority: nobody would issue the tokens that callers need. \
         Give --dev for a register on this machine that issues its own"
    )]
    NoAuthority,
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// There is an address for TLS, and no certificate.
    #[error("--tls-listen needs a certificate: give --tls-cert and --tls-key")]
    NoCertificate,
    /// TLS cannot be served.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There is no signing key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key cannot sign.
    #[error("the signing key cannot sign: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The samples cannot be stored.
    #[error("the sample identities cannot be stored: {0}")]
    Sample(#[from] WriteError),
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    tls_addresses: Vec<SocketAddr>,
    ca_file: Option<PathBuf>,
    connections: Connections,
    store: Arc<Store>,
    data: DataDir,
    tenant: TenantId,
}

impl Server {
    /// Opens the register and begins to serve it.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(args: &ServeArgs) -> Result<Self, StartError> {
        if !args.dev {
            return Err(StartError::NoAuthority);
        }
        let sockets = Sockets::open(args).await?;
        let data = DataDir::hold(&args.place.data)?;
        let key = SigningKey::open_or_make(data.path())?;
        let clock = Clock::system();
        let tls = Tls::prepare(args, &data, &clock)?;
        let url = args.place.store.clone();
        let url = url.unwrap_or_else(|| StoreUrl::in_directory(data.path()));
        let store = Arc::new(Store::open(&url, clock.clone())?);
        let tenant = development_tenant(&store, &clock, args.no_sample).await?;
        let paging_key = paging_key(&store)?;
        let gate = Gate::new(&key, Arc::clone(&store), clock.clone());
        let register = Register::new(Arc::clone(&store), args.identifier_rules.into());
        let limits = Limits {
            body_bytes: args.max_body_bytes,
            rows: args.max_import_rows,
            time: std::time::Duration::from_millis(args.request_timeout_ms),
        };
        let origins = Origins::Local(args.dev_host.clone());
        let app = App::new(gate, register, origins, &paging_key, limits, clock.clone());
        let server = Self {
            addresses: listen::addresses(&sockets.plain),
            tls_addresses: listen::addresses(&sockets.tls),
            ca_file: tls.ca_file,
            connections: Connections::new(
                router(Arc::new(app)),
                args.max_connections,
                clock.clone(),
            ),
            store,
            data,
            tenant,
        };
        server.write_dev_env(&key, &clock)?;
        for socket in sockets.plain {
            server.connections.accept(Listener { socket, tls: None });
        }
        for socket in sockets.tls {
            server.connections.accept(Listener { socket, tls: Some(tls.acceptor.clone()) });
        }
        Ok(server)
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

    /// The address of the service under TLS, without a path.
    pub fn tls_origin(&self) -> Option<String> {
        self.tls_addresses.first().map(|address| format!("https://localhost:{}", address.port()))
    }

    /// The tenant of `--dev`.
    pub fn tenant(&self) -> TenantId {
        self.tenant
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
        let store = self.store;
        // Closing waits for the writer thread.
        tokio::task::spawn_blocking(move || store.close()).await.ok();
    }

    fn write_dev_env(&self, key: &SigningKey, clock: &Clock) -> Result<(), StartError> {
        let grant = Grant::Roles(vec![Permission::ServiceConfigReadWrite.name().to_owned()]);
        let request =
            TokenRequest { tenant: self.tenant, grant, expires_in_s: DEV_TOKEN_LIFETIME_S };
        let token = key.token(&request, clock)?;
        let (base_url, tenant) = (self.base_url(), self.tenant);
        let mut settings =
            vec![("BASE_URL", base_url), ("TENANT_ID", tenant.to_string()), ("TOKEN", token)];
        settings.extend(
            self.tls_origin().map(|origin| ("TLS_BASE_URL", format!("{origin}/{VERSION}"))),
        );
        settings.extend(self.ca_file.iter().map(|file| ("CA_FILE", file.display().to_string())));
        Ok(self.data.write_dev_env(&settings)?)
    }
}

/// What the service listens on.
struct Sockets {
    plain: Vec<TcpListener>,
    tls: Vec<TcpListener>,
}

impl Sockets {
    async fn open(args: &ServeArgs) -> Result<Self, ListenError> {
        if args.dev_host.is_empty() {
            listen::only_loopback(&args.listen)?;
            listen::only_loopback(&args.tls_listen)?;
        }
        // A second register beside the first needs one option, not two.
        let default_tls = match args.listen.first() {
            None => listen::DEV_HTTPS,
            Some(address) => SocketAddr::new(address.ip(), 0),
        };
        Ok(Self {
            plain: listen::on(&args.listen, listen::HTTP, "--listen").await?,
            tls: listen::on(&args.tls_listen, default_tls, "--tls-listen").await?,
        })
    }
}

/// What TLS is spoken with.
struct Tls {
    acceptor: TlsAcceptor,
    /// What clients are to trust, if it is not a certificate of the operator's.
    ca_file: Option<PathBuf>,
}

impl Tls {
    fn prepare(args: &ServeArgs, data: &DataDir, clock: &Clock) -> Result<Self, StartError> {
        if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
            let files = tls::Files { certificate: certificate.clone(), key: key.clone() };
            let certificate = Certificate::new(files.read()?);
            tokio::spawn(files.watch(Arc::clone(&certificate)));
            return Ok(Self { acceptor: tls::acceptor(certificate)?, ca_file: None });
        }
        let now = OffsetDateTime::from_unix_timestamp(clock.unix_seconds())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let ca = LocalCa::open_or_make(data.path(), &args.dev_host, now)?;
        let certificate = Certificate::new(ca.issue(&args.dev_host, now)?);
        let ca_file = std::path::absolute(ca.path()).unwrap_or_else(|_| ca.path().to_owned());
        Ok(Self { acceptor: tls::acceptor(certificate)?, ca_file: Some(ca_file) })
    }
}

async fn development_tenant(
    store: &Store,
    clock: &Clock,
    no_sample: bool,
) -> Result<TenantId, StartError> {
    let tenant: TenantId =
        DEV_TENANT.parse().map_err(|error: String| StoreError::Damaged(error))?;
    let is_new = store.add_tenant(tenant, DEV_TENANT_NAME, true)?;
    if is_new && !no_sample {
        sample::add(store, clock, tenant).await?;
    }
    Ok(tenant)
}

fn paging_key(store: &Store) -> Result<Vec<u8>, StartError> {
    let mut fresh = [0; PAGING_KEY_BYTES];
    SystemRandom::new().fill(&mut fresh).map_err(|_| KeyError::Unspecified)?;
    Ok(store.setting(PAGING_KEY, &fresh)?)
}
