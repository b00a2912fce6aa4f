//! The one table of functions: name, signature and reference evaluation.
//!
//! Whoever evaluates functions elsewhere must yield what stands here. Must not know properties.

use std::borrow::Cow;

use super::value::{Type, Value};
use crate::datetime::{Date, TimeOfDay};
use crate::fold::upper;
use crate::number::Number;
use crate::suggest::nearest;
use crate::{DateTimeOffset, fold};

/// One parameter of a function.
#[derive(Debug)]
pub struct Parameter {
    /// The types that an argument may have.
    pub types: &'static [Type],
    /// Whether it may be left out; only the last one may.
    pub optional: bool,
}

/// What the table says of a function.
#[derive(Debug)]
pub struct Definition {
    /// The name as OData writes it; in a query its case does not count.
    pub name: &'static str,
    /// The parameters in their order.
    pub parameters: &'static [Parameter],
    /// The type of what it yields.
    pub result: Type,
    /// What it yields, in words: its documentation.
    pub meaning: &'static str,
    /// What it yields for arguments of these types, none of them null. If one is, it yields null.
    pub evaluate: for<'a> fn(&[Value<'a>]) -> Value<'a>,
}

const fn one_of(types: &'static [Type]) -> Parameter {
    Parameter { types, optional: false }
}

const TEXT: Parameter = one_of(&[Type::String]);
const WHOLE: Parameter = one_of(&[Type::Int]);
const INSTANT: Parameter = one_of(&[Type::DateTimeOffset]);
const DATED: Parameter = one_of(&[Type::DateTimeOffset, Type::Date]);
const TIMED: Parameter = one_of(&[Type::DateTimeOffset, Type::TimeOfDay]);
const PERHAPS_WHOLE: Parameter = Parameter { optional: true, ..WHOLE };

/// Declares [`Function`] and everything that follows from the table.
macro_rules! functions {
    ($(
        $(#[doc = $doc:literal])+
        $function:ident = $name:literal ($($parameter:ident),*) -> $result:ident: $evaluate:expr;
    )+) => {
        /// A function of the query language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function {
            $($(#[doc = $doc])+ $function,)+
        }

        impl Function {
            /// Every function there is.
            pub const ALL: &'static [Self] = &[$(Self::$function,)+];

            /// The function's row of the table.
            pub fn definition(self) -> &'static Definition {
                match self {
                    $(Self::$function => {
                        static ROW: Definition = Definition {
                            name: $name,
                            parameters: &[$($parameter),*],
                            result: Type::$result,
                            meaning: concat!($($doc),+).trim_ascii(),
                            evaluate: $evaluate,
                        };
                        &ROW
                    })+
                }
            }
        }
    };
}

functions! {
    /// Whether the first text has the second in it.
    Contains = "contains"(TEXT, TEXT) -> Boolean:
        |args| of_texts(args, |text, part| Value::Boolean(text.contains(part)));
    /// Whether the first text begins with the second.
    StartsWith = "startswith"(TEXT, TEXT) -> Boolean:
        |args| of_texts(args, |text, part| Value::Boolean(text.starts_with(part)));
    /// Whether the first text ends with the second.
    EndsWith = "endswith"(TEXT, TEXT) -> Boolean:
        |args| of_texts(args, |text, part| Value::Boolean(text.ends_with(part)));
    /// The number of characters.
    Length = "length"(TEXT) -> Int: |args| of_text(args, |text| whole(text.chars().count()));
    /// The number of characters before the second text in the first; -1 if it is not in there.
    IndexOf = "indexof"(TEXT, TEXT) -> Int: |args| of_texts(args, index_of);
    /// The characters from a place on, counted from 0, all of them or so many. A negative place
    /// counts as 0, and so does a negative number of characters.
    Substring = "substring"(TEXT, WHOLE, PERHAPS_WHOLE) -> String: substring;
    /// The text with small letters in place of capitals, as whoever ignores case compares it: one
    /// character for each.
    ToLower = "tolower"(TEXT) -> String: |args| of_text(args, |text| owned(fold(text)));
    /// The text with capitals in place of small letters, one character for each.
    ToUpper = "toupper"(TEXT) -> String: |args| of_text(args, |text| owned(upper(text)));
    /// The text without the white space (of Unicode) at its ends.
    Trim = "trim"(TEXT) -> String: |args| of_text(args, |text| owned(text.trim().to_owned()));
    /// Both texts in one.
    Concat = "concat"(TEXT, TEXT) -> String:
        |args| of_texts(args, |text, other| owned(format!("{text}{other}")));
    /// The year in the value's own offset, as with all parts of a date and time.
    Year = "year"(DATED) -> Int: |args| of_date(args, |date| int(date.year()));
    /// The month, from 1 to 12.
    Month = "month"(DATED) -> Int: |args| of_date(args, |date| int(date.month()));
    /// The day of the month, from 1 to 31.
    Day = "day"(DATED) -> Int: |args| of_date(args, |date| int(date.day()));
    /// The hour, from 0 to 23.
    Hour = "hour"(TIMED) -> Int: |args| of_time(args, |time| whole(time.hour()));
    /// The minute, from 0 to 59.
    Minute = "minute"(TIMED) -> Int: |args| of_time(args, |time| whole(time.minute()));
    /// The second, from 0 to 59.
    Second = "second"(TIMED) -> Int: |args| of_time(args, |time| whole(time.second()));
    /// The fraction of the second, from 0 to less than 1.
    FractionalSeconds = "fractionalseconds"(TIMED) -> Decimal: |args| of_time(args, |time| {
        Number::new(time.fraction().into(), 7).map_or(Value::Null, Value::Number)
    });
    /// The date.
    Date = "date"(INSTANT) -> Date: |args| of_instant(args, |instant| Value::Date(instant.date()));
    /// The time of day.
    Time = "time"(INSTANT) -> TimeOfDay:
        |args| of_instant(args, |instant| Value::TimeOfDay(instant.time()));
    /// The minutes that the value's own offset is ahead of UTC.
    TotalOffsetMinutes = "totaloffsetminutes"(INSTANT) -> Int:
        |args| of_instant(args, |instant| int(instant.offset_minutes()));
}

impl Function {
    /// The function of this name, in any case.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// The name as OData writes it.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// What it yields for arguments of the right types: null if one of them is null.
    pub fn evaluate<'a>(self, arguments: &[Value<'a>]) -> Value<'a> {
        if arguments.contains(&Value::Null) {
            return Value::Null;
        }
        (self.definition().evaluate)(arguments)
    }
}

