//! What a write is and what comes of it. Must not know how it is stored.

use std::net::IpAddr;
use std::time::Instant;

use model::{Draft, Identity, IdentityId, Patch, Rules, TenantId};
use uuid::Uuid;

use crate::SnapshotStep;

/// A write for one tenant, with all that is needed to decide and to record it.
#[derive(Debug)]
pub struct Write {
    /// Whose register it is.
    pub tenant: TenantId,
    /// Who writes, for the history.
    pub audit: Audit,
    /// When nobody waits for the answer any more: a write not begun by then is dropped.
    pub deadline: Instant,
    /// What to do.
    pub operation: Operation,
}

/// What a write does.
#[derive(Debug)]
pub enum Operation {
    /// Makes one row.
    Create(Draft),
    /// Changes one row.
    Update {
        /// Which row.
        id: IdentityId,
        /// What its revision has to be.
        precondition: Precondition,
        /// The values.
        patch: Patch,
        /// The rules that the values must keep.
        rules: Rules,
    },
    /// Removes one row.
    Delete {
        /// Which row.
        id: IdentityId,
        /// What its revision has to be.
        precondition: Precondition,
    },
    /// Makes rows, and changes those that stand already if `overwrite` says so.
    Import {
        /// The rows, in order.
        rows: Vec<Draft>,
        /// Whether a row's values replace those of a row that stands.
        overwrite: bool,
    },
    /// Keeps a state of the register, or puts it back. It shares its transaction with no write.
    Snapshot(SnapshotStep),
}

impl Operation {
    /// How many rows it may touch.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Create(_) | Self::Update { .. } | Self::Delete { .. } | Self::Snapshot(_) => 1,
            Self::Import { rows, .. } => rows.len(),
        }
    }
}

/// What became of a write.
#[derive(Debug)]
pub enum Outcome {
    /// The row as it stands after a create or an update.
    Row(Identity),
    /// The row is gone.
    Deleted,
    /// Each row of an import as it stands, and whether it was taken.
    Imported(Vec<(Identity, bool)>),
    /// The step with a snapshot is done.
    Snapshot,
}

/// What the revision of a row has to be for a write or read to go on (RFC 9110, 13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// `If-Match`
    pub if_match: Option<Revisions>,
    /// `If-None-Match`
    pub if_none_match: Option<Revisions>,
}

impl Precondition {
    /// Whether a row at revision `rev` is as asked for.
    pub fn holds(&self, rev: i64) -> bool {
        self.if_match.as_ref().is_none_or(|wanted| wanted.contain(rev))
            && self.if_none_match.as_ref().is_none_or(|unwanted| !unwanted.contain(rev))
    }
}

/// A set of revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revisions {
    /// `*`: whatever it is.
    Any,
    /// One of these. Tags that no row of ours can have are left out, and so match nothing.
    Of(Vec<i64>),
}

impl Revisions {
    /// Whether `rev` is in the set.
    pub fn contain(&self, rev: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Of(revs) => revs.contains(&rev),
        }
    }
}

/// Who made a write, and in which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Who.
    pub actor: Actor,
    /// From which address.
    pub ip: Option<IpAddr>,
    /// The id that the service gave the request.
    pub request_id: Uuid,
    /// The id that the client gave the request, as sent.
    pub client_request_id: Option<String>,
}

/// Who made a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Muster itself: the sample identities.
    System,
    /// An application with its own permissions.
    Application {
        /// Its client id.
        app_id: Option<String>,
        /// Its display name.
        app_name: Option<String>,
    },
    /// A person, by way of an application.
    User {
        /// The object id.
        user_id: Option<String>,
        /// The user principal name.
        user_name: Option<String>,
        /// The client id of the application.
        app_id: Option<String>,
        /// The display name of the application.
        app_name: Option<String>,
    },
}
