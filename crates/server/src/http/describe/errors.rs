//! What each error means, for those who read about it before it happens to them.

use super::super::error::ErrorKind;

/// The meaning of an error, in a sentence.
pub(super) const fn about(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::BadRequest => "Something in the request is wrong; the message says what.",
        ErrorKind::ModelValidation => {
            "The body does not fit the type; `details` name each property and what is wrong."
        }
        ErrorKind::Unauthenticated => "There is no token, or none that is believed.",
        ErrorKind::Forbidden => "The token does not do: the message names permissions that would.",
        ErrorKind::NotFound => "There is no such identity in this tenant.",
        ErrorKind::MethodNotAllowed => "The path takes other methods, which `Allow` lists.",
        ErrorKind::NotAcceptable => "The answer has no form that the client takes.",
        ErrorKind::RequestTimeout => "The body did not come in time.",
        ErrorKind::Conflict => "Another identity has the same type and identifier.",
        ErrorKind::PreconditionFailed => {
            "The `ETag` is not as the condition asks, or pages are asked for in snapshot isolation."
        }
        ErrorKind::TooLarge => "The body, or what it holds, is larger than the limit.",
        ErrorKind::HeadTooLarge => "The head of the request is larger than the limit.",
        ErrorKind::FailedDependency => "In a batch, what the request depends on has failed.",
        ErrorKind::TooManyRequests => "The caller has called too often.",
        ErrorKind::NotImplemented => "It is valid OData that this service does not offer.",
        ErrorKind::Unavailable => "There is too much to do, or the store is away.",
        ErrorKind::Internal => "The service failed; the cause is in its log under the request-id.",
    }
}
