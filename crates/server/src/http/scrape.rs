//! The metrics, for Prometheus to fetch. Must not know what is measured.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::error::ErrorKind;
use super::routes::{HEALTH, METRICS, READY};
use crate::meters::Meters;

/// The text format of Prometheus.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The one route.
pub(crate) fn router(meters: Meters) -> Router {
    Router::new().route(METRICS, get(scrape)).with_state(meters)
}

/// What a listener answers that has only this and health.
pub(crate) fn alone(routes: Router) -> Router {
    routes.fallback(async || {
        let there_is = format!("Here are {METRICS}, {HEALTH} and {READY}.\n");
        (ErrorKind::NotFound.row().0, there_is)
    })
}

async fn scrape(State(meters): State<Meters>) -> Response {
    // It looks at every series: too long for a thread that serves others.
    let text = tokio::task::spawn_blocking(move || meters.render()).await;
    match text {
        Ok(text) => ([(CONTENT_TYPE, TEXT)], text).into_response(),
        Err(_) => ErrorKind::Internal.row().0.into_response(),
    }
}
