//! The one keep-alive connection that everything is asked over, and how long each answer took.
//!
//! It must not know what the answers should be.

use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::muster::{COLLECTION, Muster};
use crate::support::{Failure, answer};

/// What a query part of a URL cannot hold as it is.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'+').add(b'<').add(b'>');

/// muster's own deadline is shorter.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Client {
    stream: TcpStream,
    origin: String,
    headers: String,
    received: Vec<u8>,
}

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// From the first byte sent to the last one received.
    pub(crate) took: Duration,
}

/// The path of the collection with a query whose text is not encoded yet.
pub(crate) fn target(query: &str) -> String {
    format!("{COLLECTION}?{}", utf8_percent_encode(query, ENCODED))
}

impl Client {
    pub(crate) async fn connect(muster: &Muster) -> Result<Self, Failure> {
        let Muster { address, token, .. } = muster;
        let headers = format!(
            " HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Accept: application/json\r\n"
        );
        Ok(Self {
            stream: answer::connect(*address).await?,
            origin: format!("http://{address}"),
            headers,
            received: Vec::with_capacity(256 * 1024),
        })
    }

    pub(crate) async fn get(&mut self, target: &str) -> Result<Answer, Failure> {
        self.send(&format!("GET {target}{}\r\n", self.headers)).await
    }

    pub(crate) async fn patch(&mut self, target: &str, body: &str) -> Result<Answer, Failure> {
        let length = body.len();
        self.send(&format!(
            "PATCH {target}{}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n\
             {body}",
            self.headers
        ))
        .await
    }

    /// What a link leads to, without the server that has given it.
    pub(crate) fn target_of(&self, link: &str) -> Result<String, Failure> {
        link.strip_prefix(&self.origin)
            .map(str::to_owned)
            .ok_or_else(|| format!("the link {link} does not lead to {}", self.origin))
    }

    async fn send(&mut self, request: &str) -> Result<Answer, Failure> {
        let began = Instant::now();
        let exchange = async {
            let sent = self.stream.write_all(request.as_bytes()).await;
            sent.map_err(|error| format!("cannot send: {error}"))?;
            answer::read(&mut self.stream, &mut self.received).await
        };
        let head = tokio::time::timeout(PATIENCE, exchange)
            .await
            .map_err(|_| format!("muster has not answered for {PATIENCE:?}"))??;
        let took = began.elapsed();
        let body = self.received.get(head.length..).unwrap_or_default().to_vec();
        Ok(Answer { status: head.status, body, took })
    }
}
