//! The rows that the register holds, the same in every run.
//!
//! It must not know how they are stored or asked for.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use time::{Duration, UtcDateTime};

use crate::random::Random;

/// The rows are others when this is another.
pub(crate) const SEED: u64 = 2;

/// With fewer, some cases would find nothing.
pub(crate) const LEAST_ROWS: u32 = 2_000;

/// With more, there are hardly any IMEIs left of the types that most devices share.
pub(crate) const MOST_ROWS: u32 = 20_000_000;

/// Rows that are changed after they were imported.
pub(crate) const CHANGED: usize = 500;

/// What a row is like that never was in contact.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// 2023-01-01T00:00:00Z and three years on.
const CONTACTS: Range<i64> = 1_672_531_200..1_767_225_600;

/// In a thousand.
const PLATFORMS: [(&str, usize); 7] = [
    ("windows", 400),
    ("ios", 300),
    ("android", 200),
    ("macOS", 80),
    ("visionOS", 10),
    ("tvos", 5),
    ("unknown", 5),
];
const STATES: [(&str, usize); 5] = [
    ("enrolled", 700),
    ("notContacted", 250),
    ("pendingReset", 29),
    ("blocked", 20),
    ("failed", 1),
];

const MAKERS: [&str; 4] = ["Contoso", "Fabrikam", "Northwind", "Tailspin"];
const LETTERS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTVWXY";

/// Beginnings that serial numbers and IMEIs share.
const PREFIXES: usize = 400;

/// Words of descriptions: each beginning with each end.
const BEGINNINGS: [&str; 40] = [
    "ba", "be", "bo", "bra", "bri", "ca", "co", "cu", "da", "de", "do", "dra", "fa", "fe", "fo",
    "ga", "ge", "gra", "gro", "ha", "he", "ho", "ka", "ke", "la", "le", "lo", "ma", "me", "mo",
    "na", "ne", "pa", "pe", "ra", "ro", "sa", "se", "ta", "va",
];
const ENDS: [&str; 50] = [
    "bal", "ban", "ber", "bin", "bor", "cal", "can", "cer", "cor", "dal", "dan", "der", "din",
    "dor", "fal", "fen", "fin", "for", "gan", "gel", "gin", "gor", "kan", "kel", "ker", "kin",
    "lan", "ler", "lin", "lor", "mal", "men", "mer", "min", "mon", "nal", "nel", "ner", "nor",
    "ral", "ran", "rel", "ren", "rin", "sel", "ser", "son", "tal", "tel", "ton",
];
pub(crate) const WORDS: usize = BEGINNINGS.len() * ENDS.len();

/// How rows follow one another. The id decides last, and goes the way of what decides before it.
pub(crate) type Order = fn(&Row, &Row) -> Ordering;

pub(crate) const ID: Order = |one, other| one.place.cmp(&other.place);
pub(crate) const ID_DESC: Order = |one, other| other.place.cmp(&one.place);
pub(crate) const CONTACTED: Order =
    |one, other| one.contacted.cmp(&other.contacted).then(ID(one, other));
pub(crate) const CONTACTED_DESC: Order =
    |one, other| other.contacted.cmp(&one.contacted).then(ID_DESC(one, other));

/// Rows were changed in their order, after all had been stored. Those that were not do not come
/// first: there are more changed ones than a page holds.
pub(crate) const MODIFIED_DESC: Order = |one, other| {
    let key = |row: &Row| row.is_changed.then_some(row.place);
    key(other).cmp(&key(one))
};

/// All rows, in the order in which they are stored.
pub(crate) struct Register {
    pub(crate) rows: Vec<Row>,
}

/// One row, as it is when the register is filled.
pub(crate) struct Row {
    /// Where it stands among all rows, which is also the order of their ids.
    pub(crate) place: usize,
    pub(crate) identifier: String,
    pub(crate) kind: &'static str,
    pub(crate) platform: &'static str,
    pub(crate) state: &'static str,
    /// Always as long, so that the order of the texts is that of the instants.
    pub(crate) contacted: String,
    pub(crate) description: Option<String>,
    /// Whether it got its description after it was imported.
    pub(crate) is_changed: bool,
}

