//! The parts of a date and time: `Edm.Date`, `Edm.TimeOfDay`, and what of them a value of
//! `Edm.DateTimeOffset` shows in its own offset. Must not know the clock.

use std::fmt;

use super::calendar;
use super::literal::{read_date, read_time};
use super::{DateTimeError, DateTimeOffset, TICKS_PER_MINUTE};
use super::{write_date, write_fraction, write_time};

/// The ticks of one day.
const TICKS_PER_DAY: i64 = 24 * 60 * TICKS_PER_MINUTE;

/// `Edm.Date`: a day of the calendar in the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads `yyyy-mm-dd`.
    ///
    /// # Errors
    /// Whatever is not written so or is no day of the years 1 to 9999.
    pub fn parse(text: &str) -> Result<Self, DateTimeError> {
        read_date(text).map(Self::from_calendar)
    }

    /// The year, from 1 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, from 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The day's first instant in UTC.
    pub fn midnight_utc(self) -> DateTimeOffset {
        let days = i64::try_from(self.to_calendar().days()).unwrap_or_default();
        DateTimeOffset::from_ticks_utc(days * TICKS_PER_DAY).unwrap_or(DateTimeOffset::MIN)
    }

    /// The parts of a real date are small.
    fn from_calendar(date: calendar::Date) -> Self {
        Self {
            year: u16::try_from(date.year).unwrap_or_default(),
            month: u8::try_from(date.month).unwrap_or_default(),
            day: u8::try_from(date.day).unwrap_or_default(),
        }
    }

    fn to_calendar(self) -> calendar::Date {
        calendar::Date { year: self.year.into(), month: self.month.into(), day: self.day.into() }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        write_date(&mut text, self.to_calendar());
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// `Edm.TimeOfDay`: what a clock shows, to 100 nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeOfDay {
    ticks: u64,
}

impl TimeOfDay {
    /// Reads `hh:mm[:ss[.fffffff]]`.
    ///
    /// # Errors
    /// Whatever is not written so, is not within a day, or has more than seven fractional digits.
    pub fn parse(text: &str) -> Result<Self, DateTimeError> {
        read_time(text).map(|ticks| Self { ticks: ticks.unsigned_abs() })
    }

    /// The hour, from 0 to 23.
    pub const fn hour(self) -> u64 {
        self.seconds() / 3600
    }

    /// The minute, from 0 to 59.
    pub const fn minute(self) -> u64 {
        self.seconds() / 60 % 60
    }

    /// The second without its fraction, from 0 to 59.
    pub const fn second(self) -> u64 {
        self.seconds() % 60
    }

    /// The fraction of the second, in ticks of 100 nanoseconds.
    pub const fn fraction(self) -> u64 {
        self.ticks % DateTimeOffset::TICKS_PER_SECOND.unsigned_abs()
    }

    /// The ticks of 100 nanoseconds since midnight.
    pub const fn ticks(self) -> u64 {
        self.ticks
    }

    const fn seconds(self) -> u64 {
        self.ticks / DateTimeOffset::TICKS_PER_SECOND.unsigned_abs()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        write_time(&mut text, self.seconds());
        write_fraction(&mut text, self.fraction());
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl DateTimeOffset {
    /// The date in the value's own offset.
    pub fn date(&self) -> Date {
        let days = self.local_ticks() / TICKS_PER_DAY;
        Date::from_calendar(calendar::Date::from_days(days.unsigned_abs()))
    }

    /// The time of day in the value's own offset.
    pub fn time(&self) -> TimeOfDay {
        TimeOfDay { ticks: (self.local_ticks() % TICKS_PER_DAY).unsigned_abs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn instant(text: &str) -> DateTimeOffset {
        DateTimeOffset::parse(text).expect(text)
    }

    #[test]
    fn date_and_time_are_those_of_the_offset() {
        let value = instant("2016-12-31T23:58:44.2908994-08:00");
        let (date, time) = (value.date(), value.time());
        assert_eq!((date.year(), date.month(), date.day()), (2016, 12, 31));
        assert_eq!((time.hour(), time.minute(), time.second()), (23, 58, 44));
        assert_eq!(time.fraction(), 2_908_994);
        assert_eq!(instant("0001-01-01T00:30:00-01:00").date().to_string(), "0001-01-01");
    }

    #[test]
    fn a_date_begins_at_midnight_utc() {
        let begins = |text| Date::parse(text).unwrap().midnight_utc().to_string();
        assert_eq!(begins("2013-05-24"), "2013-05-24T00:00:00Z");
        assert_eq!(begins("0001-01-01"), "0001-01-01T00:00:00Z");
        assert_eq!(begins("9999-12-31"), "9999-12-31T00:00:00Z");
    }

    #[test]
    fn what_is_no_date_or_time_is_refused() {
        assert_eq!(Date::parse("0000-01-01"), Err(DateTimeError::YearOutOfRange));
        assert_eq!(Date::parse("-10000-04-01"), Err(DateTimeError::YearOutOfRange));
        assert_eq!(Date::parse("2026-01-31T"), Err(DateTimeError::Malformed));
        assert_eq!(TimeOfDay::parse("24:00:00"), Err(DateTimeError::NoSuchTime));
        assert_eq!(TimeOfDay::parse("11:22:33Z"), Err(DateTimeError::Malformed));
        assert_eq!(TimeOfDay::parse("11:22").unwrap().to_string(), "11:22:00");
    }

    proptest! {
        #[test]
        fn date_and_time_make_up_the_value(ticks in 0_i64..3_155_378_975_999_999_999) {
            let value = DateTimeOffset::from_ticks_utc(ticks).unwrap();
            let (date, time) = (value.date(), value.time());
            prop_assert_eq!(format!("{date}T{time}Z"), value.to_string());
            prop_assert_eq!(Date::parse(&date.to_string()), Ok(date));
            prop_assert_eq!(TimeOfDay::parse(&time.to_string()), Ok(time));
        }
    }
}
