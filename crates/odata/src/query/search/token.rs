//! Parts a `$search` into words, phrases and parentheses.

use std::borrow::Cow;

use crate::query::error::{QueryFault, echo};

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Open,
    Close,
    /// Characters without blanks, double quotes and parentheses. Operators are words too.
    Word(&'t str),
    /// What stands in quotes.
    Phrase(Cow<'t, str>),
    End,
}

/// A token and the place of its first character, counted from 1.
#[derive(Clone, Debug)]
pub(super) struct Spanned<'t> {
    pub(super) token: Token<'t>,
    pub(super) at: usize,
    /// Whether nothing stands between it and the token before.
    pub(super) adjacent: bool,
}

/// What follows the last token.
pub(super) static NOTHING: Spanned<'static> = Spanned { token: Token::End, at: 1, adjacent: false };

impl Token<'_> {
    /// What is here, as the end of a sentence.
    pub(super) fn found(&self) -> String {
        match self {
            Self::Open => "'(' stands here".to_owned(),
            Self::Close => "')' stands here".to_owned(),
            Self::Word(word) => format!("'{}' stands here", echo(word)),
            Self::Phrase(_) => "a phrase stands here".to_owned(),
            Self::End => "the value ends here".to_owned(),
        }
    }
}

/// All tokens, the last of which is [`Token::End`].
pub(super) fn all(text: &str) -> Result<Vec<Spanned<'_>>, (usize, QueryFault)> {
    if let Some((before, _)) = text.split_once('\0') {
        return Err((before.chars().count() + 1, QueryFault::Nul));
    }
    let (mut rest, mut at, mut tokens) = (text, 1, Vec::new());
    loop {
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let (_, text) = rest.split_at(blanks);
        at += blanks;
        let (token, length) = match quoted(text) {
            Some(phrase) if tokens.is_empty() => (Token::Phrase(phrase), text.len()),
            _ => first(text).ok_or((at, QueryFault::OpenPhrase))?,
        };
        let is_end = token == Token::End;
        tokens.push(Spanned { token, at, adjacent: blanks == 0 });
        if is_end {
            return Ok(tokens);
        }
        let (taken, following) = text.split_at(length);
        at += taken.chars().count();
        rest = following;
    }
}

/// What a whole value in single quotes has in them (OData ABNF, `searchExpr-incomplete`).
fn quoted(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let has_lone_quote = inner.replace("''", "").contains('\'');
    (!has_lone_quote && !inner.is_empty()).then(|| inner.replace("''", "'").into())
}

/// The first token and its bytes. `None` for a phrase without its end.
fn first(text: &str) -> Option<(Token<'_>, usize)> {
    Some(match text.chars().next() {
        None => (Token::End, 0),
        Some('(') => (Token::Open, 1),
        Some(')') => (Token::Close, 1),
        Some('"') => return phrase(text),
        Some(_) => {
            let length = text.find([' ', '\t', '"', '(', ')']).unwrap_or(text.len());
            (Token::Word(text.split_at(length).0), length)
        }
    })
}

fn phrase(text: &str) -> Option<(Token<'_>, usize)> {
    let (mut phrase, mut is_escaped) = (String::new(), false);
    for (index, character) in text.char_indices().skip(1) {
        match character {
            '"' if !is_escaped => return Some((Token::Phrase(phrase.into()), index + 1)),
            '\\' if !is_escaped => is_escaped = true,
            _ => {
                phrase.push(character);
                is_escaped = false;
            }
        }
    }
    None
}
