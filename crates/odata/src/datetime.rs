//! `Edm.DateTimeOffset`: an instant, to 100 nanoseconds, and the offset it was given in.
//!
//! Must not know the clock: instants come from text or from the caller.

mod calendar;
mod civil;
mod literal;

use std::cmp::Ordering;
use std::fmt;

use calendar::{DAYS, Date as CalendarDate};

pub use civil::{Date, TimeOfDay};

/// The ticks of one minute.
const TICKS_PER_MINUTE: i64 = 60 * DateTimeOffset::TICKS_PER_SECOND;

/// The ticks from the first instant of year 1 to the last of year 9999.
const LAST_TICK: i64 = DAYS * 24 * 60 * TICKS_PER_MINUTE - 1;

/// The furthest that local time may be from UTC, in minutes: 14 hours, as in XML Schema.
const FURTHEST_OFFSET: i16 = 14 * 60;

/// The most bytes that a value is written with.
const LONGEST_TEXT: usize = "yyyy-mm-ddThh:mm:ss.fffffff+hh:mm".len();

/// An instant and the offset from UTC that local time had.
///
/// The instant and its local time both lie in the years 1 to 9999. Two values are equal only if
/// instant and offset are; [`cmp_instant`](Self::cmp_instant) compares the instants alone, which is
/// what the query language does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTimeOffset {
    ticks: i64,
    offset_minutes: i16,
}

impl DateTimeOffset {
    /// The ticks of one second: a tick is 100 nanoseconds.
    pub const TICKS_PER_SECOND: i64 = 10_000_000;

    /// The ticks of 1970-01-01T00:00:00Z, where Unix time begins.
    pub const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

    /// 0001-01-01T00:00:00Z, the earliest instant.
    pub const MIN: Self = Self { ticks: 0, offset_minutes: 0 };

    /// 9999-12-31T23:59:59.9999999Z, the last instant.
    pub const MAX: Self = Self { ticks: LAST_TICK, offset_minutes: 0 };

    /// The instant `ticks` after 0001-01-01T00:00:00Z, given in the offset `offset_minutes`.
    ///
    /// `None` if the instant or its local time lies outside the years 1 to 9999, or the offset
    /// beyond 14 hours.
    pub const fn new(ticks: i64, offset_minutes: i16) -> Option<Self> {
        let given = Self { ticks, offset_minutes };
        if !is_instant(ticks) || !is_offset(offset_minutes) || !is_instant(given.local_ticks()) {
            return None;
        }
        Some(given)
    }

    /// The instant `ticks` after 0001-01-01T00:00:00Z, in UTC. `None` outside the years 1 to 9999.
    pub const fn from_ticks_utc(ticks: i64) -> Option<Self> {
        Self::new(ticks, 0)
    }

    /// Reads the literal of the query language (OData ABNF, `dateTimeOffsetValue`):
    /// `yyyy-mm-ddThh:mm[:ss[.fffffff]]` and `Z` or `±hh:mm`, the letters in any case.
    ///
    /// # Errors
    /// Whatever is not written so, is no day of the calendar or cannot be kept exactly.
    pub fn parse(text: &str) -> Result<Self, DateTimeError> {
        literal::read(text, literal::Place::Query)
    }

    /// Reads the same from a JSON string, where a missing offset means UTC: Microsoft's Python
    /// library sends a `datetime` without a zone so.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_json(text: &str) -> Result<Self, DateTimeError> {
        literal::read(text, literal::Place::Json)
    }

    /// The instant, in ticks of 100 nanoseconds since 0001-01-01T00:00:00Z.
    pub const fn ticks(&self) -> i64 {
        self.ticks
    }

    /// What local time was ahead of UTC, in minutes.
    pub const fn offset_minutes(&self) -> i16 {
        self.offset_minutes
    }

    /// Orders by the instant; the offsets do not count.
    pub fn cmp_instant(&self, other: &Self) -> Ordering {
        self.ticks.cmp(&other.ticks)
    }

    /// Appends the value as JSON and the query language write it: local time to the second, the
    /// fraction without trailing zeros, then `Z` for no offset or `±hh:mm`.
    ///
    /// It appends at most 33 bytes, all ASCII, none of which JSON or a URL path escapes.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.reserve(LONGEST_TEXT);
        let local = self.local_ticks().unsigned_abs();
        let seconds = local / Self::TICKS_PER_SECOND.unsigned_abs();
        write_date(out, CalendarDate::from_days(seconds / (24 * 60 * 60)));
        out.push(b'T');
        write_time(out, seconds % (24 * 60 * 60));
        write_fraction(out, local % Self::TICKS_PER_SECOND.unsigned_abs());
        write_offset(out, self.offset_minutes);
    }

    const fn local_ticks(&self) -> i64 {
        // `as` cannot lose anything here, and `From` is not const.
        self.ticks + self.offset_minutes as i64 * TICKS_PER_MINUTE
    }
}

