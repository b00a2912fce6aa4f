//! The history: what was changed, by whom, in which order. Must not know how it is stored.

use model::{Identity, IdentityId, TenantId};
use odata::DateTimeOffset;

use crate::Audit;

/// One change of one identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose register.
    pub tenant: TenantId,
    /// The number of the change within the tenant: from 1, without gaps, in commit order.
    pub seq: i64,
    /// Which identity.
    pub id: IdentityId,
    /// What was done.
    pub kind: ChangeKind,
    /// When. UTC.
    pub at: DateTimeOffset,
    /// Who, and in which request.
    pub audit: Audit,
    /// The row before. `None` for a create.
    pub before: Option<Identity>,
    /// The row after. `None` for a delete.
    pub after: Option<Identity>,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Made the row.
    Create,
    /// Changed it.
    Update,
    /// Removed it.
    Delete,
}

impl ChangeKind {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Create => 0,
            Self::Update => 1,
            Self::Delete => 2,
        }
    }

    pub(crate) const fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Create),
            1 => Some(Self::Update),
            2 => Some(Self::Delete),
            _ => None,
        }
    }
}

/// Which changes to show.
#[derive(Clone, Copy, Debug, Default)]
pub struct HistoryFilter {
    /// Only those of this tenant.
    pub tenant: Option<TenantId>,
    /// Only those of this identity.
    pub id: Option<IdentityId>,
}
