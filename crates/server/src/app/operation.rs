//! What operators look at: whether the service is well, and how much it has to do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use store::{CommitMeters, Store};
use tokio::net::TcpListener;

use super::{MetricsListen, ServeArgs, StartError};
use crate::http::connections::{Connections, Listener};
use crate::http::health::{self, Check};
use crate::http::{App, Beside, Measure, scrape};
use crate::listen;
use crate::meters::{self, Meters};

/// Connections at a time to the listener of the metrics.
const MAX_SCRAPERS: usize = 16;

/// What the operator's side of a service consists of.
pub(super) struct Operation {
    meters: Option<Meters>,
    socket: Option<TcpListener>,
}

impl Operation {
    /// Takes the address of the metrics, and begins to measure, unless told not to.
    pub(super) async fn prepare(args: &ServeArgs) -> Result<Self, StartError> {
        let default =
            if args.dev { MetricsListen::Off } else { MetricsListen::Own(listen::METRICS) };
        let at = args.metrics_listen.unwrap_or(default);
        let socket = match at {
            MetricsListen::Own(address) => Some(listen::bind(address, "--metrics-listen").await?),
            MetricsListen::Api | MetricsListen::Off => None,
        };
        let meters = if at == MetricsListen::Off { None } else { Some(Meters::new()?) };
        if let Some(meters) = &meters {
            meters.keep();
        }
        Ok(Self { meters, socket })
    }

    /// Where requests are told to, if they are measured.
    pub(super) fn measure(&self) -> Option<Measure> {
        self.meters.as_ref().map(Measure::new)
    }

    /// Puts the operator's routes beside the API, and gives the connections of their own listener,
    /// if they have one.
    pub(super) fn beside(
        self,
        service: Router,
        common: &Beside,
        store: &Arc<Store>,
        app: &Arc<App>,
    ) -> (Router, Operated) {
        let common = Beside { is_quiet: true, ..common.clone() };
        let health = health::router(checks(store, app));
        let mut beside = health.clone();
        let mut own = None;
        if let Some(meters) = &self.meters {
            tell(meters, store, app);
            let metrics = scrape::router(meters.clone());
            match self.socket {
                Some(socket) => own = Some((socket, scrape::alone(health.merge(metrics)))),
                None => beside = beside.merge(metrics),
            }
        }
        let own = own.map(|(socket, routes)| Own::begin(socket, routes, &common));
        let operated = Operated { meters: self.meters, own };
        (service.merge(common.around(beside)), operated)
    }
}

/// What has to be well for the service to serve.
fn checks(store: &Arc<Store>, app: &Arc<App>) -> Vec<Check> {
    let (reads, writes, app) = (Arc::clone(store), Arc::clone(store), Arc::clone(app));
    vec![
        Check {
            name: "store",
            run: Box::new(move || {
                let store = Arc::clone(&reads);
                Box::pin(async move {
                    let read = store.try_read(Instant::now() + health::PATIENCE).await;
                    read.map_err(|error| error.to_string())
                })
            }),
        },
        Check {
            name: "writer",
            run: Box::new(move || {
                let store = Arc::clone(&writes);
                Box::pin(async move {
                    let wrote = store.try_write(Instant::now() + health::PATIENCE).await;
                    wrote.map_err(|error| error.to_string())
                })
            }),
        },
        Check {
            name: "authority",
            run: Box::new(move || {
                let has_keys = app.knows_keys();
                Box::pin(async move {
                    has_keys.then_some(()).ok_or_else(|| "no issuer's keys are known".to_owned())
                })
            }),
        },
    ]
}

/// Tells what is looked up when somebody reads the figures.
fn tell(meters: &Meters, store: &Arc<Store>, app: &Arc<App>) {
    store.tell_commits(CommitMeters {
        writes: meters.histogram(&meters::COMMIT_WRITES, &[]),
        rows: meters.histogram(&meters::COMMIT_ROWS, &[]),
        seconds: meters.histogram(&meters::COMMIT_SECONDS, &[]),
    });
    let waiting_writes = meters.gauge(&meters::WAITING_WRITES, &[]);
    let waiting_rows = meters.gauge(&meters::WAITING_ROWS, &[]);
    let scans = meters.gauge(&meters::SCANS, &[]);
    let log_pages = meters.gauge(&meters::LOG_PAGES, &[]);
    let store = Arc::clone(store);
    meters.look(move || {
        let load = store.load();
        waiting_writes.set(figure(load.waiting_writes));
        waiting_rows.set(figure(load.waiting_rows));
        scans.set(figure(load.scans));
        log_pages.set(figure(load.log_pages));
    });
    let (known, new) =
        (meters.counter(&meters::TOKENS, &["yes"]), meters.counter(&meters::TOKENS, &["no"]));
    let app = Arc::clone(app);
    meters.look(move || {
        let tokens = app.tokens();
        known.absolute(tokens.known);
        new.absolute(tokens.new);
    });
}

#[expect(clippy::cast_precision_loss, reason = "what is counted here stays far below 2^52")]
fn figure(count: impl TryInto<u64>) -> f64 {
    count.try_into().map_or(0.0, |count| count as f64)
}

/// The operator's side of a service that runs.
#[derive(Debug)]
pub(super) struct Operated {
    meters: Option<Meters>,
    own: Option<Own>,
}

/// A listener of its own.
#[derive(Debug)]
struct Own {
    address: Option<SocketAddr>,
    connections: Connections,
}

impl Own {
    fn begin(socket: TcpListener, routes: Router, common: &Beside) -> Self {
        let address = socket.local_addr().ok();
        let routes = common.clone().around(routes);
        let connections = Connections::new(routes, MAX_SCRAPERS, common.clock.clone());
        connections.accept(Listener { socket, tls: None });
        Self { address, connections }
    }
}

impl Operated {
    /// Counts these connections.
    pub(super) fn count(&self, connections: &Connections) {
        let Some(meters) = &self.meters else { return };
        let open = meters.gauge(&meters::CONNECTIONS, &[]);
        let in_work = meters.gauge(&meters::IN_WORK, &[]);
        let census = connections.census();
        meters.look(move || {
            let (connections, requests) = census();
            open.set(figure(connections));
            in_work.set(figure(requests));
        });
    }

    /// The address of the metrics, if they have one of their own.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.own.as_ref().and_then(|own| own.address)
    }

    /// Ends with the service.
    pub(super) async fn stop(self) {
        if let Some(own) = self.own {
            own.connections.stop().await;
        }
    }
}
