//! Device codes (RFC 8628): asked for by a device, answered by a person elsewhere, polled for
//! meanwhile. The time is an argument. Must not know HTTP.

use std::net::IpAddr;

use aws_lc_rs::error::Unspecified;

use super::bounded::Bounded;
use super::codes::Consent;
use super::directory::Directory;
use super::error::Fault;
use super::secrets::{self, Hash};

/// How long a person has.
pub(super) const LIFE_S: i64 = 900;
/// How often a device may ask. Nobody else waits for this service, so people need not either.
pub(super) const INTERVAL_S: i64 = 1;
/// What the interval grows by when a device does not keep to it (RFC 8628, 3.5).
const MORE_MS: i64 = 5_000;
/// How much too early a device may be: networks and timers jitter.
const GRACE_MS: i64 = 500;
/// How long a code is remembered, so that it can be said that it has expired.
const KEPT_S: i64 = 2 * LIFE_S;
/// Most codes that are remembered.
const MOST: usize = 1_000;

/// Letters without vowels, so that they form no words, all far apart (RFC 8628, 6.1): 20 of them,
/// eight times, are 34 bits.
const LETTERS: [u8; 20] = *b"BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LETTERS: usize = 8;
/// Wrong codes that may be typed at one address in a while.
const GUESSES: u32 = 10;
const GUESSES_IN_S: i64 = 60;

/// What a device asks for.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) client_id: String,
    pub(super) scopes: String,
    pub(super) directory: Directory,
}

/// The two codes: for the device, and for the person.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) device_code: String,
    pub(super) user_code: String,
}

#[derive(Debug)]
struct Device {
    asking: Asking,
    ends: i64,
    answer: Answer,
    polled_ms: Option<i64>,
    interval_ms: i64,
}

#[derive(Debug)]
enum Answer {
    None,
    No,
    Yes(Consent),
}

/// All devices that wait.
#[derive(Debug)]
pub(super) struct Devices {
    devices: Bounded<Hash, Device>,
    user_codes: Bounded<String, Hash>,
    guesses: Bounded<Option<IpAddr>, u32>,
}

impl Devices {
    pub(super) fn new() -> Self {
        Self {
            devices: Bounded::new(KEPT_S, MOST),
            user_codes: Bounded::new(LIFE_S, MOST),
            guesses: Bounded::new(GUESSES_IN_S, MOST),
        }
    }

    /// Lets a device wait for a person.
    pub(super) fn add(&mut self, asking: Asking, now: i64) -> Result<Pair, Unspecified> {
        let device_code = secrets::secret()?;
        let mut letters = user_code()?;
        while self.user_codes.get_mut(&letters, now).is_some() {
            letters = user_code()?;
        }
        let device = Device {
            asking,
            ends: now.saturating_add(LIFE_S),
            answer: Answer::None,
            polled_ms: None,
            interval_ms: INTERVAL_S * 1_000,
        };
        let key = secrets::hash(&device_code);
        self.devices.insert(key, device, now);
        self.user_codes.insert(letters.clone(), key, now);
        Ok(Pair { device_code, user_code: shown(&letters) })
    }

    /// What the device of a typed code asks for, and the code as it is shown.
    ///
    /// # Errors
    /// Nothing waits under this code, or too many wrong ones were typed there.
    pub(super) fn typed(
        &mut self,
        typed: &str,
        at: Option<IpAddr>,
        now: i64,
    ) -> Result<(Asking, String), Fault> {
        let guesses = self.guesses.get_mut(&at, now).map_or(0, |guesses| *guesses);
        if guesses >= GUESSES {
            return Err(Fault::TooManyGuesses);
        }
        let letters = letters(typed);
        let key = self.user_codes.get_mut(&letters, now).copied();
        let device = key.and_then(|key| self.devices.get_mut(&key, now));
        if let Some(Device { answer: Answer::None, asking, .. }) = device {
            return Ok((asking.clone(), shown(&letters)));
        }
        match self.guesses.get_mut(&at, now) {
            Some(guesses) => *guesses += 1,
            None => self.guesses.insert(at, 1, now),
        }
        Err(Fault::BadUserCode)
    }

    /// Takes a person's answer: what they consent to, or no. Only the first one counts.
    ///
    /// # Errors
    /// Nothing waits under this code any more.
    pub(super) fn answer(
        &mut self,
        user_code: &str,
        consent: Option<Consent>,
        now: i64,
    ) -> Result<(), Fault> {
        let letters = letters(user_code);
        let key = self.user_codes.get_mut(&letters, now).copied().ok_or(Fault::BadUserCode)?;
        self.user_codes.remove(&letters);
        let device = self.devices.get_mut(&key, now).ok_or(Fault::BadUserCode)?;
        device.answer = consent.map_or(Answer::No, Answer::Yes);
        Ok(())
    }

    /// What a device that asks whether there is an answer gets.
    ///
    /// # Errors
    /// There is none yet, it is no, or the code is not this application's.
    pub(super) fn poll(
        &mut self,
        device_code: &str,
        client_id: &str,
        now_ms: i64,
    ) -> Result<Consent, Fault> {
        let (key, now) = (secrets::hash(device_code), now_ms / 1_000);
        let device = self.devices.get_mut(&key, now).ok_or(Fault::BadDeviceCode)?;
        if device.asking.client_id != client_id {
            return Err(Fault::BadDeviceCode);
        }
        if now >= device.ends {
            return Err(Fault::ExpiredDeviceCode);
        }
        match &device.answer {
            Answer::None => Err(device.not_yet(now_ms)),
            Answer::No => Err(Fault::Declined),
            Answer::Yes(consent) => {
                let consent = consent.clone();
                self.devices.remove(&key);
                Ok(consent)
            }
        }
    }
}

