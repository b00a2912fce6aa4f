//! A connection, byte by byte, for clients that are slow, silent or odd. Must not know what is
//! answered.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// An open connection.
pub(crate) struct Wire {
    stream: TcpStream,
    /// What has arrived and was not looked at.
    rest: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the header lines, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of an error.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await.unwrap().unwrap();
        Self { stream, rest: Vec::new() }
    }

    /// Sends bytes. The other side may have closed by now; what it answered tells.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.ok();
    }

    /// Whether bytes still find a taker.
    pub(crate) async fn accepts(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn half_close(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let head = self.until(b"\r\n\r\n").await;
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = self.chunks().await;
        } else if let Some(length) = answer.header("content-length") {
            answer.body = self.exactly(length.parse().unwrap()).await;
        }
        answer
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let size = self.until(b"\r\n").await;
            let size = usize::from_str_radix(str::from_utf8(&size).unwrap().trim(), 16).unwrap();
            let mut chunk = self.exactly(size + 2).await;
            chunk.truncate(size);
            body.append(&mut chunk);
            if size == 0 {
                return body;
            }
        }
    }

    /// Waits until something has arrived, and takes it out.
    pub(crate) async fn some(&mut self) -> Vec<u8> {
        self.need_more().await;
        std::mem::take(&mut self.rest)
    }

    /// Puts back what was taken out.
    pub(crate) fn put_back(&mut self, bytes: Vec<u8>) {
        self.rest.splice(0..0, bytes);
    }

    /// Whether an answer, or the end, has arrived by now.
    pub(crate) async fn has_answer(&mut self) -> bool {
        let moment = std::time::Duration::from_millis(50);
        let mut byte = [0];
        timeout(moment, self.stream.peek(&mut byte)).await.is_ok()
    }

    /// All that comes until the other side closes. A reset is an end, too.
    pub(crate) async fn until_closed(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.rest)
    }

    async fn until(&mut self, mark: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.rest.windows(mark.len()).position(|bytes| bytes == mark) {
                return self.rest.drain(..at + mark.len()).collect();
            }
            self.need_more().await;
        }
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.rest.len() < length {
            self.need_more().await;
        }
        self.rest.drain(..length).collect()
    }

    async fn need_more(&mut self) {
        let more = self.more().await;
        assert!(more, "the connection ended after {:?}", String::from_utf8_lossy(&self.rest));
    }

    async fn more(&mut self) -> bool {
        let mut bytes = [0; 64 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut bytes)).await.unwrap();
        let count = read.unwrap_or(0);
        self.rest.extend_from_slice(&bytes[..count]);
        count > 0
    }
}
