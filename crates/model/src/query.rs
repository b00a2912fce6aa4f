//! The identity as the query language sees it: its properties, and what a row has for each.
//! Must not know SQL or the grammar.

use odata::edm::Type;
use odata::query::{self, Column, Context, Row};
use odata::{DateTimeOffset, Options};

use crate::property::KEY;
use crate::{Identity, PROPERTIES, Value};

/// The namespace of the types, and the other name that Graph's metadata gives it.
const NAMESPACE_ALIAS: (&str, &str) = ("graph", "microsoft.graph");

/// What the query language knows of [`PROPERTIES`], by the same indices.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it, and every index with it")]
pub static QUERY_PROPERTIES: [query::Property; PROPERTIES.len()] = {
    let mut properties = [described(KEY); PROPERTIES.len()];
    let mut index = 0;
    while index < properties.len() {
        properties[index] = described(index);
        index += 1;
    }
    properties
};

#[expect(clippy::indexing_slicing, reason = "the compiler alone calls it")]
const fn described(index: usize) -> query::Property {
    let property = &PROPERTIES[index];
    query::Property {
        name: property.name,
        edm: property.edm,
        nullable: property.nullable,
        key: index == KEY,
    }
}

/// What the options of a request are read against, at this `now()`.
pub fn query_context(options: &Options, now: DateTimeOffset) -> Context<'_> {
    let namespace_alias = Some(NAMESPACE_ALIAS);
    Context { properties: &QUERY_PROPERTIES, namespace_alias, options, now }
}

/// The reference for what a query finds. The column must be one of [`QUERY_PROPERTIES`].
impl Row for Identity {
    fn value(&self, column: &Column) -> query::Value<'_> {
        let Some(property) = PROPERTIES.get(column.index) else { return query::Value::Null };
        match ((property.get)(self), property.edm) {
            (Value::Id(id), _) => query::Value::String(id.to_string().into()),
            (Value::Text(text), _) => query::Value::String(text.into()),
            (Value::Instant(instant), _) => query::Value::DateTimeOffset(instant),
            (Value::Member(name), Type::Enum(declared)) => declared
                .by_name(name)
                .map_or(query::Value::Null, |it| query::Value::Member(declared, it.value)),
            (Value::Null | Value::Member(_), _) => query::Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use odata::query::{Filter, OrderBy, QueryError};
    use uuid::Uuid;

    use super::*;
    use crate::{EnrollmentState, IdentityId, IdentityType, Platform};

    fn instant(text: &str) -> DateTimeOffset {
        DateTimeOffset::parse(text).unwrap()
    }

    fn row() -> Identity {
        Identity {
            id: IdentityId(Uuid::from_u128(0x0192_f0c1_2b3c_7def_8123_4567_89ab_cdef)),
            identifier: "SN-0042".to_owned(),
            identity_type: IdentityType::SerialNumber,
            modified: instant("2026-01-31T07:25:18.5Z"),
            created: instant("2026-01-30T07:25:18Z"),
            contacted: instant("2016-12-31T23:58:44.2908994-08:00"),
            description: Some("loaned".to_owned()),
            enrollment_state: EnrollmentState::NotContacted,
            platform: Platform::Tvos,
            rev: 3,
        }
    }

    fn matches(text: &str, row: &Identity) -> Result<bool, QueryError> {
        let options = Options::default();
        let context = query_context(&options, instant("2026-06-01T00:00:00Z"));
        Filter::parse(text, &context).map(|filter| filter.matches(row))
    }

    fn order(text: &str, left: &Identity, right: &Identity) -> Ordering {
        let options = Options::default();
        let context = query_context(&options, DateTimeOffset::MIN);
        OrderBy::parse(text, &context).unwrap().compare(left, right)
    }

    #[test]
    fn the_query_language_knows_every_property_by_its_row_of_the_table() {
        for (known, property) in QUERY_PROPERTIES.iter().zip(&PROPERTIES) {
            assert_eq!(known.name, property.name);
            assert_eq!(known.edm, property.edm, "{}", known.name);
            assert_eq!(known.nullable, property.nullable, "{}", known.name);
            assert_eq!(known.key, property.name == "id", "{}", known.name);
        }
    }

    #[test]
    fn a_row_has_a_value_of_the_declared_type_for_every_property() {
        let options = Options::default();
        let context = query_context(&options, DateTimeOffset::MIN);
        let (full, bare) = (row(), Identity { description: None, ..row() });
        for column in context.columns() {
            let name = column.property.name;
            assert_eq!(full.value(&column).ty(), Some(column.property.edm.into()), "{name}");
            let is_null = bare.value(&column) == query::Value::Null;
            assert_eq!(is_null, column.property.nullable, "{name}");
        }
    }

    #[test]
    fn filters_ask_for_what_the_row_has() {
        for text in [
            "id eq '0192f0c1-2b3c-7def-8123-456789abcdef'",
            "importedDeviceIdentifier eq 'SN-0042'",
            "startswith(importedDeviceIdentifier,'SN-')",
            "tolower(importedDeviceIdentifier) eq 'sn-0042'",
            "importedDeviceIdentityType in ('imei','serialNumber')",
            "lastModifiedDateTime gt createdDateTime",
            "createdDateTime eq 2026-01-30T08:25:18+01:00",
            "lastContactedDateTime lt now() sub duration'P30D'",
            "date(lastContactedDateTime) eq 2016-12-31",
            "description eq 'loaned' and description ne null",
            "enrollmentState gt 'failed'",
            "platform ne 'unknownFutureValue'",
        ] {
            assert_eq!(matches(text, &row()), Ok(true), "{text}");
        }
        assert_eq!(matches("platform eq 'unknownFutureValue'", &row()), Ok(false));
    }

    #[test]
    fn a_member_is_named_in_every_form_that_graph_s_clients_send() {
        for member in [
            "'tvos'",
            "'tvOS'",
            "microsoft.graph.platform'tvos'",
            "microsoft.graph.platform'tvOS'",
            "graph.platform'tvos'",
            "'7'",
        ] {
            assert_eq!(matches(&format!("platform eq {member}"), &row()), Ok(true), "{member}");
            let list = format!("platform in ('ios',{member})");
            assert_eq!(matches(&list, &row()), Ok(true), "{list}");
        }
        for other in ["'TVOS'", "'ios,tvos'", "tvos", "graph.enrollmentState'failed'", "''"] {
            assert!(matches(&format!("platform eq {other}"), &row()).is_err(), "{other}");
        }
    }

    #[test]
    fn orders_go_by_number_instant_and_null() {
        let macos = Identity { platform: Platform::MacOs, ..row() };
        assert_eq!(order("platform", &macos, &row()), Ordering::Less, "visionOS < macOS as text");
        let none = Identity { description: None, ..row() };
        assert_eq!(order("description", &none, &row()), Ordering::Less);
        assert_eq!(order("description desc", &none, &row()), Ordering::Greater);
        let later = Identity { id: IdentityId(Uuid::from_u128(u128::MAX)), ..row() };
        assert_eq!(order("platform desc", &row(), &later), Ordering::Greater, "the key decides");
    }
}
