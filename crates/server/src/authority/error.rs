//! The one table of what sign-in refuses: the status, OAuth's word and Entra ID's number for each.
//! No other file of sign-in names a status of an error. Must not know what was being done.

use aws_lc_rs::error::Unspecified;
use http::StatusCode;
use odata::DateTimeOffset;
use serde::Serialize;
use store::StoreError;

/// What can be wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Something in it cannot be read.
    Malformed,
    /// A parameter is missing.
    MissingParameter,
    /// A parameter has a value that it cannot have.
    BadParameter,
    /// The endpoint takes other methods.
    WrongMethod,
    /// A page of a foreign origin sent it.
    CrossOrigin,
    /// The form does not belong to the browser that sends it, or is too old.
    ForeignForm,
    /// The tenant is none, or the register does not have it.
    UnknownTenant,
    /// The endpoint needs a tenant, not a word for several.
    NoTenant,
    /// The application is not known.
    UnknownClient,
    /// An application with a secret did not give it.
    MissingSecret,
    /// The secret is another.
    WrongSecret,
    /// An application without a secret gave one.
    SecretOfPublicClient,
    /// The application may not use the grant.
    GrantNotAllowed,
    /// There is no such grant.
    UnsupportedGrant,
    /// There is no such response type.
    UnsupportedResponseType,
    /// A scope is none that could be granted.
    BadScope,
    /// A resource that is not served.
    UnknownResource,
    /// The redirect URI may not be answered to.
    BadRedirect,
    /// The redirect URI is not the one that the code was made for.
    OtherRedirect,
    /// The code is none, has expired, or was made for another application.
    BadCode,
    /// The code was used before.
    UsedCode,
    /// The verifier does not prove who asked for the code.
    BadVerifier,
    /// The refresh token is none, has expired, was revoked, or was made for another application.
    BadRefreshToken,
    /// More was asked for than was consented to.
    ConsentRequired,
    /// The application has to prove that it asked for the code, and cannot later.
    ChallengeRequired,
    /// Only the strong method of proof is taken.
    ChallengeMethod,
    /// Nobody is signed in, and nobody may be asked.
    LoginRequired,
    /// The person said no.
    Declined,
    /// The person has not answered yet.
    Pending,
    /// The application asks too often.
    SlowDown,
    /// The device code's life is over.
    ExpiredDeviceCode,
    /// There is no such device code.
    BadDeviceCode,
    /// There is no such user code.
    BadUserCode,
    /// Too many wrong user codes.
    TooManyGuesses,
    /// Request objects are not taken.
    RequestObject,
    /// Request objects by reference are not taken.
    RequestReference,
    /// A defect of the service.
    Failed,
}

/// Status, OAuth's word, and Entra ID's number.
type Row = (StatusCode, &'static str, u32);

impl Fault {
    /// All faults, for tables of them.
    pub const ALL: [Self; 37] = [
        Self::Malformed,
        Self::MissingParameter,
        Self::BadParameter,
        Self::WrongMethod,
        Self::CrossOrigin,
        Self::ForeignForm,
        Self::UnknownTenant,
        Self::NoTenant,
        Self::UnknownClient,
        Self::MissingSecret,
        Self::WrongSecret,
        Self::SecretOfPublicClient,
        Self::GrantNotAllowed,
        Self::UnsupportedGrant,
        Self::UnsupportedResponseType,
        Self::BadScope,
        Self::UnknownResource,
        Self::BadRedirect,
        Self::OtherRedirect,
        Self::BadCode,
        Self::UsedCode,
        Self::BadVerifier,
        Self::BadRefreshToken,
        Self::ConsentRequired,
        Self::ChallengeRequired,
        Self::ChallengeMethod,
        Self::LoginRequired,
        Self::Declined,
        Self::Pending,
        Self::SlowDown,
        Self::ExpiredDeviceCode,
        Self::BadDeviceCode,
        Self::BadUserCode,
        Self::TooManyGuesses,
        Self::RequestObject,
        Self::RequestReference,
        Self::Failed,
    ];

    /// Status, OAuth's word (RFC 6749, 4.1.2.1 and 5.2; RFC 8628, 3.5; OIDC Core, 3.1.2.6), and
    /// the number that Entra ID gives it.
    pub const fn row(self) -> Row {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
        match self {
            Self::Malformed => (BAD, "invalid_request", 9_002_313),
            Self::MissingParameter => (BAD, "invalid_request", 900_144),
            Self::BadParameter => (BAD, "invalid_request", 90_023),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request", 900_561),
            Self::CrossOrigin => (BAD, "invalid_request", 9_002_326),
            Self::ForeignForm => (BAD, "invalid_request", 165_000),
            Self::UnknownTenant => (BAD, "invalid_request", 90_002),
            Self::NoTenant => (BAD, "invalid_request", 50_059),
            Self::UnknownClient => (BAD, "unauthorized_client", 700_016),
            Self::MissingSecret => (UNAUTHORIZED, "invalid_client", 7_000_218),
            Self::WrongSecret => (UNAUTHORIZED, "invalid_client", 7_000_215),
            Self::SecretOfPublicClient => (UNAUTHORIZED, "invalid_client", 700_025),
            Self::GrantNotAllowed => (BAD, "unauthorized_client", 7_000_216),
            Self::UnsupportedGrant => (BAD, "unsupported_grant_type", 70_003),
            Self::UnsupportedResponseType => (BAD, "unsupported_response_type", 70_005),
            Self::BadScope => (BAD, "invalid_scope", 70_011),
            Self::UnknownResource => (BAD, "invalid_scope", 500_011),
            Self::BadRedirect => (BAD, "invalid_request", 50_011),
            Self::OtherRedirect => (BAD, "invalid_grant", 500_112),
            Self::BadCode => (BAD, "invalid_grant", 70_008),
            Self::UsedCode => (BAD, "invalid_grant", 54_005),
            Self::BadVerifier => (BAD, "invalid_grant", 501_481),
            Self::BadRefreshToken => (BAD, "invalid_grant", 700_082),
            Self::ConsentRequired => (BAD, "invalid_grant", 65_001),
            Self::ChallengeRequired => (BAD, "invalid_request", 9_002_325),
            Self::ChallengeMethod => (BAD, "invalid_request", 501_491),
            Self::LoginRequired => (BAD, "login_required", 50_058),
            Self::Declined => (BAD, "access_denied", 65_004),
            Self::Pending => (BAD, "authorization_pending", 70_016),
            Self::SlowDown => (BAD, "slow_down", 90_055),
            Self::ExpiredDeviceCode => (BAD, "expired_token", 70_019),
            Self::BadDeviceCode => (BAD, "invalid_grant", 70_000),
            Self::BadUserCode => (BAD, "invalid_request", 70_018),
            Self::TooManyGuesses => {
                (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", 90_055)
            }
            Self::RequestObject => (BAD, "request_not_supported", 90_023),
            Self::RequestReference => (BAD, "request_uri_not_supported", 90_023),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", 90_033),
        }
    }
}

/// A request that is refused, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) fault: Fault,
    /// What is wrong and what to do.
    pub(super) message: String,
}

/// What of a request an error names.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    pub(super) trace_id: String,
    pub(super) correlation_id: String,
    pub(super) at: DateTimeOffset,
}

