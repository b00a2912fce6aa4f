//! JSON values as a body of this service may hold them, read strictly: no name twice, and no
//! more members than any entity has. Must not know what the names mean.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Most members that one object may have. An entity has nine, and annotations are few.
const MAX_MEMBERS: usize = 64;
/// Most characters of a name or value that an error repeats.
const SHOWN: usize = 60;

/// Text of a client as an error shows it, cut when long.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{}…", text.get(..end).unwrap_or_default()),
            None => f.write_str(text),
        }
    }
}

/// One JSON value. What nests is not kept: no property of this service is structured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Array,
    Object,
}

impl fmt::Display for Literal {
    /// The value as an error message shows it, cut when long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => Shown(&value.to_string()).fmt(f),
            Self::Text(text) => write!(f, "'{}'", Shown(text)),
            Self::Array => f.write_str("an array"),
            Self::Object => f.write_str("an object"),
        }
    }
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LiteralVisitor)
    }
}

struct LiteralVisitor;

impl<'de> Visitor<'de> for LiteralVisitor {
    type Value = Literal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Literal, E> {
        Ok(Literal::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Literal, E> {
        Ok(Literal::Bool(value))
    }

    // Numbers are only ever shown back in an error, so that the nearest f64 will do.
    #[expect(clippy::cast_precision_loss, reason = "only shown in an error message")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Literal, E> {
        Ok(Literal::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "only shown in an error message")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Literal, E> {
        Ok(Literal::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Literal, E> {
        Ok(Literal::Number(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Literal, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Literal, E> {
        Ok(Literal::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Literal, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Literal::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Literal, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Literal::Object)
    }
}

/// The members of one object, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Members(pub(crate) Vec<(String, Literal)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the properties of the entity")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members: Vec<(String, Literal)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Literal>()? {
            claim(members.iter().map(|(known, _)| known.as_str()), &name)?;
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

/// Refuses a name that stands in the object already, or that is one too many.
pub(crate) fn claim<'a, E: Error>(
    mut known: impl ExactSizeIterator<Item = &'a str>,
    name: &str,
) -> Result<(), E> {
    if known.len() >= MAX_MEMBERS {
        return Err(E::custom(format_args!("an object has more than {MAX_MEMBERS} members")));
    }
    if known.any(|known| known == name) {
        let shown = Shown(name);
        return Err(E::custom(format_args!("the name '{shown}' stands twice in one object")));
    }
    Ok(())
}
