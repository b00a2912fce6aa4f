//! The login hosts of Microsoft's clouds, as a proxy leads to them: every host answers under TLS
//! with a certificate of an authority that the program is told to trust. The program itself is as
//! it is in production.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::authority::{Documents, Reply};
use super::{Key, wire};

/// The hosts behind a proxy.
pub(crate) struct Clouds {
    proxy: SocketAddr,
    ca_file: PathBuf,
    documents: Documents,
}

impl Clouds {
    /// Hosts that publish nothing yet. The certificate of their authority is put into the
    /// directory.
    pub(crate) async fn start(directory: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = listener.local_addr().unwrap();
        let (ca, certificate) = ca();
        let ca_file = directory.join("authority-ca.pem");
        std::fs::write(&ca_file, certificate).unwrap();
        let (documents, ca) = (Documents::default(), Arc::new(ca));
        let published = documents.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (documents, ca) = (published.clone(), Arc::clone(&ca));
                tokio::spawn(async move { tunnel(stream, &documents, &ca).await });
            }
        });
        Self { proxy, ca_file, documents }
    }

    /// What the environment has to say.
    pub(crate) fn environment(&self) -> (&'static str, String) {
        ("HTTPS_PROXY", format!("http://{}", self.proxy))
    }

    pub(crate) fn ca_file(&self) -> &str {
        self.ca_file.to_str().unwrap()
    }

    /// Publishes what Entra ID publishes at a login host: documents of both versions, and the keys,
    /// which only in version 2.0 say whom they may sign for.
    pub(crate) fn publish(&self, login: &str, v1: &str, v2: &str, keys: &[&Key]) {
        let jwk = |key: &&Key, bound_to: Option<&str>| {
            let mut jwk = key.jwk();
            if let Some(issuer) = bound_to {
                jwk.as_object_mut().unwrap().entry("issuer").or_insert(json!(issuer));
            }
            jwk
        };
        for (version, issuer, bound_to) in [("", v1, None), ("/v2.0", v2, Some(v2))] {
            let jwks_path = format!("{login}/common/discovery{version}/keys");
            let discovery = json!({ "issuer": issuer, "jwks_uri": format!("https://{jwks_path}") });
            let well_known = format!("{login}/common{version}/.well-known/openid-configuration");
            self.documents.publish(&well_known, Reply::Json(discovery));
            let keys: Vec<Value> = keys.iter().map(|key| jwk(key, bound_to)).collect();
            self.documents.publish(&jwks_path, Reply::Json(json!({ "keys": keys })));
        }
    }
}

fn ca() -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), certificate)
}

async fn tunnel(
    mut stream: TcpStream,
    documents: &Documents,
    ca: &Issuer<'static, KeyPair>,
) -> Option<()> {
    let line = wire::request_line(&mut stream).await?;
    let host = line.strip_prefix("CONNECT ")?.split(':').next()?.to_owned();
    stream.write_all(b"HTTP/1.1 200 .\r\n\r\n").await.ok()?;
    let stream = acceptor(ca, &host).accept(stream).await.ok()?;
    documents.serve(&host, stream).await
}

fn acceptor(ca: &Issuer<'static, KeyPair>, host: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, ca).unwrap().der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
