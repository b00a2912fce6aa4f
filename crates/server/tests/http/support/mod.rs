//! What the tests stand on: a service of their own, requests, answers, tokens.
//! Must not know what the service ought to answer beyond what every answer has in common.

mod answer;
mod call;
mod documented;
mod engine;
mod raw;
mod service;
mod token;

pub(crate) use answer::{Answer, members};
pub(crate) use call::Call;
pub(crate) use engine::Engine;
pub(crate) use service::{COLLECTION, Service, identifiers, run, values};
pub(crate) use token::{CONFIGURATION_READ_WRITE, READ, READ_WRITE, Token};

pub(crate) use reqwest::Method;
pub(crate) use serde_json::{Value, json};

/// Declares one test, which runs once on every storage engine, each time with a service of its
/// own. Options of `muster serve` may stand before the test.
macro_rules! each_engine {
    ($name:ident, $test:expr) => {
        each_engine!($name, [], $test);
    };
    ($name:ident, [$($option:expr),*], $test:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "not every test needs its module")]
            use super::*;

            #[tokio::test]
            async fn sqlite() {
                crate::support::run(crate::support::Engine::Sqlite, &[$($option),*], $test).await;
            }

            #[tokio::test]
            async fn postgres() {
                crate::support::run(crate::support::Engine::Postgres, &[$($option),*], $test).await;
            }
        }
    };
}

/// The body of a request that makes a row: a serial number, and nothing else.
pub(crate) fn serial(identifier: &str) -> Value {
    json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": "serialNumber",
    })
}

/// The body of an import.
pub(crate) fn import(rows: &[Value], overwrite: bool) -> Value {
    json!({ "importedDeviceIdentities": rows, "overwriteImportedDeviceIdentities": overwrite })
}

/// The path of a row below the collection.
pub(crate) fn item(row: &Value) -> String {
    format!("/{}", text(row, "id"))
}

/// A member of a JSON object that has to be a string.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_else(|| panic!("no string {name} in {object}"))
}
