//! Filters with right types, orders and pages, as text.

use odata::query::Value;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::rows::{any_instant, any_text};

/// What is asked of the register.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) filter: Option<String>,
    pub(crate) search: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) skip: usize,
    pub(crate) limit: usize,
}

pub(crate) fn any_question() -> impl Strategy<Value = Question> {
    let filter = option::weighted(0.9, boolean());
    let search = option::weighted(0.3, search());
    let order = option::weighted(0.8, order());
    let skip = prop_oneof![4 => Just(0_usize), 1 => 0..8_usize];
    (filter, search, order, skip, 1..9_usize).prop_map(|(filter, search, order, skip, limit)| {
        Question { filter, search, order, skip, limit }
    })
}

/// An `$apply` of what is answered.
pub(crate) fn any_apply() -> impl Strategy<Value = String> {
    let names = vec!["platform", "enrollmentState", "importedDeviceIdentityType"];
    let groups = subsequence(names, 0..=3).prop_shuffle();
    let filter = option::weighted(0.7, boolean());
    (filter, groups, any::<bool>()).prop_map(|(filter, groups, is_counted)| {
        let filter = filter.map(|text| format!("filter({text})/")).unwrap_or_default();
        let names = groups.join(",");
        match (groups.is_empty(), is_counted) {
            (true, _) => format!("{filter}aggregate($count as n)"),
            (false, true) => format!("{filter}groupby(({names}),aggregate($count as n))"),
            (false, false) => format!("{filter}groupby(({names}))"),
        }
    })
}

fn one(of: &[&'static str]) -> impl Strategy<Value = String> {
    select(of.to_vec()).prop_map(str::to_owned)
}

fn text_property() -> impl Strategy<Value = String> {
    one(&["id", "importedDeviceIdentifier", "importedDeviceIdentifier", "description"])
}

fn text_literal() -> impl Strategy<Value = String> {
    let some = any_text().prop_map(|text| Value::String(text.into()).to_string());
    let ids =
        one(&["'0192f0c1-2b3c-7def-8123-456789abcdef'", "'ffffffff-ffff-7fff-bfff-ffffffffffff'"]);
    prop_oneof![8 => some, 1 => ids]
}

fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![3 => text_property(), 1 => text_literal()];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (one(&["tolower", "toupper", "trim"]), inner.clone())
                .prop_map(|(name, text)| format!("{name}({text})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("concat({a},{b})")),
            (inner, 0..3).prop_map(|(text, start)| format!("substring({text},{start})")),
        ]
    })
}

fn date_property() -> impl Strategy<Value = String> {
    one(&[
        "lastContactedDateTime",
        "lastContactedDateTime",
        "createdDateTime",
        "lastModifiedDateTime",
    ])
}

fn date() -> impl Strategy<Value = String> {
    prop_oneof![
        any_instant().prop_map(|instant| instant.to_string()),
        one(&["now()", "mindatetime()", "2013-03-28", "now() sub duration'P30D'"]),
        date_property(),
    ]
}

fn number() -> impl Strategy<Value = String> {
    let parts = one(&["year", "month", "day", "hour", "minute", "second", "totaloffsetminutes"]);
    prop_oneof![
        (-3_i16..40).prop_map(|number| number.to_string()),
        text().prop_map(|text| format!("length({text})")),
        (text(), text()).prop_map(|(a, b)| format!("indexof({a},{b})")),
        (parts, date_property()).prop_map(|(part, date)| format!("{part}({date})")),
    ]
}

fn platform() -> impl Strategy<Value = String> {
    one(&["'ios'", "'tvOS'", "graph.platform'macOS'", "'unknown'", "'unknownFutureValue'"])
}

fn state() -> impl Strategy<Value = String> {
    one(&["'failed'", "'blocked'", "microsoft.graph.enrollmentState'unknown'"])
}

fn kind() -> impl Strategy<Value = String> {
    one(&["'imei'", "'manufacturerModelSerial'", "'2'"])
}

fn named(name: &'static str) -> impl Strategy<Value = String> {
    Just(name.to_owned())
}

