//! Measures requests. All that is looked up on the way of a request is a row of a short list.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram};

use super::error::ErrorKind;
use super::routes::{Operation, ROUTES};
use crate::meters::{self, Meters};

/// The first status, and how many there are.
const STATUSES: (u16, usize) = (100, 500);

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An operation of the API.
    Operation(Operation),
    /// No operation: there is none by that path and method.
    Nothing,
    /// What stands beside the API.
    Beside,
}

/// Where requests are told to; a copy tells to the same figures.
#[derive(Clone)]
pub(crate) struct Measure(Arc<Table>);

struct Table {
    meters: Meters,
    purposes: Vec<Row>,
    refused: Vec<(ErrorKind, Counter)>,
}

struct Row {
    purpose: Purpose,
    /// The labels of operation and method.
    labels: [String; 2],
    seconds: Histogram,
    /// A series for each status, which begins with its first request.
    by_status: Vec<OnceLock<Counter>>,
}

impl std::fmt::Debug for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Measure").finish_non_exhaustive()
    }
}

impl Measure {
    /// Tells requests to these meters.
    pub(crate) fn new(meters: &Meters) -> Self {
        let operations = ROUTES.iter().map(|route| {
            let operation = format!("{:?}", route.operation);
            (Purpose::Operation(route.operation), operation, route.method.as_str())
        });
        let others = [(Purpose::Nothing, "none"), (Purpose::Beside, "beside")];
        let others = others.map(|(purpose, name)| (purpose, name.to_owned(), ""));
        let purposes = operations.chain(others).map(|(purpose, operation, method)| Row {
            purpose,
            seconds: meters.histogram(&meters::REQUEST_SECONDS, &[&operation]),
            labels: [operation, method.to_owned()],
            by_status: std::iter::repeat_with(OnceLock::new).take(STATUSES.1).collect(),
        });
        let refused =
            ErrorKind::ALL.map(|kind| (kind, meters.counter(&meters::REFUSED, &[kind.row().1])));
        let table =
            Table { purposes: purposes.collect(), refused: refused.into(), meters: meters.clone() };
        Self(Arc::new(table))
    }

    /// A request that was answered, after this time.
    pub(super) fn answered(&self, purpose: Purpose, status: StatusCode, took: Duration) {
        let Some(row) = self.0.purposes.iter().find(|row| row.purpose == purpose) else { return };
        row.seconds.record(took.as_secs_f64());
        let place = usize::from(status.as_u16().saturating_sub(STATUSES.0));
        let Some(counter) = row.by_status.get(place) else { return };
        let [operation, method] = &row.labels;
        let register = || {
            let labels = [operation.as_str(), method, status.as_str()];
            self.0.meters.counter(&meters::REQUESTS, &labels)
        };
        counter.get_or_init(register).increment(1);
    }

    /// An error that was answered.
    pub(super) fn refused(&self, kind: ErrorKind) {
        if let Some((_, counter)) = self.0.refused.iter().find(|(known, _)| *known == kind) {
            counter.increment(1);
        }
    }
}
