//! What of OData the service can, in the words of the vocabulary of capabilities. What is said here
//! follows from which options operations take, and which routes there are.

use http::Method;
use model::PROPERTIES;
use odata::SystemOption;
use odata::edm::Type;
use odata::query::Function;

use super::super::super::asked::taken;
use super::super::super::routes::Operation;
use super::{Annotation, Expression, Record, annotation, is_routed, record, route_of, text};
use crate::auth::Access;

/// The scheme that callers sign in by, as the container declares it.
const SCHEME: &str = "bearer";

fn flag(value: bool) -> Expression {
    Expression::Boolean(value)
}

fn list(option: SystemOption) -> Expression {
    flag(taken(Operation::List).contains(&option))
}

/// A restriction of one flag.
fn only(name: &'static str, value: Expression) -> Expression {
    record(vec![(name, value)])
}

/// What is so of the whole service.
pub(super) fn of_the_container() -> Vec<Annotation> {
    let functions = Function::ALL.iter().map(|function| text(function.name())).collect();
    let scheme = Record {
        type_name: Some("Org.OData.Authorization.V1.Http"),
        members: vec![
            ("Name", text(SCHEME)),
            ("Scheme", text(SCHEME)),
            ("BearerFormat", text("JWT")),
        ],
    };
    let level = Expression::Member("Org.OData.Capabilities.V1.ConformanceLevelType", "Minimal");
    let is_batched = is_routed(&Method::POST, "/$batch");
    let mut batch = vec![("Supported", flag(is_batched))];
    if is_batched {
        let formats = Expression::Collection(vec![text("application/json")]);
        batch.push(("SupportedFormats", formats));
    }
    vec![
        annotation("Capabilities.ConformanceLevel", level),
        annotation("Capabilities.FilterFunctions", Expression::Collection(functions)),
        annotation(
            "Capabilities.SupportedFormats",
            Expression::Collection(vec![text("application/json")]),
        ),
        annotation("Capabilities.AcceptableEncodings", Expression::Collection(vec![text("gzip")])),
        annotation("Capabilities.KeyAsSegmentSupported", flag(true)),
        annotation("Capabilities.BatchSupported", flag(is_batched)),
        annotation("Capabilities.BatchSupport", record(batch)),
        annotation("Capabilities.AsynchronousRequestsSupported", flag(false)),
        annotation("Capabilities.CrossJoinSupported", flag(false)),
        annotation("Capabilities.QuerySegmentSupported", flag(false)),
        annotation(
            "Authorization.Authorizations",
            Expression::Collection(vec![Expression::Record(scheme)]),
        ),
    ]
}

/// What is so of the singleton: it is there for what it contains.
pub(super) fn of_the_singleton() -> Vec<Annotation> {
    vec![
        annotation("Capabilities.ReadRestrictions", only("Readable", flag(false))),
        annotation("Capabilities.UpdateRestrictions", only("Updatable", flag(false))),
    ]
}

/// What is so of the collection.
pub(super) fn of_the_collection() -> Vec<Annotation> {
    vec![
        annotation("Capabilities.ReadRestrictions", reading()),
        annotation(
            "Capabilities.InsertRestrictions",
            restriction("Insertable", Operation::Create, Vec::new()),
        ),
        annotation(
            "Capabilities.UpdateRestrictions",
            restriction(
                "Updatable",
                Operation::Update,
                vec![
                    ("Upsertable", flag(false)),
                    ("DeltaUpdateSupported", flag(false)),
                    (
                        "UpdateMethod",
                        Expression::Member("Org.OData.Capabilities.V1.HttpMethod", "PATCH"),
                    ),
                ],
            ),
        ),
        annotation(
            "Capabilities.DeleteRestrictions",
            restriction("Deletable", Operation::Delete, Vec::new()),
        ),
        annotation(
            "Capabilities.FilterRestrictions",
            only("Filterable", list(SystemOption::Filter)),
        ),
        annotation("Capabilities.SortRestrictions", only("Sortable", list(SystemOption::OrderBy))),
        annotation(
            "Capabilities.SearchRestrictions",
            only("Searchable", list(SystemOption::Search)),
        ),
        annotation("Capabilities.CountRestrictions", only("Countable", list(SystemOption::Count))),
        annotation(
            "Capabilities.ExpandRestrictions",
            only("Expandable", list(SystemOption::Expand)),
        ),
        annotation("Capabilities.SelectSupport", only("Supported", list(SystemOption::Select))),
        annotation("Capabilities.TopSupported", list(SystemOption::Top)),
        annotation("Capabilities.SkipSupported", list(SystemOption::Skip)),
        annotation("Capabilities.ComputeSupported", list(SystemOption::Compute)),
        annotation("Aggregation.ApplySupported", aggregation()),
        annotation("Capabilities.IndexableByKey", flag(true)),
        annotation("Capabilities.ChangeTracking", only("Supported", flag(false))),
        // The tag stands for the whole entity, and for no property in particular.
        annotation("Core.OptimisticConcurrency", Expression::Collection(Vec::new())),
    ]
}

/// What `$apply` takes: what is read in [`odata::query::Apply`].
fn aggregation() -> Expression {
    let transformations = ["filter", "groupby", "aggregate"].map(text);
    let groupable = PROPERTIES.iter().filter(|property| matches!(property.edm, Type::Enum(_)));
    let groupable = groupable.map(|property| Expression::Property(property.name));
    record(vec![
        ("Transformations", Expression::Collection(transformations.into())),
        ("Rollup", Expression::Member("Org.OData.Aggregation.V1.RollupType", "None")),
        ("GroupableProperties", Expression::Collection(groupable.collect())),
        ("AggregatableProperties", Expression::Collection(Vec::new())),
    ])
}

fn reading() -> Expression {
    let by_key = restriction("Readable", Operation::Get, Vec::new());
    restriction("Readable", Operation::List, vec![("ReadByKeyRestrictions", by_key)])
}

/// Whether an operation is offered, what else is to say, and who may call.
fn restriction(
    name: &'static str,
    operation: Operation,
    others: Vec<(&'static str, Expression)>,
) -> Expression {
    let route = route_of(operation);
    let mut members = vec![(name, flag(route.is_some()))];
    members.extend(others);
    members.extend(route.map(|route| ("Permissions", permissions(route.access))));
    record(members)
}

/// Any one of the scopes does.
fn permissions(access: Access) -> Expression {
    let Access::AnyOf(permissions) = access else { return Expression::Collection(Vec::new()) };
    let scopes = permissions.iter().map(|permission| only("Scope", text(permission.name())));
    Expression::Collection(vec![record(vec![
        ("SchemeName", text(SCHEME)),
        ("Scopes", Expression::Collection(scopes.collect())),
    ])])
}
