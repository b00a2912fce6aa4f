//! Types and values of expressions. Must not know which properties there are.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::DateTimeOffset;
use crate::datetime::{Date, TimeOfDay};
use crate::duration::Duration;
use crate::edm::{self, EnumType};
use crate::number::Number;

/// The type of an expression: more than properties have, as functions and literals yield more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `Edm.Boolean`.
    Boolean,
    /// `Edm.String`.
    String,
    /// An enumeration.
    Enum(&'static EnumType),
    /// A whole number, whatever its width.
    Int,
    /// A number with a fraction.
    Decimal,
    /// `Edm.DateTimeOffset`.
    DateTimeOffset,
    /// `Edm.Date`.
    Date,
    /// `Edm.TimeOfDay`.
    TimeOfDay,
    /// `Edm.Duration`.
    Duration,
    /// `Edm.Guid`.
    Guid,
}

impl Type {
    /// The name that messages use: qualified, as in `$metadata`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "Edm.Boolean",
            Self::String => "Edm.String",
            Self::Enum(declared) => declared.name,
            Self::Int => "Edm.Int32",
            Self::Decimal => "Edm.Decimal",
            Self::DateTimeOffset => "Edm.DateTimeOffset",
            Self::Date => "Edm.Date",
            Self::TimeOfDay => "Edm.TimeOfDay",
            Self::Duration => "Edm.Duration",
            Self::Guid => "Edm.Guid",
        }
    }

    /// Whether it is a type of numbers.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal)
    }
}

impl From<edm::Type> for Type {
    fn from(declared: edm::Type) -> Self {
        match declared {
            edm::Type::String => Self::String,
            edm::Type::Boolean => Self::Boolean,
            edm::Type::DateTimeOffset => Self::DateTimeOffset,
            edm::Type::Enum(declared) => Self::Enum(declared),
        }
    }
}

/// A value: a literal, what a row has for a property, or what comes of both.
///
/// Equality is that of everything shown, offsets and trailing zeros included;
/// [`cmp_value`](Self::cmp_value) compares as the query language does.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// True or false.
    Boolean(bool),
    /// Text.
    String(Cow<'a, str>),
    /// A member of an enumeration, by its number.
    Member(&'static EnumType, i64),
    /// A number.
    Number(Number),
    /// An instant in its offset.
    DateTimeOffset(DateTimeOffset),
    /// A day.
    Date(Date),
    /// A time of day.
    TimeOfDay(TimeOfDay),
    /// A span of time.
    Duration(Duration),
    /// A GUID.
    Guid(u128),
}

impl Value<'_> {
    /// The type. `None` for null, which is a value of every type.
    pub const fn ty(&self) -> Option<Type> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(_) => Type::Boolean,
            Self::String(_) => Type::String,
            Self::Member(declared, _) => Type::Enum(declared),
            Self::Number(number) if number.is_whole() => Type::Int,
            Self::Number(_) => Type::Decimal,
            Self::DateTimeOffset(_) => Type::DateTimeOffset,
            Self::Date(_) => Type::Date,
            Self::TimeOfDay(_) => Type::TimeOfDay,
            Self::Duration(_) => Type::Duration,
            Self::Guid(_) => Type::Guid,
        })
    }

    /// Orders two values of one type: text by code point, instants regardless of their offsets,
    /// members by number, false before true. `None` if either is null or the types differ.
    pub fn cmp_value(&self, other: &Value<'_>) -> Option<Ordering> {
        Some(match (self, other) {
            (Self::Boolean(a), Value::Boolean(b)) => a.cmp(b),
            // UTF-8 sorts as its code points do.
            (Self::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::Member(_, a), Value::Member(_, b)) => a.cmp(b),
            (Self::Number(a), Value::Number(b)) => a.cmp_value(b),
            (Self::DateTimeOffset(a), Value::DateTimeOffset(b)) => a.cmp_instant(b),
            (Self::Date(a), Value::Date(b)) => a.cmp(b),
            (Self::TimeOfDay(a), Value::TimeOfDay(b)) => a.cmp(b),
            (Self::Duration(a), Value::Duration(b)) => a.cmp(b),
            (Self::Guid(a), Value::Guid(b)) => a.cmp(b),
            _ => return None,
        })
    }

    /// Whether two values are equal by `eq`: null equals null alone.
    pub fn equals(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Self::Null, Value::Null) => true,
            _ => self.cmp_value(other) == Some(Ordering::Equal),
        }
    }

    /// The truth of a Boolean. `None` for null.
    pub const fn truth(&self) -> Option<bool> {
        if let Self::Boolean(truth) = self { Some(*truth) } else { None }
    }

    /// The same value, borrowed from nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(truth) => Value::Boolean(truth),
            Self::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Self::Member(declared, number) => Value::Member(declared, number),
            Self::Number(number) => Value::Number(number),
            Self::DateTimeOffset(instant) => Value::DateTimeOffset(instant),
            Self::Date(date) => Value::Date(date),
            Self::TimeOfDay(time) => Value::TimeOfDay(time),
            Self::Duration(duration) => Value::Duration(duration),
            Self::Guid(guid) => Value::Guid(guid),
        }
    }
}

impl From<Option<bool>> for Value<'_> {
    fn from(truth: Option<bool>) -> Self {
        truth.map_or(Self::Null, Self::Boolean)
    }
}

/// Writes the literal of the query language.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(truth) => write!(f, "{truth}"),
            Self::String(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Member(declared, number) => match declared.by_value(*number) {
                Some(member) => write!(f, "{}'{}'", declared.name, member.name),
                None => write!(f, "{}'{number}'", declared.name),
            },
            Self::Number(number) => write!(f, "{number}"),
            Self::DateTimeOffset(instant) => write!(f, "{instant}"),
            Self::Date(date) => write!(f, "{date}"),
            Self::TimeOfDay(time) => write!(f, "{time}"),
            Self::Duration(duration) => write!(f, "duration'{duration}'"),
            Self::Guid(guid) => write_guid(f, *guid),
        }
    }
}

fn write_guid(f: &mut fmt::Formatter<'_>, guid: u128) -> fmt::Result {
    let digits = format!("{guid:032x}");
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            f.write_str("-")?;
        }
        write!(f, "{digit}")?;
    }
    Ok(())
}
