//! What may be combined with what: makes typed expressions of typed operands. Must not know the
//! grammar.

use super::error::{Limit, QueryFault, echo};
use super::expr::{Comparison, Expr};
use super::function::{Definition, Function, Parameter};
use super::literal::misquoted;
use super::value::{Type, Value};
use crate::duration::Duration;
use crate::edm::EnumType;
use crate::number::Number;

/// A typed expression, where it stands, and how deep it is.
#[derive(Clone, Debug)]
pub(super) struct Operand<'a> {
    pub(super) expr: Expr,
    pub(super) at: At<'a>,
    height: usize,
}

/// Where something stands: in the option or an alias, at which character.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) alias: Option<&'a str>,
    pub(super) character: usize,
}

/// A fault and its place.
pub(super) type Fault<'a> = (At<'a>, QueryFault);

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    DivBy,
    Mod,
}

impl Arithmetic {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::DivBy => "divby",
            Self::Mod => "mod",
        }
    }
}

impl<'a> Operand<'a> {
    pub(super) const fn leaf(expr: Expr, at: At<'a>) -> Self {
        Self { expr, at, height: 0 }
    }

    /// An expression over others, of which the deepest has this height.
    fn above(height: usize, expr: Expr, at: At<'a>) -> Result<Self, Fault<'a>> {
        // Constants have no depth, whatever they were made of.
        let height = if matches!(expr, Expr::Literal(_)) { 0 } else { height + 1 };
        if height > Limit::Nesting.most() {
            return Err((at, QueryFault::Limit(Limit::Nesting)));
        }
        Ok(Self { expr, at, height })
    }

    /// The constant, if it is one.
    const fn literal(&self) -> Option<&Value<'static>> {
        if let Expr::Literal(value) = &self.expr { Some(value) } else { None }
    }

    /// Refuses what is neither Boolean nor null.
    pub(super) fn boolean(self) -> Result<Self, Fault<'a>> {
        match self.expr.ty() {
            None | Some(Type::Boolean) => Ok(self),
            found => Err((self.at, wrong_type("a Boolean expression", found))),
        }
    }
}

fn wrong_type(wanted: &str, found: Option<Type>) -> QueryFault {
    QueryFault::WrongType { wanted: wanted.to_owned(), found }
}

/// The member that a text names, by its name, another spelling or its number.
pub(super) fn member(
    declared: &'static EnumType,
    text: &str,
) -> Result<Value<'static>, QueryFault> {
    let by_number = || declared.by_value(text.parse().ok()?);
    match declared.by_name(text).or_else(by_number) {
        Some(member) => Ok(Value::Member(declared, member.value)),
        None => Err(QueryFault::UnknownMember {
            enumeration: declared.name,
            text: echo(text),
            members: declared.members.iter().map(|it| it.name).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Makes a constant of the type `wanted`, if there is one that the language takes for it: text
/// that names a member, a date for its midnight in UTC.
fn promote<'a>(operand: Operand<'a>, wanted: Option<Type>) -> Result<Operand<'a>, Fault<'a>> {
    let promoted = match (operand.literal(), wanted) {
        (Some(Value::String(text)), Some(Type::Enum(declared))) => member(declared, text),
        (Some(Value::Date(date)), Some(Type::DateTimeOffset)) => {
            Ok(Value::DateTimeOffset(date.midnight_utc()))
        }
        _ => return Ok(operand),
    };
    let value = promoted.map_err(|fault| (operand.at, fault))?;
    Ok(Operand { expr: Expr::Literal(value), ..operand })
}

/// Refuses to compare what has no common values.
fn comparable<'a>(left: &Operand<'a>, right: &Operand<'a>) -> Result<(), Fault<'a>> {
    let (Some(left_type), Some(right_type)) = (left.expr.ty(), right.expr.ty()) else {
        return Ok(());
    };
    if left_type == right_type || (left_type.is_number() && right_type.is_number()) {
        return Ok(());
    }
    let quotes = match (left.literal(), right.literal()) {
        (Some(literal), None) => misquoted(literal, right_type),
        (None, Some(literal)) => misquoted(literal, left_type),
        _ => None,
    };
    Err((left.at, QueryFault::Incomparable { left: left_type, right: right_type, quotes }))
}

pub(super) fn compare<'a>(
    operator: Comparison,
    left: Operand<'a>,
    right: Operand<'a>,
) -> Result<Operand<'a>, Fault<'a>> {
    let (left_type, right_type) = (left.expr.ty(), right.expr.ty());
    let (left, right) = (promote(left, right_type)?, promote(right, left_type)?);
    comparable(&left, &right)?;
    let (at, height) = (left.at, left.height.max(right.height));
    let expr = match (left.expr, right.expr) {
        (Expr::Literal(left), Expr::Literal(right)) => {
            Expr::Literal(Value::Boolean(operator.holds(&left, &right)))
        }
        (left, Expr::Literal(right)) => with_literal(operator, left, right),
        (Expr::Literal(left), right) => with_literal(operator.mirrored(), right, left),
        (left, right) => plain(operator, left, right),
    };
    Operand::above(height, expr, at)
}

fn plain(operator: Comparison, left: Expr, right: Expr) -> Expr {
    Expr::Compare { operator, left: left.into(), right: right.into() }
}

/// A comparison with a constant, which is kept on the right. To equal a sentinel is to lie above
/// it: there are the values that the reader does not know.
fn with_literal(operator: Comparison, operand: Expr, literal: Value<'static>) -> Expr {
    let is_sentinel = is_sentinel(&literal);
    let literal = Expr::Literal(literal);
    match operator {
        Comparison::Eq if is_sentinel => plain(Comparison::Gt, operand, literal),
        Comparison::Ne if is_sentinel => Expr::Not(plain(Comparison::Gt, operand, literal).into()),
        _ => plain(operator, operand, literal),
    }
}

fn is_sentinel(value: &Value<'_>) -> bool {
    match value {
        Value::Member(declared, number) => {
            declared.by_value(*number).is_some_and(|member| member.sentinel)
        }
        _ => false,
    }
}

/// An element of an `in` list after this operand.
pub(super) fn element<'a>(
    operand: &Operand<'a>,
    element: Operand<'a>,
) -> Result<Value<'static>, Fault<'a>> {
    let element = promote(element, operand.expr.ty())?;
    comparable(&element, operand)?;
    match element.expr {
        Expr::Literal(value) => Ok(value),
        _ => Err((element.at, QueryFault::NotConstant)),
    }
}

