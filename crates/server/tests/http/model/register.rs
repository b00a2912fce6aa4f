//! The register as the contract describes it: rows in a map, and for every request what it makes
//! of them and what it answers. Shares no code with the service. Must not know HTTP but for
//! statuses, nor in which order requests come.

use std::collections::BTreeMap;

use super::steps::{Body, Condition, Tag};
use crate::support::{Value, json};

const IDENTIFIER: &str = "importedDeviceIdentifier";
const TYPE: &str = "importedDeviceIdentityType";
/// The properties that a client may write.
const WRITABLE: [&str; 6] =
    [IDENTIFIER, TYPE, "lastContactedDateTime", "description", "enrollmentState", "platform"];
/// The rows of a page unless the client says how many.
const PAGE: usize = 100;

/// A request for a row, or for none in particular.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Create { body: Body, minimal: bool },
    Update { id: String, condition: Condition, body: Body, minimal: bool },
    Delete { id: String, condition: Condition },
    Import { rows: Vec<Body>, overwrite: Option<Value> },
    Search { rows: Vec<Body> },
    Get { id: String, condition: Condition },
    Page { after: Option<String>, top: Option<usize> },
    Count,
}

/// What a client sees of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    /// 200 or 201 with a row.
    Row(u16, Row),
    /// 204, with the revision if there is still a row.
    NoContent(Option<i64>),
    NotModified,
    /// Rows by id.
    Found(Vec<Row>),
    /// Rows in the order given, and whether there is a next page.
    Page(Vec<Row>, bool),
    /// Each row of an import, and its status.
    Results(Vec<(Row, bool)>),
    Number(usize),
    /// An error: status and code.
    Refused(u16, String),
}

/// A row: its properties as they are shown, and its revision under `rev`.
pub(super) type Row = Body;

/// What is to be answered: one of these, where the contract gives several errors no order.
pub(super) type Answers = Vec<Seen>;

/// A row before and after.
pub(super) type Change = (Option<Row>, Option<Row>);

/// What only the service can decide of a write: the ids of new rows, and the instant.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) ids: Vec<String>,
    pub(super) at: String,
}

/// The rows, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Register {
    rows: BTreeMap<String, Row>,
}

impl Register {
    /// Has a request done: what is to be answered, and what has changed.
    pub(super) fn answer(&mut self, request: &Request, mut made: Made) -> (Answers, Vec<Change>) {
        let mut changes = Vec::new();
        made.ids.reverse();
        let answers = match request {
            Request::Create { body, minimal } => {
                self.create(body, *minimal, &mut made, &mut changes)
            }
            Request::Update { id, condition, body, minimal } => {
                self.update(id, *condition, body, &made, &mut changes).map(|row| {
                    if *minimal { Seen::NoContent(Some(rev(&row))) } else { Seen::Row(200, row) }
                })
            }
            Request::Delete { id, condition } => self.checked(id, *condition).map(|row| {
                self.rows.remove(id);
                changes.push((Some(row), None));
                Seen::NoContent(None)
            }),
            Request::Import { rows, overwrite } => {
                self.import(rows, overwrite.as_ref(), &mut made, &mut changes)
            }
            Request::Search { rows } => Ok(Seen::Found(self.search(rows))),
            Request::Get { id, condition } => self.get(id, *condition),
            Request::Page { after, top } => Ok(self.page(after.as_deref(), top.unwrap_or(PAGE))),
            Request::Count => Ok(Seen::Number(self.rows.len())),
        };
        (answers.map_or_else(|refusals| refusals, |seen| vec![seen]), changes)
    }

    fn create(
        &mut self,
        body: &Body,
        minimal: bool,
        made: &mut Made,
        changes: &mut Vec<Change>,
    ) -> Result<Seen, Answers> {
        check_new(body)?;
        let row = new_row(body, made);
        if self.holder(&row).is_some() {
            return Err(vec![refused(409, "Conflict")]);
        }
        self.store(None, &row, changes);
        Ok(if minimal { Seen::NoContent(Some(1)) } else { Seen::Row(201, row) })
    }

