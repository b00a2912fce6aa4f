//! Reads bodies within limits of size, time and memory. Must not know what they mean.

use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;
use super::error::{ApiError, ErrorKind};

/// Bytes that all bodies in work may hold together, if one alone may not have more: connections
/// are many, memory is not.
const BUDGET_BYTES: usize = 256 * 1024 * 1024;
/// What a permit stands for.
const PERMIT_BYTES: usize = 4 * 1024;

/// The memory that bodies share.
#[derive(Debug)]
pub(super) struct BodyBudget(Arc<Semaphore>);

/// A body, with the part of the budget that it holds.
pub(super) struct Payload {
    pub(super) bytes: Bytes,
    _held: Held,
}

struct Held {
    budget: Arc<Semaphore>,
    permits: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl BodyBudget {
    /// The budget where one body may have `largest` bytes: such a one must find room, twice where
    /// it came compressed, and once more where it is a batch, for the bodies in it.
    pub(super) fn new(largest: usize) -> Self {
        let bytes = BUDGET_BYTES.max(largest.saturating_mul(3));
        let permits = (bytes / PERMIT_BYTES).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(permits)))
    }

    fn hold(&self) -> Held {
        Held { budget: Arc::clone(&self.0), permits: None, bytes: 0 }
    }
}

impl Held {
    /// Takes what `bytes` more need: none, while they fit into what is held. How a client cuts its
    /// body into pieces must not count.
    fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let before = self.bytes.div_ceil(PERMIT_BYTES);
        self.bytes = self.bytes.saturating_add(bytes);
        let permits = self.bytes.div_ceil(PERMIT_BYTES) - before;
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.budget).try_acquire_many_owned(permits).map_err(|_| {
            ApiError::unavailable(
                "The service is busy with large requests; try again after the time in \
                 Retry-After.",
                "the memory for bodies is used up",
            )
        })?;
        match &mut self.permits {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// Reads a JSON body: the type is checked, gzip is inflated.
pub(super) async fn json(
    headers: &HeaderMap,
    body: Body,
    budget: &BodyBudget,
    limits: &Limits,
    deadline: Instant,
) -> Result<Payload, ApiError> {
    check_type(headers)?;
    let gzip = is_gzip(headers)?;
    let mut held = budget.hold();
    let sent = read(body, &mut held, limits, deadline).await?;
    let payload = if gzip {
        inflate(sent, held, limits.body_bytes).await?
    } else {
        Payload { bytes: sent, _held: held }
    };
    if payload.bytes.is_empty() {
        return Err(ApiError::payload("the body is empty"));
    }
    Ok(payload)
}

fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Err(ApiError::payload("the header Content-Type is missing: send application/json"));
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    let media = value.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let shown: String = media.chars().take(60).collect();
    Err(ApiError::payload(&format!("Content-Type is '{shown}': send application/json")))
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, ApiError> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(false) };
    match value.to_str().unwrap_or_default().trim() {
        "" => Ok(false),
        coding if coding.eq_ignore_ascii_case("identity") => Ok(false),
        coding if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") => {
            Ok(true)
        }
        coding => {
            let shown: String = coding.chars().take(60).collect();
            Err(ApiError::payload(&format!("Content-Encoding is '{shown}': send gzip or none")))
        }
    }
}

async fn read(
    mut body: Body,
    held: &mut Held,
    limits: &Limits,
    deadline: Instant,
) -> Result<Bytes, ApiError> {
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > u64::try_from(limits.body_bytes).unwrap_or(u64::MAX) {
        return Err(over(limits.body_bytes));
    }
    let mut whole = BytesMut::new();
    loop {
        let frame = tokio::time::timeout_at(deadline.into(), body.frame()).await.map_err(|_| {
            let ms = limits.time.as_millis();
            let message = format!("The body did not arrive within {ms} ms.");
            ApiError::new(ErrorKind::RequestTimeout, message)
        })?;
        let Some(frame) = frame else { return Ok(whole.freeze()) };
        let frame =
            frame.map_err(|error| ApiError::payload(&format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > limits.body_bytes {
            return Err(over(limits.body_bytes));
        }
        held.grow(data.len())?;
        whole.extend_from_slice(&data);
    }
}

/// Inflates on a thread for blocking work: a few KiB may become many MiB. What they need is held
/// there: that work goes on when the client has gone.
async fn inflate(sent: Bytes, mut held: Held, most: usize) -> Result<Payload, ApiError> {
    // What is inflated is not known before; so much may be needed, and no more is used.
    held.grow(most.min(sent.len().saturating_mul(1_032)))?;
    let work = tokio::task::spawn_blocking(move || {
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let mut whole = Vec::new();
        let read = MultiGzDecoder::new(sent.as_ref()).take(limit).read_to_end(&mut whole);
        read.map(|_| Payload { bytes: Bytes::from(whole), _held: held })
    });
    let payload = work
        .await
        .map_err(|error| ApiError::internal(error.to_string()))?
        .map_err(|error| ApiError::payload(&format!("the body is not sound gzip: {error}")))?;
    if payload.bytes.len() > most { Err(over(most)) } else { Ok(payload) }
}

fn over(most: usize) -> ApiError {
    ApiError::too_large(&format!("a body may have at most {most} bytes, counted after inflating"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::mpsc;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::FutureExt;
    use tokio::task::spawn_blocking;

    use super::*;

    const LARGEST: usize = 1024 * 1024;

    fn compressed(bytes: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn what_is_inflated_for_a_client_that_has_gone_still_counts() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.max_blocking_threads(1).build().unwrap().block_on(async {
            let budget = BodyBudget::new(LARGEST);
            let free = || budget.0.available_permits();
            let all = free();
            // The one thread is busy, so that the inflating has to wait for it.
            let (release, released) = mpsc::channel::<()>();
            let busy = spawn_blocking(move || released.recv().is_err());
            let sent = compressed(&[b' '; LARGEST]);
            let mut work = Box::pin(inflate(sent, budget.hold(), LARGEST));
            assert!(work.as_mut().now_or_never().is_none());
            drop(work);
            assert_eq!(free(), all - LARGEST / PERMIT_BYTES, "while it is still to be done");
            drop(release);
            assert!(busy.await.unwrap());
            spawn_blocking(|| ()).await.unwrap();
            assert_eq!(free(), all, "when it is done");
        });
    }
}
