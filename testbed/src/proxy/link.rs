//! One connection through the proxy: what goes up to the server, and what comes down.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::exchange::Exchange;
use super::wire::Message;
use super::{Cut, locked};

/// A connection of a client, and the one to the server that belongs to it.
#[derive(Clone)]
pub(crate) struct Link(Arc<Ends>);

struct Ends {
    client: TcpStream,
    server: TcpStream,
    exchange: Mutex<Exchange>,
    /// Whether the server's next byte answers a request for encryption.
    answers_in_a_byte: AtomicBool,
}

impl Link {
    pub(crate) fn new(client: TcpStream, server: TcpStream) -> Self {
        // What is to arrive at once must not wait for more.
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let (exchange, answers_in_a_byte) = (Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Ends { client, server, exchange, answers_in_a_byte }))
    }

    /// Ends it in both directions.
    pub(crate) fn cut(&self) {
        let _ = self.0.client.shutdown(Shutdown::Both);
        let _ = self.0.server.shutdown(Shutdown::Both);
    }

    /// Passes everything on until an end closes, or a message brings about a cut.
    pub(crate) fn run(&self, cut_at: impl Fn(&[u8]) -> Option<Cut>) {
        thread::scope(|scope| {
            scope.spawn(|| {
                let _ = self.down();
                self.cut();
            });
            let _ = self.up(cut_at);
            self.cut();
        });
    }

    fn up(&self, cut_at: impl Fn(&[u8]) -> Option<Cut>) -> io::Result<()> {
        let (mut client, mut server) = (BufReader::new(&self.0.client), &self.0.server);
        let mut is_greeted = false;
        loop {
            let message = if is_greeted {
                Message::read(&mut client)?
            } else {
                Message::read_first(&mut client)?
            };
            if !is_greeted && message.asks_for_encryption() {
                self.0.answers_in_a_byte.store(true, Ordering::SeqCst);
            } else {
                is_greeted = true;
                let cut = match cut_at(&message.bytes) {
                    Some(Cut::Unsent) => return Ok(()),
                    Some(Cut::Answered(bytes)) => Some(bytes),
                    None => None,
                };
                locked(&self.0.exchange).ask(&message, cut);
            }
            server.write_all(&message.bytes)?;
        }
    }

    fn down(&self) -> io::Result<()> {
        let (mut client, mut server) = (&self.0.client, BufReader::new(&self.0.server));
        loop {
            let mut kind = [0];
            server.read_exact(&mut kind)?;
            if self.0.answers_in_a_byte.swap(false, Ordering::SeqCst) {
                client.write_all(&kind)?;
                continue;
            }
            let message = Message::after(kind[0], &mut server)?;
            let passed = locked(&self.0.exchange).answer(&message);
            client.write_all(message.bytes.get(..passed.bytes).unwrap_or_default())?;
            if passed.is_last {
                return Ok(());
            }
        }
    }
}
