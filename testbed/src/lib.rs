//! PostgreSQL for tests: a server of the test process's own, fresh databases in it, servers that a
//! test may stop and kill, and a proxy that cuts connections where it hurts. Must not know Muster.
//!
//! Debian's binaries are used, of the highest version that is installed. Where there are none,
//! [`Cluster::shared`], [`Cluster::own`] and [`Cluster::special`] say so in one line and give `None`,
//! unless `MUSTER_TEST_REQUIRE` is set: then they panic.
//!
//! Everything else that goes wrong panics, too, and says what: this serves tests alone.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at once at what must not be, and so does what it stands on"
)]

mod binaries;
mod cluster;
mod database;
mod keeper;
mod proxy;

pub use cluster::{Cluster, Special};
pub use database::Database;
pub use proxy::{Cut, Proxy};