impl fmt::Display for DateTimeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write_to(&mut text);
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Why a text is no value of `Edm.DateTimeOffset`, and what to write instead.
///
/// Each message ends a sentence: it stands after a colon, behind what names the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateTimeError {
    /// The text is not of the form.
    #[error("it is not a date and time; write it like 2026-01-31T07:25:18Z.")]
    Malformed,
    /// The form is right, but the calendar has no such day.
    #[error("the calendar has no day {year:04}-{month:02}-{day:02}; give one that exists.")]
    NoSuchDay {
        /// The year, from 1 to 9999.
        year: u16,
        /// What was given as month.
        month: u8,
        /// What was given as day of the month.
        day: u8,
    },
    /// The hour is past 23, or the minute or second past 59.
    #[error(
        "the time does not exist; hours go from 00 to 23, minutes and seconds from 00 to 59 \
         (24:00 is 00:00 of the next day)."
    )]
    NoSuchTime,
    /// The instant or its local time is in another year than 1 to 9999.
    #[error("the year must be from 1 to 9999, in local time and in UTC.")]
    YearOutOfRange,
    /// More digits than can be kept.
    #[error("the seconds have more than 7 fractional digits; give at most 7.")]
    TooManyFractionalDigits,
    /// The offset is beyond 14 hours or has more than 59 minutes.
    #[error("the offset must be from -14:00 to +14:00, with minutes from 00 to 59.")]
    OffsetOutOfRange,
    /// The offset is missing.
    #[error("the offset is missing; end with Z for UTC or with ±hh:mm, such as +01:00.")]
    NoOffset,
    /// A blank stands where the sign of the offset belongs.
    #[error("a blank stands where the + of the offset belongs; in a URL, send + as %2B.")]
    BlankForPlus,
}

const fn is_instant(ticks: i64) -> bool {
    0 <= ticks && ticks <= LAST_TICK
}

const fn is_offset(minutes: i16) -> bool {
    -FURTHEST_OFFSET <= minutes && minutes <= FURTHEST_OFFSET
}

fn write_date(out: &mut Vec<u8>, CalendarDate { year, month, day }: CalendarDate) {
    let [thousands, hundreds] = two_digits(year / 100);
    let [tens, ones] = two_digits(year % 100);
    let ([m1, m2], [d1, d2]) = (two_digits(month), two_digits(day));
    out.extend_from_slice(&[thousands, hundreds, tens, ones, b'-', m1, m2, b'-', d1, d2]);
}

fn write_time(out: &mut Vec<u8>, second_of_day: u64) {
    let [h1, h2] = two_digits(second_of_day / 3600);
    let [m1, m2] = two_digits(second_of_day / 60 % 60);
    let [s1, s2] = two_digits(second_of_day % 60);
    out.extend_from_slice(&[h1, h2, b':', m1, m2, b':', s1, s2]);
}

fn write_fraction(out: &mut Vec<u8>, ticks: u64) {
    if ticks == 0 {
        return;
    }
    out.push(b'.');
    let (mut unit, mut rest) = (1_000_000, ticks);
    while rest > 0 {
        out.push(digit(rest / unit));
        rest %= unit;
        unit /= 10;
    }
}

fn write_offset(out: &mut Vec<u8>, minutes: i16) {
    if minutes == 0 {
        return out.push(b'Z');
    }
    let sign = if minutes < 0 { b'-' } else { b'+' };
    let minutes = u64::from(minutes.unsigned_abs());
    let ([h1, h2], [m1, m2]) = (two_digits(minutes / 60), two_digits(minutes % 60));
    out.extend_from_slice(&[sign, h1, h2, b':', m1, m2]);
}

fn two_digits(number: u64) -> [u8; 2] {
    [digit(number / 10), digit(number)]
}

