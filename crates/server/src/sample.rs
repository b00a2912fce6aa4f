//! The sample identities that a new development register begins with: every type, every state,
//! and the corners (an offset, seven digits, null, text beyond ASCII).

use std::time::{Duration, Instant};

use model::{Import, Rules, TenantId, read_import};
use store::{Actor, Audit, Clock, Operation, Outcome, Store, Write, WriteError};

/// As a client would send them.
const SAMPLES: &str = r#"{"importedDeviceIdentities": [
  {"importedDeviceIdentifier": "490154203237518", "importedDeviceIdentityType": "imei",
   "platform": "ios", "enrollmentState": "notContacted", "description": "Field phone"},
  {"importedDeviceIdentifier": "356938035643809", "importedDeviceIdentityType": "imei",
   "platform": "android", "enrollmentState": "enrolled", "description": "Warehouse scanner",
   "lastContactedDateTime": "2026-01-31T08:15:30.1234567+01:00"},
  {"importedDeviceIdentifier": "C02XK1ZVJG5J", "importedDeviceIdentityType": "serialNumber",
   "platform": "macOS", "enrollmentState": "pendingReset", "description": "Büro München",
   "lastContactedDateTime": "2025-11-02T17:45:00-08:00"},
  {"importedDeviceIdentifier": "DMPVQ4XYJ1GH", "importedDeviceIdentityType": "serialNumber",
   "platform": "visionOS", "enrollmentState": "failed"},
  {"importedDeviceIdentifier": "Microsoft Corporation,Surface Pro 11,0F3A21B", "importedDeviceIdentityType":
   "manufacturerModelSerial", "platform": "windows", "enrollmentState": "blocked",
   "description": "Reported missing"},
  {"importedDeviceIdentifier": "asset tag 0042", "importedDeviceIdentityType": "unknown"}
]}"#;

/// How long the samples may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Puts the samples into a tenant.
///
/// # Errors
/// The store is away.
pub(crate) async fn add(store: &Store, clock: &Clock, tenant: TenantId) -> Result<(), WriteError> {
    let Ok(Import { rows, overwrite }) =
        read_import(SAMPLES.as_bytes(), Rules::Documented, usize::MAX)
    else {
        return Ok(());
    };
    let audit =
        Audit { actor: Actor::System, ip: None, request_id: clock.guid(), client_request_id: None };
    let operation = Operation::Import { rows, overwrite };
    let deadline = Instant::now() + TIMEOUT;
    store.write(Write { tenant, audit, deadline, operation }).await.map(|_: Outcome| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_keep_even_the_strict_rules() {
        let import = read_import(SAMPLES.as_bytes(), Rules::Strict, usize::MAX).unwrap();
        let types: std::collections::HashSet<_> =
            import.rows.iter().map(|draft| draft.key().0).collect();
        assert_eq!(types.len(), 4, "one of every type");
    }
}