impl Register {
    pub(crate) fn new(count: usize) -> Self {
        let mut random = Random::new(SEED);
        let mut taken = HashSet::with_capacity(count);
        let step = count / CHANGED;
        let rows = (0..count).map(|place| {
            let is_changed = place % step == step / 2 && place / step < CHANGED;
            let mut row = Row::new(&mut random, place, is_changed);
            while !taken.insert(row.identifier.clone()) {
                row.identifier = identifier(&mut random, row.kind);
            }
            row
        });
        Self { rows: rows.collect() }
    }

    /// The rows that match, by id.
    pub(crate) fn matching(&self, is_match: impl Fn(&Row) -> bool) -> Vec<&Row> {
        self.rows.iter().filter(|row| is_match(row)).collect()
    }
}

impl Row {
    fn new(random: &mut Random, place: usize, is_changed: bool) -> Self {
        let platform = random.share(&PLATFORMS);
        let kind = random.share(kinds(platform));
        let state = random.share(&STATES);
        let description = if is_changed {
            Some(format!("counted {}", words(random)))
        } else {
            (random.below(10) >= 3).then(|| words(random))
        };
        let contacted = if state == "notContacted" { NEVER.to_owned() } else { contact(random) };
        let identifier = identifier(random, kind);
        Self { place, identifier, kind, platform, state, contacted, description, is_changed }
    }
}

/// What identifies devices of this platform, in a thousand.
fn kinds(platform: &str) -> &'static [(&'static str, usize)] {
    match platform {
        "windows" => &[("serialNumber", 750), ("manufacturerModelSerial", 250)],
        "ios" => &[("serialNumber", 600), ("imei", 400)],
        "android" => &[("serialNumber", 300), ("imei", 700)],
        _ => &[("serialNumber", 1_000)],
    }
}

fn identifier(random: &mut Random, kind: &str) -> String {
    match kind {
        "imei" => imei(random),
        "manufacturerModelSerial" => {
            let maker = random.pick(&MAKERS).copied().unwrap_or_default();
            let model = 100 + 10 * random.skewed(80);
            format!("{maker},Model {model},{}", letters(random, 8))
        }
        _ => {
            let prefix = random.skewed(PREFIXES) as u64;
            let length = *random.pick(&[12, 12, 12, 12, 13, 14, 15]).unwrap_or(&12);
            let mut serial = letters(&mut Random::new(prefix), 5);
            serial += &letters(random, length - serial.len());
            serial
        }
    }
}

fn letters(random: &mut Random, count: usize) -> String {
    let letter = |_| random.pick(LETTERS).map_or('0', |letter| char::from(*letter));
    (0..count).map(letter).collect()
}

/// Eight digits of a type that many devices share, six of its own, and the check digit.
fn imei(random: &mut Random) -> String {
    let model = 35_000_000 + random.skewed(PREFIXES) * 4_321;
    let text = format!("{model}{:06}", random.below(1_000_000));
    let sum: u32 = text.chars().enumerate().map(|(place, digit)| luhn(place, digit)).sum();
    format!("{text}{}", (10 - sum % 10) % 10)
}

/// What a digit adds to the sum; every second one counts twice.
fn luhn(place: usize, digit: char) -> u32 {
    let digit = digit.to_digit(10).unwrap_or_default();
    if place.is_multiple_of(2) { digit } else { digit * 2 / 10 + digit * 2 % 10 }
}

fn words(random: &mut Random) -> String {
    let count = 2 + random.below(2);
    (0..count).map(|_| word(random.skewed(WORDS))).collect::<Vec<_>>().join(" ")
}

/// The word of this rank, the first being the most frequent.
pub(crate) fn word(rank: usize) -> String {
    let beginning = BEGINNINGS.get(rank % BEGINNINGS.len()).copied().unwrap_or_default();
    let end = ENDS.get(rank / BEGINNINGS.len()).copied().unwrap_or_default();
    format!("{beginning}{end}")
}

fn contact(random: &mut Random) -> String {
    let span = usize::try_from(CONTACTS.end - CONTACTS.start).unwrap_or_default();
    let seconds = i64::try_from(random.below(span)).unwrap_or_default();
    let instant = UtcDateTime::UNIX_EPOCH + Duration::seconds(CONTACTS.start + seconds);
    let (date, clock) = (instant.date(), instant.time());
    format!("{date}T{:02}:{:02}:{:02}Z", clock.hour(), clock.minute(), clock.second())
}
