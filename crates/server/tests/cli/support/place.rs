//! A directory to run the binary in, and what came of a run. Must not know what is right.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{Server, wait_for};

/// An empty working directory, which goes with the value.
pub(crate) struct Place {
    directory: TempDir,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    /// The working directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file in the data directory that commands use unless told otherwise.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.path().join("muster-data").join(name)
    }

    /// The binary, to be run here with an empty environment.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(arguments).env_clear().current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ran {
        run(self.command(arguments))
    }

    /// What the binary prints; it has to succeed.
    #[track_caller]
    pub(crate) fn says<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        ran.stdout
    }

    /// Why the binary does not do it; it has to fail, and to print nothing.
    #[track_caller]
    pub(crate) fn fails<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        self.run(arguments).failure()
    }

    /// A token, made with these options.
    #[track_caller]
    pub(crate) fn token(&self, options: &[&str]) -> String {
        self.says(&[&["token"], options].concat()).trim_end().to_owned()
    }

    /// Serves a development register on a free port of the loopback.
    #[track_caller]
    pub(crate) fn serve(&self, options: &[&str]) -> Server {
        let usual = ["serve", "--dev", "--listen", "127.0.0.1:0"];
        Server::start(self.command(&[&usual, options].concat()))
    }

    /// As [`Place::serve`], of a register without samples.
    #[track_caller]
    pub(crate) fn serve_empty(&self, options: &[&str]) -> Server {
        self.serve(&[&["--no-sample"], options].concat())
    }
}

impl Ran {
    /// Why it failed, in one line. Nothing may have been printed.
    #[track_caller]
    pub(crate) fn failure(self) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        let line = self.stderr.strip_suffix('\n').unwrap_or_else(|| panic!("{self:?}"));
        assert!(!line.contains('\n'), "more than one line: {self:?}");
        line.to_owned()
    }

    /// Why the command line makes no sense. Nothing may have been printed.
    #[track_caller]
    pub(crate) fn misuse(self) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        self.stderr
    }
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Ran {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Running(command.spawn().unwrap());
    let stdout = read(child.0.stdout.take().unwrap());
    let stderr = read(child.0.stderr.take().unwrap());
    let status = wait_for("the end of the run", || child.0.try_wait().unwrap());
    Ran { code: status.code(), stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// Reads on a thread of its own: a full pipe would stop the process.
fn read(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

/// A child that does not outlive the test.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or it is to end now.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
