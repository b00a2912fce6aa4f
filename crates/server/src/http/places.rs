//! The places that connections take: how many there may be, and who makes room for a new one.
//! Must not know what a connection is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long a connection must have been idle to make room for another.
const MIN_IDLE: Duration = Duration::from_millis(500);
/// The same for one with an answer on its way of which the client takes nothing. What it takes
/// comes in bursts, as the system's buffers drain.
const MIN_STALLED: Duration = Duration::from_secs(5);
/// How often it is looked for an idle one while there is no room.
const ROOM_PAUSE: Duration = Duration::from_millis(50);

/// All places.
#[derive(Debug)]
pub(super) struct Places {
    limit: usize,
    began: Instant,
    next: AtomicU64,
    taken: Mutex<HashMap<u64, Arc<State>>>,
}

/// What is known of the connection in a place.
#[derive(Debug)]
struct State {
    began: Instant,
    /// Requests in work.
    in_work: AtomicUsize,
    /// Since when there is none, or when the client last took some of an answer: nanoseconds since
    /// `began`.
    idle_since: AtomicU64,
    /// Whether bytes of an answer wait for the client.
    is_stalled: AtomicBool,
    /// There has been a request.
    begun: Notify,
    leave: Notify,
}

impl State {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn is_idle(&self) -> bool {
        self.in_work.load(Ordering::Relaxed) == 0
    }

    fn idle_since(&self) -> u64 {
        self.idle_since.load(Ordering::Relaxed)
    }

    /// Whether it has been idle for as long as one must to make room.
    fn has_rested(&self) -> bool {
        let enough = if self.is_stalled.load(Ordering::Relaxed) { MIN_STALLED } else { MIN_IDLE };
        u128::from(self.now().saturating_sub(self.idle_since())) >= enough.as_nanos()
    }
}

/// A taken place; dropping it frees it.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    state: Arc<State>,
}

impl Place {
    /// Marks the connection as busy for as long as the value lives.
    pub(super) fn begin(&self) -> InWork<'_> {
        self.state.in_work.fetch_add(1, Ordering::Relaxed);
        self.state.begun.notify_one();
        InWork(&self.state)
    }

    /// Whether no request is in work.
    pub(super) fn is_idle(&self) -> bool {
        self.state.is_idle()
    }

    /// The client has taken bytes of an answer.
    pub(super) fn took(&self) {
        self.state.is_stalled.store(false, Ordering::Relaxed);
        self.state.idle_since.store(self.state.now(), Ordering::Relaxed);
    }

    /// Bytes of an answer wait, and the client takes none.
    pub(super) fn takes_nothing(&self) {
        self.state.is_stalled.store(true, Ordering::Relaxed);
    }

    /// Ends when there has ever been a request. May be asked once.
    pub(super) async fn has_begun(&self) {
        self.state.begun.notified().await;
    }

    /// Ends when the connection has to make room.
    pub(super) async fn asked_to_leave(&self) {
        self.state.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// A request in work.
pub(super) struct InWork<'a>(&'a State);

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.in_work.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Places {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, began: Instant::now(), next: AtomicU64::new(0), taken: Mutex::default() }
    }

    /// How many there are.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many places are taken, and how many requests are in work there.
    pub(super) fn census(&self) -> (usize, usize) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let in_work = taken.values().map(|state| state.in_work.load(Ordering::Relaxed)).sum();
        (taken.len(), in_work)
    }

    /// Takes a place, as soon as there is one.
    pub(super) async fn take(self: &Arc<Self>) -> Place {
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
        let state = Arc::new(State {
            began: self.began,
            in_work: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            is_stalled: AtomicBool::new(false),
            begun: Notify::new(),
            leave: Notify::new(),
        });
        state.idle_since.store(state.now(), Ordering::Relaxed);
        taken.insert(number, Arc::clone(&state));
        Some(Place { places: Arc::clone(self), number, state })
    }
}

/// Tells the connection that has been idle longest to leave, if one has been idle long enough.
fn make_room(taken: &HashMap<u64, Arc<State>>) {
    let may_leave = taken.values().filter(|state| state.is_idle() && state.has_rested());
    if let Some(longest) = may_leave.min_by_key(|state| state.idle_since()) {
        longest.leave.notify_one();
    }
}
