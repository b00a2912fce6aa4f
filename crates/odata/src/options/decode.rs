//! Percent-decoding of one name or value, with the place of what is wrong. Must not know names.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::OptionError;

/// A piece of the query as it was sent.
pub(super) struct Encoded<'a> {
    pub(super) text: &'a str,
    /// The place of its first character in the query, counted from 1.
    pub(super) position: usize,
}

impl Encoded<'_> {
    /// Parts a name from its value at the first `=`. Without one the value is empty.
    pub(super) fn split(&self) -> (Self, Self) {
        let (name, value) = self.text.split_once('=').unwrap_or((self.text, ""));
        let position = self.position + name.chars().count() + 1;
        (Self { text: name, position: self.position }, Self { text: value, position })
    }
}

/// Decodes `+` to a blank and each triplet to its byte, once. `option` names the option in errors.
pub(super) fn decode(encoded: &Encoded<'_>, option: &str) -> Result<String, OptionError> {
    let text = encoded.text;
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    if let Some((characters, found)) = bad_triplet(text) {
        let position = encoded.position + characters;
        return Err(OptionError::BadEncoding { option: option.to_owned(), found, position });
    }
    // Before the triplets, or `%2B` would end as a blank too.
    let text = text.replace('+', " ");
    percent_decode_str(&text)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| OptionError::NotUtf8 { option: option.to_owned(), position: encoded.position })
}

/// The first `%` without two hexadecimal digits: the characters before it, and what stands there.
fn bad_triplet(text: &str) -> Option<(usize, String)> {
    let mut pieces = text.split('%');
    let mut characters = pieces.next()?.chars().count();
    for piece in pieces {
        let digits = piece.bytes().take(2).filter(u8::is_ascii_hexdigit).count();
        if digits < 2 {
            let found = piece.chars().take(2);
            return Some((characters, std::iter::once('%').chain(found).collect()));
        }
        characters += 1 + piece.chars().count();
    }
    None
}
