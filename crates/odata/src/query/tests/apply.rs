//! `$apply`, and the order of what comes of it.

use super::*;

/// What an option is read against, with this alias `@c`.
fn with_context<T>(read: impl FnOnce(&Context<'_>) -> T) -> T {
    let options = Options::parse("@c='grey'").unwrap();
    let context = Context {
        properties: &PROPERTIES,
        namespace_alias: None,
        options: &options,
        now: DateTimeOffset::MIN,
    };
    read(&context)
}

fn parse(text: &str) -> Result<Apply, QueryError> {
    with_context(|context| Apply::parse(text, context))
}

fn order(text: &str, apply: &str) -> Result<GroupOrder, QueryError> {
    with_context(|context| GroupOrder::parse(text, &Apply::parse(apply, context)?, context))
}

#[test]
fn its_text_reads_as_the_same_again() {
    for (text, wanted) in [
        ("aggregate($count as n)", "aggregate($count as n)"),
        ("AGGREGATE( $count  AS  Total_1 )", "aggregate($count as Total_1)"),
        ("groupby((colour))", "groupby((colour))"),
        ("groupby( ( colour , colour ) )", "groupby((colour))"),
        (
            "groupby((colour),aggregate($count as groupby))",
            "groupby((colour),aggregate($count as groupby))",
        ),
        (
            "filter(colour eq @c and (name eq ')/'))/groupby((colour),aggregate($count as ö))",
            "filter((colour eq paint.shop.colour'grey') and (name eq ')/'))\
             /groupby((colour),aggregate($count as ö))",
        ),
        ("filter(true)/aggregate($count as n)", "filter(true)/aggregate($count as n)"),
    ] {
        let apply = parse(text).expect(text);
        assert_eq!(apply.to_string(), wanted, "{text}");
        assert_eq!(parse(wanted).as_ref(), Ok(&apply), "{text}");
    }
}

#[test]
fn what_is_valid_but_not_read_is_named() {
    for (text, named, at) in [
        ("groupby((name))", "grouping by 'name'", 10),
        ("groupby((colour,note))", "grouping by 'note'", 17),
        ("groupby((rollup(colour,name)))", "grouping by 'rollup(…)'", 10),
        ("groupby((name/first))", "grouping by 'name/…'", 10),
        ("groupby((colour),topcount(1,name))", "the transformation 'topcount'", 18),
        ("groupby((colour),filter(true))", "another transformation of groups", 18),
        ("groupby((colour),aggregate($count as n)/top(1))", "within groups", 40),
        ("groupby((colour))/top(1)", "a transformation of groups", 18),
        ("aggregate($count as n)/identity", "a transformation of groups", 23),
        ("aggregate(mixed with max as m)", "the aggregation of 'mixed'", 11),
        ("aggregate(cast(name,Edm.Int32) with sum as s)", "the aggregation of 'cast'", 11),
        ("aggregate($count as n,$count as m)", "a further aggregate", 22),
        ("filter(true)", "'filter' with no 'groupby'", 1),
        ("filter(true)/filter(false)", "a second 'filter'", 14),
        ("filter(true)/Concat(identity,identity)", "the transformation 'Concat'", 14),
        ("compute(1 as one)", "the transformation 'compute'", 1),
        ("topcount(1,name)", "the transformation 'topcount'", 1),
        ("paint.shop.mix()", "the transformation 'paint.shop.mix'", 1),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.is_not_offered(), "{text}: {error}");
        assert!(error.to_string().contains(named), "{text}: {error}");
        assert_eq!(error.place.character, at, "{text}: {error}");
    }
}

