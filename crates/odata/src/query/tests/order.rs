//! `$orderby` and `$select`.

use std::cmp::Ordering;

use super::*;

fn try_order(text: &str) -> Result<OrderBy, QueryError> {
    OrderBy::parse(text, &context(&Options::default()))
}

fn order(text: &str) -> OrderBy {
    try_order(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn try_select(text: &str) -> Result<Select, QueryError> {
    Select::parse(text, &context(&Options::default()))
}

fn selected(text: &str) -> Vec<&'static str> {
    match try_select(text).unwrap_or_else(|error| panic!("{text}: {error}")) {
        Select::All => vec!["*"],
        Select::Only(columns) => columns.iter().map(|column| column.property.name).collect(),
    }
}

#[test]
fn the_key_is_the_last_tie_break_and_goes_the_way_of_the_last_item() {
    assert_eq!(order("name").to_string(), "name,id");
    assert_eq!(order("name DESC,colour Asc").to_string(), "name desc,colour,id");
    assert_eq!(order("name,colour desc").to_string(), "name,colour desc,id desc");
    assert_eq!(order("id desc").to_string(), "id desc");
    assert_eq!(order("name, id desc , note").to_string(), "name,id desc");
    assert_eq!(OrderBy::by_key(&context(&Options::default())).to_string(), "id");
}

#[test]
fn what_decides_nothing_is_left_out() {
    assert_eq!(order("now(),name,1 eq 1").to_string(), "name,id");
    assert_eq!(order("name,name desc,note,name").to_string(), "name,note,id");
}

#[test]
fn any_expression_orders() {
    assert_eq!(order("length(name) desc").to_string(), "length(name) desc,id desc");
    assert_eq!(
        order("name eq 'a' or glossy desc").to_string(),
        "(name eq 'a') or glossy desc,id desc"
    );
}

#[test]
fn null_comes_first_ascending_and_last_descending() {
    let (some, none) = (tin(), bare());
    for text in ["note", "sold", "glossy", "length(note)", "note asc"] {
        assert_eq!(order(text).compare(&none, &some), Ordering::Less, "{text}");
    }
    for text in ["note desc", "sold desc", "glossy desc"] {
        assert_eq!(order(text).compare(&none, &some), Ordering::Greater, "{text}");
    }
    let later = Tin { id: "2".to_owned(), ..bare() };
    assert_eq!(order("note desc").compare(&none, &later), Ordering::Greater, "the key decides");
}

#[test]
fn members_are_ordered_by_number_and_instants_without_offset() {
    let [grey, azure] = [4, 5].map(|colour| Tin { colour, ..tin() });
    assert_eq!(order("colour").compare(&grey, &azure), Ordering::Less, "azure < grey as names");
    let [early, late] = ["2026-01-01T10:00:00+09:00", "2026-01-01T02:00:00Z"]
        .map(|text| Tin { mixed: instant(text), ..tin() });
    assert_eq!(order("mixed").compare(&early, &late), Ordering::Less);
}

#[test]
fn what_is_no_order_is_refused() {
    for (text, character) in [
        ("", 1),
        (" name", 1),
        ("name,", 6),
        (",name", 1),
        ("name up", 6),
        ("name asc desc", 10),
        ("asc", 1),
        ("name;note", 5),
        ("nmae", 1),
        ("name)", 5),
    ] {
        let error = try_order(text).expect_err(text);
        assert_eq!(error.place.character, character, "{text}: {error}");
        assert!(!error.is_not_offered(), "{text}: {error}");
        assert!(error.to_string().starts_with("Invalid orderby clause: "), "{error}");
    }
    for text in ["tin/name", "$it", "name/@paint.unit", "tins/$count", "length(name) mul 2"] {
        assert!(try_order(text).expect_err(text).is_not_offered(), "{text}");
    }
}

#[test]
fn a_selection_has_each_property_once_in_the_order_of_the_model() {
    assert_eq!(selected("note,id"), ["id", "note"]);
    assert_eq!(selected("note, note ,name"), ["name", "note"]);
    assert_eq!(selected("*"), ["*"]);
    assert_eq!(selected("id,*"), ["*"]);
    let select = try_select("note").unwrap();
    assert!(select.has(2) && !select.has(0));
    assert!(Select::All.has(0));
}

#[test]
fn what_is_no_selection_is_refused() {
    for (text, character) in
        [("", 1), (" id", 1), ("id,", 4), ("id note", 4), ("nmae", 1), ("'id'", 1), ("*note", 2)]
    {
        let error = try_select(text).expect_err(text);
        assert_eq!(error.place.character, character, "{text}: {error}");
        assert!(!error.is_not_offered(), "{text}: {error}");
    }
    for text in ["tin/name", "paint.tin/name", "paint.*", "name($top=1)", "@paint.unit", "$count"] {
        assert!(try_select(text).expect_err(text).is_not_offered(), "{text}");
    }
}
