//! Reads the body of a batch. What is wrong with the batch itself refuses the whole, with every
//! fault named; what a request asks for is its own matter, and is not looked at here.

use std::collections::HashMap;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::{Fault, FaultKind, Faults};
use odata::suggest::nearest;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::value::RawValue;

use super::super::error::ApiError;
use super::super::routes::VERSION;
use super::super::{MAX_HEADERS, MAX_URL_BYTES};
use super::MAX_ITEMS;
use super::json::{self, Members};

/// Most members of the batch and of a request.
const MAX_MEMBERS: usize = 16;
/// The members of a request.
const MEMBERS: [&str; 6] = ["id", "method", "url", "headers", "body", "dependsOn"];
/// What the Python SDK calls `dependsOn`.
const SNAKE_DEPENDS_ON: &str = "depends_on";
/// Members that OData gives a request and Graph does not.
const NOT_OFFERED: [&str; 2] = ["atomicityGroup", "if"];
/// What a URL cannot hold and people write all the same. `%` stays: it encodes something already.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Most characters of what was sent that an error repeats.
const SHOWN: usize = 60;

/// One request of a batch.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) target: PathAndQuery,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The places of the requests that have to succeed before.
    pub(super) depends_on: Vec<usize>,
}

/// What the requests of a batch are held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'a> {
    /// The root of the API as it was called.
    pub(super) root: &'a str,
    /// The header by which the caller was let in.
    pub(super) authorization: Option<&'a HeaderValue>,
}

impl Batch<'_> {
    /// Reads the requests.
    ///
    /// # Errors
    /// The batch is malformed: which of its requests are, and why.
    pub(super) fn read(self, payload: &Bytes) -> Result<Vec<Item>, ApiError> {
        let text = std::str::from_utf8(payload).map_err(|error| {
            ApiError::payload(&format!("byte {} is not UTF-8", error.valid_up_to() + 1))
        })?;
        // Windows PowerShell 5.1 puts a byte order mark before what it sends from a file.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        json::check(text).map_err(|error| ApiError::payload(&error))?;
        let requests = requests(text)?;
        let mut known = HashMap::new();
        let mut items = Vec::with_capacity(requests.len());
        let mut faults = Faults::new();
        for (index, request) in requests.into_iter().enumerate() {
            let mut reader = Reader { batch: self, index, payload, faults: Faults::new() };
            let item = reader.item(request, &mut known);
            items.extend(item.filter(|_| reader.faults.is_empty()));
            faults.append(&mut reader.faults);
        }
        if faults.is_empty() { Ok(items) } else { Err(ApiError::from(faults)) }
    }
}

/// The requests, still as they were sent.
fn requests(text: &str) -> Result<Vec<&RawValue>, ApiError> {
    let members = json::members(text, MAX_MEMBERS).map_err(|error| ApiError::batch(&error))?;
    let mut requests = None;
    for (name, value) in members {
        match name.as_str() {
            "requests" => requests = Some(value),
            annotation if annotation.contains('@') => {}
            other => {
                let reason = format!("The member '{}' is not known.", shown(other));
                return Err(ApiError::batch(&reason));
            }
        }
    }
    let no_requests = || ApiError::batch("The member 'requests' has to be there, with requests.");
    let (requests, more) = json::elements(requests.ok_or_else(no_requests)?.get(), MAX_ITEMS)
        .map_err(|error| ApiError::batch(&format!("The member 'requests': {error}.")))?;
    match (requests.len(), more) {
        (0, _) => Err(no_requests()),
        (_, 0) => Ok(requests),
        (taken, more) => Err(ApiError::batch(&format!(
            "It has {} requests, and at most {MAX_ITEMS} are taken.",
            taken + more
        ))),
    }
}

/// Reads one request, and keeps what is wrong with it.
struct Reader<'a> {
    batch: Batch<'a>,
    index: usize,
    payload: &'a Bytes,
    faults: Faults,
}

/// What a request may leave out.
#[derive(Default)]
struct Given<'a> {
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    url: Option<&'a RawValue>,
    headers: Option<&'a RawValue>,
    body: Option<&'a RawValue>,
    depends_on: Option<&'a RawValue>,
}

