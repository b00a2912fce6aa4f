//! As much of HTTP/1.1 as an authority in a test needs, over whatever stream. Must not know what is
//! answered.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Reads the head of a request; gives its first line.
pub(super) async fn request_line(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    head.lines().next().map(str::to_owned)
}

/// Answers a request, and ends the connection.
pub(super) async fn answer(
    stream: &mut (impl AsyncWrite + Unpin),
    status: u16,
    header: &str,
    body: &[u8],
) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{header}\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}
