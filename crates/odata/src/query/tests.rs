//! Tests of the query language, over a model of its own.

mod apply;
mod errors;
mod evaluation;
mod generated;
mod limits;
mod order;
mod reading;

use super::*;
use crate::edm::{self, EnumType, Member};

pub(super) const COLOUR: EnumType = EnumType {
    name: "paint.shop.colour",
    members: &[
        Member { name: "clear", value: 0, sentinel: false },
        Member { name: "grey", value: 4, sentinel: false },
        Member { name: "azure", value: 5, sentinel: false },
        Member { name: "later", value: 6, sentinel: true },
    ],
    aliases: &[("gray", 4)],
};

const fn property(name: &'static str, edm: edm::Type, nullable: bool) -> Property {
    Property { name, edm, nullable, key: false }
}

pub(super) const PROPERTIES: [Property; 7] = [
    Property { name: "id", edm: edm::Type::String, nullable: false, key: true },
    property("name", edm::Type::String, false),
    property("note", edm::Type::String, true),
    property("colour", edm::Type::Enum(&COLOUR), false),
    property("mixed", edm::Type::DateTimeOffset, false),
    property("sold", edm::Type::DateTimeOffset, true),
    property("glossy", edm::Type::Boolean, true),
];

/// A row of this model.
#[derive(Clone, Debug)]
pub(super) struct Tin {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) note: Option<String>,
    pub(super) colour: i64,
    pub(super) mixed: DateTimeOffset,
    pub(super) sold: Option<DateTimeOffset>,
    pub(super) glossy: Option<bool>,
}

impl Row for Tin {
    fn value(&self, column: &Column) -> Value<'_> {
        let text = |text: &'static str| panic!("{text} is no property");
        match column.property.name {
            "id" => Value::String(self.id.as_str().into()),
            "name" => Value::String(self.name.as_str().into()),
            "note" => self.note.as_deref().map_or(Value::Null, |text| Value::String(text.into())),
            "colour" => Value::Member(&COLOUR, self.colour),
            "mixed" => Value::DateTimeOffset(self.mixed),
            "sold" => self.sold.map_or(Value::Null, Value::DateTimeOffset),
            "glossy" => self.glossy.into(),
            name => text(name),
        }
    }
}

/// A tin with a value for every property.
pub(super) fn tin() -> Tin {
    Tin {
        id: "1".to_owned(),
        name: "Sky".to_owned(),
        note: Some("it's blue".to_owned()),
        colour: 5,
        mixed: instant("2016-12-31T23:58:44.2908994-08:00"),
        sold: Some(instant("2026-01-31T07:25:18Z")),
        glossy: Some(true),
    }
}

/// The same tin with null wherever it may be.
pub(super) fn bare() -> Tin {
    Tin { note: None, sold: None, glossy: None, ..tin() }
}

pub(super) fn instant(text: &str) -> DateTimeOffset {
    DateTimeOffset::parse(text).expect(text)
}

pub(super) fn options(query: &str) -> Options {
    Options::parse(query).expect(query)
}

pub(super) fn context(options: &Options) -> Context<'_> {
    Context {
        properties: &PROPERTIES,
        namespace_alias: Some(("shop", "paint.shop")),
        options,
        now: instant("2026-06-01T00:00:00Z"),
    }
}

pub(super) fn try_filter(text: &str) -> Result<Filter, QueryError> {
    Filter::parse(text, &context(&Options::default()))
}

pub(super) fn filter(text: &str) -> Filter {
    try_filter(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The filter of a query with aliases.
pub(super) fn filter_of(query: &str) -> Result<Filter, QueryError> {
    let options = options(query);
    let text = options.get(SystemOption::Filter).expect(query);
    Filter::parse(text, &context(&options))
}

pub(super) fn error(text: &str) -> QueryError {
    match try_filter(text) {
        Err(error) => error,
        Ok(filter) => panic!("{text} is read as {filter}"),
    }
}

/// The filter's canonical text.
pub(super) fn canonical(text: &str) -> String {
    filter(text).to_string()
}
