//! JSON as the service answers it, straight into bytes, from the property table.
//! Must not know HTTP: addresses are arguments.

use odata::query::Select;

use crate::property::KEY;
use crate::{ENTITY_TYPE, Identity, PROPERTIES, RESULT_TYPE, Value};

/// The weak entity tag of a row: it names the revision.
pub fn etag(rev: i64) -> String {
    format!("W/\"{rev}\"")
}

/// What `$select` asks for, where a request has it.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'a> {
    /// The properties.
    pub select: &'a Select,
    /// The address of the collection: without its key, an entity shows its own.
    pub collection: &'a str,
}

/// A page of entities.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The rows.
    pub rows: &'a [Identity],
    /// The context URL.
    pub context: &'a str,
    /// How many rows there are on all pages, if that was asked for.
    pub count: Option<u64>,
    /// The link to the next page, if there is one.
    pub next_link: Option<&'a str>,
    /// What of the rows is shown: all where there is none.
    pub selected: Option<Selected<'a>>,
}

/// One entity, with its context URL, all of it or what was selected.
pub fn entity(row: &Identity, context: &str, selected: Option<Selected<'_>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(640);
    out.push(b'{');
    annotation(&mut out, "@odata.context", context);
    members(&mut out, row, ENTITY_TYPE, selected);
    out.push(b'}');
    out
}

/// A page of entities.
pub fn collection(page: &Page<'_>) -> Vec<u8> {
    let mut out = list(page.rows.iter(), page.context, page.count, |out, row| {
        members(out, row, ENTITY_TYPE, page.selected);
    });
    if let Some(link) = page.next_link {
        out.extend_from_slice(b",\"@odata.nextLink\":");
        string(&mut out, link);
    }
    out.push(b'}');
    out
}

/// The rows of an import, each as it stands now and with whether it was taken.
pub fn results(rows: &[(Identity, bool)], context: &str) -> Vec<u8> {
    let mut out = list(rows.iter(), context, None, |out, (row, status)| {
        members(out, row, RESULT_TYPE, None);
        out.extend_from_slice(if *status { b",\"status\":true" } else { b",\"status\":false" });
    });
    out.push(b'}');
    out
}

fn list<T>(
    rows: impl ExactSizeIterator<Item = T>,
    context: &str,
    count: Option<u64>,
    mut body: impl FnMut(&mut Vec<u8>, T),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + rows.len() * 480);
    out.push(b'{');
    annotation(&mut out, "@odata.context", context);
    if let Some(count) = count {
        out.extend_from_slice(format!("\"@odata.count\":{count},").as_bytes());
    }
    out.extend_from_slice(b"\"value\":[");
    for (index, row) in rows.enumerate() {
        out.extend_from_slice(if index == 0 { b"{" } else { b",{" });
        body(&mut out, row);
        out.push(b'}');
    }
    out.push(b']');
    out
}

/// Type, address and tag, then the properties in the order of the table, without a trailing comma.
fn members(out: &mut Vec<u8>, row: &Identity, type_name: &str, selected: Option<Selected<'_>>) {
    out.extend_from_slice(b"\"@odata.type\":\"#");
    out.extend_from_slice(type_name.as_bytes());
    out.extend_from_slice(b"\",");
    if let Some(Selected { select, collection }) = selected
        && !select.has(KEY)
    {
        annotation(out, "@odata.id", &format!("{collection}/{}", row.id));
    }
    annotation(out, "@odata.etag", &etag(row.rev));
    let shown = |index| selected.is_none_or(|selected| selected.select.has(index));
    let shown = PROPERTIES.iter().enumerate().filter(|(index, _)| shown(*index));
    for (place, (_, property)) in shown.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(property.name.as_bytes());
        out.extend_from_slice(b"\":");
        value(out, (property.get)(row));
    }
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
