//! Certificate and key in files that somebody else renews: read again when they change.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

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

/// What a changed file is known by: another file in its place, its size, when it was written.
type Mark = (u64, u64, i64, i64);

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

    fn marks(&self) -> [Option<Mark>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
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
