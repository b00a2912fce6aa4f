//! What texts are read as.

use super::*;

/// Texts and what they are read as, in canonical form.
fn read_as(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(canonical(text), *expected, "{text}");
    }
}

#[test]
fn operators_bind_in_the_order_of_the_standard() {
    read_as(&[
        ("glossy or glossy and glossy", "glossy or (glossy and glossy)"),
        ("glossy and glossy or glossy", "(glossy and glossy) or glossy"),
        ("not glossy and glossy", "not glossy and glossy"),
        ("not (glossy and glossy)", "not (glossy and glossy)"),
        ("not glossy eq true", "not glossy eq true"),
        ("not (glossy eq true)", "not (glossy eq true)"),
        ("glossy eq note gt name", "glossy eq (note gt name)"),
        ("glossy eq glossy eq glossy", "(glossy eq glossy) eq glossy"),
        ("not glossy in (true)", "not (glossy in (true))"),
        ("(not glossy) in (true)", "(not glossy) in (true)"),
        ("length(name) eq 1 add 2 mul 3", "length(name) eq 7"),
        ("length(name) eq (1 add 2) mul 3", "length(name) eq 9"),
        ("length(name) eq 9 sub 2 sub 3", "length(name) eq 4"),
        ("length(name) eq -2 add 5", "length(name) eq 3"),
        ("length(name) eq -(2 add 5)", "length(name) eq -7"),
        ("1 add 1 lt 3 eq glossy", "glossy eq true"),
    ]);
}

#[test]
fn a_chain_of_one_operator_is_one_node() {
    let chain = filter("glossy and (glossy and glossy) and glossy");
    assert!(matches!(chain.expr(), Expr::And(operands) if operands.len() == 4));
    assert_eq!(chain.to_string(), "glossy and glossy and glossy and glossy");
}

#[test]
fn operators_functions_and_keywords_are_read_in_any_case() {
    read_as(&[
        ("NOT(name EQ 'a')", "not (name eq 'a')"),
        ("StartsWith(name,'a') AND glossy Eq TRUE", "startswith(name,'a') and (glossy eq true)"),
        ("note In ('a',NULL)", "note in ('a',null)"),
        ("mixed lt NOW()", "mixed lt 2026-06-01T00:00:00Z"),
    ]);
    let unknown = error("Name eq 'a'").fault;
    assert!(
        matches!(unknown, QueryFault::UnknownProperty { suggestion: Some("name"), .. }),
        "names of properties keep their case"
    );
}

#[test]
fn blanks_count_only_where_they_part_words() {
    read_as(&[
        ("(name eq 'a')and(note eq 'b')", "(name eq 'a') and (note eq 'b')"),
        ("name\teq   'a' ", "name eq 'a'"),
        ("contains( name , 'a' )", "contains(name,'a')"),
        ("name in( 'a' ,'b' )", "name in ('a','b')"),
        ("mixed lt now( )", "mixed lt 2026-06-01T00:00:00Z"),
    ]);
    assert_eq!(error(" glossy").fault, QueryFault::LeadingBlank);
}

