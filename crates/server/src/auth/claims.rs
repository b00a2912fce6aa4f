//! What a token says, by the names that its issuer gives to things. Must not know keys or
//! signatures.

use model::TenantId;
use serde_json::Value;
use store::Actor;

use super::{AuthError, PERSONAL_TENANT, Permissions};

/// How far the clocks of issuer and verifier may differ, in seconds, at both ends of a lifetime.
const CLOCK_SKEW_S: i64 = 60;
/// Claims that only ID tokens have (OpenID Connect Core 1.0, 3.1.3.6 and 3.3.2.11). They say who
/// signed in at an application, and are not made for an API.
const OF_ID_TOKENS: [&str; 2] = ["at_hash", "c_hash"];

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
    /// What a token says of a caller in this tenant.
    pub(super) fn read(
        body: &Body,
        names: &ClaimNames,
        tenant: TenantId,
    ) -> Result<Self, AuthError> {
        let Some(app_id) = body.text(&names.app) else {
            return Err(AuthError::Claim(names.app.join("' or '")));
        };
        let user = User { id: body.owned(&names.user), name: body.owned(&names.user_name) };
        let scopes = body.words(&names.scopes);
        let roles = || body.words(&names.roles).unwrap_or_default();
        let (permissions, is_person) = match names.form {
            // A token with scopes speaks for a person, whose application's roles are not theirs.
            Form::Entra => match &scopes {
                Some(scopes) => (Permissions::of(scopes.iter().copied()), true),
                None => (Permissions::of(roles()), false),
            },
            Form::Open => {
                let granted = Permissions::of(scopes.unwrap_or_default());
                let granted = if granted.is_empty() { Permissions::of(roles()) } else { granted };
                // RFC 9068, 2.2: an application that acts for itself is its own subject.
                (granted, user.id.as_deref().is_some_and(|id| id != app_id))
            }
        };
        Ok(Self {
            tenant,
            personal: tenant.to_string() == PERSONAL_TENANT,
            permissions,
            user: is_person.then_some(user),
            app_id: Some(app_id.to_owned()),
            app_name: body.owned(&names.app_name),
            not_before: body.seconds("nbf")?.unwrap_or_default(),
            expires: body.seconds("exp")?.ok_or_else(|| AuthError::Claim("exp".to_owned()))?,
        })
    }

    /// The application that calls.
    pub fn app_id(&self) -> Option<&str> {
        self.app_id.as_deref()
    }

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

    pub(super) fn in_time(&self, now: i64) -> Result<(), AuthError> {
        if now >= self.expires.saturating_add(CLOCK_SKEW_S) {
            return Err(AuthError::Expired);
        }
        if now < self.not_before.saturating_sub(CLOCK_SKEW_S) {
            return Err(AuthError::NotYetValid);
        }
        Ok(())
    }
}

/// How an issuer says whether a person or an application calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As Entra ID: scopes make it a person, whatever they are, and roles are an application's.
    Entra,
    /// Scopes that name a permission count, else roles, be it a person's or an application's.
    Open,
}

/// The names of claims. Of several names, the first one that a token has counts; of scopes and
/// roles, all. A name is that of a claim, or a path of names joined by dots.
#[derive(Clone, Debug)]
pub(crate) struct ClaimNames {
    pub(crate) form: Form,
    pub(crate) tenant: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) user: Vec<String>,
    pub(crate) user_name: Vec<String>,
    pub(crate) app: Vec<String>,
    pub(crate) app_name: Vec<String>,
}

impl ClaimNames {
    /// Those of Entra ID, in version 1.0 and 2.0 of its access tokens.
    pub(crate) fn entra() -> Self {
        Self {
            form: Form::Entra,
            scopes: owned(&["scp"]),
            user: owned(&["oid"]),
            user_name: owned(&["upn", "preferred_username"]),
            app: owned(&["appid", "azp"]),
            app_name: owned(&["app_displayname"]),
            ..Self::open()
        }
    }

