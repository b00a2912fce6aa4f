//! The types of the service and what can be done with them, in the Common Schema Definition Language
//! (OData CSDL 4.01), of which there are two forms. Must not know in which one is asked for.

mod capabilities;
mod json;
mod xml;

use http::Method;
use model::{ENTITY_TYPE, OVERWRITE, PROPERTIES, Property, RESULT_TYPE, ROWS, Writer};
use odata::edm::{EnumType, Type};

use super::super::routes::{COLLECTION, Operation, ROUTES, Route};
pub(super) use json::json;
pub(super) use xml::xml;

/// The namespace of all types.
const NAMESPACE: &str = "microsoft.graph";
/// The short name of it, which queries may use too.
const ALIAS: &str = "graph";
/// The type that all entity types derive from: it has the key.
const BASE: &str = "entity";
const CONTAINER: &str = "GraphService";
/// What an import adds to the entity: whether its row was taken.
const STATUS: &str = "status";

/// A vocabulary that annotations come from.
struct Vocabulary {
    namespace: &'static str,
    alias: &'static str,
}

const VOCABULARIES: [Vocabulary; 4] = [
    Vocabulary { namespace: "Org.OData.Aggregation.V1", alias: "Aggregation" },
    Vocabulary { namespace: "Org.OData.Authorization.V1", alias: "Authorization" },
    Vocabulary { namespace: "Org.OData.Capabilities.V1", alias: "Capabilities" },
    Vocabulary { namespace: "Org.OData.Core.V1", alias: "Core" },
];

impl Vocabulary {
    /// Where OASIS publishes it.
    fn address(&self, extension: &str) -> String {
        let namespace = self.namespace;
        format!(
            "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/{namespace}.{extension}"
        )
    }
}

/// A term and its value.
struct Annotation {
    /// The term, by the alias of its vocabulary.
    term: &'static str,
    value: Expression,
}

/// A constant (CSDL 4.01, 14.3 and 14.4).
enum Expression {
    Boolean(bool),
    Text(String),
    /// A member of an enumeration: its type and its name.
    Member(&'static str, &'static str),
    /// A property of what is annotated.
    Property(&'static str),
    Collection(Vec<Self>),
    Record(Record),
}

/// The properties of a value, with its type where it is not the declared one.
struct Record {
    type_name: Option<&'static str>,
    members: Vec<(&'static str, Expression)>,
}

fn annotation(term: &'static str, value: Expression) -> Annotation {
    Annotation { term, value }
}

fn text(text: &str) -> Expression {
    Expression::Text(text.to_owned())
}

fn record(members: Vec<(&'static str, Expression)>) -> Expression {
    Expression::Record(Record { type_name: None, members })
}

/// A parameter of an action, besides the collection that it is bound to.
struct Parameter {
    name: &'static str,
    type_name: &'static str,
    is_collection: bool,
    /// What it is where it is left out, if it may be.
    default: Option<&'static str>,
}

/// An action on the collection.
struct Action {
    name: &'static str,
    parameters: Vec<Parameter>,
    /// The type of the rows that it answers with.
    returns: &'static str,
}

/// The parameter that stands for what an action is bound to.
const BINDING: Parameter = Parameter {
    name: "bindingParameter",
    type_name: ENTITY_TYPE,
    is_collection: true,
    default: None,
};

/// The actions that have a route.
fn actions() -> impl Iterator<Item = Action> {
    let rows = || Parameter { name: ROWS, ..BINDING };
    let overwrite = || Parameter {
        name: OVERWRITE,
        type_name: Type::Boolean.name(),
        is_collection: false,
        default: Some("false"),
    };
    ROUTES.iter().filter_map(move |route| {
        let name = route.template.rsplit('/').next()?;
        let (parameters, returns) = match route.operation {
            Operation::Import => (vec![BINDING, rows(), overwrite()], RESULT_TYPE),
            Operation::Search => (vec![BINDING, rows()], ENTITY_TYPE),
            _ => return None,
        };
        Some(Action { name, parameters, returns })
    })
}

/// The enumerations that properties have, each once.
fn enumerations() -> Vec<&'static EnumType> {
    let mut known: Vec<&EnumType> = Vec::new();
    for property in &PROPERTIES {
        if let Type::Enum(edm) = property.edm
            && !known.contains(&edm)
        {
            known.push(edm);
        }
    }
    known
}

/// The key, and the properties besides it.
fn properties() -> (&'static [Property], &'static [Property]) {
    PROPERTIES.split_at(1)
}

/// What is said of a property besides its type.
fn annotations_of(property: &Property) -> Vec<Annotation> {
    let mut annotations = vec![annotation("Core.Description", text(property.about))];
    if matches!(property.written_by, Writer::Service) {
        annotations.push(annotation("Core.Computed", Expression::Boolean(true)));
    }
    annotations
}

/// The name of a type without its namespace.
fn bare(name: &'static str) -> &'static str {
    name.rsplit('.').next().unwrap_or(name)
}

fn qualified(name: &str) -> String {
    format!("{NAMESPACE}.{name}")
}

/// The singleton, and the collection that it contains.
fn places() -> (&'static str, &'static str) {
    COLLECTION.split_once('/').unwrap_or((COLLECTION, ""))
}

/// The first route of an operation.
fn route_of(operation: Operation) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.operation == operation)
}

/// Whether there is such a path with such a method.
fn is_routed(method: &Method, end: &str) -> bool {
    ROUTES.iter().any(|route| route.method == method && route.template.ends_with(end))
}
