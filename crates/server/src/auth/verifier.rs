//! Bearer tokens, verified: signed by a key of an issuer that is trusted, and saying the right
//! things at the right time. Must not know routes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use moka::sync::Cache;
use serde::Deserialize;
use serde::de::IgnoredAny;
use store::Clock;

use super::claims::{Body, Claims};
use super::keys::Key;
use super::trust::Trust;

/// Longest token that is looked at. Those of Entra ID have one to three KiB.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Verified tokens kept. An entry has about 500 bytes.
const KEPT: u64 = 10_000;
/// The types of tokens that are for APIs (RFC 9068, 2.1). Entra ID and others say `JWT` of all.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// There is none.
    Missing,
    /// It is no JWT at all.
    NotAJwt,
    /// It looks like a JWT, but cannot be read.
    Malformed,
    /// It tells an application who signed in, and is not for an API.
    IdToken,
    /// Its lifetime is over.
    Expired,
    /// Its lifetime has not begun.
    NotYetValid,
    /// Its algorithm is not the key's.
    Algorithm,
    /// The issuer has no key with the id that it names.
    UnknownKey,
    /// Its signature is not the key's.
    Signature,
    /// Its issuer is not trusted, or not for the tenant it names.
    Issuer,
    /// It was made for another service.
    Audience,
    /// A claim that every token has is missing or unreadable.
    Claim(String),
    /// Its issuer, by this name, cannot be asked for its keys.
    AuthorityAway(String),
}

/// How many tokens were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Those that were known from an earlier request.
    pub known: u64,
    /// Those that were not, and had to be verified.
    pub new: u64,
}

/// Verifies tokens, and remembers those it has verified by a hash of them.
#[derive(Debug)]
pub struct Verifier {
    trusts: Vec<Trust>,
    clock: Clock,
    verified: Cache<[u8; 32], Verified>,
    known: AtomicU64,
    new: AtomicU64,
}

/// A token that was verified.
#[derive(Clone, Debug)]
struct Verified {
    claims: Arc<Claims>,
    /// What verified it. When its issuer withdraws it, nothing holds it any more.
    key: Weak<Key>,
}

impl Verifier {
    /// Believes the tokens of these issuers.
    pub fn new(trusts: Vec<Trust>, clock: Clock) -> Self {
        let (known, new) = Default::default();
        Self { trusts, clock, verified: Cache::new(KEPT), known, new }
    }

    /// Whether there are keys that tokens can be verified by.
    pub fn knows_keys(&self) -> bool {
        self.trusts.iter().any(Trust::knows_keys)
    }

    /// The tokens that were looked at so far.
    pub fn tokens(&self) -> Tokens {
        let (known, new) = (&self.known, &self.new);
        Tokens { known: known.load(Ordering::Relaxed), new: new.load(Ordering::Relaxed) }
    }

    /// What the token in an `Authorization` header says.
    ///
    /// # Errors
    /// There is none, or it is not to be believed.
    pub async fn verify(&self, authorization: Option<&[u8]>) -> Result<Arc<Claims>, AuthError> {
        let token = bearer(authorization)?;
        let hash = fingerprint(token);
        if let Some(seen) = self.verified.get(&hash)
            && seen.key.strong_count() > 0
        {
            self.known.fetch_add(1, Ordering::Relaxed);
            return seen.claims.in_time(self.clock.unix_seconds()).map(|()| seen.claims);
        }
        self.new.fetch_add(1, Ordering::Relaxed);
        let (claims, key) = self.check(&Token::parse(token)?).await?;
        claims.in_time(self.clock.unix_seconds())?;
        let claims = Arc::new(claims);
        let seen = Verified { claims: Arc::clone(&claims), key: Arc::downgrade(&key) };
        self.verified.insert(hash, seen);
        Ok(claims)
    }

    async fn check(&self, token: &Token<'_>) -> Result<(Claims, Arc<Key>), AuthError> {
        let iss = token.body.issuer().ok_or(AuthError::Issuer)?;
        let trust = self.trusts.iter().find(|trust| trust.is_for(iss)).ok_or(AuthError::Issuer)?;
        let kid = token.head.kid.as_deref().ok_or(AuthError::UnknownKey)?;
        let key = trust.key(kid, iss).await?;
        if token.head.alg.parse() != Ok::<Algorithm, _>(key.algorithm()) {
            return Err(AuthError::Algorithm);
        }
        let is_signed = match token.with_hashed_nonce().filter(|_| trust.hashed_nonce()) {
            Some(message) => key.verifies(&message, token.signature),
            None => key.verifies(token.message, token.signature),
        };
        if !is_signed {
            return Err(AuthError::Signature);
        }
        Ok((trust.claims(&token.body)?, key))
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

/// A token taken apart. Nothing in it is to be believed yet.
struct Token<'a> {
    /// What is signed: head and body as they came.
    message: &'a str,
    signature: &'a str,
    head_json: Vec<u8>,
    head: Head,
    body: Body,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    nonce: Option<String>,
    /// What the reader has to understand (RFC 7515, 4.1.11). Nothing of that kind is.
    crit: Option<IgnoredAny>,
}

impl<'a> Token<'a> {
    fn parse(token: &'a str) -> Result<Self, AuthError> {
        let (message, signature) = token.rsplit_once('.').ok_or(AuthError::Malformed)?;
        let (head, body) = message.split_once('.').ok_or(AuthError::Malformed)?;
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| AuthError::Malformed);
        let head_json = decode(head)?;
        let head: Head = serde_json::from_slice(&head_json).map_err(|_| AuthError::Malformed)?;
        let is_of_known_type = head
            .typ
            .as_ref()
            .is_none_or(|typ| TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known)));
        if head.crit.is_some() || !is_of_known_type {
            return Err(AuthError::Malformed);
        }
        let body = Body::parse(&decode(body)?).ok_or(AuthError::Malformed)?;
        Ok(Self { message, signature, head_json, head, body })
    }

    /// What Entra ID signs in a token for Graph: the `nonce` in its head stands there as it is, and
    /// is signed by its hash. Whoever else gets hold of the token cannot verify it by the standard
    /// alone (docs/decisions/0010).
    fn with_hashed_nonce(&self) -> Option<String> {
        let nonce = self.head.nonce.as_deref()?;
        let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, nonce.as_bytes()));
        let head = std::str::from_utf8(&self.head_json).ok()?;
        let head = URL_SAFE_NO_PAD.encode(head.replacen(nonce, &hash, 1));
        let (_, body) = self.message.split_once('.')?;
        Some(format!("{head}.{body}"))
    }
}
