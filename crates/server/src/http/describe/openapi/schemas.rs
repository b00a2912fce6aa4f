//! The shapes of bodies and answers in JSON Schema, from the property table.

use model::{ENTITY_TYPE, OVERWRITE, PROPERTIES, Property, RESULT_TYPE, ROWS, Rules, Writer};
use odata::edm::{EnumType, Type};
use serde_json::{Map, Value, json};

use super::super::super::batch::MAX_ITEMS;
use super::super::super::routes::COLLECTION;
use super::super::Terms;
use super::super::operations::Body;
use super::reference;

pub(super) const ENTITY: &str = "importedDeviceIdentity";
pub(super) const WHOLE: &str = "importedDeviceIdentity.whole";
pub(super) const DRAFT: &str = "importedDeviceIdentity.draft";
pub(super) const CHANGE: &str = "importedDeviceIdentity.change";
pub(super) const PAGE: &str = "importedDeviceIdentity.page";
pub(super) const FOUND: &str = "importedDeviceIdentity.found";
pub(super) const RESULTS: &str = "importedDeviceIdentityResult.list";
pub(super) const IMPORT: &str = "import.parameters";
pub(super) const SEARCH: &str = "search.parameters";
pub(super) const BATCH: &str = "batch";
pub(super) const BATCH_ANSWERS: &str = "batch.answers";
pub(super) const SERVICE_DOCUMENT: &str = "serviceDocument";
pub(super) const ERROR: &str = "error";
const GROUP: &str = "importedDeviceIdentity.group";
const LOOKED_UP: &str = "importedDeviceIdentity.lookedUp";
const RESULT: &str = "importedDeviceIdentityResult";
const IDENTIFIER: &str = "importedDeviceIdentifier";

/// No string anywhere holds U+0000.
const WITHOUT_NUL: &str = "^[^\\u0000]*$";
/// An identifier holds no control characters at all.
const WITHOUT_CONTROLS: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// All schemas.
pub(super) fn all(terms: &Terms) -> Map<String, Value> {
    let names: Vec<&str> = PROPERTIES.iter().map(|property| property.name).collect();
    let whole = json!({ "allOf": [reference("schemas", ENTITY), { "required": names }] });
    let change = written(Some(terms.rules));
    let draft = json!({ "allOf": [reference("schemas", CHANGE), { "required": [IDENTIFIER] }] });
    let looked_up = required(written(None), [IDENTIFIER].into_iter());
    let result = shown(RESULT_TYPE, Some(("status", json!({ "type": "boolean" }))));
    let result = required(result, names.iter().copied().chain(["status"]));
    let schemas = [
        (ENTITY, shown(ENTITY_TYPE, None)),
        (WHOLE, whole),
        (CHANGE, change),
        (DRAFT, draft),
        (LOOKED_UP, looked_up),
        (RESULT, result),
        (GROUP, group()),
        (
            PAGE,
            list(json!({ "anyOf": [reference("schemas", ENTITY), reference("schemas", GROUP)] })),
        ),
        (FOUND, list(reference("schemas", WHOLE))),
        (RESULTS, list(reference("schemas", RESULT))),
        (IMPORT, parameters(terms, true)),
        (SEARCH, parameters(terms, false)),
        (BATCH, batch()),
        (BATCH_ANSWERS, batch_answers()),
        (SERVICE_DOCUMENT, service_document()),
        (ERROR, error()),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn required<'a>(mut schema: Value, names: impl Iterator<Item = &'a str>) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.insert("required".to_owned(), names.collect());
    }
    schema
}

/// Members that are annotations: any, for those that a reader does not know it is to ignore.
fn annotations() -> Value {
    json!({ "@": {} })
}

/// Those of answers, and the actions that these offer.
fn control_information() -> Value {
    json!({ "^#|@": {} })
}

