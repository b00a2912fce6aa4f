//! The two servers that muster is measured against, each the least that could do the work.
//!
//! `BareAxum` serialises one entity. `FsyncLog` keeps its rows in a map, appends every change to a
//! log and answers when it is on disk: no engine, no history, no index, no token.
//! They must not know muster; they share only its allocator and its HTTP library.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use axum::Router;
use axum::body::Body;
use axum::extract::{self, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::{get, patch};
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::entity::{self, Entity};
use crate::support::Failure;
use crate::support::muster::COLLECTION;
use crate::support::process::Process;

const SERVE_BARE_AXUM: &str = "serve-bare-axum";
const SERVE_FSYNC_LOG: &str = "serve-fsync-log";

/// A server to compare with.
pub(crate) enum Baseline {
    /// The floor of reads.
    BareAxum,
    /// The floor of durable writes: the log file and the number of rows.
    FsyncLog { log: PathBuf, rows: usize },
}

impl Baseline {
    /// What the tables call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::BareAxum => "bare axum",
            Self::FsyncLog { .. } => "axum + fsynced log",
        }
    }

    /// The command line that makes this executable the server.
    fn arguments(&self) -> Vec<String> {
        match self {
            Self::BareAxum => vec![SERVE_BARE_AXUM.to_owned()],
            Self::FsyncLog { log, rows } => {
                vec![SERVE_FSYNC_LOG.to_owned(), rows.to_string(), log.display().to_string()]
            }
        }
    }

    /// The inverse of [`Baseline::arguments`]; `None` when the process is to be something else.
    pub(crate) fn from_arguments(arguments: &[String]) -> Option<Self> {
        match arguments {
            [role] if role == SERVE_BARE_AXUM => Some(Self::BareAxum),
            [role, rows, log] if role == SERVE_FSYNC_LOG => {
                Some(Self::FsyncLog { log: PathBuf::from(log), rows: rows.parse().ok()? })
            }
            _ => None,
        }
    }

    /// Starts this executable again, as the server, which writes its address as its first line.
    pub(crate) fn start(&self) -> Result<(Process, SocketAddr), Failure> {
        let executable = std::env::current_exe()
            .map_err(|error| format!("cannot find this executable to start it again: {error}"))?;
        let mut command = Command::new(executable);
        command.args(self.arguments()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let mut line = String::new();
        if let Some(output) = process.child().stdout.take() {
            // What cannot be read is no address, which the next line says.
            let _ = BufReader::new(output).read_line(&mut line);
        }
        match line.trim_end().parse() {
            Ok(address) => Ok((process, address)),
            Err(_) => Err(format!("{} wrote {line:?} in place of its address", self.name())),
        }
    }
}

/// Serves on a free loopback port, written to standard output as one line, until it is killed.
pub(crate) fn serve(baseline: Baseline) -> Result<(), Failure> {
    let path = format!("{COLLECTION}/{{id}}");
    let router = match baseline {
        Baseline::BareAxum => Router::new().route(&path, get(read)),
        Baseline::FsyncLog { log, rows } => {
            let register = Arc::new(Register::open(&log, rows)?);
            Router::new().route(&path, patch(update)).with_state(register)
        }
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(accept(router)))
        .map_err(|error| format!("the baseline server failed: {error}"))
}

/// hyper's HTTP/1 connection around axum's router: what `axum::serve` does, less its choice
/// between protocols.
async fn accept(router: Router) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::print(&format!("{}\n", listener.local_addr()?)).map_err(std::io::Error::other)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            // A connection that breaks shows at the client, which ends the run.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn read(extract::Path(id): extract::Path<String>) -> Response<Body> {
    answer(Entity::never_contacted(&id, "BENCH00000000").json())
}

async fn update(
    State(register): State<Arc<Register>>,
    extract::Path(id): extract::Path<String>,
    body: Bytes,
) -> Response<Body> {
    let Ok(change) = serde_json::from_slice::<Change>(&body) else {
        return status(StatusCode::BAD_REQUEST);
    };
    let Some(written) = register.apply(&id, change) else {
        return status(StatusCode::NOT_FOUND);
    };
    match written.await {
        Ok(text) => answer(Ok(text)),
        Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn answer(text: serde_json::Result<Vec<u8>>) -> Response<Body> {
    let Ok(text) = text else { return status(StatusCode::INTERNAL_SERVER_ERROR) };
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[derive(Deserialize)]
struct Change {
    description: Option<String>,
}

struct Row {
    identifier: String,
    description: Option<String>,
    revision: u64,
}

/// An entity on its way to the disk, and who waits for it.
struct Line {
    text: Vec<u8>,
    written: oneshot::Sender<Vec<u8>>,
}

/// The rows in memory, and the way to the thread that makes their changes durable.
struct Register {
    rows: Mutex<HashMap<String, Row>>,
    log: mpsc::Sender<Line>,
}

impl Register {
    fn open(log: &Path, rows: usize) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|error| format!("cannot open the log {}: {error}", log.display()))?;
        let (sender, waiting) = mpsc::channel();
        std::thread::spawn(move || {
            if let Err(error) = write_log(file, &waiting) {
                crate::say(&format!("the baseline's log cannot be written: {error}"));
                std::process::exit(1);
            }
        });
        let rows = entity::ids(rows).into_iter().enumerate().map(|(row, id)| {
            (id, Row { identifier: entity::identifier(row), description: None, revision: 1 })
        });
        Ok(Self { rows: Mutex::new(rows.collect()), log: sender })
    }

    /// Changes the row and queues it for the log, both under the lock, so that the log has the
    /// order of the changes. `None` when there is no such row.
    fn apply(&self, id: &str, change: Change) -> Option<oneshot::Receiver<Vec<u8>>> {
        let (written, receiver) = oneshot::channel();
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let row = rows.get_mut(id)?;
        row.description = change.description;
        row.revision += 1;
        let etag = format!("W/\"{}\"", row.revision);
        let mut entity = Entity::never_contacted(id, &row.identifier);
        entity.etag = &etag;
        entity.description = row.description.as_deref();
        let text = entity.json().ok()?;
        self.log.send(Line { text, written }).ok()?;
        Some(receiver)
    }
}

/// Takes whatever waits, writes it at once, syncs once, and then answers all of it.
fn write_log(mut file: File, waiting: &mpsc::Receiver<Line>) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    while let Ok(first) = waiting.recv() {
        lines.push(first);
        lines.extend(waiting.try_iter());
        buffer.clear();
        for line in &lines {
            buffer.extend_from_slice(&line.text);
            buffer.push(b'\n');
        }
        file.write_all(&buffer)?;
        file.sync_data()?;
        for line in lines.drain(..) {
            // The client may have gone; the line is written all the same.
            let _ = line.written.send(line.text);
        }
    }
    Ok(())
}
