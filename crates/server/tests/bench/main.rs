//! What test suites ask of a register: a beginning of their own, a clean start between tests, limits
//! like those of the real service, and nothing left behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

#[macro_use]
#[path = "../http/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "it serves other tests, too")]
mod support;

#[path = "../cli/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "it serves other tests, too")]
mod process;

mod begun;
mod ephemeral;
mod guarded;
mod interrupted;
mod seed;
mod seed_faults;
mod snapshots;
mod throttle;
