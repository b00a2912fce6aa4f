//! Connections: accepting them, how slow they may be, how they end. Must not know what requests
//! mean.
//!
//! A client that is slow or silent holds nothing up: handshakes, heads and writes have deadlines,
//! and when all places are taken the connection that has been idle longest makes room.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use store::Clock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::Peer;
use super::malformed::ErrorForm;
use super::measure::Measure;
use super::places::{Place, Places};
use super::taken::Taken;

/// How long a client may take for the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take for the head of a request, the silence before it included.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take none of an answer's bytes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long accepting rests after the system refused, as when it is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests in work may take to end when the service stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client that was let in before the service stopped may take for its first request.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Most connections that the system has accepted, and the service has not, that a stop still lets in.
const MAX_WAITING: usize = 1_024;
/// Largest head of a request. The service itself refuses smaller ones, in JSON.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Requests that one HTTP/2 connection may have in work. Clients wait with further ones.
const MAX_STREAMS: u32 = 128;
/// How often an HTTP/2 client that says nothing is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(30);

/// A listener, and TLS if it speaks that.
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// What is made of its connections before HTTP is spoken.
    pub tls: Option<TlsAcceptor>,
}

/// All connections of the service.
#[derive(Debug)]
pub struct Connections {
    service: Service,
    places: Arc<Places>,
    stopping: watch::Sender<bool>,
    /// Every connection holds a sender; when all are gone, all have ended.
    open: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

/// What requests are handed to.
#[derive(Clone, Debug)]
struct Service {
    router: Router,
    clock: Clock,
    measure: Option<Measure>,
}

impl Connections {
    /// No connections yet, and at most `limit` at a time.
    pub fn new(router: Router, limit: usize, clock: Clock) -> Self {
        let (open, ended) = mpsc::channel(1);
        let (service, places) =
            (Service { router, clock, measure: None }, Arc::new(Places::new(limit)));
        Self { service, places, stopping: watch::Sender::new(false), open, ended }
    }

    /// Has what cannot be read as HTTP measured.
    pub(crate) fn measured(mut self, measure: Option<Measure>) -> Self {
        self.service.measure = measure;
        self
    }

    /// Starts to accept connections from a listener.
    pub fn accept(&self, listener: Listener) {
        let (service, places) = (self.service.clone(), Arc::clone(&self.places));
        let mut stopping = self.stopping.subscribe();
        let open = self.open.clone();
        let begin = move |stream, tls, place, stopping| {
            let work = connection(stream, tls, service.clone(), Arc::new(place), stopping);
            let open = open.clone();
            tokio::spawn(async move {
                if let Err(error) = work.await {
                    tracing::debug!(error, "connection ended");
                }
                drop(open);
            });
        };
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.socket.accept() => accepted,
                    _ = stopping.changed() => break,
                };
                match accepted {
                    Ok((stream, _)) => {
                        let place = places.take().await;
                        begin(stream, listener.tls.clone(), place, stopping.clone());
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept connections for a moment");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
            for stream in waiting(listener.socket, places.limit()) {
                begin(stream, listener.tls.clone(), places.take().await, stopping.clone());
            }
        });
    }

    /// Looks up how many connections are open, and how many requests they have in work.
    pub(crate) fn census(&self) -> impl Fn() -> (usize, usize) + Send + Sync + 'static {
        let places = Arc::clone(&self.places);
        move || places.census()
    }

    /// Stops accepting, lets what was accepted be answered, and returns when all is done.
    pub async fn stop(self) {
        let Self { stopping, open, mut ended, .. } = self;
        stopping.send_replace(true);
        drop(open);
        if tokio::time::timeout(STOP_TIMEOUT, ended.recv()).await.is_err() {
            tracing::warn!("stopped with requests still in work");
        }
    }
}

