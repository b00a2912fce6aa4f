//! A proxy in front of a server, which cuts connections when it is told to: at once, or at a point
//! of the conversation. Nothing in it waits for a time.

mod exchange;
mod link;
mod wire;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use link::Link;

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the message: the server never hears of it.
    Unsent,
    /// Within the answer, behind so many of its bytes. By then the server has done all that it was
    /// asked for and has answered in full; with 0, the client hears nothing of that.
    Answered(usize),
}

/// A proxy on the loopback in front of a server without TLS. It ends, with its connections, when it
/// is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    server: SocketAddr,
    accepted: AtomicUsize,
    refuses: AtomicBool,
    ends: AtomicBool,
    /// Each applies once.
    cuts: Mutex<Vec<(Vec<u8>, Cut)>>,
    links: Mutex<HashMap<usize, Link>>,
}

impl Proxy {
    /// A proxy in front of the server at an address, on a port of its own.
    #[must_use]
    pub fn new(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            server,
            accepted: AtomicUsize::new(0),
            refuses: AtomicBool::new(false),
            ends: AtomicBool::new(false),
            cuts: Mutex::default(),
            links: Mutex::default(),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.accept(&listener)
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// Where the proxy listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections have been made to it, those that it refused included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Whether new connections are closed as soon as they are made.
    pub fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Cuts all connections that there are.
    pub fn cut_all(&self) {
        locked(&self.shared.links).values().for_each(Link::cut);
    }

    /// Cuts the connection on which the next message comes that holds a text, such as `COMMIT`.
    /// Each call cuts one connection.
    pub fn cut_at(&self, text: &str, cut: Cut) {
        locked(&self.shared.cuts).push((text.as_bytes().to_vec(), cut));
    }

    /// How many cuts no message has brought about yet.
    #[must_use]
    pub fn cuts_to_come(&self) -> usize {
        locked(&self.shared.cuts).len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().map(JoinHandle::join);
        self.cut_all();
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.ends.load(Ordering::SeqCst) {
                return;
            }
            let number = self.accepted.fetch_add(1, Ordering::SeqCst);
            let Ok(client) = client else { continue };
            if self.refuses.load(Ordering::SeqCst) {
                continue;
            }
            // Where the server is not there, the client finds its connection closed.
            let Ok(link) = TcpStream::connect(self.server).map(|to| Link::new(client, to)) else {
                continue;
            };
            locked(&self.links).insert(number, link.clone());
            let shared = Arc::clone(self);
            thread::spawn(move || {
                link.run(|message| shared.take_cut(message));
                locked(&shared.links).remove(&number);
            });
        }
    }

    /// The cut that a message brings about.
    fn take_cut(&self, message: &[u8]) -> Option<Cut> {
        let mut cuts = locked(&self.cuts);
        let holds = |text: &[u8]| message.windows(text.len().max(1)).any(|part| part == text);
        let at = cuts.iter().position(|(text, _)| holds(text))?;
        Some(cuts.remove(at).1)
    }
}

/// What one thread leaves behind when it panics is as good as before.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
