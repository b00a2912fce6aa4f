//! muster on PostgreSQL beside a bare loop on the same tables of the same server, in turn.
//!
//! It must not know which statements either of them sends.

mod bare;
mod place;
mod reads;
mod report;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use crate::disk;
use crate::load::Load;
use crate::measure::{Figures, Server, used};
use crate::options::Options;
use crate::rounds::REST;
use crate::support::{Failure, process, say};
use crate::workload::Workload;
use bare::Bare;
use place::{Place, Tenancy};
pub(crate) use report::{markdown, text};

/// The word of the command line.
pub(crate) const NAME: &str = "postgres";

/// Everything that was measured.
pub(crate) struct Run {
    cases: Vec<Case>,
    /// What a `PATCH` leaves in the history.
    history_bytes: f64,
    /// The disk's sync latency before and after.
    disk: [Duration; 2],
}

/// One workload over rows of so many tenants.
pub(crate) struct Case {
    workload: Workload,
    tenants: usize,
    /// By round; `muster` has the same order.
    bare: Vec<Round>,
    muster: Vec<Round>,
}

/// What one round showed.
#[derive(Clone, Copy)]
struct Round {
    figures: Figures,
    /// Writes that shared a transaction, on average.
    writes_per_commit: f64,
    /// Processor time of PostgreSQL for a request, in microseconds.
    database_us: f64,
}

/// Measures reads and writes in one tenant and in many. `None` where it was not asked for, or
/// PostgreSQL is not installed, which is then said.
pub(crate) async fn run(options: &Options) -> Result<Option<Run>, Failure> {
    if !options.wants(NAME) {
        return Ok(None);
    }
    let Some(place) = Place::start(options).await? else { return Ok(None) };
    let before = disk::sync_latency(&options.directory)?;
    let mut cases = Vec::new();
    for tenancy in [place.one_tenant(options).await?, place.many_tenants(options).await?] {
        let bare = Bare::new(&place, options, &tenancy).await?;
        for workload in Workload::ALL {
            cases.push(measure(options, &place, &tenancy, &bare, workload).await?);
        }
    }
    let disk = [before, disk::sync_latency(&options.directory)?];
    Ok(Some(Run { cases, history_bytes: place.history_bytes(), disk }))
}

async fn measure(
    options: &Options,
    place: &Place,
    tenancy: &Tenancy,
    bare: &Arc<Bare>,
    workload: Workload,
) -> Result<Case, Failure> {
    let connections = options.connections.get();
    if options.progress {
        let (rounds, round, method) = (options.rounds, options.round, workload.method());
        say(&format!(
            "{NAME}, {method}, tenants {}: the bare loop and muster in turn, {round:?} each, \
             {rounds} times",
            tenancy.tenants
        ));
    }
    let muster = Server {
        name: "muster",
        process: Arc::clone(&place.muster.process),
        load: Arc::new(Load::new(workload, place.muster.address, tenancy.requests())),
        log: Some(place.muster.log.clone()),
    };
    let beside_bare = async |duration| {
        let before = process::own_processor_time();
        let answers = bare.run(workload, connections, duration).await?;
        let busy = used(before, process::own_processor_time()) / answers.elapsed.as_secs_f64();
        Ok::<_, Failure>(Figures::of(answers, 0.0, busy))
    };
    let commits = place.commits().await?;
    muster.round(connections, options.warm_up).await?;
    bare.keep_to(place.commits().await?.since(commits));
    beside_bare(options.warm_up).await?;
    let mut case =
        Case { workload, tenants: tenancy.tenants, bare: Vec::new(), muster: Vec::new() };
    for _ in 0..options.rounds.get() {
        tokio::time::sleep(REST).await;
        let (before, commits) = (place.database_time(), bare.commits());
        let figures = beside_bare(options.round).await?;
        let commits = bare.commits().since(commits);
        case.bare.push(Round::new(figures, options, commits, used(before, place.database_time())));

        tokio::time::sleep(REST).await;
        let (before, commits) = (place.database_time(), place.commits().await?);
        let figures = muster.round(connections, options.round).await?;
        let database = used(before, place.database_time());
        let commits = place.commits().await?.since(commits);
        case.muster.push(Round::new(figures, options, commits, database));
    }
    Ok(case)
}

/// Transactions so far, and the writes in them.
#[derive(Clone, Copy)]
struct Commits {
    transactions: u64,
    writes: u64,
}

impl Commits {
    fn since(self, before: Self) -> Self {
        Self {
            transactions: self.transactions - before.transactions,
            writes: self.writes - before.writes,
        }
    }

    /// Writes in a transaction, on average.
    fn writes_each(self) -> f64 {
        self.writes as f64 / self.transactions.max(1) as f64
    }
}

impl Round {
    fn new(figures: Figures, options: &Options, commits: Commits, database: f64) -> Self {
        let requests = figures.per_second * options.round.as_secs_f64();
        Self {
            figures,
            writes_per_commit: commits.writes_each(),
            database_us: database * 1e6 / requests,
        }
    }
}
