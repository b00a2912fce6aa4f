//! The first rows of an order that the database cannot sort by, picked from all candidates in
//! bounded memory. Must not know where the candidates come from.

use std::cmp::Ordering;

use model::Identity;

use super::{Position, Query};

/// Rows that are held while more come, besides as many again.
const MOST_HELD: usize = 10_000;

/// The page of a query in the making. It is offered every row that could be on it, in rounds: where
/// more rows are to be left out than can be held, each round leaves out some.
#[derive(Debug)]
pub(crate) struct Picking<'q> {
    query: &'q Query,
    after: Option<Position>,
    skip: usize,
    held: Vec<(Position, Identity)>,
}

impl<'q> Picking<'q> {
    pub(crate) fn new(query: &'q Query) -> Self {
        let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
        Self { query, after: query.after.clone(), skip, held: Vec::new() }
    }

    /// Takes a candidate. It need not pass.
    pub(crate) fn offer(&mut self, row: Identity) {
        if !self.query.lets_pass(&row) {
            return;
        }
        let order = &self.query.order;
        let position = Position::behind(&row, order);
        let is_behind = |after: &Position| position.compare(after, order) == Ordering::Greater;
        if !self.after.as_ref().is_none_or(is_behind) {
            return;
        }
        self.held.push((position, row));
        if self.held.len() >= self.room().saturating_mul(2).max(1_000) {
            self.keep_the_first();
        }
    }

    /// Ends a round. `None` if all candidates are wanted once more.
    pub(crate) fn end(&mut self) -> Option<Vec<Identity>> {
        self.keep_the_first();
        let mut rows = std::mem::take(&mut self.held);
        if self.is_last() || rows.len() < MOST_HELD {
            rows.drain(..self.skip.min(rows.len()));
            rows.truncate(self.query.limit);
            return Some(rows.into_iter().map(|(_, row)| row).collect());
        }
        let left_out = self.skip.min(MOST_HELD);
        self.skip -= left_out;
        self.after = rows.into_iter().nth(left_out - 1).map(|(position, _)| position);
        None
    }

    fn wanted(&self) -> usize {
        self.skip.saturating_add(self.query.limit)
    }

    fn is_last(&self) -> bool {
        self.wanted() <= MOST_HELD || self.skip == 0
    }

    fn room(&self) -> usize {
        if self.is_last() { self.wanted() } else { MOST_HELD }
    }

    fn keep_the_first(&mut self) {
        let order = &self.query.order;
        self.held.sort_unstable_by(|(left, _), (right, _)| left.compare(right, order));
        self.held.truncate(self.room());
    }
}
