//! A load balancer as plain as can be: each connection goes to the next process that accepts it. It
//! can keep answers back, and lose them. Must not know what is said.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::outside::until;

const CHUNK: usize = 16 * 1024;

/// A balancer on a port of the loopback, which goes with this.
pub(crate) struct Balancer {
    address: SocketAddr,
    held: Arc<Held>,
    serving: JoinHandle<()>,
}

/// Answers that are kept back: the process that gives them, and how many there are.
#[derive(Default)]
struct Held {
    process: watch::Sender<Option<SocketAddr>>,
    count: AtomicUsize,
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Balancer {
    pub(crate) async fn start(processes: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (processes, held): (Arc<[SocketAddr]>, _) = (processes.into(), Arc::default());
        let shared = Arc::clone(&held);
        let serving = tokio::spawn(async move {
            for turn in 0.. {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(pass_on(client, Arc::clone(&processes), turn, Arc::clone(&shared)));
            }
        });
        Self { address, held, serving }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Keeps back what a process answers, and waits until that are so many answers.
    pub(crate) async fn hold_back(&self, process: SocketAddr, count: usize) {
        self.held.count.store(0, Ordering::Relaxed);
        self.held.process.send_replace(Some(process));
        until("answers are kept back", async || self.held.count.load(Ordering::Relaxed) >= count)
            .await;
    }

    /// Loses what was kept back, with its connections, and keeps nothing back any more.
    pub(crate) fn lose_held(&self) {
        self.held.process.send_replace(None);
    }
}

/// Finds a process for a connection; where nobody accepts it, it is closed.
async fn pass_on(
    mut client: TcpStream,
    processes: Arc<[SocketAddr]>,
    turn: usize,
    held: Arc<Held>,
) {
    for next in 0..processes.len() {
        let process = processes[(turn + next) % processes.len()];
        if let Ok(mut server) = TcpStream::connect(process).await {
            let (mut asked, mut answers) = client.split();
            let (mut answered, mut asks) = server.split();
            tokio::select! {
                _ = copy(&mut asked, &mut asks) => {}
                _ = carry(&mut answered, &mut answers, process, &held) => {}
            }
            return;
        }
    }
}

/// Carries answers of a process to whoever waits for them, until either end is gone or they are lost.
async fn carry(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    process: SocketAddr,
    held: &Held,
) -> std::io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        let mut kept_back = held.process.subscribe();
        if *kept_back.borrow() == Some(process) {
            held.count.fetch_add(1, Ordering::Relaxed);
            kept_back.wait_for(|of| *of != Some(process)).await.ok();
            return Ok(());
        }
        to.write_all(&chunk[..length]).await?;
    }
}
