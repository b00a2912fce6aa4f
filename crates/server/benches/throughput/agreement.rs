//! The proof, before any figure, that both servers of a pair do the same work.
//!
//! It must not know what either server costs.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use crate::support::Failure;
use crate::support::muster::COLLECTION;
use crate::workload::Workload;

/// Asks each server (name, address, id of a row) once. Their answers must hold the same
/// properties, and a write must show in its answer.
pub(crate) async fn check(
    client: &reqwest::Client,
    workload: Workload,
    token: &str,
    [first, second]: [(&str, SocketAddr, Option<&String>); 2],
) -> Result<(), Failure> {
    let mut properties = Vec::new();
    for (name, address, id) in [first, second] {
        let url = format!("http://{address}{COLLECTION}/{}", id.map_or("", String::as_str));
        let answer = ask(client, workload, token, &url).await;
        let answer = answer.map_err(|failure| format!("{name}, {url}: {failure}"))?;
        properties.push(answer.into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>());
    }
    match properties.as_slice() {
        [one, other] if one == other => Ok(()),
        sets => Err(format!(
            "{} and {} do not answer the same properties, so their figures cannot be compared: \
             {sets:?}",
            first.0, second.0
        )),
    }
}

async fn ask(
    client: &reqwest::Client,
    workload: Workload,
    token: &str,
    url: &str,
) -> Result<Map<String, Value>, Failure> {
    let change = json!({ "description": "Counted in the yard" });
    let request = match workload {
        Workload::Read => client.get(url),
        Workload::Write => client.patch(url).json(&change),
    };
    let sent = request.bearer_auth(token).send().await;
    let response = sent.map_err(|error| error.to_string())?;
    let status = response.status();
    let text = response.text().await.map_err(|error| error.to_string())?;
    if status != http::StatusCode::OK {
        return Err(format!("wanted 200, got {status} {text}"));
    }
    let entity: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|error| format!("the answer is not a JSON object: {error} in {text}"))?;
    match workload {
        Workload::Write if entity.get("description") != change.get("description") => {
            Err(format!("the answer does not show the written description: {text}"))
        }
        Workload::Read | Workload::Write => Ok(entity),
    }
}
