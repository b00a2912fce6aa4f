//! The imported device identity: what it is made of, who may write what, and how it is written down.
//!
//! Everything that depends on a property comes from one table, [`PROPERTIES`]: reading a body,
//! the order of the JSON, names of columns, what a query may name. The rules of the register are
//! plain functions.
//!
//! This crate is pure. It must not know a clock (instants are arguments), a source of ids (ids are
//! arguments), storage, or HTTP.

mod codec;
mod enums;
mod fault;
mod identity;
mod literal;
mod patch;
mod payload;
mod property;
mod query;
pub mod render;
mod rows;
mod rules;

pub use codec::{CodecError, decode, encode};
pub use enums::{EnrollmentState, IdentityType, Platform};
pub use fault::{Fault, FaultKind, Faults};
pub use identity::{
    ENTITY_TYPE, Identity, IdentityId, RESULT_TYPE, SearchKey, TenantId, identifier_key, searched,
};
pub use patch::{Draft, Field, Patch};
pub use payload::{
    Import, ImportError, OVERWRITE, ROWS, read_draft, read_import, read_patch, read_search,
};
pub use property::{Given, PROPERTIES, Property, Value, Writer, property};
pub use query::{QUERY_PROPERTIES, query_context};
pub use rows::{TakeRow, read_rows};
pub use rules::Rules;
