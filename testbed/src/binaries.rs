//! Where PostgreSQL's programs are, and as whom they run.

use std::ffi::{OsStr, OsString};
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
        let found = of_debian(Path::new(VERSIONS)).or_else(|| on_path(&std::env::var_os("PATH")?));
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
fn of_debian(all: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(all).ok()?;
    let numbered = versions.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        let number: u32 = name.to_str()?.parse().ok()?;
        Some((number, all.join(name).join("bin")))
    });
    numbered.filter(|(_, bin)| is_complete(bin)).max().map(|(_, bin)| bin)
}

fn on_path(path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).find(|directory| is_complete(directory))
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

    /// Gives the account a file or a directory.
    pub(crate) fn own(self, path: &Path) {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
            .expect("root may give files away");
    }

    /// Has a command run as this account.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn install(directory: &Path, programs: &[&str]) {
        fs::create_dir_all(directory).unwrap();
        programs.iter().for_each(|program| fs::write(directory.join(program), "").unwrap());
    }

    #[test]
    fn the_highest_version_that_is_complete_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let bin = |version: &str| root.path().join(version).join("bin");
        assert_eq!(of_debian(root.path()), None);
        for version in ["9", "15", "old"] {
            install(&bin(version), &PROGRAMS);
        }
        install(&bin("17"), &["psql"]);
        assert_eq!(of_debian(root.path()), Some(bin("15")));
        assert_eq!(of_debian(&root.path().join("nothing")), None);
    }

    #[test]
    fn on_the_path_all_programs_stand_together() {
        let root = tempfile::tempdir().unwrap();
        let (some, all) = (root.path().join("some"), root.path().join("all"));
        install(&some, &["initdb", "postgres"]);
        install(&all, &PROGRAMS);
        let path = std::env::join_paths([&some, &all]).unwrap();
        assert_eq!(on_path(&path), Some(all));
        assert_eq!(on_path(some.as_os_str()), None);
    }

    #[test]
    fn an_account_is_read_by_its_name() {
        let accounts = "root:x:0:0::/root:/bin/sh\nnobody2:x:1:2::/:\nnobody:x:65534:65533::/:\n";
        let found = Account::of("nobody", accounts).unwrap();
        assert_eq!((found.user, found.group), (65534, 65533));
        assert!(Account::of("postgres", accounts).is_none());
    }
}
