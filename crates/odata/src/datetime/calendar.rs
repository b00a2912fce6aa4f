//! Days as dates of the Gregorian calendar, counted from 0001-01-01, and back.
//!
//! The arithmetic begins each year in March, so that the leap day is a year's last: every month's
//! length then follows from its number. Must not know times, offsets or text.

/// The days of the years 1 to 9999.
pub(super) const DAYS: i64 = 3_652_059;

/// The days of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: u64 = 146_097;

/// The days from March of the year 0 to the first day of the year 1.
const DAYS_FROM_MARCH: u64 = 306;

/// A date; [`Date::days`] and [`Date::from_days`] expect a real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: u64,
    pub(super) month: u64,
    pub(super) day: u64,
}

impl Date {
    /// The date `days` after 0001-01-01.
    pub(super) fn from_days(days: u64) -> Self {
        let days = days + DAYS_FROM_MARCH;
        let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - days_before_year(year_of_era);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - days_before_month(month_from_march) + 1;
        let is_next_year = month_from_march >= 10;
        Self {
            year: era * 400 + year_of_era + u64::from(is_next_year),
            month: if is_next_year { month_from_march - 9 } else { month_from_march + 3 },
            day,
        }
    }

    /// The days from 0001-01-01 to this date.
    pub(super) fn days(self) -> u64 {
        let is_next_year = self.month <= 2;
        let year = self.year - u64::from(is_next_year);
        let month_from_march = if is_next_year { self.month + 9 } else { self.month - 3 };
        let day_of_year = days_before_month(month_from_march) + self.day - 1;
        year / 400 * DAYS_PER_ERA + days_before_year(year % 400) + day_of_year - DAYS_FROM_MARCH
    }

    /// Whether the calendar has this day in a year from 1 on.
    pub(super) fn exists(self) -> bool {
        self.year >= 1 && (1..=days_of_month(self.year, self.month)).contains(&self.day)
    }
}

/// The days of the years of an era before this one, each counted from March.
fn days_before_year(year_of_era: u64) -> u64 {
    year_of_era * 365 + year_of_era / 4 - year_of_era / 100
}

/// The days of the year, counted from March, before this month of it; March is 0.
fn days_before_month(month_from_march: u64) -> u64 {
    (153 * month_from_march + 2) / 5
}

/// The days of a month; 0 for what is no month.
fn days_of_month(year: u64, month: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u64::from(is_leap),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The date after this one, by the lengths of months alone.
    fn next(date: Date) -> Date {
        let tomorrow = Date { day: date.day + 1, ..date };
        let next_month = Date { month: date.month + 1, day: 1, ..date };
        let next_year = Date { year: date.year + 1, month: 1, day: 1 };
        let order = [tomorrow, next_month, next_year];
        order.into_iter().find(|date| date.exists()).unwrap()
    }

    #[test]
    fn every_day_of_the_calendar_is_counted_in_turn() {
        let mut date = Date { year: 1, month: 1, day: 1 };
        for days in 0..DAYS.unsigned_abs() {
            assert_eq!(date.days(), days, "{date:?}");
            assert_eq!(Date::from_days(days), date);
            date = next(date);
        }
        assert_eq!(date, Date { year: 10_000, month: 1, day: 1 });
    }

    #[test]
    fn leap_days_exist_in_leap_years_only() {
        let leap_day = |year| Date { year, month: 2, day: 29 }.exists();
        assert!(leap_day(2024) && leap_day(2000) && leap_day(4));
        assert!(!leap_day(2025) && !leap_day(1900) && !leap_day(100));
    }

    #[test]
    fn what_is_no_day_does_not_exist() {
        let exists = |year, month, day| Date { year, month, day }.exists();
        assert!(exists(1, 12, 31) && exists(2026, 4, 30));
        assert!(!exists(0, 1, 1) && !exists(2026, 0, 1) && !exists(2026, 13, 1));
        assert!(!exists(2026, 1, 0) && !exists(2026, 1, 32) && !exists(2026, 4, 31));
    }
}
