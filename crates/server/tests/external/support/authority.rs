//! An authority that publishes what a test wants, how a test wants it, and counts who asks. It
//! issues no tokens: tests sign their own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{AUDIENCE, Key, wire};

/// How a document is given out.
#[derive(Clone)]
pub(crate) enum Reply {
    Json(Value),
    Text(String),
    Status(u16),
    /// To another address.
    Redirect(String),
    /// One byte after the other, for ever.
    Drip,
}

/// What is published: documents by their addresses without the scheme, and how often each was
/// asked for.
#[derive(Clone, Default)]
pub(super) struct Documents(Arc<Mutex<HashMap<String, Document>>>);

#[derive(Default)]
struct Document {
    /// None where nothing is published.
    reply: Option<Reply>,
    asked_for: usize,
}

impl Documents {
    pub(super) fn publish(&self, address: &str, reply: Reply) {
        self.0.lock().unwrap().entry(address.to_owned()).or_default().reply = Some(reply);
    }

    pub(super) fn asked_for(&self, address: &str) -> usize {
        self.0.lock().unwrap().get(address).map_or(0, |document| document.asked_for)
    }

    /// Answers one request of whoever called `host`.
    pub(super) async fn serve(
        &self,
        host: &str,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> Option<()> {
        let line = wire::request_line(&mut stream).await?;
        let path = line.split(' ').nth(1)?;
        let reply = {
            let mut documents = self.0.lock().unwrap();
            let document = documents.entry(format!("{host}{path}")).or_default();
            document.asked_for += 1;
            document.reply.clone()
        };
        let (status, header, body) = match reply {
            None => (404, String::new(), "{}".to_owned()),
            Some(Reply::Json(json)) => (200, String::new(), json.to_string()),
            Some(Reply::Text(text)) => (200, String::new(), text),
            Some(Reply::Status(status)) => (status, String::new(), "{}".to_owned()),
            Some(Reply::Redirect(to)) => (302, format!("Location: {to}\r\n"), String::new()),
            Some(Reply::Drip) => return drip(stream).await.ok(),
        };
        wire::answer(&mut stream, status, &header, body.as_bytes()).await.ok()
    }
}

async fn drip(mut stream: impl AsyncWrite + Unpin) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 .\r\nContent-Length: 100000\r\n\r\n").await?;
    loop {
        stream.write_all(b" ").await?;
        stream.flush().await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An authority on this machine.
pub(crate) struct Authority {
    address: SocketAddr,
    documents: Documents,
    serving: JoinHandle<()>,
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Authority {
    /// One that publishes these keys.
    pub(crate) async fn start(keys: &[&Key]) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), keys).await
    }

    pub(crate) async fn start_at(address: SocketAddr, keys: &[&Key]) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let documents = Documents::default();
        let (host, published) = (address.to_string(), documents.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (host, documents) = (host.clone(), published.clone());
                tokio::spawn(async move { documents.serve(&host, stream).await });
            }
        });
        let authority = Self { address, documents, serving };
        authority.publish("/.well-known/openid-configuration", authority.discovery());
        authority.publish_keys(keys);
        authority
    }

    /// An address of this machine that no other test has, and at which nobody answers.
    pub(crate) fn nowhere() -> SocketAddr {
        let [.., a, b, c] = uuid::Uuid::now_v7().into_bytes();
        let listener =
            std::net::TcpListener::bind(SocketAddr::from(([127, a, b, c.max(1)], 0))).unwrap();
        listener.local_addr().unwrap()
    }

    /// Its name as an issuer.
    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Options that have the program trust it.
    pub(crate) fn options(&self) -> Vec<String> {
        let issuer = self.issuer();
        ["--issuer", &issuer, "--audience", AUDIENCE].map(str::to_owned).into()
    }

    pub(crate) fn discovery(&self) -> Reply {
        let issuer = self.issuer();
        Reply::Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }))
    }

    pub(crate) fn publish(&self, path: &str, reply: Reply) {
        self.documents.publish(&format!("{}{path}", self.address), reply);
    }

    pub(crate) fn publish_keys(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.publish("/keys", Reply::Json(json!({ "keys": keys })));
    }

    /// How often a path was asked for.
    pub(crate) fn asked_for(&self, path: &str) -> usize {
        self.documents.asked_for(&format!("{}{path}", self.address))
    }

    /// Goes away: connections are refused from now on.
    pub(crate) async fn stop(mut self) -> SocketAddr {
        self.serving.abort();
        (&mut self.serving).await.ok();
        self.address
    }
}
