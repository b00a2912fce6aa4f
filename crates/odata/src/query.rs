//! The query language: which rows, in which order, which of their properties (OData URL
//! Conventions 4.01, section 5.1).
//!
//! The value of an option becomes a typed tree ([`Expr`]) over properties that the caller
//! describes. The tree can be walked to say the same in another language, and
//! [`Expr::evaluate`] says what it means. Every error has its place. Must not know which
//! properties there are, where rows come from, SQL, or a clock: `now()` is an argument.

mod apply;
mod error;
mod evaluate;
mod expr;
mod function;
mod lexer;
mod literal;
mod order;
mod parser;
mod search;
mod select;
mod typing;
mod value;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

pub use apply::{Apply, Group, GroupOrder, Tally};
pub use error::{Limit, Place, QueryError, QueryFault, Quotes};
pub use evaluate::Row;
pub use expr::{Column, Comparison, Expr, Property};
pub use function::{Definition, Function, Parameter};
pub use order::{Direction, OrderBy, OrderItem};
pub use search::{Search, SearchExpr};
pub use select::Select;
pub use value::{Type, Value};

use crate::{DateTimeOffset, Options, SystemOption};
use parser::Parser;
use typing::Operand;

/// What an option is read against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The properties of the rows.
    pub properties: &'a [Property],
    /// Another name for the namespace of the enumerations: the alias, then the namespace, as in
    /// `$metadata`.
    pub namespace_alias: Option<(&'a str, &'a str)>,
    /// The options of the request, for their parameter aliases.
    pub options: &'a Options,
    /// The instant that `now()` stands for.
    pub now: DateTimeOffset,
}

impl Context<'_> {
    /// The properties with their indices.
    pub fn columns(&self) -> impl Iterator<Item = Column> {
        let properties = self.properties.iter().copied();
        properties.enumerate().map(|(index, property)| Column { index, property })
    }

    /// A name with its namespace in place of the namespace's alias.
    fn qualified<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let aliased = self.namespace_alias.and_then(|(alias, namespace)| {
            let rest = name.strip_prefix(alias)?.strip_prefix('.')?;
            Some(format!("{namespace}.{rest}"))
        });
        aliased.map_or(Cow::Borrowed(name), Cow::Owned)
    }
}

/// A `$filter`: the rows for which an expression is true.
///
/// Its text is the same for the same condition however it was written, as far as names, blanks and
/// constants go, and reads as the same filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Expr);

impl Filter {
    /// Reads the value of `$filter`.
    ///
    /// # Errors
    /// Whatever is no Boolean expression over the properties, is not offered, or exceeds a
    /// [`Limit`].
    pub fn parse(text: &str, context: &Context<'_>) -> Result<Self, QueryError> {
        let mut parser = Parser::new(SystemOption::Filter, text, context)?;
        Self::read(&mut parser)
    }

    fn read(parser: &mut Parser<'_>) -> Result<Self, QueryError> {
        let operand = parser.expression()?;
        parser.end("an operator such as 'eq' or 'and', or the end,")?;
        Self::of(operand, parser)
    }

    fn of(operand: Operand<'_>, parser: &Parser<'_>) -> Result<Self, QueryError> {
        match operand.expr.ty() {
            Some(Type::Boolean) => Ok(Self(operand.expr)),
            found => {
                let wanted = "a Boolean expression, such as a comparison,".to_owned();
                Err(parser.error(operand.at, QueryFault::WrongType { wanted, found }))
            }
        }
    }

    /// The Boolean expression.
    pub const fn expr(&self) -> &Expr {
        &self.0
    }

    /// Whether the filter lets a row pass: whether the expression is true, not false or null.
    pub fn matches(&self, row: &(impl Row + ?Sized)) -> bool {
        self.0.evaluate(row).truth() == Some(true)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
