//! One round's figures of one server, and what several rounds say together.
//!
//! It must not know which servers are compared.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::load::{Answers, Load};
use crate::support::Failure;
use crate::support::figures::{median, percentile_ms};
use crate::support::process::{self, Process};

/// A server under load.
pub(crate) struct Server {
    /// What the tables call it.
    pub(crate) name: &'static str,
    pub(crate) process: Arc<Process>,
    pub(crate) load: Arc<Load>,
    /// Where its outputs go; a baseline writes to this process's standard error.
    pub(crate) log: Option<PathBuf>,
}

/// What one round showed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    /// Answers per second.
    pub(crate) per_second: f64,
    /// Latency that half of the answers kept, in milliseconds.
    pub(crate) p50_ms: f64,
    /// Latency that 99 of 100 answers kept, in milliseconds.
    pub(crate) p99_ms: f64,
    /// Processor time of the server for an answer, in microseconds; 0 where the system hides it.
    pub(crate) server_us: f64,
    /// Share of one core that the load generator used, at most 1: near it, the client is the limit.
    pub(crate) client_busy: f64,
}

impl Server {
    /// One round.
    pub(crate) async fn round(
        &self,
        connections: usize,
        duration: Duration,
    ) -> Result<Figures, Failure> {
        let began = Instant::now();
        let before = (self.process.processor_time(), process::own_processor_time());
        let answers = self.load.run(connections, duration).await;
        let answers = answers.map_err(|failure| self.explain(&failure))?;
        let after = (self.process.processor_time(), process::own_processor_time());
        let wall = began.elapsed().as_secs_f64();

        Ok(Figures::of(answers, used(before.0, after.0), used(before.1, after.1) / wall))
    }

    fn explain(&self, failure: &str) -> Failure {
        let log = self.log.as_deref().map(process::log_tail).unwrap_or_default();
        format!("{}: {failure}.{log}", self.name)
    }
}

impl Figures {
    /// The figures of these answers, for which the server used so many seconds.
    pub(crate) fn of(answers: Answers, server: f64, client_busy: f64) -> Self {
        let Answers { elapsed, mut latencies } = answers;
        latencies.sort_unstable();
        let count = latencies.len() as f64;
        Self {
            per_second: count / elapsed.as_secs_f64(),
            p50_ms: percentile_ms(&latencies, 50),
            p99_ms: percentile_ms(&latencies, 99),
            server_us: server * 1e6 / count,
            client_busy,
        }
    }

    /// Each figure's median over the rounds.
    pub(crate) fn median_of(rounds: &[Self]) -> Self {
        let each = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            per_second: each(|round| round.per_second),
            p50_ms: each(|round| round.p50_ms),
            p99_ms: each(|round| round.p99_ms),
            server_us: each(|round| round.server_us),
            client_busy: each(|round| round.client_busy),
        }
    }
}

/// Seconds between two readings; 0 where the system gives none.
pub(crate) fn used(before: Option<Duration>, after: Option<Duration>) -> f64 {
    match (before, after) {
        (Some(before), Some(after)) => after.saturating_sub(before).as_secs_f64(),
        _ => 0.0,
    }
}
