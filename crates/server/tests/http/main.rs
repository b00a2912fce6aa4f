//! The HTTP contract, spoken over real sockets to the whole server. A module for each operation,
//! and one for each thing that all operations have in common; `support` is what they stand on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

#[macro_use]
mod support;

mod accept;
mod addresses;
mod apply;
mod bad_input;
mod batch;
mod busy;
mod conditions;
mod count;
mod create;
mod delete;
mod description;
mod encoding;
mod errors;
mod filter;
mod forms;
mod get;
mod governing;
mod headers;
mod hosts;
mod identifiers;
mod import;
mod keep_alive;
mod list;
mod metadata;
mod model;
mod options;
mod order;
mod paging;
mod permissions;
mod preferences;
mod search;
mod searching;
mod select;
mod service_document;
mod surface;
mod tls;
mod update;
mod values;
