//! Copying a whole register from one engine to another: table by table in chunks by key, resumed
//! where it was interrupted, verified at the end. Must not know an engine.
//!
//! Rows of a tenant are written in the order of their keys, each chunk in one transaction. What is
//! in the target is therefore always a beginning of what is to be there, and its last key says where
//! to go on. A setting of the target marks it until all is verified; whoever opens a marked register
//! is refused.

mod digest;
mod side;
pub(crate) mod table;

use std::ops::ControlFlow;

use model::TenantId;
use uuid::Uuid;

use crate::{Clock, DEV_SETTINGS, Opening, StoreError, StoreUrl};
use digest::{Digest, Sum};
use side::Side;
use table::{Claim, Row, SNAPSHOTS, Setting, TABLES, TENANTS, Table, Value};

/// Rows that are read, and written in one transaction.
const AT_ONCE: usize = 2_000;

/// A register that is to be copied.
#[derive(Debug)]
pub struct Copying<'a> {
    /// Where it is.
    pub from: &'a StoreUrl,
    /// Where it is to be: nothing is there yet, or an empty register, or the beginning of this copy.
    pub to: &'a StoreUrl,
    /// How registers are opened.
    pub opening: Opening,
    /// The time, for tables that have to be made.
    pub clock: Clock,
}

/// How far copying has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// Whether it is being copied; else it is being verified.
    pub is_copying: bool,
    /// Rows that are done.
    pub rows: u64,
    /// Rows that there are.
    pub of: u64,
}

/// A register that was copied and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What it consists of.
    pub tables: Vec<CopiedTable>,
    /// Rows that an earlier, interrupted run had copied.
    pub from_before: u64,
}

/// A table, the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of its rows, in hexadecimal digits.
    pub checksum: String,
}

/// Why a register was not copied. The target stays marked, unless it was refused from the start.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Source and target are one.
    #[error("the register would be copied onto itself: give another target")]
    Same,
    /// Nothing is there to be copied.
    #[error("there is no register at {0}")]
    Missing(String),
    /// What is to be copied was left by an older build.
    #[error(
        "the register at {0} was left by an older muster: bring it up to date with `muster admin \
         migrate` first"
    )]
    Old(String),
    /// What is to be copied is an unfinished copy itself.
    #[error(
        "the register at {0} is an unfinished copy: finish it by the `muster admin copy` that it is \
         of"
    )]
    Unfinished(String),
    /// Other processes work on it.
    #[error(
        "{count} other connections of muster to {url} are open: stop the processes, then repeat"
    )]
    InUse {
        /// The register.
        url: String,
        /// How many there are.
        count: i64,
    },
    /// The target holds something of its own.
    #[error("the target holds a register already (there are rows in {table}): give an empty one")]
    Taken {
        /// The first table that is not empty.
        table: &'static str,
    },
    /// The target holds the beginning of another copy.
    #[error(
        "the target holds the beginning of another copy, or the source was written to since this \
         one was begun: empty the target, or give another, and begin anew"
    )]
    Other,
    /// It was interrupted by whoever watched it.
    #[error("copying was interrupted: repeat it, and it goes on where it was")]
    Interrupted,
    /// The source was written to.
    #[error(
        "the source was written to while it was copied: stop what writes there, empty the target, \
         and begin anew"
    )]
    Changed,
    /// Both sides do not hold the same.
    #[error(
        "the copy is not what the source is: {table} of {of} has {found} rows where it should have \
         {wanted}, or other ones. Empty the target, and begin anew"
    )]
    Differs {
        /// The table.
        table: &'static str,
        /// Whose rows, in words.
        of: String,
        /// How many rows are in the target.
        found: u64,
        /// How many are in the source.
        wanted: u64,
    },
    /// The source cannot be read.
    #[error("the source: {0}")]
    Source(StoreError),
    /// The target cannot be written. Repeated, copying goes on where it was.
    #[error("the target: {0}")]
    Target(StoreError),
}

/// Who hears how far it has come, and may end it.
type Watch<'w> = &'w mut dyn FnMut(CopyProgress) -> ControlFlow<()>;

