//! Requests that cannot be read as HTTP: the HTTP library refuses them before the service sees
//! them, with an empty body. Here its answer gets the form that every error has.
//! Must not know operations.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::response::Response;
use bytes::{Buf, Bytes};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue};
use http_body_util::{BodyExt, Collected};
use store::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::ApiError;
use super::measure::Measure;
use super::{Envelope, respond};

/// Most headers of the library's own answers.
const MAX_LINES: usize = 8;

/// A stream on which the HTTP library's own refusals are exchanged for the contract's.
#[derive(Debug)]
pub(super) struct ErrorForm<S> {
    stream: S,
    clock: Clock,
    is_secure: bool,
    measure: Option<Measure>,
    /// What is still to be written of an exchanged answer.
    waiting: Bytes,
}

impl<S: AsyncWrite + Unpin> ErrorForm<S> {
    pub(super) fn new(stream: S, clock: Clock, is_secure: bool, measure: Option<Measure>) -> Self {
        Self { stream, clock, is_secure, measure, waiting: Bytes::new() }
    }

    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.waiting.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.waiting))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ErrorForm<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_waiting(cx))?;
        // The library writes a refusal at once and alone: nothing follows it on the connection.
        if let [part] = parts
            && let Some(answer) = exchange(part, this)
        {
            this.waiting = answer;
            return Poll::Ready(Ok(part.len()));
        }
        Pin::new(&mut this.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_waiting(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_waiting(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ErrorForm<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

/// The contract's answer in place of the library's. `None` for whatever else is written: all
/// answers of the service carry a `request-id`.
fn exchange<S>(written: &[u8], form: &ErrorForm<S>) -> Option<Bytes> {
    let ErrorForm { clock, is_secure, measure, .. } = form;
    if !(written.starts_with(b"HTTP/1.1 4") && written.ends_with(b"\r\n\r\n")) {
        return None;
    }
    let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
    let mut head = httparse::Response::new(&mut lines);
    head.parse(written).ok().filter(httparse::Status::is_complete)?;
    let is_empty = |line: &httparse::Header<'_>| {
        line.name.eq_ignore_ascii_case("content-length") && line.value == b"0"
    };
    if !head.headers.iter().any(is_empty)
        || head.headers.iter().any(|line| line.name.eq_ignore_ascii_case("request-id"))
    {
        return None;
    }
    let error = ApiError::malformed(head.code?);
    let envelope =
        Envelope { request_id: clock.guid(), client_request_id: None, is_secure: *is_secure };
    if let Some(measure) = measure {
        measure.refused(error.kind);
    }
    tracing::info!(request_id = %envelope.request_id, error = error.message, "refused");
    let mut response = respond::failure(error, &envelope, clock.now());
    // The date, and that the connection is closed.
    for line in head.headers.iter().filter(|line| !is_empty(line)) {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        response.headers_mut().insert(name, HeaderValue::from_bytes(line.value).ok()?);
    }
    Some(serialise(response))
}

/// An answer as bytes. Its body is in memory as a whole.
fn serialise(response: Response) -> Bytes {
    let (head, body) = response.into_parts();
    let body = body.collect().now_or_never().and_then(Result::ok);
    let body = body.map(Collected::to_bytes).unwrap_or_default();
    let mut out =
        format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n", head.status, body.len()).into_bytes();
    for (name, value) in &head.headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
    out.into()
}
