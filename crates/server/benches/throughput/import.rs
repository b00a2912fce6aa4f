//! The pool of rows, brought into a running muster by its import action.
//!
//! It must not know what the rows are for.

use serde::{Deserialize, Serialize};

use crate::entity;
use crate::support::Failure;
use crate::support::muster::{COLLECTION, Muster};
use crate::support::process::log_tail;

/// Rows in one call of the import action.
const ROWS_PER_IMPORT: usize = 1_000;

/// Imports the pool of rows and gives their ids, in order.
pub(crate) async fn import(
    muster: &Muster,
    client: &reqwest::Client,
    rows: usize,
) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::with_capacity(rows);
    while ids.len() < rows {
        let from = ids.len();
        let to = rows.min(from + ROWS_PER_IMPORT);
        let answer = call(muster, client, &Import::of(from..to)).await;
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
    body: &Import,
) -> Result<Imported, Failure> {
    let url = format!("http://{}{COLLECTION}/importDeviceIdentityList", muster.address);
    let sent = client.post(url).bearer_auth(&muster.token).json(body).send().await;
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
    fn of(rows: std::ops::Range<usize>) -> Self {
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
