//! The one table of what is measured, and the form in which Prometheus reads it. Must not know
//! where a figure comes from.
//!
//! Whoever measures on the way of a request holds handles, and costs an atomic addition. What can
//! be looked up is looked up when somebody reads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

/// How often measured times are sorted into their buckets when nobody reads.
const UPKEEP: Duration = Duration::from_secs(5);

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It comes and goes.
    Gauge,
    /// How many were at most as large as each bound.
    Histogram(&'static [f64]),
}

/// One row of the table.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What its series differ in.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind, labels, help }
}

/// Bounds of times, in seconds.
const SECONDS: Kind = Kind::Histogram(&[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
]);

pub(crate) static REQUESTS: Metric = metric(
    "muster_http_requests_total",
    Kind::Counter,
    &["operation", "method", "status"],
    "Requests that were answered. The operation is `beside` for whatever is not the API, and \
     `none` where the path or the method names no operation",
);
pub(crate) static REQUEST_SECONDS: Metric = metric(
    "muster_http_request_seconds",
    SECONDS,
    &["operation"],
    "Time from the head of a request to the head of its answer",
);
pub(crate) static REFUSED: Metric = metric(
    "muster_http_refused_total",
    Kind::Counter,
    &["code"],
    "Errors that were answered, by the code in their body",
);
pub(crate) static CONNECTIONS: Metric = metric(
    "muster_http_connections",
    Kind::Gauge,
    &[],
    "Connections that are open, at most `--max-connections`",
);
pub(crate) static IN_WORK: Metric =
    metric("muster_http_requests_in_work", Kind::Gauge, &[], "Requests that are not answered yet");
pub(crate) static TOKENS: Metric = metric(
    "muster_tokens_total",
    Kind::Counter,
    &["known"],
    "Bearer tokens that were looked at, by whether they were known from an earlier request. One \
     that is not known costs a verification",
);
pub(crate) static WAITING_WRITES: Metric = metric(
    "muster_store_waiting_writes",
    Kind::Gauge,
    &[],
    "Writes that wait for the write path. Past 4,096, writes are answered with 503",
);
pub(crate) static WAITING_ROWS: Metric = metric(
    "muster_store_waiting_rows",
    Kind::Gauge,
    &[],
    "Rows of writes that wait or are being written. Past 100,000, writes are answered with 503",
);
pub(crate) static COMMIT_WRITES: Metric = metric(
    "muster_store_commit_writes",
    Kind::Histogram(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
    &[],
    "Writes that shared a transaction",
);
pub(crate) static COMMIT_ROWS: Metric = metric(
    "muster_store_commit_rows",
    Kind::Histogram(&[0.0, 1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0]),
    &[],
    "Changes that a transaction stored",
);
pub(crate) static COMMIT_SECONDS: Metric = metric(
    "muster_store_commit_seconds",
    SECONDS,
    &[],
    "Time of a commit, the sync to disk included",
);
pub(crate) static SCANS: Metric = metric(
    "muster_store_scans",
    Kind::Gauge,
    &[],
    "Lists, counts and searches that run in the store, at most 8; further ones wait",
);
pub(crate) static LOG_PAGES: Metric = metric(
    "muster_store_log_pages",
    Kind::Gauge,
    &[],
    "Pages of 4 KiB in the write-ahead log. It starts over at about 65,536",
);
pub(crate) static BUILD: Metric =
    metric("muster_build_info", Kind::Gauge, &["version"], "Always 1; the label tells the build");

/// All that is measured, besides the process itself.
pub static METRICS: [&Metric; 14] = [
    &REQUESTS,
    &REQUEST_SECONDS,
    &REFUSED,
    &CONNECTIONS,
    &IN_WORK,
    &TOKENS,
    &WAITING_WRITES,
    &WAITING_ROWS,
    &COMMIT_WRITES,
    &COMMIT_ROWS,
    &COMMIT_SECONDS,
    &SCANS,
    &LOG_PAGES,
    &BUILD,
];

/// Something to do before the figures are read.
type Look = Box<dyn Fn() + Send + Sync>;

/// The figures.
#[derive(Clone)]
pub struct Meters(Arc<Shared>);

struct Shared {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    process: metrics_process::Collector,
    looks: Mutex<Vec<Look>>,
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Meters {
    /// All at nothing.
    ///
    /// # Errors
    /// A row of the table has no bounds.
    pub fn new() -> Result<Self, BuildError> {
        let mut builder = PrometheusBuilder::new();
        for metric in METRICS {
            if let Kind::Histogram(bounds) = metric.kind {
                let name = Matcher::Full(metric.name.to_owned());
                builder = builder.set_buckets_for_metric(name, bounds)?;
            }
        }
        let recorder = builder.build_recorder();
        for metric in METRICS {
            let (name, help) = (metric.name.into(), metric.help.into());
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, None, help),
                Kind::Gauge => recorder.describe_gauge(name, None, help),
                Kind::Histogram(_) => recorder.describe_histogram(name, None, help),
            }
        }
        let process = metrics_process::Collector::default();
        metrics::with_local_recorder(&recorder, || process.describe());
        let handle = recorder.handle();
        let looks = Mutex::default();
        let this = Self(Arc::new(Shared { recorder, handle, process, looks }));
        this.gauge(&BUILD, &[env!("CARGO_PKG_VERSION")]).set(1.0);
        Ok(this)
    }

    /// The handle of a series.
    pub fn counter(&self, metric: &'static Metric, labels: &[&str]) -> Counter {
        self.0.recorder.register_counter(&key(metric, labels), &METADATA)
    }

    /// The handle of a series.
    pub fn gauge(&self, metric: &'static Metric, labels: &[&str]) -> Gauge {
        self.0.recorder.register_gauge(&key(metric, labels), &METADATA)
    }

    /// The handle of a series.
    pub fn histogram(&self, metric: &'static Metric, labels: &[&str]) -> Histogram {
        self.0.recorder.register_histogram(&key(metric, labels), &METADATA)
    }

    /// Has something done whenever the figures are read.
    pub fn look(&self, look: impl Fn() + Send + Sync + 'static) {
        self.0.looks.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(look));
    }

    /// The figures as Prometheus reads them.
    pub fn render(&self) -> String {
        for look in &*self.0.looks.lock().unwrap_or_else(PoisonError::into_inner) {
            look();
        }
        metrics::with_local_recorder(&self.0.recorder, || self.0.process.collect());
        self.0.handle.render()
    }

    /// Sorts measured times into their buckets from time to time, for as long as somebody holds
    /// the figures: without it they would gather until somebody reads. Asks for a runtime.
    pub fn keep(&self) {
        let shared = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                let Some(shared) = shared.upgrade() else { return };
                shared.handle.run_upkeep();
            }
        });
    }
}

/// Where a figure comes from; nobody asks.
static METADATA: Metadata<'static> = Metadata::new("muster", Level::INFO, None);

fn key(metric: &'static Metric, labels: &[&str]) -> Key {
    let labels = metric.labels.iter().zip(labels);
    let labels = labels.map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(metric.name, labels.collect::<Vec<_>>())
}
