//! Figures that stand for many.
//!
//! It must not know what they measure.

/// The middle value, or the mean of the two middle ones; 0 for none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.len() / 2;
    let lower = values.len().saturating_sub(1) / 2;
    match (values.get(lower), values.get(upper)) {
        (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
        _ => 0.0,
    }
}

/// The value that `percent` of the sorted nanoseconds do not exceed, in milliseconds.
pub(crate) fn percentile_ms(sorted: &[u32], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |nanoseconds| f64::from(*nanoseconds) / 1e6)
}

/// A whole number with a comma before each three digits.
pub(crate) fn thousands(number: impl std::fmt::Display) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
