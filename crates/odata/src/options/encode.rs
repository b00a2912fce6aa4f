//! Percent-encoding of one name or value, as little of it as a query can do with. Must not know
//! names.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded: all but what has no meaning in any query (RFC 3986, 3.4) and keeps links legible.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b',')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b':');

/// A value.
pub(super) fn encode(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, ENCODED)
}

/// The name of a system option or an alias. Its first character says which it is, and stays.
pub(super) fn encode_name(name: &str) -> String {
    let mut rest = name.chars();
    rest.next().into_iter().chain(encode(rest.as_str()).to_string().chars()).collect()
}
