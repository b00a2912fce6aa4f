//! What is asked of requests that browsers send: which page sent them, and whose cookie they carry;
//! and what pages are told in turn (the Fetch standard's CORS). Must not know what is asked for.

use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, COOKIE, HeaderValue, ORIGIN, SET_COOKIE, VARY,
};

use super::error::{Fault, Refusal};
use super::routes::Route;
use super::{Authority, Call, reply, secrets};

/// Headers that sign-in libraries send from pages.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, client-request-id, return-client-request-id, x-client-sku, x-client-ver, \
     x-client-os, x-client-cpu, x-client-current-telemetry, x-client-last-telemetry, x-app-name, \
     x-app-ver, x-ms-lib-capability",
);
const AN_HOUR: HeaderValue = HeaderValue::from_static("3600");
const COOKIE_NAME: &str = "muster-sign-in";
/// Letters of a cookie's value.
const COOKIE_LETTERS: usize = 43;

impl Call {
    /// The page that sent the request, if a browser says one.
    fn origin(&self) -> Option<&str> {
        self.headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
    }

    fn is_from_here(&self) -> bool {
        self.origin().is_none_or(|origin| origin.eq_ignore_ascii_case(&self.called.origin))
    }
}

/// Refuses what a page of a foreign origin sends to where programs ask.
pub(super) fn may_ask(authority: &Authority, call: &Call) -> Result<(), Refusal> {
    let may = |origin| authority.clients.may_ask_from(origin);
    if call.is_from_here() || call.origin().is_some_and(may) {
        return Ok(());
    }
    Err(Refusal::new(
        Fault::CrossOrigin,
        "Cross-origin token redemption is permitted only to pages of this machine, and to origins \
         of redirect URIs that were registered with --dev-redirect-uri.",
    ))
}

/// Refuses a form that a page of another origin sends. Every browser says where a form comes from;
/// what says nothing is none, and has no person's cookies either.
pub(super) fn is_own_form(call: &Call) -> Result<(), Refusal> {
    let site = call.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if call.is_from_here() && site.is_none_or(|site| site == b"same-origin") {
        return Ok(());
    }
    Err(foreign_form("The form was sent by a page of another origin."))
}

pub(super) fn foreign_form(why: &str) -> Refusal {
    Refusal::new(Fault::ForeignForm, format!("{why} Begin again in the application."))
}

/// Lets pages of known origins, and no others, read an answer.
pub(super) fn shared(authority: &Authority, call: &Call, mut response: Response) -> Response {
    reply::set(&mut response, VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = call.origin().filter(|origin| authority.clients.may_ask_from(origin)) {
        reply::set_text(&mut response, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

/// Says to a browser what pages of known origins may send.
pub(super) fn preflight(authority: &Authority, call: &Call, route: &Route) -> Response {
    let mut response = shared(authority, call, reply::nothing());
    if response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        reply::set_text(&mut response, ACCESS_CONTROL_ALLOW_METHODS, &route.allow());
        reply::set(&mut response, ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        reply::set(&mut response, ACCESS_CONTROL_MAX_AGE, AN_HOUR);
    }
    response
}

/// The cookie that ties a form to the browser that it was shown in.
#[derive(Debug)]
pub(super) struct Cookie {
    pub(super) value: String,
    name: String,
    is_secure: bool,
    is_new: bool,
}

impl Cookie {
    /// The browser's cookie, or a new one for it.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let is_secure = call.called.origin.starts_with("https:");
        // With this prefix no page of another host can set it (RFC 6265bis, 4.1.3.2).
        let prefix = if is_secure { "__Host-" } else { "" };
        let name = format!("{prefix}{COOKIE_NAME}");
        let (value, is_new) = match sent(call, &name) {
            Some(value) => (value, false),
            None => (secrets::secret()?, true),
        };
        Ok(Self { value, name, is_secure, is_new })
    }

    /// Gives it to the browser, if it has none.
    pub(super) fn give(&self, response: &mut Response) {
        if self.is_new {
            let secure = if self.is_secure { "; Secure" } else { "" };
            let (name, value) = (&self.name, &self.value);
            let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
            reply::set_text(response, SET_COOKIE, &cookie);
        }
    }
}

fn sent(call: &Call, name: &str) -> Option<String> {
    // HTTP/2 may split the header (RFC 9113, 8.2.3).
    let lines = call.headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| known.trim() == name)?;
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let value = value.trim();
    (value.len() == COOKIE_LETTERS && value.bytes().all(is_letter)).then(|| value.to_owned())
}
