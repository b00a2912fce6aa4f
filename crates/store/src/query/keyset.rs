//! Orders by columns, and the condition that a row lies behind a place in one.
//! Must not know how SQL is written.

use odata::query::{Comparison, Direction, Expr, OrderBy, Property};

use super::condition::{Condition, bound, name};
use super::sql::Bound;
use super::{Position, Query};

/// A column that rows are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) direction: Direction,
    pub(crate) is_nullable: bool,
    pub(crate) is_key: bool,
}

/// The columns of an order. `None` if an item is more than a property.
pub(super) fn columns(order: &OrderBy) -> Option<Vec<Column>> {
    let columns = order.items().iter().map(|item| match &item.expr {
        Expr::Property(column) => {
            let Property { nullable: is_nullable, key: is_key, .. } = column.property;
            let direction = item.direction;
            Some(Column { name: name(column)?, direction, is_nullable, is_key })
        }
        _ => None,
    });
    columns.collect()
}

impl Query {
    /// That a row lies behind the place where the page begins. Of an order by columns.
    pub(crate) fn behind(&self) -> Condition {
        self.after.as_ref().map_or(Condition::Constant(Some(true)), |after| self.beyond(after))
    }

    fn beyond(&self, after: &Position) -> Condition {
        let columns = columns(&self.order).unwrap_or_default();
        let bounds: Vec<_> = self
            .order
            .items()
            .iter()
            .zip(after.values())
            .map(|(item, value)| match &item.expr {
                Expr::Property(column) => bound(column, value),
                _ => None,
            })
            .collect();
        let items: Vec<_> = columns.into_iter().zip(bounds).collect();
        in_one(&items).unwrap_or_else(|| one_by_one(&items))
    }
}

type Item = (Column, Option<Bound>);

/// Compares all columns as one, which an index answers with one search.
fn in_one(items: &[Item]) -> Option<Condition> {
    let direction = items.first()?.0.direction;
    let alike = |(column, _): &Item| !column.is_nullable && column.direction == direction;
    if !items.iter().all(alike) {
        return None;
    }
    let values = items.iter().map(|(_, value)| value.clone()).collect::<Option<Vec<_>>>()?;
    let names = items.iter().map(|(column, _)| column.name).collect();
    Some(Condition::Beyond(names, direction, values))
}

/// Beyond in the first column, or level there and beyond in the rest.
fn one_by_one(items: &[Item]) -> Condition {
    let Some(((column, value), rest)) = items.split_first() else {
        return Condition::Constant(Some(false));
    };
    let beyond = beyond(column, value.as_ref());
    if rest.is_empty() {
        return beyond;
    }
    let level = match value {
        Some(value) => Condition::Compare(column.name, Comparison::Eq, value.clone()),
        None => Condition::IsNull(column.name),
    };
    let either = Condition::Any(vec![beyond, Condition::All(vec![level, one_by_one(rest)])]);
    match value {
        // It follows from the rest, and tells an index where to begin.
        Some(value) if !column.is_nullable => {
            let from = match column.direction {
                Direction::Ascending => Comparison::Ge,
                Direction::Descending => Comparison::Le,
            };
            Condition::All(vec![Condition::Compare(column.name, from, value.clone()), either])
        }
        _ => either,
    }
}

/// Behind a value in the order of one column. Null is least.
fn beyond(column: &Column, value: Option<&Bound>) -> Condition {
    match (value, column.direction) {
        (None, Direction::Ascending) => Condition::Not(Condition::IsNull(column.name).into()),
        (None, Direction::Descending) => Condition::Constant(Some(false)),
        (Some(value), Direction::Ascending) => {
            Condition::Compare(column.name, Comparison::Gt, value.clone())
        }
        (Some(value), Direction::Descending) => {
            let less = Condition::Compare(column.name, Comparison::Lt, value.clone());
            match column.is_nullable {
                true => Condition::Any(vec![less, Condition::IsNull(column.name)]),
                false => less,
            }
        }
    }
}
