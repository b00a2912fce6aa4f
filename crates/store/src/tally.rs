//! How many rows a tenant has of each combination of members, and how writes change that. Must not
//! know an engine.

use std::collections::BTreeMap;

use model::{Identity, PROPERTIES, TenantId};
use odata::edm::Type;
use odata::query::{Column, Filter, Row, Value};

/// The columns that rows are tallied by: all that hold members of enumerations.
pub(crate) const TALLIED: [&str; 3] = ["type", "enrollment_state", "platform"];

/// What rows that are tallied together have in common: the numbers of their members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Combination(pub(crate) [i64; TALLIED.len()]);

impl Combination {
    pub(crate) fn of(row: &Identity) -> Self {
        Self([row.identity_type.value(), row.enrollment_state.value(), row.platform.value()])
    }
}

/// It stands for any row that has these members, as far as these alone are looked at.
impl Row for Combination {
    fn value(&self, column: &Column) -> Value<'_> {
        let number = place(column).and_then(|place| self.0.get(place));
        match (number, column.property.edm) {
            (Some(number), Type::Enum(declared)) => Value::Member(declared, *number),
            _ => Value::Null,
        }
    }
}

fn place(column: &Column) -> Option<usize> {
    let property = PROPERTIES.get(column.index)?;
    TALLIED.iter().position(|tallied| *tallied == property.column)
}

/// Whether the tallies tell which rows the filter lets pass.
pub(crate) fn tell(filter: Option<&Filter>) -> bool {
    filter.is_none_or(|filter| filter.expr().reads_only(&|column| place(column).is_some()))
}

/// By how much tallies have changed.
#[derive(Debug, Default)]
pub(crate) struct Deltas(BTreeMap<(TenantId, Combination), i64>);

impl Deltas {
    /// A row has come.
    pub(crate) fn add(&mut self, tenant: TenantId, combination: Combination) {
        *self.0.entry((tenant, combination)).or_default() += 1;
    }

    /// A row has gone.
    pub(crate) fn take(&mut self, tenant: TenantId, combination: Combination) {
        *self.0.entry((tenant, combination)).or_default() -= 1;
    }

    /// The tallies that are not what they were.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (TenantId, Combination, i64)> + '_ {
        let changed = self.0.iter().filter(|(_, delta)| **delta != 0);
        changed.map(|((tenant, combination), delta)| (*tenant, *combination, *delta))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_tallied_by_every_enumeration() {
        let enumerations = PROPERTIES.iter().filter(|it| matches!(it.edm, Type::Enum(_)));
        let columns: Vec<&str> = enumerations.map(|property| property.column).collect();
        assert_eq!(columns, TALLIED);
    }

    #[test]
    fn what_comes_and_goes_changes_nothing() {
        let tenant = crate::testing::TENANT;
        let (one, other) = (Combination([0, 1, 2]), Combination([0, 2, 2]));
        let mut deltas = Deltas::default();
        deltas.take(tenant, one);
        deltas.add(tenant, other);
        deltas.add(tenant, one);
        deltas.add(tenant, other);
        assert_eq!(deltas.changed().collect::<Vec<_>>(), [(tenant, other, 2)]);
    }
}
