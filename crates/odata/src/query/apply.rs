//! `$apply`: how many rows there are for which members of enumerations (OData Data Aggregation
//! 4.0, 3). Must not know where rows come from.

use std::collections::BTreeMap;
use std::fmt;

use super::error::{QueryError, QueryFault, echo};
use super::evaluate::Row;
use super::expr::Column;
use super::lexer::{Spanned, Token};
use super::order::Direction;
use super::parser::Parser;
use super::value::Value;
use super::{Context, Filter};
use crate::SystemOption;
use crate::edm;

/// The most characters of an identifier (OData CSDL 4.01, 15.2).
const LONGEST_IDENTIFIER: usize = 128;

/// The transformations of the standard besides those that are read here.
const OTHERS: &[&str] = &[
    "addnested",
    "ancestors",
    "bottomcount",
    "bottompercent",
    "bottomsum",
    "compute",
    "concat",
    "descendants",
    "expand",
    "identity",
    "join",
    "nest",
    "orderby",
    "outerjoin",
    "search",
    "skip",
    "top",
    "topcount",
    "toppercent",
    "topsum",
    "traverse",
];

/// An `$apply`: rows that a filter lets pass, grouped by properties, and counted.
///
/// Its text reads as the same again.
#[derive(Clone, Debug, PartialEq)]
pub struct Apply {
    /// Which rows; all where there is none.
    pub filter: Option<Filter>,
    /// By what they are grouped, each once. None where all rows are one group.
    pub groups: Vec<Column>,
    /// The name that the number of rows of a group has, if it is asked for.
    pub count: Option<String>,
}

/// Some rows that have the same members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The numbers of the members, one for each property that is grouped by.
    pub members: Vec<i64>,
    /// How many rows there are.
    pub rows: u64,
}

impl Apply {
    /// Reads the value of `$apply`.
    ///
    /// # Errors
    /// Whatever is no sequence of transformations, is not offered, or exceeds a
    /// [`Limit`](super::Limit).
    pub fn parse(text: &str, context: &Context<'_>) -> Result<Self, QueryError> {
        let mut parser = Parser::new(SystemOption::Apply, text, context)?;
        let mut apply = Self { filter: None, groups: Vec::new(), count: None };
        let mut token = parser.next()?;
        if token.is_word("filter") {
            apply.filter = Some(filter(&mut parser)?);
            let slash = parser.next()?;
            if slash.token == Token::End {
                let what = "'filter' with no 'groupby' or 'aggregate' behind it".to_owned();
                return parser.not_offered(parser.here(token.at), what);
            }
            if !slash.is('/') {
                return Err(parser.unexpected("'/' or the end", &slash));
            }
            token = parser.next()?;
        }
        if token.is_word("groupby") {
            apply.group_by(&mut parser, context)?;
        } else if token.is_word("aggregate") {
            apply.count = Some(aggregate(&mut parser, context)?);
        } else {
            return Err(other(&parser, &token));
        }
        let next = parser.peek()?;
        if next.is('/') {
            let what = "a transformation of groups ('/')".to_owned();
            return parser.not_offered(parser.here(next.at), what);
        }
        parser.end("'/' or the end")?;
        Ok(apply)
    }

    fn group_by(
        &mut self,
        parser: &mut Parser<'_>,
        context: &Context<'_>,
    ) -> Result<(), QueryError> {
        symbol(parser, '(', "'(('")?;
        symbol(parser, '(', "'(' before the properties")?;
        loop {
            let column = grouping(parser)?;
            if !self.groups.contains(&column) {
                self.groups.push(column);
            }
            if !parser.accept(',')? {
                break;
            }
        }
        symbol(parser, ')', "',' or ')'")?;
        if parser.accept(',')? {
            let token = parser.next()?;
            if !token.is_word("aggregate") {
                return Err(within_groups(parser, &token));
            }
            self.count = Some(aggregate(parser, context)?);
            let next = parser.peek()?;
            if next.is('/') {
                let what = "a transformation within groups ('/')".to_owned();
                return parser.not_offered(parser.here(next.at), what);
            }
        }
        symbol(parser, ')', "')'")
    }

    /// The reference for what is answered: the groups of these rows, by the numbers of their
    /// members.
    pub fn summarize<'r, R: Row + 'r>(&self, rows: impl IntoIterator<Item = &'r R>) -> Vec<Group> {
        let mut tally = Tally::new(self);
        for row in rows {
            if self.filter.as_ref().is_none_or(|filter| filter.matches(row)) {
                tally.add(row, 1);
            }
        }
        tally.groups()
    }
}

