//! What keeps hostile input cheap.

use super::*;
use crate::query::parser::Parser;

/// The fault of a filter, and how often its tokens were looked at.
fn refused(text: &str) -> (QueryError, usize) {
    let options = Options::default();
    let context = context(&options);
    let mut parser = Parser::new(SystemOption::Filter, text, &context).expect("a short text");
    let error = parser.expression().expect_err("it is too much");
    (error, parser.steps())
}

fn limit(text: &str) -> Limit {
    match error(text).fault {
        QueryFault::Limit(limit) => limit,
        other => panic!("{other}"),
    }
}

/// Runs on a stack that only a reader and a tree of bounded depth can do with.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(work).unwrap();
    thread.join().unwrap();
}

#[test]
fn what_nests_too_deep_is_refused_at_the_first_level_too_many() {
    for (opening, levels) in [("(", 100), ("not ", 100), ("-", 100), ("tolower(", 100)] {
        let (error, steps) = refused(&opening.repeat(20_000));
        assert_eq!(error.fault, QueryFault::Limit(Limit::Nesting), "{opening}");
        assert_eq!(error.place.character, opening.len() * levels + 1, "{opening}");
        assert!(steps < 4 * levels, "{opening}: {steps} steps");
    }
    assert_eq!(limit(&"true eq ".repeat(300)), Limit::Nodes);
    let deep = format!("glossy{}", " eq glossy".repeat(101));
    assert_eq!(limit(&deep), Limit::Nesting);
}

#[test]
fn a_hundred_levels_are_read_and_evaluated_on_a_small_stack() {
    on_a_small_stack(|| {
        let parentheses = format!("{}glossy{}", "(".repeat(100), ")".repeat(100));
        assert!(filter(&parentheses).matches(&tin()));
        let negations = format!("{}glossy", "not ".repeat(100));
        assert!(filter(&negations).matches(&tin()));
        let calls = format!("{}name{} eq 'sky'", "tolower(".repeat(99), ")".repeat(99));
        assert!(filter(&calls).matches(&tin()));
        let comparisons = format!("glossy{}", " eq glossy".repeat(100));
        let deep = filter(&comparisons);
        assert!(deep.matches(&tin()));
        assert_eq!(canonical(&deep.to_string()), deep.to_string());
    });
}

#[test]
fn every_precedence_in_every_level_needs_no_native_stack() {
    on_a_small_stack(|| {
        let level = "true or true and true eq 1 lt 1 add 1 mul -(";
        assert_eq!(limit(&level.repeat(60)), Limit::Nodes);
        assert_eq!(limit(&"true or (".repeat(101)), Limit::Nesting);
    });
}

#[test]
fn an_expression_has_five_hundred_nodes() {
    let chain = |operands: usize| format!("glossy{}", " or glossy".repeat(operands - 1));
    assert!(try_filter(&chain(250)).is_ok());
    assert_eq!(limit(&chain(251)), Limit::Nodes);
    let (error, steps) = refused(&chain(1400));
    assert_eq!(error.fault, QueryFault::Limit(Limit::Nodes));
    assert!(steps < 4 * 500, "{steps} steps");
}

#[test]
fn a_list_has_five_hundred_elements_beside_the_nodes() {
    let list = |elements: usize| format!("name in ({}'')", "'',".repeat(elements - 1));
    assert!(try_filter(&list(500)).is_ok());
    assert_eq!(limit(&list(501)), Limit::InList);
    assert!(try_filter(&format!("{} or {}", list(500), list(500))).is_ok());
    let message = error(&list(5000)).to_string();
    assert!(
        message.contains("the limit 'in list'") && message.contains("at most 500"),
        "{message}"
    );
}

#[test]
fn an_order_has_eight_items() {
    let order = |items: usize| {
        let text = vec!["name"; items].join(",");
        OrderBy::parse(&text, &context(&Options::default()))
    };
    assert!(order(8).is_ok());
    for items in [9, 1000] {
        let error = order(items).unwrap_err();
        assert_eq!(error.fault, QueryFault::Limit(Limit::OrderBy));
        assert_eq!(error.place.character, 8 * 5 + 1);
    }
}

#[test]
fn aliases_make_nothing_out_of_bounds() {
    let limit = |query: &str| match filter_of(query).unwrap_err().fault {
        QueryFault::Limit(limit) => limit,
        other => panic!("{other}"),
    };
    assert_eq!(limit("$filter=@a&@a=@a"), Limit::Nesting);
    assert_eq!(limit("$filter=@a&@a=@b&@b=(@a)"), Limit::Nesting);
    assert_eq!(limit("$filter=@a&@a=@a+or+@a"), Limit::Nesting);
    let doubling: String = (0..20).map(|n| format!("&@a{n}=@a{}+or+@a{}", n + 1, n + 1)).collect();
    assert_eq!(limit(&format!("$filter=@a0{doubling}&@a20=true")), Limit::Nodes);
    let list = vec!["''"; 500].join(",");
    let uses = vec!["name+in+@l"; 20].join("+or+");
    assert_eq!(limit(&format!("$filter={uses}&@l=({list})")), Limit::Length);
}

#[test]
fn a_long_text_is_looked_at_a_few_times_only() {
    let list = format!("name in ({}''", "'',".repeat(400));
    let (error, steps) = refused(&list);
    assert!(matches!(error.fault, QueryFault::Expected { .. }), "{error}");
    assert!(steps < 4 * 2 * 402, "{steps} steps");
}
