//! The service describes itself: to programs of OData in CSDL, to all others in OpenAPI, and to
//! people on a page. All of it is read off the tables that the service works by, so that it cannot
//! say anything else than what is served. Must not know rows, nor who calls.

mod csdl;
mod errors;
mod form;
mod openapi;
mod operations;
mod page;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use model::Rules;
use serde_json::{Value, json};

use super::error::ApiError;
use super::respond::Reply;
use super::routes::{DOCS, OPENAPI};
use super::{App, Called};
use form::Form;

const XML: HeaderValue = HeaderValue::from_static("application/xml");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What of the description an operator decides.
#[derive(Clone, Debug)]
struct Terms {
    rules: Rules,
    max_body_bytes: usize,
    max_rows: usize,
    /// Where callers get their tokens.
    authorities: Vec<String>,
}

/// The types and what can be done with them, in the form that is asked for.
pub(super) fn metadata(headers: &HeaderMap, format: Option<&str>) -> Result<Reply, ApiError> {
    Ok(match form::wanted(headers, format)? {
        Form::Xml => Reply::document(XML, csdl::xml().into_bytes()),
        Form::Json => Reply::document(JSON, csdl::json().to_string().into_bytes()),
    })
}

/// The routes beside the API.
pub(crate) fn router(app: &App) -> Router {
    let terms = Terms {
        rules: app.register.rules(),
        max_body_bytes: app.limits.body_bytes,
        max_rows: app.limits.rows,
        authorities: app.gate.authorities().to_vec(),
    };
    let document = openapi::document(&terms);
    let page = Arc::new(page::Page::new(&document));
    Router::new()
        .route(DOCS, get(async move || page.response()))
        .route(OPENAPI, get(openapi))
        .with_state(Arc::new(document))
}

/// The document, with the address that the client called.
async fn openapi(State(document): State<Arc<Value>>, called: Extension<Called>) -> Response {
    let mut document = Value::clone(&document);
    if let Some(members) = document.as_object_mut() {
        members.insert("servers".to_owned(), json!([{ "url": called.origin }]));
    }
    // Pages of other origins may read what everybody may: viewers of such documents are pages.
    let open = ("access-control-allow-origin", "*");
    (
        [(CONTENT_TYPE.as_str(), "application/json"), open],
        Json(document).into_response().into_body(),
    )
        .into_response()
}
