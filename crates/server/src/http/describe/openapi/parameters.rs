//! What operations take besides their bodies: keys, query options, headers.

use model::PROPERTIES;
use odata::SystemOption;
use serde_json::{Map, Value, json};

pub(super) const KEY: &str = "id";
pub(super) const IF_MATCH: &str = "IfMatch";
pub(super) const IF_NONE_MATCH: &str = "IfNoneMatch";
pub(super) const PREFER_RETURN: &str = "PreferReturn";
pub(super) const PREFER_MAX_PAGE_SIZE: &str = "PreferMaxPageSize";
pub(super) const CLIENT_REQUEST_ID: &str = "ClientRequestId";

/// `*`, or entity tags (RFC 9110, 13.1.1).
const TAGS: &str = "^(\\*|(W/)?\"[!#-~]*\"( *, *(W/)?\"[!#-~]*\")*)$";

/// What `$apply` does.
const APPLY: &str = "How many rows there are in place of the rows: `aggregate($count as n)`, or \
     `groupby((…))` by properties that have members, with or without it, and perhaps \
     `filter(…)/` before it. `$orderby`, `$top`, `$skip` and `$count` are then about the \
     groups.";

/// The query options that any operation takes, as components are called.
const OPTIONS: [(SystemOption, &str); 10] = [
    (SystemOption::Filter, "Filter"),
    (SystemOption::Search, "Search"),
    (SystemOption::OrderBy, "OrderBy"),
    (SystemOption::Select, "Select"),
    (SystemOption::Top, "Top"),
    (SystemOption::Skip, "Skip"),
    (SystemOption::Count, "Count"),
    (SystemOption::SkipToken, "SkipToken"),
    (SystemOption::Format, "Format"),
    (SystemOption::Apply, "Apply"),
];

/// The component of a query option.
pub(super) fn name(option: SystemOption) -> Option<&'static str> {
    OPTIONS.iter().find(|(known, _)| *known == option).map(|(_, name)| *name)
}

/// All components.
pub(super) fn all() -> Map<String, Value> {
    let options = OPTIONS.iter().map(|(option, name)| ((*name).to_owned(), query(*option)));
    let key = json!({
        "name": KEY,
        "in": "path",
        "required": true,
        "description": "The key of an identity, as the service gave it out.",
        "schema": { "type": "string", "minLength": 1 },
        "example": "0198f2a4-6c1e-7d35-9b64-2f0a7c1d5e83",
    });
    let headers = [
        (
            IF_MATCH,
            "If-Match",
            "Only if the identity is as one of these tags has it: 412 otherwise.",
            "W/\"3\"",
        ),
        (
            IF_NONE_MATCH,
            "If-None-Match",
            "Only if the identity is not as one of these tags has it.",
            "W/\"2\"",
        ),
        (
            PREFER_RETURN,
            "Prefer",
            "`return=minimal` for 204 without a body, `return=representation` for the identity. \
             Other preferences are ignored.",
            "return=minimal",
        ),
        (
            PREFER_MAX_PAGE_SIZE,
            "Prefer",
            "`maxpagesize=N`, also as `odata.maxpagesize=N`: at most so many rows on a page. Other \
             preferences are ignored.",
            "maxpagesize=50",
        ),
        (
            CLIENT_REQUEST_ID,
            "client-request-id",
            "The client's own id for its request. It comes back, and stands in the history.",
            "7a1c3f52-0d5c-4a6e-8b0e-5d1f7f2f9c11",
        ),
    ];
    let headers = headers.map(|(component, name, about, example)| {
        let is_condition = [IF_MATCH, IF_NONE_MATCH].contains(&component);
        let schema = match is_condition {
            true => json!({ "type": "string", "pattern": TAGS }),
            false => json!({ "type": "string" }),
        };
        let header = json!({
            "name": name,
            "in": "header",
            "description": about,
            "schema": schema,
            "example": example,
        });
        (component.to_owned(), header)
    });
    options.chain([(KEY.to_owned(), key)]).chain(headers).collect()
}

fn query(option: SystemOption) -> Value {
    let text = || json!({ "type": "string" });
    let whole = || json!({ "type": "integer", "minimum": 0 });
    let (schema, example, about) = match option {
        SystemOption::Filter => (
            text(),
            json!("platform eq 'ios' and startswith(importedDeviceIdentifier,'35')"),
            "Which rows, as an expression of OData that is true of them.",
        ),
        SystemOption::Search => (
            text(),
            json!("\"lost and found\" OR tablet"),
            "Words and phrases to look for in identifier and description.",
        ),
        SystemOption::OrderBy => (
            text(),
            json!("lastContactedDateTime desc,id"),
            "In which order: properties or functions of them, each with `asc` or `desc`. The key \
             decides last.",
        ),
        SystemOption::Select => {
            let names = PROPERTIES.iter().map(|property| property.name).chain(["*"]);
            let names: Vec<&str> = names.collect();
            (
                json!({ "type": "array", "minItems": 1, "items": { "enum": names } }),
                json!(["id", "platform"]),
                "Which properties are shown.",
            )
        }
        SystemOption::Top => (
            whole(),
            json!(50),
            "How many rows a page has: 100 unless told, 1,000 at most. A link leads on while rows \
             are left.",
        ),
        SystemOption::Skip => (whole(), json!(100), "How many rows are left out first."),
        SystemOption::Count => (
            json!({ "type": "boolean" }),
            json!(true),
            "Whether each page tells in `@odata.count` how many rows there are on all.",
        ),
        SystemOption::SkipToken => (
            text(),
            Value::Null,
            "Where a page goes on. It stands in `@odata.nextLink`, and nobody else can make one.",
        ),
        SystemOption::Apply => {
            (text(), json!("groupby((platform,enrollmentState),aggregate($count as n))"), APPLY)
        }
        _ => (
            text(),
            json!("json"),
            "The form of the answer, by a short name or a media type. It counts more than `Accept`.",
        ),
    };
    let mut parameter = json!({
        "name": option.name(),
        "in": "query",
        "description": about,
        "schema": schema,
    });
    if let Some(members) = parameter.as_object_mut() {
        if !example.is_null() {
            members.insert("example".to_owned(), example);
        }
        if option == SystemOption::Select {
            members.insert("explode".to_owned(), false.into());
        }
    }
    parameter
}
