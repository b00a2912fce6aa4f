//! The tokens in links to next pages: where the page before ended, in which order and for which
//! filter, search, tenant and `now()`, authenticated so that nobody can make or change one.
//! Must not know storage.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::TenantId;
use odata::DateTimeOffset;
use odata::query::{Filter, OrderBy, Search};
use store::Position;

/// The first byte of every token, so that a later form can be told from this one.
const VERSION: u8 = 2;
/// The version and the `now()`, in front of the place.
const HEAD_BYTES: usize = 1 + 8;
/// Half of SHA-256 is as hard to guess as an AES key.
const TAG_BYTES: usize = 16;

/// Makes and reads tokens.
pub struct Paging {
    key: hmac::Key,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Whose rows.
    pub tenant: TenantId,
    /// Which of them.
    pub filter: Option<&'a Filter>,
    /// Which of those.
    pub search: Option<&'a Search>,
    /// In which order.
    pub order: &'a OrderBy,
}

impl std::fmt::Debug for Paging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paging").finish_non_exhaustive()
    }
}

impl Paging {
    /// Makes and reads those that are authenticated by a key.
    pub fn new(key: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The token for the page from a place on.
    pub fn token(&self, scope: &Scope<'_>, now: DateTimeOffset, place: &Position) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&now.ticks().to_le_bytes());
        bytes.extend(place.encode());
        let tag = self.tag(scope, &bytes);
        bytes.extend(tag.as_ref().iter().take(TAG_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The `now()` of a token, if it is to be believed, which [`read`](Self::read) finds out.
    pub fn claimed_now(token: &str) -> Option<DateTimeOffset> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (version, rest) = bytes.split_first()?;
        let now = i64::from_le_bytes(*rest.first_chunk()?);
        DateTimeOffset::from_ticks_utc(now).filter(|_| *version == VERSION)
    }

    /// Where the page begins that a token was made for. `None` for a token that was made for
    /// another tenant, filter, search or order, or by nobody.
    pub fn read(&self, scope: &Scope<'_>, token: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, given) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let tag = self.tag(scope, body);
        let expected = tag.as_ref().get(..TAG_BYTES)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(expected, given).ok()?;
        Position::decode(body.get(HEAD_BYTES..)?, scope.order)
    }

    /// Neither a filter nor a search nor an order has U+0000 in it, and none is empty.
    fn tag(&self, scope: &Scope<'_>, body: &[u8]) -> hmac::Tag {
        let filter = scope.filter.map(ToString::to_string).unwrap_or_default();
        let search = scope.search.map(ToString::to_string).unwrap_or_default();
        let order = scope.order.to_string();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(scope.tenant.0.as_bytes());
        for text in [filter, search, order] {
            context.update(text.as_bytes());
            context.update(b"\0");
        }
        context.update(body);
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use model::query_context;
    use odata::Options;
    use odata::query::Value;
    use uuid::Uuid;

    use super::*;

    const NOW: DateTimeOffset = DateTimeOffset::MAX;
    const OURS: TenantId = TenantId(Uuid::from_u128(1));

    fn filter(text: &str) -> Filter {
        Filter::parse(text, &query_context(&Options::default(), NOW)).unwrap()
    }

    fn order(text: &str) -> OrderBy {
        OrderBy::parse(text, &query_context(&Options::default(), NOW)).unwrap()
    }

    fn place(values: Vec<Value<'static>>, order: &OrderBy) -> Position {
        Position::new(values, order).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_scope_only_and_as_it_was_made() {
        let paging = Paging::new(b"key");
        let (some, others) = (filter("platform eq 'ios'"), filter("platform ne 'ios'"));
        let (by_id, backwards) = (order("id"), order("id desc"));
        let (word, other_word) = (Search::parse("a").unwrap(), Search::parse("b").unwrap());
        let scope = Scope { tenant: OURS, filter: Some(&some), search: Some(&word), order: &by_id };
        let id = Cow::Borrowed("0192f0c1-2b3c-7def-8123-456789abcdef");
        let last = place(vec![Value::String(id)], &by_id);
        let token = paging.token(&scope, NOW, &last);
        assert_eq!(Paging::claimed_now(&token), Some(NOW));
        assert_eq!(paging.read(&scope, &token), Some(last));
        let theirs = TenantId(Uuid::from_u128(2));
        for other in [
            Scope { tenant: theirs, ..scope },
            Scope { filter: None, ..scope },
            Scope { filter: Some(&others), ..scope },
            Scope { search: None, ..scope },
            Scope { search: Some(&other_word), ..scope },
            Scope { order: &backwards, ..scope },
        ] {
            assert_eq!(paging.read(&other, &token), None, "{other:?}");
        }
        assert_eq!(Paging::new(b"other").read(&scope, &token), None);
        for (index, _) in token.char_indices() {
            let mut other = token.clone();
            let swapped = if other.remove(index) == 'A' { 'B' } else { 'A' };
            other.insert(index, swapped);
            assert_eq!(paging.read(&scope, &other), None, "{other}");
        }
        for end in 0..token.len() {
            let cut = &token[..end];
            assert_eq!(paging.read(&scope, cut), None, "{cut}");
            Paging::claimed_now(cut);
        }
    }
}