impl Reader<'_> {
    fn fault(&mut self, member: &str, message: &str) {
        let target = match member {
            "" => format!("requests[{}]", self.index),
            member => format!("requests[{}].{member}", self.index),
        };
        let message = format!("Invalid batch payload format. {target}: {message}");
        self.faults.push(Fault { kind: FaultKind::Rule, target, message });
    }

    /// Reads on after a fault, so that the others are told, too.
    fn item(&mut self, request: &RawValue, known: &mut HashMap<String, usize>) -> Option<Item> {
        let given = match json::members(request.get(), MAX_MEMBERS) {
            Ok(members) => self.given(members),
            Err(error) => {
                self.fault("", &error);
                return None;
            }
        };
        // Before the own id is known, so that nothing depends on itself.
        let depends_on = self.depends_on(given.depends_on, known);
        let id = self.id(given.id, known);
        let method = self.method(given.method);
        let target = self.target(given.url);
        let headers = self.headers(given.headers);
        let body = self.body(given.body);
        let (id, method) = (id?, method?);
        self.check_body(&id, &method, &headers, body.is_some());
        Some(Item {
            id,
            method,
            target: target?,
            headers,
            body: body.unwrap_or_default(),
            depends_on,
        })
    }

    fn given<'a>(&mut self, members: Members<'a>) -> Given<'a> {
        let mut given = Given::default();
        for (name, value) in members.into_iter().filter(|(_, value)| !json::is_null(value)) {
            let place = match name.as_str() {
                "id" => &mut given.id,
                "method" => &mut given.method,
                "url" => &mut given.url,
                "headers" => &mut given.headers,
                "body" => &mut given.body,
                "dependsOn" | SNAKE_DEPENDS_ON if given.depends_on.is_none() => {
                    &mut given.depends_on
                }
                annotation if annotation.contains('@') => continue,
                other => {
                    self.unknown(other);
                    continue;
                }
            };
            *place = Some(value);
        }
        given
    }

    fn unknown(&mut self, name: &str) {
        let message = if NOT_OFFERED.contains(&name) {
            format!("The member '{name}' is not offered by this service.")
        } else {
            let meant = nearest(name, MEMBERS);
            let meant = meant.map_or_else(String::new, |meant| format!(" Is '{meant}' meant?"));
            format!("The member '{}' is not known.{meant}", shown(name))
        };
        self.fault("", &message);
    }

    fn id(
        &mut self,
        given: Option<&RawValue>,
        known: &mut HashMap<String, usize>,
    ) -> Option<String> {
        let id = given.and_then(json::id).filter(|id| !id.is_empty());
        let Some(id) = id else {
            self.fault("id", "An id is required: a text that no other request has.");
            return None;
        };
        if known.insert(id.to_lowercase(), self.index).is_some() {
            let shown = shown(&id);
            let message = format!(
                "Request Id {shown} has to be unique in a batch. Ids are compared without regard \
                 to case."
            );
            self.fault("id", &message);
        }
        Some(id)
    }

    fn method(&mut self, given: Option<&RawValue>) -> Option<Method> {
        let name = given.and_then(json::string).map(|name| name.to_ascii_uppercase());
        let method = name.and_then(|name| Method::from_bytes(name.as_bytes()).ok());
        if method.is_none() {
            self.fault("method", "A method is required, such as GET.");
        }
        method
    }

    /// Where the request goes to, below the root that the batch was called at.
    fn target(&mut self, given: Option<&RawValue>) -> Option<PathAndQuery> {
        let url = given.and_then(json::string).filter(|url| !url.is_empty());
        let Some(url) = url else {
            let message = "A URL is required, relative to the root of the API.";
            self.fault("url", message);
            return None;
        };
        if url.contains('#') {
            self.fault("url", "A '#' begins what is never sent: write '%23' for the character.");
            return None;
        }
        let Some(below) = below(&url, self.batch.root) else {
            let message = format!(
                "The URL leads away from here: give one relative to '{}', such as '/path'.",
                self.batch.root
            );
            self.fault("url", &message);
            return None;
        };
        let separator = if below.starts_with(['/', '?']) { "" } else { "/" };
        let target = format!("/{VERSION}{separator}{}", utf8_percent_encode(below, UNSAFE));
        let target = PathAndQuery::try_from(target).ok();
        if target.is_none() {
            let message = format!(
                "The URL has {} bytes, or characters that a URL cannot hold; at most \
                 {MAX_URL_BYTES} bytes are taken.",
                url.len()
            );
            self.fault("url", &message);
        }
        target
    }

    fn headers(&mut self, given: Option<&RawValue>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some(given) = given else { return headers };
        let members = match json::members(given.get(), MAX_HEADERS) {
            Ok(members) => members,
            Err(error) => {
                self.fault("headers", &error);
                return headers;
            }
        };
        for (name, value) in members {
            let text = json::string(value);
            let value = text.and_then(|text| HeaderValue::try_from(text).ok());
            match (HeaderName::from_bytes(name.as_bytes()), value) {
                (Ok(name), Some(value)) => drop(headers.append(name, value)),
                _ => {
                    let message = format!("'{}' is no header with a text.", shown(&name));
                    self.fault("headers", &message);
                }
            }
        }
        if headers.get_all(AUTHORIZATION).iter().any(|own| Some(own) != self.batch.authorization) {
            let message = "A request is served for the bearer of the batch: leave \
                           'Authorization' out.";
            self.fault("headers", message);
        }
        headers
    }

    /// The body, as it would have been sent: JSON as it stands, and a text as Base64.
    fn body(&mut self, given: Option<&RawValue>) -> Option<Bytes> {
        let given = given?;
        let Some(text) = json::string(given) else {
            return Some(self.payload.slice_ref(given.get().as_bytes()));
        };
        let bytes = BASE64.decode(text.replace('-', "+").replace('_', "/"));
        if bytes.is_err() {
            let message = "A text is read as Base64, which this is not: give JSON as it is.";
            self.fault("body", message);
        }
        Some(bytes.unwrap_or_default().into())
    }

    /// A body says what it is, and a write has one. Graph insists on the second, too.
    fn check_body(&mut self, id: &str, method: &Method, headers: &HeaderMap, has_body: bool) {
        let is_write = [Method::POST, Method::PATCH, Method::PUT].contains(method);
        let has_type = headers.contains_key(CONTENT_TYPE);
        if (has_body && !has_type) || (is_write && !has_body) {
            let missing = if has_body { "headers" } else { "body" };
            let message = format!(
                "Write request id : {} does not contain Content-Type header or body.",
                shown(id)
            );
            self.fault(missing, &message);
        }
    }

    /// The places of the requests that this one depends on, all of which stand before it.
    fn depends_on(
        &mut self,
        given: Option<&RawValue>,
        known: &HashMap<String, usize>,
    ) -> Vec<usize> {
        let Some(given) = given else { return Vec::new() };
        let ids = match json::elements(given.get(), MAX_ITEMS) {
            Ok((ids, 0)) => ids,
            Ok((_, _)) => {
                self.fault("dependsOn", "It has more ids than a batch may have requests.");
                return Vec::new();
            }
            Err(error) => {
                self.fault("dependsOn", &error);
                return Vec::new();
            }
        };
        let mut places = Vec::with_capacity(ids.len());
        for id in ids {
            let id = json::id(id);
            match id.as_ref().and_then(|id| known.get(&id.to_lowercase())) {
                Some(place) => places.push(*place),
                None => {
                    let id = id.unwrap_or_default();
                    let message =
                        format!("No request with the id '{}' stands before this one.", shown(&id));
                    self.fault("dependsOn", &message);
                }
            }
        }
        places
    }
}