/// The last decimal digit of a number.
fn digit(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(ticks: i64, offset_minutes: i16) -> String {
        DateTimeOffset::new(ticks, offset_minutes).unwrap().to_string()
    }

    #[test]
    fn the_ends_of_time_are_kept() {
        assert_eq!(written(0, 0), "0001-01-01T00:00:00Z");
        assert_eq!(written(LAST_TICK, 0), "9999-12-31T23:59:59.9999999Z");
        assert_eq!(DateTimeOffset::from_ticks_utc(-1), None);
        assert_eq!(DateTimeOffset::from_ticks_utc(LAST_TICK + 1), None);
        assert_eq!(DateTimeOffset::from_ticks_utc(i64::MAX), None);
        assert_eq!(DateTimeOffset::from_ticks_utc(i64::MIN), None);
    }

    #[test]
    fn local_time_stays_within_the_ends_too() {
        assert_eq!(written(0, 840), "0001-01-01T14:00:00+14:00");
        assert_eq!(DateTimeOffset::new(0, -1), None);
        assert_eq!(written(LAST_TICK, -1), "9999-12-31T23:58:59.9999999-00:01");
        assert_eq!(DateTimeOffset::new(LAST_TICK, 1), None);
    }

    #[test]
    fn an_offset_is_at_most_fourteen_hours() {
        let noon = DateTimeOffset::UNIX_EPOCH_TICKS;
        assert_eq!(written(noon, -840), "1969-12-31T10:00:00-14:00");
        assert_eq!(DateTimeOffset::new(noon, 841), None);
        assert_eq!(DateTimeOffset::new(noon, -841), None);
        assert_eq!(DateTimeOffset::new(noon, i16::MIN), None);
    }

    #[test]
    fn a_fraction_loses_its_trailing_zeros_only() {
        let epoch = DateTimeOffset::UNIX_EPOCH_TICKS;
        assert_eq!(written(epoch, 0), "1970-01-01T00:00:00Z");
        assert_eq!(written(epoch + 1, 0), "1970-01-01T00:00:00.0000001Z");
        assert_eq!(written(epoch + 5_000_000, 0), "1970-01-01T00:00:00.5Z");
        assert_eq!(written(epoch + 100_200, 0), "1970-01-01T00:00:00.01002Z");
    }

    #[test]
    fn text_is_padded_as_the_format_asks() {
        assert_eq!(format!("{:>22}", DateTimeOffset::MIN), "  0001-01-01T00:00:00Z");
    }

    #[test]
    fn equality_minds_the_offset_and_order_does_not() {
        let utc = DateTimeOffset::parse("2026-01-31T07:25:18Z").unwrap();
        let elsewhere = DateTimeOffset::parse("2026-01-31T09:25:18+02:00").unwrap();
        let later = DateTimeOffset::parse("2026-01-31T07:25:18.0000001Z").unwrap();
        assert_ne!(utc, elsewhere);
        assert_eq!(utc.cmp_instant(&elsewhere), Ordering::Equal);
        assert_eq!(elsewhere.cmp_instant(&later), Ordering::Less);
    }

    #[test]
    fn writing_appends() {
        let mut out = b"at ".to_vec();
        DateTimeOffset::MIN.write_to(&mut out);
        assert_eq!(out, b"at 0001-01-01T00:00:00Z");
    }

    /// Values all over the years, with every offset that each allows.
    fn any_value() -> impl Strategy<Value = DateTimeOffset> {
        (0..=LAST_TICK, -FURTHEST_OFFSET..=FURTHEST_OFFSET)
            .prop_filter_map("local time is out of range", |(ticks, offset)| {
                DateTimeOffset::new(ticks, offset)
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any_value()) {
            let text = value.to_string();
            prop_assert!(text.len() <= LONGEST_TEXT);
            prop_assert_eq!(DateTimeOffset::parse(&text), Ok(value));
            prop_assert_eq!(DateTimeOffset::parse_json(&text.to_lowercase()), Ok(value));
        }

        #[test]
        fn later_instants_of_one_offset_are_later_texts(a in any_value(), b in any_value()) {
            let utc = |value: &DateTimeOffset| {
                let text = DateTimeOffset::from_ticks_utc(value.ticks()).unwrap().to_string();
                text.trim_end_matches('Z').to_owned()
            };
            prop_assert_eq!(utc(&a).cmp(&utc(&b)), a.cmp_instant(&b));
        }
    }
}
