//! The addresses that the service listens on: which, and why one cannot be had.
//! Must not know what is spoken there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

/// Where plain HTTP is spoken unless told otherwise, besides the same port of IPv6.
pub(crate) const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// Where metrics are served unless told otherwise, without a twin of IPv6.
pub(crate) const METRICS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
/// Where TLS is spoken under `--dev` unless told otherwise, besides the same port of IPv6.
pub(crate) const DEV_HTTPS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// `--dev` on an address that other machines reach.
    #[error(
        "--dev serves this machine only, and {0} can be reached by others: give a loopback \
         address such as 127.0.0.1:8080, or open it on purpose with --dev-host NAME"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken or cannot be had.
    #[error("cannot listen on {address}: {}", explain(.cause, .option))]
    Refused {
        /// The address.
        address: SocketAddr,
        /// The option that chooses it.
        option: &'static str,
        /// What the system says.
        cause: io::Error,
    },
}

fn explain(cause: &io::Error, option: &str) -> String {
    match cause.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another program listens there; stop it, or choose another address with {option}, \
             such as {option} 127.0.0.1:0 for any free port"
        ),
        io::ErrorKind::PermissionDenied => {
            "the system does not permit it; ports from 1024 up need no permission".to_owned()
        }
        _ => cause.to_string(),
    }
}

/// Listens on the addresses that were given with an option, or else on the default one and its
/// twin of IPv6.
///
/// # Errors
/// An address cannot be had. Of the default two, the one of IPv6 may be missing: not every machine
/// has it.
pub(crate) async fn on(
    given: &[SocketAddr],
    default: SocketAddr,
    option: &'static str,
) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners = Vec::with_capacity(2);
    if !given.is_empty() {
        for address in given {
            listeners.push(bind(*address, option).await?);
        }
        return Ok(listeners);
    }
    listeners.push(bind(default, option).await?);
    if default.port() == 0 {
        return Ok(listeners);
    }
    match bind(SocketAddr::from((Ipv6Addr::LOCALHOST, default.port())), option).await {
        Ok(listener) => listeners.push(listener),
        Err(ListenError::Refused { cause, .. }) if cause.kind() != io::ErrorKind::AddrInUse => {}
        Err(error) => return Err(error),
    }
    Ok(listeners)
}

/// Listens on one address.
///
/// # Errors
/// It cannot be had.
pub(crate) async fn bind(
    address: SocketAddr,
    option: &'static str,
) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|cause| ListenError::Refused {
        address,
        option,
        cause,
    })
}

/// A refusal for each address that other machines reach.
pub(crate) fn beyond_loopback<'a>(
    addresses: impl Iterator<Item = &'a SocketAddr>,
) -> impl Iterator<Item = ListenError> {
    addresses
        .filter(|address| !address.ip().is_loopback())
        .map(|address| ListenError::NotLoopback(*address))
}

/// The addresses of listeners.
pub(crate) fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}
