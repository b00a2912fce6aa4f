//! Candidates: rows that the index of text, or its backlog, names for a query. They are gathered by
//! their numbers, of all tenants and in no order, then read as rows of the tenant and judged.

use model::Identity;

use super::Reading;
use crate::StoreError;
use crate::query::{Bound, Condition, Parts, Query, Sql};
use crate::sqlite::rows::{SELECT, has_more};
use crate::sqlite::search;

/// Candidates that are gathered without asking whether another way is shorter.
const FEW: usize = 1_000;
/// Candidates that are judged to tell how many of them pass.
const SAMPLE: usize = 100;
/// Rows that are gone through for a page that many candidates should fill: an estimate of where
/// that costs as much as gathering them.
pub(super) const PATIENCE: usize = 20_000;
/// Candidates that are held, in 8 MB. Of more, going through all rows is no worse.
const MOST: usize = 1_000_000;
/// Candidates that one statement is given.
const AT_ONCE: usize = 5_000;

/// What the index was asked, and the first that it named.
pub(super) struct Candidates {
    wanted: String,
    first: Vec<i64>,
}

impl Candidates {
    /// `None` if the index does not help.
    pub(super) fn look_up(
        reading: &Reading<'_>,
        parts: Option<&Parts>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(wanted) = search::wanted(reading.connection, parts)? else { return Ok(None) };
        let first = search::named(reading.connection, &wanted, FEW + 1)?;
        Ok(Some(Self { wanted, first }))
    }

    /// Whether the tenant's rows, gone through by id, are likely to fill the page soon: there are
    /// many candidates, they lie close together, and of a sample enough pass.
    pub(super) fn fill_soon(
        &self,
        reading: &Reading<'_>,
        query: &Query,
        condition: &Condition,
    ) -> Result<bool, StoreError> {
        let (Some(first), Some(last), true) =
            (self.first.first(), self.first.last(), self.first.len() > FEW)
        else {
            return Ok(false);
        };
        let step = self.first.len() / SAMPLE;
        let sample: Vec<i64> = self.first.iter().copied().step_by(step).collect();
        let mut passed: u64 = 0;
        reading
            .each_of(Some(&sample), condition, |row| passed += u64::from(query.lets_pass(&row)))?;
        // One in so many rows is a candidate, one in so many candidates passes.
        let span = last.abs_diff(*first).saturating_mul(sample.len() as u64);
        let pass = passed.saturating_mul(self.first.len() as u64);
        let wanted = query.skip.saturating_add(query.limit as u64);
        Ok(span.saturating_mul(wanted) <= pass.saturating_mul(PATIENCE as u64))
    }

    /// The numbers of all, those of the backlog too. `None` if there are too many, or more than the
    /// tenant has rows.
    pub(super) fn all(self, reading: &Reading<'_>) -> Result<Option<Vec<i64>>, StoreError> {
        let mut all = self.first;
        if all.len() > FEW {
            all = search::named(reading.connection, &self.wanted, MOST + 1)?;
            let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
            if all.len() > MOST || !has_more(reading.connection, reading.tenant, count)? {
                return Ok(None);
            }
        }
        all.extend(search::backlog(reading.connection)?);
        all.sort_unstable();
        all.dedup();
        Ok(Some(all))
    }
}

impl Reading<'_> {
    /// The numbers of the rows that may pass. `None` if that may be any.
    pub(super) fn candidates(&self, parts: Option<&Parts>) -> Result<Option<Vec<i64>>, StoreError> {
        match Candidates::look_up(self, parts)? {
            Some(candidates) => candidates.all(self),
            None => Ok(None),
        }
    }

    /// Hands over those of the tenant's rows that meet a condition and have one of these numbers,
    /// or all of them where none are given.
    pub(super) fn each_of(
        &self,
        numbers: Option<&[i64]>,
        condition: &Condition,
        mut take: impl FnMut(Identity),
    ) -> Result<(), StoreError> {
        let mut take = |row| {
            take(row);
            true
        };
        let Some(numbers) = numbers else {
            return self.each(&self.begin(SELECT, condition), take);
        };
        for numbers in numbers.chunks(AT_ONCE) {
            self.each(&self.among(numbers, condition), &mut take)?;
        }
        Ok(())
    }

    /// The statement for those of the tenant's rows that meet a condition and have one of these
    /// numbers.
    pub(super) fn among(&self, numbers: &[i64], condition: &Condition) -> Sql {
        let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
        let mut sql = self.begin(SELECT, condition);
        sql.push(" AND rid IN (SELECT value FROM json_each(");
        sql.bind(Bound::Text(format!("[{}]", numbers.join(",")))).push("))");
        sql
    }
}
