//! What every register must show of itself, whatever befell it: its history has no gaps, each
//! change begins where the one before it ended, and the last state is the rows as they are.

use std::collections::{BTreeMap, HashSet};

use crate::support::{Value, plain};

/// Compares a history with the rows as the service lists them.
pub(crate) fn replay(history: &[Value], rows: &[Value]) {
    let mut state = BTreeMap::new();
    for (seq, change) in (1..).zip(history) {
        assert_eq!(change["seq"], seq, "the history has a gap");
        let id = change["id"].as_str().unwrap();
        let before = state.remove(id).unwrap_or(&Value::Null);
        assert_eq!(&change["before"], before, "change {seq}");
        if !change["after"].is_null() {
            state.insert(id, &change["after"]);
        }
    }
    let rows: Vec<Value> = rows.iter().map(plain).collect();
    assert!(state.values().copied().eq(&rows), "the history does not replay to the rows");
    let mut keys = HashSet::new();
    for row in &rows {
        let identifier = row["importedDeviceIdentifier"].as_str().unwrap().to_lowercase();
        let identity_type = row["importedDeviceIdentityType"].as_str().unwrap();
        assert!(keys.insert((identity_type, identifier)), "{row} is there twice");
    }
}
