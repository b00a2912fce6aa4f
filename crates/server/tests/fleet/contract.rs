//! What may be asked here, and what the contract has come of it, given the rows as they are. Written
//! from the contract, not with the code under test.

use std::collections::BTreeMap;

use crate::fleet::Answer;
use crate::support::{Value, plain};

/// The rows of a tenant by their ids, in the form of the history.
pub(crate) type Rows = BTreeMap<String, Value>;

const IDENTIFIER: &str = "importedDeviceIdentifier";

/// What somebody asks for. Rows have the members that are sent.
#[derive(Debug)]
pub(crate) enum Asked {
    Create(Value),
    /// With the revision that it has to be of, if any.
    Update(String, Option<i64>, Value),
    Delete(String, Option<i64>),
    Import(Vec<Value>, bool),
    Get(String),
    /// The page behind this row, or the first.
    Page(&'static List, Option<Value>),
}

/// A list that is read page by page.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) query: &'static str,
    size: usize,
    keeps: fn(&Value) -> bool,
    /// What orders the rows, before their ids.
    by: &'static [&'static str],
    is_descending: bool,
}

pub(crate) const LISTS: [List; 4] = [
    List { query: "?$top=3", size: 3, keeps: |_| true, by: &[], is_descending: false },
    List {
        query: "?$top=2&$orderby=importedDeviceIdentifier desc",
        size: 2,
        keeps: |_| true,
        by: &[IDENTIFIER],
        is_descending: true,
    },
    List {
        query: "?$top=2&$orderby=description,importedDeviceIdentifier",
        size: 2,
        keeps: |_| true,
        by: &["description", IDENTIFIER],
        is_descending: false,
    },
    List {
        query: "?$top=1&$filter=enrollmentState eq 'enrolled'&$orderby=description desc",
        size: 1,
        keeps: |row| row["enrollmentState"] == "enrolled",
        by: &["description"],
        is_descending: true,
    },
];

impl List {
    /// The rows of a page, and whether there are more behind it.
    fn page<'r>(&self, rows: &'r Rows, position: Option<&Value>) -> (Vec<&'r Value>, bool) {
        let place = |row: &Value| -> Vec<String> {
            let names = self.by.iter().chain(&["id"]);
            names.map(|name| row[name].as_str().unwrap().to_owned()).collect()
        };
        let is_behind = |row: &Value| match position {
            None => true,
            Some(before) if self.is_descending => place(row) < place(before),
            Some(before) => place(row) > place(before),
        };
        let mut page: Vec<&Value> =
            rows.values().filter(|row| (self.keeps)(row) && is_behind(row)).collect();
        page.sort_by_key(|row| place(row));
        if self.is_descending {
            page.reverse();
        }
        let has_more = page.len() > self.size;
        page.truncate(self.size);
        (page, has_more)
    }
}

/// A change of one row, with the members that are sent.
#[derive(Debug)]
enum Step {
    Create(Value),
    Update(String, Value),
    Delete(String),
}

/// What comes of a request.
#[derive(Debug)]
pub(crate) struct Effect {
    status: u16,
    steps: Vec<Step>,
    /// Of each row of an import, whether it was taken.
    fates: Vec<bool>,
}

impl Effect {
    pub(crate) fn of(asked: &Asked, rows: &Rows) -> Self {
        let (mut steps, mut fates) = (Vec::new(), Vec::new());
        let status = match asked {
            Asked::Create(sent) if holder(rows, sent).is_some() => 409,
            Asked::Create(sent) => {
                steps.push(Step::Create(sent.clone()));
                201
            }
            Asked::Update(id, rev, set) => match refusal(rows, id, *rev) {
                Some(status) => status,
                None if holder(rows, set).is_some_and(|it| it["id"] != **id) => 409,
                None => {
                    steps.extend(update(&rows[id], set));
                    200
                }
            },
            Asked::Delete(id, rev) => match refusal(rows, id, *rev) {
                Some(status) => status,
                None => {
                    steps.push(Step::Delete(id.clone()));
                    204
                }
            },
            Asked::Import(all, overwrite) => {
                for sent in all {
                    let standing = holder(rows, sent);
                    fates.push(standing.is_none() || *overwrite);
                    match standing {
                        None => steps.push(Step::Create(sent.clone())),
                        Some(row) if *overwrite => steps.extend(update(row, sent)),
                        Some(_) => {}
                    }
                }
                200
            }
            Asked::Get(id) => refusal(rows, id, None).unwrap_or(200),
            Asked::Page(..) => 200,
        };
        Self { status, steps, fates }
    }

