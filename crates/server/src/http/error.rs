//! The one table of errors: what can go wrong, its status, its code, its words. No other module
//! names an error status. Must not know what a handler was doing.

use std::num::NonZeroU32;
use std::sync::Arc;

use http::{Method, StatusCode};
use model::{Fault, FaultKind, Faults, ImportError};
use odata::OptionError;
use odata::query::QueryError;
use store::{StoreError, WriteError};

use super::{MAX_HEADER_BYTES, MAX_HEADERS, MAX_URL_BYTES};
use crate::auth::{AuthError, Permission, Refusal};

/// The kinds of errors that the service answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Something in the request is wrong.
    BadRequest,
    /// A body does not fit the type.
    ModelValidation,
    /// No believable token.
    Unauthenticated,
    /// A token that does not do.
    Forbidden,
    /// No such identity.
    NotFound,
    /// The path is served, but not with this method.
    MethodNotAllowed,
    /// No representation that the client takes.
    NotAcceptable,
    /// The client was too slow.
    RequestTimeout,
    /// Something else stands there already.
    Conflict,
    /// The revision is another.
    PreconditionFailed,
    /// The body is too large.
    TooLarge,
    /// What it depends on has failed.
    FailedDependency,
    /// The head is too large.
    HeadTooLarge,
    /// The caller has called too often.
    TooManyRequests,
    /// Valid, but not offered.
    NotImplemented,
    /// Too much to do, or the store is away.
    Unavailable,
    /// A defect of the service.
    Internal,
}

impl ErrorKind {
    /// All kinds, for tables of them.
    pub const ALL: [Self; 17] = [
        Self::BadRequest,
        Self::ModelValidation,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::RequestTimeout,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::FailedDependency,
        Self::HeadTooLarge,
        Self::TooManyRequests,
        Self::NotImplemented,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The HTTP status, and the `code` of the body.
    pub const fn row(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "BadRequest"),
            Self::ModelValidation => (StatusCode::BAD_REQUEST, "ModelValidationFailure"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "ResourceNotFound"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "NotAcceptable"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
            Self::Conflict => (StatusCode::CONFLICT, "Conflict"),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            Self::FailedDependency => (StatusCode::FAILED_DEPENDENCY, "FailedDependency"),
            Self::HeadTooLarge => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "RequestHeaderFieldsTooLarge")
            }
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
            Self::NotImplemented => (StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }
}

/// An error on its way to the client.
#[derive(Debug)]
pub struct ApiError {
    /// Which error it is.
    pub kind: ErrorKind,
    /// What is wrong and what to do, for the client.
    pub message: String,
    /// Each fault, where there are several, or many rows.
    pub details: Vec<Fault>,
    /// The methods that are allowed, where the one used is not.
    pub allow: Option<String>,
    /// Seconds after which the client may try again, where they are not the usual ones.
    pub retry_after_s: Option<NonZeroU32>,
    /// Where the client gets a token, if it has none that is believed.
    pub authorities: Option<Arc<[String]>>,
    /// What the log says in place of the message: the cause, of which the client may learn less.
    pub cause: Option<String>,
}

