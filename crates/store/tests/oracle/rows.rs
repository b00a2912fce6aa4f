//! Rows of every kind that a register may hold.

use model::{Draft, EnrollmentState, Field, IdentityType, Patch, Platform, Rules};
use odata::DateTimeOffset;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Text of few characters, so that two are often alike, and of any.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let printable = |text: &String| !text.chars().any(char::is_control);
    prop_oneof![
        6 => r"[abA'%_\\éÉ,\u{301}\u{1F600}\u{FFFF}ß ]{0,4}",
        1 => any::<String>().prop_filter("it holds control characters", printable),
    ]
}

pub(crate) fn any_instant() -> impl Strategy<Value = DateTimeOffset> {
    let few = select(vec![
        0,
        1,
        635_000_000_000_000_000,
        635_000_000_000_000_001,
        DateTimeOffset::MAX.ticks(),
    ]);
    let ticks = prop_oneof![3 => few, 1 => 0..=DateTimeOffset::MAX.ticks()];
    (ticks, -840_i16..=840).prop_map(|(ticks, offset)| {
        let utc = DateTimeOffset::from_ticks_utc(ticks).unwrap();
        DateTimeOffset::new(ticks, offset).unwrap_or(utc)
    })
}

fn member<T>(of: fn(i64) -> Option<T>, count: i64) -> impl Strategy<Value = T>
where
    T: std::fmt::Debug,
{
    (0..count).prop_map(move |value| of(value).unwrap())
}

pub(crate) fn any_row() -> impl Strategy<Value = Draft> {
    let identifier = any_text().prop_map(|text| {
        let text: String = text.trim().chars().take(512).collect();
        if text.trim().is_empty() { "a".to_owned() } else { text }
    });
    let description = option::of(any_text().prop_map(|text| text.chars().take(1_024).collect()));
    let members = (
        member(IdentityType::from_value, 4),
        member(EnrollmentState::from_value, 6),
        member(Platform::from_value, 8),
    );
    (identifier, description, any_instant(), members).prop_map(
        |(identifier, description, contacted, (identity_type, state, platform))| {
            let patch = Patch {
                identifier: Some(identifier),
                identity_type: Some(identity_type),
                contacted: Some(contacted),
                description: description.map_or(Field::Null, Field::Value),
                enrollment_state: Some(state),
                platform: Some(platform),
            };
            Draft::new(patch, Rules::Documented).unwrap()
        },
    )
}

/// A row of which only the identifier counts.
pub(crate) fn plain(identifier: &str) -> Draft {
    let patch = Patch { identifier: Some(identifier.to_owned()), ..Patch::default() };
    Draft::new(patch, Rules::Documented).unwrap()
}
