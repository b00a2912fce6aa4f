//! The reference evaluation: what an expression is for a row. Whatever evaluates expressions
//! elsewhere must come to the same. Must not know the grammar or where rows come from.

use std::cmp::Ordering;

use super::expr::{Column, Comparison, Expr};
use super::value::Value;

/// A row that expressions are evaluated for.
pub trait Row {
    /// What the row has for a property: null, or a value of the property's type.
    fn value(&self, column: &Column) -> Value<'_>;
}

impl Expr {
    /// What the expression is for a row.
    pub fn evaluate<'r>(&'r self, row: &'r (impl Row + ?Sized)) -> Value<'r> {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Property(column) => row.value(column),
            Self::Compare { operator, left, right } => {
                Value::Boolean(operator.holds(&left.evaluate(row), &right.evaluate(row)))
            }
            Self::In { operand, list } => {
                let operand = operand.evaluate(row);
                Value::Boolean(list.iter().any(|value| operand.equals(value)))
            }
            Self::And(operands) => until(false, operands, row),
            Self::Or(operands) => until(true, operands, row),
            Self::Not(operand) => operand.evaluate(row).truth().map(|truth| !truth).into(),
            Self::Call(function, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(|it| it.evaluate(row)).collect();
                function.evaluate(&arguments)
            }
        }
    }
}

/// `decisive` if an operand is, else null if one is, else the opposite.
fn until<'r>(decisive: bool, operands: &'r [Expr], row: &'r (impl Row + ?Sized)) -> Value<'r> {
    let mut result = Some(!decisive);
    for operand in operands {
        match operand.evaluate(row).truth() {
            Some(truth) if truth == decisive => return Value::Boolean(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result.into()
}

impl Comparison {
    /// Whether it holds between two values.
    pub fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        let order = || left.cmp_value(right);
        match self {
            Self::Eq => left.equals(right),
            Self::Ne => !left.equals(right),
            Self::Gt => order() == Some(Ordering::Greater),
            Self::Ge => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
            Self::Lt => order() == Some(Ordering::Less),
            Self::Le => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
        }
    }
}
