//! What stands beside the API: sign-in, health, the test bench. Such routes get here what the API
//! sees to by itself: a check of the host, a deadline, an id, one log line, and the headers of
//! security. Must not know what they do.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::header::{CACHE_CONTROL, HeaderValue, STRICT_TRANSPORT_SECURITY};
use store::Clock;
use uuid::Uuid;

use super::error::{ApiError, ErrorKind};
use super::measure::{Measure, Purpose};
use super::{Envelope, Origins, Peer, respond};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// What such routes have in common.
#[derive(Clone, Debug)]
pub(crate) struct Beside {
    /// The hosts that are served.
    pub(crate) origins: Origins,
    /// Time for a request.
    pub(crate) time: Duration,
    /// For ids.
    pub(crate) clock: Clock,
    /// Whether browsers are to be bound to TLS. Under `--dev` they are not: what binds `localhost`
    /// binds all its ports (RFC 6797, 8.2), whoever's they are, for a year.
    pub(crate) is_strict: bool,
    /// Where requests are told to.
    pub(crate) measure: Option<Measure>,
    /// Whether successes are not worth a line in the log: machines ask again and again.
    pub(crate) is_quiet: bool,
}

/// How the client called, and what its request is called in the log. A handler takes it from the
/// request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// The client's end of the connection.
    pub(crate) remote: Option<SocketAddr>,
    /// The request's id.
    pub(crate) request_id: Uuid,
}

impl Beside {
    /// Puts the common things around routes.
    pub(crate) fn around(self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self, answer))
    }
}

async fn answer(State(common): State<Beside>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let peer = request.extensions().get::<Peer>().copied();
    let envelope = Envelope {
        request_id: common.clock.guid(),
        client_request_id: None,
        is_secure: peer.is_some_and(|peer| peer.is_secure),
    };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut refused = None;
    let mut response = match common.handle(request, envelope.request_id, peer, next).await {
        Ok(response) => response,
        Err(error) => {
            refused = Some(error.kind);
            respond::failure(error, &envelope, common.clock.now())
        }
    };
    let headers = response.headers_mut();
    headers.insert(respond::REQUEST_ID, respond::request_id(&envelope));
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
    if envelope.is_secure && common.is_strict {
        headers.insert(STRICT_TRANSPORT_SECURITY, respond::ONE_YEAR);
    }
    let (request_id, status) = (envelope.request_id.hyphenated(), response.status().as_u16());
    let took = started.elapsed();
    if let Some(measure) = &common.measure {
        measure.answered(Purpose::Beside, response.status(), took);
        if let Some(kind) = refused {
            measure.refused(kind);
        }
    }
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let method = method.as_str();
    if common.is_quiet && response.status().is_success() {
        tracing::debug!(%request_id, method, path, status, us, "served");
    } else {
        tracing::info!(%request_id, method, path, status, us, "served");
    }
    response
}

impl Beside {
    async fn handle(
        &self,
        request: Request,
        request_id: Uuid,
        peer: Option<Peer>,
        next: Next,
    ) -> Result<Response, ApiError> {
        let (head, body) = request.into_parts();
        let origin = self.origins.origin(&head, peer)?;
        let mut request = Request::from_parts(head, body);
        let remote = peer.map(|peer| peer.remote);
        request.extensions_mut().insert(Called { origin, remote, request_id });
        let work = tokio::time::timeout(self.time, next.run(request)).await;
        work.map_err(|_| {
            let ms = self.time.as_millis();
            let message = format!("The request did not arrive or end within {ms} ms.");
            ApiError::new(ErrorKind::RequestTimeout, message)
        })
    }
}
