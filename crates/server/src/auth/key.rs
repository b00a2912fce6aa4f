//! The key that signs tokens under `--dev`.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::{digest, encoding};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::dev_keys::DevKey;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

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
    /// The key's name.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// What others verify with.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl DevKey for SigningKey {
    const FILE: &'static str = "dev-signing-key.pem";
    const SETTING: &'static str = "signing_key";
    const NAME: &'static str = "signing key (RSA, PKCS#8 in PEM)";

    fn make() -> Option<Vec<u8>> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let der: encoding::Pkcs8V1Der<'_> = pair.as_der().ok()?;
        let body = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = (0..body.len())
            .step_by(64)
            .filter_map(|start| body.get(start..body.len().min(start + 64)))
            .collect();
        Some(format!("{BEGIN}\n{}\n{END}\n", lines.join("\n")).into_bytes())
    }

    fn read(content: &[u8]) -> Option<Self> {
        let pem = std::str::from_utf8(content).ok()?;
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
            encoding: EncodingKey::from_rsa_pem(content).ok()?,
            decoding: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            public: PublicKey { n, e },
        })
    }
}
