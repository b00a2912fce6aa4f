//! `$orderby`: by what rows are ordered. Must not know where rows come from.

use std::cmp::Ordering;
use std::fmt;

use super::Context;
use super::error::{Limit, QueryError};
use super::evaluate::Row;
use super::expr::Expr;
use super::lexer::Token;
use super::parser::Parser;
use super::value::Value;
use crate::SystemOption;

/// Which way an item orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Null first, then from the least.
    Ascending,
    /// From the greatest, null last.
    Descending,
}

/// One thing that rows are ordered by.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderItem {
    /// The expression whose value decides.
    pub expr: Expr,
    /// Which way.
    pub direction: Direction,
}

/// A total order of rows: by the items of `$orderby`, then by the key, which goes the way of the last
/// item, so that one index read in one direction has the whole order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy(Vec<OrderItem>);

impl OrderBy {
    /// The order of a request without `$orderby`: by the key.
    pub fn by_key(context: &Context<'_>) -> Self {
        let mut order = Self(Vec::new());
        order.complete(context);
        order
    }

    /// Reads the value of `$orderby`.
    ///
    /// # Errors
    /// Whatever is no list of expressions over the properties, each perhaps with `asc` or `desc`,
    /// is not offered, or exceeds a [`Limit`].
    pub fn parse(text: &str, context: &Context<'_>) -> Result<Self, QueryError> {
        let mut parser = Parser::new(SystemOption::OrderBy, text, context)?;
        let (mut order, mut given) = (Self(Vec::new()), 0);
        loop {
            let place = parser.peek()?.at;
            given += 1;
            if given > Limit::OrderBy.most() {
                return parser.limit(parser.here(place), Limit::OrderBy);
            }
            order.add(item(&mut parser)?);
            if !parser.accept(',')? {
                break;
            }
        }
        parser.end("an operator, 'asc', 'desc', ',' or the end")?;
        order.complete(context);
        Ok(order)
    }

    /// The items, the most significant first. With the last of them no two rows are equal.
    pub fn items(&self) -> &[OrderItem] {
        &self.0
    }

    /// Orders two rows.
    pub fn compare(&self, left: &(impl Row + ?Sized), right: &(impl Row + ?Sized)) -> Ordering {
        let orders = self.0.iter().map(|OrderItem { expr, direction }| {
            direction.order(&expr.evaluate(left), &expr.evaluate(right))
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }

    /// Adds an item unless it decides nothing, being constant or decided by an earlier one.
    fn add(&mut self, item: OrderItem) {
        let is_constant = matches!(item.expr, Expr::Literal(_));
        if !is_constant && !self.0.iter().any(|earlier| earlier.expr == item.expr) {
            self.0.push(item);
        }
    }

    /// Makes the order total: what of the key is missing comes last. What stands after a whole key
    /// decides nothing and goes.
    fn complete(&mut self, context: &Context<'_>) {
        let key: Vec<_> = context.columns().filter(|column| column.property.key).collect();
        let direction = self.0.last().map_or(Direction::Ascending, |last| last.direction);
        for column in &key {
            self.add(OrderItem { expr: Expr::Property(*column), direction });
        }
        let is_key = |item: &OrderItem| key.iter().any(|it| item.expr == Expr::Property(*it));
        if let Some(last) = self.0.iter().rposition(is_key) {
            self.0.truncate(last + 1);
        }
    }
}

fn item(parser: &mut Parser<'_>) -> Result<OrderItem, QueryError> {
    let expr = parser.expression()?.expr;
    Ok(OrderItem { expr, direction: Direction::read(parser)? })
}

impl Direction {
    /// Takes `asc` or `desc`, if either is there.
    pub(super) fn read(parser: &mut Parser<'_>) -> Result<Self, QueryError> {
        let token = parser.peek()?;
        let direction = match token.token {
            Token::Word(_) if token.is_word("asc") => Self::Ascending,
            Token::Word(_) if token.is_word("desc") => Self::Descending,
            _ => return Ok(Self::Ascending),
        };
        parser.next()?;
        Ok(direction)
    }

    /// Orders two values of one type, either of which may be null.
    pub fn order(self, left: &Value<'_>, right: &Value<'_>) -> Ordering {
        let is_value = |value: &Value<'_>| *value != Value::Null;
        let ascending =
            left.cmp_value(right).unwrap_or_else(|| is_value(left).cmp(&is_value(right)));
        self.turned(ascending)
    }

    /// An order this way, from the one that ascends.
    pub(super) const fn turned(self, ascending: Ordering) -> Ordering {
        match self {
            Self::Ascending => ascending,
            Self::Descending => ascending.reverse(),
        }
    }
}

/// Writes the items so that, read again, they are the same order.
impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, OrderItem { expr, direction }) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{expr}")?;
            if *direction == Direction::Descending {
                f.write_str(" desc")?;
            }
        }
        Ok(())
    }
}
