//! Bearer tokens: JWTs as Entra ID makes them, made and verified. What a token says is believed
//! only when its signature, key, issuer, audience and times are right. Must not know routes.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use model::TenantId;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use store::{Actor, Clock};

use super::{PERSONAL_TENANT, Permissions, SigningKey};

/// How far the clocks of issuer and verifier may differ, in seconds, at both ends of a lifetime.
const CLOCK_SKEW_S: i64 = 60;
/// Longest token that is looked at. Those of Entra ID have one to three KiB.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Verified tokens kept. An entry has about 500 bytes.
const KEPT: u64 = 10_000;
/// The algorithm of the data directory's key. It comes with the key, never from a token.
const ALGORITHM: Algorithm = Algorithm::RS256;
/// Microsoft Graph, by address and by application id: tokens carry either.
const AUDIENCES: [&str; 2] =
    ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];
/// The application that tokens of `muster token` are made out to.
const DEV_APP: &str = "d0d0d0d0-0000-4000-8000-0000000000aa";
/// The person that delegated tokens of `muster token` speak for.
const DEV_USER: &str = "d0d0d0d0-0000-4000-8000-0000000000bb";

/// The issuer of a tenant's tokens: no address, a name that only this key may use.
fn issuer(tenant: &str) -> String {
    format!("https://sts.muster.localhost/{tenant}/")
}

/// Where the issuer's name begins, for those who have no token yet.
pub(crate) const AUTHORITY: &str = "https://sts.muster.localhost/";

/// What a verified token says.
#[derive(Debug, PartialEq, Eq)]
pub struct Claims {
    /// The tenant.
    pub tenant: TenantId,
    /// Whether the account is a personal one.
    pub personal: bool,
    /// What the caller may do.
    pub permissions: Permissions,
    user: Option<User>,
    app_id: Option<String>,
    app_name: Option<String>,
    not_before: i64,
    expires: i64,
}

#[derive(Debug, PartialEq, Eq)]
struct User {
    id: Option<String>,
    name: Option<String>,
}

impl Claims {
    /// The caller as the history names them.
    pub fn actor(&self) -> Actor {
        let (app_id, app_name) = (self.app_id.clone(), self.app_name.clone());
        match &self.user {
            None => Actor::Application { app_id, app_name },
            Some(user) => Actor::User {
                user_id: user.id.clone(),
                user_name: user.name.clone(),
                app_id,
                app_name,
            },
        }
    }

    fn in_time(&self, now: i64) -> Result<(), AuthError> {
        if now >= self.expires.saturating_add(CLOCK_SKEW_S) {
            return Err(AuthError::Expired);
        }
        if now < self.not_before.saturating_sub(CLOCK_SKEW_S) {
            return Err(AuthError::NotYetValid);
        }
        Ok(())
    }
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// There is none.
    Missing,
    /// It is no JWT at all.
    NotAJwt,
    /// It looks like a JWT, but cannot be read.
    Malformed,
    /// Its lifetime is over.
    Expired,
    /// Its lifetime has not begun.
    NotYetValid,
    /// Its algorithm is not the key's.
    Algorithm,
    /// No trusted key has the id that it names.
    UnknownKey,
    /// Its signature is not the key's.
    Signature,
    /// Its issuer is not trusted for the tenant it names.
    Issuer,
    /// It was made for another service.
    Audience,
    /// A claim that every token has is missing or unreadable.
    Claim(&'static str),
}

/// Verifies tokens, and remembers those it has verified by a hash of them.
pub struct Verifier {
    kid: String,
    key: DecodingKey,
    clock: Clock,
    verified: Cache<[u8; 32], Arc<Claims>>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Trusts the tokens of one key.
    pub fn new(key: &SigningKey, clock: Clock) -> Self {
        Self { kid: key.kid.clone(), key: key.decoding.clone(), clock, verified: Cache::new(KEPT) }
    }

    /// What the token in an `Authorization` header says.
    ///
    /// # Errors
    /// There is none, or it is not to be believed.
    pub fn verify(&self, authorization: Option<&[u8]>) -> Result<Arc<Claims>, AuthError> {
        let token = bearer(authorization)?;
        let now = self.clock.unix_seconds();
        let hash = fingerprint(token);
        if let Some(claims) = self.verified.get(&hash) {
            return claims.in_time(now).map(|()| claims);
        }
        let claims = Arc::new(self.check(token)?);
        claims.in_time(now)?;
        self.verified.insert(hash, Arc::clone(&claims));
        Ok(claims)
    }

