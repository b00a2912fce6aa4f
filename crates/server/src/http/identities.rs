//! The operations on the collection and on one identity, each in a few lines: read the request,
//! have the register do it, answer. Must not know storage or how callers are let in.

use axum::body::Body;
use model::{IdentityId, read_draft, read_import, read_patch, read_search};
use odata::{Options, SystemOption};
use store::{Position, Precondition, Query, StoreError};

use super::asked::{self, Asked};
use super::error::ApiError;
use super::extract::{self, Payload};
use super::negotiate::{self, Preferences};
use super::paging::Scope;
use super::respond::Reply;
use super::routes::COLLECTION;
use super::{App, Call, MAX_URL_BYTES, summaries};
use crate::auth::Principal;
use crate::ops::Request;

/// Rows on a page when the client does not say.
const PAGE: u64 = 100;
/// Most rows on a page.
const MAX_PAGE: u64 = 1_000;

pub(super) async fn list(
    app: &App,
    call: &Call,
    principal: &Principal,
    options: &Options,
) -> Result<Reply, ApiError> {
    if let Some(apply) = options.get(SystemOption::Apply) {
        return summaries::list(app, call, principal, options, apply).await;
    }
    let Asked { now, filter, search, order, select, after, top, skip, count } =
        Asked::read(options, &app.paging, principal.tenant(), app.clock.now())?;
    let preferences = preferences(call);
    let preferred = preferences.max_page_size;
    let size = top
        .unwrap_or(PAGE)
        .min(preferred.map_or(MAX_PAGE, |preferred| preferred.rows))
        .min(MAX_PAGE);
    let size = usize::try_from(size).unwrap_or_default();
    let of_all = match count {
        true => {
            Some(app.register.count(principal, filter.clone(), search.clone(), call.deadline).await)
        }
        false => None,
    };
    let of_all = of_all.transpose().map_err(|error| read_error(app, error))?;
    // One more than shown tells whether there is a next page.
    let limit = if size == 0 { 0 } else { size + 1 };
    let (filtered, searched) = (filter.clone(), search.clone());
    let query =
        Query { filter: filtered, search: searched, order: order.clone(), after, skip, limit };
    let page = app.register.page(principal, query, call.deadline);
    let mut rows = page.await.map_err(|error| read_error(app, error))?;
    let more = rows.len() > size;
    rows.truncate(size);
    let root = &call.root;
    let next_link = rows.last().filter(|_| more).map(|last| {
        let (filter, search) = (filter.as_ref(), search.as_ref());
        let scope = Scope { tenant: principal.tenant(), filter, search, order: &order };
        let token = app.paging.token(&scope, now, &Position::behind(last, &order));
        format!("{root}/{COLLECTION}?{}$skiptoken={token}", asked::carried_on(options))
    });
    // Whoever follows it must not be refused for its length.
    if next_link.as_ref().is_some_and(|link| link.len() > MAX_URL_BYTES) {
        return Err(ApiError::link_too_long());
    }
    let reply = Reply::page(&rows, call.manner(), select.as_ref(), of_all, next_link.as_deref());
    let reply = match preferred {
        Some(preferred) => reply.applied(&preferred.applied()),
        None => reply,
    };
    Ok(reply.with_members(preferences))
}

pub(super) async fn count(
    app: &App,
    call: &Call,
    principal: &Principal,
    options: &Options,
) -> Result<Reply, ApiError> {
    let Asked { filter, search, .. } =
        Asked::read(options, &app.paging, principal.tenant(), app.clock.now())?;
    let count = app.register.count(principal, filter, search, call.deadline).await;
    Ok(Reply::number(count.map_err(|error| read_error(app, error))?))
}

