//! `$select`: which properties are shown.

use super::Context;
use super::error::{QueryError, echo};
use super::expr::Column;
use super::lexer::Token;
use super::parser::Parser;
use crate::SystemOption;

/// The properties that `$select` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select {
    /// All: `*` is among the items.
    All,
    /// These, each once and in the order of the properties, not of the items.
    Only(Vec<Column>),
}

impl Select {
    /// Reads the value of `$select`.
    ///
    /// # Errors
    /// Whatever is no list of properties, or is not offered.
    pub fn parse(text: &str, context: &Context<'_>) -> Result<Self, QueryError> {
        let mut parser = Parser::new(SystemOption::Select, text, context)?;
        let mut has_star = false;
        let mut selected = vec![false; context.properties.len()];
        loop {
            match item(&mut parser)? {
                Some(column) => {
                    if let Some(is_selected) = selected.get_mut(column.index) {
                        *is_selected = true;
                    }
                }
                None => has_star = true,
            }
            if !parser.accept(',')? {
                break;
            }
        }
        parser.end("',' or the end")?;
        if has_star {
            return Ok(Self::All);
        }
        let columns = context.columns().zip(selected);
        Ok(Self::Only(columns.filter(|(_, is_selected)| *is_selected).map(|it| it.0).collect()))
    }

    /// Whether a property is shown, by its index.
    pub fn has(&self, index: usize) -> bool {
        match self {
            Self::All => true,
            Self::Only(columns) => columns.iter().any(|column| column.index == index),
        }
    }
}

/// One property, or none for `*`.
fn item(parser: &mut Parser<'_>) -> Result<Option<Column>, QueryError> {
    let token = parser.next()?;
    let at = parser.here(token.at);
    let name = match token.token {
        Token::Symbol('*') => return Ok(None),
        Token::Word(name) => name,
        Token::Symbol('@' | '$') => {
            return parser.not_offered(at, "an annotation or a '$' segment".to_owned());
        }
        _ => return Err(parser.unexpected("the name of a property or '*'", &token)),
    };
    let next = parser.peek()?;
    if next.is('/') || next.is('.') {
        return parser.not_offered(at, format!("a path or qualified name ('{}…')", echo(name)));
    }
    let column = parser.column(name, at)?;
    if next.is('(') {
        return parser.not_offered(at, format!("options of '{}' in parentheses", echo(name)));
    }
    Ok(Some(column))
}