    fn check(&self, token: &str) -> Result<Claims, AuthError> {
        let head = self.head(token)?;
        if head.alg != "RS256" {
            return Err(AuthError::Algorithm);
        }
        if head.kid.as_deref() != Some(&self.kid) {
            return Err(AuthError::UnknownKey);
        }
        let mut validation = Validation::new(ALGORITHM);
        // Only the signature is left to the library: the clock and the words for each failure are
        // ours.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        let body: Body = jsonwebtoken::decode(token, &self.key, &validation)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => AuthError::Signature,
                _ => AuthError::Malformed,
            })?
            .claims;
        body.claims()
    }

    fn head(&self, token: &str) -> Result<Head, AuthError> {
        let mut parts = token.split('.');
        let head = parts.next().ok_or(AuthError::Malformed)?;
        if parts.count() != 2 {
            return Err(AuthError::Malformed);
        }
        let head = URL_SAFE_NO_PAD.decode(head).map_err(|_| AuthError::Malformed)?;
        serde_json::from_slice(&head).map_err(|_| AuthError::Malformed)
    }
}

fn bearer(authorization: Option<&[u8]>) -> Result<&str, AuthError> {
    let value = authorization.ok_or(AuthError::Missing)?;
    let value = std::str::from_utf8(value).map_err(|_| AuthError::NotAJwt)?.trim();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(AuthError::Missing);
    }
    if !token.contains('.') {
        return Err(AuthError::NotAJwt);
    }
    if token.len() > MAX_TOKEN_BYTES { Err(AuthError::Malformed) } else { Ok(token) }
}

/// What a token is remembered by: the token itself is a secret.
fn fingerprint(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
}

/// The claims as they stand in a token (Entra ID, version 1.0 access tokens).
#[derive(Default, Deserialize, Serialize)]
struct Body {
    iss: Option<String>,
    aud: Option<Audience>,
    iat: Option<Number>,
    nbf: Option<Number>,
    exp: Option<Number>,
    tid: Option<String>,
    oid: Option<String>,
    appid: Option<String>,
    app_displayname: Option<String>,
    idtyp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<String>,
    ver: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Body {
    fn claims(self) -> Result<Claims, AuthError> {
        let tid = self.tid.ok_or(AuthError::Claim("tid"))?;
        let tenant: TenantId = tid.parse().map_err(|_| AuthError::Claim("tid"))?;
        if self.iss.as_deref() != Some(&issuer(&tenant.to_string())) {
            return Err(AuthError::Issuer);
        }
        let ours = |audience: &String| AUDIENCES.contains(&audience.trim_end_matches('/'));
        if !match &self.aud {
            Some(Audience::One(one)) => ours(one),
            Some(Audience::Many(many)) => many.iter().any(ours),
            None => false,
        } {
            return Err(AuthError::Audience);
        }
        // A token with scopes speaks for a person, whose application's roles are not theirs.
        let permissions = match (&self.scp, &self.roles) {
            (Some(scopes), _) => Permissions::of(scopes.split_whitespace()),
            (None, Some(roles)) => Permissions::of(roles.iter().map(String::as_str)),
            (None, None) => Permissions::default(),
        };
        Ok(Claims {
            tenant,
            personal: tenant.to_string() == PERSONAL_TENANT,
            permissions,
            user: self.scp.is_some().then_some(User { id: self.oid, name: self.upn }),
            app_id: self.appid,
            app_name: self.app_displayname,
            not_before: self.nbf.as_ref().map_or(0, seconds),
            expires: seconds(&self.exp.ok_or(AuthError::Claim("exp"))?),
        })
    }
}

/// RFC 7519, 2: a NumericDate may have a fraction, which says nothing here.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and NaN becomes 0: expired")]
fn seconds(numeric_date: &Number) -> i64 {
    numeric_date.as_i64().unwrap_or_else(|| numeric_date.as_f64().unwrap_or_default() as i64)
}

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

impl SigningKey {
    /// Makes a token.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn token(
        &self,
        request: &TokenRequest,
        clock: &Clock,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let now = clock.unix_seconds();
        let expires = now.saturating_add(request.expires_in_s);
        let tid = request.tenant.to_string();
        let mut body = Body {
            iss: Some(issuer(&tid)),
            aud: AUDIENCES.first().map(|audience| Audience::One((*audience).to_owned())),
            iat: Some(now.into()),
            nbf: Some(now.min(expires).into()),
            exp: Some(expires.into()),
            tid: Some(tid),
            appid: Some(DEV_APP.to_owned()),
            app_displayname: Some("Muster command line".to_owned()),
            ver: Some("1.0".to_owned()),
            ..Body::default()
        };
        match &request.grant {
            Grant::Roles(roles) => {
                body.oid = Some(DEV_APP.to_owned());
                body.idtyp = Some("app".to_owned());
                body.roles = Some(roles.clone());
            }
            Grant::Scopes(scopes) => {
                body.oid = Some(DEV_USER.to_owned());
                body.idtyp = Some("user".to_owned());
                body.upn = Some("developer@muster.localhost".to_owned());
                body.scp = Some(scopes.join(" "));
            }
        }
        let head = Header { kid: Some(self.kid.clone()), ..Header::new(ALGORITHM) };
        jsonwebtoken::encode(&head, &body, &self.encoding)
    }
}