impl fmt::Display for Apply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(filter) = &self.filter {
            write!(f, "filter({filter})/")?;
        }
        let names: Vec<&str> = self.groups.iter().map(|column| column.property.name).collect();
        let names = names.join(",");
        match (&self.count, names.is_empty()) {
            (Some(alias), true) => write!(f, "aggregate($count as {alias})"),
            (Some(alias), false) => write!(f, "groupby(({names}),aggregate($count as {alias}))"),
            (None, _) => write!(f, "groupby(({names}))"),
        }
    }
}

/// Rows that are put into their groups one by one.
#[derive(Debug)]
pub struct Tally<'a> {
    apply: &'a Apply,
    /// By the numbers of their members.
    rows: BTreeMap<Vec<i64>, u64>,
}

impl<'a> Tally<'a> {
    /// No row yet. Where all rows are one group, it is there without any.
    pub fn new(apply: &'a Apply) -> Self {
        let whole = apply.groups.is_empty().then(|| (Vec::new(), 0));
        Self { apply, rows: whole.into_iter().collect() }
    }

    /// Puts so many rows that are alike into their group, whether the filter lets them pass or not.
    pub fn add(&mut self, row: &(impl Row + ?Sized), times: u64) {
        if times == 0 {
            return;
        }
        let members = self.apply.groups.iter().map(|column| match row.value(column) {
            Value::Member(_, number) => number,
            _ => i64::MIN,
        });
        *self.rows.entry(members.collect()).or_default() += times;
    }

    /// The groups, by the numbers of their members.
    pub fn groups(self) -> Vec<Group> {
        self.rows.into_iter().map(|(members, rows)| Group { members, rows }).collect()
    }
}

/// The order of groups: by what `$orderby` says of them, then by the numbers of their members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupOrder(Vec<(Key, Direction)>);

/// What a group is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// The member at this place.
    Member(usize),
    Rows,
}

impl GroupOrder {
    /// Reads the value of `$orderby` beside an `$apply`.
    ///
    /// # Errors
    /// Whatever is no list of what the groups have, each perhaps with `asc` or `desc`, or is not
    /// offered.
    pub fn parse(text: &str, apply: &Apply, context: &Context<'_>) -> Result<Self, QueryError> {
        let mut parser = Parser::new(SystemOption::OrderBy, text, context)?;
        let mut keys = Vec::new();
        loop {
            let key = key(&mut parser, apply)?;
            let direction = Direction::read(&mut parser)?;
            if !keys.iter().any(|(earlier, _)| *earlier == key) {
                keys.push((key, direction));
            }
            if !parser.accept(',')? {
                break;
            }
        }
        parser.end("'asc', 'desc', ',' or the end")?;
        Ok(Self(keys))
    }

