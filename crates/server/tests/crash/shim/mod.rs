//! The C library that is preloaded into servers, and what it tells of them. See `shim.c`.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The built library, and the files through which it is spoken with.
pub(crate) struct Shim {
    directory: TempDir,
}

impl Shim {
    /// Builds the library with the C compiler that SQLite was built with.
    pub(crate) fn build() -> Self {
        let shim = Self { directory: TempDir::new().unwrap() };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/shim/shim.c");
        let compiler = std::env::var_os("CC").unwrap_or("cc".into());
        let output = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([shim.file("shim.so"), source])
            .output()
            .expect("a C compiler");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        shim
    }

    /// Has it loaded into a process.
    pub(crate) fn preload(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", self.file("shim.so"))
            .env("SHIM_STORY", self.file("story"))
            .env("SHIM_DISK_FULL", self.file("disk-full"))
            .env("SHIM_SYNC_FAILS", self.file("sync-fails"));
    }

    /// While this lives, there is no room for the write-ahead log.
    pub(crate) fn fill_disk(&self) -> Fault {
        Fault::begin(self.file("disk-full"))
    }

    /// While this lives, the write-ahead log cannot be synced.
    pub(crate) fn break_sync(&self) -> Fault {
        Fault::begin(self.file("sync-fails"))
    }

    /// What it has told so far.
    pub(crate) fn story(&self) -> Story {
        Story::read(&fs::read_to_string(self.file("story")).unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Something is broken for as long as this lives.
pub(crate) struct Fault(PathBuf);

impl Fault {
    fn begin(path: PathBuf) -> Self {
        fs::write(&path, "").unwrap();
        Self(path)
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// How far what a mark stands for had come when its answer left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// Pages of it were on their way to the log.
    Begun,
    /// All of it was in the log, which a power cut would have lost.
    Written,
    /// It was in the log, and the log was synced after that.
    Synced,
}

/// The order in which things happened.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// The stage of every mark that was answered. `None`: nothing of it was in the log.
    pub(crate) answers: HashMap<String, Option<Stage>>,
    /// Transactions, and those of them that hold more than one mark.
    pub(crate) commits: usize,
    pub(crate) shared_commits: usize,
}

impl Story {
    fn read(lines: &str) -> Self {
        let mut story = Self::default();
        let mut stages: HashMap<&str, Stage> = HashMap::new();
        let mut begun: Vec<&str> = Vec::new();
        // A sync is good for what was written before it began.
        let mut syncs: HashMap<&str, HashSet<&str>> = HashMap::new();
        for line in lines.lines() {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("frame", mark) => {
                    // A page is written again with every change of one of its rows.
                    if !stages.contains_key(mark) {
                        stages.insert(mark, Stage::Begun);
                        begun.push(mark);
                    }
                }
                ("commit", _) => {
                    story.commits += 1;
                    story.shared_commits += usize::from(begun.len() > 1);
                    stages.extend(begun.drain(..).map(|mark| (mark, Stage::Written)));
                }
                ("sync", thread) => {
                    let written = stages.iter().filter(|(_, stage)| **stage == Stage::Written);
                    syncs.insert(thread, written.map(|(mark, _)| *mark).collect());
                }
                ("synced", thread) => {
                    let good_for = syncs.remove(thread).unwrap();
                    stages.extend(good_for.into_iter().map(|mark| (mark, Stage::Synced)));
                }
                ("answer", mark) => {
                    let stage = stages.get(mark).copied();
                    story.answers.entry(mark.to_owned()).or_insert(stage);
                }
                _ => panic!("the shim tells '{line}'"),
            }
        }
        story
    }
}
