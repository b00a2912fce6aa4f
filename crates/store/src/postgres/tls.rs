//! TLS to PostgreSQL, as the address of the store asks for it. Must not know what is sent.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::Security;

/// What makes connections secure.
///
/// # Errors
/// What there is to trust cannot be read, or is nothing.
pub(super) fn connector(security: &Security) -> Result<MakeRustlsConnect, String> {
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

fn unusable(error: &dyn StdError) -> String {
    format!("TLS cannot be spoken: {error}")
}

/// What certificates are held against.
fn chain(security: &Security, provider: &Arc<CryptoProvider>) -> Result<Chain, String> {
    let Security::Verified { roots, names_host } = security else { return Ok(Chain::Any) };
    let roots = match roots {
        Some(path) => from_file(path)?,
        None => of_this_machine()?,
    };
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| unusable(&error))?;
    Ok(if *names_host { Chain::Named(verifier) } else { Chain::Trusted(verifier) })
}

fn from_file(path: &Path) -> Result<RootCertStore, String> {
    let unusable = |reason: &dyn Display| {
        format!(
            "sslrootcert={}: {reason}: name a file that holds the certificates of the authorities \
             to trust, as PEM",
            path.display()
        )
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&error))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(unusable(&"it holds no certificate"));
    }
    Ok(roots)
}

fn of_this_machine() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let cause = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(format!(
            "this machine trusts no authority{cause}: install the package ca-certificates, or name \
             a file with the certificate of the server's authority by sslrootcert=FILE"
        ));
    }
    Ok(roots)
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
        let verified = match &self.chain {
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
        };
        verified.map_err(|error| refused(error, &server_name.to_str()))
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

/// What is wrong with a host's certificate, and what to do: whoever reads it sees no certificate.
fn refused(error: Error, host: &str) -> Error {
    let Error::InvalidCertificate(error) = error else { return error };
    let told = match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "the certificate of {host} is not by an authority that is trusted here: name a file \
             with the certificate of the right one by sslrootcert=FILE"
        ),
        CertificateError::NotValidForNameContext { presented, .. } => format!(
            "the certificate of {host} is another's ({}): connect by a name that stands in it, or \
             have one made for this host; sslmode=verify-ca takes one of any name",
            presented.join(", ")
        ),
        other => format!("the certificate of {host} is not valid: {other}: have another made"),
    };
    let told: Box<dyn StdError + Send + Sync> = told.into();
    Error::InvalidCertificate(CertificateError::Other(OtherError(told.into())))
}

/// What [`refused`] said, where a connection failed for it.
pub(super) fn refusal(source: &(dyn StdError + 'static)) -> Option<String> {
    match source.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidCertificate(CertificateError::Other(told)) => Some(told.to_string()),
        _ => None,
    }
}
