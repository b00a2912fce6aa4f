//! Answers to programs, and what all answers of the authority have in common. Must not know what is
//! answered.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, PRAGMA,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use serde::Serialize;

use super::error::{Fault, Refusal, Trace};
use super::routes::Route;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"muster\", charset=\"UTF-8\"");

/// An answer with a body of a type. What it says is for nobody's cache (RFC 6749, 5.1).
pub(super) fn with(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 200 with JSON.
pub(super) fn json(value: &impl Serialize) -> Response {
    // Structures of strings and numbers: they are always written.
    with(StatusCode::OK, JSON, serde_json::to_vec(value).unwrap_or_default())
}

/// A refusal in JSON.
pub(super) fn refusal(refusal: &Refusal, trace: &Trace, route: &Route) -> Response {
    refused(with(refusal.status(), JSON, refusal.body(trace)), refusal, route)
}

/// What a refusal has besides its words: what would be taken instead.
pub(super) fn refused(mut response: Response, refusal: &Refusal, route: &Route) -> Response {
    // RFC 9110, 15.5.2; RFC 6749, 5.2.
    if refusal.wants_a_secret() {
        set(&mut response, WWW_AUTHENTICATE, BASIC);
    }
    if refusal.fault == Fault::WrongMethod {
        set_text(&mut response, ALLOW, &route.allow());
    }
    response
}

/// Sends a browser elsewhere, by GET, whatever it came by (RFC 9700, 4.12).
pub(super) fn redirect(to: &str) -> Response {
    let mut response = nothing();
    *response.status_mut() = StatusCode::SEE_OTHER;
    set_text(&mut response, LOCATION, to);
    response
}

/// 204.
pub(super) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    set(&mut response, CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn set(response: &mut Response, name: HeaderName, value: HeaderValue) {
    response.headers_mut().insert(name, value);
}

/// Sets a header to a text that may not be fit for one, and then does not.
pub(super) fn set_text(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        set(response, name, value);
    }
}
