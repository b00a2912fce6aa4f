//! Tests of the reader of query options.

use proptest::prelude::*;

use super::*;

fn read(query: &str) -> Options {
    Options::parse(query).expect(query)
}

fn error(query: &str) -> OptionError {
    Options::parse(query).expect_err(query)
}

fn suggestion(query: &str) -> Option<&'static str> {
    match Options::parse(query) {
        Err(OptionError::Unknown { suggestion, .. }) => suggestion,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn system_options_need_neither_dollar_nor_case() {
    for query in ["$orderby=id", "orderby=id", "$OrderBy=id", "ORDERBY=id", "%24orderby=id"] {
        assert_eq!(read(query).get(SystemOption::OrderBy), Some("id"), "{query}");
    }
}

#[test]
fn options_keep_their_order() {
    let options = read("$top=5&filter=a&$count=true");
    let order: Vec<_> = options.iter().map(|(option, value)| (option.name(), value)).collect();
    assert_eq!(order, [("$top", "5"), ("$filter", "a"), ("$count", "true")]);
    assert_eq!(options.get(SystemOption::Skip), None);
}

#[test]
fn every_option_is_found_by_its_own_name() {
    for option in SystemOption::ALL {
        assert_eq!(read(option.name()).get(*option), Some(""), "{option:?}");
        assert_eq!(read(option.bare_name()).get(*option), Some(""), "{option:?}");
    }
}

#[test]
fn a_value_is_what_follows_the_first_equals_sign() {
    assert_eq!(read("$filter=a=b").get(SystemOption::Filter), Some("a=b"));
    assert_eq!(read("$filter=").get(SystemOption::Filter), Some(""));
    assert_eq!(read("$filter").get(SystemOption::Filter), Some(""));
}

#[test]
fn a_value_is_decoded_once() {
    let filter = |query: &str| read(query).get(SystemOption::Filter).map(str::to_owned);
    assert_eq!(filter("$filter=%27a%26b%27+%2B+%C3%A9").as_deref(), Some("'a&b' + é"));
    assert_eq!(filter("$filter=%2527").as_deref(), Some("%27"));
    assert_eq!(filter("$filter=é").as_deref(), Some("é"));
}

#[test]
fn empty_options_are_passed_over() {
    assert!(read("").is_empty());
    assert!(read("&&").is_empty());
    assert_eq!(read("&$top=1&&$skip=2&").iter().count(), 2);
}

#[test]
fn an_option_is_given_once_however_it_is_spelt() {
    let expected =
        OptionError::Duplicate { option: "$top".to_owned(), spelt: "TOP".to_owned(), position: 8 };
    assert_eq!(error("$top=1&TOP=1"), expected);
    let message = expected.to_string();
    assert!(message.contains("'$top'") && message.contains("character 8"), "{message}");
}

#[test]
fn an_unknown_dollar_option_is_refused_with_what_may_be_meant() {
    assert_eq!(suggestion("$fitler=a"), Some("$filter"));
    assert_eq!(suggestion("$TPO=1"), Some("$top"));
    assert_eq!(suggestion("$$top=1"), Some("$top"));
    assert_eq!(suggestion("+$top=1"), Some("$top"));
    assert_eq!(suggestion("$levels=2"), None);
    assert_eq!(suggestion("$=2"), None);
    assert_eq!(suggestion("$customers=2"), None);
}

#[test]
fn a_misspelt_bare_option_is_refused_with_the_right_one() {
    for (query, meant) in [
        ("fitler=a", "$filter"),
        ("Filters=a", "$filter"),
        ("tpo=1", "$top"),
        ("tp=1", "$top"),
        ("skpi=1", "$skip"),
        ("odrerby=a", "$orderby"),
        ("selct=a", "$select"),
        ("skip_token=a", "$skiptoken"),
    ] {
        assert_eq!(suggestion(query), Some(meant), "{query}");
    }
    assert!(error("a=b&fitler=a").to_string().contains("'fitler' at character 5"));
    assert!(error("fitler=a").to_string().contains("Did you mean '$filter'?"));
}

#[test]
fn a_custom_option_is_ignored() {
    for query in [
        "client-request-id=1",
        "api-version=1.0",
        "v=1",
        "_=1700000000",
        "tid=a",
        "q=a",
        "key=a",
        "sort=a",
        "limit=1",
        "=a",
        "levels=2",
        "prefer=a",
        "!deltatoken=a",
        "!special",
    ] {
        assert!(read(query).is_empty(), "{query}");
    }
}

#[test]
fn a_custom_option_is_decoded_like_any_other() {
    assert!(matches!(error("a=%"), OptionError::BadEncoding { .. }));
    assert!(matches!(error("%ff=a"), OptionError::NotUtf8 { .. }));
}

#[test]
fn aliases_are_kept_by_their_exact_name() {
    let options = read("$filter=platform+eq+@p&@p=%27ios%27&@P=1");
    let aliases: Vec<_> = options.aliases().collect();
    assert_eq!(aliases, [("@P", "1"), ("@p", "'ios'")]);
    assert!(!read("@p=1").is_empty());
    assert!(matches!(error("@p=1&@p=1"), OptionError::Duplicate { position: 6, .. }));
}

#[test]
fn a_bad_triplet_is_shown_where_it_stands() {
    let at = |query: &str| {
        let OptionError::BadEncoding { option, found, position } = error(query) else {
            panic!("{query}");
        };
        (option, found, position)
    };
    assert_eq!(at("$top=1&$filter=a%2"), ("$filter".to_owned(), "%2".to_owned(), 17));
    assert_eq!(at("$filter=%41%g1"), ("$filter".to_owned(), "%g1".to_owned(), 12));
    assert_eq!(at("$filter=%"), ("$filter".to_owned(), "%".to_owned(), 9));
    assert_eq!(at("$filter=%é1"), ("$filter".to_owned(), "%é1".to_owned(), 9));
    assert_eq!(at("é=1&%zz=1"), ("%zz".to_owned(), "%zz".to_owned(), 5));
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    for query in ["$filter=%ff", "$filter=%C3", "$filter=%ED%A0%80", "$filter=%C0%AF"] {
        let expected = OptionError::NotUtf8 { option: "$filter".to_owned(), position: 9 };
        assert_eq!(error(query), expected, "{query}");
    }
}

#[test]
fn an_error_repeats_only_so_much_of_what_was_sent() {
    let message = error(&format!("${}=1", "é".repeat(5000))).to_string();
    assert!(message.chars().count() < 200, "{message}");
}

#[test]
fn top_is_digits_alone() {
    assert_eq!(parse_top("0"), Ok(0));
    assert_eq!(parse_top("007"), Ok(7));
    assert_eq!(parse_top("99999999999999999999999"), Ok(u64::MAX));
    for value in ["", "-1", "+1", " 1", "1 ", "1.0", "1e3", "ten", "١", "null"] {
        assert!(matches!(parse_top(value), Err(OptionError::NotANumber { .. })), "{value:?}");
    }
    assert!(parse_top("-1").unwrap_err().to_string().contains("'$top'"));
}

#[test]
fn skip_is_read_as_top_is() {
    assert_eq!(parse_skip("10"), Ok(10));
    assert!(parse_skip("-10").unwrap_err().to_string().contains("'$skip'"));
}

#[test]
fn count_is_true_or_false() {
    assert_eq!(parse_count("true"), Ok(true));
    assert_eq!(parse_count("false"), Ok(false));
    for value in ["", "1", "True", " true", "yes", "null"] {
        assert!(matches!(parse_count(value), Err(OptionError::NotABoolean { .. })), "{value:?}");
    }
    assert!(parse_count("1").unwrap_err().to_string().contains("'$count' must be true or false"));
}

#[test]
fn an_alias_is_found_by_its_exact_name() {
    let options = read("@p=1");
    assert_eq!(options.alias("@p"), Some(("@p", "1")));
    assert_eq!(options.alias("@P"), None);
    assert_eq!(options.alias("p"), None);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(query in any::<String>()) {
        let _ = Options::parse(&query);
    }

    #[test]
    fn any_text_of_a_query_s_own_signs_is_read_or_refused(
        query in "[$@&=+%a-fA-F0-9topé ]{0,60}",
    ) {
        if let Err(error) = Options::parse(&query) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn an_encoded_value_comes_back(value in any::<String>()) {
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let options = read(&format!("$filter={encoded}"));
        prop_assert_eq!(options.get(SystemOption::Filter), Some(value.as_str()));
    }
}

#[test]
fn what_is_written_reads_as_the_same_options() {
    for query in [
        "",
        "$filter=a%20eq%20'%26%3D%2B%25'&top=5&@p=%40q&@@=1&@q=%F0%9F%98%80",
        "orderby=a desc,b&custom=1&select=*&$count=true&search=%22a%20b%22",
    ] {
        let options = Options::parse(query).unwrap();
        assert_eq!(Options::parse(&options.write(|_| true)), Ok(options), "{query}");
    }
}

#[test]
fn what_is_not_wanted_is_not_written() {
    let options = Options::parse("@p='%C3%A9'&$SkipToken=a&top=5&SKIP=3&filter=a eq @p").unwrap();
    let written = options.write(|option| option != SystemOption::Skip);
    assert_eq!(written, "$skiptoken=a&$top=5&$filter=a%20eq%20%40p&@p=%27%C3%A9%27&");
}
