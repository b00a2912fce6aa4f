//! A server that writes down what stores ask of it.

use std::path::PathBuf;

use testbed::{Cluster, Database};

pub(crate) struct Logged {
    pub(crate) database: Database,
    log: PathBuf,
    /// It ends last.
    _cluster: Cluster,
}

impl Logged {
    /// A server with these settings, as SQL.
    pub(crate) fn with(settings: &[&str]) -> Option<Self> {
        let cluster = Cluster::own()?;
        let database = cluster.database();
        database.query("ALTER SYSTEM SET log_line_prefix = '%a|'");
        for setting in settings {
            database.query(&format!("ALTER SYSTEM SET {setting}"));
        }
        database.query("SELECT pg_reload_conf()");
        let log = cluster.directory().join("log");
        Some(Self { database, log, _cluster: cluster })
    }

    /// How much there is already.
    pub(crate) fn len(&self) -> usize {
        std::fs::read(&self.log).unwrap().len()
    }

    /// What was written down of stores behind so much, entry by entry, from behind `beginning` on.
    pub(crate) fn entries(&self, behind: usize, beginning: &str) -> Vec<String> {
        let bytes = std::fs::read(&self.log).unwrap();
        let text = String::from_utf8_lossy(&bytes[behind..]).replace("\n\t", " ");
        let ours = text.lines().filter_map(|line| line.strip_prefix("muster|LOG:  "));
        ours.filter_map(|entry| Some(entry.split_once(beginning)?.1.to_owned())).collect()
    }
}
