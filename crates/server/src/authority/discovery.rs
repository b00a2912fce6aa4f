//! Where everything is, and the keys that tokens are verified with (OIDC Discovery 1.0, RFC 8414,
//! RFC 7517). Must not know how tokens are asked for.

use axum::response::Response;
use serde_json::json;

use super::error::Refusal;
use super::routes::{Endpoint, path};
use super::scope::Identity;
use super::{Authority, Call, reply, token};
use crate::auth::issuer;

/// Whose issuer the metadata are about: that of access tokens, or that of id tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// The issuer of a directory's id tokens.
pub(super) fn id_issuer(origin: &str, tenant: &str) -> String {
    format!("{origin}/{tenant}/v2.0")
}

pub(super) async fn metadata(
    authority: &Authority,
    call: &Call,
    version: Version,
) -> Result<Response, Refusal> {
    let directory = authority.directory(call).await?;
    let (origin, segment) = (&call.called.origin, directory.segment());
    let at = |endpoint| format!("{origin}{}", path(endpoint, &segment));
    let issuer = match version {
        Version::One => issuer(&directory.in_issuer()),
        Version::Two => id_issuer(origin, &directory.in_issuer()),
    };
    let scopes = Identity::ALL.map(Identity::name);
    Ok(reply::json(&json!({
        "issuer": issuer,
        "authorization_endpoint": at(Endpoint::Authorize),
        "token_endpoint": at(Endpoint::Token),
        "device_authorization_endpoint": at(Endpoint::DeviceCode),
        "end_session_endpoint": at(Endpoint::SignOut),
        "jwks_uri": at(Endpoint::Keys),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": token::GRANTS,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "client_secret_basic", "none"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nbf", "auth_time", "nonce", "tid", "oid", "ver",
            "name", "preferred_username", "email"
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    })))
}

pub(super) async fn keys(authority: &Authority, call: &Call) -> Result<Response, Refusal> {
    authority.directory(call).await?;
    let public = authority.key.public();
    Ok(reply::json(&json!({ "keys": [{
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": authority.key.kid(),
        "n": public.n,
        "e": public.e,
    }] })))
}
