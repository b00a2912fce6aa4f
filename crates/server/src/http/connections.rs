//! Connections: accepting them, how many there may be, how slow they may be, how they end.
//! Must not know what requests mean.
//!
//! A client that is slow or silent holds nothing up: heads and writes have deadlines, and when all
//! places are taken the connection that has been idle longest makes room.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use store::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::Peer;
use super::malformed::ErrorForm;

/// How long a client may take for the head of a request, the silence before it included.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take none of an answer's bytes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection must have been idle to make room for another.
const MIN_IDLE: Duration = Duration::from_millis(500);
/// How often it is looked for an idle one while there is no room.
const ROOM_PAUSE: Duration = Duration::from_millis(50);
/// How long accepting rests after the system refused, as when it is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests in work may take to end when the service stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest head of a request. The service itself refuses smaller ones, in JSON.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// All connections of the service.
#[derive(Debug)]
pub struct Connections {
    router: Router,
    clock: Clock,
    places: Arc<Places>,
    stopping: watch::Sender<bool>,
    /// Every connection holds a sender; when all are gone, all have ended.
    open: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

impl Connections {
    /// No connections yet, and at most `limit` at a time.
    pub fn new(router: Router, limit: usize, clock: Clock) -> Self {
        let (open, ended) = mpsc::channel(1);
        let places = Arc::new(Places::new(limit));
        Self { router, clock, places, stopping: watch::Sender::new(false), open, ended }
    }

    /// Starts to accept connections from a listener.
    pub fn accept(&self, listener: TcpListener) {
        let (router, clock) = (self.router.clone(), self.clock.clone());
        let places = Arc::clone(&self.places);
        let mut stopping = self.stopping.subscribe();
        let open = self.open.clone();
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = stopping.changed() => return,
                };
                let (stream, _) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept connections for a moment");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                };
                let place = places.take().await;
                let (stopping, open) = (stopping.clone(), open.clone());
                let work = connection(stream, router.clone(), clock.clone(), place, stopping);
                tokio::spawn(async move {
                    if let Err(error) = work.await {
                        tracing::debug!(%error, "connection ended");
                    }
                    drop(open);
                });
            }
        });
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

async fn connection(
    stream: TcpStream,
    router: Router,
    clock: Clock,
    place: Place,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let peer = peer(&stream).ok();
    // Without it an answer may wait for the acknowledgement of the one before.
    drop(stream.set_nodelay(true));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let state = Arc::clone(&place.state);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().extend(peer.map(extension).unwrap_or_default());
        let (router, state) = (router.clone(), Arc::clone(&state));
        async move {
            let _busy = Busy::new(&state);
            router.oneshot(request).await
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    let stream = ErrorForm::new(Box::pin(stream), clock);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let stopped = async {
        // An error means that the service is gone: that is a stop, too.
        drop(stopping.wait_for(|stopping| *stopping).await);
    };
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = place.state.leave.notified() => return Ok(()),
        () = stopped => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

fn peer(stream: &TcpStream) -> io::Result<Peer> {
    Ok(Peer { remote: stream.peer_addr()?, local: stream.local_addr()? })
}

fn extension(peer: Peer) -> http::Extensions {
    let mut extensions = http::Extensions::new();
    extensions.insert(peer);
    extensions
}

/// The places that connections take.
#[derive(Debug)]
struct Places {
    limit: usize,
    began: Instant,
    next: AtomicU64,
    taken: Mutex<HashMap<u64, Arc<PlaceState>>>,
}

#[derive(Debug)]
struct PlaceState {
    began: Instant,
    /// Requests in work (0 or 1), or since when there is none: milliseconds since `began`.
    idle_since_ms: AtomicU64,
    leave: Notify,
}

/// Stands in the place of a time while a request is in work.
const BUSY: u64 = u64::MAX;

impl PlaceState {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }
}

/// Marks a connection as busy for as long as a request is in work.
struct Busy<'a>(&'a PlaceState);

impl<'a> Busy<'a> {
    fn new(state: &'a PlaceState) -> Self {
        state.idle_since_ms.store(BUSY, Ordering::Relaxed);
        Self(state)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.idle_since_ms.store(self.0.now_ms(), Ordering::Relaxed);
    }
}

/// A taken place; dropping it frees it.
struct Place {
    places: Arc<Places>,
    number: u64,
    state: Arc<PlaceState>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

impl Places {
    fn new(limit: usize) -> Self {
        let began = Instant::now();
        Self { limit, began, next: AtomicU64::new(0), taken: Mutex::default() }
    }

    /// Takes a place, as soon as there is one.
    async fn take(self: &Arc<Self>) -> Place {
        loop {
            if let Some(place) = self.try_take() {
                return place;
            }
            tokio::time::sleep(ROOM_PAUSE).await;
        }
    }

    fn try_take(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= self.limit {
            make_room(&taken);
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let state = Arc::new(PlaceState {
            began: self.began,
            idle_since_ms: AtomicU64::new(0),
            leave: Notify::new(),
        });
        state.idle_since_ms.store(state.now_ms(), Ordering::Relaxed);
        taken.insert(number, Arc::clone(&state));
        Some(Place { places: Arc::clone(self), number, state })
    }
}

/// Tells the connection that has been idle longest to leave.
fn make_room(taken: &HashMap<u64, Arc<PlaceState>>) {
    let since = |state: &PlaceState| state.idle_since_ms.load(Ordering::Relaxed);
    let idle = taken.values().filter(|state| since(state) != BUSY);
    let Some(longest) = idle.min_by_key(|state| since(state)) else { return };
    let idle_ms = longest.now_ms().saturating_sub(since(longest));
    if u128::from(idle_ms) >= MIN_IDLE.as_millis() {
        longest.leave.notify_one();
    }
}