fn comparison() -> impl Strategy<Value = String> {
    let operator = one(&["eq", "eq", "ne", "gt", "ge", "lt", "le"]);
    let operands = prop_oneof![
        4 => (text_property(), text_literal()),
        2 => (text(), text()),
        1 => (text_property(), text_property()),
        3 => (date_property(), date()),
        1 => (date(), date_property()),
        1 => (number(), number()),
        1 => (named("tolower(importedDeviceIdentifier)"), text_literal()),
        2 => (named("platform"), platform()),
        1 => (named("enrollmentState"), state()),
        1 => (named("importedDeviceIdentityType"), kind()),
        1 => (text_property(), named("null")),
        1 => (named("null"), date_property()),
    ];
    (operands, operator).prop_map(|((left, right), operator)| format!("{left} {operator} {right}"))
}

fn list() -> impl Strategy<Value = String> {
    let or_null = |element: BoxedStrategy<String>| prop_oneof![4 => element, 1 => named("null")];
    let listed = prop_oneof![
        (text_property(), vec(or_null(text_literal().boxed()), 0..4)),
        (named("platform"), vec(or_null(platform().boxed()), 0..4)),
        (named("tolower(description)"), vec(or_null(text_literal().boxed()), 0..3)),
        (named("length(description)"), vec(or_null(one(&["0", "1", "3"]).boxed()), 0..3)),
    ];
    listed.prop_map(|(operand, list)| format!("{operand} in ({})", list.join(",")))
}

fn test() -> impl Strategy<Value = String> {
    let names = one(&["contains", "startswith", "startswith", "startswith", "endswith"]);
    let operands = prop_oneof![
        3 => (text_property(), text_literal()),
        1 => (text(), text()),
        1 => (text_property(), named("null")),
    ];
    (names, operands).prop_map(|(name, (a, b))| format!("{name}({a},{b})"))
}

/// A filter.
fn boolean() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => comparison(),
        4 => list(),
        4 => test(),
        1 => one(&["true", "false"]),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (one(&[" and ", " or "]), vec(inner.clone(), 2..4))
                .prop_map(|(operator, operands)| format!("({})", operands.join(&operator))),
            inner.clone().prop_map(|operand| format!("not ({operand})")),
            (inner.clone(), one(&["eq", "ne"]), inner)
                .prop_map(|(a, operator, b)| format!("(({a}) {operator} ({b}))")),
        ]
    })
}

/// A search: words and phrases of the few characters that rows are made of, some long enough for
/// an index, some not.
fn search() -> impl Strategy<Value = String> {
    let word = r"[abA'%_éÉ,\u{301}\u{1F600}\u{FFFF}ß]{1,4}";
    let phrase = "[abAé ]{1,4}".prop_map(|phrase| format!("\"{phrase}\""));
    let term =
        prop_oneof![3 => word.prop_map(|word| format!("(a OR {word})")), 2 => word, 1 => phrase];
    let term = (one(&["", "", "NOT "]), term).prop_map(|(not, term)| format!("{not}{term}"));
    let operator = one(&[" ", " AND ", " OR "]);
    (operator, vec(term, 1..4)).prop_map(|(operator, terms)| terms.join(&operator))
}

/// A question that is about parts of text.
pub(crate) fn any_question_of_text() -> impl Strategy<Value = Question> {
    let part = r"[abAéß]{3}";
    let test = (one(&["contains", "startswith", "endswith"]), text_property(), part)
        .prop_map(|(name, property, part)| format!("{name}({property},'{part}')"));
    let filter = (option::of(test), option::of(boolean())).prop_map(|both| match both {
        (Some(test), Some(other)) => Some(format!("{test} or {other}")),
        (test, other) => test.or(other),
    });
    (any_question(), filter, option::of(search())).prop_map(|(question, filter, search)| Question {
        filter,
        search,
        ..question
    })
}

fn order() -> impl Strategy<Value = String> {
    let columns = one(&[
        "id",
        "importedDeviceIdentifier",
        "importedDeviceIdentityType",
        "createdDateTime",
        "lastContactedDateTime",
        "description",
        "description",
        "enrollmentState",
        "platform",
    ]);
    let others = one(&[
        "length(description)",
        "tolower(importedDeviceIdentifier)",
        "year(lastContactedDateTime)",
        "contains(description,'a')",
        "description eq null",
    ]);
    let item = (prop_oneof![8 => columns, 1 => others], one(&["", " asc", " desc"]));
    let items = vec(item.prop_map(|(expr, direction)| format!("{expr}{direction}")), 1..4);
    items.prop_map(|items| items.join(","))
}
