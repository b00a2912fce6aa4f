//! Parts the value of a query option into tokens, each when it is asked for. Must not know what
//! follows what, nor any name.

use std::borrow::Cow;

use super::error::{QueryFault, echo};

/// The shape of a GUID: its groups of hexadecimal digits.
const GUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A name, possibly qualified with dots, or an operator.
    Word(&'a str),
    /// A number, date, time or GUID: whatever begins with a digit or a signed digit.
    Atom(&'a str),
    /// A string literal without its quotes.
    Text(Cow<'a, str>),
    /// Any other character.
    Symbol(char),
    /// Nothing more.
    End,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Spanned<'a> {
    pub(super) token: Token<'a>,
    /// The place of its first character, counted from 1.
    pub(super) at: usize,
    /// Whether nothing stands between it and the token before.
    pub(super) adjacent: bool,
}

impl Spanned<'_> {
    pub(super) fn is(&self, symbol: char) -> bool {
        self.token == Token::Symbol(symbol)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(name) if name.eq_ignore_ascii_case(word))
    }

    /// What is here, as the end of a sentence.
    pub(super) fn found(&self) -> String {
        match &self.token {
            Token::Word(text) | Token::Atom(text) => format!("'{}' stands here", echo(text)),
            Token::Text(_) => "text stands here".to_owned(),
            Token::Symbol(symbol) => format!("'{symbol}' stands here"),
            Token::End => "the value ends here".to_owned(),
        }
    }
}

/// The fault of a token that is none, and its place.
type LexError = (usize, QueryFault);

/// What of a value is still to be read.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
    /// The place of the first character of `rest`.
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, at: 1 }
    }

    /// The next token. At the end it is [`Token::End`], again and again.
    pub(super) fn next(&mut self) -> Result<Spanned<'a>, LexError> {
        let blanks = self.take_while(|character| matches!(character, ' ' | '\t'));
        let (at, adjacent) = (self.at, blanks.is_empty());
        let token = self.token()?;
        Ok(Spanned { token, at, adjacent })
    }

    fn token(&mut self) -> Result<Token<'a>, LexError> {
        let mut characters = self.rest.chars();
        let Some(first) = characters.next() else { return Ok(Token::End) };
        let second = characters.next();
        let is_signed = matches!(first, '+' | '-') && second.is_some_and(|c| c.is_ascii_digit());
        if first == '\'' {
            return self.text();
        }
        if first.is_ascii_digit() || is_signed {
            return Ok(Token::Atom(self.take_while(is_of_atom)));
        }
        if let Some(length) = guid_length(self.rest) {
            return Ok(Token::Atom(self.take(length)));
        }
        if begins_name(first) {
            let length = name_length(self.rest);
            return Ok(Token::Word(self.take(length)));
        }
        self.take(first.len_utf8());
        Ok(Token::Symbol(first))
    }

    /// A string literal: up to the first quote that no other follows.
    fn text(&mut self) -> Result<Token<'a>, LexError> {
        let opening = self.at;
        self.take(1);
        let (mut end, mut has_quotes) = (0, false);
        let bytes = self.rest.as_bytes();
        loop {
            match (bytes.get(end), bytes.get(end + 1)) {
                (None, _) => return Err((opening, QueryFault::OpenText)),
                (Some(b'\''), Some(b'\'')) => (end, has_quotes) = (end + 2, true),
                (Some(b'\''), _) => break,
                (Some(_), _) => end += 1,
            }
        }
        let text = self.take(end);
        self.take(1);
        if text.contains('\0') {
            return Err((opening, QueryFault::Nul));
        }
        let text = if has_quotes { text.replace("''", "'").into() } else { text.into() };
        Ok(Token::Text(text))
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !is_part(character)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Takes so many bytes, which end at a character.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.at += taken.chars().count();
        taken
    }
}

fn is_of_atom(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | ':' | '+' | '-')
}

fn begins_name(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

/// The bytes of a name; a dot belongs to it if a name follows the dot.
fn name_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        let continues = match character {
            '.' => characters.peek().is_some_and(|(_, next)| begins_name(*next)),
            _ => character.is_alphanumeric() || character == '_',
        };
        if !continues {
            return index;
        }
    }
    text.len()
}

/// The bytes of a GUID, if `text` begins with one that may begin with a letter.
fn guid_length(text: &str) -> Option<usize> {
    let length = GUID_GROUPS.iter().sum::<usize>() + GUID_GROUPS.len() - 1;
    let (guid, rest) = text.split_at_checked(length)?;
    let ends = !rest.starts_with(is_of_atom);
    (ends && is_guid(guid)).then_some(length)
}

/// Whether a text has the shape of a GUID.
pub(super) fn is_guid(text: &str) -> bool {
    let mut groups = GUID_GROUPS.iter();
    let fits = text.split('-').all(|group| {
        let is_hex = group.bytes().all(|byte| byte.is_ascii_hexdigit());
        groups.next() == Some(&group.len()) && is_hex
    });
    fits && groups.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token<'_>> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        loop {
            match lexer.next().expect(text).token {
                Token::End => return tokens,
                token => tokens.push(token),
            }
        }
    }

    #[test]
    fn a_filter_is_words_texts_atoms_and_symbols() {
        let expected = [
            Token::Word("a"),
            Token::Word("eq"),
            Token::Text("it's".into()),
            Token::Symbol(')'),
            Token::Atom("-4.5e+3"),
            Token::Symbol(','),
            Token::Word("graph.platform"),
            Token::Text("ios".into()),
        ];
        assert_eq!(tokens("a eq 'it''s')\t-4.5e+3,graph.platform'ios'"), expected);
    }

    #[test]
    fn dates_and_guids_are_one_token_each() {
        for text in [
            "2012-09-03T23:59:59.1+01:00",
            "11:22:33",
            "-10000-04-01",
            "01234567-89ab-cdef-0123-456789abcdef",
            "a1234567-89ab-cdef-0123-456789abcdef",
        ] {
            assert_eq!(tokens(text), [Token::Atom(text)], "{text}");
        }
        let no_guid = "a1234567-89ab-cdef-0123-456789abcdefa";
        assert_eq!(tokens(no_guid).first(), Some(&Token::Word("a1234567")));
    }

    #[test]
    fn a_dot_that_no_name_follows_is_no_part_of_a_name() {
        assert_eq!(
            tokens("a.b.(c"),
            [Token::Word("a.b"), Token::Symbol('.'), Token::Symbol('('), Token::Word("c"),]
        );
    }

    #[test]
    fn places_are_characters() {
        let mut lexer = Lexer::new("'é💥' é b");
        let places: Vec<_> =
            std::iter::from_fn(|| Some(lexer.next().unwrap().at)).take(4).collect();
        assert_eq!(places, [1, 6, 8, 9]);
    }

    #[test]
    fn text_without_an_end_is_refused_where_it_begins() {
        for text in ["a 'b", "a '", "a 'b''", "a '''"] {
            let mut lexer = Lexer::new(text);
            assert!(lexer.next().is_ok(), "{text}");
            assert_eq!(lexer.next().unwrap_err(), (3, QueryFault::OpenText), "{text}");
        }
    }
}