/// What of a URL stands below the root. `None` if it leads elsewhere.
///
/// The Python SDK sends URLs in full.
fn below<'a>(url: &'a str, root: &str) -> Option<&'a str> {
    let (start, rest) = url.split_at_checked(root.len()).unwrap_or((url, ""));
    if start.eq_ignore_ascii_case(root) {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest);
    }
    let before_path = url.split(['/', '?']).next().unwrap_or_default();
    let is_relative = !url.starts_with("//") && !before_path.contains(':');
    is_relative.then_some(url)
}

/// As much of a text as an error has room for.
fn shown(text: &str) -> &str {
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| text.split_at(end).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "http://localhost:8080/beta";

    #[test]
    fn only_urls_below_the_root_are_taken() {
        for (url, rest) in [
            ("/a?b=http://c", Some("/a?b=http://c")),
            ("a('b:c')", None),
            ("a/b:c", Some("a/b:c")),
            ("HTTP://LOCALHOST:8080/Beta/a", Some("/a")),
            ("http://localhost:8080/beta?a", Some("?a")),
            ("http://localhost:8080/beta", Some("")),
            ("http://localhost:8080/betaa", None),
            ("http://localhost:8080/v1.0/a", None),
            ("http://localhost:80801/beta/a", None),
            ("http://localhost:8080@evil.example/beta/a", None),
            ("//evil.example/beta/a", None),
            ("javascript:a", None),
        ] {
            assert_eq!(below(url, ROOT), rest, "{url}");
        }
    }
}