    /// Brings groups into this order. They must stand by the numbers of their members.
    pub fn sort(&self, groups: &mut [Group]) {
        groups.sort_by(|left, right| {
            let orders = self.0.iter().map(|(key, direction)| {
                let order = match key {
                    Key::Member(place) => left.members.get(*place).cmp(&right.members.get(*place)),
                    Key::Rows => left.rows.cmp(&right.rows),
                };
                direction.turned(order)
            });
            orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
    }
}

fn key(parser: &mut Parser<'_>, apply: &Apply) -> Result<Key, QueryError> {
    const WANTED: &str = "a property that is grouped by, or the alias of the number of rows,";
    let token = parser.next()?;
    let Token::Word(name) = token.token else { return Err(parser.unexpected(WANTED, &token)) };
    let next = parser.peek()?;
    if next.is('(') || next.is('/') {
        let what = format!("an expression over groups ('{}…')", echo(name));
        return parser.not_offered(parser.here(token.at), what);
    }
    if apply.count.as_deref() == Some(name) {
        return Ok(Key::Rows);
    }
    let place = apply.groups.iter().position(|column| column.property.name == name);
    place.map(Key::Member).ok_or_else(|| parser.unexpected(WANTED, &token))
}

/// The condition of a `filter`, with its parentheses.
fn filter(parser: &mut Parser<'_>) -> Result<Filter, QueryError> {
    symbol(parser, '(', "'('")?;
    let operand = parser.expression()?;
    symbol(parser, ')', "an operator such as 'eq' or 'and', or ')'")?;
    Filter::of(operand, parser)
}

/// A property that is grouped by.
fn grouping(parser: &mut Parser<'_>) -> Result<Column, QueryError> {
    let token = parser.next()?;
    let at = parser.here(token.at);
    let name = match token.token {
        Token::Word(name) => name,
        Token::Symbol('$' | '@') => {
            return parser.not_offered(at, "an annotation or a '$' segment".to_owned());
        }
        _ => return Err(parser.unexpected("the name of a property", &token)),
    };
    let next = parser.peek()?;
    if next.is('(') || next.is('/') {
        return parser.not_offered(at, format!("grouping by '{}{}'", echo(name), symbol_of(&next)));
    }
    let column = parser.column(name, at)?;
    let is_enumeration = matches!(column.property.edm, edm::Type::Enum(_));
    if !is_enumeration || column.property.nullable {
        return parser.not_offered(at, format!("grouping by '{name}'"));
    }
    Ok(column)
}

/// What an `aggregate` is about, with its parentheses: the alias of the number of rows.
fn aggregate(parser: &mut Parser<'_>, context: &Context<'_>) -> Result<String, QueryError> {
    symbol(parser, '(', "'('")?;
    let token = parser.next()?;
    let at = parser.here(token.at);
    match token.token {
        Token::Symbol('$') => {
            let name = parser.next()?;
            if name.token != Token::Word("count") || !name.adjacent {
                return Err(parser.unexpected("'$count'", &name));
            }
        }
        Token::Word(name) => {
            let next = parser.peek()?;
            if !next.is('(') && !next.is('/') && !name.contains('.') {
                parser.column(name, at)?;
            }
            return parser.not_offered(at, format!("the aggregation of '{}'", echo(name)));
        }
        Token::Symbol('@') => return parser.not_offered(at, "a parameter alias".to_owned()),
        _ => return Err(parser.unexpected("'$count as' and an alias", &token)),
    }
    let word = parser.next()?;
    if !word.is_word("as") {
        return Err(parser.unexpected("'as' and an alias", &word));
    }
    let alias = alias(parser, context)?;
    let next = parser.next()?;
    if next.is(',') {
        return parser.not_offered(parser.here(next.at), "a further aggregate".to_owned());
    }
    if next.is(')') { Ok(alias) } else { Err(parser.unexpected("')'", &next)) }
}

/// A name of the request's own.
fn alias(parser: &mut Parser<'_>, context: &Context<'_>) -> Result<String, QueryError> {
    let token = parser.next()?;
    let Token::Word(name) = token.token else {
        return Err(parser.unexpected("an alias", &token));
    };
    if name.contains('.') || name.chars().count() > LONGEST_IDENTIFIER {
        let wanted = "an alias of at most 128 letters, digits and underscores";
        return Err(parser.unexpected(wanted, &token));
    }
    if context.columns().any(|column| column.property.name == name) {
        let fault = QueryFault::AliasOfProperty(name.to_owned());
        return Err(parser.error(parser.here(token.at), fault));
    }
    Ok(name.to_owned())
}

/// The error where another transformation stands than is read.
fn other(parser: &Parser<'_>, token: &Spanned<'_>) -> QueryError {
    not_offered(parser, token)
        .unwrap_or_else(|| parser.unexpected("'filter', 'groupby' or 'aggregate'", token))
}

/// The error where another transformation of groups stands than `aggregate`.
fn within_groups(parser: &Parser<'_>, token: &Spanned<'_>) -> QueryError {
    let is_known = token.is_word("filter") || token.is_word("groupby");
    let known = is_known.then(|| {
        let what = "another transformation of groups than 'aggregate'".to_owned();
        parser.error(parser.here(token.at), QueryFault::NotOffered(what))
    });
    let error = known.or_else(|| not_offered(parser, token));
    error.unwrap_or_else(|| parser.unexpected("'aggregate'", token))
}

/// The error for what is a transformation, but none that is read.
fn not_offered(parser: &Parser<'_>, token: &Spanned<'_>) -> Option<QueryError> {
    let Token::Word(name) = token.token else { return None };
    let is_standard = OTHERS.iter().any(|other| token.is_word(other));
    let is_second_filter = token.is_word("filter");
    if !is_standard && !is_second_filter && !name.contains('.') {
        return None;
    }
    let what = match is_second_filter {
        true => "a second 'filter' (join the conditions by 'and')".to_owned(),
        false => format!("the transformation '{}'", echo(name)),
    };
    Some(parser.error(parser.here(token.at), QueryFault::NotOffered(what)))
}

fn symbol(parser: &mut Parser<'_>, wanted: char, name: &'static str) -> Result<(), QueryError> {
    let token = parser.next()?;
    if token.is(wanted) { Ok(()) } else { Err(parser.unexpected(name, &token)) }
}

fn symbol_of(token: &Spanned<'_>) -> &'static str {
    if token.is('(') { "(…)" } else { "/…" }
}
