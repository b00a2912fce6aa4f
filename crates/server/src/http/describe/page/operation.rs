//! One operation: what it asks for, takes and answers.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::super::super::routes::{Route, VERSION};
use super::html::{escape, line, method, prose};
use super::{schema, text};

pub(super) fn section(out: &mut String, document: &Value, route: &Route, described: &Value) {
    let _ = write!(
        out,
        "<section class=\"operation\" id=\"{id}\"><h2><a href=\"#{id}\">{}</a></h2>\
         <p class=\"path\">{}<code>{}</code></p>{}",
        escape(text(described, "/summary")),
        method(&route.method),
        // A long path breaks where its segments do.
        escape(route.template).replace('/', "<wbr>/"),
        prose(text(described, "/description")),
        id = escape(text(described, "/operationId")),
    );
    permissions(out, described);
    parameters(out, document, described);
    body(out, document, described);
    example(out, route, described);
    responses(out, document, described);
    out.push_str("</section>");
}

fn permissions(out: &mut String, described: &Value) {
    let alternatives = described.get("security").and_then(Value::as_array);
    let is_open = alternatives.is_none_or(Vec::is_empty);
    let names = alternatives.into_iter().flatten().filter_map(Value::as_object);
    let names: Vec<String> = names
        .flat_map(Map::values)
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str)
        .map(|name| format!("<li><code>{}</code></li>", escape(name)))
        .collect();
    match names.as_slice() {
        [] if is_open => {
            out.push_str("<p class=\"free\">Everybody may call it, without a token.</p>");
        }
        [] => out.push_str("<p class=\"free\">Everybody may call it who has a token.</p>"),
        names => {
            let _ = write!(
                out,
                "<h3>Permissions</h3><p class=\"note\">Any one of them does.</p>\
                 <ul class=\"permissions\">{}</ul>",
                names.concat()
            );
        }
    }
}

/// A part of the document, or what it points to.
pub(super) fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let target = part.get("$ref").and_then(Value::as_str);
    target.and_then(|target| document.pointer(target.trim_start_matches('#'))).unwrap_or(part)
}

fn parameters(out: &mut String, document: &Value, described: &Value) {
    let all = described.get("parameters").and_then(Value::as_array);
    let all = all.map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        return;
    }
    out.push_str(
        "<h3>Parameters</h3><table><thead><tr><th>Name</th><th>In</th><th>Value</th>\
         <th>Meaning</th></tr></thead><tbody>",
    );
    for parameter in all.iter().map(|parameter| resolved(document, parameter)) {
        let needed = match parameter.get("required").and_then(Value::as_bool) {
            Some(true) => " <em>required</em>",
            _ => "",
        };
        let example = match parameter.get("example") {
            Some(Value::String(example)) => example.clone(),
            Some(Value::Array(examples)) => {
                let examples = examples.iter().filter_map(Value::as_str);
                examples.collect::<Vec<_>>().join(",")
            }
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let example = match example.as_str() {
            "" => example,
            example => format!("<span class=\"as-in\"><code>{}</code></span>", escape(example)),
        };
        let _ = write!(
            out,
            "<tr><th scope=\"row\"><code>{}</code>{needed}</th><td>{}</td><td>{}</td>\
             <td>{}{example}</td></tr>",
            escape(text(parameter, "/name")),
            escape(text(parameter, "/in")),
            schema::kind(parameter.get("schema").unwrap_or(&Value::Null)),
            line(text(parameter, "/description")),
        );
    }
    out.push_str("</tbody></table>");
}

/// What a request or an answer has as JSON.
fn json_of(described: &Value) -> Option<&Value> {
    described.get("content")?.get("application/json")
}

fn body(out: &mut String, document: &Value, described: &Value) {
    let Some(content) = described.get("requestBody").and_then(json_of) else { return };
    let Some(of) = content.get("schema") else { return };
    let _ = write!(out, "<h3>Body</h3><p class=\"note\">{}</p>", schema::kind(of));
    schema::members(out, document, of);
}

/// How curl would call it.
fn example(out: &mut String, route: &Route, described: &Value) {
    let version = format!("/{VERSION}");
    let path = route.template.strip_prefix(&version).unwrap_or(route.template);
    let mut command = vec![format!("curl -X {}", route.method)];
    // What OData writes with `$` is no variable of the shell.
    let path = path.replace("/$", "/\\$").replace("{id}", "$ID");
    command.push(format!("\"$BASE_URL{path}\""));
    let is_free = described.get("security").and_then(Value::as_array).is_none_or(Vec::is_empty);
    if !is_free {
        command.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
    }
    let body = described.get("requestBody").and_then(json_of);
    if let Some(body) = body.and_then(|content| content.get("example")) {
        let body = serde_json::to_string_pretty(body).unwrap_or_default();
        command.push("-H \"Content-Type: application/json\"".to_owned());
        command.push(format!("-d '{body}'"));
    }
    let command = command.join(" \\\n  ");
    let _ =
        write!(out, "<h3>Example</h3><pre tabindex=\"0\"><code>{}</code></pre>", escape(&command));
}

fn responses(out: &mut String, document: &Value, described: &Value) {
    out.push_str("<h3>Answers</h3>");
    let all = described.get("responses").and_then(Value::as_object);
    let (good, bad): (Vec<_>, Vec<_>) =
        all.into_iter().flatten().partition(|(status, _)| !status.starts_with(['4', '5']));
    out.push_str("<div class=\"answers\">");
    for (status, response) in good.into_iter().chain(bad) {
        answer(out, document, status, resolved(document, response));
    }
    out.push_str("</div>");
}

fn answer(out: &mut String, document: &Value, status: &str, response: &Value) {
    let class = match status.starts_with(['4', '5']) {
        true => "bad",
        false => "good",
    };
    let _ = write!(
        out,
        "<details class=\"{class}\"><summary><b>{status}</b> <span>{}</span></summary>",
        line(&text(response, "/description").replace("\n\n", " "))
    );
    let contents = response.get("content").and_then(Value::as_object);
    for (media, content) in contents.into_iter().flatten() {
        let of = content.get("schema").unwrap_or(&Value::Null);
        let shape = match class {
            "bad" => of.pointer("/allOf/0").unwrap_or(of),
            _ => of,
        };
        let _ = write!(out, "<p><code>{}</code>: {}</p>", escape(media), schema::kind(shape));
    }
    let headers = response.get("headers").and_then(Value::as_object);
    out.push_str("<dl>");
    for (name, header) in headers.into_iter().flatten() {
        let about = text(resolved(document, header), "/description");
        let _ = write!(out, "<dt><code>{}</code></dt><dd>{}</dd>", escape(name), line(about));
    }
    out.push_str("</dl></details>");
}
