//! What filters mean.

use super::*;

fn holds(text: &str, row: &Tin) -> bool {
    filter(text).matches(row)
}

/// Filters that are to pass a row, and filters that are not.
fn passes(row: &Tin, passing: &[&str], failing: &[&str]) {
    for text in passing {
        assert!(holds(text, row), "{text} passes {row:?}");
    }
    for text in failing {
        assert!(!holds(text, row), "{text} does not pass {row:?}");
    }
}

#[test]
fn comparison_with_null_is_true_or_false() {
    passes(
        &bare(),
        &[
            "note eq null",
            "note ne 'a'",
            "not (note eq 'a')",
            "not (note lt 'm')",
            "not (note ge null)",
            "note in (null)",
            "not (note in ('a'))",
            "sold ne 2026-01-31",
            "note eq note",
            "name ne null",
        ],
        &[
            "note eq 'a'",
            "note ne null",
            "note lt 'm'",
            "note le null",
            "note ge note",
            "not (note ne 'a')",
            "note in ('a')",
            "note in ()",
            "name eq null",
            "name in (null)",
        ],
    );
}

#[test]
fn logic_has_three_values_and_only_true_passes() {
    let unknown = "contains(note,'a')";
    let bare = bare();
    assert_eq!(filter(unknown).expr().evaluate(&bare), Value::Null);
    for (text, expected) in [
        ("not U", None),
        ("U and true", None),
        ("true and U", None),
        ("U and false", Some(false)),
        ("false and U", Some(false)),
        ("U or true", Some(true)),
        ("true or U", Some(true)),
        ("U or false", None),
        ("U and U", None),
        ("U or U", None),
        ("not (U and false)", Some(true)),
        ("U eq null", Some(true)),
        ("U eq false", Some(false)),
        ("U ne true", Some(true)),
        ("glossy or false", None),
        ("null or false", None),
    ] {
        let filter = filter(&text.replace('U', unknown));
        assert_eq!(filter.expr().evaluate(&bare).truth(), expected, "{text}");
        assert_eq!(filter.matches(&bare), expected == Some(true), "{text}");
    }
}

#[test]
fn a_function_of_null_is_null() {
    for text in [
        "contains(note,'')",
        "startswith('a',note)",
        "length(note) eq 0 and contains(note,'a')",
        "length(note) ge 0",
        "year(sold) gt 0",
        "substring('abc',indexof(note,'a')) eq 'abc'",
        "concat(note,'') eq ''",
    ] {
        assert!(!holds(text, &bare()), "{text}");
    }
    passes(&bare(), &["length(note) eq null", "tolower(trim(note)) eq null"], &[]);
}

#[test]
fn text_is_compared_by_code_point_and_case() {
    let named = |name: &str| Tin { name: name.to_owned(), ..tin() };
    passes(&named("a"), &["name gt 'B'", "name eq 'a'", "name lt 'é'"], &["name eq 'A'"]);
    passes(&named("é"), &["name gt 'z'"], &["name eq 'e\u{301}'"]);
    passes(&named("\u{ff5e}"), &["name lt '💥'"], &[]);
    passes(&named("a "), &["name ne 'a'", "name gt 'a'"], &[]);
    passes(&named(r"50%_\"), &[r"contains(name,'%_\')"], &["contains(name,'%%')", "name eq '50_'"]);
}

#[test]
fn text_functions_count_characters() {
    let sky = Tin { name: "é💥e\u{301} Sky".to_owned(), ..tin() };
    passes(
        &sky,
        &[
            "length(name) eq 8",
            "indexof(name,'Sky') eq 5",
            "indexof(name,'sky') eq -1",
            "indexof(name,'') eq 0",
            "substring(name,5) eq 'Sky'",
            "substring(name,1,1) eq '💥'",
            "substring(name,-3,1) eq 'é'",
            "substring(name,5,-1) eq ''",
            "substring(name,99) eq ''",
            "substring(name,0,9999999999999999999999) eq name",
            "startswith(name,'é')",
            "endswith(name,'ky') and not endswith(name,'KY')",
            "contains(name,'💥e')",
            "concat(concat(name,'-'),id) eq 'é💥e\u{301} Sky-1'",
            "trim(concat(' \u{2003}',concat(name,'\t'))) eq name",
        ],
        &["contains(name,'S K')", "startswith(name,'e')"],
    );
}

#[test]
fn lower_and_upper_case_are_those_of_fold() {
    let named = |name: &str| Tin { name: name.to_owned(), ..tin() };
    passes(&named("SnÄß"), &["tolower(name) eq 'snäß'", "toupper(name) eq 'SNÄß'"], &[]);
    passes(&named("\u{212a}"), &["tolower(name) eq 'k'", "toupper(name) eq 'K'"], &[]);
    passes(&named("ΣΑΣ"), &["tolower(name) eq tolower('σας')"], &[]);
}

#[test]
fn instants_are_compared_regardless_of_their_offset() {
    passes(
        &tin(),
        &[
            "mixed eq 2017-01-01T07:58:44.2908994Z",
            "mixed gt 2017-01-01T07:58:44.2908993Z",
            "mixed in (2017-01-01T08:58:44.2908994+01:00)",
            "mixed lt sold",
            "mixed gt 2017-01-01",
        ],
        &["mixed gt 2017-01-01T07:58:44.2908994Z", "mixed lt 2016-12-31T23:59:00Z"],
    );
}

#[test]
fn parts_of_an_instant_are_those_of_its_own_offset() {
    passes(
        &tin(),
        &[
            "year(mixed) eq 2016 and month(mixed) eq 12 and day(mixed) eq 31",
            "hour(mixed) eq 23 and minute(mixed) eq 58 and second(mixed) eq 44",
            "fractionalseconds(mixed) eq 0.2908994",
            "fractionalseconds(mixed) lt 0.29089941",
            "date(mixed) eq 2016-12-31",
            "time(mixed) eq 23:58:44.2908994",
            "time(mixed) gt 23:58",
            "totaloffsetminutes(mixed) eq -480",
            "totaloffsetminutes(sold) eq 0",
            "year(date(mixed)) eq 2016",
            "hour(time(mixed)) eq 23",
        ],
        &["year(mixed) eq 2017", "date(mixed) eq 2017-01-01"],
    );
}

#[test]
fn members_are_compared_by_number() {
    passes(
        &tin(),
        &[
            "colour gt 'grey'",
            "colour ne 'grey'",
            "colour in ('clear','azure')",
            "colour lt 'later'",
        ],
        &["colour eq 'later'", "colour lt 'azure'", "colour in ('later')"],
    );
    let unknown = Tin { colour: 7, ..tin() };
    passes(
        &unknown,
        &["colour eq 'later'", "colour in ('grey','later')", "colour gt 'later'"],
        &["colour ne 'later'", "colour in ('grey')"],
    );
}

#[test]
fn booleans_are_values_too() {
    passes(
        &tin(),
        &["glossy", "glossy eq true", "glossy gt false", "(name eq 'Sky') eq glossy"],
        &["not glossy", "glossy ne true", "contains(name,'x') eq glossy"],
    );
}
