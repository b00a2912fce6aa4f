//! Exact decimal numbers, for what functions yield and for constants. Must not know what is
//! counted.

use std::cmp::Ordering;
use std::fmt;

/// The most digits that a number has, and the most of them after the point.
const DIGITS: u32 = 28;

/// The first number with more digits.
const TOO_LARGE: i128 = 10_i128.pow(DIGITS);

/// A decimal number of at most 28 digits.
///
/// `4` and `4.0` are equal in value ([`cmp_value`](Self::cmp_value)) and yet two numbers, since
/// the one is whole by type and divides otherwise than the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    digits: i128,
    /// How many of the digits stand after the point.
    scale: u32,
}

impl Number {
    /// The number `digits / 10^scale`. `None` if it has too many digits.
    pub fn new(digits: i128, scale: u32) -> Option<Self> {
        let fits = -TOO_LARGE < digits && digits < TOO_LARGE && scale <= DIGITS;
        fits.then_some(Self { digits, scale })
    }

    /// Reads `[±]d[.d][e[±]d]` (OData ABNF, `decimalValue`), except for infinities.
    ///
    /// # Errors
    /// Whatever is not written so, or has too many digits.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let (sign, text) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent = exponent_of(exponent)?;
        let (whole, fraction) = match number.split_once('.') {
            Some((_, "")) => return Err(NumberError::Malformed),
            parts => parts.unwrap_or((number, "")),
        };
        if whole.is_empty() {
            return Err(NumberError::Malformed);
        }
        let mut digits = 0_i128;
        for digit in whole.chars().chain(fraction.chars()) {
            let digit = digit.to_digit(10).ok_or(NumberError::Malformed)?;
            digits = digits.saturating_mul(10).saturating_add(digit.into());
        }
        // Longer texts than any URL aside, this cannot saturate.
        let scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(exponent);
        Self::scaled(sign * digits, scale).ok_or(NumberError::TooLong)
    }

    fn scaled(digits: i128, scale: i64) -> Option<Self> {
        let Ok(places) = u32::try_from(scale.unsigned_abs()) else { return None };
        if scale >= 0 {
            return Self::new(digits, places);
        }
        Self::new(digits.checked_mul(10_i128.checked_pow(places)?)?, 0)
    }

    /// The number as `digits / 10^scale`.
    pub const fn parts(self) -> (i128, u32) {
        (self.digits, self.scale)
    }

    /// Whether it is whole by type: written without point or negative exponent.
    pub const fn is_whole(self) -> bool {
        self.scale == 0
    }

    /// The number if it is whole by type and not too large.
    pub fn to_i64(self) -> Option<i64> {
        if self.is_whole() { i64::try_from(self.digits).ok() } else { None }
    }

    /// Orders by value.
    pub fn cmp_value(&self, other: &Self) -> Ordering {
        let parts = |number: &Self| {
            let unit = 10_i128.pow(number.scale);
            let (whole, rest) = (number.digits / unit, number.digits % unit);
            (whole, rest * 10_i128.pow(DIGITS - number.scale))
        };
        parts(self).cmp(&parts(other))
    }

    /// The sum. `None` if it has too many digits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Self::new(self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?, scale)
    }

    /// The product. `None` if it has too many digits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        Self::new(self.digits.checked_mul(other.digits)?, self.scale + other.scale)
    }

    /// The quotient with as many digits as fit, nearer to zero. `None` if the divisor is zero or
    /// the quotient has too many digits.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        let (mut digits, mut scale) = (self.digits, i64::from(self.scale) - i64::from(other.scale));
        let mut rest = digits.checked_rem(other.digits)?;
        digits = digits.checked_div(other.digits)?;
        while scale < 0 || (rest != 0 && scale < i64::from(DIGITS)) {
            let next = rest.checked_mul(10)?;
            let longer = digits.checked_mul(10)?.checked_add(next / other.digits)?;
            if longer.abs() >= TOO_LARGE {
                if scale < 0 {
                    return None;
                }
                break;
            }
            (digits, rest, scale) = (longer, next % other.digits, scale + 1);
        }
        Self::scaled(digits, scale)
    }

    /// The quotient of two whole numbers without its fraction. `None` if the divisor is zero.
    pub fn checked_div_whole(self, other: Self) -> Option<Self> {
        Self::new(self.digits.checked_div(other.digits)?, 0)
    }

    /// What is left over by division, with the sign of the dividend. `None` if the divisor is zero
    /// or a number has too many digits.
    pub fn checked_rem(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Self::new(self.at_scale(scale)?.checked_rem(other.at_scale(scale)?)?, scale)
    }

    /// The number with the other sign.
    pub const fn negated(self) -> Self {
        Self { digits: -self.digits, scale: self.scale }
    }

    /// Whether the number is zero.
    pub const fn is_zero(self) -> bool {
        self.digits == 0
    }

    fn at_scale(self, scale: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }
}

