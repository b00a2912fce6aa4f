//! Reads the text of a date and time, strictly. Must not know where the text came from beyond
//! [`Place`], nor do arithmetic on the calendar.

use super::calendar::Date;
use super::{DateTimeError, DateTimeOffset, TICKS_PER_MINUTE, is_offset};

/// Where the text stands, which decides what a missing offset means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a query option: an offset is required.
    Query,
    /// In a JSON string: without an offset the time is in UTC.
    Json,
}

/// Reads all of `text`.
pub(super) fn read(text: &str, place: Place) -> Result<DateTimeOffset, DateTimeError> {
    let mut rest = Rest(text.as_bytes());
    let date = rest.date()?;
    rest.expect(b"Tt")?;
    let time = rest.time()?;
    let offset_minutes = rest.offset(place)?;
    if !rest.0.is_empty() {
        return Err(DateTimeError::Malformed);
    }
    let days = i64::try_from(date.days()).map_err(|_| DateTimeError::YearOutOfRange)?;
    let local = days * 24 * 60 * TICKS_PER_MINUTE + time;
    let ticks = local - i64::from(offset_minutes) * TICKS_PER_MINUTE;
    DateTimeOffset::new(ticks, offset_minutes).ok_or(DateTimeError::YearOutOfRange)
}

/// Reads all of `text` as a date.
pub(super) fn read_date(text: &str) -> Result<Date, DateTimeError> {
    let mut rest = Rest(text.as_bytes());
    let date = rest.date()?;
    if rest.0.is_empty() { Ok(date) } else { Err(DateTimeError::Malformed) }
}

/// Reads all of `text` as a time of day, in ticks since midnight.
pub(super) fn read_time(text: &str) -> Result<i64, DateTimeError> {
    let mut rest = Rest(text.as_bytes());
    let time = rest.time()?;
    if rest.0.is_empty() { Ok(time) } else { Err(DateTimeError::Malformed) }
}

