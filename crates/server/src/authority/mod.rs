//! The authority of `--dev`: signs made-up people and applications in, and issues the tokens that
//! the register takes, by the endpoints, words and numbers of Entra ID. Must not know the register
//! beyond its tenants and permissions.
//!
//! Nobody has a password here, so that a program of this machine can do what its person can. What it
//! guards is that a page in a developer's browser, or a program that only listens on another port,
//! gets no token that a person has not given it.

mod authorize;
mod bounded;
mod browser;
mod clients;
mod codes;
mod device;
mod devices;
mod directory;
mod discovery;
pub mod error;
mod issue;
mod own_app;
mod page;
mod params;
mod people;
mod redirect;
mod refresh;
mod reply;
pub mod routes;
mod scope;
mod secrets;
mod sign_in;
mod token;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use axum::{Router, body::Bytes};
use http::{HeaderMap, Method, header};
use odata::DateTimeOffset;
use store::{Clock, Store};

use crate::auth::SigningKey;
use crate::http::{Called, Origins};
use clients::Clients;
pub(crate) use clients::PUBLIC_CLIENT;
use codes::Codes;
use devices::Devices;
use directory::Directory;
use error::{Fault, Refusal, Trace};
pub(crate) use own_app::OwnApp;
use params::Params;
pub(crate) use redirect::is_address;
use refresh::Revoked;
use routes::{Endpoint, ROUTES, Route};

/// Most bytes of a form.
const MAX_FORM_BYTES: usize = 256 * 1024;
/// Longest `client-request-id` that is given back.
const MAX_CORRELATION_ID: usize = 128;
const TICKS_PER_MS: i64 = DateTimeOffset::TICKS_PER_SECOND / 1_000;

/// Why the authority cannot begin: its file of what was revoked.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The file cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// It holds something else.
    #[error("{} cannot be read: remove it to have a new one made", .0.display())]
    Unreadable(PathBuf),
}

/// The authority of a register.
pub(crate) struct Authority {
    key: Arc<SigningKey>,
    store: Arc<Store>,
    clock: Clock,
    origins: Origins,
    app: OwnApp,
    clients: Clients,
    codes: Mutex<Codes>,
    devices: Mutex<Devices>,
    revoked: Mutex<Revoked>,
}

/// What the authority works with.
pub(crate) struct Parts {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) app: OwnApp,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Clock,
    pub(crate) origins: Origins,
    /// Addresses besides those of this machine that answers may be sent to.
    pub(crate) redirects: Vec<String>,
}

/// A request on its way through the authority.
struct Call {
    called: Called,
    method: Method,
    /// The tenant's segment, as sent.
    tenant: String,
    headers: HeaderMap,
    params: Params,
    trace: Trace,
}