    /// Those of other issuers: of RFC 9068, and what is usual beside it.
    pub(crate) fn open() -> Self {
        Self {
            form: Form::Open,
            tenant: owned(&["tid"]),
            scopes: owned(&["scp", "scope"]),
            roles: owned(&["roles"]),
            user: owned(&["oid", "sub"]),
            user_name: owned(&["upn", "preferred_username", "email"]),
            app: owned(&["appid", "azp", "client_id", "cid"]),
            app_name: owned(&["app_displayname"]),
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The claims of a token as they stand there.
pub(super) struct Body(Value);

impl Body {
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok().filter(Value::is_object).map(Self)
    }

    pub(super) fn issuer(&self) -> Option<&str> {
        self.0.get("iss")?.as_str()
    }

    pub(super) fn audiences(&self) -> Vec<&str> {
        match self.0.get("aud") {
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            one => one.and_then(Value::as_str).into_iter().collect(),
        }
    }

    /// Whether the token was made for an application that somebody signed in to, and not for an
    /// API. Keycloak says so itself.
    pub(super) fn is_id_token(&self) -> bool {
        OF_ID_TOKENS.iter().any(|name| self.0.get(name).is_some())
            || self.0.get("typ").is_some_and(|typ| typ == "ID")
    }

    /// The first of these claims that is there and holds text.
    pub(super) fn text(&self, names: &[String]) -> Option<&str> {
        self.all(names).find_map(Value::as_str)
    }

    fn owned(&self, names: &[String]) -> Option<String> {
        self.text(names).map(str::to_owned)
    }

    /// The words in all of these claims, be they lists or texts with blanks. None where no such
    /// claim is there.
    fn words(&self, names: &[String]) -> Option<Vec<&str>> {
        let mut claims = self.all(names).peekable();
        claims.peek()?;
        let words = claims.flat_map(|claim| match claim {
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().map(|text| text.split(' ').collect()).unwrap_or_else(Vec::new),
        });
        Some(words.collect())
    }

    fn all(&self, names: &[String]) -> impl Iterator<Item = &Value> {
        names.iter().filter_map(|name| at(&self.0, name)).filter(|claim| !claim.is_null())
    }

    fn seconds(&self, name: &str) -> Result<Option<i64>, AuthError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(date)) => Ok(Some(seconds(date))),
            Some(_) => Err(AuthError::Claim(name.to_owned())),
        }
    }
}

/// The claim at a path. Names may have dots themselves, as those of Keycloak's clients and those
/// that are addresses: the longest name that is there counts.
fn at<'a>(claims: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(claim) = claims.get(path) {
        return Some(claim);
    }
    path.rmatch_indices('.').find_map(|(dot, _)| {
        let (name, rest) = path.split_at(dot);
        at(claims.get(name)?, rest.get(1..)?)
    })
}

/// RFC 7519, 2: a NumericDate may have a fraction, which says nothing here.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and NaN becomes 0: expired")]
fn seconds(numeric_date: &serde_json::Number) -> i64 {
    numeric_date.as_i64().unwrap_or_else(|| numeric_date.as_f64().unwrap_or_default() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(names: &ClaimNames, mut claims: Value) -> Claims {
        claims["exp"] = json!(2_000_000_000);
        let tenant = "3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10".parse().unwrap();
        Claims::read(&Body(claims), names, tenant).unwrap()
    }

    const READ: &str = "DeviceManagementServiceConfig.Read.All";
    const READ_WRITE: &str = "DeviceManagementServiceConfig.ReadWrite.All";

    #[test]
    fn a_path_leads_through_names_that_have_dots_themselves() {
        let claims = json!({
            "resource_access": { "muster.example.com": { "roles": ["a"] } },
            "https://example.com/roles": ["b"],
            "realm_access.roles": ["c"],
            "realm_access": { "roles": ["d"] },
        });
        let found = |path| at(&claims, path).map(|claim| claim[0].as_str().unwrap());
        assert_eq!(found("resource_access.muster.example.com.roles"), Some("a"));
        assert_eq!(found("https://example.com/roles"), Some("b"));
        assert_eq!(found("realm_access.roles"), Some("c"), "a whole name before a path");
        assert_eq!(found("resource_access.muster.roles"), None);
        assert_eq!(found("realm_access..roles"), None);
    }

    #[test]
    fn scopes_of_entra_id_keep_roles_from_counting_and_others_only_where_they_grant() {
        let claims = json!({ "azp": "app", "oid": "p", "scp": "User.Read", "roles": [READ_WRITE] });
        let entra = read(&ClaimNames::entra(), claims.clone());
        assert_eq!(entra.permissions, Permissions::default());
        let open = read(&ClaimNames::open(), claims);
        assert_eq!(open.permissions, Permissions::of([READ_WRITE]));
        let both = json!({ "azp": "app", "sub": "p", "scope": READ, "roles": [READ_WRITE] });
        let open = read(&ClaimNames::open(), both);
        assert_eq!(open.permissions, Permissions::of([READ]), "what the person consented to");
    }

    #[test]
    fn an_application_that_is_its_own_subject_is_no_person() {
        let actor = |sub: &str| {
            read(&ClaimNames::open(), json!({ "client_id": "batch", "sub": sub })).actor()
        };
        assert!(matches!(actor("batch"), Actor::Application { .. }));
        assert!(matches!(actor("somebody"), Actor::User { .. }));
    }
}
