//! Names of issuers, one of which may stand for many: with `{tid}` in the place of a tenant's id.
//! Must not know tokens.

use std::borrow::Cow;
use std::str::FromStr;

use model::TenantId;
use reqwest::Url;

use super::fetch;

/// The place of the tenant's id.
const TENANT: &str = "{tid}";
/// The same, as Entra ID writes it in its documents.
const ENTRA_TENANT: &str = "{tenantid}";
/// Who stands in for all tenants where none is meant.
const ALL_TENANTS: &str = "common";
/// OpenID Connect Discovery 1.0, 4.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The name of an issuer, as `iss` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    before: String,
    /// What follows the tenant's id, if there is one in the name.
    after: Option<String>,
}

impl FromStr for Issuer {
    type Err = String;

    /// Reads an address, which may have `{tid}` in its path once.
    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(&text.replace(TENANT, ALL_TENANTS))
            .map_err(|error| format!("'{text}' is no address ({error})"))?;
        if !fetch::is_safe(&url) {
            return Err(format!("'{text}' is not https, and not of this machine"));
        }
        let has_more = url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("'{text}' has more than scheme, host and path"));
        }
        let issuer = Self::pattern(text);
        let is_in_path = issuer.before.matches('/').count() >= 3 || issuer.after.is_none();
        if text.matches(TENANT).count() > 1 || !is_in_path {
            return Err(format!("'{text}' has {TENANT} not once in its path"));
        }
        Ok(issuer)
    }
}

impl Issuer {
    /// Takes a name as it is.
    pub(super) fn pattern(text: &str) -> Self {
        match text.split_once(TENANT).or_else(|| text.split_once(ENTRA_TENANT)) {
            Some((before, after)) => {
                Self { before: before.to_owned(), after: Some(after.to_owned()) }
            }
            None => Self { before: text.to_owned(), after: None },
        }
    }

    /// Its name in tokens of a tenant.
    pub(super) fn of(&self, tenant: TenantId) -> Cow<'_, str> {
        match &self.after {
            Some(after) => Cow::Owned(format!("{}{tenant}{after}", self.before)),
            None => Cow::Borrowed(&self.before),
        }
    }

    /// Whether this is its name in tokens of some tenant.
    pub(super) fn may_be(&self, iss: &str) -> bool {
        let Some(after) = &self.after else { return iss == self.before };
        iss.strip_prefix(&self.before)
            .and_then(|rest| rest.strip_suffix(after.as_str()))
            .is_some_and(|tenant| tenant.parse::<TenantId>().is_ok())
    }

    /// Whether the tenant stands in its name.
    pub(crate) fn names_tenant(&self) -> bool {
        self.after.is_some()
    }

    /// Its name where no tenant is meant.
    pub(crate) fn of_all(&self) -> Cow<'_, str> {
        match &self.after {
            Some(after) => Cow::Owned(format!("{}{ALL_TENANTS}{after}", self.before)),
            None => Cow::Borrowed(&self.before),
        }
    }

    /// Where its discovery document is.
    pub(super) fn discovery(&self) -> String {
        format!("{}{DISCOVERY}", self.of_all().trim_end_matches('/'))
    }
}

impl std::fmt::Display for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.after {
            Some(after) => write!(f, "{}{TENANT}{after}", self.before),
            None => f.write_str(&self.before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_address_that_nobody_in_between_can_change() {
        for right in [
            "https://login.example.com/{tid}/v2.0",
            "https://example.auth0.com/",
            "https://id.example.com/realms/staff",
            "http://localhost:8180/realms/staff",
            "http://127.0.0.1:8180",
            "http://[::1]:8180",
        ] {
            assert_eq!(right.parse::<Issuer>().unwrap().to_string(), right);
        }
        for wrong in [
            "login.example.com",
            "http://id.example.com/",
            "http://localhost.example.com/",
            "https://id.example.com/?tenant={tid}",
            "https://{tid}.example.com/",
            "https://id.example.com/{tid}/{tid}",
            "https://user@id.example.com/",
            "https://id.example.com/#x",
            "ftp://localhost/",
            "",
        ] {
            assert!(wrong.parse::<Issuer>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_with_a_place_for_the_tenant_is_that_of_tenants_alone() {
        let issuer: Issuer = "https://login.example.com/{tid}/v2.0".parse().unwrap();
        let tenant = "3f1c9a52-7c1e-4d0b-9a5e-0d8f6c2b7e10";
        let named = format!("https://login.example.com/{tenant}/v2.0");
        assert_eq!(issuer.of(tenant.parse().unwrap()), named);
        assert!(issuer.may_be(&named));
        for other in [
            "https://login.example.com/common/v2.0".to_owned(),
            format!("https://login.example.com/{tenant}/v2.0/"),
            format!("https://login.example.com/{tenant}/x/v2.0"),
            format!("https://login.example.org/{tenant}/v2.0"),
            "https://login.example.com/v2.0".to_owned(),
        ] {
            assert!(!issuer.may_be(&other), "{other}");
        }
        let well_known = "https://login.example.com/common/v2.0/.well-known/openid-configuration";
        assert_eq!(issuer.discovery(), well_known);
    }
}