/// An entity as the service shows it.
fn shown(type_name: &str, extra: Option<(&str, Value)>) -> Value {
    let properties = PROPERTIES.iter().map(|property| {
        let mut schema = value_of(property, &readable);
        describe(&mut schema, property);
        (property.name.to_owned(), schema)
    });
    let mut properties: Map<String, Value> = properties.collect();
    properties.insert("@odata.type".to_owned(), json!({ "const": format!("#{type_name}") }));
    properties.insert("@odata.etag".to_owned(), json!({ "type": "string" }));
    properties.extend(extra.map(|(name, schema)| (name.to_owned(), schema)));
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": control_information(),
        "additionalProperties": false,
    })
}

/// What `$apply` makes of entities: members that they share, and under a name of the client's own
/// how many there are.
fn group() -> Value {
    let shared = PROPERTIES.iter().filter(|property| matches!(property.edm, Type::Enum(_)));
    let shared = shared.map(|property| (property.name.to_owned(), value_of(property, &readable)));
    json!({
        "type": "object",
        "description": "In answer to `$apply`.",
        "properties": shared.collect::<Map<_, _>>(),
        "patternProperties": control_information(),
        "additionalProperties": {
            "type": ["integer", "string"],
            "description": "How many rows there are, under the alias.",
        },
    })
}

/// What a client may send of an entity. What is only looked up is not judged by the rules.
fn written(rules: Option<Rules>) -> Value {
    let properties = PROPERTIES.iter().map(|property| {
        let mut schema = match property.written_by {
            // Whatever it is, it is ignored.
            Writer::Service => json!({ "readOnly": true }),
            Writer::Client(_) => value_of(property, &writable),
        };
        describe(&mut schema, property);
        if let (Writer::Client(_), Type::String) = (property.written_by, property.edm) {
            limit(&mut schema, property, rules);
        }
        (property.name.to_owned(), schema)
    });
    let mut properties: Map<String, Value> = properties.collect();
    let names = [format!("#{ENTITY_TYPE}"), ENTITY_TYPE.to_owned()];
    properties.insert("@odata.type".to_owned(), json!({ "enum": names }));
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": annotations(),
        "additionalProperties": false,
    })
}

/// What a text may hold.
fn limit(schema: &mut Value, property: &Property, rules: Option<Rules>) {
    let Some(members) = schema.as_object_mut() else { return };
    let is_judged = rules.is_some() && property.name == IDENTIFIER;
    let pattern = if is_judged { WITHOUT_CONTROLS } else { WITHOUT_NUL };
    members.insert("pattern".to_owned(), pattern.into());
    if is_judged {
        members.insert("minLength".to_owned(), 1.into());
    }
    if let Some(most) = rules.and_then(|rules| rules.longest(property.name)) {
        members.insert("maxLength".to_owned(), most.into());
    }
}

fn describe(schema: &mut Value, property: &Property) {
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), property.about.into());
    }
}

/// The values of a property, of whose members of an enumeration these count.
fn value_of(property: &Property, members: &dyn Fn(&EnumType) -> Vec<&'static str>) -> Value {
    let nullable = |name: &str| match property.nullable {
        true => json!([name, "null"]),
        false => json!(name),
    };
    match property.edm {
        Type::String => json!({ "type": nullable("string") }),
        Type::Boolean => json!({ "type": nullable("boolean") }),
        Type::DateTimeOffset => json!({ "type": nullable("string"), "format": "date-time" }),
        Type::Enum(edm) => json!({ "type": nullable("string"), "enum": members(edm) }),
    }
}

/// The members that are ever stored.
fn readable(edm: &EnumType) -> Vec<&'static str> {
    edm.members.iter().filter(|member| !member.sentinel).map(|member| member.name).collect()
}

/// Those that are understood, which may be spelt in more than one way.
fn writable(edm: &EnumType) -> Vec<&'static str> {
    let aliases = edm.aliases.iter().map(|(alias, _)| *alias);
    readable(edm).into_iter().chain(aliases).collect()
}

fn list(of: Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "@odata.context": { "type": "string" },
            "@odata.count": {
                "type": ["integer", "string"],
                "description": "How many rows there are on all pages, where that was asked for.",
            },
            "@odata.nextLink": {
                "type": "string",
                "description": "The address of the next page, while rows are left.",
            },
            "value": { "type": "array", "items": of },
        },
        "required": ["value"],
        "patternProperties": control_information(),
        "additionalProperties": false,
    })
}

