//! JSON of which only the outer shape is read: what stands within stays as it was sent, for whoever
//! it is meant for. Never holds more parts than it was told to. Must not know what the parts mean.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object, in the order in which they were sent.
pub(super) type Members<'a> = Vec<(String, &'a RawValue)>;

/// The members of an object.
///
/// # Errors
/// It is no object, a name stands twice, or there are more than `most`: a phrase that says so.
pub(super) fn members(text: &str, most: usize) -> Result<Members<'_>, String> {
    whole(text, |json| json.deserialize_map(ObjectOf(most)))
}

/// The elements of an array, and how many more there are than `most`.
///
/// # Errors
/// It is no array: a phrase that says so.
pub(super) fn elements(text: &str, most: usize) -> Result<(Vec<&RawValue>, usize), String> {
    whole(text, |json| json.deserialize_seq(ArrayOf(most)))
}

/// A string.
pub(super) fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// A string, or a whole number as one: scripts count their requests.
pub(super) fn id(value: &RawValue) -> Option<String> {
    let number = || serde_json::from_str::<u64>(value.get()).ok().map(|number| number.to_string());
    string(value).or_else(number)
}

/// Whether it is nothing at all.
pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

type Json<'a> = serde_json::Deserializer<serde_json::de::StrRead<'a>>;

fn whole<'a, T>(
    text: &'a str,
    read: impl FnOnce(&mut Json<'a>) -> serde_json::Result<T>,
) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = read(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| error.to_string())
}

struct ObjectOf(usize);

impl<'de> Visitor<'de> for ObjectOf {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self(most) = self;
        let mut members = Members::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.iter().any(|(known, _)| *known == name) {
                let shown: String = name.chars().take(60).collect();
                return Err(serde::de::Error::custom(format_args!("'{shown}' stands there twice")));
            }
            if members.len() == most {
                return Err(serde::de::Error::custom(format_args!("more than {most} members")));
            }
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

struct ArrayOf(usize);

impl<'de> Visitor<'de> for ArrayOf {
    type Value = (Vec<&'de RawValue>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Self(most) = self;
        let (mut elements, mut more) = (Vec::new(), 0);
        while elements.len() < most {
            match seq.next_element()? {
                Some(element) => elements.push(element),
                None => return Ok((elements, more)),
            }
        }
        while let Some(IgnoredAny) = seq.next_element()? {
            more += 1;
        }
        Ok((elements, more))
    }
}

/// Whether the text is JSON at all.
pub(super) fn check(text: &str) -> Result<(), String> {
    whole(text, |json| IgnoredAny::deserialize(json).map(|IgnoredAny| ()))
}
