//! Servers: one that the tests of a process share, and such as belong to one test alone.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::Database;
use crate::binaries::{self, Account};
use crate::database::Databases;
use crate::keeper::Keeper;

/// What differs from the defaults. The port is given at each start.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = on
shared_buffers = 64MB
max_connections = 300
# Each dropped database asks for a checkpoint; hardly one has to come by itself.
checkpoint_timeout = 1h
max_wal_size = 512MB
# Shared memory of containers may be small.
dynamic_shared_memory_type = mmap
";

/// Files in memory.
const MEMORY: &str = "/dev/shm";

/// How much of it has to be free, in KiB: several times what the tests of a process fill.
const LEAST_MEMORY: u64 = 2 << 20;

/// Ports to choose from: below those that the system gives to outgoing connections.
const PORTS: std::ops::Range<u32> = 12_000..32_000;

/// How often a server may end at once before that is a failure: its port may be taken just now,
/// and what a killed one left behind may not be gone yet.
const ATTEMPTS: usize = 50;

/// A PostgreSQL server with data of its own, on the loopback. All may connect without a password.
/// It ends with the process that started it, however that ends, and leaves nothing behind.
pub struct Cluster {
    directory: PathBuf,
    address: SocketAddr,
    databases: Databases,
    keeper: Mutex<Keeper>,
}

/// What a server has otherwise than the others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Special<'a> {
    /// Lines of `postgresql.conf`.
    pub settings: &'a str,
    /// The lines of `pg_hba.conf`; else all may connect without a password. `postgres` has to be let
    /// in without one over TCP, encrypted or not.
    pub access: Option<&'a str>,
    /// A certificate and its key, as PEM, with which the server speaks TLS.
    pub identity: Option<(&'a str, &'a str)>,
}

impl Cluster {
    /// The server that all tests of this process share, started when it is first asked for. `None`
    /// where PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Self::own).as_ref()
    }

    /// A server of one's own, started. `None` where PostgreSQL is not installed.
    #[must_use]
    pub fn own() -> Option<Self> {
        Self::special(&Special::default())
    }

    /// The same, of a special kind.
    #[must_use]
    pub fn special(special: &Special<'_>) -> Option<Self> {
        Self::set_up(&place(), special)
    }

    /// The same with its data in a directory of this one, for whoever measures a disk. Everybody
    /// must be able to get there, where we are root: the server may not be.
    #[must_use]
    pub fn own_in(place: &Path) -> Option<Self> {
        Self::set_up(place, &Special::default())
    }

    fn set_up(place: &Path, special: &Special<'_>) -> Option<Self> {
        let bin = binaries::find()?;
        let directory = tempfile::Builder::new().prefix("testbed-").tempdir_in(place);
        // The keeper removes it.
        let directory = directory.expect("a directory can be made").keep();
        let account = Account::for_server(&directory);
        account.inspect(|account| account.own(&directory));
        let mut keeper = Keeper::new(&directory, bin, account);
        initialise(&directory, bin, account);
        specialise(&directory.join("data"), special, account);
        let mut tried = (0..ATTEMPTS).map(|_| free_port()).filter(|port| keeper.start(*port));
        let Some(port) = tried.next() else { panic!("no start: {}", log(&directory)) };
        drop(tried);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let databases = Databases::of(address, bin);
        Some(Self { directory, address, databases, keeper: Mutex::new(keeper) })
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the server has its data, and its log as `log`.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// An empty database.
    pub fn database(&self) -> Database {
        self.databases.create("")
    }

    /// An empty database that orders text as no program does that goes by code points: capitals
    /// among small letters, numbers by their value, `aa` behind `z`.
    pub fn hostile_database(&self) -> Database {
        self.databases.create("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'da-u-kn'")
    }

    /// Stops the server: it cuts its connections, writes all to disk, and ends.
    pub fn stop(&self) {
        self.keeper().stop();
    }

    /// Kills the server with all its connections, as when its machine is lost.
    pub fn kill(&self) {
        self.keeper().kill();
    }

    /// Starts the server again after it was stopped or killed, at the same place, with its data.
    pub fn start(&self) {
        let mut keeper = self.keeper();
        let port = self.address.port();
        let started = (0..ATTEMPTS).any(|_| keeper.start(port));
        assert!(started, "no start: {}", log(&self.directory));
    }

    fn keeper(&self) -> std::sync::MutexGuard<'_, Keeper> {
        // A test that failed leaves the keeper usable.
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where directories are made: in memory, where there is enough. The server syncs as ever, and a
/// process that is killed loses nothing of it; but a database is dropped in no time, which on a
/// disk waits for the files of all others.
fn place() -> PathBuf {
    let mut df = binaries::command("df");
    let output = df.args(["-k", "--output=avail", MEMORY]).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let free = said.ok().and_then(|said| said.lines().nth(1)?.trim().parse().ok());
    let is_enough = free.is_some_and(|free: u64| free >= LEAST_MEMORY);
    if is_enough { MEMORY.into() } else { std::env::temp_dir() }
}

/// Makes the data directory.
fn initialise(directory: &Path, bin: &Path, account: Option<Account>) {
    let mut initdb = binaries::command(bin.join("initdb"));
    initdb.arg("-D").arg(directory.join("data")).current_dir(directory);
    initdb.args(["--username=postgres", "--auth=trust", "--data-checksums"]);
    initdb.args(["--encoding=UTF8", "--locale=C.UTF-8"]);
    // What is made here is lost with the machine in any case.
    initdb.args(["--no-sync", "--no-instructions"]);
    account.inspect(|account| account.run(&mut initdb));
    let output = initdb.output().expect("initdb can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "initdb: {said}");
    let file = directory.join("data/postgresql.conf");
    let defaults = std::fs::read_to_string(&file).expect("initdb wrote it");
    let socket = format!("unix_socket_directories = '{}'\n", directory.display());
    std::fs::write(&file, defaults + SETTINGS + &socket).expect("it can be written");
}

/// What differs in a new data directory, under the names that PostgreSQL expects.
fn specialise(data: &Path, special: &Special<'_>, account: Option<Account>) {
    let mut settings = OpenOptions::new();
    let settings = settings.append(true).open(data.join("postgresql.conf"));
    let mut settings = settings.expect("initdb wrote it");
    writeln!(settings, "{}", special.settings).expect("it can be written");
    if let Some(access) = special.access {
        std::fs::write(data.join("pg_hba.conf"), access).expect("it can be written");
    }
    let Some((certificate, key)) = special.identity else { return };
    writeln!(settings, "ssl = on").expect("it can be written");
    for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
        let file = data.join(name);
        // A key that others could read is refused.
        let mut private = OpenOptions::new();
        let created = private.write(true).create_new(true).mode(0o600).open(&file);
        created.and_then(|mut file| file.write_all(pem.as_bytes())).expect("it can be written");
        account.inspect(|account| account.own(&file));
    }
}

/// A port on which nobody listens at the moment.
fn free_port() -> u16 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    loop {
        let random =
            RandomState::new().build_hasher().finish() % u64::from(PORTS.end - PORTS.start);
        let port = u16::try_from(u64::from(PORTS.start) + random).expect("they are ports");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// What the server said, for the words of a failure.
fn log(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("log")).unwrap_or_else(|error| error.to_string())
}
