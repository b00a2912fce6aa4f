//! HTTP on top of the register: finds the route, lets the caller in, has the operation done, and
//! turns whatever comes of it into an answer and one log line. Must not know SQL.

mod asked;
mod batch;
mod beside;
pub mod connections;
pub(crate) mod describe;
pub mod error;
mod extract;
pub(crate) mod health;
mod identities;
mod malformed;
mod measure;
mod negotiate;
mod origin;
pub mod paging;
mod places;
mod respond;
pub mod routes;
pub(crate) mod scrape;
mod summaries;
mod taken;
pub mod test_bench;
mod throttle;

use std::any::Any;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, header};
use model::render::Form;
use odata::{Options, SystemOption};
use store::Clock;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use uuid::Uuid;

use crate::auth::{Access, Gate, Principal, Tokens};
use crate::ops::Register;
pub(crate) use beside::{Beside, Called};
use error::{ApiError, ErrorKind};
use extract::BodyBudget;
pub(crate) use measure::Measure;
use measure::Purpose;
pub(crate) use origin::LOOPBACK;
pub use origin::Origins;
use paging::Paging;
use respond::{Manner, Reply};
use routes::{Found, Operation};
use throttle::Throttle;
pub use throttle::Throttling;

/// Longest path and query (odata.md, Limits).
const MAX_URL_BYTES: usize = 16 * 1024;
/// Most bytes of headers together.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Most headers: as many as the HTTP library reads without reaching for memory.
const MAX_HEADERS: usize = 100;
/// Answers smaller than this travel as fast without compression.
const COMPRESS_FROM_BYTES: u64 = 1_024;
/// Most characters of a path in the log.
const MAX_LOGGED_PATH: usize = 512;
/// Longest `client-request-id` that is echoed and kept, in bytes.
const MAX_CLIENT_REQUEST_ID: usize = 128;

/// What a client may ask for at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body, after inflating it.
    pub body_bytes: usize,
    /// Rows of an import or search.
    pub rows: usize,
    /// Time for a request, from its head to its answer.
    pub time: Duration,
    /// Requests.
    pub throttling: Throttling,
}

/// All that handlers work with.
#[derive(Debug)]
pub struct App {
    gate: Gate,
    register: Register,
    origins: Origins,
    paging: Paging,
    limits: Limits,
    throttle: Throttle,
    bodies: BodyBudget,
    clock: Clock,
    measure: Option<Measure>,
}

impl App {
    /// Puts the parts together. `paging_key` authenticates the tokens in links to next pages.
    pub fn new(
        gate: Gate,
        register: Register,
        origins: Origins,
        paging_key: &[u8],
        limits: Limits,
        clock: Clock,
    ) -> Self {
        Self {
            gate,
            register,
            origins,
            paging: Paging::new(paging_key),
            limits,
            throttle: Throttle::new(limits.throttling),
            bodies: BodyBudget::new(limits.body_bytes),
            clock,
            measure: None,
        }
    }

    /// Has its requests measured.
    pub(crate) fn measured(self, measure: Option<Measure>) -> Self {
        Self { measure, ..self }
    }

    /// Whether there are keys that tokens can be verified by.
    pub(crate) fn knows_keys(&self) -> bool {
        self.gate.knows_keys()
    }

    /// The tokens that were looked at so far.
    pub(crate) fn tokens(&self) -> Tokens {
        self.gate.tokens()
    }
}

/// The service: what a connection hands its requests to.
pub fn router(app: Arc<App>) -> Router {
    let compression = CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_FROM_BYTES));
    Router::new().fallback(answer).with_state(app).layer(compression)
}

/// The two ends of the connection that a request came by. The connection puts it into the
/// request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The client's end.
    pub remote: SocketAddr,
    /// The service's end.
    pub local: SocketAddr,
    /// Whether TLS lies between.
    pub is_secure: bool,
}

/// What the answer to a request says besides what was asked for.
struct Envelope {
    request_id: Uuid,
    /// The id that the client gave the request, as sent.
    client_request_id: Option<HeaderValue>,
    /// Whether it came over TLS.
    is_secure: bool,
}