/// The parameters of an action that takes rows.
fn parameters(terms: &Terms, is_import: bool) -> Value {
    let mut properties = Map::new();
    let rows = json!({
        "type": "array",
        "items": reference("schemas", if is_import { DRAFT } else { LOOKED_UP }),
        "maxItems": terms.max_rows,
    });
    properties.insert(ROWS.to_owned(), rows);
    if is_import {
        let overwrite = json!({
            "type": "boolean",
            "default": false,
            "description": "Whether a row's values replace those of an identity that is there.",
        });
        properties.insert(OVERWRITE.to_owned(), overwrite);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": [ROWS],
        "patternProperties": annotations(),
        "additionalProperties": false,
    })
}

/// A JSON batch (OData JSON Format 4.01, 19.1), as far as Graph documents it.
fn batch() -> Value {
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let request = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "minLength": 1 },
            "method": { "enum": ["GET", "POST", "PATCH", "DELETE"] },
            "url": { "type": "string", "description": "Relative to the root of the version." },
            "headers": texts,
            "body": { "type": "object" },
            "dependsOn": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["id", "method", "url"],
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "properties": {
            "requests": { "type": "array", "items": request, "minItems": 1, "maxItems": MAX_ITEMS },
        },
        "required": ["requests"],
        "additionalProperties": false,
    })
}

fn batch_answers() -> Value {
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let answer = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string" },
            "status": { "type": "integer", "minimum": 200, "maximum": 599 },
            "headers": texts,
            "body": { "description": "JSON as it is; all else as text in Base64." },
        },
        "required": ["id", "status", "headers"],
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "properties": { "responses": { "type": "array", "items": answer } },
        "required": ["responses"],
        "additionalProperties": false,
    })
}

fn service_document() -> Value {
    let text = json!({ "type": "string" });
    let offered = json!({
        "type": "object",
        "properties": { "name": text, "kind": text, "url": text },
        "required": ["name", "kind", "url"],
    });
    json!({
        "type": "object",
        "properties": {
            "@odata.context": text,
            "value": { "type": "array", "items": offered },
        },
        "required": ["value"],
    })
}

fn error() -> Value {
    let text = json!({ "type": "string" });
    let detail = json!({
        "type": "object",
        "properties": { "code": text, "message": text, "target": text },
        "required": ["code", "message", "target"],
        "additionalProperties": false,
    });
    let inner = json!({
        "type": "object",
        "properties": {
            "date": {
                "type": "string",
                "description": "UTC, to the second.",
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$",
            },
            "request-id": text,
            "client-request-id": text,
        },
        "required": ["date", "request-id", "client-request-id"],
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "properties": { "error": {
            "type": "object",
            "properties": {
                "code": text,
                "message": { "type": "string", "description": "What is wrong and what to do." },
                "details": {
                    "type": "array",
                    "items": detail,
                    "description": "Each fault, where there are several.",
                },
                "innerError": inner,
            },
            "required": ["code", "message", "innerError"],
            "additionalProperties": false,
        } },
        "required": ["error"],
        "additionalProperties": false,
    })
}

/// A body as a client would send it.
pub(super) fn example(body: Body) -> Value {
    let row = json!({
        IDENTIFIER: "C02XK1ZGJGH5",
        "importedDeviceIdentityType": "serialNumber",
        "platform": "macOS",
        "description": "Front desk",
    });
    match body {
        Body::Draft => row,
        Body::Change => json!({ "platform": "ios", "description": "On loan" }),
        Body::Import => json!({ ROWS: [row], OVERWRITE: true }),
        Body::Search => json!({ ROWS: [{
            IDENTIFIER: "C02XK1ZGJGH5",
            "importedDeviceIdentityType": "serialNumber",
        }] }),
        Body::Batch => json!({ "requests": [{
            "id": "1",
            "method": "GET",
            "url": format!("/{COLLECTION}?$top=1"),
        }] }),
    }
}
