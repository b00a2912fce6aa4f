//! Who calls, and whether they may. Must not know paths, statuses or SQL.
//!
//! [`Gate::admit`] is the only maker of a [`Principal`], and every operation of the register
//! demands one: what was not admitted cannot reach a row.

mod claims;
mod cloud;
mod fetch;
mod issue;
mod issuer;
mod key;
mod keys;
mod licence;
mod permission;
mod remote;
mod trust;
mod verifier;

use std::sync::Arc;

use store::{Actor, Clock, Store};

pub(crate) use claims::ClaimNames;
pub use claims::Claims;
pub use cloud::Cloud;
pub(crate) use cloud::GRAPH;
pub use fetch::CaError;
pub(crate) use fetch::Fetcher;
pub(crate) use issue::{Application, Person, issuer};
pub use issue::{Grant, TokenRequest};
pub use issuer::Issuer;
pub use key::SigningKey;
pub use licence::Licences;
pub use permission::{Access, Permission, Permissions};
pub(crate) use remote::Source;
pub(crate) use trust::Terms;
pub use trust::Trust;
pub use verifier::{AuthError, Tokens, Verifier};

use model::TenantId;

/// The tenant that all personal Microsoft accounts belong to.
pub const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The tenant that `--dev` makes.
pub const DEV_TENANT: &str = "d0d0d0d0-0000-4000-8000-000000000001";

/// A caller who was let in, with the tenant whose rows they reach.
#[derive(Clone, Debug)]
pub struct Principal {
    claims: Arc<Claims>,
}

impl Principal {
    /// The only tenant whose rows this caller reaches.
    pub fn tenant(&self) -> TenantId {
        self.claims.tenant
    }

    /// The application that calls, as its tokens name it.
    pub fn app_id(&self) -> Option<&str> {
        self.claims.app_id()
    }

    /// The caller as the history names them.
    pub fn actor(&self) -> Actor {
        self.claims.actor()
    }
}

/// Why a caller was not let in.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No token says who calls.
    Token {
        /// What is wrong with it.
        error: AuthError,
        /// Where callers get tokens that do.
        authorities: Arc<[String]>,
    },
    /// The token is a personal account's.
    PersonalAccount,
    /// The token holds none of the permissions that would do.
    Permission(&'static [Permission]),
    /// The register has no such tenant, or it has no licence.
    NotLicensed,
    /// Whether the tenant has a licence cannot be read.
    StoreAway(String),
}

/// Lets callers in.
#[derive(Debug)]
pub struct Gate {
    authorities: Arc<[String]>,
    verifier: Verifier,
    licences: Licences,
}

impl Gate {
    /// A gate that believes the tokens of these issuers.
    pub fn new(trusts: Vec<Trust>, store: Arc<Store>, clock: Clock) -> Self {
        let mut authorities: Vec<String> =
            trusts.iter().map(|trust| trust.authority().to_owned()).collect();
        // Both versions of Entra ID's tokens come from one authority.
        authorities.dedup();
        Self {
            authorities: authorities.into(),
            verifier: Verifier::new(trusts, clock),
            licences: Licences::new(store),
        }
    }

    /// Where callers get their tokens.
    pub fn authorities(&self) -> &Arc<[String]> {
        &self.authorities
    }

    /// Whether there are keys that tokens can be verified by.
    pub fn knows_keys(&self) -> bool {
        self.verifier.knows_keys()
    }

    /// The tokens that were looked at so far.
    pub fn tokens(&self) -> Tokens {
        self.verifier.tokens()
    }

    /// Whether the bearer of this `Authorization` header is believed, whatever they may do.
    ///
    /// # Errors
    /// [`Refusal::Token`].
    pub async fn believe(&self, authorization: Option<&[u8]>) -> Result<(), Refusal> {
        self.claims(authorization).await.map(|_: Arc<Claims>| ())
    }

    /// Lets the bearer of this `Authorization` header in, if one of the permissions is theirs.
    ///
    /// # Errors
    /// See [`Refusal`]; the first check that fails decides: token, account, permission, licence.
    pub async fn admit(
        &self,
        authorization: Option<&[u8]>,
        any_of: &'static [Permission],
    ) -> Result<Principal, Refusal> {
        let claims = self.claims(authorization).await?;
        if claims.personal {
            return Err(Refusal::PersonalAccount);
        }
        if !claims.permissions.any_of(any_of) {
            return Err(Refusal::Permission(any_of));
        }
        match self.licences.licensed(claims.tenant).await {
            Ok(true) => Ok(Principal { claims }),
            Ok(false) => Err(Refusal::NotLicensed),
            Err(error) => Err(Refusal::StoreAway(error.to_string())),
        }
    }

    async fn claims(&self, authorization: Option<&[u8]>) -> Result<Arc<Claims>, Refusal> {
        self.verifier
            .verify(authorization)
            .await
            .map_err(|error| Refusal::Token { error, authorities: Arc::clone(&self.authorities) })
    }
}