#[test]
fn what_is_malformed_is_refused_where_it_is() {
    for (text, at) in [
        ("", 1),
        (" aggregate($count as n)", 1),
        ("group((colour))", 1),
        ("groupby", 8),
        ("groupby(colour)", 9),
        ("groupby(())", 10),
        ("groupby((colour,))", 17),
        ("groupby((color))", 10),
        ("groupby((colour)", 17),
        ("groupby((colour),)", 18),
        ("groupby((colour)) x", 19),
        ("groupby((colour),aggregate())", 28),
        ("aggregate($count)", 17),
        ("aggregate($count as)", 20),
        ("aggregate($count as 'n')", 21),
        ("aggregate($count as name)", 21),
        ("aggregate($count as a.b)", 21),
        ("aggregate($counts as n)", 12),
        ("aggregate($ count as n)", 13),
        ("aggregate($count with sum as n)", 18),
        ("aggregate(nmae with sum as n)", 11),
        ("aggregate($count as n", 22),
        ("filter()/aggregate($count as n)", 8),
        ("filter(name)/aggregate($count as n)", 8),
        ("filter(true)aggregate($count as n)", 13),
        ("filter(true)/", 14),
        ("filter(nmae eq 'a')/aggregate($count as n)", 8),
    ] {
        let error = parse(text).expect_err(text);
        assert!(!error.is_not_offered(), "{text}: {error}");
        assert_eq!(error.option, SystemOption::Apply, "{text}");
        assert_eq!(error.place.character, at, "{text}: {error}");
    }
    let longest = "n".repeat(128);
    assert!(parse(&format!("aggregate($count as {longest})")).is_ok());
    assert!(parse(&format!("aggregate($count as {longest}n)")).is_err());
}

#[test]
fn a_filter_within_keeps_to_the_limits_of_filters() {
    let deep = format!("filter({}true{})", "(".repeat(101), ")".repeat(101));
    let error = parse(&format!("{deep}/aggregate($count as n)")).unwrap_err();
    assert_eq!(error.fault, QueryFault::Limit(Limit::Nesting));
}

fn tins() -> Vec<Tin> {
    let tin = |name: &str, colour| Tin { name: name.to_owned(), colour, ..tin() };
    vec![tin("a", 5), tin("b", 0), tin("a", 5), tin("a", 0), tin("a", 4)]
}

fn groups(apply: &str) -> Vec<(Vec<i64>, u64)> {
    let groups = parse(apply).unwrap().summarize(&tins());
    groups.into_iter().map(|group| (group.members, group.rows)).collect()
}

#[test]
fn rows_are_counted_by_their_members() {
    let by_colour = "groupby((colour),aggregate($count as n))";
    assert_eq!(groups(by_colour), [(vec![0], 2), (vec![4], 1), (vec![5], 2)]);
    let some = format!("filter(name eq 'a' and colour ne 'grey')/{by_colour}");
    assert_eq!(groups(&some), [(vec![0], 1), (vec![5], 2)]);
    assert_eq!(groups("aggregate($count as n)"), [(vec![], 5)]);
    assert_eq!(groups("filter(false)/aggregate($count as n)"), [(vec![], 0)]);
    assert_eq!(groups(&format!("filter(false)/{by_colour}")), []);
}

#[test]
fn groups_are_ordered_by_what_they_have() {
    let by_colour = "groupby((colour),aggregate($count as n))";
    for (text, wanted) in [
        ("colour", [0, 4, 5]),
        ("colour desc", [5, 4, 0]),
        ("n", [4, 0, 5]),
        ("n desc", [0, 5, 4]),
        ("n asc , colour desc", [4, 5, 0]),
        ("n,n desc,colour", [4, 0, 5]),
    ] {
        let mut groups = parse(by_colour).unwrap().summarize(&tins());
        order(text, by_colour).expect(text).sort(&mut groups);
        let colours: Vec<i64> = groups.iter().map(|group| group.members[0]).collect();
        assert_eq!(colours, wanted, "{text}");
    }
    for text in ["", "name", "m", "n desc desc", "n,", "'n'", "n eq 1"] {
        let error = order(text, by_colour).expect_err(text);
        assert!(!error.is_not_offered(), "{text}: {error}");
        assert_eq!(error.option, SystemOption::OrderBy);
    }
    assert!(order("tolower(name)", by_colour).unwrap_err().is_not_offered());
    assert!(order("n", "groupby((colour))").is_err(), "nothing is counted");
}
