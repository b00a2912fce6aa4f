//! From the typed filter to conditions on columns: exactly where that is possible, else as a
//! condition that every row meets which the filter lets pass. Must not know how SQL is written.

use model::{IdentityId, IdentityType, PROPERTIES, identifier_key};
use odata::query::{Column, Comparison, Direction, Expr, Function, Type, Value};

use super::sql::Bound;

/// The column of identifiers, and the one with their folded form, which has the index.
const IDENTIFIER: &str = "identifier";
pub(super) const IDENTIFIER_KEY: &str = "identifier_key";

/// A condition on the columns of a row: true, false or null, as in the query language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Constant(Option<bool>),
    /// Null if the column is.
    Compare(&'static str, Comparison, Bound),
    /// Null if either column is.
    Columns(&'static str, Comparison, &'static str),
    /// Whether columns that are never null lie, as one, beyond these values.
    Beyond(Vec<&'static str>, Direction, Vec<Bound>),
    /// Null if the column is. One value at least.
    OneOf(&'static str, Vec<Bound>),
    IsNull(&'static str),
    /// False for null.
    Known(Box<Condition>),
    Not(Box<Condition>),
    /// One at least.
    All(Vec<Condition>),
    /// One at least.
    Any(Vec<Condition>),
}

impl Condition {
    /// The same for an engine whose texts have no U+0000, and which cannot be given one.
    pub(crate) fn without_nul(self) -> Self {
        let all = |conditions: Vec<Self>| conditions.into_iter().map(Self::without_nul).collect();
        match self {
            Self::Compare(column, operator, Bound::Text(text)) => match text.split_once('\0') {
                None => Self::Compare(column, operator, Bound::Text(text)),
                // No text lies between what stands before the first U+0000 and the whole.
                Some((before, _)) => match operator {
                    Comparison::Eq => Self::Constant(Some(false)),
                    Comparison::Ne => Self::Constant(Some(true)),
                    Comparison::Lt | Comparison::Le => {
                        Self::Compare(column, Comparison::Le, Bound::Text(before.to_owned()))
                    }
                    Comparison::Gt | Comparison::Ge => {
                        Self::Compare(column, Comparison::Gt, Bound::Text(before.to_owned()))
                    }
                },
            },
            Self::OneOf(column, mut values) => {
                let has_nul = |value: &Bound| matches!(value, Bound::Text(it) if it.contains('\0'));
                values.retain(|value| !has_nul(value));
                if values.is_empty() {
                    return Self::Constant(Some(false));
                }
                Self::OneOf(column, values)
            }
            Self::Known(condition) => Self::Known(condition.without_nul().into()),
            Self::Not(condition) => Self::Not(condition.without_nul().into()),
            Self::All(conditions) => Self::All(all(conditions)),
            Self::Any(conditions) => Self::Any(all(conditions)),
            Self::Constant(_)
            | Self::Compare(..)
            | Self::Columns(..)
            | Self::Beyond(..)
            | Self::IsNull(_) => self,
        }
    }
}

/// What is left of a filter for the database.
#[derive(Debug)]
pub(crate) struct Narrowing {
    /// True for every row that the filter lets pass.
    pub(crate) condition: Condition,
    /// Whether it is true for no other row.
    pub(crate) is_exact: bool,
}

impl Narrowing {
    pub(crate) const fn everything() -> Self {
        Self { condition: Condition::Constant(Some(true)), is_exact: true }
    }

    const fn nothing_known() -> Self {
        Self { condition: Condition::Constant(Some(true)), is_exact: false }
    }
}

/// What the rows have in common for which the expression is true.
pub(super) fn narrow(expr: &Expr) -> Narrowing {
    if let Some(condition) = exact(expr) {
        return Narrowing { condition, is_exact: true };
    }
    match expr {
        Expr::And(operands) => Narrowing {
            condition: Condition::All(operands.iter().map(|it| narrow(it).condition).collect()),
            is_exact: false,
        },
        Expr::Or(operands) => Narrowing {
            condition: Condition::Any(operands.iter().map(|it| narrow(it).condition).collect()),
            is_exact: false,
        },
        Expr::Compare { operator: Comparison::Eq, left, right } => match (&**left, &**right) {
            // The key of an identifier is folded too.
            (Expr::Call(Function::ToLower, arguments), Expr::Literal(Value::String(text)))
                if is_identifier(arguments.as_slice()) =>
            {
                Narrowing { condition: under_keys([text.as_ref()]), is_exact: false }
            }
            _ => Narrowing::nothing_known(),
        },
        _ => Narrowing::nothing_known(),
    }
}

fn is_identifier(arguments: &[Expr]) -> bool {
    matches!(arguments, [Expr::Property(column)] if name(column) == Some(IDENTIFIER))
}

/// The name of the column that holds a property.
pub(super) fn name(column: &Column) -> Option<&'static str> {
    PROPERTIES.get(column.index).map(|property| property.column)
}

/// The condition that is what the expression is, for every row. `None` if there is none that all
/// engines understand alike.
fn exact(expr: &Expr) -> Option<Condition> {
    match expr {
        Expr::Literal(Value::Boolean(truth)) => Some(Condition::Constant(Some(*truth))),
        Expr::Literal(Value::Null) => Some(Condition::Constant(None)),
        Expr::Compare { operator, left, right } => match (&**left, &**right) {
            (Expr::Property(column), Expr::Literal(value)) => compare(column, *operator, value),
            (Expr::Property(left), Expr::Property(right)) => columns(left, *operator, right),
            _ => None,
        },
        Expr::In { operand, list } => match &**operand {
            Expr::Property(column) => one_of(column, list),
            _ => None,
        },
        Expr::And(operands) => all_exact(operands).map(Condition::All),
        Expr::Or(operands) => all_exact(operands).map(Condition::Any),
        Expr::Not(operand) => Some(Condition::Not(exact(operand)?.into())),
        Expr::Call(Function::StartsWith, arguments) => match arguments.as_slice() {
            [Expr::Property(column), Expr::Literal(Value::String(prefix))] => {
                starts_with(column, prefix)
            }
            _ => None,
        },
        Expr::Literal(_) | Expr::Property(_) | Expr::Call(..) => None,
    }
}

fn all_exact(operands: &[Expr]) -> Option<Vec<Condition>> {
    operands.iter().map(exact).collect()
}

/// A comparison with a constant, which is never null.
fn compare(column: &Column, operator: Comparison, value: &Value<'_>) -> Option<Condition> {
    let of = name(column)?;
    let is_equal = match operator {
        Comparison::Eq => true,
        Comparison::Ne => {
            return Some(Condition::Not(compare(column, Comparison::Eq, value)?.into()));
        }
        Comparison::Gt | Comparison::Ge | Comparison::Lt | Comparison::Le => false,
    };
    if *value == Value::Null {
        return Some(match is_equal && column.property.nullable {
            true => Condition::IsNull(of),
            false => Condition::Constant(Some(false)),
        });
    }
    let Some(bound) = bound(column, value) else {
        // A text that is no id equals none, but has its place among them.
        let equals_none = is_equal && column.property.key;
        return equals_none.then_some(Condition::Constant(Some(false)));
    };
    let compared = known(column, Condition::Compare(of, operator, bound));
    Some(match value {
        Value::String(text) if is_equal && of == IDENTIFIER => {
            Condition::All(vec![under_keys([text.as_ref()]), compared])
        }
        _ => compared,
    })
}

fn columns(left: &Column, operator: Comparison, right: &Column) -> Option<Condition> {
    let (a, b) = (name(left)?, name(right)?);
    let is_comparable = left.property.edm == right.property.edm
        && (left.property.key == right.property.key)
        && Type::from(left.property.edm) != Type::Boolean;
    if !is_comparable {
        return None;
    }
    if operator == Comparison::Ne {
        return Some(Condition::Not(columns(left, Comparison::Eq, right)?.into()));
    }
    let is_nullable = left.property.nullable || right.property.nullable;
    let compared = Condition::Columns(a, operator, b);
    if !is_nullable {
        return Some(compared);
    }
    let known = Condition::Known(compared.into());
    if operator != Comparison::Eq || !(left.property.nullable && right.property.nullable) {
        return Some(known);
    }
    let both_null = Condition::All(vec![Condition::IsNull(a), Condition::IsNull(b)]);
    Some(Condition::Any(vec![both_null, known]))
}

fn one_of(column: &Column, list: &[Value<'_>]) -> Option<Condition> {
    let of = name(column)?;
    let mut any = Vec::new();
    if column.property.nullable && list.contains(&Value::Null) {
        any.push(Condition::IsNull(of));
    }
    let mut values = Vec::new();
    for value in list.iter().filter(|value| **value != Value::Null) {
        match bound(column, value) {
            Some(bound) => values.push(bound),
            None if column.property.key => {}
            None => return None,
        }
    }
    if !values.is_empty() {
        let listed = known(column, Condition::OneOf(of, values));
        any.push(match of {
            IDENTIFIER => Condition::All(vec![under_keys(list.iter().filter_map(text)), listed]),
            _ => listed,
        });
    }
    Some(if any.is_empty() { Condition::Constant(Some(false)) } else { Condition::Any(any) })
}

fn text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    if let Value::String(text) = value { Some(text) } else { None }
}

fn known(column: &Column, condition: Condition) -> Condition {
    if column.property.nullable { Condition::Known(condition.into()) } else { condition }
}

/// A constant as the column holds it. `None` if the column cannot hold it.
pub(super) fn bound(column: &Column, value: &Value<'_>) -> Option<Bound> {
    match value {
        Value::String(id) if column.property.key => {
            IdentityId::parse(id).map(|id| Bound::Bytes(id.0.as_bytes().to_vec()))
        }
        Value::String(text) => Some(Bound::Text(text.to_string())),
        Value::Member(_, number) => Some(Bound::Integer(*number)),
        Value::DateTimeOffset(instant) => Some(Bound::Integer(instant.ticks())),
        Value::Null
        | Value::Boolean(_)
        | Value::Number(_)
        | Value::Date(_)
        | Value::TimeOfDay(_)
        | Value::Duration(_)
        | Value::Guid(_) => None,
    }
}

/// Text that begins with a prefix is what stands from the prefix on before the next one, where
/// text is ordered by code point. Null for null.
fn starts_with(column: &Column, prefix: &str) -> Option<Condition> {
    if column.property.key {
        return None;
    }
    let of = name(column)?;
    let compared = Condition::All(from_prefix(of, prefix));
    if of != IDENTIFIER {
        return Some(compared);
    }
    let mut keys: Vec<_> =
        keys(prefix).iter().map(|key| Condition::All(from_prefix(IDENTIFIER_KEY, key))).collect();
    keys.dedup();
    Some(Condition::All(vec![Condition::Any(keys), compared]))
}

fn from_prefix(column: &'static str, prefix: &str) -> Vec<Condition> {
    let from = Condition::Compare(column, Comparison::Ge, Bound::Text(prefix.to_owned()));
    let before = behind_prefix(prefix)
        .map(|end| Condition::Compare(column, Comparison::Lt, Bound::Text(end)));
    [Some(from), before].into_iter().flatten().collect()
}

/// The least text behind all that begin with a prefix. `None` if there is none.
fn behind_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // The range steps over the surrogates, which no text has.
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// That an identifier has one of these texts' keys.
fn under_keys<'t>(texts: impl IntoIterator<Item = &'t str>) -> Condition {
    let mut all: Vec<String> = texts.into_iter().flat_map(keys).collect();
    all.sort_unstable();
    all.dedup();
    Condition::OneOf(IDENTIFIER_KEY, all.into_iter().map(Bound::Text).collect())
}

/// The keys that an identifier of this text has, by its type. The key of a prefix begins the key
/// of every identifier that the prefix begins.
fn keys(text: &str) -> [String; 2] {
    let of = |identity_type| identifier_key(identity_type, text);
    [of(IdentityType::SerialNumber), of(IdentityType::ManufacturerModelSerial)]
}
