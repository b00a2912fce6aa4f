//! The binary as people run it: a process of its own, in a directory of its own, with an empty
//! environment. A module for each thing that people do with it; `support` is what they stand on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod support;

mod backup;
mod copy;
mod environment;
mod help;
mod history;
mod log;
mod migrate;
mod paste;
mod refused_start;
mod slow;
mod start;
mod stop;
mod tenants;
mod token;
mod wire;
