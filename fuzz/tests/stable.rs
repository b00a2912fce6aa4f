//! The entry points on stable: every kept input, and inputs made of them, with words of the
//! dictionary put in and pieces taken out, doubled or changed.
//!
//! Ten times `PROPTEST_CASES` inputs are made for each.

#![allow(clippy::unwrap_used, reason = "a test stops at once at what must not be")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// What is done to an input.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Double(Index, usize),
    Replace(Index, u8),
}

impl Change {
    fn make(&self, input: &mut Vec<u8>) {
        let end = |at: usize, length: usize| input.len().min(at + length);
        let at = |index: &Index| index.index(input.len() + 1);
        match self {
            Self::Insert(index, word) => {
                let at = at(index);
                drop(input.splice(at..at, word.iter().copied()));
            }
            Self::Remove(index, length) => {
                let at = at(index);
                drop(input.drain(at..end(at, *length)));
            }
            Self::Double(index, length) => {
                let at = at(index);
                let piece = input.get(at..end(at, *length)).unwrap_or_default().to_vec();
                drop(input.splice(at..at, piece));
            }
            Self::Replace(index, byte) => {
                let at = at(index);
                if let Some(place) = input.get_mut(at) {
                    *place = *byte;
                }
            }
        }
    }
}

fn any_change(words: &[Vec<u8>]) -> impl Strategy<Value = Change> + use<> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), select(words.to_vec())).prop_map(|(at, word)| Change::Insert(at, word)),
        2 => (index(), 1_usize..12).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (index(), 1_usize..40).prop_map(|(at, length)| Change::Double(at, length)),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        1 => (index(), 0x20_u8..0x7F).prop_map(|(at, byte)| Change::Replace(at, byte)),
    ]
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The inputs that are kept for an entry point.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let directory = here().join("corpus").join(target);
    let mut files: Vec<PathBuf> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "{} is empty", directory.display());
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// The words of the dictionary, in libFuzzer's form: each in quotes, on a line of its own.
fn words() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(here().join("dictionary")).unwrap();
    let quoted = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted.map(|word| word.replace(r"\\", r"\").into_bytes()).collect()
}

fn holds(target: &str, entry: fn(&[u8])) {
    let kept = kept(target);
    kept.iter().for_each(|input| entry(input));
    let changes = vec(any_change(&words()), 1..6);
    let usual = Config::default();
    let config = Config { failure_persistence: None, cases: 10 * usual.cases, ..usual };
    TestRunner::new(config)
        .run(&(select(kept), changes), |(mut input, changes)| {
            changes.iter().for_each(|change| change.make(&mut input));
            entry(&input);
            Ok::<(), TestCaseError>(())
        })
        .unwrap();
}

#[test]
fn of_the_query_part_of_a_url() {
    holds("query_string", muster_fuzz::query_string);
}

#[test]
fn of_a_filter() {
    holds("filter", muster_fuzz::filter);
}

#[test]
fn of_a_body_of_json() {
    holds("json_body", muster_fuzz::json_body);
}

#[test]
fn of_a_skiptoken() {
    holds("skiptoken", muster_fuzz::skiptoken);
}
