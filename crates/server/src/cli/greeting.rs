//! What `serve` says when it is ready: where it is and, under `--dev`, one line to paste that
//! performs the documented update and shows the entity.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use model::{Identity, IdentityType};
use store::Query;

use super::Failure;
use crate::app::Server;
use crate::http::routes::{COLLECTION, VERSION};

/// The body of the request in Microsoft's page of the operation.
const DOCUMENTED_BODY: &str = r##"{"@odata.type":"#microsoft.graph.importedDeviceIdentity","importedDeviceIdentifier":"Imported Device Identifier value","importedDeviceIdentityType":"imei","lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00","description":"Description value","enrollmentState":"enrolled","platform":"ios"}"##;
const DOCUMENTED_IDENTIFIER: &str = "Imported Device Identifier value";

pub(super) async fn print(server: &Server, took: Duration) -> Result<(), Failure> {
    let text = match server.is_dev() {
        true => of_dev(server, took).await?,
        false => of_outside(server, took).await?,
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// How words are shown, if somebody looks.
fn styles() -> (&'static str, &'static str, &'static str) {
    match std::io::stdout().is_terminal() {
        true => ("\x1b[1m", "\x1b[2m", "\x1b[0m"),
        false => ("", "", ""),
    }
}

/// Where the metrics are, if they have an address of their own.
fn metrics(server: &Server) -> String {
    let (_, dim, plain) = styles();
    let line = |address| format!("  {dim}Metrics{plain}      http://{address}/metrics\n");
    server.metrics_address().map(line).unwrap_or_default()
}

async fn of_outside(server: &Server, took: Duration) -> Result<String, Failure> {
    let (bold, dim, plain) = styles();
    let tenants = match server.store().tenants().await?.len() {
        0 => "none yet, so that all callers are refused: muster admin tenant add TENANT".to_owned(),
        tenants => tenants.to_string(),
    };
    let tls = server.tls_addresses().iter().map(|address| format!(", https://{address}"));
    Ok(format!(
        "\n  {bold}Muster {}{plain} {dim}ready in {} ms{plain}\n\n  \
         {dim}Address{plain}      {bold}{}{plain}{}\n  \
         {dim}Authority{plain}    {}\n  \
         {dim}Tenants{plain}      {tenants}\n{}\n",
        env!("CARGO_PKG_VERSION"),
        took.as_millis(),
        server.base_url(),
        tls.collect::<String>(),
        server.authorities().join(", "),
        metrics(server),
    ))
}

async fn of_dev(server: &Server, took: Duration) -> Result<String, Failure> {
    let target = target(server).await?;
    let env_file = server.dev_env();
    let line = target.line(&env_file.canonicalize()?.display().to_string());
    let (bold, dim, plain) = styles();
    let tls = server.tls_origin().unwrap_or_default();
    let kept = match server.is_ephemeral() {
        true => format!("  {dim}Kept{plain}         nothing: the register goes when this ends\n"),
        false => String::new(),
    };
    Ok(format!(
        "\n  {bold}Muster {}{plain} {dim}ready in {} ms{plain}\n\n  \
         {dim}Address{plain}      {bold}{}{plain}\n  \
         {dim}TLS{plain}          {tls}/{VERSION}\n  \
         {dim}Tenant{plain}       {}\n  \
         {dim}For scripts{plain}  {}  {dim}(addresses, a token, a client and its secret){plain}\n{}{kept}\n  \
         {dim}{}; paste this into another terminal:{plain}\n\n{line}\n\n",
        env!("CARGO_PKG_VERSION"),
        took.as_millis(),
        server.base_url(),
        server.tenant(),
        env_file.display(),
        metrics(server),
        target.title(),
    ))
}

/// What the line to paste works on.
enum Target {
    /// An identity to update.
    Update(Identity),
    /// The register is empty: the identity has to be made first.
    Create,
}

impl Target {
    fn title(&self) -> &'static str {
        match self {
            Self::Update(_) => "The documented update",
            Self::Create => "The documented identity, made anew",
        }
    }

    fn line(&self, env_file: &str) -> String {
        let (method, id) = match self {
            Self::Update(row) => ("PATCH", format!("/{}", row.id)),
            Self::Create => ("POST", String::new()),
        };
        format!(
            ". '{}' && curl -sS -X {method} \"$BASE_URL/{COLLECTION}{id}\" -H \"Authorization: \
             Bearer $TOKEN\" -H 'Content-Type: application/json' -d '{DOCUMENTED_BODY}'",
            env_file.replace('\'', r"'\''")
        )
    }
}

/// The identity that has the documented identifier already, or else the first one: so the line
/// can be pasted as often as one likes, after every start.
async fn target(server: &Server) -> Result<Target, Failure> {
    let (store, tenant) = (server.store(), server.tenant());
    let deadline = Instant::now() + Duration::from_secs(10);
    let key = model::identifier_key(IdentityType::Imei, DOCUMENTED_IDENTIFIER);
    let mut rows = store.find(tenant, vec![(IdentityType::Imei, key)], deadline).await?;
    if rows.is_empty() {
        rows = store.page(tenant, Query::by_key(1), deadline).await?;
    }
    Ok(rows.into_iter().next().map_or(Target::Create, Target::Update))
}
