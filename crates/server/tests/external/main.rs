//! Sign-in by authorities outside, as in production: the real program, started without `--dev`,
//! trusts an OpenID provider that others wrote, and a strict stand-in for what that cannot do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at once at what must not be"
)]

mod attacks;
mod away;
mod documents;
mod entra;
mod links;
mod names;
mod provider;
mod rotation;
mod start;
mod support;
mod withdrawn;
