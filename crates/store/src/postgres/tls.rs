//! TLS to PostgreSQL, as the address of the store asks for it. Must not know what is sent.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::Security;
use crate::StoreError;

/// What makes connections secure.
pub(super) fn connector(security: &Security) -> Result<MakeRustlsConnect, StoreError> {
    let provider = Arc::new(default_provider());
    let verifier = Verifier { provider: Arc::clone(&provider), chain: chain(security, &provider)? };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn unusable(error: &dyn std::error::Error) -> StoreError {
    StoreError::Unavailable(format!("TLS cannot be spoken: {error}"))
}

/// What certificates are held against.
fn chain(security: &Security, provider: &Arc<CryptoProvider>) -> Result<Chain, StoreError> {
    let Security::Verified { roots, names_host } = security else { return Ok(Chain::Any) };
    let roots = match roots {
        Some(path) => from_file(path)?,
        None => of_this_machine(),
    };
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| unusable(&error))?;
    Ok(if *names_host { Chain::Named(verifier) } else { Chain::Trusted(verifier) })
}

fn from_file(path: &Path) -> Result<RootCertStore, StoreError> {
    let unreadable = |reason: String| StoreError::Open { path: path.display().to_string(), reason };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(format!("sslrootcert cannot be read: {error}")))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(unreadable("sslrootcert holds no certificate".to_owned()));
    }
    Ok(roots)
}

fn of_this_machine() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// What a certificate has to lead to.
#[derive(Debug)]
enum Chain {
    /// Nothing: the connection is encrypted, and whoever is in between can read it.
    Any,
    /// A certificate that is trusted, whomever it names.
    Trusted(Arc<WebPkiServerVerifier>),
    /// A certificate that is trusted, and the host's own.
    Named(Arc<WebPkiServerVerifier>),
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    chain: Chain,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match &self.chain {
            Chain::Any => Ok(ServerCertVerified::assertion()),
            Chain::Named(verifier) => verify(verifier),
            // The name is looked at last, when all else has been found good.
            Chain::Trusted(verifier) => match verify(verifier) {
                Err(Error::InvalidCertificate(
                    CertificateError::NotValidForName
                    | CertificateError::NotValidForNameContext { .. },
                )) => Ok(ServerCertVerified::assertion()),
                other => other,
            },
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
