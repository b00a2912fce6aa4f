//! The layers, kept by reading the source: which part may know which, where error statuses, paths
//! and SQL may stand, how long a file and a function may be. Cargo keeps what lies between the
//! crates; this keeps what lies within them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod layers;
mod literals;
mod shape;
mod source;

use std::fmt::{self, Write};

use source::Source;

/// A rule that a line breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

/// What one file is checked for.
type Rule = fn(&Source) -> Vec<Violation>;

#[track_caller]
fn check(sources: &[Source], rule: Rule) {
    let violations: Vec<Violation> = sources.iter().flat_map(rule).collect();
    let mut shown = String::new();
    for violation in &violations {
        write!(shown, "\n{violation}").unwrap();
    }
    assert!(violations.is_empty(), "{shown}");
}

#[test]
fn every_part_knows_only_what_it_may() {
    check(&source::of_the_crates(), layers::check);
}

#[test]
fn error_statuses_paths_and_sql_stand_in_their_places() {
    check(&source::of_the_crates(), literals::check);
}

#[test]
fn files_and_functions_are_short() {
    check(&source::of_everything(), shape::check);
}

#[test]
fn exceptions_are_of_files_that_are_there() {
    let sources = source::of_everything();
    for (file, reason) in shape::LONG_FILES {
        assert!(!reason.is_empty());
        assert!(sources.iter().any(|source| source.file == file), "{file} is no file");
    }
}

/// A file as it might be, with one line too many.
fn violations(rule: Rule, file: &str, text: &str) -> Vec<String> {
    rule(&Source::new(file, text)).iter().map(ToString::to_string).collect()
}
