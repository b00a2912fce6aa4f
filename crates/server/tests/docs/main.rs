//! The documents say what is so: tables are what the code's tables say, and what a page has its
//! reader type is typed, and answered as the page shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod operations;
mod options;
mod packaging;
mod page;
mod query;
mod tables;
mod testing;
mod tour;
