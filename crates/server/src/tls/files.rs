//! Certificate and key in files that somebody else renews: read again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::{Certificate, TlsError, certified};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where certificate and key are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The chain in PEM, the server's own certificate first.
    pub(crate) certificate: PathBuf,
    /// Its private key in PEM.
    pub(crate) key: PathBuf,
}

/// What a changed file is known by.
type Marks = [Option<(SystemTime, u64)>; 2];

impl Files {
    /// Reads both.
    ///
    /// # Errors
    /// One of them cannot be read, or they do not belong together.
    pub(crate) fn read(&self) -> Result<CertifiedKey, TlsError> {
        let chain = pem(&self.certificate, "certificate", |bytes| {
            CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>().ok()
        })?;
        let chain = Some(chain)
            .filter(|chain| !chain.is_empty())
            .ok_or(TlsError::Pem { path: self.certificate.clone(), what: "certificate" })?;
        let key = pem(&self.key, "private key", |bytes| PrivateKeyDer::from_pem_slice(bytes).ok())?;
        certified(chain, key)
    }

    /// Exchanges the certificate whenever the files have changed and hold a pair that serves, for
    /// as long as somebody uses it.
    pub(crate) async fn watch(self, certificate: Arc<Certificate>) {
        let certificate = Arc::downgrade(&certificate);
        let mut read = self.marks();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let Some(certificate) = certificate.upgrade() else { return };
            let seen = self.marks();
            if seen == read {
                continue;
            }
            // Whoever renews writes one file after the other: what does not serve yet is read
            // again when it changes again.
            read = seen;
            match self.read() {
                Ok(key) => {
                    certificate.exchange(key);
                    tracing::info!(file = %self.certificate.display(), "certificate exchanged");
                }
                Err(error) => {
                    tracing::warn!(%error, "the certificate stays as it was");
                }
            }
        }
    }

    fn marks(&self) -> Marks {
        [&self.certificate, &self.key].map(|path| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        })
    }
}

fn pem<T>(
    path: &Path,
    what: &'static str,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<T, TlsError> {
    let bytes =
        std::fs::read(path).map_err(|cause| TlsError::Io { path: path.to_owned(), cause })?;
    read(&bytes).ok_or(TlsError::Pem { path: path.to_owned(), what })
}
