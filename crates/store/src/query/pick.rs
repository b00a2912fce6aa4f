//! The first rows of an order that the database cannot sort by, picked from all candidates in
//! bounded memory. Must not know where the candidates come from.

use std::cmp::Ordering;

use model::Identity;

use super::{Position, Query};
use crate::StoreError;

/// Rows that are held while more come, besides as many again.
const MOST_HELD: usize = 10_000;

/// The page of a query from what `candidates` gives at each call: every row that could be on it.
pub(crate) fn pick(
    query: &Query,
    mut candidates: impl FnMut(&mut dyn FnMut(Identity)) -> Result<(), StoreError>,
) -> Result<Vec<Identity>, StoreError> {
    let mut after = query.after.clone();
    let mut skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
    loop {
        let wanted = skip.saturating_add(query.limit);
        let is_last = wanted <= MOST_HELD || skip == 0;
        let mut first = First::new(query, after.as_ref(), if is_last { wanted } else { MOST_HELD });
        candidates(&mut |row| first.offer(row))?;
        let mut rows = first.finish();
        if is_last || rows.len() < MOST_HELD {
            rows.drain(..skip.min(rows.len()));
            rows.truncate(query.limit);
            return Ok(rows.into_iter().map(|(_, row)| row).collect());
        }
        let left_out = skip.min(MOST_HELD);
        skip -= left_out;
        after = rows.into_iter().nth(left_out - 1).map(|(position, _)| position);
    }
}

/// The first rows behind a place, of all that are offered.
struct First<'q> {
    query: &'q Query,
    after: Option<&'q Position>,
    room: usize,
    held: Vec<(Position, Identity)>,
}

impl<'q> First<'q> {
    const fn new(query: &'q Query, after: Option<&'q Position>, room: usize) -> Self {
        Self { query, after, room, held: Vec::new() }
    }

    fn offer(&mut self, row: Identity) {
        if !self.query.lets_pass(&row) {
            return;
        }
        let order = &self.query.order;
        let position = Position::behind(&row, order);
        if self.after.is_some_and(|after| position.compare(after, order) != Ordering::Greater) {
            return;
        }
        self.held.push((position, row));
        if self.held.len() >= self.room.saturating_mul(2).max(1_000) {
            self.keep_the_first();
        }
    }

    fn keep_the_first(&mut self) {
        let order = &self.query.order;
        self.held.sort_unstable_by(|(left, _), (right, _)| left.compare(right, order));
        self.held.truncate(self.room);
    }

    fn finish(mut self) -> Vec<(Position, Identity)> {
        self.keep_the_first();
        self.held
    }
}
