//! Refresh tokens: sealed, so that nothing need be kept, and sign-in outlives restarts; and what of
//! them was revoked, which is kept. Must not know HTTP.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::error::Unspecified;
use serde::{Deserialize, Serialize};

use super::AuthorityError;
use super::codes::Consent;
use super::secrets::Sealer;
use crate::private_file;

/// How long a refresh token can be used: as Entra ID's.
const LIFE_S: i64 = 90 * 24 * 3_600;
const PURPOSE: &str = "refresh token";
const FILE: &str = "dev-revoked.json";
/// Most revoked consents that are kept.
const MOST: usize = 10_000;

#[derive(Deserialize, Serialize)]
struct Sealed {
    consent: Consent,
    ends: i64,
}

/// A new refresh token.
pub(super) fn make(sealer: &Sealer, consent: &Consent, now: i64) -> Result<String, Unspecified> {
    sealer.seal(PURPOSE, &Sealed { consent: consent.clone(), ends: now.saturating_add(LIFE_S) })
}

/// What a refresh token stands for, if it is one and its time has not come.
pub(super) fn open(sealer: &Sealer, token: &str, now: i64) -> Option<Consent> {
    let sealed: Sealed = sealer.open(PURPOSE, token)?;
    (sealed.ends > now).then_some(sealed.consent)
}

/// Consents that nothing comes of any more, until all tokens of theirs have expired.
#[derive(Debug)]
pub(super) struct Revoked {
    path: PathBuf,
    until: BTreeMap<String, i64>,
}

impl Revoked {
    /// As a data directory has them.
    pub(super) fn open(data: &Path) -> Result<Self, AuthorityError> {
        let path = data.join(FILE);
        let until = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|_| AuthorityError::Unreadable(path.clone()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(AuthorityError::Io(path, error)),
        };
        Ok(Self { path, until })
    }

    pub(super) fn has(&self, consent: &str) -> bool {
        self.until.contains_key(consent)
    }

    /// Revokes whatever came of a consent.
    pub(super) fn add(&mut self, consent: String, now: i64) -> io::Result<()> {
        self.until.retain(|_, until| *until > now);
        if self.until.len() >= MOST {
            let first = self.until.iter().min_by_key(|(_, until)| **until);
            if let Some(first) = first.map(|(consent, _)| consent.clone()) {
                self.until.remove(&first);
            }
        }
        self.until.insert(consent, now.saturating_add(LIFE_S));
        private_file::write(&self.path, &serde_json::to_vec(&self.until)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consent() -> Consent {
        let text = || "x".to_owned();
        let (id, client_id, tenant, person, scopes) = (text(), text(), text(), text(), text());
        Consent { id, client_id, tenant, person, scopes, auth_time: 7 }
    }

    #[test]
    fn a_token_lives_for_ninety_days() {
        let sealer = Sealer::new(&[1; 32]).unwrap();
        let token = make(&sealer, &consent(), 0).unwrap();
        assert_eq!(open(&sealer, &token, LIFE_S - 1), Some(consent()));
        assert_eq!(open(&sealer, &token, LIFE_S), None);
    }

    #[test]
    fn what_was_revoked_stays_so_after_a_restart_until_it_does_not_matter() {
        let directory = tempfile::tempdir().unwrap();
        let mut revoked = Revoked::open(directory.path()).unwrap();
        revoked.add("one".to_owned(), 0).unwrap();
        let mut again = Revoked::open(directory.path()).unwrap();
        assert!(again.has("one") && !again.has("two"));
        again.add("two".to_owned(), LIFE_S).unwrap();
        assert!(!again.has("one") && again.has("two"));
    }
}