/// Closes a socket, and gives the connections that waited at it, as many as may be served: their
/// clients were let in by the system, and may have sent a request.
fn waiting(socket: TcpListener, limit: usize) -> Vec<TcpStream> {
    let Ok(socket) = socket.into_std() else { return Vec::new() };
    let mut streams = Vec::new();
    while streams.len() < limit.min(MAX_WAITING) {
        let accepted = socket.accept().and_then(|(stream, _)| {
            stream.set_nonblocking(true)?;
            TcpStream::from_std(stream)
        });
        match accepted {
            Ok(stream) => streams.push(stream),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "connections that waited are not accepted");
                break;
            }
        }
    }
    streams
}

/// Why a connection ended before its time.
type Ended = Box<dyn std::error::Error + Send + Sync>;

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    service: Service,
    place: Arc<Place>,
    stopping: watch::Receiver<bool>,
) -> Result<(), Ended> {
    let peer =
        Peer { remote: stream.peer_addr()?, local: stream.local_addr()?, is_secure: tls.is_some() };
    // Without it an answer may wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let stream = Taken::new(Box::pin(stream), Arc::clone(&place));
    let Some(tls) = tls else {
        return serve_http1(stream, peer, service, &place, stopping).await;
    };
    let stream = tokio::select! {
        stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)) => stream??,
        () = place.asked_to_leave() => return Ok(()),
        () = stopped_for(stopping.clone(), FIRST_REQUEST_TIMEOUT) => return Ok(()),
    };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        serve_http2(stream, peer, service, &place, stopping).await
    } else {
        serve_http1(stream, peer, service, &place, stopping).await
    }
}

async fn serve_http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    service: Service,
    place: &Place,
    stopping: watch::Receiver<bool>,
) -> Result<(), Ended> {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        // Who has sent all may say so, and still waits for the answer.
        .half_close(true);
    let stream =
        ErrorForm::new(stream, service.clock.clone(), peer.is_secure, service.measure.clone());
    let answers = service_fn(|request| service.answer(request, peer, place));
    let connection = builder.serve_connection(TokioIo::new(stream), answers);
    until_its_end(connection, place, stopping, |connection| connection.graceful_shutdown()).await
}

async fn serve_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    service: Service,
    place: &Arc<Place>,
    stopping: watch::Receiver<bool>,
) -> Result<(), Ended> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(WRITE_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX));
    // The requests of one connection are in work side by side, each as a task of its own.
    let shared = Arc::clone(place);
    let answers = service_fn(move |request| {
        let (service, place) = (service.clone(), Arc::clone(&shared));
        async move { service.answer(request, peer, &place).await }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), answers);
    until_its_end(connection, place, stopping, |connection| connection.graceful_shutdown()).await
}

/// Runs a connection until its client ends it, it has to make room, or the service stops and what
/// it has accepted is answered. Whoever has just come gets the time to say what for.
async fn until_its_end<C>(
    connection: C,
    place: &Place,
    stopping: watch::Receiver<bool>,
    shut_down: impl FnOnce(Pin<&mut C>),
) -> Result<(), Ended>
where
    C: Future<Output = hyper::Result<()>>,
{
    tokio::pin!(connection);
    let stopped = stopped(stopping);
    tokio::pin!(stopped);
    // The connection is looked at first: what has been sent is read before anything ends it.
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return Ok(ended?),
            // A request may have come since.
            () = place.asked_to_leave() => if place.is_idle() { return Ok(()) },
            () = stopped.as_mut() => break,
        }
    }
    tokio::select! {
        biased;
        ended = connection.as_mut() => return Ok(ended?),
        () = place.has_begun() => {}
        () = place.asked_to_leave() => if place.is_idle() { return Ok(()) },
        () = tokio::time::sleep(FIRST_REQUEST_TIMEOUT) => {}
    }
    shut_down(connection.as_mut());
    Ok(connection.await?)
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the service is gone: that is a stop, too.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

async fn stopped_for(stopping: watch::Receiver<bool>, time: Duration) {
    stopped(stopping).await;
    tokio::time::sleep(time).await;
}

impl Service {
    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        peer: Peer,
        place: &Place,
    ) -> Result<Response, Infallible> {
        let _in_work = place.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        self.router.clone().oneshot(request).await
    }
}
