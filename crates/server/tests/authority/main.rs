//! The authority of `--dev`, over HTTP: what the standards say that it must do, one test for each
//! MUST that applies; what Entra ID does besides; and what it must let nobody do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod attacks;
mod browsers;
mod devices;
mod docs;
mod entra;
mod metadata;
mod oauth;
mod openid;
mod pages;
mod permissions;
mod pkce;
mod redirects;
mod refresh;
mod shared_database;
mod start;
mod support;
mod tls;
