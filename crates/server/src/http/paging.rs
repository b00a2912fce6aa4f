//! The tokens in links to next pages: where the page before ended, for which tenant and page size,
//! authenticated so that nobody can make or change one. Must not know storage.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{IdentityId, TenantId};
use uuid::Uuid;

/// The first byte of every token, so that a later form can be told from this one.
const VERSION: u8 = 1;
/// Version and id.
const BODY_BYTES: usize = 17;
/// Half of SHA-256 is as hard to guess as an AES key.
const TAG_BYTES: usize = 16;

/// Makes and reads tokens.
pub(super) struct Paging {
    key: hmac::Key,
}

impl std::fmt::Debug for Paging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paging").finish_non_exhaustive()
    }
}

impl Paging {
    pub(super) fn new(key: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The token for the page behind `last`.
    pub(super) fn token(&self, tenant: TenantId, last: IdentityId) -> String {
        let mut bytes = Vec::with_capacity(BODY_BYTES + TAG_BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(last.0.as_bytes());
        let tag = self.tag(tenant, &bytes);
        bytes.extend(tag.as_ref().iter().take(TAG_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Where the page begins that a token was made for. `None` for a token that was made for
    /// another tenant, or by nobody.
    pub(super) fn read(&self, tenant: TenantId, token: &str) -> Option<IdentityId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, given) = bytes.split_at_checked(BODY_BYTES)?;
        let tag = self.tag(tenant, body);
        let expected = tag.as_ref().get(..TAG_BYTES)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(expected, given).ok()?;
        let (version, id) = body.split_first()?;
        (*version == VERSION).then_some(IdentityId(Uuid::from_slice(id).ok()?))
    }

    fn tag(&self, tenant: TenantId, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(tenant.0.as_bytes());
        context.update(body);
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_tenant_only_and_as_it_was_made() {
        let paging = Paging::new(b"key");
        let (ours, theirs) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let last = IdentityId(Uuid::from_u128(7));
        let token = paging.token(ours, last);
        assert_eq!(paging.read(ours, &token), Some(last));
        assert_eq!(paging.read(theirs, &token), None);
        assert_eq!(Paging::new(b"other").read(ours, &token), None);
        for (index, _) in token.char_indices() {
            let mut other = token.clone();
            let swapped = if other.remove(index) == 'A' { 'B' } else { 'A' };
            other.insert(index, swapped);
            assert_eq!(paging.read(ours, &other), None, "{other}");
        }
    }
}