    /// Whether it leaves the rows as they are.
    pub(crate) fn is_none(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether these are its changes, as the history tells them.
    pub(crate) fn is(&self, changes: &[Value]) -> bool {
        let pairs = self.steps.iter().zip(changes);
        self.steps.len() == changes.len() && pairs.into_iter().all(|(step, it)| step.is(it))
    }

    /// Whether this is the answer to it, which leaves the rows like this.
    pub(crate) fn is_told(&self, asked: &Asked, after: &Rows, answer: &Answer) -> bool {
        let body = &answer.body;
        let is_row = |row: Option<&Value>| row == Some(&plain(body));
        let told = || body["value"].as_array().unwrap().iter();
        match asked {
            _ if answer.status != self.status => false,
            _ if self.status >= 400 => true,
            Asked::Create(sent) => is_row(holder(after, sent)),
            Asked::Update(id, ..) | Asked::Get(id) => is_row(after.get(id)),
            Asked::Delete(..) => body.is_null(),
            Asked::Import(all, _) => {
                let rows = all.iter().map(|sent| holder(after, sent).cloned());
                told().map(|row| Some(plain(row))).eq(rows)
                    && told().map(|row| row["status"].as_bool().unwrap()).eq(self.fates.clone())
            }
            Asked::Page(list, position) => {
                let (rows, has_more) = list.page(after, position.as_ref());
                told().map(plain).eq(rows.into_iter().cloned())
                    && body.get("@odata.nextLink").is_some() == has_more
            }
        }
    }
}

impl Step {
    fn is(&self, change: &Value) -> bool {
        let (before, after) = (&change["before"], &change["after"]);
        match self {
            Self::Create(sent) => change["kind"] == "create" && overlaid(after, sent) == *after,
            Self::Update(id, set) => {
                let mut expected = overlaid(before, set);
                expected["rev"] = (before["rev"].as_i64().unwrap() + 1).into();
                expected["lastModifiedDateTime"] = after["lastModifiedDateTime"].clone();
                change["kind"] == "update" && change["id"] == **id && expected == *after
            }
            Self::Delete(id) => change["kind"] == "delete" && change["id"] == **id,
        }
    }
}

/// Why a request for one row is refused, if it is.
fn refusal(rows: &Rows, id: &str, rev: Option<i64>) -> Option<u16> {
    match rows.get(id) {
        None => Some(404),
        Some(row) if rev.is_some_and(|rev| row["rev"] != rev) => Some(412),
        Some(_) => None,
    }
}

/// The change that an update comes to, if it is one.
fn update(row: &Value, set: &Value) -> Option<Step> {
    let id = row["id"].as_str().unwrap().to_owned();
    (overlaid(row, set) != *row).then(|| Step::Update(id, set.clone()))
}

fn overlaid(row: &Value, set: &Value) -> Value {
    let mut row = row.clone();
    for (name, value) in set.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

/// The row that stands under the identifier of another, whatever its case.
fn holder<'r>(rows: &'r Rows, other: &Value) -> Option<&'r Value> {
    let key = |row: &Value| row[IDENTIFIER].as_str().map(str::to_lowercase);
    let wanted = key(other)?;
    rows.values().find(|row| key(row).as_ref() == Some(&wanted))
}
