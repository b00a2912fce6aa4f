//! The entity that both baselines answer: the annotations and the nine properties of
//! `importedDeviceIdentity`, in muster's order.
//!
//! It must not know where the values come from.

use serde::Serialize;

/// One answer. `agreement` compares its property names with those of muster's answer before it
/// measures, so that neither side can come to do less than the other unnoticed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entity<'a> {
    #[serde(rename = "@odata.context")]
    pub(crate) context: &'a str,
    #[serde(rename = "@odata.type")]
    pub(crate) odata_type: &'a str,
    #[serde(rename = "@odata.etag")]
    pub(crate) etag: &'a str,
    pub(crate) id: &'a str,
    pub(crate) imported_device_identifier: &'a str,
    pub(crate) imported_device_identity_type: &'a str,
    pub(crate) last_modified_date_time: &'a str,
    pub(crate) created_date_time: &'a str,
    pub(crate) last_contacted_date_time: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) enrollment_state: &'a str,
    pub(crate) platform: &'a str,
}

impl<'a> Entity<'a> {
    /// An entity as muster shows one that was imported and never contacted.
    pub(crate) fn never_contacted(id: &'a str, identifier: &'a str) -> Self {
        Self {
            context: "http://127.0.0.1:65535/beta/$metadata\
                      #deviceManagement/importedDeviceIdentities/$entity",
            odata_type: "#microsoft.graph.importedDeviceIdentity",
            etag: "W/\"1\"",
            id,
            imported_device_identifier: identifier,
            imported_device_identity_type: "serialNumber",
            last_modified_date_time: "2026-01-31T07:25:18.1234567Z",
            created_date_time: "2026-01-31T07:25:18.1234567Z",
            last_contacted_date_time: "0001-01-01T00:00:00Z",
            description: None,
            enrollment_state: "notContacted",
            platform: "unknown",
        }
    }

    /// The JSON text.
    pub(crate) fn json(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = Vec::with_capacity(768);
        serde_json::to_writer(&mut text, self)?;
        Ok(text)
    }
}

/// The ids that a baseline knows, as long as muster's.
pub(crate) fn ids(rows: usize) -> Vec<String> {
    (0..rows).map(|row| format!("01890000-0000-7000-8000-{row:012x}")).collect()
}

/// The serial number of the row at this place in the pool, on either side.
pub(crate) fn identifier(row: usize) -> String {
    format!("BENCH{row:08}")
}
