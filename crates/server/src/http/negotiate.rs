//! What the headers of a request say of its version, of its conditions and of the answer: `Accept`
//! and `$format`, `Prefer`, `If-Match`, those of OData. Must not know operations.

mod accept;

use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};
use store::{Precondition, Revisions};

use super::error::{ApiError, ErrorKind};
pub(super) use accept::{Range, format, ranges, weight};

/// What the client prefers (RFC 7240), as far as this service knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Preferences {
    /// `return`
    pub(super) result: Option<Return>,
    /// `maxpagesize`
    pub(super) max_page_size: Option<MaxPageSize>,
    /// `include-unknown-enum-members`
    pub(super) unknown_members: bool,
}

/// The preference for members of an enumeration beyond its sentinel by their own names.
pub(super) const UNKNOWN_MEMBERS: &str = "include-unknown-enum-members";

/// How many rows the client wants on a page at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MaxPageSize {
    pub(super) rows: u64,
    /// Whether the name had its prefix of OData 4.0, for the answer to name it alike.
    is_prefixed: bool,
}

impl MaxPageSize {
    pub(super) fn applied(self) -> String {
        let prefix = if self.is_prefixed { ODATA_PREFIX } else { "" };
        format!("{prefix}maxpagesize={}", self.rows)
    }
}

/// What a write is to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Return {
    Minimal,
    Representation,
}

impl Return {
    pub(super) const fn applied(self) -> &'static str {
        match self {
            Self::Minimal => "return=minimal",
            Self::Representation => "return=representation",
        }
    }
}

/// What preferences of OData 4.0 begin with; 4.01 may leave it out (Part 1, 8.2.8).
const ODATA_PREFIX: &str = "odata.";

/// Reads `Prefer`. Of a preference given twice the first counts; unknown ones are ignored, and so
/// are parameters and values that make no sense (RFC 7240, 2).
pub(super) fn preferences(headers: &HeaderMap) -> Preferences {
    let mut preferences = Preferences::default();
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    for preference in values.flat_map(|value| unquoted_split(value, ',')) {
        let preference = unquoted_split(preference, ';').next().unwrap_or_default();
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim().trim_matches('"');
        let bare = name.strip_prefix(ODATA_PREFIX);
        match bare.unwrap_or(&name) {
            "return" if bare.is_none() && preferences.result.is_none() => {
                preferences.result = match value {
                    "minimal" => Some(Return::Minimal),
                    "representation" => Some(Return::Representation),
                    _ => None,
                };
            }
            "maxpagesize" if preferences.max_page_size.is_none() => {
                let rows = value.parse().ok().filter(|rows| *rows > 0);
                let sized = |rows| MaxPageSize { rows, is_prefixed: bare.is_some() };
                preferences.max_page_size = rows.map(sized);
            }
            UNKNOWN_MEMBERS if bare.is_none() && value.is_empty() => {
                preferences.unknown_members = true;
            }
            _ => {}
        }
    }
    preferences
}

/// The parts of a header's value between separators that stand outside of quotes.
fn unquoted_split(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    value.split(move |character| {
        let was_escaped = std::mem::replace(&mut is_escaped, is_quoted && character == '\\');
        if was_escaped {
            is_escaped = false;
        } else if character == '"' {
            is_quoted = !is_quoted;
        }
        character == separator && !is_quoted
    })
}

/// Reads `OData-Version` and `OData-MaxVersion` (OData 4.01 Part 1, 8.1.5 and 8.2.7), behind which
/// clients on .NET name themselves.
///
/// # Errors
/// The request is of a version that is not served, or its client does not take version 4.0.
pub(super) fn version(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_read = |version: &str| matches!(version, "4" | "4.0" | "4.01");
    if let Some(shown) = other_version(headers, "odata-version", is_read) {
        return Err(ApiError::bad_request(format!(
            "This service reads requests of versions 4.0 and 4.01 of OData, and the header \
             'OData-Version' names neither: it is '{shown}'. Send 4.0 or leave it out."
        )));
    }
    if let Some(shown) = other_version(headers, "odata-maxversion", is_four_or_above) {
        return Err(ApiError::bad_request(format!(
            "This service answers in version 4.0 of OData, which the header 'OData-MaxVersion' does \
             not allow: it is '{shown}'. Send 4.0 or leave it out."
        )));
    }
    Ok(())
}

/// What a header says that names no version that will do, as far as it can be shown.
fn other_version(headers: &HeaderMap, name: &str, will_do: fn(&str) -> bool) -> Option<String> {
    headers.get_all(name).iter().find_map(|value| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let version = value.split(';').next().unwrap_or_default().trim();
        (!will_do(version)).then(|| value.chars().take(60).collect())
    })
}

