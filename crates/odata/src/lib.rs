//! OData as a language: its primitive types, the text folding that searching and keys rest on,
//! the query options of a request, and the expressions in them, with what they mean.
//!
//! Pure functions over text. This crate must not know any entity or property, JSON, SQL, HTTP
//! statuses, a clock or a database: the crates above give it names and take back values and
//! errors. Nothing here panics on input, and the work for one input is bounded by its length.

pub mod datetime;
pub mod duration;
pub mod edm;
pub mod fold;
pub mod number;
pub mod options;
pub mod query;
pub mod suggest;

pub use datetime::{DateTimeError, DateTimeOffset};
pub use fold::{FOLD_VERSION, fold};
pub use options::{OptionError, Options, SystemOption};
pub use suggest::nearest;
