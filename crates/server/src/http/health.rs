//! Whether the process lives, and whether it can serve: for load balancers, and for whatever starts
//! it again. Must not know what is checked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::{BoxFuture, join_all};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::error::ErrorKind;
use super::routes::{HEALTH, READY};

/// How long a check may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How long an outcome is believed. Whoever asks more often costs the store nothing.
const BELIEVED_FOR: Duration = Duration::from_millis(500);

/// Something that has to be well for the service to serve.
pub(crate) struct Check {
    /// What it is about.
    pub(crate) name: &'static str,
    /// Sees whether it is well. What is wrong with it is for the log.
    pub(crate) run: Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

struct Readiness {
    checks: Vec<Check>,
    /// Whoever asks while checks run waits for their outcome.
    last: Mutex<Option<(Instant, Outcome)>>,
}

/// Of each check by name, whether it went well.
type Outcome = Vec<(&'static str, bool)>;

/// The two routes, for as many listeners as there are.
pub(crate) fn router(checks: Vec<Check>) -> Router {
    let readiness = Arc::new(Readiness { checks, last: Mutex::default() });
    Router::new()
        .route(HEALTH, get(async || Json(json!({ "status": "alive" }))))
        .route(READY, get(ready))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Arc<Readiness>>) -> Response {
    let outcome = readiness.outcome().await;
    let is_ready = outcome.iter().all(|(_, is_well)| *is_well);
    let (status, word) = match is_ready {
        true => (StatusCode::OK, "ready"),
        false => (ErrorKind::Unavailable.row().0, "not ready"),
    };
    let word_of = |is_well| Value::from(if is_well { "ok" } else { "failed" });
    let checks = outcome.into_iter().map(|(name, is_well)| (name.to_owned(), word_of(is_well)));
    let checks: Map<String, Value> = checks.collect();
    (status, Json(Told { status: word, checks })).into_response()
}

/// What is told: of what is wrong only that it is, for anybody may ask.
#[derive(Serialize)]
struct Told {
    status: &'static str,
    checks: Map<String, Value>,
}

impl Readiness {
    async fn outcome(&self) -> Outcome {
        let mut last = self.last.lock().await;
        if let Some((at, outcome)) = &*last
            && at.elapsed() < BELIEVED_FOR
        {
            return outcome.clone();
        }
        let outcome = join_all(self.checks.iter().map(run)).await;
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

async fn run(check: &Check) -> (&'static str, bool) {
    let name = check.name;
    let outcome = tokio::time::timeout(PATIENCE, (check.run)()).await;
    let outcome = outcome.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")));
    if let Err(error) = &outcome {
        tracing::warn!(check = name, error, "not ready");
    }
    (name, outcome.is_ok())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn check(
        name: &'static str,
        run: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Check {
        Check { name, run: Box::new(move || Box::pin(std::future::ready(run()))) }
    }

    fn readiness(checks: Vec<Check>) -> Readiness {
        Readiness { checks, last: Mutex::default() }
    }

    #[tokio::test]
    async fn each_check_is_told_by_its_name() {
        let checks = vec![check("a", || Ok(())), check("b", || Err("away".to_owned()))];
        assert_eq!(readiness(checks).outcome().await, [("a", true), ("b", false)]);
    }

    #[tokio::test]
    async fn an_outcome_is_believed_for_a_while() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let readiness = readiness(vec![check("a", move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })]);
        join_all((0..10).map(|_| readiness.outcome())).await;
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        // As if it had been long ago.
        let long_ago = Instant::now().checked_sub(BELIEVED_FOR);
        *readiness.last.lock().await = long_ago.map(|then| (then, Vec::new()));
        assert_eq!(readiness.outcome().await, [("a", true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_does_not_end_has_failed() {
        let run = || -> BoxFuture<'static, Result<(), String>> { Box::pin(std::future::pending()) };
        let readiness = readiness(vec![Check { name: "a", run: Box::new(run) }]);
        assert_eq!(readiness.outcome().await, [("a", false)]);
    }
}
