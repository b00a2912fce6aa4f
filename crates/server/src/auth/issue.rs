//! Access tokens, made: by the command line and by the authority of `--dev`. Must not know who is
//! asked before one is made.

use jsonwebtoken::{Algorithm, Header};
use model::TenantId;
use serde::Serialize;
use store::Clock;

use super::{GRAPH, SigningKey};

/// The algorithm of the data directory's key.
pub(super) const ALGORITHM: Algorithm = Algorithm::RS256;
/// The issuer of a tenant's tokens: no address, a name that only this key may use.
pub(super) const ISSUER: &str = "https://sts.muster.localhost/{tid}/";
/// Where the issuer's name begins, for those who have no token yet.
pub(super) const AUTHORITY: &str = "https://sts.muster.localhost/";
/// The application that tokens of `muster token` are made out to.
const COMMAND_LINE: Application<'static> =
    Application { id: "d0d0d0d0-0000-4000-8000-0000000000aa", name: "Muster command line" };
/// The person that delegated tokens of `muster token` speak for.
const DEVELOPER: Person<'static> =
    Person { id: "d0d0d0d0-0000-4000-8000-0000000000bb", name: "developer@muster.localhost" };

/// What a token of `muster token` is to say.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The tenant.
    pub tenant: TenantId,
    /// The permissions.
    pub grant: Grant,
    /// Lifetime in seconds from now; negative for a token that has expired already.
    pub expires_in_s: i64,
}

/// Permissions of an application, or delegated ones of a person.
#[derive(Clone, Debug)]
pub enum Grant {
    /// App roles.
    Roles(Vec<String>),
    /// Scopes.
    Scopes(Vec<String>),
}

/// The application that a token is made out to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Application<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
}

/// The person that a token speaks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person<'a> {
    pub(crate) id: &'a str,
    /// The name to sign in with.
    pub(crate) name: &'a str,
}

/// The claims as they stand in a token (Entra ID, version 1.0 access tokens).
#[derive(Serialize)]
struct Body<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    tid: &'a str,
    oid: &'a str,
    appid: &'a str,
    app_displayname: &'a str,
    idtyp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<&'a str>,
    ver: &'a str,
}

/// The issuer of a tenant's access tokens.
pub(crate) fn issuer(tenant: &str) -> String {
    format!("{AUTHORITY}{tenant}/")
}

impl SigningKey {
    /// Makes a token of the command line.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn token(
        &self,
        request: &TokenRequest,
        clock: &Clock,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        self.access_token(request, COMMAND_LINE, DEVELOPER, clock)
    }

    /// Makes a token for an application. One with scopes speaks for the person.
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn access_token(
        &self,
        request: &TokenRequest,
        application: Application<'_>,
        person: Person<'_>,
        clock: &Clock,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let now = clock.unix_seconds();
        let expires = now.saturating_add(request.expires_in_s);
        let of_person = matches!(request.grant, Grant::Scopes(_));
        let tid = request.tenant.to_string();
        let body = Body {
            iss: &issuer(&tid),
            aud: GRAPH[0],
            iat: now,
            nbf: now.min(expires),
            exp: expires,
            tid: &tid,
            oid: if of_person { person.id } else { application.id },
            appid: application.id,
            app_displayname: application.name,
            idtyp: if of_person { "user" } else { "app" },
            scp: match &request.grant {
                Grant::Scopes(scopes) => Some(scopes.join(" ")),
                Grant::Roles(_) => None,
            },
            roles: match &request.grant {
                Grant::Roles(roles) => Some(roles),
                Grant::Scopes(_) => None,
            },
            upn: of_person.then_some(person.name),
            ver: "1.0",
        };
        self.sign(&body)
    }

    /// Signs claims.
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn sign(
        &self,
        claims: &impl Serialize,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let head = Header { kid: Some(self.kid.clone()), ..Header::new(ALGORITHM) };
        jsonwebtoken::encode(&head, claims, &self.encoding)
    }
}
