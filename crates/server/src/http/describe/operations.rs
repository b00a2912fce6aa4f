//! The one table of what operations take and give, but for paths, methods and permissions, which the
//! table of routes has. Must not know in which form it is told.

use http::StatusCode;

use super::super::error::ErrorKind;
use super::super::routes::{Operation, Route};
use crate::auth::Access;

/// What is told of an operation.
#[derive(Debug)]
pub(super) struct Row {
    /// What it does, in a few words.
    pub(super) summary: &'static str,
    /// What there is to know of it.
    pub(super) about: &'static str,
    /// What its body has to be.
    pub(super) body: Option<Body>,
    /// What it answers when it went well.
    pub(super) answers: &'static [Answer],
    /// Whether it heeds `If-Match` and `If-None-Match`.
    pub(super) is_conditional: bool,
    /// What of `Prefer` it heeds.
    pub(super) prefer: Prefer,
}

/// The body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// An identity to be made.
    Draft,
    /// The properties to be changed.
    Change,
    /// The rows of an import.
    Import,
    /// What is searched for.
    Search,
    /// The requests of a batch.
    Batch,
}

/// An answer of success.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) about: &'static str,
    pub(super) content: Content,
    /// The headers besides those of all answers.
    pub(super) headers: &'static [&'static str],
}

/// What an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Nothing,
    /// An identity, or what was selected of it.
    Entity,
    /// An identity with all of its properties.
    WholeEntity,
    /// A page of identities, or of what was selected of them.
    Page,
    /// Identities with all of their properties.
    Found,
    /// The rows of an import, each with its outcome.
    Results,
    /// A bare number.
    Number,
    /// The answers of a batch.
    Batch,
    ServiceDocument,
    Metadata,
}

/// What an operation heeds of `Prefer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefer {
    Nothing,
    Return,
    MaxPageSize,
}

const fn answer(
    status: StatusCode,
    about: &'static str,
    content: Content,
    headers: &'static [&'static str],
) -> Answer {
    Answer { status, about, content, headers }
}

const PLAIN: Row = Row {
    summary: "",
    about: "",
    body: None,
    answers: &[],
    is_conditional: false,
    prefer: Prefer::Nothing,
};

static SERVICE_DOCUMENT: Row = Row {
    summary: "Service document",
    about: "Names what the service offers.",
    answers: &[answer(StatusCode::OK, "What is offered.", Content::ServiceDocument, &[])],
    ..PLAIN
};

static METADATA: Row = Row {
    summary: "Metadata",
    about: "Describes the types and what can be done with them, in CSDL: as XML, or as JSON \
            where the client would rather have that.",
    answers: &[answer(StatusCode::OK, "The description.", Content::Metadata, &[])],
    ..PLAIN
};

static BATCH: Row = Row {
    summary: "Batch",
    about: "Serves up to 20 requests, each as by itself: with permissions, limits, log line and \
            history of its own. They run at the same time as far as `dependsOn` lets them, and \
            what depends on a failure is answered with 424.",
    body: Some(Body::Batch),
    answers: &[answer(StatusCode::OK, "One answer a request, in order.", Content::Batch, &[])],
    ..PLAIN
};

static LIST: Row = Row {
    summary: "List identities",
    about: "Pages through the identities of the tenant, in the order of their making unless \
            `$orderby` says otherwise. While rows are left, `@odata.nextLink` leads to the \
            next page: follow it as it is.",
    answers: &[answer(StatusCode::OK, "A page.", Content::Page, &["Preference-Applied"])],
    prefer: Prefer::MaxPageSize,
    ..PLAIN
};

static COUNT: Row = Row {
    summary: "Count identities",
    about: "Counts the identities of the tenant, or those that a filter lets pass.",
    answers: &[answer(StatusCode::OK, "The number.", Content::Number, &[])],
    ..PLAIN
};

static GET: Row = Row {
    summary: "Get an identity",
    about: "Shows one identity, all of it or what `$select` names.",
    answers: &[
        answer(StatusCode::OK, "The identity.", Content::Entity, &["ETag"]),
        answer(
            StatusCode::NOT_MODIFIED,
            "The identity is as `If-None-Match` knows it.",
            Content::Nothing,
            &["ETag"],
        ),
    ],
    is_conditional: true,
    ..PLAIN
};

