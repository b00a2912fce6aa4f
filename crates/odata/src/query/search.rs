//! `$search`: words and phrases that a row has or has not (OData URL Conventions 4.01, 5.1.7).
//!
//! `NOT` binds tighter than `AND`, which may be left out, and that tighter than `OR`. Must not know
//! which texts of a row are searched.

mod token;

use std::fmt;

use super::error::{Limit, Place, QueryError, QueryFault};
use crate::{SystemOption, fold};
use token::{Spanned, Token};

type Result<T> = std::result::Result<T, QueryError>;

/// A `$search`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(SearchExpr);

/// What is searched for. At most [`Limit::Nesting`] deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchExpr {
    /// A word or phrase, folded.
    Term(String),
    /// All of these; two at least.
    And(Vec<SearchExpr>),
    /// Any of these; two at least.
    Or(Vec<SearchExpr>),
    /// Not this.
    Not(Box<SearchExpr>),
}

impl Search {
    /// Reads the value of `$search`: words without blanks, quotes and parentheses, phrases in
    /// double quotes (where `\` stands before a quote or another `\`), `NOT`, `AND`, `OR` and
    /// parentheses. An operator without operand is a word. A whole value in single quotes is one
    /// phrase.
    ///
    /// # Errors
    /// Whatever is not written so, or exceeds a [`Limit`].
    pub fn parse(text: &str) -> Result<Self> {
        let tokens = token::all(text).map_err(|(at, fault)| error(at, fault))?;
        let mut reader = Reader { tokens: &tokens, stack: Vec::new(), levels: 0, nodes: 0 };
        reader.whole().map(Self)
    }

    /// What is searched for.
    pub const fn expr(&self) -> &SearchExpr {
        &self.0
    }

    /// Whether a row is found, which has these texts, folded.
    pub fn matches(&self, folded: &[&str]) -> bool {
        self.0.matches(folded)
    }
}

impl SearchExpr {
    fn matches(&self, folded: &[&str]) -> bool {
        match self {
            Self::Term(term) => folded.iter().any(|text| text.contains(term.as_str())),
            Self::And(operands) => operands.iter().all(|operand| operand.matches(folded)),
            Self::Or(operands) => operands.iter().any(|operand| operand.matches(folded)),
            Self::Not(operand) => !operand.matches(folded),
        }
    }

    fn write_operand(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(_) | Self::Or(_) => write!(f, "({self})"),
            Self::Term(_) | Self::Not(_) => write!(f, "{self}"),
        }
    }
}

/// Writes the search so that, read again, it is the same.
impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SearchExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operands, operator) = match self {
            Self::Term(term) => {
                return write!(f, "\"{}\"", term.replace('\\', r"\\").replace('"', "\\\""));
            }
            Self::Not(operand) => {
                f.write_str("NOT ")?;
                return operand.write_operand(f);
            }
            Self::And(operands) => (operands, " AND "),
            Self::Or(operands) => (operands, " OR "),
        };
        for (index, operand) in operands.iter().enumerate() {
            if index > 0 {
                f.write_str(operator)?;
            }
            operand.write_operand(f)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    Or,
    And,
}

/// What waits for the operand that is being read.
enum Pending {
    Group,
    Not,
    Binary(Operator, SearchExpr),
}

