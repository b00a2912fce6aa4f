//! Laws that hold for all expressions, tried on generated ones.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::number::Number;
use crate::query::parser::Parser;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => r"[ab'%_\\é]{0,4}",
        1 => any::<String>().prop_filter("no text has U+0000", |text| !text.contains('\0')),
    ]
}

fn any_instant() -> impl Strategy<Value = DateTimeOffset> {
    let few = select(vec![0, DateTimeOffset::MAX.ticks(), 635_000_000_000_000_001]);
    let ticks = prop_oneof![few, 0..=DateTimeOffset::MAX.ticks()];
    (ticks, -840_i16..=840).prop_map(|(ticks, offset)| {
        let utc = DateTimeOffset::from_ticks_utc(ticks).unwrap();
        DateTimeOffset::new(ticks, offset).unwrap_or(utc)
    })
}

fn any_row() -> impl Strategy<Value = Tin> {
    let note = proptest::option::of(any_text());
    let dates = (any_instant(), proptest::option::of(any_instant()));
    (any_text(), any_text(), note, 0_i64..8, dates, any::<Option<bool>>()).prop_map(
        |(id, name, note, colour, (mixed, sold), glossy)| Tin {
            id,
            name,
            note,
            colour,
            mixed,
            sold,
            glossy,
        },
    )
}

fn text_literal() -> impl Strategy<Value = String> {
    any_text().prop_map(|text| Value::String(text.into()).to_string())
}

/// Text: a property, a literal or a function of such.
fn text() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof![select(vec!["id", "name", "note"]).prop_map(str::to_owned), text_literal()];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let unary = (select(vec!["tolower", "toupper", "trim"]), inner.clone());
        let start = (inner.clone(), -2_i8..4, proptest::option::of(-1_i8..4));
        prop_oneof![
            unary.prop_map(|(name, text)| format!("{name}({text})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("concat({a},{b})")),
            start.prop_map(|(text, start, length)| match length {
                Some(length) => format!("substring({text},{start},{length})"),
                None => format!("substring({text},{start})"),
            }),
        ]
    })
}

fn date() -> impl Strategy<Value = String> {
    let named = select(vec!["mixed", "sold", "now()", "maxdatetime()", "2016-12-31"]);
    prop_oneof![
        named.prop_map(str::to_owned),
        any_instant().prop_map(|instant| instant.to_string()),
        any_instant().prop_map(|instant| format!("{instant} sub duration'PT0.5S'")).prop_filter(
            "it lies before the first instant",
            |text| try_filter(&format!("{text} eq null")).is_ok()
        ),
    ]
}

fn number() -> impl Strategy<Value = String> {
    let parts = [
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "fractionalseconds",
        "totaloffsetminutes",
    ];
    let part = (select(parts.to_vec()), select(vec!["mixed", "sold", "now()"]));
    prop_oneof![
        (-3_i16..2100).prop_map(|number| number.to_string()),
        (-3_i32..99, 1_u32..8)
            .prop_map(|(n, scale)| Number::new(n.into(), scale).unwrap().to_string()),
        text().prop_map(|text| format!("length({text})")),
        (text(), text()).prop_map(|(a, b)| format!("indexof({a},{b})")),
        part.prop_map(|(name, date)| format!("{name}({date})")),
    ]
}

fn colour() -> impl Strategy<Value = String> {
    let forms =
        ["'grey'", "'gray'", "shop.colour'azure'", "paint.shop.colour'later'", "'0'", "colour"];
    select(forms.to_vec()).prop_map(str::to_owned)
}

fn comparison() -> impl Strategy<Value = String> {
    let operator = select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let operands = prop_oneof![
        (text(), text()),
        (date(), date()),
        (number(), number()),
        (Just("colour".to_owned()), colour()),
        (colour(), Just("colour".to_owned())),
        (text(), Just("null".to_owned())),
        (Just("null".to_owned()), date()),
    ];
    (operands, operator).prop_map(|((left, right), operator)| format!("{left} {operator} {right}"))
}