impl ApiError {
    /// An error with only a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: Vec::new(),
            allow: None,
            retry_after_s: None,
            authorities: None,
            cause: None,
        }
    }

    /// Something in the request is wrong.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequest, message)
    }

    /// What the HTTP library refused with this status: it could not read the head.
    pub fn malformed(status: u16) -> Self {
        if status == StatusCode::BAD_REQUEST.as_u16() {
            return Self::bad_request(
                "The request cannot be read as HTTP/1.1: its request line or one of its headers \
                 is malformed. Percent-encode what a URL cannot hold.",
            );
        }
        Self::head_too_large()
    }

    /// A head larger than its limits.
    pub fn head_too_large() -> Self {
        let message = format!(
            "The head of the request is too large: at most {MAX_URL_BYTES} bytes of URL, \
             {MAX_HEADER_BYTES} bytes of headers and {MAX_HEADERS} headers are taken."
        );
        Self::new(ErrorKind::HeadTooLarge, message)
    }

    fn caused_by(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// The path is served with other methods only, which `allow` lists.
    pub fn wrong_method(method: &Method, allow: String) -> Self {
        let message = format!("The method {method} is not allowed here; these are: {allow}.");
        Self { allow: Some(allow), ..Self::new(ErrorKind::MethodNotAllowed, message) }
    }

    /// Valid OData that this service does not offer.
    pub fn not_offered(what: &str) -> Self {
        let message = format!("{what} is not offered by this service.");
        Self::new(ErrorKind::NotImplemented, message)
    }

    /// A path segment that names nothing.
    pub fn segment(name: &str) -> Self {
        Self::bad_request(format!("Resource not found for the segment '{name}'."))
    }

    /// No identity with this id.
    pub fn not_found(id: &str) -> Self {
        Self::new(
            ErrorKind::NotFound,
            format!("The importedDeviceIdentity '{id}' does not exist in this tenant."),
        )
    }

    /// The body is not the JSON it should be.
    pub fn payload(reason: &str) -> Self {
        Self::bad_request(format!(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and \
             payload is of valid JSON format. ({reason})"
        ))
    }

    /// A body larger than a limit.
    pub fn too_large(limit: &str) -> Self {
        Self::new(ErrorKind::TooLarge, format!("The request is too large: {limit}."))
    }

    /// A batch that cannot be taken as one.
    pub fn batch(reason: &str) -> Self {
        Self::bad_request(format!("Invalid batch payload format. {reason}"))
    }

    /// A request of a batch that depends on one that has failed, the one with this id.
    pub fn failed_dependency(id: &str) -> Self {
        let message = format!("The request '{id}' has failed, on which this one depends.");
        Self::new(ErrorKind::FailedDependency, message)
    }

    /// A request of a batch whose other answers have more bytes than the limit.
    pub fn batch_answers(most: usize) -> Self {
        Self::too_large(&format!(
            "no request of a batch is begun when the answers to others have more than {most} \
             bytes; nothing of this one was done, so send it in another batch"
        ))
    }

    /// More rows in one call than the limit.
    pub fn too_many_rows(most: usize) -> Self {
        Self::too_large(&format!("at most {most} rows are taken in one call"))
    }

    /// A query whose next page no URL could ask for.
    pub fn link_too_long() -> Self {
        Self::bad_request(format!(
            "The link to the next page would be longer than the {MAX_URL_BYTES} bytes that a URL \
             may have: shorten '$filter', or order by fewer properties."
        ))
    }

    /// A query past its deadline. Not a 503: a client would only repeat it.
    pub fn deadline(limit_ms: u128) -> Self {
        Self::bad_request(format!(
            "The query was stopped at its deadline of {limit_ms} ms; narrow it and try again."
        ))
        .caused_by("the query was stopped at its deadline")
    }

    /// The caller has called too often, and may try again after so many seconds.
    pub fn throttled(message: &str, wait_s: NonZeroU32) -> Self {
        Self { retry_after_s: Some(wait_s), ..Self::new(ErrorKind::TooManyRequests, message) }
    }

    /// No snapshot of this name.
    pub fn no_snapshot(name: &str) -> Self {
        let message = format!("There is no snapshot '{name}' of this tenant's register.");
        Self::new(ErrorKind::NotFound, message)
    }

    /// The client may try again soon.
    pub fn unavailable(message: &str, cause: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message).caused_by(cause)
    }

    /// A defect of the service: the client learns nothing but the request-id.
    pub fn internal(cause: impl Into<String>) -> Self {
        let message = "The service failed. The cause is in its log under the request-id.";
        Self::new(ErrorKind::Internal, message).caused_by(cause)
    }

    /// A failed import or search: `limit` is the most rows that a call may have.
    pub fn import(error: ImportError, limit: usize) -> Self {
        match error {
            ImportError::Faults(faults) => Self::from(faults),
            ImportError::TooManyRows => Self::too_many_rows(limit),
            ImportError::Rows(rows) => Self {
                details: rows.clone(),
                ..Self::bad_request(format!(
                    "Invalid Device Identifier parameter found for {} import records!",
                    rows.len()
                ))
            },
        }
    }

    /// A failed write to the identity or the snapshot `id`, or to none in particular.
    pub fn write(error: WriteError, id: &str) -> Self {
        match error {
            WriteError::NotFound => Self::not_found(id),
            WriteError::NoSnapshot => Self::no_snapshot(id),
            WriteError::Conflict => Self::new(
                ErrorKind::Conflict,
                "Another importedDeviceIdentity of this tenant has the same \
                 'importedDeviceIdentityType' and 'importedDeviceIdentifier'.",
            ),
            WriteError::PreconditionFailed => Self::new(
                ErrorKind::PreconditionFailed,
                "The ETag of the importedDeviceIdentity is not as the condition asks: read it \
                 again and decide anew.",
            ),
            WriteError::Refused(faults) => Self::from(faults),
            WriteError::NotLicensed => Refusal::NotLicensed.into(),
            WriteError::QueueFull | WriteError::Expired => Self::unavailable(
                "The service is busy and has stored nothing; try again after the time in \
                 Retry-After.",
                error.to_string(),
            ),
            WriteError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Open { .. } => Self::unavailable(
                "The store is away; nothing was stored. Try again after the time in Retry-After.",
                error.to_string(),
            ),
            StoreError::Unsettled => Self::new(
                ErrorKind::Internal,
                "The database was lost while it committed this write, and it is not known whether \
                 it is stored. Read the identity, or look for the request-id in the history, before \
                 you send it again.",
            )
            .caused_by(error.to_string()),
            // Handlers that set a deadline answer with it; here nobody knows which it was.
            StoreError::Deadline
            | StoreError::Damaged(_)
            | StoreError::Unfit(_)
            | StoreError::NewerSchema { .. }
            | StoreError::Foreign
            | StoreError::Unfinished
            | StoreError::FoldCollision { .. } => Self::internal(error.to_string()),
        }
    }
}

