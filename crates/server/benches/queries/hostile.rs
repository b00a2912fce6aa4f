//! Queries that are meant to cost the server more than the client: each is refused at a limit.
//!
//! It must not know how anything is measured.

use crate::expect::{Case, Expect};
use crate::support::muster::COLLECTION;

/// What names the limit in the message.
const URL: &str = "URL";
const NESTING: &str = "'nesting'";
const NODES: &str = "'nodes'";
const IN_LIST: &str = "'in list'";
const ORDER_BY: &str = "'$orderby'";

/// Name, option, what is repeated how often in it, what ends it, and the limit.
const CASES: [(&str, &str, &str, usize, &str, &str); 7] = [
    ("20,000 (", "$filter=", "(", 20_000, "", URL),
    ("16,000 (, as many as a URL holds", "$filter=", "(", 16_000, "", NESTING),
    ("10,000 not", "$filter=", "not+", 10_000, "true", URL),
    ("4,000 not, as many as a URL holds", "$filter=", "not+", 4_000, "true", NESTING),
    ("in list of 16 KiB", "$filter=id+in+(", "'a',", 4_000, "'a')", IN_LIST),
    ("1,000 operands of or", "$filter=", "id+eq+'a'+or+", 1_000, "true", NODES),
    ("1,000 items of $orderby", "$orderby=", "id,", 1_000, "id", ORDER_BY),
];

pub(crate) fn all() -> Vec<Case<'static>> {
    let case =
        |(name, option, repeated, times, end, limit): (&'static str, &str, &str, _, _, _)| {
            let target = format!("{COLLECTION}?{option}{}{end}", repeated.repeat(times));
            Case { name: name.into(), target, expect: Expect::Refusal(limit) }
        };
    CASES.into_iter().map(case).collect()
}
