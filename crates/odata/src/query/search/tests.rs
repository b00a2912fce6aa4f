//! Tests of `$search`.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> String {
    match Search::parse(text) {
        Ok(search) => search.to_string(),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn refused(text: &str) -> QueryError {
    Search::parse(text).expect_err(text)
}

#[test]
fn not_binds_tighter_than_and_which_binds_tighter_than_or() {
    for (text, expected) in [
        ("blue", r#""blue""#),
        ("blue green", r#""blue" AND "green""#),
        ("blue AND green OR red", r#"("blue" AND "green") OR "red""#),
        ("blue OR green red", r#""blue" OR ("green" AND "red")"#),
        ("(blue OR green) red", r#"("blue" OR "green") AND "red""#),
        ("NOT blue green", r#"NOT "blue" AND "green""#),
        ("NOT (blue green)", r#"NOT ("blue" AND "green")"#),
        ("blue NOT green", r#""blue" AND NOT "green""#),
        ("a (b) c", r#""a" AND "b" AND "c""#),
        ("a AND(b OR c)", r#""a" AND ("b" OR "c")"#),
        ("NOT(a)", r#"NOT "a""#),
        (" ( a ) ", r#""a""#),
        ("NOT NOT blue", r#"NOT NOT "blue""#),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn operators_without_operands_are_words() {
    for (text, expected) in [
        ("AND", r#""and""#),
        ("NOT", r#""not""#),
        ("NOT NOT", r#"NOT "not""#),
        ("AND OR", r#""and" AND "or""#),
        ("AND OR NOT", r#""and" OR "not""#),
        ("(NOT)", r#""not""#),
        ("blue or green", r#""blue" AND "or" AND "green""#),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn words_hold_whatever_is_no_blank_quote_or_parenthesis() {
    for word in ["1984", "9,81", "daniel's", "__file__", "$search", "08/15", "#1", "a;b", "δ", "'a"]
    {
        assert_eq!(read(word), format!("\"{word}\""));
    }
}

#[test]
fn phrases_hold_whatever_stands_in_quotes() {
    assert_eq!(read(r#""blue (green""#), r#""blue (green""#);
    assert_eq!(read(r#""a\"b\\c""#), r#""a\"b\\c""#);
    assert_eq!(read(r#"'it''s "blue'"#), r#""it's \"blue""#);
    assert_eq!(read("'a' OR 'b'"), r#""'a'" OR "'b'""#);
    assert_eq!(refused("a \"blue").place.character, 3);
    assert_eq!(refused(r#""blue\""#).fault, QueryFault::OpenPhrase);
}

#[test]
fn texts_are_searched_without_regard_to_case() {
    let found = |search: &str, texts: &[&str]| Search::parse(search).unwrap().matches(texts);
    let texts = ["sn-0042", "loaned to äffle"];
    assert!(found("SN-00", &texts));
    assert!(found("0042 Äffle", &texts), "words may be in different texts");
    assert!(!found("\"0042 loaned\"", &texts), "a phrase is in one");
    assert!(found("xyz OR \"to ä\"", &texts));
    assert!(found("NOT xyz", &texts));
    assert!(!found("NOT xyz", &["xyz", ""]));
}

#[test]
fn what_is_no_search_is_refused_where_it_goes_wrong() {
    for (text, character) in
        [("", 1), ("  ", 3), (")", 1), ("()", 2), ("(a", 3), ("a)", 2), ("é (", 4)]
    {
        let error = refused(text);
        assert_eq!(error.place.character, character, "{text}: {error}");
        assert!(matches!(error.fault, QueryFault::Expected { .. }), "{text}: {error}");
    }
    assert_eq!(refused("é \0").fault, QueryFault::Nul);
    assert_eq!(
        refused("(a").to_string(),
        "Invalid search clause: at character 3 of $search, ')' or another word is expected, but \
         the value ends here."
    );
}

#[test]
fn a_search_has_limits() {
    for text in ["(".repeat(20_000), "NOT ".repeat(10_000)] {
        let error = refused(&text);
        assert_eq!(error.fault, QueryFault::Limit(Limit::Nesting));
    }
    assert_eq!(refused(&"a ".repeat(501)).fault, QueryFault::Limit(Limit::Nodes));
    assert!(Search::parse(&"a ".repeat(500)).is_ok());
    let deep = format!("{}a{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(read(&deep), "\"a\"");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_what_is_read_is_read_back(
        text in prop_oneof![any::<String>(), r#"(a|B| |"|\(|\)|NOT |AND |OR |\\|'|é){0,12}"#],
    ) {
        match Search::parse(&text) {
            Ok(search) => prop_assert_eq!(Search::parse(&search.to_string()), Ok(search)),
            Err(error) => prop_assert!(error.place.character <= text.chars().count() + 1),
        }
    }
}
