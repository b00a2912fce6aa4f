//! The two workloads, and the baseline and the expectation that belong to each.
//!
//! It must not know how load is made or measured.

/// What the connections do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// `GET` of one identity by its id.
    Read,
    /// `PATCH` of one identity's description, durable before the answer.
    Write,
}

impl Workload {
    /// In the order in which they are measured.
    pub(crate) const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The word of the command line and of the tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The HTTP method.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Read => "GET",
            Self::Write => "PATCH",
        }
    }

    /// The share of the baseline's requests per second that muster is expected to keep under load.
    pub(crate) fn expected_ratio(self) -> f64 {
        match self {
            Self::Read => 0.50,
            Self::Write => 0.35,
        }
    }
}
