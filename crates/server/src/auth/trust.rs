//! Whose tokens are believed, and what they have to say. Must not know how keys are fetched.

use std::sync::Arc;
use std::time::Duration;

use model::TenantId;

use super::claims::{Body, ClaimNames, Claims};
use super::fetch::Fetcher;
use super::issue::{AUTHORITY, ISSUER};
use super::issuer::Issuer;
use super::keys::{Key, KeySet};
use super::remote::{Missing, Remote, Source};
use super::{AuthError, GRAPH, SigningKey};

/// An issuer whose tokens are believed.
#[derive(Debug)]
pub struct Trust {
    issuer: Issuer,
    terms: Terms,
    keys: Keys,
    authority: String,
}

/// What tokens of an issuer have to say.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The names of this service, one of which a token is made out to.
    pub(crate) audiences: Vec<String>,
    /// How claims are called.
    pub(crate) names: ClaimNames,
    /// The tenant of all tokens, where they name none.
    pub(crate) tenant: Option<TenantId>,
    /// Whether a `nonce` in the head of a token is signed by its hash.
    pub(crate) hashed_nonce: bool,
}

#[derive(Debug)]
enum Keys {
    Own(KeySet),
    Remote(Arc<Remote>),
}

impl Trust {
    /// Trusts the key of a data directory, which signs as Entra ID does.
    pub fn own(key: &SigningKey) -> Self {
        let terms = Terms {
            audiences: GRAPH.map(str::to_owned).into(),
            names: ClaimNames::entra(),
            tenant: None,
            hashed_nonce: false,
        };
        let issuer = Issuer::pattern(ISSUER);
        Self { issuer, terms, keys: Keys::Own(KeySet::own(key)), authority: AUTHORITY.to_owned() }
    }

    /// Trusts the keys that an issuer publishes, as they are fetched at least every `every`.
    /// Callers without a token are told of `authority`. Asks for a runtime.
    pub(crate) fn outside(
        source: Source,
        terms: Terms,
        authority: String,
        fetcher: &Fetcher,
        every: Duration,
    ) -> Self {
        let issuer = source.issuer.clone();
        let keys = Keys::Remote(Remote::keep(source, fetcher.clone(), every));
        Self { issuer, terms, keys, authority }
    }

    /// Where callers get their tokens.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether a token with this issuer is one of this trust's.
    pub(super) fn is_for(&self, iss: &str) -> bool {
        self.issuer.may_be(iss)
    }

    /// Whether a `nonce` in the head of a token is signed by its hash.
    pub(super) fn hashed_nonce(&self) -> bool {
        self.terms.hashed_nonce
    }

    /// Whether any key of it is known.
    pub(super) fn knows_keys(&self) -> bool {
        match &self.keys {
            Keys::Own(_) => true,
            Keys::Remote(remote) => remote.knows_keys(),
        }
    }

    /// The key of this name, if it may sign for the issuer.
    pub(super) async fn key(&self, kid: &str, iss: &str) -> Result<Arc<Key>, AuthError> {
        let key = match &self.keys {
            Keys::Own(keys) => keys.get(kid).ok_or(Missing::Unknown),
            Keys::Remote(remote) => remote.key(kid).await,
        };
        let key = key.map_err(|missing| match missing {
            Missing::Unknown => AuthError::UnknownKey,
            Missing::Away => AuthError::AuthorityAway(self.issuer.to_string()),
        })?;
        match key.issuer() {
            Some(only) if !Issuer::pattern(only).may_be(iss) => Err(AuthError::Issuer),
            _ => Ok(key),
        }
    }

    /// What a token says whose signature is right.
    pub(super) fn claims(&self, body: &Body) -> Result<Claims, AuthError> {
        let names = &self.terms.names;
        let named = || body.text(&names.tenant).and_then(|tenant| tenant.parse().ok());
        let tenant = self.terms.tenant.or_else(named);
        let tenant = tenant.ok_or_else(|| AuthError::Claim(names.tenant.join("' or '")))?;
        if body.issuer() != Some(&*self.issuer.of(tenant)) {
            return Err(AuthError::Issuer);
        }
        let is_ours = |audience: &&str| {
            let audience = audience.trim_end_matches('/');
            self.terms.audiences.iter().any(|ours| ours.trim_end_matches('/') == audience)
        };
        if !body.audiences().iter().any(is_ours) {
            return Err(AuthError::Audience);
        }
        if body.is_id_token() {
            return Err(AuthError::IdToken);
        }
        Claims::read(body, names, tenant)
    }
}