impl Envelope {
    /// The id that the client gave the request, as text.
    fn client_id(&self) -> Option<String> {
        let id = self.client_request_id.as_ref()?;
        Some(String::from_utf8_lossy(id.as_bytes()).into_owned())
    }
}

/// A request on its way through the service.
struct Call {
    envelope: Envelope,
    peer: Option<Peer>,
    head: http::request::Parts,
    deadline: Instant,
    /// The root of the API as it was called, for links.
    root: String,
    /// The form of the answer's JSON, as soon as it is known.
    form: Form,
    /// What was called, as soon as it is known.
    operation: Option<Operation>,
    /// Who called, as soon as it is known.
    principal: Option<Principal>,
    /// Whether it is part of a batch.
    is_part: bool,
}

impl Call {
    /// A request that was begun now.
    fn new(app: &App, head: http::request::Parts, now: Instant) -> Self {
        let peer = head.extensions.get::<Peer>().copied();
        Self {
            envelope: Envelope {
                request_id: app.clock.guid(),
                client_request_id: client_request_id(&head.headers),
                is_secure: peer.is_some_and(|peer| peer.is_secure),
            },
            peer,
            head,
            deadline: now + app.limits.time,
            root: String::new(),
            form: Form::default(),
            operation: None,
            principal: None,
            is_part: false,
        }
    }

    fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    fn manner(&self) -> Manner<'_> {
        Manner { root: &self.root, form: self.form }
    }
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let call = Call::new(&app, head, Instant::now());
    carry_out(&app, call, Ok(body)).await
}

/// Serves a request, or tells why it is not served, and sees to all that every request has: an
/// answer whatever happens, a measure, one log line. It came by itself or in a batch.
async fn carry_out(app: &App, mut call: Call, body: Result<Body, ApiError>) -> Response {
    let started = Instant::now();
    let work = async {
        match body {
            Ok(body) => serve(app, &mut call, body).await,
            Err(refusal) => Err(refusal),
        }
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| Err(ApiError::internal(panicked(&panic))));
    let cause = outcome.as_ref().err().map(|error| (error.kind, describe(error)));
    let response = match outcome {
        Ok(reply) => respond::success(reply, &call.envelope),
        Err(error) => respond::failure(error, &call.envelope, app.clock.now()),
    };
    let took = started.elapsed();
    if let Some(measure) = &app.measure {
        let purpose = call.operation.map_or(Purpose::Nothing, Purpose::Operation);
        measure.answered(purpose, response.status(), took);
        if let Some((kind, _)) = cause {
            measure.refused(kind);
        }
    }
    log(&call, &response, took, cause);
    response
}

/// The id that a client gave its request, if it is one to keep.
fn client_request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get("client-request-id")?;
    (!id.is_empty() && id.len() <= MAX_CLIENT_REQUEST_ID).then(|| id.clone())
}

async fn serve(app: &App, call: &mut Call, body: Body) -> Result<Reply, ApiError> {
    check_head(&call.head)?;
    negotiate::version(call.headers())?;
    negotiate::isolation(call.headers())?;
    let Found { route, id } = routes::find(&call.head.method, call.head.uri.path())?;
    call.operation = Some(route.operation);
    let origin = app.origins.origin(&call.head, call.peer)?;
    call.root = format!("{origin}/{}", routes::VERSION);
    let authorization = call.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    match route.access {
        Access::Public => {}
        Access::Bearer => app.gate.believe(authorization).await?,
        Access::AnyOf(any_of) => {
            let principal = app.gate.admit(authorization, any_of).await?;
            let principal = call.principal.insert(principal);
            app.throttle.admit(principal, &call.head.method)?;
        }
    }
    let options = asked::options(call, route.operation)?;
    match route.operation {
        // It has forms of its own.
        Operation::Metadata => {}
        Operation::Count => negotiate::format(call.headers(), &options)?.text()?,
        _ => call.form = negotiate::format(call.headers(), &options)?.json()?,
    }
    dispatch(app, call, route.operation, &id, &options, body).await
}