    fn update(
        &mut self,
        id: &str,
        condition: Condition,
        body: &Body,
        made: &Made,
        changes: &mut Vec<Change>,
    ) -> Result<Row, Answers> {
        let mut refusals = check(body).err().unwrap_or_default();
        let is_sound = refusals.is_empty();
        let current =
            self.checked(id, condition).map_err(|mut others| refusals.append(&mut others));
        let Ok(current) = current else { return Err(refusals) };
        if !is_sound {
            return Err(refusals);
        }
        let next = overlaid(&current, body, made);
        if self.holder(&next).is_some_and(|holder| holder["id"] != current["id"]) {
            return Err(vec![refused(409, "Conflict")]);
        }
        if next != current {
            self.store(Some(current), &next, changes);
        }
        Ok(next)
    }

    fn import(
        &mut self,
        rows: &[Body],
        overwrite: Option<&Value>,
        made: &mut Made,
        changes: &mut Vec<Change>,
    ) -> Result<Seen, Answers> {
        // What cannot be read at all comes before what breaks a rule.
        let faults: Answers =
            rows.iter().filter_map(|row| check_new(row).err()).flatten().collect();
        let unreadable: Answers =
            faults.iter().filter(|fault| **fault == unreadable()).cloned().collect();
        if !unreadable.is_empty() {
            return Err(unreadable);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let overwrite = match overwrite {
            None => false,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            Some(other) => other == &json!(true),
        };
        let mut results = Vec::new();
        let mut seen = Vec::new();
        for body in rows {
            let row = new_row(body, &mut Made::default());
            let is_first = !seen.contains(&key(&row));
            seen.push(key(&row));
            match self.holder(&row).cloned() {
                None => {
                    let row = new_row(body, made);
                    self.store(None, &row, changes);
                    results.push((row, true));
                }
                Some(current) if is_first && overwrite => {
                    let next = overlaid(&current, body, made);
                    if next != current {
                        self.store(Some(current), &next, changes);
                    }
                    results.push((next, true));
                }
                Some(current) => results.push((current, false)),
            }
        }
        Ok(Seen::Results(results))
    }

    fn search(&self, rows: &[Body]) -> Vec<Row> {
        let wanted: Vec<_> =
            rows.iter().map(|body| key(&new_row(body, &mut Made::default()))).collect();
        self.rows.values().filter(|row| wanted.contains(&key(row))).cloned().collect()
    }

    fn get(&self, id: &str, condition: Condition) -> Result<Seen, Answers> {
        let row = self.rows.get(id).ok_or_else(not_found)?;
        match condition {
            Condition::Is(tag) if !fits(tag, row) => Err(vec![refused(412, "PreconditionFailed")]),
            Condition::IsNot(tag) if fits(tag, row) => Ok(Seen::NotModified),
            _ => Ok(Seen::Row(200, row.clone())),
        }
    }

    fn page(&self, after: Option<&str>, top: usize) -> Seen {
        let rest: Vec<&Row> = self
            .rows
            .iter()
            .filter(|(id, _)| after.is_none_or(|after| id.as_str() > after))
            .map(|(_, row)| row)
            .collect();
        Seen::Page(rest.iter().copied().take(top).cloned().collect(), rest.len() > top)
    }

    /// The row that a write is for, if it is as the condition asks.
    fn checked(&self, id: &str, condition: Condition) -> Result<Row, Answers> {
        let row = self.rows.get(id).ok_or_else(not_found)?;
        let holds = match condition {
            Condition::None => true,
            Condition::Is(tag) => fits(tag, row),
            Condition::IsNot(tag) => !fits(tag, row),
        };
        if holds { Ok(row.clone()) } else { Err(vec![refused(412, "PreconditionFailed")]) }
    }

    /// The row that has the type and identifier of this one.
    fn holder(&self, row: &Row) -> Option<&Row> {
        self.rows.values().find(|other| key(other) == key(row))
    }

    fn store(&mut self, before: Option<Row>, after: &Row, changes: &mut Vec<Change>) {
        self.rows.insert(text(after, "id").to_owned(), after.clone());
        changes.push((before, Some(after.clone())));
    }
}

fn refused(status: u16, code: &str) -> Seen {
    Seen::Refused(status, code.to_owned())
}

fn not_found() -> Answers {
    vec![refused(404, "ResourceNotFound")]
}

/// A member that is not of the type.
fn unreadable() -> Seen {
    refused(400, "ModelValidationFailure")
}

/// A value that breaks a rule of the register.
fn broken() -> Answers {
    vec![refused(400, "BadRequest")]
}

/// Of the values that chance may choose, those that are no value of their property.
fn check(body: &Body) -> Result<(), Answers> {
    let wrong = body.iter().any(|(name, value)| match name.as_str() {
        IDENTIFIER => value.is_null(),
        "description" => !value.is_null() && !value.is_string(),
        "platform" => value == "unknownFutureValue",
        "enrollmentState" => value == "Enrolled",
        "serialNumber" => true,
        _ => false,
    });
    if wrong {
        return Err(vec![unreadable()]);
    }
    if body.get(IDENTIFIER).is_some_and(|text| text.as_str().unwrap().trim().is_empty()) {
        return Err(broken());
    }
    Ok(())
}

/// A new row needs an identifier, too.
fn check_new(body: &Body) -> Result<(), Answers> {
    check(body)?;
    if body.contains_key(IDENTIFIER) { Ok(()) } else { Err(broken()) }
}

/// A row that has never been contacted, with what the body says.
fn new_row(body: &Body, made: &mut Made) -> Row {
    let Value::Object(mut row) = json!({
        "id": made.ids.pop(),
        TYPE: "unknown",
        "lastModifiedDateTime": made.at,
        "createdDateTime": made.at,
        "lastContactedDateTime": "0001-01-01T00:00:00Z",
        "description": null,
        "enrollmentState": "notContacted",
        "platform": "unknown",
        "rev": 1,
    }) else {
        unreachable!()
    };
    write(&mut row, body);
    row
}

/// A row with what the body says. If that is what it had already, nothing moves.
fn overlaid(current: &Row, body: &Body, made: &Made) -> Row {
    let mut next = current.clone();
    write(&mut next, body);
    if next != *current {
        next.insert("rev".to_owned(), json!(rev(current) + 1));
        next.insert("lastModifiedDateTime".to_owned(), json!(made.at));
    }
    next
}

fn write(row: &mut Row, body: &Body) {
    for name in WRITABLE {
        if let Some(value) = body.get(name) {
            row.insert(name.to_owned(), as_shown(value));
        }
    }
}

/// A value as it is given back: of those that chance may choose, a few are not as they were sent.
fn as_shown(value: &Value) -> Value {
    match value.as_str() {
        Some("tvOS") => json!("tvos"),
        Some("2026-01-31T07:25:18.1200000Z" | "2026-01-31T07:25:18.12+00:00") => {
            json!("2026-01-31T07:25:18.12Z")
        }
        Some(text) => json!(text.trim()),
        None => value.clone(),
    }
}

/// What is unique in a tenant: the type, and the identifier without case, without outer blanks
/// and, where it has parts, without the blanks around them.
fn key(row: &Row) -> (String, String) {
    let (kind, identifier) = (text(row, TYPE).to_owned(), text(row, IDENTIFIER).to_lowercase());
    if kind != "manufacturerModelSerial" {
        return (kind, identifier);
    }
    let parts: Vec<&str> = identifier.split(',').map(str::trim).collect();
    (kind, parts.join(","))
}

fn fits(tag: Tag, row: &Row) -> bool {
    match tag {
        Tag::Any => true,
        Tag::Revision(wanted) => wanted == rev(row),
    }
}

fn rev(row: &Row) -> i64 {
    row["rev"].as_i64().unwrap()
}

fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}
