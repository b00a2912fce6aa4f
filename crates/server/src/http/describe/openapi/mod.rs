//! The service as an OpenAPI document (3.1), for programs that know nothing of OData, and for the
//! page that people read. Must not know how it is shown.

mod operation;
mod parameters;
mod responses;
mod schemas;

use serde_json::{Map, Value, json};

use super::super::routes::ROUTES;
use super::Terms;
use crate::auth::Permission;

/// The one security scheme.
pub(super) const SCHEME: &str = "bearer";

/// The document, still without the address of the service.
pub(super) fn document(terms: &Terms) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in &ROUTES {
        let path = paths.entry(route.template).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            let method = route.method.as_str().to_ascii_lowercase();
            path.insert(method, operation::operation(route));
        }
    }
    json!({
        "openapi": "3.1.1",
        "info": info(terms),
        "tags": [
            { "name": operation::IDENTITIES, "description": "The register." },
            { "name": operation::SERVICE, "description": "What the service says of itself." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas::all(terms),
            "parameters": parameters::all(),
            "headers": responses::headers(),
            "responses": responses::failures(),
            "securitySchemes": { SCHEME: scheme(terms) },
        },
    })
}

fn info(terms: &Terms) -> Value {
    let description = format!(
        "A register of corporate device identities that speaks as Microsoft Graph's beta does.\n\n\
         Paths match without regard to case; an item is also found as `importedDeviceIdentities('id')`, \
         an action with `microsoft.graph.` before its name, and `HEAD` wherever `GET` is. A query \
         option that is not described here is refused and never ignored. A body has at most {} \
         after inflating, if it is compressed with gzip; one call takes at most {} rows.",
        bytes(terms.max_body_bytes),
        terms.max_rows
    );
    json!({
        "title": "Muster",
        "summary": "A register of corporate device identities.",
        "description": description,
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    })
}

/// A number of bytes, for people where it is round.
fn bytes(count: usize) -> String {
    const MIB: usize = 1024 * 1024;
    match count % MIB {
        0 => format!("{} MiB", count / MIB),
        _ => format!("{count} bytes"),
    }
}

fn scheme(terms: &Terms) -> Value {
    let names = Permission::ALL.map(|permission| format!("`{}`", permission.name()));
    let description = format!(
        "An access token made out to Microsoft Graph, or to the audience that the operator has \
         chosen, from {}. An operation asks for any one of its permissions, delegated (`scp`) or an \
         application's (`roles`). The \
         permissions are {}.",
        terms.authorities.join(" or "),
        names.join(", ")
    );
    json!({
        "type": "http",
        "scheme": SCHEME,
        "bearerFormat": "JWT",
        "description": description,
    })
}

/// Points to a component.
fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}