/// What of the text is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// `yyyy-mm-dd`, a day that exists. The years that the ABNF also allows, negative and of more
    /// than four digits, are told apart from what is no date at all.
    fn date(&mut self) -> Result<Date, DateTimeError> {
        let is_negative = self.accept(b"-").is_some();
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_year = digits >= 4 && self.0.get(digits) == Some(&b'-');
        if is_year && (is_negative || digits > 4 || self.0.starts_with(b"0000")) {
            return Err(DateTimeError::YearOutOfRange);
        }
        let year = u16::from(self.two_digits()?) * 100 + u16::from(self.two_digits()?);
        self.expect(b"-")?;
        let month = self.two_digits()?;
        self.expect(b"-")?;
        let day = self.two_digits()?;
        let date = Date { year: year.into(), month: month.into(), day: day.into() };
        if date.exists() { Ok(date) } else { Err(DateTimeError::NoSuchDay { year, month, day }) }
    }

    /// `hh:mm[:ss[.fffffff]]`, in ticks since midnight.
    fn time(&mut self) -> Result<i64, DateTimeError> {
        let hours = self.two_digits()?;
        self.expect(b":")?;
        let minutes = self.two_digits()?;
        let (mut seconds, mut fraction) = (0, 0);
        if self.accept(b":").is_some() {
            seconds = self.two_digits()?;
            if self.accept(b".").is_some() {
                fraction = self.fraction()?;
            }
        }
        if hours > 23 || minutes > 59 || seconds > 59 {
            return Err(DateTimeError::NoSuchTime);
        }
        let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
        Ok(seconds * DateTimeOffset::TICKS_PER_SECOND + fraction)
    }

    /// One to seven digits after the point, in ticks.
    fn fraction(&mut self) -> Result<i64, DateTimeError> {
        let (mut ticks, mut unit) = (0, DateTimeOffset::TICKS_PER_SECOND);
        while let Some(digit) = self.digit() {
            unit /= 10;
            if unit == 0 {
                return Err(DateTimeError::TooManyFractionalDigits);
            }
            ticks += i64::from(digit) * unit;
        }
        if unit == DateTimeOffset::TICKS_PER_SECOND {
            return Err(DateTimeError::Malformed);
        }
        Ok(ticks)
    }

    /// `Z` or `±hh:mm`, in minutes.
    fn offset(&mut self, place: Place) -> Result<i16, DateTimeError> {
        if self.0.is_empty() {
            return if place == Place::Json { Ok(0) } else { Err(DateTimeError::NoOffset) };
        }
        match self.accept(b"Zz+- ") {
            Some(b'Z' | b'z') => Ok(0),
            Some(b'+') => self.hours_and_minutes(),
            Some(b'-') => Ok(-self.hours_and_minutes()?),
            Some(b' ') if place == Place::Query && self.hours_and_minutes().is_ok() => {
                Err(DateTimeError::BlankForPlus)
            }
            Some(_) | None => Err(DateTimeError::Malformed),
        }
    }

    fn hours_and_minutes(&mut self) -> Result<i16, DateTimeError> {
        let hours = i16::from(self.two_digits()?);
        self.expect(b":")?;
        let minutes = i16::from(self.two_digits()?);
        let offset = hours * 60 + minutes;
        if minutes <= 59 && is_offset(offset) {
            Ok(offset)
        } else {
            Err(DateTimeError::OffsetOutOfRange)
        }
    }

    fn two_digits(&mut self) -> Result<u8, DateTimeError> {
        let tens = self.digit().ok_or(DateTimeError::Malformed)?;
        let ones = self.digit().ok_or(DateTimeError::Malformed)?;
        Ok(tens * 10 + ones)
    }

    fn digit(&mut self) -> Option<u8> {
        self.accept(b"0123456789").map(|byte| byte - b'0')
    }

    fn expect(&mut self, any_of: &[u8]) -> Result<u8, DateTimeError> {
        self.accept(any_of).ok_or(DateTimeError::Malformed)
    }

    /// Takes the next byte if it is one of these.
    fn accept(&mut self, any_of: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !any_of.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(text: &str) -> Result<String, DateTimeError> {
        DateTimeOffset::parse(text).map(|value| value.to_string())
    }

    fn error(text: &str) -> DateTimeError {
        DateTimeOffset::parse(text).expect_err(text)
    }

    #[test]
    fn a_value_is_kept_as_given() {
        for text in [
            "2016-12-31T23:58:44.2908994-08:00",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.9999999Z",
            "2024-02-29T12:00:00.1+14:00",
            "2024-02-29T12:00:00.0000001-14:00",
            "2026-01-31T07:25:18+05:45",
        ] {
            assert_eq!(rewritten(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn the_spellings_of_one_value_are_read_alike() {
        for text in [
            "2026-01-31t07:25z",
            "2026-01-31T07:25:00Z",
            "2026-01-31T07:25:00.0000000z",
            "2026-01-31T07:25:00.0+00:00",
            "2026-01-31T07:25-00:00",
        ] {
            assert_eq!(rewritten(text).as_deref(), Ok("2026-01-31T07:25:00Z"), "{text}");
        }
    }

    #[test]
    fn the_instant_is_local_time_less_the_offset() {
        let value = DateTimeOffset::parse("1970-01-01T01:00:00.5+01:00").unwrap();
        assert_eq!(value.ticks(), DateTimeOffset::UNIX_EPOCH_TICKS + 5_000_000);
        assert_eq!(value.offset_minutes(), 60);
    }

    #[test]
    fn days_that_do_not_exist_are_named() {
        let no_day = DateTimeError::NoSuchDay { year: 2025, month: 2, day: 29 };
        assert_eq!(error("2025-02-29T00:00:00Z"), no_day);
        assert!(no_day.to_string().contains("2025-02-29"));
        for text in ["2026-00-01T00:00Z", "2026-13-01T00:00Z", "2026-04-31T00:00Z"] {
            assert!(matches!(error(text), DateTimeError::NoSuchDay { .. }), "{text}");
        }
    }

    #[test]
    fn times_that_do_not_exist_are_refused() {
        for text in ["2026-01-31T24:00:00Z", "2026-01-31T23:60Z", "2016-12-31T23:59:60Z"] {
            assert_eq!(error(text), DateTimeError::NoSuchTime, "{text}");
        }
    }

    #[test]
    fn an_eighth_fractional_digit_is_refused_even_if_zero() {
        assert_eq!(error("2026-01-31T07:25:18.12345678Z"), DateTimeError::TooManyFractionalDigits);
        assert_eq!(error("2026-01-31T07:25:18.12345670Z"), DateTimeError::TooManyFractionalDigits);
        assert_eq!(error("2026-01-31T07:25:18.Z"), DateTimeError::Malformed);
    }

    #[test]
    fn years_end_at_1_and_9999_in_both_times() {
        for text in [
            "0000-12-31T23:59:59Z",
            "-0001-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(error(text), DateTimeError::YearOutOfRange, "{text}");
        }
        assert!(DateTimeOffset::parse("0001-01-01T00:00:00-14:00").is_ok());
        assert!(DateTimeOffset::parse("9999-12-31T23:59:59+14:00").is_ok());
    }

    #[test]
    fn offsets_end_at_fourteen_hours() {
        for text in ["2026-01-31T07:25+14:01", "2026-01-31T07:25-15:00", "2026-01-31T07:25+01:60"] {
            assert_eq!(error(text), DateTimeError::OffsetOutOfRange, "{text}");
        }
    }

    #[test]
    fn a_missing_offset_is_utc_in_json_only() {
        assert_eq!(error("2026-01-31T07:25:18"), DateTimeError::NoOffset);
        let read = DateTimeOffset::parse_json("2026-01-31T07:25:18.123456").unwrap();
        assert_eq!(read.to_string(), "2026-01-31T07:25:18.123456Z");
    }

    #[test]
    fn a_plus_that_became_a_blank_is_recognised_in_a_query_only() {
        let text = "2026-01-31T07:25:18 01:00";
        assert_eq!(error(text), DateTimeError::BlankForPlus);
        assert_eq!(DateTimeOffset::parse_json(text), Err(DateTimeError::Malformed));
        assert_eq!(error("2026-01-31T07:25:18 Z"), DateTimeError::Malformed);
    }

    #[test]
    fn everything_else_is_malformed() {
        for text in [
            "",
            "now",
            "2026-01-31",
            "20260131T072518Z",
            "2026-1-31T07:25Z",
            "26-01-31T07:25Z",
            "2026-01-31 07:25:18Z",
            "2026-01-31T07Z",
            "2026-01-31T07:25:18,5Z",
            "2026-01-31T07:25:18ZZ",
            "2026-01-31T07:25:18+0100",
            "2026-01-31T07:25:18+01",
            " 2026-01-31T07:25:18Z",
            "2026-01-31T07:25:18Z ",
            "２０２６-01-31T07:25:18Z",
        ] {
            assert_eq!(error(text), DateTimeError::Malformed, "{text:?}");
            assert_eq!(DateTimeOffset::parse_json(text), Err(DateTimeError::Malformed), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9TZ:.+ -]{0,40}") {
            if let Ok(value) = DateTimeOffset::parse(&text) {
                prop_assert_eq!(DateTimeOffset::parse(&value.to_string()), Ok(value));
            }
        }

        #[test]
        fn cutting_a_value_short_never_moves_it(cut in 0_usize..33) {
            let text = "2016-12-31T23:58:44.2908994-08:00";
            prop_assert!(DateTimeOffset::parse(&text[..cut]).is_err());
        }
    }
}
