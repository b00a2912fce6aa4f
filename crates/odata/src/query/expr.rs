//! The typed tree of an expression, and its text. Must not know the grammar.

use std::fmt;

use super::function::Function;
use super::value::{Type, Value};
use crate::edm;

/// A property as the caller describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its name; the case counts.
    pub name: &'static str,
    /// Its type.
    pub edm: edm::Type,
    /// Whether null is a value of it.
    pub nullable: bool,
    /// Whether it is part of the key: no two rows have the same values for these.
    pub key: bool,
}

/// A property within an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its index in the list that the caller gave.
    pub index: usize,
    /// The property.
    pub property: Property,
}

/// A comparison of two values. With null, `Eq` holds for two nulls alone, `Ne` for all that `Eq`
/// does not, and the others never; so a comparison is never null itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

impl Comparison {
    /// The operator's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// The comparison that holds when the operands change places.
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::Ne => Self::Ne,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
        }
    }
}

/// An expression whose types are right: operands that are compared have one type (whole and
/// decimal numbers count as one), arguments are what the function takes, and what stands under
/// `And`, `Or` and `Not` is Boolean. Null may stand anywhere.
///
/// Constants are folded, `now()` among them, and are compared on the right; a sentinel of an
/// enumeration has become a comparison of numbers. It is at most
/// [`Limit::Nesting`](super::Limit::Nesting) deep, so that it may be walked recursively.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A constant.
    Literal(Value<'static>),
    /// What the row has for a property.
    Property(Column),
    /// A comparison; true or false, never null.
    Compare {
        /// Which one.
        operator: Comparison,
        /// What stands on the left.
        left: Box<Expr>,
        /// What stands on the right.
        right: Box<Expr>,
    },
    /// Whether the operand equals one of the values; null equals null. True or false, never null.
    In {
        /// What is looked for.
        operand: Box<Expr>,
        /// Where; perhaps nowhere.
        list: Vec<Value<'static>>,
    },
    /// Whether all are true: false if one is false, else null if one is null. Two at least.
    And(Vec<Expr>),
    /// Whether any is true: true if one is true, else null if one is null. Two at least.
    Or(Vec<Expr>),
    /// The opposite, which for null is null.
    Not(Box<Expr>),
    /// A function; null if an argument is null.
    Call(Function, Vec<Expr>),
}

impl Expr {
    /// The type. `None` for the literal null.
    pub fn ty(&self) -> Option<Type> {
        match self {
            Self::Literal(value) => value.ty(),
            Self::Property(column) => Some(column.property.edm.into()),
            Self::Compare { .. } | Self::In { .. } | Self::And(_) | Self::Or(_) | Self::Not(_) => {
                Some(Type::Boolean)
            }
            Self::Call(function, _) => Some(function.definition().result),
        }
    }

    /// Whether it looks at no other properties than these.
    pub fn reads_only(&self, known: &dyn Fn(&Column) -> bool) -> bool {
        let all = |operands: &[Self]| operands.iter().all(|operand| operand.reads_only(known));
        match self {
            Self::Literal(_) => true,
            Self::Property(column) => known(column),
            Self::Compare { left, right, .. } => left.reads_only(known) && right.reads_only(known),
            Self::In { operand, .. } | Self::Not(operand) => operand.reads_only(known),
            Self::And(operands) | Self::Or(operands) | Self::Call(_, operands) => all(operands),
        }
    }

    /// Whether the text needs parentheses as an operand.
    const fn is_compound(&self) -> bool {
        matches!(self, Self::Compare { .. } | Self::In { .. } | Self::And(_) | Self::Or(_))
    }

    fn write_operand(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_compound() { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

/// Writes the expression so that, read again, it becomes the same tree. Equal trees have equal
/// texts, and different trees different ones.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => write!(f, "{value}"),
            Self::Property(column) => f.write_str(column.property.name),
            Self::Compare { operator, left, right } => {
                left.write_operand(f)?;
                write!(f, " {} ", operator.name())?;
                right.write_operand(f)
            }
            Self::In { operand, list } => {
                // 'in' binds tighter than 'not'.
                match **operand {
                    Self::Not(_) => write!(f, "({operand})")?,
                    _ => operand.write_operand(f)?,
                }
                f.write_str(" in (")?;
                write_list(f, list, ",", |value, f| write!(f, "{value}"))?;
                f.write_str(")")
            }
            Self::And(operands) => write_list(f, operands, " and ", Self::write_operand),
            Self::Or(operands) => write_list(f, operands, " or ", Self::write_operand),
            Self::Not(operand) => {
                f.write_str("not ")?;
                operand.write_operand(f)
            }
            Self::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                write_list(f, arguments, ",", |argument, f| write!(f, "{argument}"))?;
                f.write_str(")")
            }
        }
    }
}

fn write_list<'a, 'f, T: 'a>(
    f: &mut fmt::Formatter<'f>,
    items: &'a [T],
    separator: &str,
    write: impl Fn(&'a T, &mut fmt::Formatter<'f>) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write(item, f)?;
    }
    Ok(())
}
