//! Answers, and what all of them have in common (contract, sections 4 and 5): whatever a test
//! looks at, this is looked at, too.

use std::fmt;
use std::io::Read;

use flate2::read::GzDecoder;
use http::{HeaderMap, StatusCode};
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use uuid::Uuid;

/// The media types of answers of success with JSON: which one it is depends on the request.
fn entity_json() -> impl Iterator<Item = String> {
    let numbers = ["false", "true"];
    let forms = ["none", "minimal", "full"].into_iter().flat_map(move |m| numbers.map(|n| (m, n)));
    forms.map(|(metadata, numbers)| {
        format!(
            "application/json;odata.metadata={metadata};odata.streaming=true;\
             IEEE754Compatible={numbers};charset=utf-8"
        )
    })
}

/// An answer, read to its end and inflated.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(super) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self::new(status, headers, response.bytes().await.unwrap().into())
    }

    /// Takes an answer as it came, and checks what all have in common.
    pub(super) fn new(status: StatusCode, headers: HeaderMap, mut body: Vec<u8>) -> Self {
        if headers.get("content-encoding").is_some_and(|coding| coding == "gzip") {
            let mut inflated = Vec::new();
            GzDecoder::new(body.as_slice()).read_to_end(&mut inflated).unwrap();
            body = inflated;
        }
        let answer = Self { status, headers, body };
        answer.check_headers();
        if answer.status.is_success() {
            answer.check_success();
        } else if !answer.body.is_empty() {
            answer.check_error();
        }
        answer
    }

    /// A header that has to be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.maybe_header(name).unwrap_or_else(|| panic!("no header {name} in {self:?}"))
    }

    pub(crate) fn maybe_header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The JSON of an answer that has to have this status; null where there is no body.
    #[track_caller]
    pub(crate) fn succeeds(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The message of an error that has to have this status and code.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, code: &str) -> String {
        let found = (self.status.as_u16(), self.code());
        assert_eq!(found, (status, code.to_owned()), "{}", self.text());
        self.message()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    /// The targets of an error's details.
    pub(crate) fn targets(&self) -> Vec<String> {
        let error = self.json();
        let details = error["error"]["details"].as_array().cloned().unwrap_or_default();
        details.iter().map(|detail| detail["target"].as_str().unwrap().to_owned()).collect()
    }

    fn check_headers(&self) {
        self.header("request-id").parse::<Uuid>().unwrap();
        assert!(!self.headers["client-request-id"].is_empty());
        assert_eq!(self.header("odata-version"), "4.0");
        assert_eq!(self.header("cache-control"), "no-cache");
        assert_eq!(self.header("vary"), "accept, prefer");
        assert_eq!(self.maybe_header("strict-transport-security"), None, "only under TLS");
        let is_challenged = self.maybe_header("www-authenticate").is_some();
        assert_eq!(is_challenged, self.status == StatusCode::UNAUTHORIZED);
        let is_told_when = self.maybe_header("retry-after").is_some();
        let waits = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        assert_eq!(is_told_when, waits.contains(&self.status));
    }

    fn check_success(&self) {
        match self.maybe_header("content-type") {
            None => assert!(self.body.is_empty(), "a body of no type: {self:?}"),
            Some("text/plain") => assert!(self.text().bytes().all(|b| b.is_ascii_digit())),
            Some("application/xml") => {
                assert!(self.body.is_empty() || self.text().starts_with("<?xml "));
            }
            // CSDL is no data, and has none of their forms.
            Some("application/json") => assert!(self.json()["$Version"].is_string()),
            Some(json) => assert!(entity_json().any(|known| known == json), "{json}"),
        }
        assert_eq!(
            self.status == StatusCode::NO_CONTENT,
            self.maybe_header("content-type").is_none()
        );
    }

    fn check_error(&self) {
        assert_eq!(self.header("content-type"), "application/json");
        let body = self.json();
        let error = &body["error"];
        for name in ["code", "message"] {
            assert!(error[name].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        }
        let inner = &error["innerError"];
        assert_eq!(inner["request-id"], self.header("request-id"));
        let sent_back = self.headers["client-request-id"].as_bytes();
        assert_eq!(inner["client-request-id"], String::from_utf8_lossy(sent_back).as_ref());
        check_date(inner["date"].as_str().unwrap());
        for detail in error["details"].as_array().into_iter().flatten() {
            for name in ["code", "target", "message"] {
                assert!(detail[name].is_string(), "{body}");
            }
        }
    }
}

/// UTC to the second, without `Z`.
fn check_date(date: &str) {
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00", "{date}");
}

/// The members of a JSON object in the order in which they stand in the text.
pub(crate) fn members(text: &str) -> Vec<(String, Value)> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(text).deserialize_map(InOrder).unwrap()
}
