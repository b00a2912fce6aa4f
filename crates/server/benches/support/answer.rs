//! Answers of HTTP/1.1, read off a keep-alive connection at the least cost that still proves them:
//! the status, the stated length, and exactly that many bytes.
//!
//! It must not know what was asked.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::Failure;

/// What the head of an answer says.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Where the body begins.
    pub(crate) length: usize,
    /// Where the body ends.
    end: usize,
}

/// A connection that sends each request at once.
pub(crate) async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await;
    stream
        .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
        .map_err(|error| format!("cannot connect to {address}: {error}"))
}

/// Reads one answer of a stated length, head and body.
pub(crate) async fn read(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<Head, Failure> {
    received.clear();
    let mut head = None;
    loop {
        let count = stream.read_buf(received).await.map_err(|error| error.to_string())?;
        if count == 0 {
            return Err("the connection was closed within an answer".to_owned());
        }
        if head.is_none() {
            head = read_head(received)?;
        }
        match head {
            Some(head) if received.len() == head.end => return Ok(head),
            Some(head) if received.len() > head.end => {
                return Err("more bytes came than the answer's Content-Length says".to_owned());
            }
            Some(_) | None => {}
        }
    }
}

/// `None` while the head is incomplete.
fn read_head(received: &[u8]) -> Result<Option<Head>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut answer = httparse::Response::new(&mut headers);
    let length = match answer.parse(received) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("the answer is not HTTP/1.1: {error}")),
    };
    let value = |name: &str| {
        let header = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    if let Some(coding) = value("transfer-encoding") {
        return Err(format!("the answer has no length but Transfer-Encoding: {coding}"));
    }
    let status = answer.code.unwrap_or_default();
    value("content-length")
        .and_then(|text| text.parse::<usize>().ok())
        .map(|body| Some(Head { status, length, end: length + body }))
        .ok_or_else(|| "the answer has no Content-Length".to_owned())
}
