//! Tokens, right and wrong in every way. Written from the documentation of the claims, not with
//! the code under test.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

pub(crate) const READ: &str = "DeviceManagementServiceConfig.Read.All";
pub(crate) const READ_WRITE: &str = "DeviceManagementServiceConfig.ReadWrite.All";
pub(crate) const CONFIGURATION_READ_WRITE: &str = "DeviceManagementConfiguration.ReadWrite.All";

static TRUSTED: LazyLock<Key> = LazyLock::new(Key::generate);
static FOREIGN: LazyLock<Key> = LazyLock::new(Key::generate);

/// The key that services under test sign with: PKCS#8 in PEM.
pub(crate) fn signing_key() -> &'static str {
    &TRUSTED.private_pem
}

struct Key {
    private_pem: String,
    public_der: Vec<u8>,
    encoding: EncodingKey,
    /// RFC 7638
    thumbprint: String,
}

impl Key {
    fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let private_pem = pem("PRIVATE KEY", private.as_ref());
        let encoding = EncodingKey::from_rsa_pem(private_pem.as_bytes()).unwrap();
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256).unwrap();
        let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).unwrap();
        Self { private_pem, public_der: public.as_ref().to_vec(), encoding, thumbprint }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A token in the making.
#[derive(Clone)]
pub(crate) struct Token {
    head: Value,
    claims: Value,
}

impl Token {
    /// The token of an application that may do everything in this tenant.
    pub(crate) fn of(tenant: &str) -> Self {
        let now = now();
        let head = json!({ "typ": "JWT", "alg": "RS256", "kid": TRUSTED.thumbprint });
        let claims = json!({
            "iss": format!("https://sts.muster.localhost/{tenant}/"),
            "aud": "https://graph.microsoft.com",
            "tid": tenant,
            "oid": "5f0c4f3e-62d4-4c38-9d0a-5d7a0f3a0001",
            "appid": "5f0c4f3e-62d4-4c38-9d0a-5d7a0f3a0002",
            "app_displayname": "Tests",
            "idtyp": "app",
            "roles": [READ_WRITE],
            "iat": now,
            "nbf": now,
            "exp": now + 3_600,
        });
        Self { head, claims }
    }

    /// With another claim, or another value of a claim; null removes it.
    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        match value {
            Value::Null => drop(self.claims.as_object_mut().unwrap().remove(name)),
            value => self.claims[name] = value,
        }
        self
    }

    /// As [`Token::claim`], of the header.
    pub(crate) fn head(mut self, name: &str, value: Value) -> Self {
        match value {
            Value::Null => drop(self.head.as_object_mut().unwrap().remove(name)),
            value => self.head[name] = value,
        }
        self
    }

    /// With a time claim that lies `seconds` from now.
    pub(crate) fn time(self, name: &str, seconds: i64) -> Self {
        self.claim(name, json!(now() + seconds))
    }

    /// With these permissions of the application.
    pub(crate) fn roles(self, roles: &[&str]) -> Self {
        self.claim("roles", json!(roles))
    }

    /// With these delegated permissions, for a person.
    pub(crate) fn scopes(self, scopes: &[&str]) -> Self {
        self.claim("roles", Value::Null)
            .claim("idtyp", json!("user"))
            .claim("upn", json!("person@example.com"))
            .claim("scp", json!(scopes.join(" ")))
    }

    /// Signed as it should be.
    pub(crate) fn sign(&self) -> String {
        self.sign_with(&TRUSTED.encoding, Algorithm::RS256)
    }

    /// Signed with a key that nobody trusts.
    pub(crate) fn sign_with_foreign_key(&self) -> String {
        self.sign_with(&FOREIGN.encoding, Algorithm::RS256)
    }

    /// Signed with the right key by another algorithm, which the header names.
    pub(crate) fn sign_by(self, algorithm: Algorithm) -> String {
        self.head("alg", json!(algorithm)).sign_with(&TRUSTED.encoding, algorithm)
    }

    /// Signed with the public key as the secret of HS256: whoever lets the token choose the
    /// algorithm falls for it.
    pub(crate) fn sign_with_public_key(self) -> [String; 2] {
        let der = TRUSTED.public_der.clone();
        let secrets = [pem("PUBLIC KEY", &der).into_bytes(), der];
        let token = self.head("alg", json!("HS256"));
        secrets.map(|secret| token.sign_with(&EncodingKey::from_secret(&secret), Algorithm::HS256))
    }

    /// Not signed at all, and saying so.
    pub(crate) fn unsigned(self) -> String {
        format!("{}.", self.head("alg", json!("none")).message())
    }

    fn sign_with(&self, key: &EncodingKey, algorithm: Algorithm) -> String {
        let message = self.message();
        let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    fn message(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&self.head), part(&self.claims))
    }
}

fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since_epoch.as_secs()).unwrap()
}
