//! Conditions and orders as SQL. Names come from static tables, values are bound.
//! Must not know the query language or what an engine does with it.

use odata::query::{Comparison, Direction};

use super::condition::Condition;
use super::keyset::Column;

/// A value that a statement is given apart from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Bytes(Vec<u8>),
    Text(String),
    Integer(i64),
}

/// In what the engines' SQL differs.
pub(crate) trait Dialect {
    /// What stands for the bound value of this number, the first being 1.
    fn placeholder(number: usize) -> String;
}

/// A statement in the making, with the values bound so far.
#[derive(Debug)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) values: Vec<Bound>,
    placeholder: fn(usize) -> String,
}

impl Sql {
    pub(crate) fn new<D: Dialect>(beginning: &str) -> Self {
        Self { text: beginning.to_owned(), values: Vec::new(), placeholder: D::placeholder }
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    pub(crate) fn bind(&mut self, value: Bound) -> &mut Self {
        self.values.push(value);
        let placeholder = (self.placeholder)(self.values.len());
        self.push(&placeholder)
    }

    pub(crate) fn condition(&mut self, condition: &Condition) -> &mut Self {
        match condition {
            Condition::Constant(Some(true)) => self.push("TRUE"),
            Condition::Constant(Some(false)) => self.push("FALSE"),
            Condition::Constant(None) => self.push("NULL"),
            Condition::Compare(column, operator, value) => {
                self.push(column).push(sign(*operator)).bind(value.clone())
            }
            Condition::Columns(left, operator, right) => {
                self.push(left).push(sign(*operator)).push(right)
            }
            Condition::Beyond(columns, direction, values) => {
                self.push("(").push(&columns.join(", ")).push(")");
                let is_ascending = *direction == Direction::Ascending;
                self.push(if is_ascending { " > (" } else { " < (" });
                self.bound_list(values).push(")")
            }
            Condition::OneOf(column, values) => {
                self.push(column).push(" IN (").bound_list(values).push(")")
            }
            Condition::IsNull(column) => self.push(column).push(" IS NULL"),
            Condition::Known(condition) => {
                self.push("coalesce(").condition(condition).push(", FALSE)")
            }
            Condition::Not(condition) => self.push("NOT (").condition(condition).push(")"),
            Condition::All(conditions) => self.joined(conditions, " AND "),
            Condition::Any(conditions) => self.joined(conditions, " OR "),
        }
    }

    /// `ORDER BY`: null is least in every engine.
    pub(crate) fn order(&mut self, columns: &[Column]) -> &mut Self {
        for (index, column) in columns.iter().enumerate() {
            self.push(if index == 0 { " ORDER BY " } else { ", " }).push(column.name);
            let (direction, nulls) = match column.direction {
                Direction::Ascending => ("", " NULLS FIRST"),
                Direction::Descending => (" DESC", " NULLS LAST"),
            };
            self.push(direction).push(if column.is_nullable { nulls } else { "" });
        }
        self
    }

    fn joined(&mut self, conditions: &[Condition], operator: &str) -> &mut Self {
        self.push("(");
        for (index, condition) in conditions.iter().enumerate() {
            self.push(if index == 0 { "" } else { operator }).condition(condition);
        }
        self.push(")")
    }

    fn bound_list(&mut self, values: &[Bound]) -> &mut Self {
        for (index, value) in values.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " }).bind(value.clone());
        }
        self
    }
}

const fn sign(operator: Comparison) -> &'static str {
    match operator {
        Comparison::Eq => " = ",
        Comparison::Ne => " <> ",
        Comparison::Gt => " > ",
        Comparison::Ge => " >= ",
        Comparison::Lt => " < ",
        Comparison::Le => " <= ",
    }
}
