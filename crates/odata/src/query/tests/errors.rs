//! What is refused, with which words, and where.

use super::*;

/// Where the error of a filter is.
fn at(text: &str) -> usize {
    error(text).place.character
}

#[test]
fn an_error_says_what_is_expected_and_where() {
    for (text, message) in [
        (
            "name eq ",
            "Invalid filter clause: at character 9 of $filter, a property, literal, function or \
             '(' is expected, but the value ends here.",
        ),
        (
            "(name eq 'a'",
            "Invalid filter clause: at character 13 of $filter, an operator or ')' is expected, \
             but the value ends here.",
        ),
        (
            "name eq 'é' platform",
            "Invalid filter clause: at character 13 of $filter, an operator such as 'eq' or \
             'and', or the end, is expected, but 'platform' stands here.",
        ),
        (
            "nmae eq 'a'",
            "Invalid filter clause: at character 1 of $filter, 'nmae' is not a property. Did you \
             mean 'name'?",
        ),
        (
            "colour eq grey",
            "Invalid filter clause: at character 11 of $filter, 'grey' is not a property. Text and \
             members of enumerations stand in single quotes.",
        ),
        (
            "strtswith(name,'a')",
            "Invalid filter clause: at character 1 of $filter, 'strtswith' is not a function. Did \
             you mean 'startswith'?",
        ),
        (
            "colour eq 'Grey'",
            "Invalid filter clause: at character 11 of $filter, 'Grey' is not a member of \
             paint.shop.colour; its members are clear, grey, azure, later.",
        ),
        (
            "mixed gt '2013-05-24'",
            "Invalid filter clause: at character 1 of $filter, Edm.DateTimeOffset and Edm.String \
             are compared, which have no common values. Write the literal without quotes.",
        ),
        (
            "name eq 353205113926410",
            "Invalid filter clause: at character 1 of $filter, Edm.String and Edm.Int32 are \
             compared, which have no common values. Put the literal in single quotes.",
        ),
        (
            "4 ne colour",
            "Invalid filter clause: at character 1 of $filter, Edm.Int32 and paint.shop.colour are \
             compared, which have no common values. Put the literal in single quotes.",
        ),
        (
            "glossy eq 'true'",
            "Invalid filter clause: at character 1 of $filter, Edm.Boolean and Edm.String are \
             compared, which have no common values. Write the literal without quotes.",
        ),
        (
            "mixed gt 'yesterday'",
            "Invalid filter clause: at character 1 of $filter, Edm.DateTimeOffset and Edm.String are \
             compared, which have no common values.",
        ),
        (
            "name eq mixed",
            "Invalid filter clause: at character 1 of $filter, Edm.String and Edm.DateTimeOffset are \
             compared, which have no common values.",
        ),
        (
            "length(name)",
            "Invalid filter clause: at character 1 of $filter, a Boolean expression, such as a \
             comparison, is wanted here, but this is Edm.Int32.",
        ),
        (
            "mixed gt 2012-09-03T22:09:02 01:00",
            "Invalid filter clause: at character 10 of $filter, '2012-09-03T22:09:02 01:00' cannot \
             be read: a blank stands where the + of the offset belongs; in a URL, send + as %2B.",
        ),
        (
            "name/first eq 'a'",
            "Unsupported filter clause: at character 1 of $filter, the path 'name/…' is used, \
             which is valid OData, but not offered here.",
        ),
    ] {
        assert_eq!(error(text).to_string(), message, "{text}");
    }
}

#[test]
fn an_error_within_an_alias_names_the_alias() {
    let error = filter_of("$filter=colour+eq+'grey'+and+@p&@p=name+eq").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid filter clause: at character 8 of @p, a property, literal, function or '(' is \
         expected, but the value ends here."
    );
    let error = filter_of("$filter=colour+eq+@p&@p='red'").unwrap_err();
    assert!(error.to_string().contains("at character 1 of @p, 'red' is not a member"), "{error}");
}

#[test]
fn not_binds_tighter_than_a_comparison() {
    let error = error("not name eq 'b'");
    assert_eq!(error.place.character, 5);
    assert!(matches!(error.fault, QueryFault::WrongType { found: Some(Type::String), .. }));
}

#[test]
fn what_is_not_boolean_is_no_filter() {
    for text in ["name", "1", "null", "now()", "concat(name,note)", "'true'"] {
        let fault = error(text).fault;
        assert!(matches!(fault, QueryFault::WrongType { .. }), "{text}: {fault}");
    }
}

#[test]
fn types_that_have_no_common_values_are_not_compared() {
    for text in [
        "name eq 1",
        "colour eq 4",
        "colour eq name",
        "mixed eq '2016-12-31T23:58:44Z'",
        "glossy eq 'true'",
        "date(mixed) eq mixed",
        "time(mixed) eq 2013-05-24",
        "id eq 01234567-89ab-cdef-0123-456789abcdef",
        "name in ('a',1)",
        "name eq shop.colour'grey'",
    ] {
        let fault = error(text).fault;
        assert!(matches!(fault, QueryFault::Incomparable { .. }), "{text}: {fault}");
    }
}

