//! The load: keep-alive connections that each send a request, read its answer, and send the next.
//!
//! It shares the cores with the server, so it does the least that still proves each answer: the
//! request is put together from ready-made bytes, and of the answer it reads the status, the
//! length and exactly that many bytes. It must not know which server it drives.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::muster::COLLECTION;
use crate::support::{Failure, answer};
use crate::workload::Workload;

/// A server that has not answered for so long after the end of a round will not.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is sent to one server, over any number of connections.
pub(crate) struct Load {
    address: SocketAddr,
    request: Request,
    rows: Vec<Row>,
    stamp: AtomicU64,
}

/// What a request asks for, and in whose name.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) token: Arc<str>,
}

/// What the connections saw in one round.
pub(crate) struct Answers {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// One for each answer, in nanoseconds, in no order.
    pub(crate) latencies: Vec<u32>,
}

impl Load {
    /// A load of this kind on these rows.
    pub(crate) fn new(workload: Workload, address: SocketAddr, rows: Vec<Row>) -> Self {
        let request = Request::new(workload, address);
        Self { address, request, rows, stamp: AtomicU64::new(0) }
    }

    /// Keeps `connections` busy for `duration`; each has its own share of the rows.
    /// Any answer but 200 is a failure.
    pub(crate) async fn run(
        self: &Arc<Self>,
        connections: usize,
        duration: Duration,
    ) -> Result<Answers, Failure> {
        let mut streams = Vec::with_capacity(connections);
        for _ in 0..connections {
            streams.push(answer::connect(self.address).await?);
        }
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for (place, stream) in streams.into_iter().enumerate() {
            let load = Arc::clone(self);
            let end = began + duration;
            tasks.spawn(async move { load.keep_busy(stream, place, connections, end).await });
        }
        let collected = tokio::time::timeout(duration + PATIENCE, collect(tasks));
        let latencies = collected.await.map_err(|_| {
            format!("{} left a request unanswered for {PATIENCE:?}", self.address)
        })??;
        Ok(Answers { elapsed: began.elapsed(), latencies })
    }

    /// One connection's round: every `connections`th row from `place`, again and again.
    async fn keep_busy(
        &self,
        mut stream: TcpStream,
        place: usize,
        connections: usize,
        end: Instant,
    ) -> Result<Vec<u32>, Failure> {
        let mut latencies = Vec::new();
        let mut sent = Vec::with_capacity(4096);
        let mut received = Vec::with_capacity(16 * 1024);
        let mut began = Instant::now();
        for row in self.rows.iter().skip(place).step_by(connections).cycle() {
            let stamp = self.stamp.fetch_add(1, Ordering::Relaxed);
            self.request.put_together(row, stamp, &mut sent);
            let written = stream.write_all(&sent).await;
            written.map_err(|error| format!("cannot send to {}: {error}", self.address))?;
            read_ok(&mut stream, &mut received)
                .await
                .map_err(|fault| format!("{} for {}: {fault}", self.address, row.id))?;
            let ended = Instant::now();
            latencies.push(u32::try_from((ended - began).as_nanos()).unwrap_or(u32::MAX));
            if ended >= end {
                break;
            }
            began = ended;
        }
        Ok(latencies)
    }
}

pub(crate) async fn collect(
    mut tasks: JoinSet<Result<Vec<u32>, Failure>>,
) -> Result<Vec<u32>, Failure> {
    let mut all = Vec::new();
    while let Some(task) = tasks.join_next().await {
        let latencies = task.map_err(|error| format!("a connection's task failed: {error}"))??;
        all.extend(latencies);
    }
    Ok(all)
}

/// A request in ready-made parts, between which come the id, the token and, in a write, a stamp.
struct Request {
    before_id: Vec<u8>,
    before_token: Vec<u8>,
    after_token: Vec<u8>,
    workload: Workload,
}

impl Request {
    /// The same bytes for every server, so that each pays for reading the same headers.
    fn new(workload: Workload, address: SocketAddr) -> Self {
        let method = workload.method();
        let before_id = format!("{method} {COLLECTION}/");
        let before_token = format!(" HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer ");
        let mut after_token = "\r\nAccept: application/json\r\n".to_owned();
        if workload == Workload::Write {
            let length = change(0).len();
            after_token += "Content-Type: application/json\r\n";
            after_token += &format!("Content-Length: {length}\r\n");
        }
        after_token += "\r\n";
        Self {
            before_id: before_id.into_bytes(),
            before_token: before_token.into_bytes(),
            after_token: after_token.into_bytes(),
            workload,
        }
    }

    fn put_together(&self, row: &Row, stamp: u64, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&self.before_id);
        into.extend_from_slice(row.id.as_bytes());
        into.extend_from_slice(&self.before_token);
        into.extend_from_slice(row.token.as_bytes());
        into.extend_from_slice(&self.after_token);
        match self.workload {
            Workload::Read => {}
            Workload::Write => into.extend_from_slice(change(stamp).as_bytes()),
        }
    }
}

/// The body of a write. No two stamps of a run are the same, so that each write is a real change;
/// all bodies are equally long.
fn change(stamp: u64) -> String {
    format!("{{\"description\":\"{}\"}}", description(stamp))
}

/// What a write describes a row as.
pub(crate) fn description(stamp: u64) -> String {
    format!("Counted in shelf {stamp:012}")
}

/// Reads one answer, which must be a 200.
async fn read_ok(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<(), Failure> {
    match answer::read(stream, received).await?.status {
        200 => Ok(()),
        _ => Err(format!("wanted 200, got: {}", String::from_utf8_lossy(received))),
    }
}