fn is_four_or_above(version: &str) -> bool {
    let is_whole = |number: &str| number.bytes().all(|byte| byte.is_ascii_digit());
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    is_whole(major)
        && is_whole(minor)
        && !minor.is_empty()
        && major.parse().is_ok_and(|major: u32| major >= 4)
}

/// Reads `Isolation` (OData 4.01 Part 1, 8.2.6), which OData 4.0 calls `OData-Isolation`.
///
/// # Errors
/// The client wants pages to be of one instant, which they are not.
pub(super) fn isolation(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_snapshot =
        |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"snapshot");
    for name in ["OData-Isolation", "Isolation"] {
        if headers.get_all(name).iter().any(is_snapshot) {
            let message = format!(
                "The header '{name}' asks for snapshot isolation, which is not offered: each page is \
                 of the instant at which it is read. Leave the header out."
            );
            return Err(ApiError::new(ErrorKind::PreconditionFailed, message));
        }
    }
    Ok(())
}

/// Reads `If-Match` and `If-None-Match` (RFC 9110, 13.1).
///
/// # Errors
/// A header is neither `*` nor a list of entity tags.
pub(super) fn precondition(headers: &HeaderMap) -> Result<Precondition, ApiError> {
    Ok(Precondition {
        if_match: revisions(headers, &IF_MATCH)?,
        if_none_match: revisions(headers, &IF_NONE_MATCH)?,
    })
}

fn revisions(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Revisions>, ApiError> {
    let mut all: Option<Vec<i64>> = None;
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| malformed(name, value))?.trim();
        if text == "*" {
            return Ok(Some(Revisions::Any));
        }
        let revs = all.get_or_insert_default();
        let tags = opaque_tags(text).ok_or_else(|| malformed(name, value))?;
        revs.extend(tags.into_iter().filter_map(revision));
    }
    Ok(all.map(Revisions::Of))
}

/// The insides of the quotes in a list of entity tags, or `None` if it is no such list.
///
/// OData asks for weak tags (Part 1, 8.3.1), and clients may send them back as strong.
fn opaque_tags(list: &str) -> Option<Vec<&str>> {
    let mut tags = Vec::new();
    let mut rest = list;
    loop {
        // Empty elements count for nothing (RFC 9110, 5.6.1).
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return Some(tags).filter(|tags| !tags.is_empty());
        }
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (opaque, after) = quoted.split_once('"')?;
        tags.push(opaque);
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

/// The revision that a tag of ours stands for. Tags are equal or not, character by character.
fn revision(opaque: &str) -> Option<i64> {
    opaque.parse::<i64>().ok().filter(|rev| rev.to_string() == opaque)
}

fn malformed(name: &HeaderName, value: &HeaderValue) -> ApiError {
    let shown: String = String::from_utf8_lossy(value.as_bytes()).chars().take(60).collect();
    ApiError::bad_request(format!(
        "The header '{name}' holds '{shown}', which is neither '*' nor an entity tag such as \
         W/\"3\"."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn entity_tags_are_compared_weakly() {
        let of = |value| precondition(&headers("if-match", value)).map(|p| p.if_match);
        assert_eq!(of("W/\"3\", \"4\"").unwrap(), Some(Revisions::Of(vec![3, 4])));
        assert_eq!(of("*").unwrap(), Some(Revisions::Any));
        assert_eq!(of("\"of another, service\"").unwrap(), Some(Revisions::Of(vec![])));
        assert_eq!(of("\"03\", \"+3\",, \"4\"").unwrap(), Some(Revisions::Of(vec![4])));
        for malformed in ["3", "", ",", "\"3", "\"3\" \"4\"", "w/\"3\""] {
            assert!(of(malformed).is_err(), "{malformed}");
        }
    }

    #[test]
    fn preferences_stand_outside_of_quotes() {
        let of = |value| preferences(&headers("prefer", value));
        let minimal = Some(Return::Minimal);
        assert_eq!(of("x=\"a, return=minimal\"").result, None);
        assert_eq!(of("x=\"a\\\", return=minimal\"").result, None);
        assert_eq!(of("x=\"a\", return=minimal").result, minimal);
        assert_eq!(of("return=minimal; return=representation").result, minimal);
        assert_eq!(of("odata.return=minimal").result, None, "only maxpagesize has a prefix");
    }

    #[test]
    fn unknown_members_are_preferred_without_a_value() {
        let of = |value| preferences(&headers("prefer", value)).unknown_members;
        assert!(of("return=minimal, Include-Unknown-Enum-Members"));
        assert!(of("include-unknown-enum-members=\"\""), "which is no value (RFC 7240, 2)");
        assert!(!of("include-unknown-enum-members=false"));
        assert!(!of("odata.include-unknown-enum-members"));
        assert!(!of("x=\"include-unknown-enum-members\""));
    }
}