impl From<Faults> for ApiError {
    fn from(faults: Faults) -> Self {
        let Some(first) = faults.first() else { return Self::internal("an error without faults") };
        let mut error = match first.kind {
            FaultKind::Payload => Self::payload(&first.message),
            FaultKind::UnknownProperty | FaultKind::WrongLiteral => {
                Self::new(ErrorKind::ModelValidation, first.message.clone())
            }
            FaultKind::Rule => Self::bad_request(first.message.clone()),
        };
        if faults.len() > 1 || !first.target.is_empty() {
            error.details = faults;
        }
        error
    }
}

impl From<OptionError> for ApiError {
    fn from(error: OptionError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let is_not_offered = error.is_not_offered();
        let kind = if is_not_offered { ErrorKind::NotImplemented } else { ErrorKind::BadRequest };
        Self::new(kind, error.to_string())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Token { error, authorities } => {
                let kind = match error {
                    AuthError::AuthorityAway(_) => ErrorKind::Unavailable,
                    _ => ErrorKind::Unauthenticated,
                };
                Self { authorities: Some(authorities), ..Self::new(kind, token_message(&error)) }
            }
            Refusal::PersonalAccount => Self::new(
                ErrorKind::Forbidden,
                "Personal Microsoft accounts are not supported: sign in with a work or school \
                 account.",
            ),
            Refusal::Permission(any_of) => {
                let names: Vec<&str> = any_of.iter().copied().map(Permission::name).collect();
                let message = format!(
                    "Insufficient privileges. Any one of these permissions would do: {}.",
                    names.join(", ")
                );
                Self::new(ErrorKind::Forbidden, message)
            }
            Refusal::NotLicensed => Self::bad_request("Request not applicable to target tenant.")
                .caused_by("the tenant is not licensed"),
            Refusal::StoreAway(cause) => Self::unavailable(
                "The store is away. Try again after the time in Retry-After.",
                cause,
            ),
        }
    }
}

fn token_message(error: &AuthError) -> String {
    let which = match error {
        AuthError::Missing => return "Access token is empty.".to_owned(),
        AuthError::NotAJwt => {
            return "IDX14100: JWT is not well formed, there are no dots (.).".to_owned();
        }
        AuthError::Expired => {
            return "Lifetime validation failed, the token is expired.".to_owned();
        }
        AuthError::NotYetValid => {
            return "Lifetime validation failed, the token is not yet valid.".to_owned();
        }
        AuthError::AuthorityAway(issuer) => {
            return format!(
                "The authority '{issuer}' cannot be asked for the keys that sign its tokens, so \
                 that its callers cannot be let in. Try again after the time in Retry-After."
            );
        }
        AuthError::Malformed => "The token cannot be read as a signed JWT".to_owned(),
        AuthError::Algorithm => "The algorithm is not the one of the key".to_owned(),
        AuthError::IdToken => "It is an ID token, which is not made for an API".to_owned(),
        AuthError::UnknownKey => "No trusted key has the id in 'kid'".to_owned(),
        AuthError::Signature => "Invalid signature".to_owned(),
        AuthError::Issuer => "Invalid issuer".to_owned(),
        AuthError::Audience => "Invalid audience".to_owned(),
        AuthError::Claim(name) => format!("The claim '{name}' is missing or unreadable"),
    };
    format!("Access token validation failure. {which}.")
}
