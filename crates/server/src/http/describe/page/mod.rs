//! The OpenAPI document as a page for people: whole without its script, which only searches, and
//! with nothing from elsewhere. Must not know anything that the document does not say.

mod html;
mod operation;
mod schema;

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use serde_json::Value;

use super::super::routes::{OPENAPI, Operation, ROUTES, Route};
use crate::auth::Access;
use html::{escape, prose};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page, as it is sent.
#[derive(Debug)]
pub(super) struct Page {
    html: String,
    policy: String,
}

impl Page {
    pub(super) fn new(document: &Value) -> Self {
        let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        Self { html: whole(document), policy }
    }

    pub(super) fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.html.clone()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if let Ok(policy) = HeaderValue::from_str(&self.policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// A text of the document, by its place.
fn text<'a>(document: &'a Value, place: &str) -> &'a str {
    document.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

/// The operation of the document that a route has.
fn described<'a>(document: &'a Value, route: &Route) -> Option<&'a Value> {
    let method = route.method.as_str().to_ascii_lowercase();
    document.get("paths")?.get(route.template)?.get(method)
}

/// The routes, those of the register first.
fn in_order() -> impl Iterator<Item = &'static Route> {
    let is_public = |route: &&Route| route.access == Access::Public;
    let register = ROUTES.iter().filter(move |route| !is_public(route));
    register.chain(ROUTES.iter().filter(is_public))
}

fn whole(document: &Value) -> String {
    let title = escape(text(document, "/info/title"));
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} API</title>\
         <style>{STYLE}</style></head><body><a class=\"skip\" href=\"#content\">To the content</a>"
    );
    menu(&mut out, document);
    out.push_str("<main id=\"content\">");
    introduction(&mut out, document);
    for route in in_order() {
        if let Some(described) = described(document, route) {
            operation::section(&mut out, document, route, described);
        }
    }
    out.push_str(
        "<p class=\"nothing\" role=\"status\" hidden>Nothing here has all of these words.</p>\
         <h2 class=\"part\" id=\"schemas\">Schemas</h2>",
    );
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    for (name, described) in schemas.into_iter().flatten() {
        schema::section(&mut out, document, name, described);
    }
    let _ = write!(out, "</main><script>{SCRIPT}</script></body></html>");
    out
}

fn menu(out: &mut String, document: &Value) {
    out.push_str(
        "<nav aria-label=\"Operations\"><p class=\"brand\">Muster <span>API</span></p>\
         <input type=\"search\" id=\"search\" placeholder=\"Search\" autocomplete=\"off\" \
         aria-label=\"Search\" aria-keyshortcuts=\"/\" hidden><ul>",
    );
    for route in in_order() {
        let Some(described) = described(document, route) else { continue };
        let (id, summary) = (text(described, "/operationId"), text(described, "/summary"));
        let _ = write!(
            out,
            "<li data-for=\"{id}\"><a href=\"#{id}\">{}<span>{}</span></a></li>",
            html::method(&route.method),
            escape(summary)
        );
    }
    out.push_str("<li><a href=\"#schemas\">Schemas</a></li></ul></nav>");
}

fn introduction(out: &mut String, document: &Value) {
    let metadata = ROUTES.iter().find(|route| route.operation == Operation::Metadata);
    let metadata = metadata.map_or("", |route| route.template);
    let _ = write!(
        out,
        "<header><h1>{} <span>{}</span></h1>{}<h2>Signing in</h2>{}\
         <p class=\"forms\">The same for programs: <a href=\"{OPENAPI}\">OpenAPI</a>, \
         <a href=\"{metadata}\">OData metadata in XML</a> and \
         <a href=\"{metadata}?$format=json\">in JSON</a>.</p></header>",
        escape(text(document, "/info/title")),
        escape(text(document, "/info/version")),
        prose(text(document, "/info/description")),
        prose(text(document, "/components/securitySchemes/bearer/description")),
    );
}
