//! Which of the two forms of the metadata a client wants. Must not know what they hold.

use http::HeaderMap;

use super::super::error::{ApiError, ErrorKind};
use super::super::negotiate::{Range, ranges, weight};

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

/// The form that `$format` names, which counts more (OData 4.01 Part 2, 5.1.9), or that `Accept`
/// would rather have.
pub(super) fn wanted(headers: &HeaderMap, format: Option<&str>) -> Result<Form, ApiError> {
    if let Some(format) = format {
        let range = Range::read(format);
        let is_named = |form: &Form| {
            range.media.eq_ignore_ascii_case(form.name()) || range.is("application", form.name())
        };
        let known = Form::ALL.into_iter().find(is_named).filter(|_| range.is_offered);
        return known.ok_or_else(|| refused("The value of '$format' does not fit"));
    }
    let Some(ranges) = ranges(headers)? else { return Ok(Form::Xml) };
    let [xml, json] = Form::ALL.map(|form| weight(&ranges, "application", form.name()));
    match json > xml {
        true => Ok(Form::Json),
        false if xml > 0.0 => Ok(Form::Xml),
        false => Err(refused("Nothing in 'Accept' fits")),
    }
}

fn refused(why: &str) -> ApiError {
    let message = format!("{why}: the metadata come as application/xml or application/json.");
    ApiError::new(ErrorKind::NotAcceptable, message)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::ACCEPT;

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
            ("", Some(Form::Xml)),
            ("application/json,", Some(Form::Json)),
            ("text/html, ,", None),
            ("application/xml;charset=utf-16", None),
            ("application/xml;charset=utf-16, application/json", Some(Form::Json)),
            ("application/json;profile=\",application/xml\"", Some(Form::Json)),
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
        assert_eq!(wanted("application/json;odata.metadata=nonsense"), None);
        assert_eq!(wanted("application/*"), None);
        assert_eq!(wanted("atom"), None);
        assert_eq!(wanted(""), None);
    }
}
