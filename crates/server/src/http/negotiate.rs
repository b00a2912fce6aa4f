//! What a client asks of the answer: `Accept`, `Prefer`, `If-Match`. Must not know operations.

use http::header::{ACCEPT, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};
use store::{Precondition, Revisions};

use super::error::{ApiError, ErrorKind};

/// Which of the two forms of an answer the client takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    json: bool,
    text: bool,
}

impl Format {
    pub(super) fn require_json(self) -> Result<(), ApiError> {
        if self.json {
            Ok(())
        } else {
            Err(unacceptable("application/json;odata.metadata=minimal"))
        }
    }

    pub(super) fn require_text(self) -> Result<(), ApiError> {
        if self.text { Ok(()) } else { Err(unacceptable("text/plain")) }
    }
}

fn unacceptable(offered: &str) -> ApiError {
    let message = format!("Nothing in 'Accept' fits: this answer comes as {offered}.");
    ApiError::new(ErrorKind::NotAcceptable, message)
}

/// Reads `Accept` (RFC 9110, 12.5.1). Without it, everything is taken.
pub(super) fn format(headers: &HeaderMap) -> Result<Format, ApiError> {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Ok(Format { json: true, text: true });
    }
    let mut format = Format { json: false, text: false };
    for value in values {
        let value = value.to_str().map_err(|_| {
            ApiError::bad_request("The header 'Accept' holds characters that are not ASCII.")
        })?;
        for range in value.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let parameters: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
            if parameters.iter().any(|parameter| is_zero_weight(parameter)) {
                continue;
            }
            let anything = media == "*/*" || media.is_empty();
            let json = anything || media == "application/json" || media == "application/*";
            format.json |= json && parameters.iter().all(|parameter| is_offered(parameter));
            // `$count` is a bare number: those who ask for JSON can read it as such.
            format.text |= json || media == "text/plain" || media == "text/*";
        }
    }
    Ok(format)
}

fn is_zero_weight(parameter: &str) -> bool {
    parameter
        .strip_prefix("q=")
        .is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
}

/// The one metadata format so far. All other parameters leave the answer as it is.
fn is_offered(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some(("odata.metadata" | "metadata", level)) => level.trim_matches('"') == "minimal",
        _ => true,
    }
}

/// What the client prefers (RFC 7240), as far as this service knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Preferences {
    /// `return`
    pub(super) result: Option<Return>,
    /// `maxpagesize`
    pub(super) max_page_size: Option<u64>,
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

/// Reads `Prefer`. Of a preference given twice the first counts; unknown ones are ignored, and so
/// are values that make no sense (RFC 7240, 2).
pub(super) fn preferences(headers: &HeaderMap) -> Preferences {
    let mut preferences = Preferences::default();
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    for preference in values.flat_map(|value| value.split([',', ';'])) {
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim().trim_matches('"');
        match name.strip_prefix("odata.").unwrap_or(&name) {
            "return" if preferences.result.is_none() => {
                preferences.result = match value {
                    "minimal" => Some(Return::Minimal),
                    "representation" => Some(Return::Representation),
                    _ => None,
                };
            }
            "maxpagesize" if preferences.max_page_size.is_none() => {
                preferences.max_page_size = value.parse().ok().filter(|size| *size > 0);
            }
            _ => {}
        }
    }
    preferences
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
        for tag in text.split(',') {
            // OData asks for weak tags (Part 1, 8.3.1), and clients may send them back as strong.
            let tag = tag.trim();
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let opaque = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let opaque = opaque.filter(|opaque| !opaque.contains('"'));
            revs.extend(opaque.ok_or_else(|| malformed(name, value))?.parse::<i64>().ok());
        }
    }
    Ok(all.map(Revisions::Of))
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
    fn accept_is_read_with_weights_and_parameters() {
        let json = |value| format(&headers("accept", value)).unwrap().json;
        assert!(json("application/json"));
        assert!(json("text/html, application/json;odata.metadata=minimal;q=0.5"));
        assert!(json("application/json;odata.streaming=true;IEEE754Compatible=false"));
        assert!(!json("application/json;q=0, text/html"));
        assert!(!json("application/json;odata.metadata=full"));
        assert!(!json("text/html"));
    }

    #[test]
    fn entity_tags_are_compared_weakly() {
        let of = |value| precondition(&headers("if-match", value)).map(|p| p.if_match);
        assert_eq!(of("W/\"3\", \"4\"").unwrap(), Some(Revisions::Of(vec![3, 4])));
        assert_eq!(of("*").unwrap(), Some(Revisions::Any));
        assert_eq!(of("\"of another service\"").unwrap(), Some(Revisions::Of(vec![])));
        assert!(of("3").is_err());
    }
}
