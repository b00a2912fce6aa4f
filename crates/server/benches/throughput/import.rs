//! The pool of rows, brought into a running muster by its import action.
//!
//! It must not know what the rows are for.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::entity;
use crate::support::Failure;
use crate::support::muster::{COLLECTION, Muster};
use crate::support::process::log_tail;

/// Rows in one call of the import action.
const ROWS_PER_IMPORT: usize = 1_000;

/// Imports rows of the pool into the token's tenant and gives their ids, in order.
pub(crate) async fn import(
    muster: &Muster,
    client: &reqwest::Client,
    token: &str,
    rows: Range<usize>,
) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::with_capacity(rows.len());
    while ids.len() < rows.len() {
        let from = rows.start + ids.len();
        let to = rows.end.min(from + ROWS_PER_IMPORT);
        let answer = call(muster, client, token, &Import::of(from..to)).await;
        let imported = answer.map_err(|error| {
            format!("cannot import rows {from} to {to}: {error}.{}", log_tail(&muster.log))
        })?;
        if imported.value.len() != to - from {
            let count = imported.value.len();
            return Err(format!("muster answered {count} results for rows {from} to {to}"));
        }
        ids.extend(imported.value.into_iter().map(|row| row.id));
    }
    Ok(ids)
}

async fn call(
    muster: &Muster,
    client: &reqwest::Client,
    token: &str,
    body: &Import,
) -> Result<Imported, Failure> {
    let url = format!("http://{}{COLLECTION}/importDeviceIdentityList", muster.address);
    let sent = client.post(url).bearer_auth(token).json(body).send().await;
    let response = sent.map_err(|error| error.to_string())?;
    let status = response.status();
    let text = response.text().await.map_err(|error| error.to_string())?;
    if status != http::StatusCode::OK {
        return Err(format!("{status} {text}"));
    }
    serde_json::from_str(&text).map_err(|error| format!("{error} in {text}"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Import {
    imported_device_identities: Vec<NewIdentity>,
    overwrite_imported_device_identities: bool,
}

impl Import {
    fn of(rows: Range<usize>) -> Self {
        let identities = rows.map(|row| NewIdentity {
            imported_device_identifier: entity::identifier(row),
            imported_device_identity_type: "serialNumber",
        });
        Self {
            imported_device_identities: identities.collect(),
            overwrite_imported_device_identities: false,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewIdentity {
    imported_device_identifier: String,
    imported_device_identity_type: &'static str,
}

#[derive(Deserialize)]
struct Imported {
    value: Vec<ImportedRow>,
}

#[derive(Deserialize)]
struct ImportedRow {
    id: String,
}
