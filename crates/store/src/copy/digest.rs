//! Checksums of rows that do not depend on who keeps them. Must not know where rows come from.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::table::{Row, Value};

/// Rows as they go by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digest {
    rows: u64,
    hash: Sha256,
}

/// What rows came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    pub(crate) checksum: [u8; 32],
}

impl Digest {
    /// Takes a row of a tenant.
    pub(crate) fn row(&mut self, tenant: Uuid, row: &Row) {
        self.rows += 1;
        self.hash.update(tenant.as_bytes());
        for value in row {
            self.value(value);
        }
    }

    /// Takes a setting.
    pub(crate) fn setting(&mut self, name: &str, value: &[u8]) {
        self.rows += 1;
        self.sized(3, name.as_bytes());
        self.sized(4, value);
    }

    /// Takes something that is no row.
    pub(crate) fn name(&mut self, name: &str) {
        self.sized(3, name.as_bytes());
    }

    pub(crate) fn sum(&self) -> Sum {
        Sum { rows: self.rows, checksum: self.hash.clone().finalize().into() }
    }

    /// Each value says of which kind it is and where it ends: no two rows have the same bytes.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.hash.update([0]),
            Value::Guid(guid) => {
                self.hash.update([1]);
                self.hash.update(guid.as_bytes());
            }
            Value::Number(number) => {
                self.hash.update([2]);
                self.hash.update(number.to_le_bytes());
            }
            // Not every engine can hold a U+0000, and that one has this in its place.
            Value::Text(text) if text.contains('\0') => {
                self.sized(3, text.replace('\0', "\u{FFFD}").as_bytes());
            }
            Value::Text(text) => self.sized(3, text.as_bytes()),
            Value::Bytes(bytes) => self.sized(4, bytes),
        }
    }

    fn sized(&mut self, kind: u8, bytes: &[u8]) {
        self.hash.update([kind]);
        self.hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.hash.update(bytes);
    }
}

impl Sum {
    /// The checksum in hexadecimal digits.
    pub(crate) fn hex(&self) -> String {
        self.checksum.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[Row]) -> Sum {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.row(Uuid::nil(), row));
        digest.sum()
    }

    #[test]
    fn other_rows_have_other_checksums() {
        let text = |text: &str| Value::Text(text.to_owned());
        let different: [&[Row]; 7] = [
            &[vec![text("ab"), text("c")]],
            &[vec![text("a"), text("bc")]],
            &[vec![text("a")], vec![text("bc")]],
            &[vec![text(""), Value::Null]],
            &[vec![Value::Null, text("")]],
            &[vec![Value::Bytes(b"ab".to_vec()), text("c")]],
            &[vec![Value::Number(0)]],
        ];
        for (index, one) in different.iter().enumerate() {
            for other in different.iter().skip(index + 1) {
                assert_ne!(sum(one), sum(other), "{one:?} {other:?}");
            }
        }
        assert_eq!(sum(&[vec![text("a\0")]]), sum(&[vec![text("a\u{FFFD}")]]));
    }
}
