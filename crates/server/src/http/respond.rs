//! Answers: what each carries, and the headers that all carry. Must not know operations.

use std::num::NonZeroU32;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{
    self, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use model::render::{Page, Selected};
use model::{Fault, Identity, render};
use odata::DateTimeOffset;
use odata::query::Select;
use serde::Serialize;
use serde_json::json;

use super::Envelope;
use super::error::{ApiError, ErrorKind};
use super::negotiate::{MaxPageSize, Return};
use super::routes::COLLECTION;

const ENTITY_JSON: HeaderValue = HeaderValue::from_static(
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;\
     charset=utf-8",
);
const ERROR_JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
pub(super) const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
const ODATA_4: HeaderValue = HeaderValue::from_static("4.0");
/// Seconds after which a client may try again when the service was busy or its store away.
const RETRY_AFTER_S: NonZeroU32 = NonZeroU32::MIN;
const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const ODATA_ENTITY_ID: HeaderName = HeaderName::from_static("odata-entityid");

/// An answer of success, still without the headers that all carry.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Vec<u8>,
    headers: Vec<(HeaderName, String)>,
}

impl Reply {
    fn new(status: StatusCode, content_type: Option<HeaderValue>, body: Vec<u8>) -> Self {
        Self { status, content_type, body, headers: Vec::new() }
    }

    /// 200 with JSON.
    pub(super) fn json(body: Vec<u8>) -> Self {
        Self::new(StatusCode::OK, Some(ENTITY_JSON), body)
    }

    /// 200 with a bare number.
    pub(super) fn number(number: u64) -> Self {
        Self::new(StatusCode::OK, Some(TEXT), number.to_string().into_bytes())
    }

    /// 200 with a document that describes the service.
    pub(super) fn document(content_type: HeaderValue, body: Vec<u8>) -> Self {
        Self::new(StatusCode::OK, Some(content_type), body)
    }

