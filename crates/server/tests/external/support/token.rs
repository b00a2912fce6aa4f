//! Keys of authorities, and tokens, right and wrong in every way. Written from the standards, not
//! with the code under test.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::{AUDIENCE, READ_WRITE};

/// A key that signs.
#[derive(Clone)]
pub(crate) struct Key {
    kid: String,
    algorithm: Algorithm,
    signing: EncodingKey,
    /// As it is published, in the form of Entra ID's: without an algorithm.
    jwk: Value,
}

impl Key {
    /// An RSA key for RS256, whose published form does not say so.
    pub(crate) fn rsa(kid: &str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            base64::engine::general_purpose::STANDARD.encode(private.as_ref())
        );
        let public = pair.public_key();
        let encode = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        let n = encode(public.modulus().big_endian_without_leading_zero());
        let e = encode(public.exponent().big_endian_without_leading_zero());
        Self {
            kid: kid.to_owned(),
            algorithm: Algorithm::RS256,
            signing: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
            jwk: json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e }),
        }
    }

    /// An RSA key for PS256.
    pub(crate) fn pss(kid: &str) -> Self {
        Self { algorithm: Algorithm::PS256, ..Self::rsa(kid) }.published("alg", json!("PS256"))
    }

    /// A key on the curve P-256.
    pub(crate) fn ec(kid: &str) -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref()).unwrap();
        // SEC 1, 2.3.3: a point that is not compressed.
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        Self {
            kid: kid.to_owned(),
            algorithm: Algorithm::ES256,
            signing: EncodingKey::from_ec_der(private.as_ref()),
            jwk: json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y }),
        }
    }

    /// The same key, published with one more member.
    pub(crate) fn published(mut self, member: &str, value: Value) -> Self {
        self.jwk[member] = value;
        self
    }

    pub(crate) fn jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// The same key under another name.
    pub(crate) fn named(mut self, kid: &str) -> Self {
        kid.clone_into(&mut self.kid);
        self.jwk["kid"] = json!(kid);
        self
    }
}

/// A token in the making.
#[derive(Clone)]
pub(crate) struct Token {
    head: Value,
    claims: Value,
}

impl Token {
    /// The token of an application that may do everything, in the form of RFC 9068.
    pub(crate) fn of(issuer: &str) -> Self {
        let now = now();
        let claims = json!({
            "iss": issuer,
            "aud": AUDIENCE,
            "sub": "batch",
            "client_id": "batch",
            "scope": READ_WRITE,
            "iat": now,
            "exp": now + 3_600,
        });
        Self { head: json!({ "typ": "at+jwt" }), claims }
    }

    /// The token of an application, in the form of version 1.0 of Entra ID.
    pub(crate) fn v1(sts: &str, tenant: &str, audience: &str) -> Self {
        let token = Self::of(&format!("{sts}{tenant}/"));
        token
            .entra("1.0", tenant, audience)
            .claim("appid", json!("5f0c4f3e-app"))
            .claim("roles", json!([READ_WRITE]))
    }

    /// The token of a person, in the form of version 2.0 of Entra ID.
    pub(crate) fn v2(login: &str, tenant: &str, audience: &str) -> Self {
        let token = Self::of(&format!("{login}{tenant}/v2.0"));
        token
            .entra("2.0", tenant, audience)
            .claim("azp", json!("5f0c4f3e-app"))
            .claim("scp", json!(format!("openid {READ_WRITE}")))
            .claim("preferred_username", json!("person@example.com"))
    }

    fn entra(self, version: &str, tenant: &str, audience: &str) -> Self {
        let now = now();
        self.head("typ", json!("JWT"))
            .claim("client_id", Value::Null)
            .claim("scope", Value::Null)
            .claim("nbf", json!(now))
            .claim("aud", json!(audience))
            .claim("oid", json!("5f0c4f3e-somebody"))
            .claim("tid", json!(tenant))
            .claim("ver", json!(version))
    }

    /// With another claim, or another value of a claim; null removes it.
    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        set(&mut self.claims, name, value);
        self
    }

    /// As [`Token::claim`], of the head.
    pub(crate) fn head(mut self, name: &str, value: Value) -> Self {
        set(&mut self.head, name, value);
        self
    }

    /// With a time claim that lies `seconds` from now.
    pub(crate) fn time(self, name: &str, seconds: i64) -> Self {
        self.claim(name, json!(now() + seconds))
    }

    /// Signed as it should be.
    pub(crate) fn sign(&self, key: &Key) -> String {
        let message = self.message(key, &self.head);
        self.finish(message.clone(), &message, key)
    }

    /// Signed by the key in a way that is not the key's, which the head names.
    pub(crate) fn sign_by(self, key: &Key, algorithm: Algorithm) -> String {
        let wrong = Key { algorithm, ..key.clone() };
        self.sign(&wrong)
    }

    /// Signed with bytes that are no secret as the secret of HS256.
    pub(crate) fn sign_with_secret(self, key: &Key, secret: &[u8]) -> String {
        let signing = EncodingKey::from_secret(secret);
        self.sign(&Key { algorithm: Algorithm::HS256, signing, ..key.clone() })
    }

    /// Not signed at all, and saying so.
    pub(crate) fn unsigned(self, key: &Key) -> String {
        let head = json!({ "alg": "none", "kid": key.kid });
        format!("{}.", encode(&head, &self.claims))
    }

    /// Signed as Entra ID signs tokens for Graph: with a nonce in the head, whose hash is signed.
    pub(crate) fn sign_with_nonce(self, key: &Key) -> String {
        let nonce = "zEvH3nDXgHs0u2L5Lw4Zk2nMEkYkMBDH3mAQtCdI1sE";
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, nonce.as_bytes());
        let with =
            |nonce: String| self.message(key, &self.clone().head("nonce", json!(nonce)).head);
        let signed = with(URL_SAFE_NO_PAD.encode(hash));
        self.finish(with(nonce.to_owned()), &signed, key)
    }

    fn message(&self, key: &Key, head: &Value) -> String {
        let mut head = head.clone();
        for (name, value) in [("alg", json!(key.algorithm)), ("kid", json!(key.kid))] {
            if head.get(name).is_none() {
                head[name] = value;
            }
        }
        encode(&head, &self.claims)
    }

    fn finish(&self, shown: String, signed: &str, key: &Key) -> String {
        let signature = crypto::sign(signed.as_bytes(), &key.signing, key.algorithm).unwrap();
        format!("{shown}.{signature}")
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
}

fn encode(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(head), part(claims))
}

/// Seconds since 1970.
fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since_epoch.as_secs()).unwrap()
}