#[test]
fn arguments_have_the_types_of_the_signature() {
    for text in [
        "contains(colour,'gr')",
        "contains(name,1)",
        "year(name) eq 1",
        "year(11:22) eq 1",
        "hour(2013-05-24) eq 1",
        "length(1) eq 1",
        "substring(name,1.0) eq 'a'",
        "substring(name,'a') eq 'a'",
    ] {
        let fault = error(text).fault;
        assert!(matches!(fault, QueryFault::WrongType { .. }), "{text}: {fault}");
    }
    for text in ["contains(name)", "length(name,name) eq 1", "substring(name,1,2,3) eq 'a'"] {
        let fault = error(text).fault;
        assert!(matches!(fault, QueryFault::ArgumentCount { .. }), "{text}: {fault}");
    }
}

#[test]
fn valid_odata_that_is_not_offered_is_told_from_what_is_no_odata() {
    for text in [
        "Products/any(p:p/Price gt 5)",
        "tags/all(t:t eq 'a')",
        "length(name) add 1 eq 5",
        "5 mul length(name) eq 5",
        "-length(name) lt 0",
        "mixed add duration'P1D' gt now()",
        "now() sub mixed gt duration'P1D'",
        "cast(name,Edm.String) eq 'a'",
        "isof(paint.tin)",
        "geo.distance(name,name) lt 1",
        "matchesPattern(name,'^a')",
        "floor(1.5) eq 1",
        "colour has shop.colour'grey'",
        "$it/name eq 'a'",
        "$root/tins eq null",
        "paint.tin/name eq 'a'",
        "paint.isBlue()",
        "name in ['a','b']",
        "[1,2] eq [1]",
        "{} eq null",
        "length(name) lt INF",
        "1e-101 eq 1",
        "@core.messages/any()",
        "geography'POINT(1 1)' eq null",
    ] {
        let error = error(text);
        assert!(error.is_not_offered(), "{text}: {error}");
    }
    for text in ["any()", "name eq", "foo(name)", "name like 'a'", "guid'a' eq null", "a:b"] {
        let error = error(text);
        assert!(!error.is_not_offered(), "{text}: {error}");
    }
}

#[test]
fn a_list_holds_constants() {
    assert_eq!(error("name in (note)").fault, QueryFault::NotConstant);
    assert_eq!(at("name in ('a',note)"), 14);
    for text in ["name in", "name in 'a'", "name in ('a'", "name in ('a',)", "name in (,'a')"] {
        let fault = error(text).fault;
        assert!(matches!(fault, QueryFault::Expected { .. }), "{text}: {fault}");
    }
}

#[test]
fn what_is_cut_short_or_doubled_is_refused_where_it_goes_wrong() {
    for (text, character) in [
        ("", 1),
        (")", 1),
        ("()", 2),
        ("glossy)", 7),
        ("glossy glossy", 8),
        ("glossy and", 11),
        ("and glossy", 1),
        ("glossy and and glossy", 12),
        ("glossy,glossy", 7),
        ("contains(name 'a')", 15),
        ("contains(name,'a'", 18),
        ("contains(name,)", 15),
        ("now(1) eq null", 5),
        ("not", 4),
        ("-", 2),
        ("name eq 'O'Neil'", 12),
        ("name eq \"a\"", 9),
        ("name eq ‘a’", 9),
        ("name eq 'a", 9),
        ("name eq 'a\0'", 9),
        ("name = 'a'", 6),
        ("name eq 'a' && glossy", 13),
        ("name eq @", 10),
        ("mixed gt 2013-02-30", 10),
        ("mixed gt 2013-05-24T24:00Z", 10),
        ("mixed gt 2013-05-24T00:00:00.12345678Z", 10),
        ("mixed gt 0000-01-01", 10),
        ("mixed gt 2013-05-24T00:00:00", 10),
        ("length(name) eq 12a", 17),
        ("length(name) eq 1.", 17),
        ("duration'P1Y' eq null", 1),
        ("1 div 0 eq 1", 1),
        ("9999999999999999999999999999 add 1 eq 1", 1),
        ("name\neq 'a'", 5),
        ("name eq 'a'\u{a0}", 12),
    ] {
        let error = error(text);
        assert!(!error.is_not_offered(), "{text}: {error}");
        assert_eq!(error.place.character, character, "{text}: {error}");
    }
}

#[test]
fn an_error_repeats_only_so_much_of_what_was_sent() {
    for text in [
        "x".repeat(5000),
        format!("{}(1)", "x".repeat(5000)),
        format!("1{}", "x".repeat(5000)),
        format!("colour eq '{}'", "x".repeat(5000)),
        format!("{}'a'", "x".repeat(5000)),
        format!("true {}", "x".repeat(5000)),
    ] {
        let message = error(&text).to_string();
        assert!(message.chars().count() < 250, "{message}");
    }
}
