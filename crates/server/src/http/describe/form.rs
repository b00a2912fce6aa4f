//! Which of the two forms of the metadata a client wants. Must not know what they hold.

use http::HeaderMap;
use http::header::ACCEPT;

use super::super::error::{ApiError, ErrorKind};

/// A form of the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Xml,
    Json,
}

impl Form {
    /// Both, the one that decides a draw first: it is older, and most clients know no other.
    const ALL: [Self; 2] = [Self::Xml, Self::Json];

    const fn name(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Json => "json",
        }
    }
}

/// The form that `$format` names, which counts more (OData 4.01 Part 2, 5.1.8), or that `Accept`
/// would rather have.
pub(super) fn wanted(headers: &HeaderMap, format: Option<&str>) -> Result<Form, ApiError> {
    if let Some(format) = format {
        let media = format.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let name = media.strip_prefix("application/").unwrap_or(&media);
        let known = Form::ALL.into_iter().find(|form| form.name() == name);
        return known.ok_or_else(|| refused("The value of '$format' does not fit"));
    }
    if !headers.contains_key(ACCEPT) {
        return Ok(Form::Xml);
    }
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    let [xml, json] = Form::ALL.map(|form| quality(&ranges, form));
    match (xml, json) {
        (0, 0) => Err(refused("Nothing in 'Accept' fits")),
        _ if json > xml => Ok(Form::Json),
        _ => Ok(Form::Xml),
    }
}

fn refused(why: &str) -> ApiError {
    let message = format!("{why}: the metadata come as application/xml or application/json.");
    ApiError::new(ErrorKind::NotAcceptable, message)
}

/// How much a form is wanted, in thousandths: the range that names it most exactly decides
/// (RFC 9110, 12.5.1).
fn quality(ranges: &[&str], form: Form) -> u16 {
    let mut best = (0, 0);
    for range in ranges {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let media = parts.next().unwrap_or_default();
        let exactness = match media.split_once('/') {
            Some(("application", name)) if name == form.name() => 3,
            Some(("application", "*")) => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").map(thousandths));
        best = best.max((exactness, weight.unwrap_or(1_000)));
    }
    best.1
}

/// A weight such as `0.5`. What is none counts as if it were not there.
fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    let fraction = format!("{fraction:0<3}");
    match (whole, fraction.get(..3).and_then(|digits| digits.parse().ok())) {
        ("0" | "", Some(thousandths)) => thousandths,
        _ => 1_000,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accepted(value: &'static str) -> Option<Form> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]);
        wanted(&headers, None).ok()
    }

    #[test]
    fn xml_comes_unless_json_is_wanted_more() {
        assert_eq!(wanted(&HeaderMap::new(), None).ok(), Some(Form::Xml));
        for (accept, form) in [
            ("*/*", Some(Form::Xml)),
            ("application/json", Some(Form::Json)),
            ("application/json;odata.metadata=minimal", Some(Form::Json)),
            ("application/json, text/plain, */*", Some(Form::Xml)),
            ("application/json, */*;q=0.5", Some(Form::Json)),
            ("application/xml;q=0.5, application/json;q=0.501", Some(Form::Json)),
            ("application/xml;q=0, */*", Some(Form::Json)),
            ("application/*;q=0.1, application/JSON;q=0", Some(Form::Xml)),
            ("text/html", None),
            ("*/*;q=0", None),
        ] {
            assert_eq!(accepted(accept), form, "{accept}");
        }
    }

    #[test]
    fn the_option_counts_more_than_the_header() {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/html"))]);
        let wanted = |format| wanted(&headers, Some(format)).ok();
        assert_eq!(wanted("json"), Some(Form::Json));
        assert_eq!(wanted("XML"), Some(Form::Xml));
        assert_eq!(wanted("application/json;odata.metadata=minimal"), Some(Form::Json));
        assert_eq!(wanted("atom"), None);
        assert_eq!(wanted(""), None);
    }
}
