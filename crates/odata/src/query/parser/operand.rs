//! What an operand begins with: literals, names, calls, aliases.

use super::operator::Unary;
use super::{Parser, Pending, Result};
use crate::SystemOption;
use crate::query::error::{QueryFault, echo};
use crate::query::expr::{Column, Expr};
use crate::query::function::{Function, is_not_offered, moment, nearest_function};
use crate::query::lexer::{Lexer, Spanned, Token};
use crate::query::literal;
use crate::query::typing::{At, Operand};
use crate::query::value::Value;
use crate::suggest::nearest_property;

impl<'a> Parser<'a> {
    /// Reads an operand, or what opens one: then none, and an operand is still wanted.
    pub(super) fn operand(&mut self) -> Result<Option<Operand<'a>>> {
        let token = self.next()?;
        let at = self.here(token.at);
        match &token.token {
            Token::Symbol('(') => self.open(Pending::Group, at),
            Token::Symbol('-') => self.open(Pending::Unary(Unary::Negate, at), at),
            Token::Symbol(')') if self.may_close_list() => self.close_list().map(Some),
            Token::Symbol('@') => self.open_alias(&token),
            Token::Text(text) => self.literal(Value::String(text.clone().into_owned().into()), at),
            Token::Atom(text) => self.atom(text, at),
            Token::Word(name) => self.word(name, &token),
            Token::Symbol('"') => Err(self.error(at, QueryFault::DoubleQuotes)),
            Token::Symbol('[' | '{') => self.not_offered(at, "a JSON literal".to_owned()),
            Token::Symbol('$') => {
                let next = self.next()?;
                match next.token {
                    Token::Word(name) => self.not_offered(at, format!("'${}'", echo(name))),
                    _ => Err(self.unexpected("a name after '$'", &next)),
                }
            }
            Token::Symbol(_) | Token::End => {
                Err(self.unexpected("a property, literal, function or '('", &token))
            }
        }
    }

    /// The property of this name.
    pub(in crate::query) fn column(&self, name: &str, at: At<'a>) -> Result<Column> {
        if name.contains('.') {
            return self.not_offered(at, format!("the qualified name '{}'", echo(name)));
        }
        let mut columns = self.context.columns();
        if let Some(column) = columns.find(|column| column.property.name == name) {
            return Ok(column);
        }
        let names = self.context.properties.iter().map(|property| property.name);
        let suggestion = nearest_property(name, names);
        let advice = match self.option {
            SystemOption::Select => "Name properties alone, with commas between them.",
            _ => "Text and members of enumerations stand in single quotes.",
        };
        Err(self.error(at, QueryFault::UnknownProperty { name: echo(name), suggestion, advice }))
    }

    /// A number, date, time or GUID.
    fn atom(&mut self, text: &str, at: At<'a>) -> Result<Option<Operand<'a>>> {
        let fault = match literal::atom(text) {
            Ok(value) => return self.literal(value, at),
            Err(fault) => fault,
        };
        // A plus that was sent bare has become a blank, which parts a time from its offset.
        let fault = match self.next()?.token {
            Token::Atom(offset) => literal::blank_for_plus(text, offset).unwrap_or(fault),
            _ => fault,
        };
        Err(self.error(at, fault))
    }

    fn literal(&mut self, value: Value<'static>, at: At<'a>) -> Result<Option<Operand<'a>>> {
        self.leaf(Expr::Literal(value), at)
    }

    fn leaf(&mut self, expr: Expr, at: At<'a>) -> Result<Option<Operand<'a>>> {
        // The elements of a list have a limit of their own.
        if !matches!(self.stack.last(), Some(Pending::List { .. })) {
            self.count_node(at)?;
        }
        Ok(Some(Operand::leaf(expr, at)))
    }

    /// What begins with a name.
    fn word(&mut self, name: &str, token: &Spanned<'a>) -> Result<Option<Operand<'a>>> {
        let at = self.here(token.at);
        let next = self.peek()?;
        match next.token {
            _ if token.is_word("not") => return self.open(Pending::Unary(Unary::Not, at), at),
            Token::Text(text) if next.adjacent => {
                self.next()?;
                let value = literal::typed(name, &text, self.context);
                let value = value.map_err(|fault| self.error(at, fault))?;
                return self.literal(value, at);
            }
            Token::Symbol('(') => {
                self.next()?;
                return self.open_call(name, at);
            }
            Token::Symbol('/') => {
                return self.not_offered(at, format!("the path '{}/…'", echo(name)));
            }
            _ => {}
        }
        match name.to_ascii_lowercase().as_str() {
            "true" => self.literal(Value::Boolean(true), at),
            "false" => self.literal(Value::Boolean(false), at),
            "null" => self.literal(Value::Null, at),
            "inf" | "nan" => self.not_offered(at, format!("the number '{name}'")),
            _ => {
                let column = self.column(name, at)?;
                self.leaf(Expr::Property(column), at)
            }
        }
    }

    /// A call, whose opening parenthesis has been taken.
    fn open_call(&mut self, name: &str, at: At<'a>) -> Result<Option<Operand<'a>>> {
        if let Some(function) = Function::by_name(name) {
            return self.open(Pending::Call { function, arguments: Vec::new(), at }, at);
        }
        if let Some(instant) = moment(name, self.context.now) {
            let next = self.next()?;
            if !next.is(')') {
                return Err(self.unexpected("')'", &next));
            }
            return self.literal(Value::DateTimeOffset(instant), at);
        }
        if is_not_offered(name) || name.contains('.') {
            return self.not_offered(at, format!("the function '{}'", echo(name)));
        }
        let suggestion = nearest_function(name);
        Err(self.error(at, QueryFault::UnknownFunction { name: echo(name), suggestion }))
    }

    /// Goes on in the value of an alias, whose `@` has been taken.
    fn open_alias(&mut self, sign: &Spanned<'a>) -> Result<Option<Operand<'a>>> {
        match self.alias(sign)? {
            Some(alias) => self.enter(alias, self.here(sign.at)),
            None => self.literal(Value::Null, self.here(sign.at)),
        }
    }

    /// The alias after an `@`, and its value. `None` if it has none, for then it is null (OData
    /// Part 1, 11.2.5.1.3).
    pub(super) fn alias(&mut self, sign: &Spanned<'a>) -> Result<Option<(&'a str, &'a str)>> {
        let token = self.next()?;
        let Token::Word(name) = token.token else {
            return Err(self.unexpected("the name of a parameter alias", &token));
        };
        if name.contains('.') || self.peek()?.is('/') {
            return self
                .not_offered(self.here(sign.at), format!("the annotation '@{}'", echo(name)));
        }
        Ok(self.context.options.alias(&format!("@{name}")))
    }

    /// Goes on in the value of an alias. Errors there name the alias.
    pub(super) fn enter(
        &mut self,
        (name, value): (&'a str, &'a str),
        at: At<'a>,
    ) -> Result<Option<Operand<'a>>> {
        self.count_length(value, at)?;
        let alias = self.alias;
        let outer = std::mem::replace(&mut self.lexer, Lexer::new(value));
        self.open(Pending::Alias { outer, alias }, at)?;
        self.alias = Some(name);
        Ok(None)
    }
}