    /// 204.
    pub(super) fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT, None, Vec::new())
    }

    /// 200 with an entity, all of it or what was selected, and its tag.
    pub(super) fn entity(row: &Identity, root: &str, select: Option<&Select>) -> Self {
        let context = format!("{}/$entity", context(root, select));
        let collection = format!("{root}/{COLLECTION}");
        let selected = select.map(|select| Selected { select, collection: &collection });
        Self::json(render::entity(row, &context, selected)).with(ETAG, render::etag(row.rev))
    }

    /// 200 with a page of entities and, if there is one, the link to the next.
    pub(super) fn page(
        rows: &[Identity],
        root: &str,
        select: Option<&Select>,
        count: Option<u64>,
        next_link: Option<&str>,
    ) -> Self {
        let context = context(root, select);
        let collection = format!("{root}/{COLLECTION}");
        let selected = select.map(|select| Selected { select, collection: &collection });
        let page = Page { rows, context: &context, count, next_link, selected };
        Self::json(render::collection(&page))
    }

    /// 304: the client has the entity as it is.
    pub(super) fn not_modified(row: &Identity) -> Self {
        Self::new(StatusCode::NOT_MODIFIED, None, Vec::new()).with(ETAG, render::etag(row.rev))
    }

    /// What a write answers: 200 or 201 with the entity, 204 where the client prefers that.
    pub(super) fn written(
        row: &Identity,
        root: &str,
        created: bool,
        preference: Option<Return>,
    ) -> Self {
        let address = format!("{root}/{COLLECTION}/{}", row.id);
        let mut reply = match preference {
            Some(Return::Minimal) => Self::no_content()
                .with(ETAG, render::etag(row.rev))
                .with(ODATA_ENTITY_ID, address.clone()),
            Some(Return::Representation) | None => Self::entity(row, root, None),
        };
        if created {
            if reply.status == StatusCode::OK {
                reply.status = StatusCode::CREATED;
            }
            reply = reply.with(header::LOCATION, address);
        }
        match preference {
            Some(preference) => reply.with(PREFERENCE_APPLIED, preference.applied().to_owned()),
            None => reply,
        }
    }

    /// Says that the preferred page size was kept to.
    pub(super) fn max_page_size_applied(self, size: MaxPageSize) -> Self {
        self.with(PREFERENCE_APPLIED, size.applied())
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// The context URL of the collection, with what was selected.
fn context(root: &str, select: Option<&Select>) -> String {
    let list = match select {
        None => String::new(),
        Some(Select::All) => "(*)".to_owned(),
        Some(Select::Only(columns)) => {
            let names: Vec<&str> = columns.iter().map(|column| column.property.name).collect();
            format!("({})", names.join(","))
        }
    };
    format!("{root}/$metadata#{COLLECTION}{list}")
}

/// The context URL of what an action answers with.
pub(super) fn action_context(root: &str, type_name: &str) -> String {
    format!("{root}/$metadata#Collection({type_name})")
}

/// The service document (OData JSON Format 4.01, 5): the singleton that contains the collection.
pub(super) fn service_document(root: &str) -> Reply {
    let document = json!({
        "@odata.context": format!("{root}/$metadata"),
        "value": [{ "name": "deviceManagement", "kind": "Singleton", "url": "deviceManagement" }],
    });
    Reply::json(document.to_string().into_bytes())
}

pub(super) fn success(reply: Reply, envelope: &Envelope) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    if let Some(content_type) = reply.content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in reply.headers {
        // Tags, our own addresses and fixed words: always fit for a header.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    common(response, envelope)
}

pub(super) fn failure(error: ApiError, envelope: &Envelope, now: DateTimeOffset) -> Response {
    let (status, code) = error.kind.row();
    let mut response = Response::new(Body::from(error_body(&error, code, envelope, now)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, ERROR_JSON);
    if error.kind == ErrorKind::Unauthenticated {
        for authority in error.authorities.iter().flat_map(|all| all.iter()) {
            headers.append(WWW_AUTHENTICATE, challenge(authority));
        }
    }
    // RFC 9112, 9.3: what is left of a body that was not read would be taken for a request.
    if matches!(error.kind, ErrorKind::RequestTimeout | ErrorKind::TooLarge) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let is_away = error.kind == ErrorKind::Unavailable;
    if let Some(seconds) = error.retry_after_s.or(is_away.then_some(RETRY_AFTER_S)) {
        headers.insert(header::RETRY_AFTER, seconds.get().into());
    }
    if let Some(Ok(allow)) = error.allow.map(HeaderValue::try_from) {
        headers.insert(header::ALLOW, allow);
    }
    common(response, envelope)
}

fn challenge(authority: &str) -> HeaderValue {
    let value = format!("Bearer realm=\"\", authorization_uri=\"{authority}\"");
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
}

/// The body of an error, its members in the order in which Graph writes them.
#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorMembers<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorMembers<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail<'a>>,
    inner_error: InnerError<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    code: &'a str,
    message: &'a str,
    target: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct InnerError<'a> {
    /// UTC to the second, without `Z`.
    date: &'a str,
    request_id: &'a str,
    client_request_id: &'a str,
}

fn error_body(error: &ApiError, code: &str, envelope: &Envelope, now: DateTimeOffset) -> Vec<u8> {
    let (date, request_id) = (now.to_string(), envelope.request_id.to_string());
    let client =
        envelope.client_request_id.as_ref().map(|id| String::from_utf8_lossy(id.as_bytes()));
    let details = error.details.iter();
    let details = details.map(|Fault { message, target, .. }| Detail { code, message, target });
    let body = ErrorBody {
        error: ErrorMembers {
            code,
            message: &error.message,
            details: details.collect(),
            inner_error: InnerError {
                date: date.get(.."2026-01-31T07:25:18".len()).unwrap_or_default(),
                request_id: &request_id,
                client_request_id: client.as_deref().unwrap_or(&request_id),
            },
        },
    };
    // Strings alone: they are always written.
    serde_json::to_vec(&body).unwrap_or_default()
}

/// The headers that every answer carries (contract, 5).
fn common(mut response: Response, envelope: &Envelope) -> Response {
    let headers = response.headers_mut();
    let request_id = request_id(envelope);
    let client = envelope.client_request_id.clone().unwrap_or_else(|| request_id.clone());
    headers.insert(REQUEST_ID, request_id);
    headers.insert(CLIENT_REQUEST_ID, client);
    headers.insert(ODATA_VERSION, ODATA_4);
    headers.insert(CACHE_CONTROL, NO_CACHE);
    if envelope.is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    response
}

/// The id of a request as a header.
pub(super) fn request_id(envelope: &Envelope) -> HeaderValue {
    let mut buffer = uuid::Uuid::encode_buffer();
    let text = envelope.request_id.hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
