//! Kept states of a tenant's register, to which it can be put back: rows, ids, revisions and
//! history, as if nothing had happened since. For test benches. Must not know how they are kept.

use odata::DateTimeOffset;

/// The snapshot of what a register began with. A tenant that has none began empty.
pub const BEGINNING: &str = ".beginning";

/// What is done with a snapshot, by its name. A name that begins with a dot is Muster's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotStep {
    /// Keeps the register as it is, in the place of what was kept under the name.
    Take(String),
    /// Puts the register back.
    Restore(String),
    /// Forgets what was kept.
    Forget(String),
}

/// A state that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// When it was taken. UTC.
    pub taken: DateTimeOffset,
}
