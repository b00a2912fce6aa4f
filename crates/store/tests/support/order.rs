//! Requests that overlap in time, and the one order in which they took effect: which of them may
//! stand before which, and which states lie between. Must not know what was asked.

use std::ops::RangeInclusive;
use std::time::Instant;

/// When a request was sent, and when its answer was there. Without an answer it may take effect at
/// any time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) began: Instant,
    pub(crate) ended: Option<Instant>,
}

impl Span {
    fn is_before(&self, other: &Self) -> bool {
        self.ended.is_some_and(|ended| ended < other.began)
    }
}

/// Where two requests stand the wrong way round, given all that changed something in the order of
/// their changes: the second had ended before the first was begun.
pub(crate) fn misplaced(effects: &[Span]) -> Option<(usize, usize)> {
    (0..effects.len()).find_map(|first| {
        let second = effects[first..].iter().position(|later| later.is_before(&effects[first]));
        second.map(|second| (first, first + second))
    })
}

/// The states that a request which changed nothing may have met, by the number of effects before
/// each.
pub(crate) fn met(effects: &[Span], span: Span) -> RangeInclusive<usize> {
    let first = effects.iter().rposition(|it| it.is_before(&span)).map_or(0, |at| at + 1);
    let last = effects.iter().position(|it| span.is_before(it)).unwrap_or(effects.len());
    first..=last
}
