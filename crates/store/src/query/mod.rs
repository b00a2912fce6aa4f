//! Which rows, in which order, from where on: the typed query, and the way a database goes to
//! answer it.
//!
//! What every engine says alike is said in SQL; the rest is narrowed in SQL and decided row by row
//! by the reference evaluation. Must not know an engine, nor where a query comes from.

mod condition;
mod keyset;
mod parts;
mod pick;
mod position;
mod range;
mod sql;

use model::Identity;
use odata::query::{Filter, OrderBy, Search};
use odata::{DateTimeOffset, Options};

pub(crate) use condition::{Condition, Narrowing};
pub(crate) use keyset::Column;
pub(crate) use parts::{Parts, searched};
pub(crate) use pick::Picking;
pub use position::Position;
pub(crate) use sql::{Bound, Dialect, Sql};

/// A page of the identities of a tenant.
#[derive(Clone, Debug)]
pub struct Query {
    /// Which rows; all where there is none.
    pub filter: Option<Filter>,
    /// Which of them; all where there is none.
    pub search: Option<Search>,
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
        Self { filter: None, search: None, order, after: None, skip: 0, limit }
    }

    /// What the database must look at.
    pub(crate) fn narrowing(&self) -> Narrowing {
        narrowing(self.filter.as_ref(), self.search.as_ref())
    }

    /// What parts of text its rows have in common.
    pub(crate) fn parts(&self) -> Option<Parts> {
        parts(self.filter.as_ref(), self.search.as_ref())
    }

    /// Whether a row is one that it asks for.
    pub(crate) fn lets_pass(&self, row: &Identity) -> bool {
        lets_pass(self.filter.as_ref(), self.search.as_ref(), row)
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

/// What a filter and a search leave for the database to look at.
pub(crate) fn narrowing(filter: Option<&Filter>, search: Option<&Search>) -> Narrowing {
    let narrowing =
        filter.map_or_else(Narrowing::everything, |filter| condition::narrow(filter.expr()));
    let is_exact = narrowing.is_exact && search.is_none();
    Narrowing { is_exact, ..narrowing }
}

/// What parts of text the rows have in common that pass both.
pub(crate) fn parts(filter: Option<&Filter>, search: Option<&Search>) -> Option<Parts> {
    Parts::all([
        filter.and_then(|filter| parts::of_filter(filter.expr())),
        search.and_then(|search| parts::of_search(search.expr())),
    ])
}

/// Whether a row passes both.
pub(crate) fn lets_pass(filter: Option<&Filter>, search: Option<&Search>, row: &Identity) -> bool {
    let is_found = |search: &Search| {
        let [identifier, description] = row.searched();
        search.matches(&[&identifier, &description])
    };
    filter.is_none_or(|filter| filter.matches(row)) && search.is_none_or(is_found)
}

/// How a page is read.
#[derive(Debug)]
pub(crate) enum Way {
    /// The database filters, sorts and cuts.
    Sorted(Vec<Column>),
    /// The database goes along the key; rows are judged one by one until the page is full.
    Walked(Vec<Column>),
    /// The database gives candidates in any order; rows are judged and the first ones kept.
    Picked,
}