/// Reads over a stack of its own, as the parser of expressions does.
struct Reader<'t> {
    tokens: &'t [Spanned<'t>],
    stack: Vec<Pending>,
    levels: usize,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn whole(&mut self) -> Result<SearchExpr> {
        loop {
            let Some(mut operand) = self.operand()? else { continue };
            while self.next_is(&Token::Close) && self.closes() {
                self.take();
                operand = self.reduce(operand, Operator::Or);
                self.stack.pop();
                self.levels -= 1;
            }
            if self.peek().token == Token::End {
                operand = self.reduce(operand, Operator::Or);
                return match self.stack.pop() {
                    None => Ok(operand),
                    Some(_) => Err(self.unexpected("')' or another word")),
                };
            }
            let operator = self.operator()?;
            let left = self.reduce(operand, operator);
            self.stack.push(Pending::Binary(operator, left));
        }
    }

    /// Reads a term, or what opens one: then none, and an operand is still wanted.
    fn operand(&mut self) -> Result<Option<SearchExpr>> {
        let Spanned { token, at, .. } = self.peek();
        self.nodes += 1;
        if self.nodes > Limit::Nodes.most() {
            return Err(error(*at, QueryFault::Limit(Limit::Nodes)));
        }
        match token {
            Token::Open => self.open(Pending::Group, *at),
            Token::Word("NOT") if self.operand_follows() => self.open(Pending::Not, *at),
            Token::Word(word) => Ok(Some(self.term(word))),
            Token::Phrase(phrase) => Ok(Some(self.term(phrase))),
            Token::Close | Token::End => Err(self.unexpected("a word, a phrase or '('")),
        }
    }

    fn term(&mut self, text: &str) -> SearchExpr {
        self.take();
        SearchExpr::Term(fold(text))
    }

    fn open(&mut self, pending: Pending, at: usize) -> Result<Option<SearchExpr>> {
        self.take();
        self.levels += 1;
        if self.levels > Limit::Nesting.most() {
            return Err(error(at, QueryFault::Limit(Limit::Nesting)));
        }
        self.stack.push(pending);
        Ok(None)
    }

    /// The operator between two operands, which for two that merely follow one another is `AND`.
    fn operator(&mut self) -> Result<Operator> {
        let next = self.peek();
        if next.adjacent {
            return Err(self.unexpected("a blank or the end"));
        }
        let operator = match &next.token {
            Token::Word("OR") if self.operand_follows() => Operator::Or,
            Token::Word("AND") if self.operand_follows() => Operator::And,
            Token::Close => return Err(self.unexpected("a word or the end")),
            _ => return Ok(Operator::And),
        };
        self.take();
        Ok(operator)
    }

    /// Applies what waits for this operand and binds at least as tight as `operator`.
    fn reduce(&mut self, mut operand: SearchExpr, operator: Operator) -> SearchExpr {
        loop {
            operand = match self.stack.pop() {
                Some(Pending::Not) => {
                    self.levels -= 1;
                    SearchExpr::Not(Box::new(operand))
                }
                Some(Pending::Binary(waiting, left)) if waiting >= operator => {
                    joined(waiting, left, operand)
                }
                other => {
                    self.stack.extend(other);
                    return operand;
                }
            };
        }
    }

    /// Whether an opening parenthesis waits.
    fn closes(&self) -> bool {
        self.stack.iter().any(|pending| matches!(pending, Pending::Group))
    }

    /// Whether an operand follows the next token.
    fn operand_follows(&self) -> bool {
        let following = self.tokens.get(1).map(|following| &following.token);
        matches!(following, Some(Token::Open | Token::Word(_) | Token::Phrase(_)))
    }

    fn next_is(&self, token: &Token<'_>) -> bool {
        self.peek().token == *token
    }

    fn peek(&self) -> &'t Spanned<'t> {
        self.tokens.first().unwrap_or(&token::NOTHING)
    }

    fn take(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    fn unexpected(&self, expected: &'static str) -> QueryError {
        let Spanned { token, at, .. } = self.peek();
        error(*at, QueryFault::Expected { expected, found: token.found() })
    }
}

/// Both operands; chains of one operator become one.
fn joined(operator: Operator, left: SearchExpr, right: SearchExpr) -> SearchExpr {
    let mut operands = Vec::new();
    for operand in [left, right] {
        match (operator, operand) {
            (Operator::And, SearchExpr::And(more)) | (Operator::Or, SearchExpr::Or(more)) => {
                if operands.is_empty() {
                    operands = more
                } else {
                    operands.extend(more)
                }
            }
            (_, operand) => operands.push(operand),
        }
    }
    match operator {
        Operator::And => SearchExpr::And(operands),
        Operator::Or => SearchExpr::Or(operands),
    }
}

fn error(character: usize, fault: QueryFault) -> QueryError {
    let place = Place { alias: None, character };
    QueryError { option: SystemOption::Search, place, fault }
}

#[cfg(test)]
mod tests;