static CREATE: Row = Row {
    summary: "Create an identity",
    about: "Makes an identity. No other of the tenant may have the same type and identifier.",
    body: Some(Body::Draft),
    answers: &[
        answer(
            StatusCode::CREATED,
            "The new identity.",
            Content::WholeEntity,
            &["ETag", "Location", "Preference-Applied"],
        ),
        answer(
            StatusCode::NO_CONTENT,
            "It is made; the client prefers to see no more than where.",
            Content::Nothing,
            &["ETag", "Location", "OData-EntityId", "Preference-Applied"],
        ),
    ],
    prefer: Prefer::Return,
    ..PLAIN
};

static UPDATE: Row = Row {
    summary: "Update an identity",
    about: "Changes what the body names and keeps the rest. What only the service writes is \
            ignored, so that an identity can be read, edited and sent back whole. A write \
            that changes no stored value moves neither `ETag` nor `lastModifiedDateTime`.",
    body: Some(Body::Change),
    answers: &[
        answer(
            StatusCode::OK,
            "The whole identity as it is now.",
            Content::WholeEntity,
            &["ETag", "Preference-Applied"],
        ),
        answer(
            StatusCode::NO_CONTENT,
            "It is changed; the client prefers not to see it.",
            Content::Nothing,
            &["ETag", "OData-EntityId", "Preference-Applied"],
        ),
    ],
    is_conditional: true,
    prefer: Prefer::Return,
};

static DELETE: Row = Row {
    summary: "Delete an identity",
    about: "Removes an identity.",
    answers: &[answer(StatusCode::NO_CONTENT, "It is gone.", Content::Nothing, &[])],
    is_conditional: true,
    ..PLAIN
};

static IMPORT: Row = Row {
    summary: "Import identities",
    about: "Makes many identities in one transaction, and changes those that are there if \
            they may be overwritten. The answer has one row for each that was sent, in \
            order; its `status` says whether the row was taken. One row that breaks a rule \
            refuses the call, and `details` name each such row.",
    body: Some(Body::Import),
    answers: &[answer(StatusCode::OK, "One result a row.", Content::Results, &[])],
    ..PLAIN
};

static SEARCH: Row = Row {
    summary: "Search identities",
    about: "Finds the identities of these types and identifiers, each once. Identifiers are \
            compared without regard to case and outer blanks.",
    body: Some(Body::Search),
    answers: &[answer(StatusCode::OK, "Those that are there.", Content::Found, &[])],
    ..PLAIN
};

/// What is told of an operation.
pub(super) const fn row(operation: Operation) -> &'static Row {
    match operation {
        Operation::ServiceDocument => &SERVICE_DOCUMENT,
        Operation::Metadata => &METADATA,
        Operation::Batch => &BATCH,
        Operation::List => &LIST,
        Operation::Count => &COUNT,
        Operation::Get => &GET,
        Operation::Create => &CREATE,
        Operation::Update => &UPDATE,
        Operation::Delete => &DELETE,
        Operation::Import => &IMPORT,
        Operation::Search => &SEARCH,
    }
}

/// The errors that a route can answer with, in the order of their table.
pub(super) fn errors(route: &Route) -> impl Iterator<Item = ErrorKind> {
    let row = row(route.operation);
    let (is_public, has_body) = (route.access == Access::Public, row.body.is_some());
    let is_for_some = matches!(route.access, Access::AnyOf(_));
    let (has_key, operation) = (route.template.ends_with('}'), route.operation);
    ErrorKind::ALL.into_iter().filter(move |kind| match kind {
        ErrorKind::BadRequest
        | ErrorKind::NotAcceptable
        | ErrorKind::PreconditionFailed
        | ErrorKind::HeadTooLarge
        | ErrorKind::NotImplemented
        | ErrorKind::Internal => true,
        ErrorKind::Unauthenticated | ErrorKind::Unavailable => !is_public,
        ErrorKind::Forbidden | ErrorKind::TooManyRequests => is_for_some,
        ErrorKind::ModelValidation | ErrorKind::TooLarge | ErrorKind::RequestTimeout => has_body,
        ErrorKind::NotFound => has_key,
        ErrorKind::Conflict => matches!(operation, Operation::Create | Operation::Update),
        // Whatever is described here is a method that its path takes, and no part of a batch.
        ErrorKind::MethodNotAllowed | ErrorKind::FailedDependency => false,
    })
}
