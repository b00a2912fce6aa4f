//! Public keys, and the sets of them that issuers publish (RFC 7517). Must not know where a set
//! comes from.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::SigningKey;
use super::issue::ALGORITHM;

/// Most keys of one issuer. Entra ID has about ten.
const MAX_KEYS: usize = 100;
/// Shortest modulus of RSA that is trusted (NIST SP 800-131A).
const MIN_RSA_BYTES: usize = 256;
/// Length of a coordinate on the curve P-256 (RFC 7518, 6.2.1.2).
const P256_BYTES: usize = 32;

/// A public key. The algorithm comes with it, never from a token.
#[derive(Debug)]
pub(super) struct Key {
    material: Material,
    verifying: DecodingKey,
}

/// What makes a key the one it is.
#[derive(Debug, PartialEq, Eq)]
struct Material {
    kid: String,
    algorithm: Algorithm,
    numbers: [String; 2],
    issuer: Option<String>,
}

impl Key {
    pub(super) fn algorithm(&self) -> Algorithm {
        self.material.algorithm
    }

    /// The only issuer that the key may sign for, if it is bound to one. Entra ID publishes the
    /// keys of all its issuers in one set, with the place of the tenant's id as `{tenantid}`.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.material.issuer.as_deref()
    }

    pub(super) fn verifies(&self, message: &str, signature: &str) -> bool {
        crypto::verify(signature, message.as_bytes(), &self.verifying, self.algorithm())
            .unwrap_or_default()
    }
}

/// The keys of an issuer by their names.
#[derive(Debug, Default)]
pub(super) struct KeySet(HashMap<String, Arc<Key>>);

/// Why a document is no set of keys.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeySetError {
    #[error("it is no JSON Web Key Set: {0}")]
    Unreadable(String),
    #[error("it has {0} keys, and at most {MAX_KEYS} are taken")]
    TooMany(usize),
}

impl KeySet {
    /// The one key of a data directory.
    pub(super) fn own(key: &SigningKey) -> Self {
        let material = Material {
            kid: key.kid.clone(),
            algorithm: ALGORITHM,
            numbers: Default::default(),
            issuer: None,
        };
        let verifying = key.decoding.clone();
        Self(HashMap::from([(key.kid.clone(), Arc::new(Key { material, verifying }))]))
    }

    /// Reads a JWKS. Keys that cannot be used here are left out (RFC 7517, 5). A key that stood in
    /// the set before stays the same one, and with it what it has verified.
    pub(super) fn read(json: &[u8], before: Option<&Self>) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(json)
            .map_err(|error| KeySetError::Unreadable(error.to_string()))?;
        if document.keys.len() > MAX_KEYS {
            return Err(KeySetError::TooMany(document.keys.len()));
        }
        let mut keys = HashMap::new();
        for jwk in document.keys {
            let Ok(jwk) = serde_json::from_value::<Jwk>(jwk) else { continue };
            let Some(key) = jwk.key() else { continue };
            let known = before.and_then(|before| before.get(&key.material.kid));
            let key = match known {
                Some(known) if known.material == key.material => known,
                _ => Arc::new(key),
            };
            // Of two keys with one name the first counts.
            keys.entry(key.material.kid.clone()).or_insert(key);
        }
        Ok(Self(keys))
    }

    pub(super) fn get(&self, kid: &str) -> Option<Arc<Key>> {
        self.0.get(kid).cloned()
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the same keys are in both.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same = |(kid, key): (&String, &Arc<Key>)| {
            other.0.get(kid).is_some_and(|other| Arc::ptr_eq(key, other))
        };
        self.len() == other.len() && self.0.iter().all(same)
    }
}

/// A key as it is published, as far as it is of use here.
#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    issuer: Option<String>,
}

impl Jwk {
    fn key(self) -> Option<Key> {
        let verify = |operations: &Vec<String>| operations.iter().any(|name| name == "verify");
        let is_for_signatures = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.key_ops.as_ref().is_none_or(verify);
        let algorithm = self.algorithm().filter(|_| is_for_signatures)?;
        let (numbers, verifying) = match algorithm {
            Algorithm::ES256 => {
                let (x, y) = (self.x?, self.y?);
                let are_coordinates = [&x, &y].iter().all(|n| bytes(n) == Some(P256_BYTES));
                let key = DecodingKey::from_ec_components(&x, &y).ok();
                ([x, y], key.filter(|_| are_coordinates)?)
            }
            _ => {
                let (n, e) = (self.n?, self.e?);
                let is_long = bytes(&n).is_some_and(|length| length >= MIN_RSA_BYTES);
                let key = DecodingKey::from_rsa_components(&n, &e).ok();
                ([n, e], key.filter(|_| is_long)?)
            }
        };
        let (kid, issuer) = (self.kid, self.issuer);
        Some(Key { material: Material { kid, algorithm, numbers, issuer }, verifying })
    }

