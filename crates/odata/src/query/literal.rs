//! Literals that are more than text: from what was written to a value.

use super::Context;
use super::error::{QueryFault, Quotes, echo};
use super::lexer::is_guid;
use super::typing::member;
use super::value::{Type, Value};
use crate::datetime::{Date, TimeOfDay};
use crate::duration::Duration;
use crate::edm;
use crate::number::{Number, NumberError};
use crate::{DateTimeError, DateTimeOffset};

type Result = std::result::Result<Value<'static>, QueryFault>;

/// What begins with a digit: a number, date, time or GUID, told apart by its shape.
pub(super) fn atom(text: &str) -> Result {
    let dated = |error| QueryFault::BadDateTime { text: echo(text), error };
    if is_guid(text) {
        let digits = text.replace('-', "");
        let guid = u128::from_str_radix(&digits, 16);
        return guid.map(Value::Guid).map_err(|_| QueryFault::BadNumber(echo(text)));
    }
    match shape(text) {
        Shape::DateTime => DateTimeOffset::parse(text).map(Value::DateTimeOffset).map_err(dated),
        Shape::Date => Date::parse(text).map(Value::Date).map_err(dated),
        Shape::Time => TimeOfDay::parse(text).map(Value::TimeOfDay).map_err(dated),
        Shape::Number => match Number::parse(text) {
            Ok(number) => Ok(Value::Number(number)),
            Err(NumberError::Malformed) => Err(QueryFault::BadNumber(echo(text))),
            Err(NumberError::TooLong) => {
                Err(QueryFault::NotOffered(format!("the number '{}' of many digits", echo(text))))
            }
        },
    }
}

/// Whether quotes are what is wrong with a literal where a type is wanted.
pub(super) fn misquoted(literal: &Value<'_>, wanted: Type) -> Option<Quotes> {
    let reads_as = |text: &str| match (atom(text), wanted) {
        (Ok(Value::Date(_)), Type::DateTimeOffset) => true,
        (Ok(Value::Number(_)), wanted) => wanted.is_number(),
        (Ok(value), wanted) => value.ty() == Some(wanted),
        (Err(_), Type::Boolean) => ["true", "false"].contains(&text),
        (Err(_), _) => false,
    };
    match (literal, wanted) {
        (Value::String(text), _) => reads_as(text).then_some(Quotes::TooMany),
        (Value::Member(..), _) => None,
        (_, Type::String | Type::Enum(_)) => Some(Quotes::Missing),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Number,
    Date,
    DateTime,
    Time,
}

/// What a text is meant to be: a date has a `-` after its year, which a number has at its
/// beginning and after an `e` only; a time of day has a `:` after its hour.
fn shape(text: &str) -> Shape {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let after_digits = unsigned.trim_start_matches(|character: char| character.is_ascii_digit());
    if after_digits.starts_with(':') {
        Shape::Time
    } else if !after_digits.starts_with('-') {
        Shape::Number
    } else if after_digits.contains(['T', 't', ':']) {
        Shape::DateTime
    } else {
        Shape::Date
    }
}

/// What is wrong with a date and time that a blank parts from its offset. `None` if that is not
/// what the two texts are.
pub(super) fn blank_for_plus(time: &str, offset: &str) -> Option<QueryFault> {
    let text = format!("{time} {offset}");
    match DateTimeOffset::parse(&text) {
        Err(error @ DateTimeError::BlankForPlus) => {
            Some(QueryFault::BadDateTime { text: echo(&text), error })
        }
        _ => None,
    }
}

/// A literal with the name of its type before the quotes.
pub(super) fn typed(name: &str, text: &str, context: &Context<'_>) -> Result {
    match name.to_ascii_lowercase().as_str() {
        "duration" => {
            let duration = Duration::parse(text).map(Value::Duration);
            return duration.ok_or_else(|| QueryFault::BadDuration(echo(text)));
        }
        "binary" | "geography" | "geometry" => {
            return Err(QueryFault::NotOffered(format!("a literal of type '{}'", echo(name))));
        }
        _ => {}
    }
    let qualified = context.qualified(name);
    let declared = context.properties.iter().find_map(|property| match property.edm {
        edm::Type::Enum(declared) if declared.name == qualified => Some(declared),
        _ => None,
    });
    let declared = declared.ok_or_else(|| QueryFault::UnknownEnumeration(echo(name)))?;
    member(declared, text)
}