fn exponent_of(text: &str) -> Result<i64, NumberError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::Malformed);
    }
    text.parse().map_err(|_| NumberError::TooLong)
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self { digits: whole.into(), scale: 0 }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(f, "{}", self.digits);
        }
        let sign = if self.digits < 0 { "-" } else { "" };
        let (digits, unit) = (self.digits.unsigned_abs(), 10_u128.pow(self.scale));
        let places = usize::try_from(self.scale).unwrap_or_default();
        write!(f, "{sign}{}.{:0places$}", digits / unit, digits % unit)
    }
}

/// Why a text is no number here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// It is not of the form.
    Malformed,
    /// It is a number, but has too many digits.
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect(text)
    }

    fn written(number: Option<Number>) -> Option<String> {
        number.map(|number| number.to_string())
    }

    #[test]
    fn numbers_are_kept_exactly() {
        for (text, expected) in [
            ("0", "0"),
            ("-5", "-5"),
            ("+42", "42"),
            ("4.0", "4.0"),
            ("-0.05", "-0.05"),
            ("-0.314e1", "-3.14"),
            ("1e3", "1000"),
            ("1E-3", "0.001"),
            ("1234567890123456789", "1234567890123456789"),
        ] {
            assert_eq!(number(text).to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_number_is_told_from_what_is_too_long() {
        for text in ["", "-", "42.", ".1", "1e", "1e2e3", "-0.314e1e2", "0x1", "1_000", "١"] {
            assert_eq!(Number::parse(text), Err(NumberError::Malformed), "{text}");
        }
        let nines = "9".repeat(29);
        for text in ["1e-101", "1e28", "1e99999999999999999999", nines.as_str()] {
            assert_eq!(Number::parse(text), Err(NumberError::TooLong), "{text}");
        }
        assert!(Number::parse(&"9".repeat(28)).is_ok());
    }

    #[test]
    fn equal_values_may_be_written_differently() {
        assert_eq!(number("4").cmp_value(&number("4.000")), Ordering::Equal);
        assert_eq!(number("-0.5").cmp_value(&number("-0.25")), Ordering::Less);
        assert_eq!(
            number("9e27").cmp_value(&number("0.0000000000000000000000000001")),
            Ordering::Greater
        );
        assert_ne!(number("4"), number("4.0"));
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(written(number("0.1").checked_add(number("0.2"))).as_deref(), Some("0.3"));
        assert_eq!(written(number("2.0").checked_mul(number("-2.55"))).as_deref(), Some("-5.100"));
        assert_eq!(written(number("5").checked_div(number("2"))).as_deref(), Some("2.5"));
        assert_eq!(written(number("5").checked_div_whole(number("2"))).as_deref(), Some("2"));
        assert_eq!(written(number("6").checked_div(number("0.3"))).as_deref(), Some("20"));
        assert_eq!(written(number("-7").checked_rem(number("4"))).as_deref(), Some("-3"));
        let third = written(number("1").checked_div(number("3"))).unwrap();
        assert_eq!(third.len(), "0.".len() + 28, "{third}");
    }

    #[test]
    fn what_has_no_result_says_so() {
        let largest = number(&"9".repeat(28));
        assert_eq!(largest.checked_add(number("1")), None);
        assert_eq!(largest.checked_mul(number("10")), None);
        assert_eq!(number("1").checked_div(number("0")), None);
        assert_eq!(number("1").checked_div_whole(number("0")), None);
        assert_eq!(number("1").checked_rem(number("0.0")), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(digits in any::<i64>(), scale in 0_u32..=28) {
            let number = Number::new(digits.into(), scale).unwrap();
            prop_assert_eq!(Number::parse(&number.to_string()), Ok(number));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9.eE]{0,40}") {
            let _ = Number::parse(&text);
        }

        #[test]
        fn order_is_that_of_the_difference(
            a in any::<i32>(), b in any::<i32>(), left in 0_u32..9, right in 0_u32..9,
        ) {
            let a = Number::new(a.into(), left).unwrap();
            let b = Number::new(b.into(), right).unwrap();
            let difference = a.checked_add(b.negated()).unwrap();
            prop_assert_eq!(a.cmp_value(&b), difference.digits.cmp(&0));
        }

        #[test]
        fn no_division_panics(
            a in any::<i64>(), b in any::<i64>(), left in 0_u32..=28, right in 0_u32..=28,
        ) {
            let a = Number::new(a.into(), left).unwrap();
            let b = Number::new(b.into(), right).unwrap();
            let _ = a.checked_div(b);
            let _ = a.checked_rem(b);
        }
    }
}
