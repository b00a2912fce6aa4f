//! The known name that a misspelt one was probably meant to be.
//!
//! Must not know what the names name: callers bring the candidates and word the message.

use std::mem;

use crate::fold::fold_char;

/// The longest name that is looked at, in characters: that of the longest identifier (OData CSDL
/// 4.01, 15.2). It bounds the work on hostile input.
const LONGEST_NAME: usize = 128;

/// The candidate that is fewest edits away from `name`, at most two, regardless of case. `None` if
/// all are further away or `name` is longer than any identifier can be.
///
/// An edit adds, drops or replaces a character, or swaps two neighbours. Of equally near candidates
/// the one nearest in length wins, then the first. A candidate of which no character would be left
/// is not suggested.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_within(name, candidates, |_, candidate| candidate.saturating_sub(1).min(2))
}

/// Like [`nearest`], for the long composed names of properties, in which a whole word may be
/// wrong: allows one edit for every six characters of the shorter name, and at least two.
pub fn nearest_property<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    nearest_within(name, candidates, |name, candidate| {
        candidate.saturating_sub(1).min((name.min(candidate) / 6).max(2))
    })
}

/// The nearest candidate of those no more edits away than `allowed` says, which is given the
/// lengths of the name and of the candidate in characters.
pub(crate) fn nearest_within<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    allowed: impl Fn(usize, usize) -> usize,
) -> Option<&'a str> {
    let name = folded(name)?;
    let mut best: Option<((usize, usize), &str)> = None;
    for candidate in candidates {
        let length = candidate.chars().count();
        let (allowed, apart) = (allowed(name.len(), length), name.len().abs_diff(length));
        if apart > allowed {
            continue;
        }
        let letters: Vec<char> = candidate.chars().map(fold_char).collect();
        let Some(edits) = edits_within(&name, &letters, allowed) else { continue };
        // With as many edits, a name of like length has a wrong word; of another, it lacks one.
        if best.is_none_or(|(least, _)| (edits, apart) < least) {
            best = Some(((edits, apart), candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The folded characters of a name, or `None` if it has more than [`LONGEST_NAME`].
fn folded(name: &str) -> Option<Vec<char>> {
    let letters: Vec<char> = name.chars().take(LONGEST_NAME + 1).map(fold_char).collect();
    (letters.len() <= LONGEST_NAME).then_some(letters)
}

/// The edits that turn `left` into `right` (optimal string alignment), if no more than `limit`.
///
/// It fills the usual table row by row and keeps three rows of it.
fn edits_within(left: &[char], right: &[char], limit: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut row = Vec::with_capacity(above.len());
    let mut previous = None;
    for (line, &letter) in left.iter().enumerate() {
        row.clear();
        row.push(line + 1);
        fill(&mut row, &before, &above, (previous, letter), right);
        // No later row falls below the least of this one.
        if row.iter().all(|&edits| edits > limit) {
            return None;
        }
        mem::swap(&mut before, &mut above);
        mem::swap(&mut above, &mut row);
        previous = Some(letter);
    }
    above.last().copied().filter(|&edits| edits <= limit)
}

/// Fills the row of the table that stands below `above` and two below `before`, of which the first
/// cell is there. The row belongs to `letter`, which follows `previous` in its word.
fn fill(
    row: &mut Vec<usize>,
    before: &[usize],
    above: &[usize],
    (previous, letter): (Option<char>, char),
    right: &[char],
) {
    let mut beside = at(row, 0);
    let mut last = None;
    for (column, &other) in right.iter().enumerate() {
        let replaced = at(above, column) + usize::from(letter != other);
        let mut edits = replaced.min(at(above, column + 1) + 1).min(beside + 1);
        if last == Some(letter) && previous == Some(other) {
            edits = edits.min(at(before, column.saturating_sub(1)) + 1);
        }
        row.push(edits);
        beside = edits;
        last = Some(other);
    }
}

/// A cell of a row; outside of the table everything is too far away.
fn at(row: &[usize], column: usize) -> usize {
    row.get(column).copied().unwrap_or(usize::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edits(left: &str, right: &str) -> Option<usize> {
        edits_within(&folded(left)?, &folded(right)?, 100)
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("filter", "filter"), Some(0));
        assert_eq!(edits("filter", "fitler"), Some(1), "a swap is one edit");
        assert_eq!(edits("filter", "filer"), Some(1));
        assert_eq!(edits("filter", "fillter"), Some(1));
        assert_eq!(edits("filter", "fulter"), Some(1));
        assert_eq!(edits("", "top"), Some(3));
        assert_eq!(edits("ca", "abc"), Some(3), "no letter is edited twice");
        assert_eq!(edits("kitten", "sitting"), Some(3));
    }

    #[test]
    fn the_nearest_wins_then_the_nearest_in_length_then_the_first() {
        assert_eq!(nearest("tpos", ["tips", "tops"]), Some("tops"));
        assert_eq!(nearest("tip", ["tips", "top", "tap"]), Some("top"));
    }

    #[test]
    fn case_is_no_edit() {
        assert_eq!(nearest("PLATFORM", ["platforms", "platform"]), Some("platform"));
        assert_eq!(nearest("ÄPFEL", ["äpfel"]), Some("äpfel"));
    }

    #[test]
    fn what_is_far_away_is_not_suggested() {
        assert_eq!(nearest("colour", ["platform", "description"]), None);
        assert_eq!(nearest("androyyyd", ["android"]), None);
        assert_eq!(nearest("xy", ["id"]), None, "nothing of it would be left");
        assert_eq!(nearest("", ["id"]), None);
    }

    #[test]
    fn a_property_may_have_a_wrong_word() {
        let known = ["importedDeviceIdentifier", "importedDeviceIdentityType", "platform"];
        let meant = nearest_property("importedDeviceIdentifierType", known);
        assert_eq!(meant, Some("importedDeviceIdentityType"));
        assert_eq!(nearest("importedDeviceIdentifierType", known), None);
        assert_eq!(nearest_property("platfrom", known), Some("platform"));
        assert_eq!(nearest_property("plainform", known), Some("platform"));
        assert_eq!(nearest_property("deviceName", known), None);
    }

    #[test]
    fn a_name_longer_than_any_identifier_is_not_looked_at() {
        let long = "a".repeat(LONGEST_NAME);
        let longer = "a".repeat(LONGEST_NAME + 1);
        assert_eq!(nearest(&long, [longer.as_str(), long.as_str()]), Some(long.as_str()));
        assert_eq!(nearest(&longer, [long.as_str()]), None);
    }

    proptest! {
        #[test]
        fn edits_are_the_same_both_ways(left in "[a-c]{0,8}", right in "[a-c]{0,8}") {
            prop_assert_eq!(edits(&left, &right), edits(&right, &left));
        }

        #[test]
        fn a_limit_hides_what_is_beyond_it_and_changes_nothing_else(
            left in "[a-c]{0,8}", right in "[a-c]{0,8}", limit in 0_usize..4,
        ) {
            let (left, right) = (folded(&left).unwrap(), folded(&right).unwrap());
            let all = edits_within(&left, &right, 100).filter(|&edits| edits <= limit);
            prop_assert_eq!(edits_within(&left, &right, limit), all);
        }
    }
}