impl Authority {
    /// The authority of a register, which keeps in the data directory what was revoked.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub(crate) fn open(data: &Path, parts: Parts) -> Result<Self, AuthorityError> {
        let Parts { key, app, store, clock, origins, redirects } = parts;
        Ok(Self {
            key,
            store,
            clock,
            origins,
            clients: Clients::new(&app.client_id, &app.client_secret, redirects),
            app,
            codes: Mutex::new(Codes::new()),
            devices: Mutex::new(Devices::new()),
            revoked: Mutex::new(Revoked::open(data)?),
        })
    }

    /// Id and secret of the application that it comes with.
    pub(crate) fn app(&self) -> (&str, &str) {
        (&self.app.client_id, &self.app.client_secret)
    }

    /// Its routes.
    pub(crate) fn router(self) -> Router {
        let authority = Arc::new(self);
        ROUTES.iter().fold(Router::new(), |router, route| {
            let authority = Arc::clone(&authority);
            let answer = move |request| async move { authority.answer(route, request).await };
            router.route(route.template, any(answer))
        })
    }

    async fn answer(&self, route: &Route, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let Some(called) = head.extensions.get::<Called>().cloned() else {
            return reply::nothing();
        };
        let method = if head.method == Method::HEAD { Method::GET } else { head.method };
        let query = head.uri.query().unwrap_or_default();
        let read = match method {
            Method::POST => form(&head.headers, body).await,
            _ => Ok(Bytes::copy_from_slice(query.as_bytes())),
        };
        let in_query = Params::parse(query.as_bytes());
        let trace = self.trace(&called, &head.headers, &in_query);
        let mut call = Call {
            called,
            tenant: route.tenant_in(head.uri.path()).to_owned(),
            method,
            headers: head.headers,
            params: in_query,
            trace,
        };
        if call.method == Method::OPTIONS && route.is_service {
            return browser::preflight(self, &call, route);
        }
        let outcome = match (read, route.takes(&call.method)) {
            (_, false) => Err(wrong_method(&call, route)),
            (Err(refusal), true) => Err(refusal),
            (Ok(bytes), true) => {
                call.params = Params::parse(&bytes);
                self.dispatch(route, &call).await
            }
        };
        match outcome {
            Ok(response) if route.is_service => browser::shared(self, &call, response),
            Ok(response) => response,
            Err(refusal) if route.is_service => {
                browser::shared(self, &call, reply::refusal(&refusal, &call.trace, route))
            }
            Err(refusal) => page::refusal(&refusal, &call.trace, route),
        }
    }

    async fn dispatch(&self, route: &Route, call: &Call) -> Result<Response, Refusal> {
        if call.method == Method::POST && route.is_service {
            browser::may_ask(self, call)?;
        }
        match route.endpoint {
            Endpoint::Metadata => discovery::metadata(self, call, discovery::Version::Two).await,
            Endpoint::FirstMetadata => {
                discovery::metadata(self, call, discovery::Version::One).await
            }
            Endpoint::Keys => discovery::keys(self, call).await,
            Endpoint::Token => token::token(self, call).await,
            Endpoint::DeviceCode => device::code(self, call).await,
            Endpoint::DevicePage => device::page(self, call),
            Endpoint::Authorize => authorize::authorize(self, call).await,
            Endpoint::SignIn => sign_in::answer(self, call).await,
            Endpoint::SignOut => sign_in::out(self, call).await,
        }
    }

    fn trace(&self, called: &Called, headers: &HeaderMap, query: &Params) -> Trace {
        let trace_id = called.request_id.to_string();
        let header = headers.get("client-request-id").and_then(|id| id.to_str().ok());
        let is_id = |id: &&str| {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            id.len() <= MAX_CORRELATION_ID && !id.is_empty() && id.bytes().all(is_letter)
        };
        let correlation = header.or_else(|| query.get("client-request-id")).filter(is_id);
        let correlation_id = correlation.map_or_else(|| trace_id.clone(), str::to_owned);
        Trace { trace_id, correlation_id, at: self.clock.now() }
    }

    /// Whom the path is about.
    async fn directory(&self, call: &Call) -> Result<Directory, Refusal> {
        Directory::find(&call.tenant, &self.store).await
    }

    fn now(&self) -> i64 {
        self.clock.unix_seconds()
    }

    fn now_ms(&self) -> i64 {
        (self.clock.ticks() - DateTimeOffset::UNIX_EPOCH_TICKS) / TICKS_PER_MS
    }

    fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn devices(&self) -> MutexGuard<'_, Devices> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn revoked(&self) -> MutexGuard<'_, Revoked> {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the form in a body.
async fn form(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::new(
            Fault::Malformed,
            "The request body must be a form: send Content-Type application/x-www-form-urlencoded.",
        ));
    }
    to_bytes(body, MAX_FORM_BYTES).await.map_err(|_| {
        let message = format!("The form broke off, or has more than {MAX_FORM_BYTES} bytes.");
        Refusal::new(Fault::Malformed, message)
    })
}

fn wrong_method(call: &Call, route: &Route) -> Refusal {
    let message = format!(
        "The endpoint only accepts {} requests. Received a {} request.",
        route.allow(),
        call.method
    );
    Refusal::new(Fault::WrongMethod, message)
}
