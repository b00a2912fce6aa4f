//! Operation of the real program: what it can be told and where, whether it is well, what it has
//! to do. A module for each; `support` is what they stand on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod support;

mod check_config;
mod figures;
mod health;
mod listeners;
mod settings;