#[test]
fn a_quote_within_text_is_written_twice() {
    let literal = |text: &str| match filter(text).expr() {
        Expr::Compare { right, .. } => match &**right {
            Expr::Literal(Value::String(text)) => text.clone().into_owned(),
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    };
    assert_eq!(literal("name eq 'it''s'"), "it's");
    assert_eq!(literal("name eq ''''"), "'");
    assert_eq!(literal("name eq ''"), "");
    assert_eq!(literal(r"name eq '\n%_\'"), r"\n%_\");
    assert_eq!(literal("name eq 'null'"), "null");
}

#[test]
fn members_are_read_in_every_form() {
    let grey = "colour eq paint.shop.colour'grey'";
    for text in [
        "colour eq 'grey'",
        "colour eq 'gray'",
        "colour eq '4'",
        "colour eq paint.shop.colour'grey'",
        "colour eq paint.shop.colour'gray'",
        "colour eq shop.colour'grey'",
        "'grey' eq colour",
        "shop.colour'grey' eq colour",
        "colour eq concat('gr','ey')",
    ] {
        assert_eq!(canonical(text), grey, "{text}");
    }
    let list = "colour in (paint.shop.colour'grey',paint.shop.colour'azure',null)";
    assert_eq!(canonical("colour in ('gray',shop.colour'azure',null)"), list);
    assert_eq!(canonical("'grey' lt colour"), "colour gt paint.shop.colour'grey'");
}

#[test]
fn a_sentinel_stands_for_what_lies_above_it() {
    let above = "colour gt paint.shop.colour'later'";
    read_as(&[
        ("colour eq 'later'", above),
        ("'later' eq colour", above),
        ("colour ne 'later'", "not (colour gt paint.shop.colour'later')"),
        ("colour ge 'later'", "colour ge paint.shop.colour'later'"),
        ("colour in ('later')", above),
        (
            "colour in ('grey','later','azure')",
            "(colour in (paint.shop.colour'grey',paint.shop.colour'azure')) or \
             (colour gt paint.shop.colour'later')",
        ),
    ]);
}

#[test]
fn a_date_compared_with_an_instant_is_its_midnight_in_utc() {
    read_as(&[
        ("mixed gt 2013-05-24", "mixed gt 2013-05-24T00:00:00Z"),
        ("2013-05-24 lt mixed", "mixed gt 2013-05-24T00:00:00Z"),
        ("mixed in (2013-05-24)", "mixed in (2013-05-24T00:00:00Z)"),
        ("date(mixed) gt 2013-05-24", "date(mixed) gt 2013-05-24"),
    ]);
}

#[test]
fn instants_are_read_to_seven_digits_with_their_offset() {
    read_as(&[
        (
            "mixed eq 2016-12-31t23:58:44.2908994-08:00",
            "mixed eq 2016-12-31T23:58:44.2908994-08:00",
        ),
        ("mixed eq 2016-12-31T23:58z", "mixed eq 2016-12-31T23:58:00Z"),
    ]);
}

#[test]
fn constants_are_folded() {
    read_as(&[
        ("true", "true"),
        ("1 eq 1", "true"),
        ("1 eq 1.0", "true"),
        ("'a' gt 'b'", "false"),
        ("not false", "true"),
        ("null eq null", "true"),
        ("null ne 'a'", "true"),
        ("1 in (2,1)", "true"),
        ("name eq tolower('ABC')", "name eq 'abc'"),
        ("mixed lt now() sub duration'P30D'", "mixed lt 2026-05-02T00:00:00Z"),
        ("mixed gt mindatetime()", "mixed gt 0001-01-01T00:00:00Z"),
        ("mixed lt maxdatetime()", "mixed lt 9999-12-31T23:59:59.9999999Z"),
        ("now() sub mindatetime() gt duration'P1D'", "true"),
        ("(4 add 5) mod (4 sub 1) eq 0", "true"),
        ("5 div 2 eq 2", "true"),
        ("5 divby 2 eq 2.5", "true"),
        ("year(2013-05-24) eq 2013", "true"),
        ("hour(11:22:33) eq 11", "true"),
        ("01234567-89ab-cdef-0123-456789abcdef eq 01234567-89AB-CDEF-0123-456789abcdef", "true"),
    ]);
}

#[test]
fn null_stays_where_its_meaning_depends_on_what_is_around_it() {
    read_as(&[
        ("contains(null,'a')", "contains(null,'a')"),
        ("null and glossy", "null and glossy"),
        ("not null", "not null"),
        ("note eq null", "note eq null"),
    ]);
}

#[test]
fn an_empty_list_is_a_list() {
    assert_eq!(canonical("name in ()"), "name in ()");
    assert_eq!(canonical("name in ( ) or glossy"), "(name in ()) or glossy");
    assert_eq!(canonical("name in (concat('a','b'),@p)"), "name in ('ab',null)");
}

#[test]
fn an_alias_stands_for_its_value() {
    let read = |query: &str| filter_of(query).unwrap_or_else(|error| panic!("{error}")).to_string();
    assert_eq!(read("$filter=colour+eq+@c&@c='grey'"), "colour eq paint.shop.colour'grey'");
    assert_eq!(read("$filter=@a+or+glossy&@a=name+eq+@b&@b='x'"), "(name eq 'x') or glossy");
    assert_eq!(read("$filter=name+in+(@a,@b)&@a='x'&@b=null"), "name in ('x',null)");
    assert_eq!(
        read("$filter=name+in+@l+and+glossy&@l=('x','y')"),
        "(name in ('x','y')) and glossy"
    );
    assert_eq!(read("$filter=name+in+@l&@l=()"), "name in ()");
    assert_eq!(read("$filter=note+eq+@missing"), "note eq null");
    assert_eq!(
        read("$filter=not+@a&@a=glossy+eq+true"),
        "not (glossy eq true)",
        "a value is one operand"
    );
}

#[test]
fn a_list_in_an_alias_ends_there() {
    let error = filter_of("$filter=name+in+@l&@l=('x')+or+true").unwrap_err();
    assert_eq!(error.place, Place { alias: Some("@l".to_owned()), character: 7 });
}

#[test]
fn names_that_are_also_functions_or_operators_are_told_apart_by_where_they_stand() {
    const NAMES: [Property; 3] = [
        property("date", edm::Type::DateTimeOffset, false),
        property("eq", edm::Type::String, false),
        property("in", edm::Type::String, false),
    ];
    let options = Options::default();
    let context = Context { properties: &NAMES, ..context(&options) };
    let read = |text: &str| Filter::parse(text, &context).map(|filter| filter.to_string());
    assert_eq!(read("eq eq 'a'").as_deref(), Ok("eq eq 'a'"));
    assert_eq!(read("in in ('a')").as_deref(), Ok("in in ('a')"));
    assert_eq!(read("date(date) eq 2013-05-24").as_deref(), Ok("date(date) eq 2013-05-24"));
}
