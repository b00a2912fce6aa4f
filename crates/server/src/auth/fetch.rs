//! Documents of an authority, fetched over HTTP within limits. Must not know what they mean.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Time for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a document, from the connection to its last byte.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest document. Those of Entra ID have about twenty KiB.
const MAX_BYTES: usize = 256 * 1024;

/// Why documents cannot be fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The file of further roots cannot be read.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file holds no certificate of an authority.
    #[error("{} holds no certificate in PEM that can be a root", .0.display())]
    NoCertificate(PathBuf),
    /// The client cannot be made.
    #[error("no TLS: {0}")]
    Tls(String),
}

/// Why a document could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{url}: {}", causes(.cause))]
    NoAnswer { url: Url, cause: reqwest::Error },
    #[error("{url} answers with status {status}, and redirects are not followed")]
    Status { url: Url, status: u16 },
    #[error("{url} is larger than {MAX_BYTES} bytes")]
    TooLarge { url: Url },
}

/// What fetches.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    far: Client,
    /// For addresses of this machine, which no proxy of the environment's stands for: it would
    /// hear them without TLS, and look for them at home.
    near: Client,
}

impl Fetcher {
    /// Trusts the roots of the web, which are in the program, and those in the file.
    ///
    /// # Errors
    /// The file is not there or holds none.
    pub(crate) fn new(further_roots: Option<&Path>) -> Result<Self, CaError> {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(path) = further_roots {
            add(&mut roots, path)?;
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| CaError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .redirect(Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TIMEOUT)
                .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
        };
        let failed = |error: reqwest::Error| CaError::Tls(causes(&error));
        let far = client().build().map_err(failed)?;
        Ok(Self { far, near: client().no_proxy().build().map_err(failed)? })
    }

    /// The document at an address.
    pub(super) async fn get(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let no_answer = |cause: reqwest::Error| FetchError::NoAnswer {
            url: url.clone(),
            cause: cause.without_url(),
        };
        let client = if is_loopback(url) { &self.near } else { &self.far };
        let request = client.get(url.clone()).header("accept", "application/json");
        let mut response = request.send().await.map_err(no_answer)?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(FetchError::Status { url: url.clone(), status });
        }
        let mut document = Vec::new();
        while let Some(part) = response.chunk().await.map_err(no_answer)? {
            if document.len() + part.len() > MAX_BYTES {
                return Err(FetchError::TooLarge { url: url.clone() });
            }
            document.extend_from_slice(&part);
        }
        Ok(document)
    }
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), CaError> {
    let pem = std::fs::read(path).map_err(|cause| CaError::Io { path: path.to_owned(), cause })?;
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err(CaError::NoCertificate(path.to_owned())),
        _ => Ok(()),
    }
}

/// Whether nobody between here and there can change what comes: TLS, or this machine alone.
pub(super) fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// An error with all that caused it: the library's own words name the cause last.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
