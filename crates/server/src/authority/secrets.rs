//! Secrets: made at random, compared in constant time, remembered by their hash, and values sealed
//! so that others can keep them for us. Must not know what they are for.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of a secret, of a hash, and of the key of seals.
const BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// What a secret is remembered by.
pub(super) type Hash = [u8; BYTES];

/// Random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Unspecified> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}

/// A new secret, in letters that need no escapes anywhere.
pub(super) fn secret() -> Result<String, Unspecified> {
    Ok(URL_SAFE_NO_PAD.encode(random::<BYTES>()?))
}

/// The hash of a secret. Secrets are looked up and compared by it, so that no time that a
/// comparison takes tells anything about them.
pub(super) fn hash(secret: &str) -> Hash {
    let mut hash = [0; BYTES];
    hash.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    hash
}

/// Whether two secrets are the same, in a time that does not depend on where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(&hash(one), &hash(other)).is_ok()
}

/// Seals values: nobody else can read or change what is sealed.
#[derive(Debug)]
pub(super) struct Sealer(RandomizedNonceKey);

impl Sealer {
    pub(super) fn new(key: &[u8]) -> Result<Self, Unspecified> {
        RandomizedNonceKey::new(&AES_256_GCM, key).map(Self)
    }

    /// Seals a value for one purpose: what was sealed for another does not open.
    pub(super) fn seal(
        &self,
        purpose: &str,
        value: &impl Serialize,
    ) -> Result<String, Unspecified> {
        let mut bytes = serde_json::to_vec(value).map_err(|_| Unspecified)?;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(purpose), &mut bytes)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), bytes.as_slice()].concat()))
    }

    /// Opens what was sealed for this purpose.
    pub(super) fn open<T: DeserializeOwned>(&self, purpose: &str, sealed: &str) -> Option<T> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_at_mut_checked(NONCE_BYTES)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let value = self.0.open_in_place(nonce, Aad::from(purpose), rest).ok()?;
        serde_json::from_slice(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_its_key_alone() {
        let sealer = Sealer::new(&[1; BYTES]).unwrap();
        let sealed = sealer.seal("one", &"value").unwrap();
        assert_eq!(sealer.open::<String>("one", &sealed).as_deref(), Some("value"));
        assert_eq!(sealer.open::<String>("other", &sealed), None);
        assert_eq!(Sealer::new(&[2; BYTES]).unwrap().open::<String>("one", &sealed), None);
        for broken in ["", "AAAA", "***", &sealed[..sealed.len() - 2]] {
            assert_eq!(sealer.open::<String>("one", broken), None, "{broken}");
        }
    }

    #[test]
    fn the_same_value_is_never_sealed_the_same_way() {
        let sealer = Sealer::new(&[1; BYTES]).unwrap();
        assert_ne!(sealer.seal("one", &1).unwrap(), sealer.seal("one", &1).unwrap());
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_eq!(one.len(), 43);
        assert!(!same(&one, &other) && same(&one, &one));
    }
}