    /// The one algorithm of the key. Keys of RSA that name none, as Entra ID's, are for RS256.
    fn algorithm(&self) -> Option<Algorithm> {
        match (self.kty.as_str(), self.crv.as_deref(), self.alg.as_deref()) {
            ("RSA", None, None | Some("RS256")) => Some(Algorithm::RS256),
            ("RSA", None, Some("PS256")) => Some(Algorithm::PS256),
            ("EC", Some("P-256"), None | Some("ES256")) => Some(Algorithm::ES256),
            _ => None,
        }
    }
}

fn bytes(number: &str) -> Option<usize> {
    URL_SAFE_NO_PAD.decode(number).ok().map(|bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rsa(kid: &str) -> Value {
        let n = URL_SAFE_NO_PAD.encode([0xc5; MIN_RSA_BYTES]);
        json!({ "kid": kid, "kty": "RSA", "n": n, "e": "AQAB" })
    }

    fn with(mut jwk: Value, name: &str, value: Value) -> Value {
        jwk[name] = value;
        jwk
    }

    fn read(keys: &[Value], before: Option<&KeySet>) -> KeySet {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes(), before).unwrap()
    }

    #[test]
    fn the_algorithm_is_that_of_the_key() {
        let coordinate = URL_SAFE_NO_PAD.encode([7; P256_BYTES]);
        let ec =
            json!({ "kid": "e", "kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate });
        let set = read(&[rsa("r"), with(rsa("p"), "alg", json!("PS256")), ec], None);
        let algorithm = |kid| set.get(kid).map(|key| key.algorithm());
        assert_eq!(algorithm("r"), Some(Algorithm::RS256));
        assert_eq!(algorithm("p"), Some(Algorithm::PS256));
        assert_eq!(algorithm("e"), Some(Algorithm::ES256));
    }

    #[test]
    fn a_key_that_is_not_for_us_leaves_the_others_in_place() {
        let short = URL_SAFE_NO_PAD.encode([0xc5; 128]);
        let unfit = [
            with(rsa("x"), "use", json!("enc")),
            with(rsa("x"), "key_ops", json!(["sign"])),
            with(rsa("x"), "alg", json!("RS512")),
            with(rsa("x"), "alg", json!("HS256")),
            with(rsa("x"), "alg", json!(256)),
            with(rsa("x"), "n", json!(short)),
            with(rsa("x"), "n", json!("not base64!")),
            with(rsa("x"), "kty", json!("EC")),
            json!({ "kid": "x", "kty": "oct", "k": "AAAA" }),
            json!({ "kty": "RSA", "n": "AAAA", "e": "AQAB" }),
            json!("a string"),
        ];
        for jwk in unfit {
            let set = read(&[jwk.clone(), rsa("ours")], None);
            assert!(set.get("x").is_none(), "{jwk}");
            assert!(set.get("ours").is_some(), "{jwk}");
        }
    }

    #[test]
    fn a_key_that_stays_is_the_same_one_and_a_changed_one_is_not() {
        let before = read(&[rsa("stays"), rsa("changes"), rsa("goes")], None);
        let other = URL_SAFE_NO_PAD.encode([0xd5; MIN_RSA_BYTES]);
        let changed = with(rsa("changes"), "n", json!(other));
        let after = read(&[changed, rsa("stays")], Some(&before));
        let same = |kid| Arc::ptr_eq(&before.get(kid).unwrap(), &after.get(kid).unwrap());
        assert!(same("stays") && !same("changes") && after.get("goes").is_none());
        assert!(!before.is_same(&after));
        assert!(after.is_same(&read(
            &[rsa("stays"), with(rsa("changes"), "n", json!(other))],
            Some(&after)
        )));
    }

    #[test]
    fn a_set_has_an_end() {
        let many = vec![rsa("x"); MAX_KEYS + 1];
        let json = json!({ "keys": many }).to_string();
        let refused = KeySet::read(json.as_bytes(), None).unwrap_err();
        assert_eq!(refused, KeySetError::TooMany(MAX_KEYS + 1));
    }
}
