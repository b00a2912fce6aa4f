//! What the tests stand on: the program as a child process, and a source of chance.
//! Must not know what the program ought to do.

mod process;
mod random;

pub(crate) use process::{Server, history, program, serve};
pub(crate) use random::Random;

pub(crate) use serde_json::{Value, json};

/// The collection, below `BASE_URL`.
pub(crate) const COLLECTION: &str = "/deviceManagement/importedDeviceIdentities";

/// The answer to a request, read to its end. `None` where the connection ended before its status
/// came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `None` where the connection ended within it; null where there is none.
    pub(crate) body: Option<Value>,
}

/// Sends a request, and reads what comes.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Option<Answer> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let body = response.bytes().await.ok();
    let body = body.map(|bytes| serde_json::from_slice(&bytes).unwrap_or(Value::Null));
    Some(Answer { status, body })
}

/// A row of an answer in the form that the history has: without annotations, with its revision.
pub(crate) fn plain(row: &Value) -> Value {
    let mut plain = row.clone();
    let etag = row["@odata.etag"].as_str().unwrap();
    let rev: i64 = etag.trim_start_matches("W/").trim_matches('"').parse().unwrap();
    let members = plain.as_object_mut().unwrap();
    members.retain(|name, _| !name.starts_with('@') && name != "status");
    members.insert("rev".to_owned(), rev.into());
    plain
}
