//! The forms of JSON (OData JSON Format 4.01, 3): what each says in the answer of each operation,
//! and how clients ask for it.

mod asking;
mod bodies;

use crate::support::{Answer, Service, text};

/// The media type of an answer in this form.
fn media_type(metadata: &str, numbers: bool) -> String {
    format!(
        "application/json;odata.metadata={metadata};odata.streaming=true;\
         IEEE754Compatible={numbers};charset=utf-8"
    )
}

/// A body, a line for each member, without what no two services have in common.
async fn shown(service: &Service, answer: &Answer) -> String {
    let mut body = answer.text().replace(&service.address().to_string(), "[host]");
    for row in service.rows().await {
        body = body.replace(text(&row, "id"), "[id]");
        for name in ["lastModifiedDateTime", "createdDateTime"] {
            body = body.replace(text(&row, name), "[time]");
        }
    }
    if let Some((before, token)) = body.split_once("$skiptoken=") {
        let (_, after) = token.split_once('"').unwrap();
        body = format!("{before}$skiptoken=[token]\"{after}");
    }
    body.replace(",\"", ",\n\"").replace("},{", "},\n{").replace("{\"", "{\n\"")
}