pub(super) async fn get(
    app: &App,
    call: &Call,
    principal: &Principal,
    id: &str,
    options: &Options,
) -> Result<Reply, ApiError> {
    let Asked { select, .. } =
        Asked::read(options, &app.paging, principal.tenant(), app.clock.now())?;
    let Precondition { if_match, if_none_match } = negotiate::precondition(call.headers())?;
    let row = app.register.get(principal, parse_id(id)?).await?;
    let row = row.ok_or_else(|| ApiError::not_found(id))?;
    if if_match.is_some_and(|wanted| !wanted.contain(row.rev)) {
        return Err(ApiError::write(store::WriteError::PreconditionFailed, id));
    }
    if if_none_match.is_some_and(|known| known.contain(row.rev)) {
        return Ok(Reply::not_modified(&row));
    }
    Ok(Reply::entity(&row, call.manner(), select.as_ref()).with_members(preferences(call)))
}

pub(super) async fn create(
    app: &App,
    call: &Call,
    principal: &Principal,
    body: Body,
) -> Result<Reply, ApiError> {
    let payload = payload(app, call, body).await?;
    let draft = read_draft(&payload.bytes, app.register.rules())?;
    let created = app.register.create(principal, request(call), draft).await;
    let row = created.map_err(|error| ApiError::write(error, ""))?;
    Ok(Reply::written(&row, call.manner(), true, preferences(call)))
}

pub(super) async fn update(
    app: &App,
    call: &Call,
    principal: &Principal,
    id: &str,
    body: Body,
) -> Result<Reply, ApiError> {
    let precondition = negotiate::precondition(call.headers())?;
    let payload = payload(app, call, body).await?;
    let patch = read_patch(&payload.bytes)?;
    let updated =
        app.register.update(principal, request(call), parse_id(id)?, precondition, patch).await;
    let row = updated.map_err(|error| ApiError::write(error, id))?;
    Ok(Reply::written(&row, call.manner(), false, preferences(call)))
}

pub(super) async fn delete(
    app: &App,
    call: &Call,
    principal: &Principal,
    id: &str,
) -> Result<Reply, ApiError> {
    let precondition = negotiate::precondition(call.headers())?;
    let deleted = app.register.delete(principal, request(call), parse_id(id)?, precondition).await;
    deleted.map_err(|error| ApiError::write(error, id))?;
    Ok(Reply::no_content())
}

pub(super) async fn import(
    app: &App,
    call: &Call,
    principal: &Principal,
    body: Body,
) -> Result<Reply, ApiError> {
    let payload = payload(app, call, body).await?;
    let most = app.limits.rows;
    let import = read_import(&payload.bytes, app.register.rules(), most)
        .map_err(|error| ApiError::import(error, most))?;
    drop(payload);
    let rows = app.register.import(principal, request(call), import).await;
    let rows = rows.map_err(|error| ApiError::write(error, ""))?;
    Ok(Reply::imported(&rows, call.manner()).with_members(preferences(call)))
}

pub(super) async fn search(
    app: &App,
    call: &Call,
    principal: &Principal,
    body: Body,
) -> Result<Reply, ApiError> {
    let payload = payload(app, call, body).await?;
    let most = app.limits.rows;
    let keys = read_search(&payload.bytes, most).map_err(|error| ApiError::import(error, most))?;
    drop(payload);
    let found = app.register.find(principal, keys, call.deadline).await;
    let rows = found.map_err(|error| read_error(app, error))?;
    Ok(Reply::found(&rows, call.manner()).with_members(preferences(call)))
}

async fn payload(app: &App, call: &Call, body: Body) -> Result<Payload, ApiError> {
    extract::json(call.headers(), body, &app.bodies, &app.limits, call.deadline).await
}

fn preferences(call: &Call) -> Preferences {
    negotiate::preferences(call.headers())
}

/// What the history is to know of the request.
fn request(call: &Call) -> Request {
    Request {
        id: call.envelope.request_id,
        client_id: call.envelope.client_id(),
        ip: call.peer.map(|peer| peer.remote.ip()),
        deadline: call.deadline,
    }
}

/// Ids are opaque to clients: what is none of ours names nothing.
fn parse_id(id: &str) -> Result<IdentityId, ApiError> {
    IdentityId::parse(id).ok_or_else(|| ApiError::not_found(id))
}

pub(super) fn read_error(app: &App, error: StoreError) -> ApiError {
    match error {
        StoreError::Deadline => ApiError::deadline(app.limits.time.as_millis()),
        other => other.into(),
    }
}