async fn dispatch(
    app: &App,
    call: &Call,
    operation: Operation,
    id: &str,
    options: &Options,
    body: Body,
) -> Result<Reply, ApiError> {
    match (operation, &call.principal) {
        (Operation::ServiceDocument, _) => Ok(respond::service_document(call.manner())),
        (Operation::Metadata, _) => {
            describe::metadata(call.headers(), options.get(SystemOption::Format))
        }
        (Operation::Batch, _) => batch::serve(app, call, body).await,
        (_, None) => Err(ApiError::internal("an operation of the register without a caller")),
        (Operation::List, Some(caller)) => identities::list(app, call, caller, options).await,
        (Operation::Count, Some(caller)) => identities::count(app, call, caller, options).await,
        (Operation::Get, Some(caller)) => identities::get(app, call, caller, id, options).await,
        (Operation::Create, Some(caller)) => identities::create(app, call, caller, body).await,
        (Operation::Update, Some(caller)) => identities::update(app, call, caller, id, body).await,
        (Operation::Delete, Some(caller)) => identities::delete(app, call, caller, id).await,
        (Operation::Import, Some(caller)) => identities::import(app, call, caller, body).await,
        (Operation::Search, Some(caller)) => identities::search(app, call, caller, body).await,
    }
}

/// Limits of the request's head. What is larger still, the HTTP library cuts off.
fn check_head(head: &http::request::Parts) -> Result<(), ApiError> {
    let url = head.uri.path_and_query().map_or(0, |url| url.as_str().len());
    if url > MAX_URL_BYTES {
        return Err(ApiError::bad_request(format!(
            "The URL has {url} bytes; at most {MAX_URL_BYTES} are taken."
        )));
    }
    // Those of a request that came by itself the HTTP library has counted.
    if head.headers.len() > MAX_HEADERS {
        return Err(ApiError::head_too_large());
    }
    let bytes: usize =
        head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(ApiError::new(
            ErrorKind::HeadTooLarge,
            format!("The headers have {bytes} bytes; at most {MAX_HEADER_BYTES} are taken."),
        ));
    }
    Ok(())
}

/// What a handler said when it panicked. The request gets an answer all the same.
fn panicked(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a handler panicked: {}", said.unwrap_or("without a word"))
}

/// What the log says of an error: the cause where the client learns less, else its message. Of a
/// request that is wrong in itself only that it is: the message repeats what the client sent.
fn describe(error: &ApiError) -> String {
    match (&error.cause, error.kind) {
        (Some(cause), _) => cause.clone(),
        (None, ErrorKind::BadRequest | ErrorKind::ModelValidation | ErrorKind::NotImplemented) => {
            error.kind.row().1.to_owned()
        }
        (None, _) => error.message.clone(),
    }
}

/// As much of a path as a line of the log has room for. Those that are served are shorter.
fn shown(path: &str) -> &str {
    path.char_indices().nth(MAX_LOGGED_PATH).map_or(path, |(end, _)| path.split_at(end).0)
}

/// One line for each request. It holds no token, no body and no query string.
fn log(call: &Call, response: &Response, took: Duration, error: Option<(ErrorKind, String)>) {
    let status = response.status().as_u16();
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let (method, path) = (call.head.method.as_str(), shown(call.head.uri.path()));
    let tenant = call.principal.as_ref().map(|principal| principal.tenant().to_string());
    let (request_id, tenant) = (call.envelope.request_id.hyphenated(), tenant.as_deref());
    match error {
        None => tracing::info!(%request_id, method, path, status, us, tenant, "served"),
        Some((ErrorKind::Internal, error)) => {
            tracing::error!(%request_id, method, path, status, us, tenant, error, "failed");
        }
        Some((_, error)) => {
            tracing::info!(%request_id, method, path, status, us, tenant, error, "refused");
        }
    }
}