pub(super) fn in_list<'a>(
    operand: Operand<'a>,
    list: Vec<Value<'static>>,
) -> Result<Operand<'a>, Fault<'a>> {
    let (at, height) = (operand.at, operand.height);
    if let Some(value) = operand.literal() {
        let holds = list.iter().any(|element| value.equals(element));
        return Ok(Operand::leaf(Expr::Literal(Value::Boolean(holds)), at));
    }
    let (sentinels, list): (Vec<_>, Vec<_>) = list.into_iter().partition(is_sentinel);
    let Some(sentinel) = sentinels.into_iter().next() else {
        return Operand::above(height, Expr::In { operand: operand.expr.into(), list }, at);
    };
    let above = with_literal(Comparison::Eq, operand.expr.clone(), sentinel);
    if list.is_empty() {
        return Operand::above(height, above, at);
    }
    let listed = Expr::In { operand: operand.expr.into(), list };
    Operand::above(height + 1, Expr::Or(vec![listed, above]), at)
}

/// `and` and `or`, which are associative: chains of one become one node.
pub(super) fn both<'a>(
    is_and: bool,
    left: Operand<'a>,
    right: Operand<'a>,
) -> Result<Operand<'a>, Fault<'a>> {
    let (left, right) = (left.boolean()?, right.boolean()?);
    let at = left.at;
    let (mut operands, mut below) = (Vec::new(), 0);
    for Operand { expr, height, .. } in [left, right] {
        match (is_and, expr) {
            (true, Expr::And(more)) | (false, Expr::Or(more)) => {
                below = below.max(height.saturating_sub(1));
                if operands.is_empty() { operands = more } else { operands.extend(more) }
            }
            (_, expr) => {
                below = below.max(height);
                operands.push(expr);
            }
        }
    }
    let expr = if is_and { Expr::And(operands) } else { Expr::Or(operands) };
    Operand::above(below, expr, at)
}

pub(super) fn not<'a>(at: At<'a>, operand: Operand<'a>) -> Result<Operand<'a>, Fault<'a>> {
    let Operand { expr, height, .. } = operand.boolean()?;
    let expr = match expr {
        Expr::Literal(Value::Boolean(truth)) => Expr::Literal(Value::Boolean(!truth)),
        expr => Expr::Not(expr.into()),
    };
    Operand::above(height, expr, at)
}

pub(super) fn negate<'a>(at: At<'a>, operand: Operand<'a>) -> Result<Operand<'a>, Fault<'a>> {
    let negated = match operand.literal() {
        Some(Value::Null) => Value::Null,
        Some(Value::Number(number)) => Value::Number(number.negated()),
        Some(Value::Duration(Duration { ticks })) if *ticks != i64::MIN => {
            Value::Duration(Duration { ticks: -ticks })
        }
        found => return Err((at, not_arithmetic(&operand, found.is_some(), "-"))),
    };
    Ok(Operand::leaf(Expr::Literal(negated), at))
}

