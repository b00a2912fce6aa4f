//! The grammar of expressions: precedence climbing over a stack of its own.
//!
//! Nothing here calls itself, so that no input can exhaust the native stack, and every token is
//! looked at a bounded number of times. Must not know types.

mod operand;
mod operator;

use super::Context;
use super::error::{Limit, Place, QueryError, QueryFault, echo};
use super::function::Function;
use super::lexer::{Lexer, Spanned, Token};
use super::typing::{self, At, Operand};
use super::value::Value;
use crate::SystemOption;
use operator::{Binary, Unary};

pub(super) type Result<T> = std::result::Result<T, QueryError>;

/// What waits for the operand that is being read.
enum Pending<'a> {
    Binary(Binary, Operand<'a>),
    Unary(Unary, At<'a>),
    /// An opening parenthesis.
    Group,
    Call {
        function: Function,
        arguments: Vec<Operand<'a>>,
        at: At<'a>,
    },
    /// The list of `in`.
    List {
        operand: Operand<'a>,
        elements: Vec<Value<'static>>,
        /// Whether the list is all that an alias holds.
        is_alias: bool,
    },
    /// A parameter alias. Where its text ends, the outer one goes on.
    Alias {
        outer: Lexer<'a>,
        alias: Option<&'a str>,
    },
}

/// What came of an operand.
enum Placed<'a> {
    /// It waits for another one.
    Waiting,
    /// It has ended something and become a larger operand.
    Within(Operand<'a>),
    /// It is the whole expression.
    Whole(Operand<'a>),
}

/// Reads the value of one option.
pub(super) struct Parser<'a> {
    context: &'a Context<'a>,
    option: SystemOption,
    lexer: Lexer<'a>,
    /// The alias that the lexer reads; none for the option itself.
    alias: Option<&'a str>,
    stack: Vec<Pending<'a>>,
    /// How many on the stack are levels of nesting: all but the binary operators, of which between
    /// two levels at most one of each precedence waits.
    levels: usize,
    nodes: usize,
    /// The bytes of the option and of every alias, as often as it is used.
    length: usize,
    /// How often a token was looked at.
    steps: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(
        option: SystemOption,
        text: &'a str,
        context: &'a Context<'a>,
    ) -> Result<Self> {
        let parser = Self {
            context,
            option,
            lexer: Lexer::new(text),
            alias: None,
            stack: Vec::new(),
            levels: 0,
            nodes: 0,
            length: text.len(),
            steps: 0,
        };
        if text.starts_with([' ', '\t']) {
            return Err(parser.error(parser.here(1), QueryFault::LeadingBlank));
        }
        Ok(parser)
    }

    /// Reads an expression, up to the first token that cannot continue it.
    pub(super) fn expression(&mut self) -> Result<Operand<'a>> {
        loop {
            let Some(mut operand) = self.operand()? else { continue };
            loop {
                match self.place(operand)? {
                    Placed::Waiting => break,
                    Placed::Within(larger) => operand = larger,
                    Placed::Whole(whole) => return Ok(whole),
                }
            }
        }
    }

    /// The next token, taken.
    pub(super) fn next(&mut self) -> Result<Spanned<'a>> {
        self.steps += 1;
        let token = self.lexer.next();
        token.map_err(|(character, fault)| self.error(self.here(character), fault))
    }

    /// The next token, left in place.
    pub(super) fn peek(&mut self) -> Result<Spanned<'a>> {
        let place = self.lexer.clone();
        let token = self.next();
        self.lexer = place;
        token
    }

    /// Takes the next token if it is this symbol.
    pub(super) fn accept(&mut self, symbol: char) -> Result<bool> {
        let is_there = self.peek()?.is(symbol);
        if is_there {
            self.next()?;
        }
        Ok(is_there)
    }

    /// Refuses anything that is left.
    pub(super) fn end(&mut self, expected: &'static str) -> Result<()> {
        let token = self.next()?;
        if token.token == Token::End { Ok(()) } else { Err(self.unexpected(expected, &token)) }
    }

    pub(super) const fn here(&self, character: usize) -> At<'a> {
        At { alias: self.alias, character }
    }

    pub(super) fn error(&self, at: At<'_>, fault: QueryFault) -> QueryError {
        let place = Place { alias: at.alias.map(echo), character: at.character };
        QueryError { option: self.option, place, fault }
    }

    /// An error at a token of the text that is being read.
    pub(super) fn unexpected(&self, expected: &'static str, token: &Spanned<'_>) -> QueryError {
        let fault = QueryFault::Expected { expected, found: token.found() };
        self.error(self.here(token.at), fault)
    }

    pub(super) fn not_offered<T>(&self, at: At<'_>, what: String) -> Result<T> {
        Err(self.error(at, QueryFault::NotOffered(what)))
    }

    pub(super) fn limit<T>(&self, at: At<'_>, limit: Limit) -> Result<T> {
        Err(self.error(at, QueryFault::Limit(limit)))
    }

    /// How often a token was looked at.
    #[cfg(test)]
    pub(super) const fn steps(&self) -> usize {
        self.steps
    }

    fn typed<T>(&self, result: std::result::Result<T, typing::Fault<'a>>) -> Result<T> {
        result.map_err(|(at, fault)| self.error(at, fault))
    }

    fn count_node(&mut self, at: At<'a>) -> Result<()> {
        self.nodes += 1;
        if self.nodes > Limit::Nodes.most() { self.limit(at, Limit::Nodes) } else { Ok(()) }
    }

    /// Counts what an alias adds. The text itself is bounded by the URL that holds it.
    fn count_length(&mut self, text: &str, at: At<'a>) -> Result<()> {
        self.length += text.len();
        if self.length > Limit::Length.most() { self.limit(at, Limit::Length) } else { Ok(()) }
    }

    /// Opens a level of nesting. An operand is still wanted, hence `None`.
    fn open(&mut self, pending: Pending<'a>, at: At<'a>) -> Result<Option<Operand<'a>>> {
        if matches!(pending, Pending::Unary(..) | Pending::Call { .. }) {
            self.count_node(at)?;
        }
        self.levels += 1;
        if self.levels > Limit::Nesting.most() {
            return self.limit(at, Limit::Nesting);
        }
        self.stack.push(pending);
        Ok(None)
    }

    /// Puts an operand where it belongs, which the next token tells: below an operator, or at the
    /// end of what is open.
    fn place(&mut self, operand: Operand<'a>) -> Result<Placed<'a>> {
        let token = self.peek()?;
        let at = self.here(token.at);
        if token.is_word("in") {
            self.next()?;
            return self.open_list(operand, at);
        }
        if token.is_word("has") {
            return self.not_offered(at, "the operator 'has'".to_owned());
        }
        if token.is('/') {
            return self.not_offered(at, "a path ('/')".to_owned());
        }
        if let Some(operator) = Binary::by_token(&token) {
            self.next()?;
            self.count_node(at)?;
            let operand = self.reduce(operand, operator.level())?;
            self.stack.push(Pending::Binary(operator, operand));
            return Ok(Placed::Waiting);
        }
        let operand = self.reduce(operand, 0)?;
        self.finish(operand, &token)
    }

    /// Applies the operators that wait for this operand and bind at least as tight as `level`.
    fn reduce(&mut self, mut operand: Operand<'a>, level: u8) -> Result<Operand<'a>> {
        loop {
            operand = match self.stack.pop() {
                Some(Pending::Binary(operator, left)) if operator.level() >= level => {
                    self.typed(match operator {
                        Binary::Or => typing::both(false, left, operand),
                        Binary::And => typing::both(true, left, operand),
                        Binary::Compare(operator) => typing::compare(operator, left, operand),
                        Binary::Arithmetic(operator) => typing::arithmetic(operator, left, operand),
                    })?
                }
                Some(Pending::Unary(operator, at)) => {
                    self.levels -= 1;
                    self.typed(match operator {
                        Unary::Not => typing::not(at, operand),
                        Unary::Negate => typing::negate(at, operand),
                    })?
                }
                other => {
                    self.stack.extend(other);
                    return Ok(operand);
                }
            };
        }
    }

    /// Ends an operand that no operator follows, and with it what is open and ends here.
    fn finish(&mut self, operand: Operand<'a>, token: &Spanned<'a>) -> Result<Placed<'a>> {
        match self.stack.pop() {
            None => Ok(Placed::Whole(operand)),
            Some(Pending::Group) if token.is(')') => {
                self.take_level()?;
                Ok(Placed::Within(operand))
            }
            Some(Pending::Call { function, mut arguments, at }) if token.is(')') => {
                self.take_level()?;
                arguments.push(operand);
                self.typed(typing::call(function, arguments, at)).map(Placed::Within)
            }
            Some(Pending::Call { function, mut arguments, at }) if token.is(',') => {
                self.next()?;
                arguments.push(operand);
                self.stack.push(Pending::Call { function, arguments, at });
                Ok(Placed::Waiting)
            }
            Some(Pending::List { operand: of, mut elements, is_alias })
                if token.is(',') || token.is(')') =>
            {
                if elements.len() == Limit::InList.most() {
                    return self.limit(operand.at, Limit::InList);
                }
                elements.push(self.typed(typing::element(&of, operand))?);
                self.next()?;
                self.stack.push(Pending::List { operand: of, elements, is_alias });
                if token.is(',') {
                    return Ok(Placed::Waiting);
                }
                self.close_list().map(Placed::Within)
            }
            Some(Pending::Alias { outer, alias }) if token.token == Token::End => {
                self.leave(outer, alias);
                Ok(Placed::Within(operand))
            }
            Some(open) => Err(self.unexpected(open.wants(), token)),
        }
    }

    /// Takes the parenthesis that ends a level.
    fn take_level(&mut self) -> Result<()> {
        self.levels -= 1;
        self.next().map(drop)
    }

    /// Goes on in the text that named an alias.
    fn leave(&mut self, outer: Lexer<'a>, alias: Option<&'a str>) {
        self.levels -= 1;
        (self.lexer, self.alias) = (outer, alias);
    }

    /// Reads the beginning of what follows `in`: a list, or an alias that has one.
    fn open_list(&mut self, operand: Operand<'a>, at: At<'a>) -> Result<Placed<'a>> {
        self.count_node(at)?;
        let mut token = self.next()?;
        let mut is_alias = false;
        if token.is('@')
            && let Some(alias) = self.alias(&token)?
        {
            self.enter(alias, self.here(token.at))?;
            (token, is_alias) = (self.next()?, true);
        }
        if token.is('[') {
            return self.not_offered(self.here(token.at), "a JSON literal".to_owned());
        }
        if !token.is('(') {
            return Err(self.unexpected("a list in parentheses", &token));
        }
        self.open(Pending::List { operand, elements: Vec::new(), is_alias }, at)?;
        Ok(Placed::Waiting)
    }

    /// Whether a `)` in place of an operand ends a list, which it does if the list is empty.
    fn may_close_list(&self) -> bool {
        matches!(self.stack.last(), Some(Pending::List { elements, .. }) if elements.is_empty())
    }

    /// Ends the list on top of the stack, whose parenthesis has been taken.
    fn close_list(&mut self) -> Result<Operand<'a>> {
        let Some(Pending::List { operand, elements, is_alias }) = self.stack.pop() else {
            let token = self.peek()?;
            return Err(self.unexpected("an operand", &token));
        };
        self.levels -= 1;
        if is_alias {
            let token = self.next()?;
            if token.token != Token::End {
                return Err(self.unexpected("the end of the alias", &token));
            }
            if let Some(Pending::Alias { outer, alias }) = self.stack.pop() {
                self.leave(outer, alias);
            }
        }
        self.typed(typing::in_list(operand, elements))
    }
}

impl Pending<'_> {
    /// What may follow a complete operand here.
    const fn wants(&self) -> &'static str {
        match self {
            Self::Call { .. } | Self::List { .. } => "an operator, ',' or ')'",
            Self::Alias { .. } => "an operator or the end of the alias",
            Self::Group | Self::Binary(..) | Self::Unary(..) => "an operator or ')'",
        }
    }
}
