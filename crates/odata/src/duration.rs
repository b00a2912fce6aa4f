//! `Edm.Duration`: a span of time, to 100 nanoseconds. Must not know the clock.

use std::fmt;

use crate::DateTimeOffset;

const TICKS_PER_SECOND: i64 = DateTimeOffset::TICKS_PER_SECOND;

/// A span of time, forwards or backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Duration {
    /// Its length in ticks of 100 nanoseconds; less than 0 leads backwards.
    pub ticks: i64,
}

impl Duration {
    /// Reads `[-]P[nD][T[nH][nM][n[.fffffff]S]]` (OData ABNF, `durationValue`). Years and months
    /// are none: their length depends on the calendar.
    ///
    /// `None` if it is not written so, has more than seven fractional digits or is too long.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
        let text = text.strip_prefix(['P', 'p'])?;
        let (date, time) = match text.split_once(['T', 't']) {
            Some((_, "")) => return None,
            Some((date, time)) => (date, time),
            None if text.is_empty() => return None,
            None => (text, ""),
        };
        let days = parts(date, &[('D', 24 * 60 * 60)])?;
        let time = parts(time, &[('H', 60 * 60), ('M', 60), ('S', 1)])?;
        Some(Self { ticks: days.checked_add(time)?.checked_mul(sign)? })
    }
}

/// Reads numbers, each followed by one of the units, which stand in this order. Each unit has its
/// length in seconds; only seconds have a fraction.
fn parts(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut ticks = 0_i64;
    for (unit, seconds) in units {
        let other_case = unit.to_ascii_lowercase();
        let Some((number, rest)) = text.split_once([*unit, other_case]) else { continue };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        if *seconds != 1 && number.contains('.') {
            return None;
        }
        let whole = digits(whole)?.checked_mul(*seconds)?.checked_mul(TICKS_PER_SECOND)?;
        ticks = ticks.checked_add(whole)?.checked_add(fraction_of_second(fraction)?)?;
        text = rest;
    }
    text.is_empty().then_some(ticks)
}

fn fraction_of_second(text: &str) -> Option<i64> {
    let missing = 7_u32.checked_sub(u32::try_from(text.len()).ok()?)?;
    Some(digits(text)? * 10_i64.pow(missing))
}

fn digits(text: &str) -> Option<i64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

impl DateTimeOffset {
    /// The instant that lies `duration` later, in the same offset. `None` outside the years 1 to
    /// 9999.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        Self::new(self.ticks().checked_add(duration.ticks)?, self.offset_minutes())
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.ticks < 0 { "-" } else { "" };
        let (ticks, second) = (self.ticks.unsigned_abs(), TICKS_PER_SECOND.unsigned_abs());
        write!(f, "{sign}PT{}", ticks / second)?;
        if !ticks.is_multiple_of(second) {
            let fraction = format!("{:07}", ticks % second);
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        f.write_str("S")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(text: &str) -> Option<i64> {
        Duration::parse(text).map(|duration| duration.ticks / TICKS_PER_SECOND)
    }

    #[test]
    fn days_and_parts_of_days_add_up() {
        assert_eq!(seconds("P30D"), Some(30 * 86_400));
        assert_eq!(seconds("P1DT1H1M1S"), Some(86_400 + 3600 + 60 + 1));
        assert_eq!(seconds("-PT90M"), Some(-5400));
        assert_eq!(seconds("pt0s"), Some(0));
        let exact = Duration::parse("-P6DT23H59M59.9999S").map(|duration| duration.ticks);
        assert_eq!(exact, Some(-6_047_999_999_000));
    }

    #[test]
    fn what_has_no_fixed_length_or_form_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "P1Y",
            "P1M",
            "P1W",
            "+P1D",
            "1D",
            "PT1M1H",
            "PT1.5H",
            "PT1.S",
            "PT.5S",
            "PT1.12345678S",
            "P1D1D",
            "PD",
            "P-1D",
            "P1D ",
            "P99999999999D",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_instant_moves_within_the_years() {
        let day = Duration::parse("P1D").unwrap();
        let back = Duration { ticks: -day.ticks };
        assert_eq!(DateTimeOffset::MIN.checked_add(back), None);
        let next = DateTimeOffset::MIN.checked_add(day).unwrap();
        assert_eq!(next.to_string(), "0001-01-02T00:00:00Z");
        assert_eq!(next.checked_add(Duration { ticks: i64::MAX }), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ticks in (i64::MIN + 1)..=i64::MAX) {
            let duration = Duration { ticks };
            prop_assert_eq!(Duration::parse(&duration.to_string()), Some(duration));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-PDTHMS0-9.]{0,24}") {
            let _ = Duration::parse(&text);
        }
    }
}
