//! What can go wrong in the store, in words for an operator. Must not know statuses.

use model::Faults;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A query ran past the deadline that came with it.
    #[error("the query was stopped at its deadline")]
    Deadline,
    /// The database cannot be reached, is locked, is full or is being closed. Trying again helps.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The database holds something that no build writes.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The database was lost while it committed, and did not come back to tell.
    #[error(
        "the database was lost during a commit: whether the write is stored is not known. The \
         history tells, by the id of the request"
    )]
    Unsettled,
    /// The database is there, and cannot hold a register.
    #[error("the database cannot hold a register: {0}")]
    Unfit(String),
    /// The database cannot be opened.
    #[error("cannot open the database {path}: {reason}")]
    Open {
        /// Where it was looked for.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A later build has migrated the database.
    #[error(
        "the database has schema version {found}, and this muster knows versions up to {known}: \
         use the muster that migrated it, or a later one"
    )]
    NewerSchema {
        /// The version of the database.
        found: i64,
        /// The last version that this build knows.
        known: i64,
    },
    /// The database is there, and is not a register.
    #[error("the database is another program's: it has tables, but not those of muster")]
    Foreign,
    /// A copy was begun there and not finished.
    #[error(
        "the register is an unfinished copy: repeat the `muster admin copy` that began it, which goes \
         on where it was"
    )]
    Unfinished,
    /// Rows that were different under an older folding are the same under this one.
    #[error(
        "two identities of one tenant have identifiers that are the same under the folding of \
         this muster ('{identifier}'): rename one with the muster that was in use before"
    )]
    FoldCollision {
        /// The identifier of one of them.
        identifier: String,
    },
}

impl StoreError {
    /// The same, told to another of those who were in it together.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Damaged(cause) => Self::Damaged(cause.clone()),
            Self::Unsettled => Self::Unsettled,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Why a write was not made. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No identity has this id.
    #[error("no identity has this id")]
    NotFound,
    /// No snapshot has this name.
    #[error("no snapshot has this name")]
    NoSnapshot,
    /// Another identity stands under the same type and identifier.
    #[error("another identity has the same type and identifier")]
    Conflict,
    /// The revision is not the one that was asked for.
    #[error("the revision does not match")]
    PreconditionFailed,
    /// The values break rules of the register.
    #[error("values break rules")]
    Refused(Faults),
    /// The register has no such tenant, or it has no licence.
    #[error("the tenant is not licensed")]
    NotLicensed,
    /// Too much is waiting already.
    #[error("the write queue is full")]
    QueueFull,
    /// The deadline passed before the write was begun.
    #[error("the deadline passed before the write was begun")]
    Expired,
    /// The store failed. Nothing was stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}
