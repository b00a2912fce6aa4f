//! What is wrong with a query option, and where. Must not know statuses.

use std::fmt;

use super::value::Type;
use crate::DateTimeError;
use crate::SystemOption;

/// The most characters of what was sent that an error repeats.
const LONGEST_ECHO: usize = 60;

/// Why the value of a query option is refused.
///
/// The message is whole sentences, fit to be shown to whoever sent the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// The option.
    pub option: SystemOption,
    /// Where in it.
    pub place: Place,
    /// What is wrong there.
    pub fault: QueryFault,
}

/// A place in the value of an option, or of a parameter alias that the option names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The alias, with its `@`. `None` in the value of the option itself.
    pub alias: Option<String>,
    /// The character of the decoded value, the first being 1.
    pub character: usize,
}

impl QueryError {
    /// Whether the option is, as far as it was read, valid OData that is not offered.
    pub const fn is_not_offered(&self) -> bool {
        matches!(self.fault, QueryFault::NotOffered(_))
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clause = self.option.name().trim_start_matches('$');
        let source = self.place.alias.as_deref().unwrap_or(self.option.name());
        let beginning = if self.is_not_offered() { "Unsupported" } else { "Invalid" };
        let Place { character, .. } = self.place;
        let fault = &self.fault;
        write!(f, "{beginning} {clause} clause: at character {character} of {source}, {fault}")
    }
}

impl std::error::Error for QueryError {}

/// What is wrong with the value of a query option.
///
/// Each message ends a sentence that has begun with the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryFault {
    /// Something else stands where the grammar wants this.
    #[error("{expected} is expected, but {found}.")]
    Expected {
        /// What the grammar wants.
        expected: &'static str,
        /// What is there, as the end of a sentence.
        found: String,
    },
    /// A string literal without its end.
    #[error(
        "text begins that has no closing quote; end it with ', and write a quote within it twice."
    )]
    OpenText,
    /// Text with a character that no stored text has and no store can hold.
    #[error("text has the character U+0000 in it, which no text may have; leave it out.")]
    Nul,
    /// A phrase of `$search` without its end.
    #[error("a phrase begins that has no closing quote; end it with \".")]
    OpenPhrase,
    /// Text in the wrong sort of quotes.
    #[error("text stands in double quotes; put it in single quotes, such as 'text'.")]
    DoubleQuotes,
    /// What begins with a digit and is no literal.
    #[error("'{0}' is neither a number nor a date, time or GUID.")]
    BadNumber(String),
    /// A literal of a duration that is none.
    #[error("'{0}' is no duration; write it like duration'P30D' or duration'PT12H'.")]
    BadDuration(String),
    /// A literal of a date or time that is none.
    #[error("'{text}' cannot be read: {error}")]
    BadDateTime {
        /// The literal.
        text: String,
        /// What is wrong with it.
        error: DateTimeError,
    },
    /// A name that no property has.
    #[error("'{name}' is not a property. {}", hint(*suggestion, advice))]
    UnknownProperty {
        /// The name.
        name: String,
        /// The property that was probably meant.
        suggestion: Option<&'static str>,
        /// What to do if none was.
        advice: &'static str,
    },
    /// An alias that a property has for its name.
    #[error("'{0}' is the name of a property; choose another alias.")]
    AliasOfProperty(String),
    /// A name that no function has.
    #[error("'{name}' is not a function. {}", hint(*suggestion, "Correct its name."))]
    UnknownFunction {
        /// The name.
        name: String,
        /// The function that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A qualified literal of a type that no property has.
    #[error(
        "'{0}' names no enumeration; text stands in quotes alone, and numbers, dates and GUIDs \
         without."
    )]
    UnknownEnumeration(String),
    /// A text that is no member of the enumeration it is compared with.
    #[error("'{text}' is not a member of {enumeration}; its members are {members}.")]
    UnknownMember {
        /// The enumeration.
        enumeration: &'static str,
        /// The text.
        text: String,
        /// All members.
        members: String,
    },
    /// Two types that cannot be compared.
    #[error(
        "{} and {} are compared, which have no common values.{}",
        left.name(),
        right.name(),
        advice(*quotes)
    )]
    Incomparable {
        /// The type on the left.
        left: Type,
        /// The type on the right.
        right: Type,
        /// What is wrong with the literal, if it is that.
        quotes: Option<Quotes>,
    },
    /// An operand or argument of the wrong type.
    #[error("{wanted} is wanted here, but this is {}.", name_of(*found))]
    WrongType {
        /// What is wanted, with the name of the type.
        wanted: String,
        /// The type that is there; none for null.
        found: Option<Type>,
    },
    /// A function with too few or too many arguments.
    #[error("the function '{function}' takes {takes}, but here it has {found}.")]
    ArgumentCount {
        /// The function.
        function: &'static str,
        /// How many arguments it takes, in words.
        takes: &'static str,
        /// How many it has.
        found: usize,
    },
    /// An element of an `in` list that depends on the row.
    #[error("a list after 'in' holds literals, but here something else stands.")]
    NotConstant,
    /// Arithmetic on constants whose result cannot be had.
    #[error("the result of '{0}' does not exist or is too large.")]
    NoResult(&'static str),
    /// A blank before the whole value.
    #[error("a blank stands before the value; leave it out.")]
    LeadingBlank,
    /// What may stand once only.
    #[error("more than the limit '{}' allows is asked for: {}.", .0.name(), .0.allows())]
    Limit(Limit),
    /// Valid OData that this language does not have.
    #[error("{0} is used, which is valid OData, but not offered here.")]
    NotOffered(String),
}

