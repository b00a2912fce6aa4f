//! Many requests in one: each is served as it would be by itself, at the same time as the others
//! unless it depends on one, and the answers go back together. Must not know what a request asks
//! for, nor who may ask for it.

mod answer;
mod json;
mod order;
mod read;

use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Uri};

use super::error::ApiError;
use super::extract;
use super::respond::{CLIENT_REQUEST_ID, Reply};
use super::routes::{self, Operation};
use super::{App, Call, carry_out};
use answer::Answer;
use order::{Order, Verdict};
use read::{Batch, Item};

/// Most requests in a batch.
pub(super) const MAX_ITEMS: usize = 20;
/// Requests of a batch that may answer with many rows and are served at once.
const MAX_BULKY: usize = 4;
/// Bytes of answers after which no further request of the batch is begun: together with those in
/// work then, it bounds the memory that a batch takes.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// Headers of a request that are always those of the batch: they say who calls, and where.
const OF_THE_BATCH: [HeaderName; 2] = [AUTHORIZATION, HOST];

/// Serves a batch.
pub(super) async fn serve(app: &App, call: &Call, body: Body) -> Result<Reply, ApiError> {
    if call.is_part {
        return Err(ApiError::bad_request(
            "A batch cannot hold another batch: put its requests into this one.",
        ));
    }
    let payload =
        extract::json(call.headers(), body, &app.bodies, &app.limits, call.deadline).await?;
    let items = Batch { root: &call.root, authorization: call.headers().get(AUTHORIZATION) }
        .read(&payload.bytes)?;
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let answers = answers(app, call, items).await;
    Ok(Reply::json(answer::together(&ids, answers), call.form))
}

/// Has the requests carried out, and gives their answers in the order of the requests.
async fn answers(app: &App, call: &Call, items: Vec<Item>) -> Vec<Answer> {
    let mut order = Order::new(items.iter().map(|item| (item.depends_on.clone(), bulky(item))));
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let mut items: Vec<Option<Item>> = items.into_iter().map(Some).collect();
    let mut answers: Vec<(usize, Answer)> = Vec::with_capacity(items.len());
    let mut in_work = FuturesUnordered::new();
    loop {
        let answered: usize = answers.iter().map(|(_, answer)| answer.body.len()).sum();
        while let Some((index, verdict)) = order.next() {
            let Some(item) = items.get_mut(index).and_then(Option::take) else { continue };
            let refusal = match verdict {
                Verdict::Failed(cause) => {
                    let cause = ids.get(cause).map_or("", String::as_str);
                    Some(ApiError::failed_dependency(cause))
                }
                Verdict::May if answered > MAX_ANSWER_BYTES => {
                    Some(ApiError::batch_answers(MAX_ANSWER_BYTES))
                }
                Verdict::May => None,
            };
            in_work.push(part(app, call, index, item, refusal));
        }
        let Some((index, answer)) = in_work.next().await else { break };
        order.done(index, answer.is_failure());
        answers.push((index, answer));
    }
    answers.sort_unstable_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Whether a request may answer with many rows: all of which it is not known that they do not.
fn bulky(item: &Item) -> bool {
    let path = item.target.path();
    routes::find(&item.method, path).is_ok_and(|found| match found.route.operation {
        Operation::ServiceDocument
        | Operation::Metadata
        | Operation::Batch
        | Operation::Count
        | Operation::Get
        | Operation::Create
        | Operation::Update
        | Operation::Delete => false,
        Operation::List | Operation::Import | Operation::Search => true,
    })
}

/// One request of the batch, on its way through the service. The future is boxed because that way
/// leads through here.
fn part<'a>(
    app: &'a App,
    batch: &'a Call,
    index: usize,
    item: Item,
    refusal: Option<ApiError>,
) -> BoxFuture<'a, (usize, Answer)> {
    Box::pin(async move {
        let (call, body) = call(app, batch, item);
        let method = call.head.method.clone();
        let response: Response = carry_out(app, call, refusal.map_or(Ok(body), Err)).await;
        (index, Answer::of(response, &method).await)
    })
}

/// The request as it would have come by itself, over the connection of the batch.
fn call(app: &App, batch: &Call, item: Item) -> (Call, Body) {
    let Item { method, target, headers, body, .. } = item;
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = method;
    head.uri = beside(&batch.head.uri, target);
    head.version = batch.head.version;
    head.headers = with_common(headers, batch.headers(), batch.envelope.client_request_id.as_ref());
    if let Some(peer) = batch.peer {
        head.extensions.insert(peer);
    }
    let call = Call { is_part: true, ..Call::new(app, head, Instant::now()) };
    (Call { deadline: batch.deadline, ..call }, Body::from(body))
}

/// A target at the host that the batch was sent to.
fn beside(batch: &Uri, target: PathAndQuery) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = batch.scheme().cloned();
    parts.authority = batch.authority().cloned();
    parts.path_and_query = Some(target.clone());
    Uri::from_parts(parts).unwrap_or_else(|_| Uri::from(target))
}

/// The headers of a request, with those that it has in common with the batch.
fn with_common(
    mut headers: HeaderMap,
    batch: &HeaderMap,
    client_request_id: Option<&HeaderValue>,
) -> HeaderMap {
    for name in OF_THE_BATCH {
        headers.remove(&name);
        for value in batch.get_all(&name) {
            headers.append(&name, value.clone());
        }
    }
    if let Some(id) = client_request_id {
        headers.entry(CLIENT_REQUEST_ID).or_insert_with(|| id.clone());
    }
    headers
}
