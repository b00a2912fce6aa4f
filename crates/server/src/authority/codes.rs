//! Authorization codes: short-lived, used once, bound to application, address and proof. The time
//! is an argument. Must not know HTTP.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::bounded::Bounded;
use super::error::Fault;
use super::secrets::{self, Hash};

/// How long a code can be used. The client that it is for is on its way already.
const LIFE_S: i64 = 60;
/// How long a code is remembered, so that a second use of it is seen.
const KEPT_S: i64 = 600;
/// Most codes that are remembered.
const MOST: usize = 1_000;

/// That a person let an application do something: what a code, an approved device and a refresh
/// token stand for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Consent {
    /// What all that comes of it is revoked by.
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) tenant: String,
    /// The person's `oid`.
    pub(super) person: String,
    /// The scopes, as they were asked for.
    pub(super) scopes: String,
    /// When the person signed in.
    pub(super) auth_time: i64,
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) consent: Consent,
    pub(super) redirect_uri: String,
    /// The hash of the secret that only the asker has (RFC 7636), if one was sent.
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
}

/// What a client shows for a code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    pub(super) code: &'a str,
    pub(super) client_id: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: Option<&'a str>,
}

/// Why a code is not redeemed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Spoiled {
    /// It does not do.
    Fault(Fault),
    /// It was used before: what came of this consent is to be revoked.
    UsedBefore(String),
}

#[derive(Debug)]
struct Kept {
    code: Code,
    ends: i64,
    used: bool,
}

/// All codes.
#[derive(Debug)]
pub(super) struct Codes(Bounded<Hash, Kept>);

impl Codes {
    pub(super) fn new() -> Self {
        Self(Bounded::new(KEPT_S, MOST))
    }

    /// A new code.
    pub(super) fn add(&mut self, code: Code, now: i64) -> Result<String, Unspecified> {
        let secret = secrets::secret()?;
        let kept = Kept { code, ends: now.saturating_add(LIFE_S), used: false };
        self.0.insert(secrets::hash(&secret), kept, now);
        Ok(secret)
    }

    /// Redeems a code. Whoever shows it as its application uses it up, with success or not.
    pub(super) fn redeem(&mut self, shown: Shown<'_>, now: i64) -> Result<Code, Spoiled> {
        let bad = Spoiled::Fault(Fault::BadCode);
        let Some(kept) = self.0.get_mut(&secrets::hash(shown.code), now) else { return Err(bad) };
        // Another application neither learns anything nor spoils it.
        if kept.code.consent.client_id != shown.client_id {
            return Err(bad);
        }
        if std::mem::replace(&mut kept.used, true) {
            return Err(Spoiled::UsedBefore(kept.code.consent.id.clone()));
        }
        if now >= kept.ends {
            return Err(bad);
        }
        if kept.code.redirect_uri != shown.redirect_uri {
            return Err(Spoiled::Fault(Fault::OtherRedirect));
        }
        let is_proven = match (&kept.code.challenge, shown.verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => proves(verifier, challenge),
            // A verifier for a code without a challenge: somebody has taken the challenge away.
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_proven { Ok(kept.code.clone()) } else { Err(Spoiled::Fault(Fault::BadVerifier)) }
    }
}

/// RFC 7636, 4.6, with the one method that is taken: S256.
fn proves(verifier: &str, challenge: &str) -> bool {
    let is_verifier = (43..=128).contains(&verifier.len()) && verifier.bytes().all(is_unreserved);
    let hashed = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    is_verifier && secrets::same(&hashed, challenge)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether a text can be the S256 challenge of a verifier: 32 bytes in base64url.
pub(super) fn is_challenge(text: &str) -> bool {
    text.len() == 43
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const REDIRECT: &str = "http://localhost:1/";

    fn code(challenge: Option<&str>) -> Code {
        let text = str::to_owned;
        let consent = Consent {
            id: text("consent"),
            client_id: text("client"),
            tenant: text("tenant"),
            person: text("person"),
            scopes: text("openid"),
            auth_time: 0,
        };
        let challenge = challenge.map(text);
        Code { consent, redirect_uri: text(REDIRECT), challenge, nonce: None }
    }

    fn shown(code: &str) -> Shown<'_> {
        Shown { code, client_id: "client", redirect_uri: REDIRECT, verifier: Some(VERIFIER) }
    }

    /// What comes of showing a fresh code so.
    fn outcome(challenge: Option<&str>, change: impl Fn(&mut Shown<'_>)) -> Option<Fault> {
        let mut codes = Codes::new();
        let made = codes.add(code(challenge), 0).unwrap();
        let mut shown = shown(&made);
        change(&mut shown);
        match codes.redeem(shown, 1) {
            Ok(_) => None,
            Err(Spoiled::Fault(fault)) => Some(fault),
            Err(Spoiled::UsedBefore(_)) => Some(Fault::UsedCode),
        }
    }

    #[test]
    fn a_code_lives_for_a_minute() {
        let mut codes = Codes::new();
        let made = codes.add(code(Some(CHALLENGE)), 1_000).unwrap();
        assert!(codes.redeem(shown(&made), 1_059).is_ok());
        let made = codes.add(code(Some(CHALLENGE)), 1_000).unwrap();
        assert_eq!(codes.redeem(shown(&made), 1_060).err(), Some(Spoiled::Fault(Fault::BadCode)));
    }

    #[test]
    fn a_second_use_tells_what_to_revoke() {
        let mut codes = Codes::new();
        let made = codes.add(code(Some(CHALLENGE)), 0).unwrap();
        assert!(codes.redeem(shown(&made), 1).is_ok());
        let again = codes.redeem(shown(&made), 300);
        assert_eq!(again.err(), Some(Spoiled::UsedBefore("consent".to_owned())));
    }

    #[test]
    fn a_code_is_bound_to_all_that_it_was_made_for() {
        let bound = |change: fn(&mut Shown<'_>)| outcome(Some(CHALLENGE), change);
        assert_eq!(bound(|_| {}), None);
        assert_eq!(bound(|shown| shown.client_id = "other"), Some(Fault::BadCode));
        let slash = bound(|shown| shown.redirect_uri = "http://localhost:1");
        assert_eq!(slash, Some(Fault::OtherRedirect));
        assert_eq!(bound(|shown| shown.verifier = None), Some(Fault::BadVerifier));
        assert_eq!(bound(|shown| shown.verifier = Some(CHALLENGE)), Some(Fault::BadVerifier));
        assert_eq!(outcome(None, |_| {}), Some(Fault::BadVerifier), "a downgrade");
        assert_eq!(outcome(None, |shown| shown.verifier = None), None);
    }

    #[test]
    fn another_application_does_not_spoil_a_code_and_a_bad_proof_does() {
        let mut codes = Codes::new();
        let made = codes.add(code(Some(CHALLENGE)), 0).unwrap();
        let of_other = Shown { client_id: "other", ..shown(&made) };
        assert!(codes.redeem(of_other, 1).is_err());
        let unproven = Shown { verifier: None, ..shown(&made) };
        assert_eq!(codes.redeem(unproven, 1).err(), Some(Spoiled::Fault(Fault::BadVerifier)));
        assert!(matches!(codes.redeem(shown(&made), 1), Err(Spoiled::UsedBefore(_))));
    }
}