impl Copying<'_> {
    /// Copies the register, or the rest of it, and verifies all of it. `watch` hears of each step
    /// and may end it there, as a crash would.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub async fn run(self, watch: Watch<'_>) -> Result<Copied, CopyError> {
        if side::are_same(self.from, self.to) {
            return Err(CopyError::Same);
        }
        let source = Side::source(self.from, &self.opening).await?;
        let before = fingerprint(&source).await.map_err(CopyError::Source)?;
        let mut target = Side::target(self.to, &self.opening, &self.clock).await?;
        let has_begun = match target.claim(&before).await.map_err(CopyError::Target)? {
            Claim::Made => false,
            Claim::Begun => true,
            Claim::Other => return Err(CopyError::Other),
            Claim::Taken(table) => return Err(CopyError::Taken { table }),
        };
        let of = rows(&source).await.map_err(CopyError::Source)?;
        let from_before =
            if has_begun { rows(&target).await.map_err(CopyError::Target)? } else { 0 };
        let mut job = Job { source, target, of, rows: from_before, watch };
        job.copy().await?;
        let tables = job.verify().await?;
        if fingerprint(&job.source).await.map_err(CopyError::Source)? != before {
            return Err(CopyError::Changed);
        }
        job.target.release().await.map_err(CopyError::Target)?;
        Ok(Copied { tables, from_before })
    }
}

/// What changes when a register is written to, and when a copy has other columns.
async fn fingerprint(side: &Side) -> Result<[u8; 32], StoreError> {
    let mut digest = Digest::default();
    for table in &TABLES {
        digest.name(table.name);
        table.columns().for_each(|(name, _)| digest.name(name));
    }
    for (name, value) in side.settings().await? {
        digest.setting(&name, &value);
    }
    for tenant in side.tenants().await? {
        for table in [&SNAPSHOTS, &TENANTS] {
            let mut walk = Walk::new(table, tenant);
            while !walk.is_over {
                let rows = side.read(table, tenant, walk.last.as_deref(), AT_ONCE).await?;
                walk.take(&rows, &mut digest);
            }
        }
    }
    Ok(digest.sum().checksum)
}

/// How many rows there are.
async fn rows(side: &Side) -> Result<u64, StoreError> {
    let mut rows = 0;
    for table in &TABLES {
        rows += side.count(table).await?;
    }
    Ok(rows)
}

/// A way through the rows that a table has of a tenant.
struct Walk<'t> {
    table: &'t Table,
    tenant: Uuid,
    /// The key to go on behind.
    last: Option<Vec<Value>>,
    is_over: bool,
}

impl<'t> Walk<'t> {
    fn new(table: &'t Table, tenant: Uuid) -> Self {
        Self { table, tenant, last: None, is_over: false }
    }

    fn take(&mut self, rows: &[Row], digest: &mut Digest) {
        rows.iter().for_each(|row| digest.row(self.tenant, row));
        self.pass(rows);
    }

    fn pass(&mut self, rows: &[Row]) {
        self.is_over = rows.len() < AT_ONCE;
        if let Some(row) = rows.last() {
            self.last = Some(self.table.key_of(row));
        }
    }

    /// The next rows, none when there are no more.
    async fn next(&self, side: &Side) -> Result<Vec<Row>, StoreError> {
        if self.is_over {
            return Ok(Vec::new());
        }
        side.read(self.table, self.tenant, self.last.as_deref(), AT_ONCE).await
    }
}

/// A copy in the making.
struct Job<'w> {
    source: Side,
    target: Side,
    /// Rows that there are in the source.
    of: u64,
    /// Rows that are done.
    rows: u64,
    watch: Watch<'w>,
}