fn list() -> impl Strategy<Value = String> {
    let listed = prop_oneof![
        (
            text(),
            proptest::collection::vec(prop_oneof![text_literal(), Just("null".to_owned())], 0..4)
        ),
        (Just("colour".to_owned()), proptest::collection::vec(colour(), 0..4)),
        (Just("glossy".to_owned()), Just(vec!["true".to_owned(), "null".to_owned()])),
    ];
    listed.prop_filter_map("a list holds constants", |(operand, list)| {
        let is_constant = !list.iter().any(|element| element == "colour");
        is_constant.then(|| format!("{operand} in ({})", list.join(", ")))
    })
}

/// A filter with right types.
fn boolean() -> impl Strategy<Value = String> {
    let test = (select(vec!["contains", "startswith", "endswith"]), text(), text());
    let leaf = prop_oneof![
        4 => comparison(),
        2 => list(),
        2 => test.prop_map(|(name, a, b)| format!("{name}({a},{b})")),
        1 => select(vec!["glossy", "true", "false"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let joined =
            (select(vec![" and ", " or "]), proptest::collection::vec(inner.clone(), 2..4));
        let compared = (inner.clone(), select(vec!["eq", "ne", "gt"]), inner.clone());
        prop_oneof![
            joined.prop_map(|(operator, operands)| format!("({})", operands.join(operator))),
            compared.prop_map(|(a, operator, b)| format!("(({a}) {operator} ({b}))")),
            inner.prop_map(|operand| format!("not ({operand})")),
        ]
    })
}

/// Pieces that filters are made of, in any order.
fn rubble() -> impl Strategy<Value = String> {
    let pieces = [
        "name",
        "colour",
        "mixed",
        " eq ",
        " in ",
        " and ",
        "not ",
        "-",
        "(",
        ")",
        ",",
        "'",
        "''",
        "'a'",
        "true",
        "null",
        "1",
        ".5",
        "2016-12-31",
        "T00:00Z",
        "11:22",
        "contains(",
        "@p",
        "/",
        "$it",
        "[",
        "\"",
        "shop.colour",
        "é",
        "\t",
        " ",
        "now()",
        " add ",
        " asc",
        " desc",
        "*",
        "duration'P1D'",
        "0123456789abcdef-",
    ];
    proptest::collection::vec(select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
}

fn truth(text: &str, row: &Tin) -> Option<bool> {
    filter(text).expr().evaluate(row).truth()
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(text in boolean()) {
        let read = filter(&text);
        let again = filter(&read.to_string());
        prop_assert_eq!(&again, &read);
        prop_assert_eq!(again.to_string(), read.to_string());
    }

    #[test]
    fn an_order_is_read_back(texts in proptest::collection::vec((boolean(), any::<bool>()), 1..4)) {
        let items: Vec<_> = texts
            .iter()
            .map(|(text, descends)| format!("{text}{}", if *descends { " desc" } else { "" }))
            .collect();
        let options = Options::default();
        let read = OrderBy::parse(&items.join(","), &context(&options)).unwrap();
        prop_assert_eq!(OrderBy::parse(&read.to_string(), &context(&options)), Ok(read));
    }

    #[test]
    fn writing_and_reading_change_no_result(text in boolean(), row in any_row()) {
        let read = filter(&text);
        prop_assert_eq!(read.matches(&row), filter(&read.to_string()).matches(&row));
    }

    #[test]
    fn the_laws_of_three_valued_logic_hold(a in boolean(), b in boolean(), row in any_row()) {
        let truth = |text: String| truth(&text, &row);
        prop_assert_eq!(truth(format!("not (not ({a}))")), truth(format!("({a})")));
        prop_assert_eq!(
            truth(format!("not (({a}) and ({b}))")),
            truth(format!("not ({a}) or not ({b})"))
        );
        prop_assert_eq!(truth(format!("({a}) or ({b})")), truth(format!("({b}) or ({a})")));
        prop_assert_eq!(truth(format!("({a}) and ({a})")), truth(a));
    }

    #[test]
    fn comparisons_are_never_null_and_divide_the_rows(
        a in text(), b in text(), row in any_row(),
    ) {
        let holds = |operator: &str| truth(&format!("{a} {operator} {b}"), &row).unwrap();
        prop_assert_eq!(holds("ne"), !holds("eq"));
        prop_assert!(!(holds("lt") && holds("gt")));
        let is_null = |text: &str| truth(&format!("{text} eq null"), &row).unwrap();
        if !is_null(&a) && !is_null(&b) {
            prop_assert_eq!(holds("le"), holds("lt") || holds("eq"));
            prop_assert_eq!(holds("ge"), !holds("lt"));
        } else {
            prop_assert!(!holds("le") && !holds("ge") && !holds("lt") && !holds("gt"));
        }
    }

    #[test]
    fn a_list_is_a_chain_of_equalities(
        operand in text(),
        elements in proptest::collection::vec(text_literal(), 1..4),
        row in any_row(),
    ) {
        let chain: Vec<_> = elements.iter().map(|it| format!("{operand} eq {it}")).collect();
        let list = format!("{operand} in ({})", elements.join(","));
        prop_assert_eq!(truth(&list, &row), truth(&chain.join(" or "), &row));
    }

    #[test]
    fn text_functions_agree_with_one_another(a in text(), b in text(), row in any_row()) {
        for law in [
            "contains(<a>,<b>) eq (indexof(<a>,<b>) ge 0)",
            "startswith(<a>,<b>) eq (substring(<a>,0,length(<b>)) eq <b>)",
            "substring(concat(<a>,<b>),length(<a>)) eq <b>",
            "endswith(concat(<a>,<b>),<b>)",
            "length(tolower(<a>)) eq length(<a>)",
            "toupper(tolower(<a>)) eq toupper(<a>)",
            "tolower(tolower(<a>)) eq tolower(<a>)",
        ] {
            let law = format!("{law} or <a> eq null or <b> eq null");
            let law = law.replace("<a>", &a).replace("<b>", &b);
            prop_assert!(filter(&law).matches(&row), "{}", law);
        }
    }

    #[test]
    fn an_order_is_total(text in text(), a in any_row(), b in any_row(), c in any_row()) {
        let options = Options::default();
        let order = OrderBy::parse(&format!("{text},note desc"), &context(&options)).unwrap();
        let (ab, bc) = (order.compare(&a, &b), order.compare(&b, &c));
        prop_assert_eq!(order.compare(&b, &a), ab.reverse());
        prop_assert!(!ab.is_eq() || a.id == b.id);
        if ab == bc {
            prop_assert_eq!(order.compare(&a, &c), ab);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_in_few_steps(text in prop_oneof![rubble(), any::<String>()]) {
        let options = options("@p=name&@q=(@p)");
        let context = context(&options);
        let length = text.chars().count();
        if let Ok(mut parser) = Parser::new(SystemOption::Filter, &text, &context) {
            let _ = parser.expression();
            // An alias is read again wherever it is used.
            prop_assert!(parser.steps() <= 12 * (length + 1), "{} steps", parser.steps());
        }
        for error in [
            Filter::parse(&text, &context).err(),
            OrderBy::parse(&text, &context).err(),
            Select::parse(&text, &context).err(),
        ].into_iter().flatten() {
            prop_assert!(error.place.alias.is_some() || error.place.character <= length + 1);
            let message = error.to_string();
            prop_assert!(message.ends_with(['.', '?']), "{}", message);
        }
    }

    #[test]
    fn what_is_read_is_read_back_even_from_rubble(text in rubble()) {
        if let Ok(read) = try_filter(&text) {
            prop_assert_eq!(filter(&read.to_string()), read);
        }
    }
}
