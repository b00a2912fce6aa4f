//! Answers, and what all of them have in common: whatever a test looks at, this is looked at, too.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use uuid::Uuid;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(super) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = Self { status, headers, text: response.text().await.unwrap() };
        answer.check();
        answer
    }

    pub(crate) fn maybe_header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.maybe_header(name).unwrap_or_else(|| panic!("no header {name} in {self:?}"))
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The JSON of an answer of success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status.as_u16(), 200, "{}", self.text);
        self.json()
    }

    /// OAuth's word in a refusal, with its status and number: `400 invalid_grant 70008`.
    #[track_caller]
    pub(crate) fn refusal(&self) -> String {
        assert!(!self.status.is_success(), "not refused: {}", self.text);
        let body = self.json();
        let (error, code) = (body["error"].as_str().unwrap(), &body["error_codes"][0]);
        format!("{} {error} {code}", self.status.as_u16())
    }

    /// The text of a page that shows a refusal.
    #[track_caller]
    pub(crate) fn shown_refusal(&self) -> &str {
        assert_eq!(self.status.as_u16(), 400, "{}", self.text);
        assert_eq!(self.maybe_header("location"), None);
        assert!(self.header("content-type").starts_with("text/html"));
        let (_, rest) = self.text.split_once("role=\"alert\">").expect("no alert");
        rest.split('<').next().unwrap()
    }

    /// Where the browser is sent.
    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        // RFC 9700, 4.12: never by a status that would repeat the form.
        assert_eq!(self.status.as_u16(), 303, "{}", self.text);
        self.header("location")
    }

    /// A field of the query that the browser is sent away with.
    #[track_caller]
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        let (_, query) = self.location().split_once(['?', '#']).unwrap();
        let mut fields = form_urlencoded::parse(query.as_bytes());
        fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    fn check(&self) {
        self.header("request-id").parse::<Uuid>().unwrap();
        assert!(self.status.as_u16() < 500, "{}", self.text);
        let is_page = self.maybe_header("content-type").is_some_and(|t| t.starts_with("text/html"));
        let is_refused = self.status.is_client_error() && !is_page;
        if is_refused && self.text.contains("error_codes") {
            self.check_refusal();
        }
        if is_page {
            self.check_page();
        }
    }

    /// RFC 6749, 5.2, and what Entra ID has besides.
    fn check_refusal(&self) {
        let body = self.json();
        let description = body["error_description"].as_str().unwrap();
        let is_allowed = |c: char| matches!(c, ' '..='~' if c != '"' && c != '\\');
        assert!(description.chars().all(is_allowed), "{description}");
        let number = body["error_codes"][0].as_u64().unwrap();
        assert!(description.starts_with(&format!("AADSTS{number}: ")), "{description}");
        assert_eq!(body["trace_id"], self.header("request-id"));
        for name in ["trace_id", "correlation_id", "timestamp"] {
            assert!(description.contains(body[name].as_str().unwrap()), "{name}: {description}");
        }
        let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let shape: String = body["timestamp"].as_str().unwrap().chars().map(digits).collect();
        assert_eq!(shape, "0000-00-00 00:00:00Z");
        assert_eq!(self.header("cache-control"), "no-store");
        let is_challenged = self.maybe_header("www-authenticate").is_some();
        assert_eq!(is_challenged, self.status == StatusCode::UNAUTHORIZED);
    }

    /// No page runs a script, is framed, or loads anything.
    fn check_page(&self) {
        let policy = self.header("content-security-policy");
        for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(self.header("x-frame-options"), "DENY");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("cache-control"), "no-store");
        let lower = self.text.to_lowercase();
        for forbidden in
            ["<script", "=\"javascript:", " onclick", " onload", " src=", "<link", "url("]
        {
            assert!(!lower.contains(forbidden), "{forbidden} in {}", self.text);
        }
    }
}

/// A signed token, taken apart.
#[derive(Debug)]
pub(crate) struct Jwt {
    pub(crate) head: Value,
    pub(crate) claims: Value,
}

impl Jwt {
    #[track_caller]
    pub(crate) fn read(token: &Value) -> Self {
        let token = token.as_str().expect("no token");
        let parts: Vec<&str> = token.split('.').collect();
        let part = |index: usize| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[index]).unwrap()).unwrap()
        };
        assert_eq!(parts.len(), 3, "{token}");
        Self { head: part(0), claims: part(1) }
    }
}