impl Trace {
    fn timestamp(&self) -> String {
        let at = self.at.to_string();
        format!("{}Z", at.get(.."2026-01-31T07:25:18".len()).unwrap_or_default().replace('T', " "))
    }
}

/// The body of an error, as Entra ID writes it.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
    error_codes: [u32; 1],
    timestamp: &'a str,
    trace_id: &'a str,
    correlation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suberror: Option<&'a str>,
}

impl Refusal {
    pub(super) fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into() }
    }

    /// OAuth's word.
    pub(super) fn error(&self) -> &'static str {
        self.fault.row().1
    }

    /// Whether a client that proves itself would get more.
    pub(super) fn wants_a_secret(&self) -> bool {
        self.status() == StatusCode::UNAUTHORIZED
    }

    pub(super) fn status(&self) -> StatusCode {
        self.fault.row().0
    }

    /// The message under its number, in the letters that OAuth allows it (RFC 6749, 5.2).
    pub(super) fn short(&self) -> String {
        let allowed =
            |c: char| if matches!(c, ' '..='~' if c != '"' && c != '\\') { c } else { '?' };
        format!("AADSTS{}: {}", self.fault.row().2, self.message).chars().map(allowed).collect()
    }

    /// The description, with all by which the request can be found again.
    pub(super) fn description(&self, trace: &Trace) -> String {
        let Trace { trace_id, correlation_id, .. } = trace;
        let (short, timestamp) = (self.short(), trace.timestamp());
        format!(
            "{short} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
        )
    }

    /// The body of the answer.
    pub(super) fn body(&self, trace: &Trace) -> Vec<u8> {
        let (_, error, code) = self.fault.row();
        let is_consent = self.fault == Fault::ConsentRequired;
        let body = Body {
            error,
            error_description: &self.description(trace),
            error_codes: [code],
            timestamp: &trace.timestamp(),
            trace_id: &trace.trace_id,
            correlation_id: &trace.correlation_id,
            suberror: is_consent.then_some("consent_required"),
        };
        // Strings and a number: they are always written.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl From<Unspecified> for Refusal {
    fn from(_: Unspecified) -> Self {
        Self::new(Fault::Failed, "The system gave no random bytes.")
    }
}

impl From<jsonwebtoken::errors::Error> for Refusal {
    fn from(_: jsonwebtoken::errors::Error) -> Self {
        Self::new(Fault::Failed, "The key does not sign.")
    }
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Self::new(Fault::Failed, "The store is away. Try again soon.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_letters_that_oauth_allows() {
        let refusal = Refusal::new(Fault::BadScope, "a \"b\\c\" \u{e4}\r\nx");
        assert_eq!(refusal.short(), "AADSTS70011: a ?b?c? ???x");
    }

    #[test]
    fn no_two_faults_have_the_same_word_and_number() {
        let mut rows: Vec<_> =
            Fault::ALL.iter().map(|fault| (fault.row().1, fault.row().2)).collect();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), Fault::ALL.len());
    }
}
