//! Where answers of sign-in may be sent: addresses of this machine, or registered ones; and how an
//! answer is put into an address. Must not know what is answered.

use form_urlencoded::Serializer;
use serde::{Deserialize, Serialize};

use crate::http::LOOPBACK;

/// Longest redirect URI.
const MAX_BYTES: usize = 2_048;

/// How the answer travels (OAuth 2.0 Multiple Response Types and Form Post Response Mode).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) enum Mode {
    Query,
    Fragment,
    FormPost,
}

impl Mode {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "query" => Some(Self::Query),
            "fragment" => Some(Self::Fragment),
            "form_post" => Some(Self::FormPost),
            _ => None,
        }
    }
}

/// The host and what follows it, if this is an address with nothing that two readers could take for
/// different things: no userinfo, no fragment, no backslash, no blank.
fn host_and_rest(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"))?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !br#"\<>"'`#{}|^"#.contains(&byte);
    if uri.len() > MAX_BYTES || !uri.bytes().all(is_plain) {
        return None;
    }
    let authority = rest.split(['/', '?']).next()?;
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        Some((_, _)) if !authority.ends_with(']') => return None,
        _ => authority,
    };
    Some((host, rest.get(authority.len()..)?))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether a text is an address that answers could be sent to at all.
pub(crate) fn is_address(uri: &str) -> bool {
    host_and_rest(uri).is_some()
}

/// Whether it is an address of this machine: which port listens there is known only when it does
/// (RFC 8252, 7.3).
pub(super) fn is_loopback(uri: &str) -> bool {
    host_and_rest(uri).is_some_and(|(host, _)| LOOPBACK.contains(&host))
}

/// Scheme, host and port of an address.
pub(super) fn origin(uri: &str) -> &str {
    let rest = host_and_rest(uri).map_or(uri, |(_, rest)| rest);
    uri.strip_suffix(rest).unwrap_or(uri)
}

/// The address with an answer in it. A query that it has stays (RFC 6749, 3.1.2).
pub(super) fn with_answer(uri: &str, mode: Mode, answer: &[(&str, &str)]) -> String {
    let answer = Serializer::new(String::new()).extend_pairs(answer).finish();
    let separator = match mode {
        Mode::Fragment => "#",
        Mode::Query | Mode::FormPost if !uri.contains('?') => "?",
        Mode::Query | Mode::FormPost if uri.ends_with(['?', '&']) => "",
        Mode::Query | Mode::FormPost => "&",
    };
    format!("{uri}{separator}{answer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_own_names_alone() {
        for own in [
            "http://localhost",
            "http://localhost:49152/",
            "https://127.0.0.1:1/callback?x=1",
            "http://[::1]:8400/a/b",
            "http://[::1]",
            "http://localhost?x",
        ] {
            assert!(is_loopback(own), "{own}");
        }
        for foreign in [
            "http://localhost.evil.example/",
            "http://localhost@evil.example/",
            "http://localhost:1@evil.example/",
            "http://localhost:80:80/",
            "http://localhost:0/",
            "http://localhost:/",
            "http://localhost:99999/",
            "http://localhost\\@evil.example/",
            "http://evil.example/http://localhost/",
            "http://evil.example?http://localhost",
            "http://localhost/#fragment",
            "http://localhost/ x",
            "http://localhost/\u{2028}",
            "//localhost/",
            "HTTP://localhost/",
            "javascript:alert(1)",
            "http://",
            "http:///",
            "http://127.0.0.1.evil.example",
            "http://[::1].evil.example/",
            "http://[::1]evil/",
            "http://2130706433/",
            "",
        ] {
            assert!(!is_loopback(foreign), "{foreign}");
        }
    }

    #[test]
    fn an_answer_keeps_the_query_that_was_there() {
        let answer = [("code", "a b"), ("state", "&=")];
        let with = |uri, mode| with_answer(uri, mode, &answer);
        assert_eq!(with("http://localhost", Mode::Query), "http://localhost?code=a+b&state=%26%3D");
        assert_eq!(
            with("http://localhost/?x=1", Mode::Query),
            "http://localhost/?x=1&code=a+b&state=%26%3D"
        );
        assert!(
            with("http://localhost/?x=1", Mode::Fragment).ends_with("/?x=1#code=a+b&state=%26%3D")
        );
    }

    #[test]
    fn the_origin_is_what_stands_before_the_path() {
        assert_eq!(origin("http://localhost:80/a/b"), "http://localhost:80");
        assert_eq!(origin("https://app.example?x=/"), "https://app.example");
        assert_eq!(origin("http://[::1]:80"), "http://[::1]:80");
    }
}
