//! The syntax cases of OASIS' "OData ABNF Test Cases" 4.01, against this reader.
//!
//! They are read from `odata-abnf.json` in the directory that `MUSTER_TEST_CASES` names. Where this
//! language rightly differs stands, with the reason, in [`differences`].

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

mod differences;
mod sample;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Once;

use differences::{DIFFERENCES, ELSEWHERE};
use sample::{Outcome, read};

/// One case of the file.
struct Case {
    rule: String,
    input: String,
    is_accepted: bool,
    is_core: bool,
}

/// That the cases are skipped is said once.
static SKIPPED: Once = Once::new();

/// The cases. `None`, and a line that says so, if the tests were not told where they are.
fn cases() -> Option<Vec<Case>> {
    let Some(directory) = std::env::var_os("MUSTER_TEST_CASES") else {
        let is_required = std::env::var_os("MUSTER_TEST_REQUIRE").is_some();
        assert!(!is_required, "MUSTER_TEST_CASES is required here, and not set");
        SKIPPED.call_once(|| println!("skipped: MUSTER_TEST_CASES names no directory of cases"));
        return None;
    };
    let path = PathBuf::from(directory).join("odata-abnf.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let file: serde_json::Value = serde_json::from_str(&text).expect("the cases are JSON");
    let cases = file["cases"].as_array().expect("there are cases");
    Some(cases.iter().map(case).collect())
}

fn case(case: &serde_json::Value) -> Case {
    let text = |name: &str| case[name].as_str().expect(name).to_owned();
    Case {
        rule: text("rule"),
        input: text("input"),
        is_accepted: text("expect") == "accept",
        is_core: text("tier") == "core",
    }
}

/// The reason why this case is answered otherwise than the file says.
fn difference(case: &Case) -> Option<&'static str> {
    let is_listed = |inputs: &[(&str, &str)]| inputs.contains(&(&case.rule, &case.input));
    DIFFERENCES.iter().find(|(_, inputs)| is_listed(inputs)).map(|(reason, _)| *reason)
}

/// The cases of rules that are this crate's business.
fn own_cases() -> Option<Vec<Case>> {
    let is_own = |case: &Case| !ELSEWHERE.contains(&case.rule.as_str());
    Some(cases()?.into_iter().filter(is_own).collect())
}

/// Whether the answer is what the file says: for what the model can have, the outcome it names; for
/// what it cannot, a refusal.
fn is_as_expected(case: &Case, outcome: &Outcome) -> bool {
    let is_accepted = case.is_core && case.is_accepted;
    matches!(outcome, Outcome::Accepted) == is_accepted
}

#[test]
fn every_case_is_answered_as_expected_or_listed_with_a_reason() {
    let Some(cases) = own_cases() else { return };
    assert!(cases.len() > 400, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let outcome = read(&case.rule, &case.input);
        let is_listed = difference(case).is_some();
        if is_as_expected(case, &outcome) == is_listed {
            wrong.push(format!("{} {:?}: {outcome:?}", case.rule, case.input));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn valid_odata_outside_of_the_model_is_not_called_invalid() {
    let Some(cases) = own_cases() else { return };
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| case.is_accepted && !case.is_core) {
        if let Outcome::Invalid(message) = read(&case.rule, &case.input) {
            wrong.push(format!("{} {:?}: {message}", case.rule, case.input));
        }
    }
    // Names alone do not tell what is not in the model from what is misspelt.
    wrong.retain(|message| !message.contains(" is not a "));
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_listed_difference_is_a_case_of_the_file() {
    let Some(cases) = cases() else { return };
    let known: BTreeSet<_> =
        cases.iter().map(|case| (case.rule.as_str(), case.input.as_str())).collect();
    for (reason, inputs) in DIFFERENCES {
        for listed in *inputs {
            assert!(known.contains(listed), "{listed:?}: {reason}");
        }
    }
    let rules: BTreeSet<_> = cases.iter().map(|case| case.rule.as_str()).collect();
    for rule in ELSEWHERE {
        assert!(rules.contains(rule), "{rule}");
    }
}
