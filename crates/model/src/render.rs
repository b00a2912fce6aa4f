//! JSON as the service answers it, straight into bytes, from the property table, in the form that
//! was asked for. Must not know HTTP: addresses are arguments.

mod summary;

use odata::edm::Type;
use odata::query::Select;

pub use summary::{Summary, summary};

use crate::property::KEY;
use crate::{ENTITY_TYPE, Identity, PROPERTIES, Property, RESULT_TYPE, Value};

/// The weak entity tag of a row: it names the revision.
pub fn etag(rev: i64) -> String {
    format!("W/\"{rev}\"")
}

/// How much an answer says besides the values (OData JSON Format 4.01, 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metadata {
    /// Counts and links to next pages alone.
    None,
    /// What a client cannot work out by itself.
    #[default]
    Minimal,
    /// Everything.
    Full,
}

impl Metadata {
    /// The name in media types.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Full => "full",
        }
    }
}

/// The form of JSON that an answer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// How much is said besides the values.
    pub metadata: Metadata,
    /// Whether numbers that a double may not hold are strings (OData JSON Format 4.01, 3.2).
    pub ieee754_compatible: bool,
}

/// How identities are written.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The form.
    pub form: Form,
    /// The context URL.
    pub context: &'a str,
    /// The address of the collection, which those of identities begin with.
    pub collection: &'a str,
    /// What of an identity is shown: all where there is none.
    pub select: Option<&'a Select>,
}

/// A page of entities.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The rows.
    pub rows: &'a [Identity],
    /// How many rows there are on all pages, if that was asked for.
    pub count: Option<u64>,
    /// The link to the next page, if there is one.
    pub next_link: Option<&'a str>,
    /// The qualified names of actions that the page offers under full metadata.
    pub actions: &'a [String],
}

/// One entity, with its context URL.
pub fn entity(row: &Identity, view: &View<'_>) -> Vec<u8> {
    let mut out = opened(640, view);
    members(&mut out, row, ENTITY_TYPE, view);
    out.push(b'}');
    out
}

/// A page of entities.
pub fn collection(page: &Page<'_>, view: &View<'_>) -> Vec<u8> {
    let mut out = opened(room(page.rows.len()), view);
    if let Some(count) = page.count {
        counted(&mut out, count, view);
    }
    if view.form.metadata == Metadata::Full {
        page.actions.iter().for_each(|action| advertisement(&mut out, action, view));
    }
    list(&mut out, page.rows, |out, row| members(out, row, ENTITY_TYPE, view));
    if let Some(link) = page.next_link {
        out.extend_from_slice(b",\"@odata.nextLink\":");
        string(&mut out, link);
    }
    out.push(b'}');
    out
}

/// The rows of an import, each as it stands now and with whether it was taken.
pub fn results(rows: &[(Identity, bool)], view: &View<'_>) -> Vec<u8> {
    let mut out = opened(room(rows.len()), view);
    list(&mut out, rows, |out, (row, status)| {
        members(out, row, RESULT_TYPE, view);
        out.extend_from_slice(if *status { b",\"status\":true" } else { b",\"status\":false" });
    });
    out.push(b'}');
    out
}

/// How many there are on all pages.
fn counted(out: &mut Vec<u8>, count: u64, view: &View<'_>) {
    let quote = if view.form.ieee754_compatible { "\"" } else { "" };
    out.extend_from_slice(format!("\"@odata.count\":{quote}{count}{quote},").as_bytes());
}

/// About as many bytes as a list of so many rows has under minimal metadata.
const fn room(rows: usize) -> usize {
    256 + rows * 480
}

/// The beginning of an object, with its context URL.
fn opened(room: usize, view: &View<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(room);
    out.push(b'{');
    if view.form.metadata != Metadata::None {
        annotation(&mut out, "@odata.context", view.context);
    }
    out
}

fn list<T>(out: &mut Vec<u8>, rows: &[T], mut body: impl FnMut(&mut Vec<u8>, &T)) {
    out.extend_from_slice(b"\"value\":[");
    for (index, row) in rows.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{" } else { b",{" });
        body(out, row);
        out.push(b'}');
    }
    out.push(b']');
}

/// That an action may be called, and where (OData JSON Format 4.01, 17).
fn advertisement(out: &mut Vec<u8>, action: &str, view: &View<'_>) {
    let title = action.rsplit('.').next().unwrap_or(action);
    out.extend_from_slice(b"\"#");
    out.extend_from_slice(action.as_bytes());
    out.extend_from_slice(b"\":{");
    annotation(out, "title", title);
    out.extend_from_slice(b"\"target\":");
    string(out, &format!("{}/{action}", view.collection));
    out.extend_from_slice(b"},");
}

/// What is said of a row, then its properties in the order of the table, without a trailing comma.
fn members(out: &mut Vec<u8>, row: &Identity, type_name: &str, view: &View<'_>) {
    let metadata = view.form.metadata;
    if metadata != Metadata::None {
        annotations(out, row, type_name, view);
    }
    let shown = |index| view.select.is_none_or(|select| select.has(index));
    let shown = PROPERTIES.iter().enumerate().filter(|(index, _)| shown(*index));
    for (place, (_, property)) in shown.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        if metadata == Metadata::Full {
            property_type(out, property);
        }
        out.push(b'"');
        out.extend_from_slice(property.name.as_bytes());
        out.extend_from_slice(b"\":");
        value(out, (property.get)(row));
    }
}

/// Type, address and tag of a row.
fn annotations(out: &mut Vec<u8>, row: &Identity, type_name: &str, view: &View<'_>) {
    out.extend_from_slice(b"\"@odata.type\":\"#");
    out.extend_from_slice(type_name.as_bytes());
    out.extend_from_slice(b"\",");
    let is_full = view.form.metadata == Metadata::Full;
    if is_full || view.select.is_some_and(|select| !select.has(KEY)) {
        let address = format!("{}/{}", view.collection, row.id);
        annotation(out, "@odata.id", &address);
        if is_full {
            annotation(out, "@odata.editLink", &address);
        }
    }
    annotation(out, "@odata.etag", &etag(row.rev));
}

/// The type of a property, unless JSON tells it (OData JSON Format 4.01, 4.6.3).
fn property_type(out: &mut Vec<u8>, property: &Property) {
    if matches!(property.edm, Type::String | Type::Boolean) {
        return;
    }
    let name = property.edm.name();
    out.push(b'"');
    out.extend_from_slice(property.name.as_bytes());
    out.extend_from_slice(b"@odata.type\":\"#");
    out.extend_from_slice(name.strip_prefix("Edm.").unwrap_or(name).as_bytes());
    out.extend_from_slice(b"\",");
}

fn annotation(out: &mut Vec<u8>, name: &str, text: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    string(out, text);
    out.push(b',');
}

fn value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Id(id) => {
            out.push(b'"');
            let mut buffer = uuid::Uuid::encode_buffer();
            out.extend_from_slice(id.0.hyphenated().encode_lower(&mut buffer).as_bytes());
            out.push(b'"');
        }
        Value::Text(text) => string(out, text),
        Value::Member(name) => {
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
        }
        Value::Instant(instant) => {
            out.push(b'"');
            instant.write_to(out);
            out.push(b'"');
        }
    }
}

/// A JSON string. Most strings need no escape, and then it is a copy.
fn string(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    // serde_json writes strings without fail to a vector.
    out.extend_from_slice(&serde_json::to_vec(text).unwrap_or_default());
}