/// Arithmetic, which is for constants alone.
pub(super) fn arithmetic<'a>(
    operator: Arithmetic,
    left: Operand<'a>,
    right: Operand<'a>,
) -> Result<Operand<'a>, Fault<'a>> {
    let name = operator.name();
    for operand in [&left, &right] {
        let is_possible = match operand.expr.ty() {
            None => true,
            Some(Type::Duration | Type::DateTimeOffset | Type::Date) => true,
            Some(found) => found.is_number(),
        };
        if !is_possible || operand.literal().is_none() {
            return Err((operand.at, not_arithmetic(operand, !is_possible, name)));
        }
    }
    let at = left.at;
    let (Some(a), Some(b)) = (left.literal(), right.literal()) else {
        return Err((at, not_arithmetic(&left, false, name)));
    };
    let value = match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Some(Value::Null),
        (Value::Number(a), Value::Number(b)) => numbers(operator, *a, *b).map(Value::Number),
        _ => match times(operator, a, b) {
            Some(value) => value,
            None => return Err((at, not_arithmetic(&left, false, name))),
        },
    };
    match value {
        Some(value) => Ok(Operand::leaf(Expr::Literal(value), at)),
        None => Err((at, QueryFault::NoResult(name))),
    }
}

fn not_arithmetic(operand: &Operand<'_>, is_wrong: bool, operator: &str) -> QueryFault {
    if is_wrong {
        return wrong_type("a number", operand.expr.ty());
    }
    QueryFault::NotOffered(format!("arithmetic ('{operator}') on anything but constants"))
}

fn numbers(operator: Arithmetic, a: Number, b: Number) -> Option<Number> {
    match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Sub => a.checked_add(b.negated()),
        Arithmetic::Mul => a.checked_mul(b),
        Arithmetic::Div if a.is_whole() && b.is_whole() => a.checked_div_whole(b),
        Arithmetic::Div | Arithmetic::DivBy => a.checked_div(b),
        Arithmetic::Mod => a.checked_rem(b),
    }
}

/// Sums and differences of times. `None` if there is no such operation, `Some(None)` if it has no
/// result.
fn times(
    operator: Arithmetic,
    a: &Value<'static>,
    b: &Value<'static>,
) -> Option<Option<Value<'static>>> {
    let is_sum = match operator {
        Arithmetic::Add => true,
        Arithmetic::Sub => false,
        Arithmetic::Mul | Arithmetic::Div | Arithmetic::DivBy | Arithmetic::Mod => return None,
    };
    let signed = |ticks: i64| if is_sum { Some(ticks) } else { ticks.checked_neg() };
    Some(match (a, b) {
        (Value::DateTimeOffset(instant), Value::Duration(span)) => signed(span.ticks)
            .and_then(|ticks| instant.checked_add(Duration { ticks }))
            .map(Value::DateTimeOffset),
        (Value::Duration(a), Value::Duration(b)) => signed(b.ticks)
            .and_then(|ticks| a.ticks.checked_add(ticks))
            .filter(|ticks| *ticks != i64::MIN)
            .map(|ticks| Value::Duration(Duration { ticks })),
        (Value::DateTimeOffset(a), Value::DateTimeOffset(b)) if !is_sum => {
            Some(Value::Duration(Duration { ticks: a.ticks() - b.ticks() }))
        }
        _ => return None,
    })
}

pub(super) fn call<'a>(
    function: Function,
    arguments: Vec<Operand<'a>>,
    at: At<'a>,
) -> Result<Operand<'a>, Fault<'a>> {
    let Definition { name, parameters, .. } = function.definition();
    let required = parameters.iter().filter(|parameter| !parameter.optional).count();
    if !(required..=parameters.len()).contains(&arguments.len()) {
        let takes = match (required, parameters.len()) {
            (1, 1) => "one argument",
            (2, 2) => "two arguments",
            _ => "two or three arguments",
        };
        return Err((
            at,
            QueryFault::ArgumentCount { function: name, takes, found: arguments.len() },
        ));
    }
    for (argument, parameter) in arguments.iter().zip(*parameters) {
        check_argument(argument, parameter)?;
    }
    let height = arguments.iter().map(|argument| argument.height).max().unwrap_or_default();
    let literals: Option<Vec<_>> = arguments.iter().map(|it| it.literal().cloned()).collect();
    // Null has no type of its own, so a call that yields null stays one.
    let folded = literals.map(|values| function.evaluate(&values));
    let expr = match folded {
        Some(value) if value != Value::Null => Expr::Literal(value),
        _ => Expr::Call(function, arguments.into_iter().map(|it| it.expr).collect()),
    };
    Operand::above(height, expr, at)
}

fn check_argument<'a>(argument: &Operand<'a>, parameter: &Parameter) -> Result<(), Fault<'a>> {
    let found = argument.expr.ty();
    if found.is_none_or(|found| parameter.types.contains(&found)) {
        return Ok(());
    }
    let names: Vec<_> = parameter.types.iter().map(|it| it.name()).collect();
    Err((argument.at, wrong_type(&names.join(" or "), found)))
}
