//! Answers within an answer, in the form that Graph documents and its SDKs read.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

/// Headers that speak of the connection, which is the batch's.
const OF_THE_CONNECTION: [HeaderName; 2] = [CONNECTION, STRICT_TRANSPORT_SECURITY];

/// Names that are not spelt with a capital for each word. HTTP does not care; the JavaScript SDK
/// looks `Content-Type` up in a plain object.
const SPELLINGS: [&str; 6] = [
    "ETag",
    "OData-Version",
    "OData-EntityId",
    "WWW-Authenticate",
    "client-request-id",
    "request-id",
];

/// The answer to one request.
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// An answer as it would have been sent.
    pub(super) async fn of(response: Response, method: &Method) -> Self {
        let (head, body) = response.into_parts();
        // It is all there already, so that nothing can go wrong.
        let body = body.collect().await.map(http_body_util::Collected::to_bytes);
        let body = body.ok().filter(|_| *method != Method::HEAD).unwrap_or_default();
        Self { status: head.status, headers: head.headers, body }
    }

    /// Whether what depends on the request must not be done.
    pub(super) fn is_failure(&self) -> bool {
        self.status.is_client_error() || self.status.is_server_error()
    }

    fn write(&self, id: &str, json: &mut Vec<u8>) {
        json.extend(b"{\"id\":");
        value(&Value::from(id), json);
        json.extend(b",\"status\":");
        json.extend(self.status.as_str().bytes());
        json.extend(b",\"headers\":");
        value(&Value::Object(self.shown_headers()), json);
        if !self.body.is_empty() {
            json.extend(b",\"body\":");
            if self.is_json() {
                json.extend(&self.body);
            } else {
                // Text, too: the documentation knows only JSON and Base64, and the Python SDK loses
                // the whole batch over any other string.
                value(&Value::from(STANDARD.encode(&self.body)), json);
            }
        }
        json.push(b'}');
    }

    fn is_json(&self) -> bool {
        let media = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        media.is_some_and(|media| media.split(';').next() == Some("application/json"))
    }

    fn shown_headers(&self) -> Map<String, Value> {
        let names = self.headers.keys().filter(|name| !OF_THE_CONNECTION.contains(name));
        let shown = names.map(|name| {
            let values = self.headers.get_all(name).iter();
            let values: Vec<_> =
                values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            (spelt(name), Value::from(values.join(", ")))
        });
        shown.collect()
    }
}

/// The body of the batch's answer. Each answer is let go of as soon as it is written.
pub(super) fn together(ids: &[String], answers: Vec<Answer>) -> Vec<u8> {
    let mut json = b"{\"responses\":[".to_vec();
    for (index, (id, answer)) in ids.iter().zip(answers).enumerate() {
        if index > 0 {
            json.push(b',');
        }
        answer.write(id, &mut json);
    }
    json.extend(b"]}");
    json
}

fn value(value: &Value, json: &mut Vec<u8>) {
    json.extend(value.to_string().bytes());
}

fn spelt(name: &HeaderName) -> String {
    let name = name.as_str();
    match SPELLINGS.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(known) => (*known).to_owned(),
        None => name.split('-').map(capitalised).collect::<Vec<_>>().join("-"),
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_spelt_as_graph_spells_them() {
        for name in ["Content-Type", "Retry-After", "ETag", "OData-Version", "request-id"] {
            let header: HeaderName = name.parse().unwrap();
            assert_eq!(spelt(&header), name);
        }
    }
}
