//! Ranges of an index in a condition, for engines that judge by how much such a range holds which
//! way they go. Must not know how SQL is written.

use super::condition::{Condition, IDENTIFIER_KEY};

impl Condition {
    /// The range of folded identifiers that all rows lie in, and a condition which says as much
    /// without it. `None` if there is no such range.
    pub(crate) fn split_range(&self) -> Option<(Self, Self)> {
        let Self::All(conditions) = self else { return None };
        conditions.iter().enumerate().find_map(|(place, condition)| {
            let (range, rest) = match condition.is_range() {
                true => (condition.clone(), Self::Constant(Some(true))),
                false => condition.split_range()?,
            };
            let mut conditions = conditions.clone();
            *conditions.get_mut(place)? = rest;
            Some((range, Self::All(conditions)))
        })
    }

    /// Whether it is what a prefix leaves of the folded identifiers.
    fn is_range(&self) -> bool {
        match self {
            Self::Any(conditions) | Self::All(conditions) => conditions.iter().all(Self::is_range),
            Self::Compare(column, ..) => *column == IDENTIFIER_KEY,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use odata::query::Filter;
    use odata::{DateTimeOffset, Options};

    use super::*;
    use crate::query::narrowing;

    #[test]
    fn a_prefix_that_all_rows_have_is_a_range() {
        for (filter, has_range) in [
            ("startswith(importedDeviceIdentifier,'ab')", true),
            ("startswith(importedDeviceIdentifier,'Maker, Mod')", true),
            ("platform eq 'ios' and startswith(importedDeviceIdentifier,'ab')", true),
            ("startswith(importedDeviceIdentifier,'ab') or platform eq 'ios'", false),
            ("not startswith(importedDeviceIdentifier,'ab')", false),
            ("startswith(description,'ab')", false),
            ("importedDeviceIdentifier eq 'ab'", false),
            ("importedDeviceIdentifier in ('ab','c')", false),
        ] {
            let options = Options::default();
            let context = model::query_context(&options, DateTimeOffset::MIN);
            let filter = Filter::parse(filter, &context).unwrap();
            let split = narrowing(Some(&filter), None).condition.split_range();
            assert_eq!(split.is_some(), has_range, "{filter}");
            let Some((range, rest)) = split else { continue };
            assert!(format!("{range:?}").contains(IDENTIFIER_KEY), "{filter}: {range:?}");
            assert!(!format!("{rest:?}").contains(IDENTIFIER_KEY), "{filter}: {rest:?}");
            assert!(format!("{rest:?}").contains("\"identifier\""), "{filter}: {rest:?}");
        }
    }
}