/// How a literal that is compared with something else is quoted wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// Text and members of enumerations have them.
    Missing,
    /// Numbers, dates, times and `true` do not.
    TooMany,
}

/// What keeps the work for one option bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// How deep expressions may stand in one another.
    Nesting,
    /// How many operands, operators and calls there may be.
    Nodes,
    /// How many elements an `in` list may have.
    InList,
    /// How many items `$orderby` may have.
    OrderBy,
    /// How long the value may be with its aliases written out.
    Length,
}

impl Limit {
    /// Every limit there is.
    pub const ALL: &'static [Self] =
        &[Self::Nesting, Self::Nodes, Self::InList, Self::OrderBy, Self::Length];

    /// The name that messages use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nesting => "nesting",
            Self::Nodes => "nodes",
            Self::InList => "in list",
            Self::OrderBy => "$orderby",
            Self::Length => "length",
        }
    }

    /// The most that is allowed.
    pub const fn most(self) -> usize {
        match self {
            Self::Nesting => 100,
            Self::Nodes | Self::InList => 500,
            Self::OrderBy => 8,
            Self::Length => 16 * 1024,
        }
    }

    /// What it allows, as a part of a sentence.
    pub fn allows(self) -> String {
        let most = self.most();
        match self {
            Self::Nesting => format!("parentheses, calls and operators stand at most {most} deep"),
            Self::Nodes => {
                format!("an expression has at most {most} operands, operators and calls")
            }
            Self::InList => format!("a list has at most {most} elements"),
            Self::OrderBy => format!("there are at most {most} items"),
            Self::Length => {
                format!("with its aliases written out, a value has at most {most} bytes")
            }
        }
    }
}

/// As much of what was sent as an error repeats.
pub(super) fn echo(text: &str) -> String {
    match text.char_indices().nth(LONGEST_ECHO) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn hint(suggestion: Option<&str>, otherwise: &str) -> String {
    match suggestion {
        Some(name) => format!("Did you mean '{name}'?"),
        None => otherwise.to_owned(),
    }
}

fn name_of(found: Option<Type>) -> &'static str {
    found.map_or("null", Type::name)
}

fn advice(quotes: Option<Quotes>) -> &'static str {
    match quotes {
        Some(Quotes::Missing) => " Put the literal in single quotes.",
        Some(Quotes::TooMany) => " Write the literal without quotes.",
        None => "",
    }
}
