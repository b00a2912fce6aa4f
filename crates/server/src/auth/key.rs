//! The key of a data directory, which signs tokens under `--dev`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::{digest, encoding};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::private_file;

const FILE: &str = "dev-signing-key.pem";
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The data directory has no key yet.
    #[error(
        "{} has no signing key yet: start `muster serve --dev` with this data directory first",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// The file holds no RSA key.
    #[error("{} holds no RSA key in PKCS#8 PEM: remove it to have a new one made", .0.display())]
    Unreadable(PathBuf),
    /// The key could not be made.
    #[error("the system gave no random key")]
    Unspecified,
}

/// An RSA key of 2048 bits that signs and verifies RS256, as Entra ID's do.
pub struct SigningKey {
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    /// RFC 7638 thumbprint.
    pub(super) kid: String,
    public: PublicKey,
}

/// The public half of a key, as it is written in JSON (RFC 7518, 6.3.1).
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    /// Modulus.
    pub(crate) n: String,
    /// Exponent.
    pub(crate) e: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// The key of a data directory.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open(data: &Path) -> Result<Self, KeyError> {
        let path = data.join(FILE);
        match fs::read_to_string(&path) {
            Ok(pem) => Self::from_pem(&pem).ok_or(KeyError::Unreadable(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(KeyError::Missing(data.to_owned()))
            }
            Err(error) => Err(KeyError::Io(path, error)),
        }
    }

    /// The key of a data directory, made (mode 0600) if there is none.
    ///
    /// # Errors
    /// It cannot be read or made.
    pub fn open_or_make(data: &Path) -> Result<Self, KeyError> {
        match Self::open(data) {
            Err(KeyError::Missing(_)) => {}
            other => return other,
        }
        let path = data.join(FILE);
        let pem = generate().ok_or(KeyError::Unspecified)?;
        private_file::write(&path, pem.as_bytes())
            .map_err(|error| KeyError::Io(path.clone(), error))?;
        Self::from_pem(&pem).ok_or(KeyError::Unreadable(path))
    }

    fn from_pem(pem: &str) -> Option<Self> {
        let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
        let body: String = body.split_whitespace().collect();
        let pair = KeyPair::from_pkcs8(&STANDARD.decode(body).ok()?).ok()?;
        let public = pair.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        let exponent = public.exponent().big_endian_without_leading_zero().to_vec();
        let (n, e) = (URL_SAFE_NO_PAD.encode(&modulus), URL_SAFE_NO_PAD.encode(&exponent));
        // RFC 7638, 3.2: the members in this order, without blanks.
        let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let thumbprint = digest::digest(&digest::SHA256, canonical.as_bytes());
        Some(Self {
            encoding: EncodingKey::from_rsa_pem(pem.as_bytes()).ok()?,
            decoding: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            public: PublicKey { n, e },
        })
    }

    /// The key's name.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// What others verify with.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }
}

fn generate() -> Option<String> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: encoding::Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let body = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = (0..body.len())
        .step_by(64)
        .filter_map(|start| body.get(start..body.len().min(start + 64)))
        .collect();
    Some(format!("{BEGIN}\n{}\n{END}\n", lines.join("\n")))
}
