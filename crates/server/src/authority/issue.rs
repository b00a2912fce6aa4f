//! The answer with tokens (RFC 6749, 5.1; OIDC Core, 2 and 3.1.3.3). Must not know which grant they
//! are for.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::TenantId;
use serde::Serialize;
use serde_json::json;

use super::clients::{APP_ROLES, Client};
use super::codes::Consent;
use super::directory::Directory;
use super::discovery::id_issuer;
use super::error::{Fault, Refusal};
use super::people::{self, Person};
use super::scope::{Identity, Scopes};
use super::{Authority, Call, refresh, reply, secrets};
use crate::auth::{self, Application, Grant, Permission, TokenRequest};

/// How long access and id tokens live.
const LIFE_S: i64 = 3_600;

#[derive(Serialize)]
struct Answer {
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    expires_in: i64,
    ext_expires_in: i64,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<String>,
}

/// Claims of an id token.
#[derive(Serialize)]
struct IdClaims<'a> {
    iss: String,
    sub: String,
    aud: &'a str,
    exp: i64,
    iat: i64,
    nbf: i64,
    auth_time: i64,
    tid: &'a str,
    oid: &'a str,
    ver: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

/// What a consent is turned into tokens for.
pub(super) struct Turn<'a> {
    pub(super) client: &'a Client,
    /// Whom the path is about.
    pub(super) directory: Directory,
    pub(super) consent: &'a Consent,
    /// The scopes of the access token, where they are not all of the consent's.
    pub(super) scopes: Option<Scopes>,
    pub(super) nonce: Option<&'a str>,
    /// What is wrong when the consent is none any more.
    pub(super) fault: Fault,
}

/// Tokens of an application for itself.
pub(super) fn to_application(
    authority: &Authority,
    client: &Client,
    tenant: TenantId,
) -> Result<Response, Refusal> {
    let roles = APP_ROLES.map(|role| Permission::name(role).to_owned()).to_vec();
    let request = TokenRequest { tenant, grant: Grant::Roles(roles), expires_in_s: LIFE_S };
    let nobody = auth::Person { id: "", name: "" };
    let access_token = access_token(authority, client, &request, nobody)?;
    Ok(reply::json(&Answer {
        token_type: "Bearer",
        scope: None,
        expires_in: LIFE_S,
        ext_expires_in: LIFE_S,
        access_token,
        refresh_token: None,
        id_token: None,
        client_info: None,
    }))
}

/// Tokens of an application for a person.
pub(super) fn to_person(
    authority: &Authority,
    call: &Call,
    turn: &Turn<'_>,
) -> Result<Response, Refusal> {
    let gone = |why: &str| Refusal::new(turn.fault, why.to_owned());
    let consent = turn.consent;
    let person = people::find(&consent.person).ok_or_else(|| gone("There is no such person."))?;
    let tenant: TenantId =
        consent.tenant.parse().map_err(|_| gone("It is for no tenant of this register."))?;
    if !turn.directory.holds(tenant) {
        return Err(gone("It was issued for another tenant than the one of this path."));
    }
    if authority.revoked().has(&consent.id) {
        return Err(gone("It was revoked: what it came of was used twice. Sign in again."));
    }
    let given = Scopes::parse(&consent.scopes, &authority.origins)?;
    if let Some(scopes) = &turn.scopes
        && !given.cover(scopes)
    {
        return Err(Refusal::new(
            Fault::ConsentRequired,
            "The person has not consented to all these scopes. Send an interactive request.",
        ));
    }
    let granted = turn.scopes.as_ref().unwrap_or(&given).granted_by(person);
    let grant = Grant::Scopes(granted.scp);
    let request = TokenRequest { tenant, grant, expires_in_s: LIFE_S };
    let named = auth::Person { id: person.id, name: person.upn };
    let (now, wants) = (authority.now(), |identity| given.has(identity));
    let refresh_token = wants(Identity::OfflineAccess)
        .then(|| refresh::make(&authority.app.sealer, consent, now))
        .transpose()?;
    let id_token = wants(Identity::OpenId)
        .then(|| id_token(authority, call, turn, person, &given))
        .transpose()?;
    let wants_info = call.params.get("client_info") == Some("1");
    Ok(reply::json(&Answer {
        token_type: "Bearer",
        scope: Some(granted.shown),
        expires_in: LIFE_S,
        ext_expires_in: LIFE_S,
        access_token: access_token(authority, turn.client, &request, named)?,
        refresh_token,
        id_token,
        client_info: wants_info.then(|| client_info(person, &consent.tenant)),
    }))
}

fn access_token(
    authority: &Authority,
    client: &Client,
    request: &TokenRequest,
    person: auth::Person<'_>,
) -> Result<String, Refusal> {
    let application = Application { id: &client.id, name: client.name };
    Ok(authority.key.access_token(request, application, person, &authority.clock)?)
}

fn id_token(
    authority: &Authority,
    call: &Call,
    turn: &Turn<'_>,
    person: &Person,
    given: &Scopes,
) -> Result<String, Refusal> {
    let (now, tenant) = (authority.now(), turn.consent.tenant.as_str());
    let has_profile = given.has(Identity::Profile);
    let claims = IdClaims {
        iss: id_issuer(&call.called.origin, tenant),
        sub: subject(&turn.client.id, tenant, person.id),
        aud: &turn.client.id,
        exp: now.saturating_add(LIFE_S),
        iat: now,
        nbf: now,
        auth_time: turn.consent.auth_time,
        tid: tenant,
        oid: person.id,
        ver: "2.0",
        nonce: turn.nonce,
        name: has_profile.then_some(person.name),
        preferred_username: has_profile.then_some(person.upn),
        email: given.has(Identity::Email).then_some(person.upn),
    };
    Ok(authority.key.sign(&claims)?)
}

/// The person's name for one application alone (OIDC Core, 8.1).
fn subject(client: &str, tenant: &str, person: &str) -> String {
    URL_SAFE_NO_PAD.encode(secrets::hash(&format!("{client} {tenant} {person}")))
}

/// The person as Microsoft's libraries file what they keep.
fn client_info(person: &Person, tenant: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "uid": person.id, "utid": tenant }).to_string())
}
