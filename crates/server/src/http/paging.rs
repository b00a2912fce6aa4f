//! The tokens in links to next pages: where the page before ended, in which order and for which
//! filter, tenant and `now()`, authenticated so that nobody can make or change one.
//! Must not know storage.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::TenantId;
use odata::DateTimeOffset;
use odata::datetime::{Date, TimeOfDay};
use odata::edm::EnumType;
use odata::number::Number;
use odata::query::{Filter, OrderBy, Type, Value};
use store::Position;

/// The first byte of every token, so that a later form can be told from this one.
const VERSION: u8 = 2;
/// Half of SHA-256 is as hard to guess as an AES key.
const TAG_BYTES: usize = 16;

/// Makes and reads tokens.
pub(super) struct Paging {
    key: hmac::Key,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) tenant: TenantId,
    pub(super) filter: Option<&'a Filter>,
    pub(super) order: &'a OrderBy,
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

    /// The token for the page from a place on.
    pub(super) fn token(&self, scope: &Scope<'_>, now: DateTimeOffset, place: &Position) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&now.ticks().to_le_bytes());
        for value in place.values() {
            put(&mut bytes, value);
        }
        let tag = self.tag(scope, &bytes);
        bytes.extend(tag.as_ref().iter().take(TAG_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The `now()` of a token, if it is to be believed, which [`read`](Self::read) finds out.
    pub(super) fn claimed_now(token: &str) -> Option<DateTimeOffset> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let mut rest = bytes.as_slice();
        let [version] = take(&mut rest)?;
        let now = i64::from_le_bytes(take(&mut rest)?);
        DateTimeOffset::from_ticks_utc(now).filter(|_| version == VERSION)
    }

    /// Where the page begins that a token was made for. `None` for a token that was made for
    /// another tenant, filter or order, or by nobody.
    pub(super) fn read(&self, scope: &Scope<'_>, token: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, given) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let tag = self.tag(scope, body);
        let expected = tag.as_ref().get(..TAG_BYTES)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(expected, given).ok()?;
        let mut rest = body;
        take::<9>(&mut rest)?;
        let items = scope.order.items().iter();
        let values = items.map(|item| get(&mut rest, item.expr.ty())).collect::<Option<_>>()?;
        Position::new(values, scope.order).filter(|_| rest.is_empty())
    }

    /// Neither a filter nor an order has U+0000 in it, and none is empty.
    fn tag(&self, scope: &Scope<'_>, body: &[u8]) -> hmac::Tag {
        let filter = scope.filter.map(ToString::to_string).unwrap_or_default();
        let order = scope.order.to_string();
        let mut context = hmac::Context::with_key(&self.key);
        context.update(scope.tenant.0.as_bytes());
        for text in [filter, order] {
            context.update(text.as_bytes());
            context.update(b"\0");
        }
        context.update(body);
        context.sign()
    }
}

/// Null is one byte, and so is what says that another value follows.
fn put(out: &mut Vec<u8>, value: &Value<'_>) {
    out.push(u8::from(*value != Value::Null));
    match value {
        Value::Null => {}
        Value::Boolean(truth) => out.push(u8::from(*truth)),
        Value::Member(_, number) => out.extend_from_slice(&number.to_le_bytes()),
        Value::Number(number) => {
            let (digits, scale) = number.parts();
            out.extend_from_slice(&digits.to_le_bytes());
            out.extend_from_slice(&scale.to_le_bytes());
        }
        // The offset decides no order.
        Value::DateTimeOffset(instant) => out.extend_from_slice(&instant.ticks().to_le_bytes()),
        Value::String(text) => put_text(out, text),
        Value::Date(_) | Value::TimeOfDay(_) | Value::Duration(_) | Value::Guid(_) => {
            put_text(out, &value.to_string());
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn get(rest: &mut &[u8], of: Option<Type>) -> Option<Value<'static>> {
    if take(rest)? == [0] {
        return Some(Value::Null);
    }
    Some(match of? {
        Type::Boolean => Value::Boolean(take(rest)? == [1]),
        Type::String => Value::String(get_text(rest)?.to_owned().into()),
        Type::Enum(declared) => member(declared, rest)?,
        Type::Int | Type::Decimal => {
            let digits = i128::from_le_bytes(take(rest)?);
            Value::Number(Number::new(digits, u32::from_le_bytes(take(rest)?))?)
        }
        Type::DateTimeOffset => {
            let ticks = i64::from_le_bytes(take(rest)?);
            Value::DateTimeOffset(DateTimeOffset::from_ticks_utc(ticks)?)
        }
        Type::Date => Value::Date(Date::parse(get_text(rest)?).ok()?),
        Type::TimeOfDay => Value::TimeOfDay(TimeOfDay::parse(get_text(rest)?).ok()?),
        // No property has such a value, and no function yields one.
        Type::Duration | Type::Guid => return None,
    })
}

fn member(declared: &'static EnumType, rest: &mut &[u8]) -> Option<Value<'static>> {
    Some(Value::Member(declared, i64::from_le_bytes(take(rest)?)))
}

fn get_text<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::try_from(u32::from_le_bytes(take(rest)?)).ok()?;
    let (text, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    std::str::from_utf8(text).ok()
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use model::query_context;
    use odata::Options;
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
        let scope = Scope { tenant: OURS, filter: Some(&some), order: &by_id };
        let last = place(vec![Value::String(Cow::Borrowed("x"))], &by_id);
        let token = paging.token(&scope, NOW, &last);
        assert_eq!(Paging::claimed_now(&token), Some(NOW));
        assert_eq!(paging.read(&scope, &token), Some(last));
        let theirs = TenantId(Uuid::from_u128(2));
        for other in [
            Scope { tenant: theirs, ..scope },
            Scope { filter: None, ..scope },
            Scope { filter: Some(&others), ..scope },
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

    #[test]
    fn a_token_keeps_values_of_every_type() {
        let paging = Paging::new(b"key");
        let text = "description,platform desc,createdDateTime,length(description),\
                    fractionalseconds(createdDateTime),date(createdDateTime),\
                    time(createdDateTime) desc,description eq null";
        let order = order(text);
        let scope = Scope { tenant: OURS, filter: None, order: &order };
        let full = vec![
            Value::String("quote ' and 💥".into()),
            Value::Member(model::Platform::EDM, 7),
            Value::DateTimeOffset(DateTimeOffset::MAX),
            Value::Number(Number::from(17)),
            Value::Number(Number::new(25, 2).unwrap()),
            Value::Date(Date::parse("2016-02-29").unwrap()),
            Value::TimeOfDay(TimeOfDay::parse("23:59:59.9999999").unwrap()),
            Value::Boolean(true),
            Value::String("0192f0c1-2b3c-7def-8123-456789abcdef".into()),
        ];
        for values in [full, vec![Value::Null; 9]] {
            let last = place(values, &order);
            let token = paging.token(&scope, NOW, &last);
            assert_eq!(paging.read(&scope, &token), Some(last));
        }
    }
}
