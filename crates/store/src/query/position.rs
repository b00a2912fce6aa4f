//! Places in an order, which pages begin behind, and how they are written down. Must not know who
//! keeps them, nor how the rows behind one are found.

use std::cmp::Ordering;

use model::IdentityId;
use odata::DateTimeOffset;
use odata::datetime::{Date, TimeOfDay};
use odata::number::Number;
use odata::query::{Expr, OrderBy, Row, Type, Value};

/// A place in an order: the values of its items, for the row that the place is right behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Position(Vec<Value<'static>>);

impl Position {
    /// The place right behind a row.
    pub fn behind(row: &(impl Row + ?Sized), order: &OrderBy) -> Self {
        let values = order.items().iter().map(|item| item.expr.evaluate(row).into_owned());
        Self(values.collect())
    }

    /// The place with these values, one for each item of an order, each of its type or null, and a
    /// key an id. `None` if they are not.
    pub fn new(values: Vec<Value<'static>>, order: &OrderBy) -> Option<Self> {
        let items = order.items();
        let fit = values.iter().zip(items).all(|(value, item)| fits(value, &item.expr));
        (fit && values.len() == items.len()).then_some(Self(values))
    }

    /// The values, in the order of the items.
    pub(super) fn values(&self) -> &[Value<'static>] {
        &self.0
    }

    /// How it lies to another place of the same order.
    pub fn compare(&self, other: &Self, order: &OrderBy) -> Ordering {
        let values = self.0.iter().zip(&other.0);
        let orders =
            order.items().iter().zip(values).map(|(item, (a, b))| item.direction.order(a, b));
        orders.fold(Ordering::Equal, Ordering::then)
    }

    /// The place as bytes, which [`decode`](Self::decode) reads.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for value in &self.0 {
            put(&mut bytes, value);
        }
        bytes
    }

    /// The place that bytes stand for in an order. `None` for bytes that no place of this order is
    /// written as.
    pub fn decode(bytes: &[u8], order: &OrderBy) -> Option<Self> {
        let mut rest = bytes;
        let items = order.items().iter();
        let values = items.map(|item| get(&mut rest, item.expr.ty())).collect::<Option<_>>()?;
        let place = Self::new(values, order).filter(|_| rest.is_empty())?;
        // A place has one spelling.
        (place.encode() == bytes).then_some(place)
    }
}

fn fits(value: &Value<'_>, expr: &Expr) -> bool {
    match (value, expr) {
        (Value::String(id), Expr::Property(column)) if column.property.key => {
            IdentityId::parse(id).is_some()
        }
        _ => match (value.ty(), expr.ty()) {
            (Some(is), Some(must)) => is == must || is.is_number() && must.is_number(),
            (None, _) | (_, None) => true,
        },
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
        Type::Enum(declared) => Value::Member(declared, i64::from_le_bytes(take(rest)?)),
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
    use model::query_context;
    use odata::Options;

    use super::*;

    #[test]
    fn bytes_keep_values_of_every_type() {
        let text = "description,platform desc,createdDateTime,length(description),\
                    fractionalseconds(createdDateTime),date(createdDateTime),\
                    time(createdDateTime) desc,description eq null";
        let options = Options::default();
        let order = OrderBy::parse(text, &query_context(&options, DateTimeOffset::MAX)).unwrap();
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
            let place = Position::new(values, &order).unwrap();
            let bytes = place.encode();
            assert_eq!(Position::decode(&bytes, &order), Some(place));
            for end in 0..bytes.len() {
                assert_eq!(Position::decode(&bytes[..end], &order), None, "{end}");
            }
            assert_eq!(Position::decode(&[bytes, vec![0]].concat(), &order), None);
        }
    }
}
