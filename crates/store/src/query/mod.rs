//! Which rows, in which order, from where on: the typed query, and the way a database goes to
//! answer it.
//!
//! What every engine says alike is said in SQL; the rest is narrowed in SQL and decided row by row
//! by the reference evaluation. Must not know an engine, nor where a query comes from.

mod condition;
mod keyset;
mod pick;
mod sql;

use odata::query::{Expr, Filter, OrderBy, Row, Value};
use odata::{DateTimeOffset, Options};

pub(crate) use condition::{Condition, Narrowing};
pub(crate) use pick::pick;
pub(crate) use sql::{Bound, Dialect, Sql};

/// A page of the identities of a tenant.
#[derive(Clone, Debug)]
pub struct Query {
    /// Which rows; all where there is none.
    pub filter: Option<Filter>,
    /// In which order.
    pub order: OrderBy,
    /// Behind which place in that order.
    pub after: Option<Position>,
    /// How many rows to leave out first.
    pub skip: u64,
    /// How many rows at most.
    pub limit: usize,
}

impl Query {
    /// At most `limit` rows, all that there are, by their ids.
    pub fn by_key(limit: usize) -> Self {
        let options = Options::default();
        let context = model::query_context(&options, DateTimeOffset::MIN);
        let order = OrderBy::by_key(&context);
        Self { filter: None, order, after: None, skip: 0, limit }
    }

    /// What the database must look at.
    pub(crate) fn narrowing(&self) -> Narrowing {
        narrowing(self.filter.as_ref())
    }

    /// How the page is read, when the narrowing is, or is not, the filter itself.
    pub(crate) fn way(&self, is_exact: bool) -> Way {
        let columns = keyset::columns(&self.order);
        match columns {
            Some(columns) if is_exact => Way::Sorted(columns),
            Some(columns) if matches!(columns.as_slice(), [only] if only.is_key) => {
                Way::Walked(columns)
            }
            _ => Way::Picked,
        }
    }
}

/// What a filter leaves for the database to look at.
pub(crate) fn narrowing(filter: Option<&Filter>) -> Narrowing {
    filter.map_or_else(Narrowing::everything, |filter| condition::narrow(filter.expr()))
}

/// How a page is read.
#[derive(Debug)]
pub(crate) enum Way {
    /// The database filters, sorts and cuts.
    Sorted(Vec<keyset::Column>),
    /// The database goes along the key; rows are judged one by one until the page is full.
    Walked(Vec<keyset::Column>),
    /// The database gives candidates in any order; rows are judged and the first ones kept.
    Picked,
}

/// A place in an order: the values of its items, for the row that the place is right behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Position(Vec<Value<'static>>);

impl Position {
    /// The place right behind a row.
    pub fn behind(row: &(impl Row + ?Sized), order: &OrderBy) -> Self {
        let values = order.items().iter().map(|item| item.expr.evaluate(row).into_owned());
        Self(values.collect())
    }

    /// The place with these values, one for each item of an order and each of its type or null.
    /// `None` if they are not.
    pub fn new(values: Vec<Value<'static>>, order: &OrderBy) -> Option<Self> {
        let items = order.items();
        let fits = |(value, expr): (&Value<'_>, &Expr)| match (value.ty(), expr.ty()) {
            (Some(is), Some(must)) => is == must || is.is_number() && must.is_number(),
            (None, _) | (_, None) => true,
        };
        let fit = values.iter().zip(items.iter().map(|item| &item.expr)).all(fits);
        (fit && values.len() == items.len()).then_some(Self(values))
    }

    /// The values, in the order of the items.
    pub fn values(&self) -> &[Value<'static>] {
        &self.0
    }

    fn compare(&self, other: &Self, order: &OrderBy) -> std::cmp::Ordering {
        let values = self.0.iter().zip(&other.0);
        let orders =
            order.items().iter().zip(values).map(|(item, (a, b))| item.direction.order(a, b));
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    }
}
