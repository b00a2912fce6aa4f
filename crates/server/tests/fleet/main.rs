//! Three processes of the real program on one PostgreSQL database, behind a load balancer, as
//! operators run them: what they share, what one order of writes explains of their answers, and what
//! is noticed of one that is killed, one that stops, and a database that goes away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at once at what must not be"
)]

mod balancer;
mod clients;
mod contract;
mod database_away;
mod dev;
mod explained;
mod fleet;
mod process;
mod shared;
mod start;
mod stop;

#[path = "../../../store/tests/support/order.rs"]
mod order;

#[path = "../crash/replay.rs"]
mod replay;

#[path = "../crash/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "it serves other tests, too")]
mod support;

#[path = "../external/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "it serves other tests, too")]
mod outside;
