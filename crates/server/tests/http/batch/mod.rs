//! Many requests in one (contract, section 6): what a batch is, what its parts are, and what they
//! have to do with each other.

mod callers;
mod limits;
mod malformed;
mod order;
mod parts;

use crate::support::{Answer, Method, Service, Value, json, serial};

/// The collection, relative to the root of the API.
const ROWS: &str = "/deviceManagement/importedDeviceIdentities";

/// A request of a batch without a body.
fn request(id: &str, method: &str, url: &str) -> Value {
    json!({ "id": id, "method": method, "url": url })
}

/// A request of a batch with a JSON body.
fn write(id: &str, method: &str, url: &str, body: &Value) -> Value {
    let headers = json!({ "Content-Type": "application/json" });
    json!({ "id": id, "method": method, "url": url, "headers": headers, "body": body })
}

/// A request of a batch that makes a row.
fn create(id: &str, identifier: &str) -> Value {
    write(id, "POST", ROWS, &serial(identifier))
}

/// A request that depends on others.
fn after(mut request: Value, ids: &[&str]) -> Value {
    request["dependsOn"] = json!(ids);
    request
}

impl Service {
    /// Sends a batch.
    async fn batch(&self, requests: &[Value]) -> Answer {
        self.call(Method::POST, "/beta/$batch").json(&json!({ "requests": requests })).await
    }

    /// The parts of the answer to a batch that is taken: one for each request, in their order.
    async fn parts(&self, requests: &[Value]) -> Vec<Value> {
        parts(&self.batch(requests).await, requests)
    }
}

fn parts(answer: &Answer, requests: &[Value]) -> Vec<Value> {
    let parts = answer.succeeds(200)["responses"].as_array().cloned().unwrap();
    let ids = |all: &[Value]| all.iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&parts), ids(requests));
    parts
}

fn statuses(parts: &[Value]) -> Vec<u64> {
    parts.iter().map(|part| part["status"].as_u64().unwrap()).collect()
}

/// The message of an error in a part.
fn message(part: &Value) -> &str {
    part["body"]["error"]["message"].as_str().unwrap_or_else(|| panic!("no error: {part}"))
}