impl Device {
    fn not_yet(&mut self, now_ms: i64) -> Fault {
        let earliest = self.interval_ms - GRACE_MS;
        let is_early = self.polled_ms.replace(now_ms).is_some_and(|last| now_ms - last < earliest);
        if is_early {
            self.interval_ms += MORE_MS;
            return Fault::SlowDown;
        }
        Fault::Pending
    }
}

fn user_code() -> Result<String, Unspecified> {
    let mut letters = String::new();
    while letters.len() < USER_CODE_LETTERS {
        // Of 256 values the last 16 would make some letters likelier than others.
        let bytes = secrets::random::<16>()?;
        let fair = bytes.into_iter().filter(|byte| *byte < 240);
        let drawn = fair.filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()));
        letters.extend(drawn.take(USER_CODE_LETTERS - letters.len()).map(|byte| char::from(*byte)));
    }
    Ok(letters)
}

/// What was typed without what people put between letters.
fn letters(typed: &str) -> String {
    let kept = typed.chars().filter(char::is_ascii_alphanumeric);
    kept.take(2 * USER_CODE_LETTERS).map(|c| c.to_ascii_uppercase()).collect()
}

fn shown(letters: &str) -> String {
    match letters.split_at_checked(USER_CODE_LETTERS / 2) {
        Some((first, last)) => format!("{first}-{last}"),
        None => letters.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking() -> Asking {
        let (client_id, scopes) = ("client".to_owned(), "openid".to_owned());
        Asking { client_id, scopes, directory: Directory::Common }
    }

    fn consent() -> Consent {
        Consent {
            id: String::new(),
            client_id: "client".to_owned(),
            tenant: String::new(),
            person: "person".to_owned(),
            scopes: String::new(),
            auth_time: 0,
        }
    }

    #[test]
    fn an_answer_is_fetched_once() {
        let mut devices = Devices::new();
        let pair = devices.add(asking(), 0).unwrap();
        assert_eq!(devices.poll(&pair.device_code, "client", 0), Err(Fault::Pending));
        assert!(devices.typed(&pair.user_code.to_lowercase(), None, 1).is_ok());
        devices.answer(&pair.user_code, Some(consent()), 2).unwrap();
        assert_eq!(devices.poll(&pair.device_code, "other", 3_000), Err(Fault::BadDeviceCode));
        assert_eq!(devices.poll(&pair.device_code, "client", 3_000), Ok(consent()));
        assert_eq!(devices.poll(&pair.device_code, "client", 4_000), Err(Fault::BadDeviceCode));
    }

    #[test]
    fn only_the_first_answer_counts() {
        let mut devices = Devices::new();
        let pair = devices.add(asking(), 0).unwrap();
        devices.answer(&pair.user_code, None, 1).unwrap();
        let late = devices.answer(&pair.user_code, Some(consent()), 1);
        assert_eq!(late, Err(Fault::BadUserCode));
        assert_eq!(devices.poll(&pair.device_code, "client", 2_000), Err(Fault::Declined));
    }

    #[test]
    fn who_asks_too_often_is_told_to_slow_down_and_has_to() {
        let mut devices = Devices::new();
        let code = devices.add(asking(), 0).unwrap().device_code;
        let polls = [(0, Fault::Pending), (900, Fault::Pending), (1_000, Fault::SlowDown)];
        let later = [(4_000, Fault::SlowDown), (14_500, Fault::Pending)];
        for (at_ms, wanted) in polls.into_iter().chain(later) {
            assert_eq!(devices.poll(&code, "client", at_ms), Err(wanted), "at {at_ms} ms");
        }
    }

    #[test]
    fn both_codes_expire() {
        let mut devices = Devices::new();
        let pair = devices.add(asking(), 0).unwrap();
        assert_eq!(devices.typed(&pair.user_code, None, LIFE_S).err(), Some(Fault::BadUserCode));
        let polled = devices.poll(&pair.device_code, "client", LIFE_S * 1_000);
        assert_eq!(polled, Err(Fault::ExpiredDeviceCode));
    }

    #[test]
    fn guesses_are_counted_by_address_and_forgotten() {
        let mut devices = Devices::new();
        let pair = devices.add(asking(), 0).unwrap();
        let (one, other) = ("127.0.0.1".parse().ok(), "::1".parse().ok());
        for _ in 0..GUESSES {
            assert_eq!(devices.typed("BBBB-BBBB", one, 0).err(), Some(Fault::BadUserCode));
        }
        assert_eq!(devices.typed(&pair.user_code, one, 1).err(), Some(Fault::TooManyGuesses));
        assert!(devices.typed(&pair.user_code, other, 1).is_ok());
        assert!(devices.typed(&pair.user_code, one, GUESSES_IN_S).is_ok());
    }

    #[test]
    fn user_codes_are_easy_to_type() {
        let code = Devices::new().add(asking(), 0).unwrap().user_code;
        let parts: Vec<&str> = code.split('-').collect();
        let is_letters =
            |part: &&str| part.len() == 4 && part.bytes().all(|b| LETTERS.contains(&b));
        assert!(parts.len() == 2 && parts.iter().all(is_letters), "{code}");
        assert_eq!(
            letters(&format!(" {} ", code.to_lowercase().replace('-', " "))),
            letters(&code)
        );
    }
}
