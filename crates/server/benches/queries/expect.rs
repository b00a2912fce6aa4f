//! What a case asks for, and what has to come back.
//!
//! It must not know how long anything takes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::Answer;
use crate::register::{Order, Row};
use crate::support::Failure;

/// Rows of a page.
pub(crate) const PAGE: usize = 100;

/// One question that is measured.
pub(crate) struct Case<'a> {
    pub(crate) name: Cow<'static, str>,
    pub(crate) target: String,
    pub(crate) expect: Expect<'a>,
}

/// The one right answer.
pub(crate) enum Expect<'a> {
    /// The row with this identifier.
    Row(&'a str),
    /// The first page of so many rows, with these identifiers in this order.
    Page { matches: usize, identifiers: Vec<&'a str> },
    /// A number alone.
    Number(usize),
    /// So many rows of each platform and state.
    Groups(BTreeMap<(&'a str, &'a str), usize>),
    /// 400, with a message that holds this.
    Refusal(&'static str),
}

/// A page as it comes.
#[derive(Deserialize)]
pub(crate) struct Page {
    #[serde(rename = "@odata.count")]
    count: Option<usize>,
    pub(crate) value: Vec<Entity>,
    #[serde(rename = "@odata.nextLink")]
    pub(crate) next: Option<String>,
}

/// As much of an entity as is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entity {
    pub(crate) id: String,
    pub(crate) imported_device_identifier: String,
    pub(crate) last_modified_date_time: String,
}

/// Groups as they come.
#[derive(Deserialize)]
struct Summary {
    value: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    platform: String,
    enrollment_state: String,
    n: usize,
}

#[derive(Deserialize)]
struct Refused {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    message: String,
}

impl<'a> Expect<'a> {
    /// The first page of these rows, brought into order.
    pub(crate) fn first_page(mut rows: Vec<&'a Row>, order: Order) -> Self {
        let matches = rows.len();
        if matches > PAGE {
            rows.select_nth_unstable_by(PAGE, |one, other| order(one, other));
            rows.truncate(PAGE);
        }
        rows.sort_unstable_by(|one, other| order(one, other));
        let identifiers = rows.into_iter().map(|row| row.identifier.as_str()).collect();
        Self::Page { matches, identifiers }
    }

    /// How many of these rows there are of each platform and state.
    pub(crate) fn groups(rows: &[&'a Row]) -> Self {
        let mut groups = BTreeMap::new();
        for row in rows {
            *groups.entry((row.platform, row.state)).or_default() += 1;
        }
        Self::Groups(groups)
    }

    /// What the tables show of it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Row(_) => "1".to_owned(),
            Self::Page { matches, .. } | Self::Number(matches) => {
                crate::support::figures::thousands(matches)
            }
            Self::Groups(groups) => format!("{} groups", groups.len()),
            Self::Refusal(limit) => format!("400, {limit}"),
        }
    }

    pub(crate) fn check(&self, answer: &Answer) -> Result<(), Failure> {
        match self {
            Self::Row(identifier) => {
                let row: Entity = read(answer)?;
                same("identifier", &row.imported_device_identifier.as_str(), identifier)
            }
            Self::Page { matches, identifiers } => {
                check_page(&read(answer)?, *matches, identifiers)
            }
            Self::Number(number) => same("number", &read::<usize>(answer)?, number),
            Self::Groups(wanted) => {
                let found = read::<Summary>(answer)?.value;
                let found: BTreeMap<(&str, &str), usize> = found
                    .iter()
                    .map(|group| ((&*group.platform, &*group.enrollment_state), group.n))
                    .collect();
                same("groups", &&found, &wanted)
            }
            Self::Refusal(limit) => {
                same("status", &answer.status, &400)?;
                let message = parse::<Refused>(answer)?.error.message;
                let is_named = message.contains(limit);
                is_named.then_some(()).ok_or_else(|| format!("'{message}' does not name {limit}"))
            }
        }
    }
}

fn check_page(page: &Page, matches: usize, identifiers: &[&str]) -> Result<(), Failure> {
    let found: Vec<&str> =
        page.value.iter().map(|row| row.imported_device_identifier.as_str()).collect();
    same("identifiers", &found.as_slice(), &identifiers)?;
    same("@odata.count", &page.count.unwrap_or(matches), &matches)?;
    same("presence of a next page", &page.next.is_some(), &(matches > identifiers.len()))
}

/// The body of a 200.
pub(crate) fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    match answer.status {
        200 => parse(answer),
        status => Err(format!("wanted 200, got {status} {}", text(answer))),
    }
}

fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| format!("cannot read the answer: {error} in {}", text(answer)))
}

fn text(answer: &Answer) -> Cow<'_, str> {
    String::from_utf8_lossy(&answer.body)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Result<(), Failure> {
    let is_same = got == wanted;
    is_same.then_some(()).ok_or_else(|| format!("{what}: wanted {wanted:?}, got {got:?}"))
}
