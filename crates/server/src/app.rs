//! The server as a whole: puts the parts together in the one right order, and takes them apart
//! again. Must not know how it is shown to people.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use model::TenantId;
use store::{Clock, Store, StoreError, StoreUrl, WriteError};
use tokio::net::TcpListener;

use crate::auth::{DEV_TENANT, Gate, Grant, KeyError, Permission, SigningKey, TokenRequest};
use crate::cli::ServeArgs;
use crate::data_dir::{DataDir, DataDirError};
use crate::http::connections::Connections;
use crate::http::routes::VERSION;
use crate::http::{App, Limits, router};
use crate::ops::Register;
use crate::sample;

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
    /// `--dev` on an address that other machines reach.
    #[error(
        "--dev serves this machine only, and {0} can be reached by others: \
         give a loopback address such as 127.0.0.1:8080"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken or cannot be had.
    #[error("cannot listen on {address}: {}", explain(.cause))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
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

fn explain(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::AddrInUse => "another program listens there; stop it, or choose another \
             address with --listen, such as --listen 127.0.0.1:0 for any free port"
            .to_owned(),
        io::ErrorKind::PermissionDenied => {
            "the system does not permit it; ports from 1024 up need no permission".to_owned()
        }
        _ => cause.to_string(),
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
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
        let listeners = listen(&args.listen).await?;
        let mut addresses = Vec::with_capacity(listeners.len());
        for listener in &listeners {
            addresses.extend(listener.local_addr());
        }
        let data = DataDir::hold(&args.place.data)?;
        let key = SigningKey::open_or_make(data.path())?;
        let clock = Clock::system();
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
        let app = App::new(gate, register, &paging_key, limits, clock.clone());
        let connections =
            Connections::new(router(Arc::new(app)), args.max_connections, clock.clone());
        let server = Self { addresses, connections, store, data, tenant };
        server.write_dev_env(&key, &clock)?;
        for listener in listeners {
            server.connections.accept(listener);
        }
        Ok(server)
    }

    /// The addresses that it listens on; the first is the one it is known by.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The address of the API.
    pub fn base_url(&self) -> String {
        let address = self.addresses.first().map_or_else(String::new, ToString::to_string);
        format!("http://{address}/{VERSION}")
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
    pub fn dev_env(&self) -> std::path::PathBuf {
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
        let content = format!("BASE_URL={base_url}\nTENANT_ID={tenant}\nTOKEN={token}\n");
        Ok(self.data.write_dev_env(&content)?)
    }
}

/// Takes the addresses. Of the default two, the one of IPv6 may be missing: not every machine
/// has it.
async fn listen(wanted: &[SocketAddr]) -> Result<Vec<TcpListener>, StartError> {
    if let Some(address) = wanted.iter().find(|address| !address.ip().is_loopback()) {
        return Err(StartError::NotLoopback(*address));
    }
    let mut listeners = Vec::with_capacity(2);
    if !wanted.is_empty() {
        for address in wanted {
            listeners.push(bind(*address).await?);
        }
        return Ok(listeners);
    }
    listeners.push(bind(ServeArgs::DEFAULT_LISTEN).await?);
    let second = SocketAddr::from((Ipv6Addr::LOCALHOST, ServeArgs::DEFAULT_LISTEN.port()));
    match bind(second).await {
        Ok(listener) => listeners.push(listener),
        Err(StartError::Listen { cause, .. }) if cause.kind() != io::ErrorKind::AddrInUse => {}
        Err(error) => return Err(error),
    }
    Ok(listeners)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|cause| StartError::Listen { address, cause })
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
