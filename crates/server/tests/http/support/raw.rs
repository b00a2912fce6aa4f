//! Requests written byte by byte, for what no HTTP client would send. Must not know what is
//! answered.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, Service};

impl Service {
    /// Sends a request with this target and these header lines, as they are, and the body. The
    /// token, `Host` and the length of the body are added.
    pub(crate) async fn raw(
        &self,
        method: &str,
        target: &str,
        lines: &[&str],
        body: &[u8],
    ) -> Answer {
        let mut request = self.head(method, target, lines);
        if !lines.iter().any(|line| line.to_ascii_lowercase().starts_with("transfer-encoding")) {
            request.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
        }
        request.extend(b"\r\n");
        request.extend(body);
        self.exchange(&request).await
    }

    /// The head of a request, up to the blank line that ends it.
    pub(crate) fn head(&self, method: &str, target: &str, lines: &[&str]) -> Vec<u8> {
        let (host, token) = (self.address(), self.token());
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n"
        );
        for line in lines {
            head.push_str(line);
            head.push_str("\r\n");
        }
        head.into_bytes()
    }

    /// Sends bytes, and reads the answer of the service.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Answer {
        parse(&self.bytes(bytes).await)
    }

    /// Sends bytes, and gives all that comes back until the connection is closed.
    pub(crate) async fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        // The service may answer, and close, before it has read everything.
        stream.write_all(bytes).await.ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        answer
    }
}

/// Takes an answer apart whose end is the end of the connection.
fn parse(bytes: &[u8]) -> Answer {
    let shown = String::from_utf8_lossy(bytes);
    let mut lines = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut lines);
    let httparse::Status::Complete(end) = response.parse(bytes).unwrap() else {
        panic!("no whole answer: {shown}")
    };
    let mut headers = HeaderMap::new();
    for line in response.headers.iter() {
        let name: HeaderName = line.name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(line.value).unwrap());
    }
    let status = StatusCode::from_u16(response.code.unwrap()).unwrap();
    let chunked = headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
    let body = if chunked { unchunk(&bytes[end..]) } else { bytes[end..].to_vec() };
    Answer::new(status, headers, body)
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(rest).unwrap()
        else {
            panic!("a chunk without a size")
        };
        let size = usize::try_from(size).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&rest[start..start + size]);
        rest = &rest[start + size + b"\r\n".len()..];
    }
}
