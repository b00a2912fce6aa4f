//! The tenants of the register. Must not know tokens.

use model::TenantId;
use odata::DateTimeOffset;

/// One customer directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id, the `tid` of tokens.
    pub id: TenantId,
    /// A name for people.
    pub name: String,
    /// Whether its callers are served.
    pub licensed: bool,
    /// When it was added. UTC.
    pub created: DateTimeOffset,
}

/// How much a tenant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Identities.
    pub identities: u64,
    /// Entries of the history.
    pub changes: u64,
}

impl Holdings {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.identities == 0 && self.changes == 0
    }
}