/// The instant that a function stands for at this `now()`.
type Moment = fn(DateTimeOffset) -> DateTimeOffset;

/// The functions without parameters, which the parser replaces by the instant that they stand for.
const MOMENTS: &[(&str, Moment)] = &[
    ("now", |now| now),
    ("mindatetime", |_| DateTimeOffset::MIN),
    ("maxdatetime", |_| DateTimeOffset::MAX),
];

/// The instant that a function without parameters stands for.
pub(super) fn moment(name: &str, now: DateTimeOffset) -> Option<DateTimeOffset> {
    let named = MOMENTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    named.map(|(_, instant)| instant(now))
}

/// The functions that OData has and this language does not.
const NOT_OFFERED: &[&str] = &[
    "matchespattern",
    "cast",
    "isof",
    "ceiling",
    "floor",
    "round",
    "totalseconds",
    "hassubset",
    "hassubsequence",
    "case",
];

/// Whether OData has this function and this language does not.
pub(super) fn is_not_offered(name: &str) -> bool {
    NOT_OFFERED.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The function that a misspelt name was probably meant to be.
pub(super) fn nearest_function(name: &str) -> Option<&'static str> {
    let moments = MOMENTS.iter().map(|(name, _)| *name);
    nearest(name, Function::ALL.iter().map(|function| function.name()).chain(moments))
}

fn of_text<'a>(args: &[Value<'a>], result: impl Fn(&str) -> Value<'a>) -> Value<'a> {
    match args {
        [Value::String(text)] => result(text),
        _ => Value::Null,
    }
}

fn of_texts<'a>(args: &[Value<'a>], result: impl Fn(&str, &str) -> Value<'a>) -> Value<'a> {
    match args {
        [Value::String(text), Value::String(other)] => result(text, other),
        _ => Value::Null,
    }
}

fn of_instant<'a>(args: &[Value<'a>], result: impl Fn(&DateTimeOffset) -> Value<'a>) -> Value<'a> {
    match args {
        [Value::DateTimeOffset(instant)] => result(instant),
        _ => Value::Null,
    }
}

fn of_date<'a>(args: &[Value<'a>], result: impl Fn(Date) -> Value<'a>) -> Value<'a> {
    match args {
        [Value::DateTimeOffset(instant)] => result(instant.date()),
        [Value::Date(date)] => result(*date),
        _ => Value::Null,
    }
}

fn of_time<'a>(args: &[Value<'a>], result: impl Fn(TimeOfDay) -> Value<'a>) -> Value<'a> {
    match args {
        [Value::DateTimeOffset(instant)] => result(instant.time()),
        [Value::TimeOfDay(time)] => result(*time),
        _ => Value::Null,
    }
}

fn index_of<'a>(text: &str, part: &str) -> Value<'a> {
    match text.split_once(part) {
        Some((before, _)) => whole(before.chars().count()),
        None => int(-1),
    }
}

fn substring<'a>(args: &[Value<'a>]) -> Value<'a> {
    let (text, start, length) = match args {
        [Value::String(text), Value::Number(start)] => (text, start, None),
        [Value::String(text), Value::Number(start), Value::Number(length)] => {
            (text, start, Some(length))
        }
        _ => return Value::Null,
    };
    let characters = text.chars().skip(count(*start));
    let length = length.map_or(usize::MAX, |length| count(*length));
    owned(characters.take(length).collect())
}

/// A number of characters: none for less than 0, and all for more than any text has.
fn count(number: Number) -> usize {
    let (digits, _) = number.parts();
    usize::try_from(digits.max(0)).unwrap_or(usize::MAX)
}

fn owned<'a>(text: String) -> Value<'a> {
    Value::String(Cow::Owned(text))
}

/// A number from 0 on; no text is so long that it does not fit.
fn whole<'a>(number: impl TryInto<i64>) -> Value<'a> {
    Value::Number(Number::from(number.try_into().unwrap_or(i64::MAX)))
}

fn int<'a>(number: impl Into<i64>) -> Value<'a> {
    Value::Number(Number::from(number.into()))
}
