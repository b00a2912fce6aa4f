//! Answers that operations have in common: the headers, and all that can go wrong.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::super::error::ErrorKind;
use super::super::super::routes::{ROUTES, Route};
use super::super::errors::about;
use super::super::operations;
use super::{reference, schemas};

/// The headers that every answer carries.
pub(super) const OF_ALL: [&str; 5] =
    ["request-id", "client-request-id", "OData-Version", "Cache-Control", "Vary"];
/// Those that some errors carry.
const RETRY_AFTER: &str = "Retry-After";
const WWW_AUTHENTICATE: &str = "WWW-Authenticate";

/// The errors of an operation by their statuses.
pub(super) fn by_status(route: &Route) -> BTreeMap<u16, Vec<ErrorKind>> {
    let mut by_status: BTreeMap<u16, Vec<ErrorKind>> = BTreeMap::new();
    for kind in operations::errors(route) {
        by_status.entry(kind.row().0.as_u16()).or_default().push(kind);
    }
    by_status
}

/// The component for these errors, which have one status.
pub(super) fn name(kinds: &[ErrorKind]) -> String {
    let codes: Vec<&str> = kinds.iter().map(|kind| kind.row().1).collect();
    codes.join(".")
}

/// All headers of answers.
pub(super) fn headers() -> Map<String, Value> {
    let always = |about: &str, schema: Value| json!({ "description": about, "required": true, "schema": schema });
    let sometimes = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
    let text = || json!({ "type": "string" });
    let [request, client, version, cache, vary] = OF_ALL;
    let headers = [
        (request, always("The request in the log.", json!({ "type": "string", "format": "uuid" }))),
        (client, always("The client's own id for it, else the same as `request-id`.", text())),
        (version, always("The version of OData.", json!({ "const": "4.0" }))),
        (cache, always("What caches may do: ask each time.", text())),
        (vary, always("What else than the address decides on the answer.", text())),
        ("ETag", always("The tag of the identity as it is now.", text())),
        ("Location", always("The address of the new identity.", text())),
        ("OData-EntityId", always("The address of the identity.", text())),
        ("Preference-Applied", sometimes("What of `Prefer` was heeded.")),
        (
            RETRY_AFTER,
            always("Seconds to wait.", json!({ "type": "string", "pattern": "^[0-9]+$" })),
        ),
        (WWW_AUTHENTICATE, always("Where tokens are to be had.", text())),
    ];
    headers.map(|(name, header)| (name.to_owned(), header)).into_iter().collect()
}

/// An answer for all errors of one status that an operation has.
pub(super) fn failures() -> Map<String, Value> {
    let groups = ROUTES.iter().flat_map(|route| by_status(route).into_values());
    groups.map(|kinds| (name(&kinds), failure(&kinds))).collect()
}

fn failure(kinds: &[ErrorKind]) -> Value {
    let codes: Vec<&str> = kinds.iter().map(|kind| kind.row().1).collect();
    let told = kinds.iter().map(|kind| format!("`{}`: {}", kind.row().1, about(*kind)));
    let has = |wanted: &[ErrorKind]| kinds.iter().any(|kind| wanted.contains(kind));
    let waits = has(&[ErrorKind::TooManyRequests, ErrorKind::Unavailable]);
    let asks = has(&[ErrorKind::Unauthenticated]);
    let extra = [(waits, RETRY_AFTER), (asks, WWW_AUTHENTICATE)];
    let extra = extra.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name);
    let headers = OF_ALL.into_iter().chain(extra);
    let headers: Map<String, Value> =
        headers.map(|name| (name.to_owned(), reference("headers", name))).collect();
    let code =
        json!({ "properties": { "error": { "properties": { "code": { "enum": codes } } } } });
    json!({
        "description": told.collect::<Vec<_>>().join("\n\n"),
        "headers": headers,
        "content": { "application/json": {
            "schema": { "allOf": [reference("schemas", schemas::ERROR), code] },
        } },
    })
}
