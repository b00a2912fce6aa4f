//! One operation: what it takes, from the query to the body, and all that it may answer.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::super::asked::taken;
use super::super::super::routes::{ROUTES, Route};
use super::super::operations::{self, Answer, Body, Content, Prefer, Row};
use super::{SCHEME, parameters, reference, responses, schemas};
use crate::auth::Access;

pub(super) const IDENTITIES: &str = "Identities";
pub(super) const SERVICE: &str = "Service";

pub(super) fn operation(route: &Route) -> Value {
    let row = operations::row(route.operation);
    let is_public = route.access == Access::Public;
    let mut operation = json!({
        "operationId": id(route),
        "tags": [if is_public { SERVICE } else { IDENTITIES }],
        "summary": row.summary,
        "description": row.about,
        "security": security(route.access),
        "parameters": parameters_of(route, row),
        "responses": responses_of(route, row),
    });
    if let (Some(body), Some(members)) = (row.body, operation.as_object_mut()) {
        members.insert("requestBody".to_owned(), request_body(body));
    }
    operation
}

fn id(route: &Route) -> String {
    let name = format!("{:?}", route.operation);
    name.chars().take(1).flat_map(char::to_lowercase).chain(name.chars().skip(1)).collect()
}

/// Any one of the permissions does; without them, nothing is asked for.
fn security(access: Access) -> Value {
    match access {
        Access::Public => json!([]),
        Access::Bearer => json!([{ SCHEME: [] }]),
        Access::AnyOf(permissions) => {
            permissions.iter().map(|permission| json!({ SCHEME: [permission.name()] })).collect()
        }
    }
}

fn parameters_of(route: &Route, row: &Row) -> Vec<Value> {
    let key = route.template.ends_with('}').then_some(parameters::KEY);
    let options = taken(route.operation).iter().filter_map(|option| parameters::name(*option));
    let conditions = [parameters::IF_MATCH, parameters::IF_NONE_MATCH];
    let conditions = conditions.into_iter().filter(|_| row.is_conditional);
    let prefer = match row.prefer {
        Prefer::Nothing => None,
        Prefer::Return => Some(parameters::PREFER_RETURN),
        Prefer::MaxPageSize => Some(parameters::PREFER_MAX_PAGE_SIZE),
    };
    let names = key.into_iter().chain(options).chain(conditions).chain(prefer);
    names.chain([parameters::CLIENT_REQUEST_ID]).map(|name| reference("parameters", name)).collect()
}

fn request_body(body: Body) -> Value {
    let schema = match body {
        Body::Draft => schemas::DRAFT,
        Body::Change => schemas::CHANGE,
        Body::Import => schemas::IMPORT,
        Body::Search => schemas::SEARCH,
        Body::Batch => schemas::BATCH,
    };
    json!({
        "required": true,
        "content": { "application/json": {
            "schema": reference("schemas", schema),
            "example": schemas::example(body),
        } },
    })
}

fn responses_of(route: &Route, row: &Row) -> Value {
    let mut responses: Map<String, Value> = row.answers.iter().map(success).collect();
    let errors = responses::by_status(route).into_iter();
    responses.extend(errors.map(|(status, kinds)| {
        (status.to_string(), reference("responses", &responses::name(&kinds)))
    }));
    responses.into()
}

fn success(answer: &Answer) -> (String, Value) {
    let of_all = responses::OF_ALL.iter().chain(answer.headers);
    let headers = of_all.map(|name| ((*name).to_owned(), reference("headers", name)));
    let mut response =
        json!({ "description": answer.about, "headers": headers.collect::<Map<_, _>>() });
    if let (Some(content), Some(members)) = (content(answer.content), response.as_object_mut()) {
        members.insert("content".to_owned(), content);
    }
    if let (StatusCode::CREATED, Some(members)) = (answer.status, response.as_object_mut()) {
        members.insert("links".to_owned(), links());
    }
    (answer.status.as_u16().to_string(), response)
}

/// What can be done with what was made, by its key.
fn links() -> Value {
    let with_key = ROUTES.iter().filter(|route| route.template.ends_with('}'));
    let links = with_key.map(|route| {
        let parameters = json!({ parameters::KEY: "$response.body#/id" });
        (id(route), json!({ "operationId": id(route), "parameters": parameters }))
    });
    links.collect::<Map<_, _>>().into()
}

fn content(content: Content) -> Option<Value> {
    let json_of =
        |schema| json!({ "application/json": { "schema": reference("schemas", schema) } });
    Some(match content {
        Content::Nothing => return None,
        Content::Entity => json_of(schemas::ENTITY),
        Content::WholeEntity => json_of(schemas::WHOLE),
        Content::Page => json_of(schemas::PAGE),
        Content::Found => json_of(schemas::FOUND),
        Content::Results => json_of(schemas::RESULTS),
        Content::Batch => json_of(schemas::BATCH_ANSWERS),
        Content::ServiceDocument => json_of(schemas::SERVICE_DOCUMENT),
        Content::Number => {
            json!({ "text/plain": { "schema": { "type": "string", "pattern": "^[0-9]+$" } } })
        }
        Content::Metadata => json!({
            "application/xml": { "schema": { "type": "string" } },
            "application/json": { "schema": { "type": "object" } },
        }),
    })
}
