//! The first segment of every path of sign-in: which tenant's people it is about. Must not know
//! what is asked of them.

use model::TenantId;
use store::Store;

use super::error::{Fault, Refusal};
use super::people::{PEOPLE, Person};
use crate::auth::{DEV_TENANT, PERSONAL_TENANT};

/// Whom a path is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directory {
    /// Everybody.
    Common,
    /// The people of all organisations.
    Organizations,
    /// People on their own.
    Consumers,
    /// The people of one tenant of the register.
    Tenant(TenantId),
}

impl Directory {
    /// Reads a segment.
    ///
    /// # Errors
    /// The register has no such tenant.
    pub(super) async fn find(segment: &str, store: &Store) -> Result<Self, Refusal> {
        match segment {
            "common" => return Ok(Self::Common),
            "organizations" => return Ok(Self::Organizations),
            "consumers" => return Ok(Self::Consumers),
            _ if segment.eq_ignore_ascii_case(PERSONAL_TENANT) => return Ok(Self::Consumers),
            _ => {}
        }
        let tenant = Some(segment).filter(|segment| segment.len() == PERSONAL_TENANT.len());
        if let Some(tenant) = tenant.and_then(|tenant| tenant.parse::<TenantId>().ok())
            && store.tenant(tenant).await?.is_some()
        {
            return Ok(Self::Tenant(tenant));
        }
        let shown: String = segment.chars().take(60).collect();
        let message = format!(
            "Tenant '{shown}' not found. Give the id of a tenant of this register (muster admin \
             tenant list shows them), common, organizations or consumers."
        );
        Err(Refusal::new(Fault::UnknownTenant, message))
    }

    /// The one tenant that an application without a person can sign in to.
    ///
    /// # Errors
    /// The path names several.
    pub(super) fn one(self) -> Result<TenantId, Refusal> {
        match self {
            Self::Tenant(tenant) => Ok(tenant),
            Self::Common | Self::Organizations | Self::Consumers => Err(Refusal::new(
                Fault::NoTenant,
                "No tenant-identifying information found: an application signs in to one tenant, \
                 so the path begins with its id.",
            )),
        }
    }

    /// The people who can sign in here.
    pub(super) fn people(self) -> impl Iterator<Item = &'static Person> {
        PEOPLE.iter().filter(move |person| self.tenant_of(person).is_some())
    }

    /// The tenant that a person signs in to here, if they can.
    pub(super) fn tenant_of(self, person: &Person) -> Option<TenantId> {
        match (self, person.is_personal) {
            (Self::Common | Self::Consumers, true) => PERSONAL_TENANT.parse().ok(),
            (Self::Common | Self::Organizations, false) => DEV_TENANT.parse().ok(),
            (Self::Tenant(tenant), false) => Some(tenant),
            (Self::Consumers, false) | (Self::Organizations | Self::Tenant(_), true) => None,
        }
    }

    /// Whether tokens of a tenant are renewed here.
    pub(super) fn holds(self, tenant: TenantId) -> bool {
        let is_personal = tenant.to_string() == PERSONAL_TENANT;
        match self {
            Self::Common => true,
            Self::Organizations => !is_personal,
            Self::Consumers => is_personal,
            Self::Tenant(own) => own == tenant,
        }
    }

    /// The tenant as issuers name it. Where it is known with the person only, its place.
    pub(super) fn in_issuer(self) -> String {
        match self {
            Self::Common | Self::Organizations => "{tenantid}".to_owned(),
            Self::Consumers => PERSONAL_TENANT.to_owned(),
            Self::Tenant(tenant) => tenant.to_string(),
        }
    }

    /// The segment.
    pub(super) fn segment(self) -> String {
        match self {
            Self::Common => "common".to_owned(),
            Self::Organizations => "organizations".to_owned(),
            Self::Consumers => "consumers".to_owned(),
            Self::Tenant(tenant) => tenant.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_signs_in_where_they_belong() {
        let own = Directory::Tenant(DEV_TENANT.parse().unwrap());
        let count = |directory: Directory| directory.people().count();
        assert_eq!(count(Directory::Common), PEOPLE.len());
        assert_eq!(count(Directory::Consumers), 1);
        assert_eq!(count(Directory::Organizations), PEOPLE.len() - 1);
        assert!(own.people().all(|person| !person.is_personal));
        assert!(!own.holds(PERSONAL_TENANT.parse().unwrap()));
        assert!(!Directory::Organizations.holds(PERSONAL_TENANT.parse().unwrap()));
    }
}
