//! Copies of a register: of one state, whatever is written meanwhile, whole or not there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at once at what must not be"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::{Draft, Patch, Rules, TenantId};
use store::{
    Actor, Audit, BackupError, BackupRun, BackupStep, Clock, Contents, Durability, Held, Opening,
    Operation, Store, StoreUrl, Write,
};
use tempfile::TempDir;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(0x7e7a));
/// Rows of a register that is copied in more than one round, and of which a tenant is removed in
/// more than one transaction.
const MANY: usize = 10_000;

struct Register {
    store: Store,
    url: StoreUrl,
    directory: TempDir,
}

impl Register {
    async fn with(rows: usize) -> Self {
        let directory = TempDir::new().unwrap();
        let url = StoreUrl::in_directory(directory.path());
        let opening = Opening { durability: Durability::None, ..Opening::default() };
        let store = Store::open_as(&url, opening, Clock::system()).await.unwrap();
        assert!(store.add_tenant(TENANT, "Tests", true).await.unwrap());
        let register = Self { store, url, directory };
        register.import("first", rows).await;
        register
    }

    async fn import(&self, prefix: &str, rows: usize) {
        let row = |n| {
            let identifier = Some(format!("{prefix} {n}"));
            Draft::new(Patch { identifier, ..Patch::default() }, Rules::Documented).unwrap()
        };
        let operation = Operation::Import { rows: (0..rows).map(row).collect(), overwrite: false };
        let audit = Audit {
            actor: Actor::System,
            ip: None,
            request_id: Uuid::now_v7(),
            client_request_id: None,
        };
        let deadline = Instant::now() + Duration::from_secs(600);
        self.store.write(Write { tenant: TENANT, audit, deadline, operation }).await.unwrap();
    }

    /// A file beside the register.
    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Copies a register; `hear` is told each step, and what would stop it.
fn copy(
    url: &StoreUrl,
    to: &Path,
    hear: &mut dyn FnMut(BackupStep, &AtomicBool),
) -> Result<Contents, BackupError> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let mut hear = |step| hear(step, &told);
    Store::backup(url, to, &mut BackupRun { replace: false, hear: &mut hear, stop })
}

/// Files whose names begin so.
fn files(directory: &Path, prefix: &str) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.contains(prefix)).collect()
}

fn only(contents: &Contents) -> &Held {
    assert_eq!(contents.tenants.len(), 1, "{contents:?}");
    &contents.tenants[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_holds_what_there_was_when_it_began_and_lets_writes_through() {
    let register = Register::with(MANY).await;
    let to = register.file("copy?1%20#.db");
    let mut steps = Vec::new();
    let runtime = tokio::runtime::Handle::current();
    let contents = tokio::task::block_in_place(|| {
        copy(&register.url, &to, &mut |step, _| {
            runtime.block_on(register.import(&format!("meanwhile {}", steps.len()), 3));
            steps.push(step);
        })
    });
    let contents = contents.unwrap();
    let held = only(&contents);
    assert_eq!((held.identities, held.changes), (10_000, 10_000), "none of what was written later");
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&to).unwrap().len(), contents.bytes);
    assert_eq!(files(register.directory.path(), "copy"), ["copy?1%20#.db"], "nothing beside it");

    let (last, copied) = steps.split_last().unwrap();
    assert_eq!(*last, BackupStep::Checking);
    assert!(copied.len() > 1, "one round only: {steps:?}");
    let mut before = 0;
    for step in copied {
        let BackupStep::Copying { done, all } = *step else { panic!("{steps:?}") };
        assert_eq!(all, contents.bytes);
        assert!(before < done && done <= all, "{steps:?}");
        before = done;
    }
    assert_eq!(before, contents.bytes);
    let there = register.store.holdings(TENANT).await.unwrap();
    assert_eq!(there.identities, 10_000 + 3 * steps.len() as u64, "all of it was written");
}

#[tokio::test]
async fn a_copy_that_is_stopped_leaves_nothing() {
    let register = Register::with(MANY).await;
    for at in [0, 2] {
        let to = register.file("copy.db");
        let mut steps = 0;
        let stopped = copy(&register.url, &to, &mut |_, stop| {
            stop.fetch_or(steps == at, Ordering::Relaxed);
            steps += 1;
        });
        assert!(matches!(stopped, Err(BackupError::Interrupted)), "{stopped:?}");
        assert_eq!(files(register.directory.path(), "copy"), [] as [&str; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_being_removed_is_no_damage() {
    let register = Register::with(MANY).await;
    let mut seen = Vec::new();
    let mut look = |gone| {
        let to = register.file(&format!("copy-{gone}.db"));
        let contents = copy(&register.url, &to, &mut |_, _| {}).unwrap();
        let held = only(&contents);
        assert!(held.is_going, "{held:?}");
        seen.push((gone, held.identities, held.changes));
    };
    register.store.remove_tenant(TENANT, &mut look).await.unwrap();
    let steps = [(5_000, 5_000, 10_000), (10_000, 0, 10_000), (15_000, 0, 5_000), (20_000, 0, 0)];
    assert_eq!(seen, steps);
}
