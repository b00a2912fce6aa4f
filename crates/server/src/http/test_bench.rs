//! The test bench, which `--dev` alone has: puts a tenant's register back to what it began with, or
//! to a snapshot. Who calls shows a token as everywhere, and works on the token's tenant. That also
//! keeps pages in browsers away: they have no token, and get none sent along. Must not know how
//! states are kept.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use http::{HeaderMap, Method, header};
use model::render::Form;
use serde_json::json;
use store::{BEGINNING, SnapshotStep};
use uuid::Uuid;

use super::error::ApiError;
use super::respond::{self, Reply};
use super::{App, Called, Envelope, Peer, client_request_id};
use crate::auth::Access;
use crate::ops;

/// Longest name of a snapshot.
const MAX_NAME: usize = 64;
const NAME: &str = "{name}";

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Puts the register back to what it began with: a seed, samples, or nothing.
    Reset,
    /// Names the snapshots, the oldest first.
    List,
    /// Keeps the register as it is under a name.
    Take,
    /// Puts the register back to what was kept under a name.
    Restore,
    /// Forgets what was kept under a name.
    Forget,
}

/// One row of the table.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for that of a snapshot.
    pub template: &'static str,
    /// What it does.
    pub action: Action,
}

const fn route(method: Method, template: &'static str, action: Action) -> Route {
    Route { method, template, action }
}

/// All routes of the test bench.
pub static ROUTES: [Route; 5] = [
    route(Method::POST, "/dev/reset", Action::Reset),
    route(Method::GET, "/dev/snapshot", Action::List),
    route(Method::POST, "/dev/snapshot/{name}", Action::Take),
    route(Method::POST, "/dev/snapshot/{name}/restore", Action::Restore),
    route(Method::DELETE, "/dev/snapshot/{name}", Action::Forget),
];

/// Who may call.
const ACCESS: Access = Access::MANAGE;

/// Serves the routes.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut templates: Vec<&'static str> = ROUTES.iter().map(|route| route.template).collect();
    templates.sort_unstable();
    templates.dedup();
    templates.into_iter().fold(Router::new(), |router, template| {
        let app = Arc::clone(app);
        let serve = move |request| async move { answer(&app, template, request).await };
        router.route(template, any(serve))
    })
}

async fn answer(app: &App, template: &'static str, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let peer = head.extensions.get::<Peer>().copied();
    let called = head.extensions.get::<Called>();
    let envelope = Envelope {
        request_id: called.map_or_else(Uuid::nil, |called| called.request_id),
        client_request_id: client_request_id(&head.headers),
        is_secure: peer.is_some_and(|peer| peer.is_secure),
    };
    let name = name_in(template, head.uri.path());
    let outcome = match find(template, &head.method) {
        Ok(action) => serve(app, action, name, &head.headers, &envelope, peer).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(reply) => respond::success(reply, &envelope),
        Err(error) => respond::failure(error, &envelope, app.clock.now()),
    }
}

async fn serve(
    app: &App,
    action: Action,
    name: &str,
    headers: &HeaderMap,
    envelope: &Envelope,
    peer: Option<Peer>,
) -> Result<Reply, ApiError> {
    let Access::AnyOf(any_of) = ACCESS else { return Err(ApiError::internal("a public bench")) };
    let authorization = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
    let caller = app.gate.admit(authorization, any_of).await?;
    let step = match action {
        Action::List => {
            let kept = app.register.snapshots(&caller).await?;
            let shown = kept.iter().map(|snapshot| {
                json!({ "name": snapshot.name, "createdDateTime": snapshot.taken.to_string() })
            });
            let list = json!({ "value": shown.collect::<Vec<_>>() });
            return Ok(Reply::json(list.to_string().into_bytes(), Form::default()));
        }
        Action::Reset => SnapshotStep::Restore(BEGINNING.to_owned()),
        Action::Take => SnapshotStep::Take(checked(name)?),
        Action::Restore => SnapshotStep::Restore(checked(name)?),
        Action::Forget => SnapshotStep::Forget(checked(name)?),
    };
    let request = ops::Request {
        id: envelope.request_id,
        client_id: envelope.client_id(),
        ip: peer.map(|peer| peer.remote.ip()),
        deadline: Instant::now() + app.limits.time,
    };
    let done = app.register.snapshot(&caller, request, step).await;
    done.map_err(|error| ApiError::write(error, name))?;
    Ok(Reply::no_content())
}

fn find(template: &str, method: &Method) -> Result<Action, ApiError> {
    let here = || ROUTES.iter().filter(|route| route.template == template);
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    here().find(|route| route.method == *asked).map(|route| route.action).ok_or_else(|| {
        let allowed: Vec<&str> = here().map(|route| route.method.as_str()).collect();
        ApiError::wrong_method(method, allowed.join(", "))
    })
}

/// The part of a path that stands where the template has the name.
fn name_in<'a>(template: &str, path: &'a str) -> &'a str {
    let place = template.split('/').position(|segment| segment == NAME);
    place.and_then(|place| path.split('/').nth(place)).unwrap_or_default()
}

/// The name of a snapshot, as it may be.
fn checked(name: &str) -> Result<String, ApiError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.len() <= MAX_NAME && !name.starts_with('.') && name.bytes().all(is_allowed) {
        return Ok(name.to_owned());
    }
    Err(ApiError::bad_request(format!(
        "A snapshot's name has 1 to {MAX_NAME} letters of ASCII, digits, '-', '_' and '.', and does \
         not begin with '.'."
    )))
}
