//! The order of a run: start a pair of servers, see that they answer alike, and load them in turn.
//!
//! It must not know how figures are taken or shown.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::baseline::Baseline;
use crate::load::{Load, Row};
use crate::measure::{Figures, Server};
use crate::options::Options;
use crate::support::muster::{self, Muster};
use crate::support::{Failure, say};
use crate::workload::Workload;
use crate::{agreement, disk, entity, import};

/// Rest between two measurements, so that one server's background work ends in its own time.
pub(crate) const REST: Duration = Duration::from_millis(200);

/// Everything that was measured.
pub(crate) struct Run {
    pub(crate) cases: Vec<Case>,
}

/// One workload at one number of connections.
pub(crate) struct Case {
    pub(crate) workload: Workload,
    pub(crate) connections: usize,
    pub(crate) baseline_name: &'static str,
    /// By round; `muster` has the same order.
    pub(crate) baseline: Vec<Figures>,
    pub(crate) muster: Vec<Figures>,
    /// The disk's sync latency before and after a case of writes.
    pub(crate) disk: Option<[Duration; 2]>,
}

/// Two servers with the same rows.
struct Pair {
    workload: Workload,
    baseline: Server,
    muster: Server,
}

/// Measures each workload that the options ask for, with one connection and with all.
pub(crate) async fn run(options: &Options) -> Result<Run, Failure> {
    if options.rows < options.connections {
        return Err("give at least as many --rows as --connections".to_owned());
    }
    let mut cases = Vec::new();
    for workload in Workload::ALL {
        if !options.wants(workload.name()) {
            continue;
        }
        let directory = tempfile::tempdir_in(&options.directory).map_err(|error| {
            format!("cannot create a directory in {}: {error}", options.directory.display())
        })?;
        let pair = Pair::start(workload, options.rows.get(), directory.path()).await?;
        let mut counts = vec![1, options.connections.get()];
        counts.dedup();
        for connections in counts {
            cases.push(pair.measure(options, connections, directory.path()).await?);
        }
    }
    Ok(Run { cases })
}

impl Pair {
    async fn start(workload: Workload, rows: usize, directory: &Path) -> Result<Self, Failure> {
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.map_err(|error| format!("cannot make an HTTP client: {error}"))?;
        let muster = Muster::start(directory, &["--no-sample".as_ref()], muster::PATIENCE).await?;
        let ids = import::import(&muster, &client, &muster.token, 0..rows).await?;

        let baseline = match workload {
            Workload::Read => Baseline::BareAxum,
            Workload::Write => Baseline::FsyncLog { log: directory.join("baseline.log"), rows },
        };
        let (process, address) = baseline.start()?;
        let baseline_ids = entity::ids(rows);
        agreement::check(
            &client,
            workload,
            &muster.token,
            [
                (baseline.name(), address, baseline_ids.first()),
                ("muster", muster.address, ids.first()),
            ],
        )
        .await?;
        let token: Arc<str> = muster.token.as_str().into();
        let load = |address, ids: Vec<String>| {
            let rows = ids.into_iter().map(|id| Row { id, token: Arc::clone(&token) });
            Arc::new(Load::new(workload, address, rows.collect()))
        };
        Ok(Self {
            workload,
            baseline: Server {
                name: baseline.name(),
                process: process.into(),
                load: load(address, baseline_ids),
                log: None,
            },
            muster: Server {
                name: "muster",
                load: load(muster.address, ids),
                process: muster.process,
                log: Some(muster.log),
            },
        })
    }

    async fn measure(
        &self,
        options: &Options,
        connections: usize,
        directory: &Path,
    ) -> Result<Case, Failure> {
        let writes = self.workload == Workload::Write;
        let sync_latency = || writes.then(|| disk::sync_latency(directory)).transpose();
        if options.progress {
            self.announce(options, connections);
        }
        let before = sync_latency()?;
        for server in [&self.baseline, &self.muster] {
            server.round(connections, options.warm_up).await?;
        }
        let (mut baseline, mut muster) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds.get() {
            tokio::time::sleep(REST).await;
            baseline.push(self.baseline.round(connections, options.round).await?);
            tokio::time::sleep(REST).await;
            muster.push(self.muster.round(connections, options.round).await?);
        }
        Ok(Case {
            workload: self.workload,
            connections,
            baseline_name: self.baseline.name,
            baseline,
            muster,
            disk: before.zip(sync_latency()?).map(|(before, after)| [before, after]),
        })
    }

    fn announce(&self, options: &Options, connections: usize) {
        let (workload, baseline) = (self.workload.name(), self.baseline.name);
        let (rounds, round) = (options.rounds, options.round);
        say(&format!(
            "{workload}, connections {connections}: {baseline} and muster in turn, {round:?} each, \
             {rounds} times"
        ));
    }
}
