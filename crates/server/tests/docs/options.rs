//! Options that a page tells of are there.

use std::collections::BTreeSet;
use std::process::Command;

use crate::page::read;

const PAGE: &str = "docs/authorities.md";

/// The words that look like options.
fn options(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    text.split(|c: char| !is_part(c))
        .filter(|word| {
            word.strip_prefix("--").is_some_and(|name| name.starts_with(char::is_alphabetic))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn options_of_authorities_are_those_of_the_command_line() {
    let mut help = String::new();
    for command in [&["serve"][..], &["admin", "tenant", "add"]] {
        let mut muster = Command::new(env!("CARGO_BIN_EXE_muster"));
        let output = muster.args(command).arg("--help").output().unwrap();
        help.push_str(&String::from_utf8(output.stdout).unwrap());
    }
    let (told, known) = (options(&read(PAGE)), options(&help));
    let unknown: Vec<_> = told.difference(&known).collect();
    assert!(unknown.is_empty(), "{PAGE} tells of {unknown:?}");
    let of_claims = known.iter().filter(|option| option.starts_with("--claim-"));
    let untold: Vec<_> = of_claims.filter(|option| !told.contains(*option)).collect();
    assert!(untold.is_empty(), "{PAGE} does not tell of {untold:?}");
}
