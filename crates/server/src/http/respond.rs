//! Answers: what each carries, and the headers that all carry. Must not know operations.

use std::num::NonZeroU32;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{
    self, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use model::render::{Form, Metadata, Page, Summary, View};
use model::{ENTITY_TYPE, Fault, Identity, RESULT_TYPE, render};
use odata::DateTimeOffset;
use odata::query::{Apply, Group, Select};
use serde::Serialize;
use serde_json::json;

use super::Envelope;
use super::error::{ApiError, ErrorKind};
use super::negotiate::{Preferences, Return, UNKNOWN_MEMBERS};
use super::routes::{self, COLLECTION, NAMESPACE};

const ERROR_JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// Forms of JSON share an address and a tag, and pages of any size an address: a cache must not take
/// one for the other.
const VARIES_BY: HeaderValue = HeaderValue::from_static("accept, prefer");
pub(super) const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
const ODATA_4: HeaderValue = HeaderValue::from_static("4.0");
/// Seconds after which a client may try again when the service was busy or its store away.
const RETRY_AFTER_S: NonZeroU32 = NonZeroU32::MIN;
const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
pub(super) const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
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

    /// 200 with JSON of this form.
    pub(super) fn json(body: Vec<u8>, form: Form) -> Self {
        Self::new(StatusCode::OK, Some(media_type(form)), body)
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
    pub(super) fn entity(row: &Identity, manner: Manner<'_>, select: Option<&Select>) -> Self {
        let context = format!("{}/$entity", manner.context(select));
        let body = manner.written(&context, select, |view| render::entity(row, view));
        Self::json(body, manner.form).with(ETAG, render::etag(row.rev))
    }

    /// 200 with a page of entities and, if there is one, the link to the next.
    pub(super) fn page(
        rows: &[Identity],
        manner: Manner<'_>,
        select: Option<&Select>,
        count: Option<u64>,
        next_link: Option<&str>,
    ) -> Self {
        // What `$select` does not name is left out, actions like properties.
        let is_offering = manner.form.metadata == Metadata::Full && select.is_none();
        let actions = routes::actions().filter(|_| is_offering);
        let actions: Vec<String> = actions.map(|name| format!("{NAMESPACE}{name}")).collect();
        let page = Page { rows, count, next_link, actions: &actions };
        let context = manner.context(select);
        let body = manner.written(&context, select, |view| render::collection(&page, view));
        Self::json(body, manner.form)
    }

    /// 200 with groups of entities, and how many of them are on all.
    pub(super) fn summary(
        apply: &Apply,
        groups: &[Group],
        manner: Manner<'_>,
        count: Option<usize>,
    ) -> Self {
        let summary = Summary { apply, groups, count };
        let context = format!("{}/$metadata#{COLLECTION}({})", manner.root, summary.names());
        let body = manner.written(&context, None, |view| render::summary(&summary, view));
        Self::json(body, manner.form)
    }

    /// 200 with the entities that an action found.
    pub(super) fn found(rows: &[Identity], manner: Manner<'_>) -> Self {
        let page = Page { rows, count: None, next_link: None, actions: &[] };
        let context = manner.action_context(ENTITY_TYPE);
        let body = manner.written(&context, None, |view| render::collection(&page, view));
        Self::json(body, manner.form)
    }

    /// 200 with what became of the rows of an import.
    pub(super) fn imported(rows: &[(Identity, bool)], manner: Manner<'_>) -> Self {
        let context = manner.action_context(RESULT_TYPE);
        let body = manner.written(&context, None, |view| render::results(rows, view));
        Self::json(body, manner.form)
    }

    /// 304: the client has the entity as it is.
    pub(super) fn not_modified(row: &Identity) -> Self {
        Self::new(StatusCode::NOT_MODIFIED, None, Vec::new()).with(ETAG, render::etag(row.rev))
    }

    /// What a write answers: 200 or 201 with the entity, 204 where the client prefers that.
    pub(super) fn written(
        row: &Identity,
        manner: Manner<'_>,
        created: bool,
        preferences: Preferences,
    ) -> Self {
        let address = format!("{}/{}", manner.collection(), row.id);
        let mut reply = match preferences.result {
            Some(Return::Minimal) => Self::no_content()
                .with(ETAG, render::etag(row.rev))
                .with(ODATA_ENTITY_ID, address.clone()),
            Some(Return::Representation) | None => Self::entity(row, manner, None),
        };
        if created {
            if reply.status == StatusCode::OK {
                reply.status = StatusCode::CREATED;
            }
            reply = reply.with(header::LOCATION, address);
        }
        if let Some(result) = preferences.result {
            reply = reply.applied(result.applied());
        }
        reply.with_members(preferences)
    }

    /// Says that a preference was kept to, behind those that it said before.
    pub(super) fn applied(mut self, preference: &str) -> Self {
        let said = self.headers.iter_mut().find(|(name, _)| *name == PREFERENCE_APPLIED);
        match said {
            Some((_, said)) => {
                said.push_str(", ");
                said.push_str(preference);
                self
            }
            None => self.with(PREFERENCE_APPLIED, preference.to_owned()),
        }
    }

    /// Says, where there is a body, that its members of enumerations are as preferred. No value
    /// that is stored lies beyond a sentinel: they are the same for all.
    pub(super) fn with_members(self, preferences: Preferences) -> Self {
        let is_applied = preferences.unknown_members && self.content_type.is_some();
        if is_applied { self.applied(UNKNOWN_MEMBERS) } else { self }
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// How an answer is written: the root of the API as it was called, and the form of its JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner<'a> {
    pub(super) root: &'a str,
    pub(super) form: Form,
}

impl Manner<'_> {
    /// The address of the collection.
    fn collection(self) -> String {
        format!("{}/{COLLECTION}", self.root)
    }

    /// The context URL of the collection, with what was selected.
    fn context(self, select: Option<&Select>) -> String {
        let list = match select {
            None => String::new(),
            Some(Select::All) => "(*)".to_owned(),
            Some(Select::Only(columns)) => {
                let names: Vec<&str> = columns.iter().map(|column| column.property.name).collect();
                format!("({})", names.join(","))
            }
        };
        format!("{}/$metadata#{COLLECTION}{list}", self.root)
    }

    /// The context URL of what an action answers with.
    fn action_context(self, type_name: &str) -> String {
        format!("{}/$metadata#Collection({type_name})", self.root)
    }

    fn written(
        self,
        context: &str,
        select: Option<&Select>,
        write: impl FnOnce(&View<'_>) -> Vec<u8>,
    ) -> Vec<u8> {
        let collection = self.collection();
        write(&View { form: self.form, context, collection: &collection, select })
    }
}

/// The media type of JSON, with the form that was applied.
const fn media_type(form: Form) -> HeaderValue {
    macro_rules! json {
        ($metadata:literal, $ieee754_compatible:literal) => {
            HeaderValue::from_static(concat!(
                "application/json;odata.metadata=",
                $metadata,
                ";odata.streaming=true;IEEE754Compatible=",
                $ieee754_compatible,
                ";charset=utf-8"
            ))
        };
    }
    match (form.metadata, form.ieee754_compatible) {
        (Metadata::None, false) => json!("none", false),
        (Metadata::None, true) => json!("none", true),
        (Metadata::Minimal, false) => json!("minimal", false),
        (Metadata::Minimal, true) => json!("minimal", true),
        (Metadata::Full, false) => json!("full", false),
        (Metadata::Full, true) => json!("full", true),
    }
}

/// The service document (OData JSON Format 4.01, 5): the singleton that contains the collection.
pub(super) fn service_document(manner: Manner<'_>) -> Reply {
    let value =
        json!([{ "name": "deviceManagement", "kind": "Singleton", "url": "deviceManagement" }]);
    let document = match manner.form.metadata {
        Metadata::None => json!({ "value": value }),
        Metadata::Minimal | Metadata::Full => {
            json!({ "@odata.context": format!("{}/$metadata", manner.root), "value": value })
        }
    };
    Reply::json(document.to_string().into_bytes(), manner.form)
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
    headers.insert(header::VARY, VARIES_BY);
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
