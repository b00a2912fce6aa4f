//! What the register keeps when its process is killed, its disk is full or a sync fails: the real
//! program, looked at from outside. `support` is what the tests stand on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at once at what must not be"
)]

#[cfg(target_os = "linux")]
mod faults;
mod kill;
mod replay;
#[cfg(target_os = "linux")]
mod shim;
mod support;
#[cfg(target_os = "linux")]
mod sync;
