//! Schemas in words, and their members in a table.

use std::fmt::Write;

use model::PROPERTIES;
use serde_json::Value;

use super::html::{escape, line};
use super::operation::resolved;
use super::text;

pub(super) fn section(out: &mut String, document: &Value, name: &str, described: &Value) {
    let name = escape(name);
    let _ = write!(
        out,
        "<section class=\"schema\" id=\"schema-{name}\"><h3><a href=\"#schema-{name}\">{name}</a>\
         </h3>"
    );
    members(out, document, described);
    out.push_str("</section>");
}

/// A member of an object, or of what stands in it.
struct Member<'a> {
    name: String,
    schema: &'a Value,
    is_required: bool,
}

/// The members of an object in a table: those of its own and those of all that it is made of.
pub(super) fn members(out: &mut String, document: &Value, schema: &Value) {
    let mut found = Vec::new();
    collect(document, schema, "", &mut found);
    if found.is_empty() {
        return;
    }
    let place = |name: &str| PROPERTIES.iter().position(|property| property.name == name);
    found.sort_by_key(|member| place(&member.name).unwrap_or(PROPERTIES.len()));
    out.push_str(
        "<table><thead><tr><th>Member</th><th>Value</th><th>Meaning</th></tr></thead><tbody>",
    );
    for Member { name, schema, is_required } in found {
        let needed = if is_required { " <em>required</em>" } else { "" };
        let _ = write!(
            out,
            "<tr><th scope=\"row\"><code>{}</code>{needed}</th><td>{}</td><td>{}</td></tr>",
            escape(&name),
            kind(schema),
            line(text(schema, "/description")),
        );
    }
    out.push_str("</tbody></table>");
}

fn collect<'a>(document: &'a Value, schema: &'a Value, place: &str, found: &mut Vec<Member<'a>>) {
    let schema = resolved(document, schema);
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        collect(document, part, place, found);
    }
    for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        found.push(Member { name: format!("{place}{name}"), schema, is_required: false });
        // What has a name of its own has a table of its own.
        match schema.get("items") {
            Some(items) if items.get("$ref").is_none() => {
                collect(document, items, &format!("{place}{name}[]."), found);
            }
            Some(_) => {}
            None => collect(document, schema, &format!("{place}{name}."), found),
        }
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = format!("{place}{}", name.as_str().unwrap_or_default());
        let named = found.iter_mut().filter(|member| member.name == name);
        named.for_each(|member| member.is_required = true);
    }
}

/// What values a schema lets pass, in words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let name = escape(target.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#schema-{name}\"><code>{name}</code></a>");
    }
    if let Some(kinds) = schema.get("anyOf").and_then(Value::as_array) {
        return kinds.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(constant) = schema.get("const").and_then(Value::as_str) {
        return format!("<code>{}</code>", escape(constant));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values = values.iter().filter_map(Value::as_str);
        let values = values.map(|value| format!("<code>{}</code>", escape(value)));
        return format!("<span class=\"values\">{}</span>", values.collect::<Vec<_>>().join(" "));
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", kind(items));
    }
    if schema.get("readOnly").is_some() {
        return "<span class=\"note\">ignored</span>".to_owned();
    }
    simple(schema)
}

fn simple(schema: &Value) -> String {
    let mut words = match schema.get("type") {
        Some(Value::String(name)) => escape(name),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str).map(escape);
            names.collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".to_owned(),
    };
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        let _ = write!(words, ", {}", escape(format));
    }
    if let Some(most) = schema.get("maxLength") {
        let _ = write!(words, ", at most {most} characters");
    }
    if let Some(default) = schema.get("default") {
        let _ = write!(words, ", else {default}");
    }
    words
}
