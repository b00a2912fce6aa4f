//! Muster: a register of corporate device identities that speaks Microsoft Graph.
//!
//! `http -> ops -> {store, model}`, `http -> auth`, `authority -> {http, auth, store}`,
//! `{auth, authority} -> dev_keys`, `cli -> app`: see ARCHITECTURE.md.

pub mod app;
pub mod auth;
pub mod authority;
mod beginning;
pub mod cli;
mod data_dir;
pub mod dev_keys;
pub mod http;
mod listen;
pub mod meters;
pub mod ops;
mod private_file;
mod sample;
mod seed;
mod tls;