impl Job<'_> {
    fn done(&mut self, is_copying: bool, rows: usize) -> Result<(), CopyError> {
        self.rows += u64::try_from(rows).unwrap_or_default();
        let progress = CopyProgress { is_copying, rows: self.rows, of: self.of };
        if (self.watch)(progress).is_break() { Err(CopyError::Interrupted) } else { Ok(()) }
    }

    /// Copies what is not in the target yet.
    async fn copy(&mut self) -> Result<(), CopyError> {
        let settings = self.settings().await.map_err(CopyError::Source)?;
        self.target.put_settings(&settings).await.map_err(CopyError::Target)?;
        let there = self.target.tenants().await.map_err(CopyError::Target)?;
        for tenant in self.source.tenants().await.map_err(CopyError::Source)? {
            if there.binary_search(&tenant).is_err() {
                for table in &TABLES {
                    self.copy_rows(table, tenant).await?;
                }
            }
        }
        Ok(())
    }

    async fn copy_rows(&mut self, table: &Table, tenant: Uuid) -> Result<(), CopyError> {
        let mut walk = Walk::new(table, tenant);
        walk.last = self.target.last(table, tenant).await.map_err(CopyError::Target)?;
        let mut rows = walk.next(&self.source).await.map_err(CopyError::Source)?;
        while !rows.is_empty() {
            walk.pass(&rows);
            // The next rows are read while these are written.
            let write = self.target.write(table, tenant, &rows);
            let (written, next) = tokio::join!(write, walk.next(&self.source));
            written.map_err(CopyError::Target)?;
            self.done(true, rows.len())?;
            rows = next.map_err(CopyError::Source)?;
        }
        Ok(())
    }

    /// Goes through all of both sides.
    async fn verify(&mut self) -> Result<Vec<CopiedTable>, CopyError> {
        self.rows = 0;
        let tenants = self.source.tenants().await.map_err(CopyError::Source)?;
        let mut digests = TABLES.map(|table| (table, Digest::default(), Digest::default()));
        for tenant in &tenants {
            for (table, source, target) in &mut digests {
                self.verify_rows(table, *tenant, source, target).await?;
                let of = || format!("the tenant {}", TenantId(*tenant));
                same(table.name, of, &source.sum(), &target.sum())?;
            }
            if !self.target.is_whole(*tenant).await.map_err(CopyError::Target)? {
                return Err(CopyError::Target(StoreError::Damaged(format!(
                    "what is searched of the tenant {tenant} is not all there"
                ))));
            }
        }
        let mut tables: Vec<CopiedTable> =
            digests.iter().map(|(table, source, _)| copied(table.name, &source.sum())).collect();
        tables.push(self.verify_rest(&tenants).await?);
        Ok(tables)
    }

    /// Goes through the rows of a tenant on both sides, chunk by chunk beside each other.
    async fn verify_rows(
        &mut self,
        table: &Table,
        tenant: Uuid,
        source: &mut Digest,
        target: &mut Digest,
    ) -> Result<(), CopyError> {
        let mut here = Walk::new(table, tenant);
        let mut there = Walk::new(table, tenant);
        while !(here.is_over && there.is_over) {
            let (found, wanted) = tokio::join!(there.next(&self.target), here.next(&self.source));
            let wanted = wanted.map_err(CopyError::Source)?;
            here.take(&wanted, source);
            there.take(&found.map_err(CopyError::Target)?, target);
            self.done(false, wanted.len())?;
        }
        Ok(())
    }

    /// The settings of the source that the target is to have. Keys of `--dev` are secrets of servers:
    /// a file is no place for them.
    async fn settings(&self) -> Result<Vec<Setting>, StoreError> {
        let mut settings = self.source.settings().await?;
        if matches!(self.target, Side::Sqlite(_)) {
            settings.retain(|(name, _)| !name.starts_with(DEV_SETTINGS));
        }
        Ok(settings)
    }

    /// That the target has no other tenants and no other settings.
    async fn verify_rest(&self, tenants: &[Uuid]) -> Result<CopiedTable, CopyError> {
        let found = self.target.tenants().await.map_err(CopyError::Target)?;
        if found != tenants {
            let count = |tenants: &[Uuid]| u64::try_from(tenants.len()).unwrap_or_default();
            let (found, wanted) = (count(&found), count(tenants));
            let of = "the register".to_owned();
            return Err(CopyError::Differs { table: TENANTS.name, of, found, wanted });
        }
        let sum = |settings: Vec<Setting>| -> Sum {
            let mut digest = Digest::default();
            settings.iter().for_each(|(name, value)| digest.setting(name, value));
            digest.sum()
        };
        let source = sum(self.settings().await.map_err(CopyError::Source)?);
        let target = sum(self.target.settings().await.map_err(CopyError::Target)?);
        same("settings", || "the register".to_owned(), &source, &target)?;
        Ok(copied("settings", &source))
    }
}

fn same(
    table: &'static str,
    of: impl FnOnce() -> String,
    source: &Sum,
    target: &Sum,
) -> Result<(), CopyError> {
    if source == target {
        return Ok(());
    }
    Err(CopyError::Differs { table, of: of(), found: target.rows, wanted: source.rows })
}

fn copied(name: &'static str, sum: &Sum) -> CopiedTable {
    CopiedTable { name, rows: sum.rows, checksum: sum.hex() }
}
