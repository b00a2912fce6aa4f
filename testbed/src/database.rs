//! Databases of a server: made for one test, and dropped behind it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use crate::binaries;

/// A database of one test. It is dropped behind the one who drops this, whoever is still connected.
pub struct Database {
    name: String,
    server: Server,
    dropped: Sender<String>,
}

/// What makes databases.
pub(crate) struct Databases {
    server: Server,
    made: AtomicUsize,
    /// To the thread that drops them. Each drop waits for a checkpoint, which a test must not.
    dropped: Sender<String>,
}

/// How to reach the server.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    psql: PathBuf,
}

impl Databases {
    pub(crate) fn of(address: SocketAddr, bin: &Path) -> Self {
        let server = Server { address, psql: bin.join("psql") };
        let (dropped, names) = mpsc::channel::<String>();
        let at = server.clone();
        thread::spawn(move || {
            for name in names {
                // A server that is down, or gone, has nothing to drop.
                let _ = at.run("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
            }
        });
        Self { server, made: AtomicUsize::new(1), dropped }
    }

    /// A database, made with these options.
    pub(crate) fn create(&self, options: &str) -> Database {
        let name = format!("test_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} {options}");
        if let Err(said) = self.server.run("postgres", &create) {
            panic!("{create}: {said}");
        }
        Database { name, server: self.server.clone(), dropped: self.dropped.clone() }
    }
}

impl Database {
    /// The URL of the database on its server.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.server.address)
    }

    /// Its URL where another address leads to the server, such as that of a [`Proxy`](crate::Proxy).
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://postgres@{address}/{}", self.name)
    }

    /// What `psql` prints, given SQL as a text: a line for each row, `|` between its columns.
    ///
    /// # Panics
    ///
    /// Where the server refuses it.
    pub fn query(&self, sql: &str) -> String {
        self.server.run(&self.name, sql).unwrap_or_else(|said| panic!("{sql}: {said}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.dropped.send(std::mem::take(&mut self.name));
    }
}

impl Server {
    /// What `psql` prints, or what it complains of.
    fn run(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = binaries::command(&self.psql);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--username=postgres"]);
        psql.args(["--set=ON_ERROR_STOP=1", "--command", sql, "--dbname", database]);
        psql.arg(format!("--host={}", self.address.ip()));
        psql.arg(format!("--port={}", self.address.port())).stdin(Stdio::null());
        let output = psql.output().map_err(|error| error.to_string())?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}
