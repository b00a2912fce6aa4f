//! Where PostgreSQL's programs are, and as whom they run.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where Debian installs each version in a directory of its own.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Programs that have to stand in one directory.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];

const MISSING: &str = "PostgreSQL is not installed (initdb, postgres and psql, in \
    /usr/lib/postgresql/*/bin or together on PATH): install the package postgresql";

/// The directory of the programs. Where there is none, that is said once, and is a failure where
/// nothing may be skipped.
pub(crate) fn find() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let found = of_debian().or_else(on_path);
        if found.is_none() && !is_required() {
            // Past the harness, which shows nothing of a test that passes.
            let line = format!("skipped: tests on PostgreSQL, because {MISSING}\n");
            let _ = io::stderr().write_all(line.as_bytes());
        }
        found
    });
    assert!(found.is_some() || !is_required(), "{MISSING}");
    found.as_deref()
}

fn is_required() -> bool {
    std::env::var_os("MUSTER_TEST_REQUIRE").is_some()
}

fn is_complete(directory: &Path) -> bool {
    PROGRAMS.iter().all(|program| directory.join(program).is_file())
}

/// The highest version of Debian's.
fn of_debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?;
    let numbered = versions.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        let number: u32 = name.to_str()?.parse().ok()?;
        Some((number, Path::new(VERSIONS).join(name).join("bin")))
    });
    numbered.filter(|(_, bin)| is_complete(bin)).max().map(|(_, bin)| bin)
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|directory| is_complete(directory))
}

/// A command that sees nothing of our environment, in which `PG…` would mean other servers.
pub(crate) fn command(program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("TZ", "UTC");
    command
}

/// A user and its group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Whom the server has to run as, which refuses to be root: nobody else, unless we are.
    pub(crate) fn for_server(directory: &Path) -> Option<Self> {
        let ours = directory.metadata().expect("the directory was just made").uid();
        if ours != 0 {
            return None;
        }
        let accounts = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
        let found = ["postgres", "nobody"].iter().find_map(|name| Self::of(name, &accounts));
        Some(found.expect("PostgreSQL refuses root, and there is no user postgres or nobody"))
    }

    fn of(name: &str, accounts: &str) -> Option<Self> {
        let fields = accounts.lines().map(|line| line.split(':'));
        fields
            .filter_map(|mut fields| {
                (fields.next()? == name).then_some(())?;
                let user = fields.nth(1)?.parse().ok()?;
                Some(Self { user, group: fields.next()?.parse().ok()? })
            })
            .next()
    }

    /// Gives the account a directory.
    pub(crate) fn own(self, directory: &Path) {
        std::os::unix::fs::chown(directory, Some(self.user), Some(self.group))
            .expect("root may give directories away");
    }

    /// Has a command run as this account.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}
