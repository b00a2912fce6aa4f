//! What parts of text a row must have for a query to let it pass, for engines that can look parts
//! up. Must not know how they are looked up.

use odata::fold;
use odata::query::{Expr, Function, SearchExpr, Value};

use super::condition::name;

/// Shorter parts are in too many rows to tell them apart.
const SHORTEST: usize = 3;
/// Parts that lie deeper in the query are not asked for.
const DEEPEST: usize = 8;

/// What the folded texts of a row have in them, taken together. Every row that the query lets pass
/// meets it, and others may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parts {
    /// This, folded, of three characters at least.
    One(String),
    /// Two at least.
    All(Vec<Parts>),
    /// Two at least.
    Any(Vec<Parts>),
}

impl Parts {
    fn one(text: &str) -> Option<Self> {
        let folded = fold(text);
        folded.chars().nth(SHORTEST - 1).is_some().then_some(Self::One(folded))
    }

    /// What is not known narrows nothing, and the rest does.
    pub(super) fn all(parts: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let mut parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.len() > 1 { Some(Self::All(parts)) } else { parts.pop() }
    }

    /// If one is not known, neither is the whole.
    fn any(parts: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let mut parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
        if parts.len() > 1 { Some(Self::Any(parts)) } else { parts.pop() }
    }
}

/// The texts of a row as one, in which parts are looked up. A part that reaches from one to the other
/// only makes the row a candidate.
pub(crate) fn searched(identifier: &str, description: Option<&str>) -> String {
    model::searched(identifier, description).join(" ")
}

/// `None` if every row may pass.
pub(super) fn of_filter(expr: &Expr) -> Option<Parts> {
    filtered(expr, DEEPEST)
}

/// `None` if every row may be found.
pub(super) fn of_search(expr: &SearchExpr) -> Option<Parts> {
    found(expr, DEEPEST)
}

fn filtered(expr: &Expr, levels: usize) -> Option<Parts> {
    let levels = levels.checked_sub(1)?;
    match expr {
        Expr::And(operands) => Parts::all(operands.iter().map(|it| filtered(it, levels))),
        Expr::Or(operands) => Parts::any(operands.iter().map(|it| filtered(it, levels))),
        Expr::Call(Function::Contains | Function::StartsWith | Function::EndsWith, arguments) => {
            match arguments.as_slice() {
                [text, Expr::Literal(Value::String(part))] if is_searched(text) => Parts::one(part),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether it is a text of the row that is searched, be it folded.
fn is_searched(expr: &Expr) -> bool {
    match expr {
        Expr::Property(column) => matches!(name(column), Some("identifier" | "description")),
        Expr::Call(Function::ToLower, arguments) => {
            matches!(arguments.as_slice(), [Expr::Property(_)]) && arguments.iter().all(is_searched)
        }
        _ => false,
    }
}

fn found(expr: &SearchExpr, levels: usize) -> Option<Parts> {
    let levels = levels.checked_sub(1)?;
    match expr {
        SearchExpr::Term(term) => Parts::one(term),
        SearchExpr::And(operands) => Parts::all(operands.iter().map(|it| found(it, levels))),
        SearchExpr::Or(operands) => Parts::any(operands.iter().map(|it| found(it, levels))),
        SearchExpr::Not(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use odata::query::{Filter, Search};
    use odata::{DateTimeOffset, Options};

    use super::*;

    fn one(text: &str) -> Option<Parts> {
        Some(Parts::One(text.to_owned()))
    }

    #[test]
    fn a_filter_asks_for_the_parts_that_every_row_has_which_passes() {
        let both = Parts::all([one("abc"), one("def")]);
        let either = Parts::any([one("abc"), one("def")]);
        for (filter, wanted) in [
            ("contains(description,'aBc')", one("abc")),
            ("startswith(importedDeviceIdentifier,'ABC')", one("abc")),
            ("endswith(tolower(description),'abc')", one("abc")),
            ("contains(description,'ab')", None),
            ("contains(description,'é\u{301}é')", one("é\u{301}é")),
            ("contains(id,'abc')", None),
            ("contains('abc',description)", None),
            ("contains(toupper(description),'ABC')", None),
            ("not contains(description,'abc')", None),
            ("contains(description,'abc') and platform eq 'ios'", one("abc")),
            ("contains(description,'abc') or platform eq 'ios'", None),
            ("contains(description,'abc') and contains(description,'def')", both),
            ("contains(description,'abc') or contains(description,'def')", either),
        ] {
            let options = Options::default();
            let context = model::query_context(&options, DateTimeOffset::MIN);
            let parsed = Filter::parse(filter, &context).unwrap();
            assert_eq!(of_filter(parsed.expr()), wanted, "{filter}");
        }
    }

    #[test]
    fn a_search_asks_for_its_words_but_not_for_those_that_are_not_wanted() {
        let both = Parts::all([one("abc"), one("def")]);
        let either = Parts::any([one("abc"), one("def")]);
        for (search, wanted) in [
            ("ABC", one("abc")),
            ("ab", None),
            ("abc def", both),
            ("abc OR def", either),
            ("abc OR de", None),
            ("abc NOT def", one("abc")),
            ("NOT abc", None),
            ("\"a \\\"b\"", one("a \"b")),
        ] {
            assert_eq!(of_search(Search::parse(search).unwrap().expr()), wanted, "{search}");
        }
        let deep = format!("{}abc{}", "(NOT NOT ".repeat(20), ")".repeat(20));
        assert_eq!(of_search(Search::parse(&deep).unwrap().expr()), None);
    }
}
