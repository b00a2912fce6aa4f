//! The one thread that writes identities: whatever waits goes into one transaction, is decided,
//! stored with its history, committed and synced once, and only then answered.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use model::{Identity, IdentityId, TenantId, encode};
use odata::DateTimeOffset;
use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, TransactionBehavior, params};

use super::checkpoint::Checkpoints;
use super::indexer::Indexing;
use super::rows::{blob, by_id, by_key};
use super::schema::Cache;
use super::{search, snapshots, tallies};
use crate::batch::{Counter, RowChange, Stamp, Step, View, Want};
use crate::load::Commits;
use crate::queue::{Intake, Job, begun};
use crate::{Actor, Clock, Operation, Outcome, StoreError, Write, WriteError};

const COUNTER: &str = "SELECT licensed, next_seq FROM tenants WHERE tenant_id = ?1";
const ADVANCE: &str = "UPDATE tenants SET next_seq = ?2 WHERE tenant_id = ?1";
/// The end of each tenant's history is a step in its index, where all of it would be a scan.
const LAST: &str = "SELECT max((SELECT at_ticks FROM changes WHERE tenant_id = tenants.tenant_id \
     ORDER BY seq DESC LIMIT 1)) FROM tenants";
const INSERT: &str = "INSERT INTO identities (tenant_id, id, identifier, identifier_key, type, \
     created_ticks, modified_ticks, contacted_ticks, contacted_offset_min, description, \
     enrollment_state, platform, rev) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
const ONE: &str = "tenant_id = ?1 AND id = ?2";
const RECORD: &str = "INSERT INTO changes (tenant_id, seq, id, kind, at_ticks, actor_type, \
     user_id, user_name, app_id, app_name, ip, request_id, client_request_id, before, after) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/// Rows in one transaction that make it a large one.
const MANY_ROWS: usize = 500;

/// What is done between transactions, by threads of their own.
pub(super) struct Between {
    pub(super) checkpoints: Checkpoints,
    pub(super) indexing: Indexing,
}

/// Starts the thread. It ends when the queue is closed and empty.
pub(super) fn start(
    mut intake: Intake,
    between: Between,
    clock: Clock,
    commits: Arc<Commits>,
) -> Result<JoinHandle<()>, StoreError> {
    let mut writer = Writer::new(between, clock, commits)?;
    let work = move || {
        while let Some(batches) = intake.next() {
            for batch in batches {
                writer.work(batch);
            }
        }
    };
    std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(work)
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

struct Writer {
    between: Between,
    cache: Cache,
    clock: Clock,
    commits: Arc<Commits>,
    /// The instant of the last batch, of an earlier process too: a clock that is set back must not
    /// turn the history round.
    last: DateTimeOffset,
}

type Answers = Vec<Result<Outcome, WriteError>>;

impl Writer {
    fn new(between: Between, clock: Clock, commits: Arc<Commits>) -> Result<Self, StoreError> {
        let connection = between.indexing.connection();
        let cache = Cache::Small;
        cache.set(&connection)?;
        let last: Option<i64> = connection.query_row(LAST, [], |row| row.get(0))?;
        drop(connection);
        let last = last.and_then(DateTimeOffset::from_ticks_utc).unwrap_or(DateTimeOffset::MIN);
        Ok(Self { between, cache, clock, commits, last })
    }

    fn work(&mut self, batch: Vec<Job>) {
        let batch = begun(batch);
        if batch.is_empty() {
            return;
        }
        let writes: Vec<&Write> = batch.iter().map(|job| &job.write).collect();
        let answers = match self.transact(&writes) {
            Ok(answers) => answers,
            // What was decided does not fit what is stored. One at a time, the writes that are
            // sound go through and the culprit fails alone.
            Err(StoreError::Damaged(cause)) if writes.len() > 1 => {
                tracing::error!(cause, "batch failed, its writes are repeated one by one");
                writes.iter().flat_map(|write| self.alone(write)).collect()
            }
            Err(error) => fail_all(&error, writes.len()),
        };
        for (job, answer) in batch.into_iter().zip(answers) {
            job.answer(answer);
        }
        self.between.checkpoints.after_commit(&self.between.indexing.connection());
        self.between.indexing.after_commit();
    }

    fn alone(&mut self, write: &Write) -> Answers {
        self.transact(&[write]).unwrap_or_else(|error| fail_all(&error, 1))
    }

    /// Decides and stores the writes in one transaction. An error means that nothing is stored.
    fn transact(&mut self, writes: &[&Write]) -> Result<Answers, StoreError> {
        let now = self.clock.now();
        if now.cmp_instant(&self.last).is_gt() {
            self.last = now;
        }
        let mut connection = self.between.indexing.connection();
        let rows: usize = writes.iter().map(|write| write.operation.rows()).sum();
        let cache = if rows < MANY_ROWS { Cache::Small } else { Cache::Large };
        if cache != self.cache {
            cache.set(&connection)?;
            self.cache = cache;
        }
        let clock = &self.clock;
        let mut stamp = Stamp { now: self.last, new_id: &mut || IdentityId(clock.guid()) };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut view = View::default();
        let mut answers = Answers::with_capacity(writes.len());
        for (job, write) in writes.iter().enumerate() {
            satisfy(&transaction, &mut view, write)?;
            answers.push(view.decide(job, write, &mut stamp));
        }
        for step in view.steps() {
            let Some(write) = writes.get(step.job) else { continue };
            store_row(&transaction, step)?;
            record(&transaction, step, write, self.last)?;
        }
        tallies::change(&transaction, &view.deltas())?;
        for (tenant, next_seq) in view.counters() {
            transaction.prepare_cached(ADVANCE)?.execute(params![blob(&tenant.0), next_seq])?;
        }
        if let [Write { tenant, operation: Operation::Snapshot(step), .. }] = writes
            && matches!(answers.as_slice(), [Ok(_)])
            && !snapshots::apply(&transaction, *tenant, step, self.last)?
        {
            return Ok(vec![Err(WriteError::NoSnapshot)]);
        }
        let began = Instant::now();
        if let Err(error) = transaction.commit() {
            write_over(&connection);
            return Err(error.into());
        }
        self.commits.committed(writes.len(), view.steps().len(), began.elapsed());
        Ok(answers)
    }
}

/// Puts another transaction in the place of one that could not be committed. If only its sync
/// failed, it stands in the log, whole, and would be found there after a crash although it has
/// been refused.
fn write_over(connection: &Connection) {
    let toggle = || -> rusqlite::Result<()> {
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let other = i64::from(version == 0);
        connection.execute_batch(&format!("PRAGMA user_version = {other}"))
    };
    // It does its work even where it fails itself for want of a sync.
    if let Err(error) = toggle() {
        tracing::debug!(%error, "the transaction over a failed one failed, too");
    }
}

/// One failure for all: the store's error is told to each of them.
fn fail_all(error: &StoreError, count: usize) -> Answers {
    tracing::error!(%error, writes = count, "writes failed");
    (0..count).map(|_| Err(WriteError::Store(error.again()))).collect()
}

/// Reads what a write wants until it wants no more.
fn satisfy(connection: &Connection, view: &mut View, write: &Write) -> Result<(), StoreError> {
    loop {
        let wants = view.wants(write);
        if wants.is_empty() {
            return Ok(());
        }
        for want in wants {
            match want {
                Want::Tenant(tenant) => {
                    let counter = connection
                        .prepare_cached(COUNTER)?
                        .query_row(params![blob(&tenant.0)], |row| {
                            Ok(Counter { licensed: row.get(0)?, next_seq: row.get(1)? })
                        })
                        .optional()?;
                    view.put_tenant(tenant, counter);
                }
                Want::Row(tenant, id) => {
                    let row = by_id(connection, tenant, id)?;
                    view.put_row(tenant, id, row);
                }
                Want::Key(tenant, key) => {
                    let row = by_key(connection, tenant, &key)?;
                    view.put_key(tenant, key, row);
                }
            }
        }
    }
}

fn store_row(transaction: &Transaction<'_>, step: &Step) -> Result<(), StoreError> {
    let tenant = blob(&step.tenant.0);
    let touched = match &step.change {
        RowChange::Insert(row) => insert(transaction, step.tenant, row)?,
        RowChange::Update { before, after } => {
            if (&before.identifier, &before.description) != (&after.identifier, &after.description)
            {
                search::mark_row(transaction, step.tenant, after)?;
            }
            update(transaction, tenant, before, after)?
        }
        RowChange::Delete(row) => {
            search::delete(transaction, ONE, params![tenant, blob(&row.id.0)])?
        }
    };
    if touched == 1 {
        Ok(())
    } else {
        Err(StoreError::Damaged(format!("a write touched {touched} rows, not one")))
    }
}

/// Stores a new row, and gives how many rows that made.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    tenant: TenantId,
    row: &Identity,
) -> Result<usize, StoreError> {
    let made = transaction.prepare_cached(INSERT)?.execute(params![
        blob(&tenant.0),
        blob(&row.id.0),
        row.identifier,
        row.key(),
        row.identity_type.value(),
        row.created.ticks(),
        row.modified.ticks(),
        row.contacted.ticks(),
        row.contacted.offset_minutes(),
        row.description,
        row.enrollment_state.value(),
        row.platform.value(),
        row.rev,
    ])?;
    search::mark(transaction, transaction.last_insert_rowid())?;
    Ok(made)
}

/// Stores what an update changes. It names no other column: a SET of an indexed column rewrites its
/// index even when the value is the same, which costs more than all the rest.
fn update(
    transaction: &Transaction<'_>,
    tenant: &[u8],
    before: &Identity,
    after: &Identity,
) -> Result<usize, StoreError> {
    let is_other_key =
        (before.identity_type, &before.identifier) != (after.identity_type, &after.identifier);
    let key = if is_other_key { after.key() } else { String::new() };
    let is_other_contact = before.contacted.ticks() != after.contacted.ticks();
    let is_other_offset = before.contacted.offset_minutes() != after.contacted.offset_minutes();
    let columns: [(bool, &str, &dyn ToSql); 10] = [
        (true, "modified_ticks", &after.modified.ticks()),
        (true, "rev", &after.rev),
        (is_other_key, "identifier", &after.identifier),
        (is_other_key, "identifier_key", &key),
        (is_other_key, "type", &after.identity_type.value()),
        (is_other_contact, "contacted_ticks", &after.contacted.ticks()),
        (is_other_offset, "contacted_offset_min", &after.contacted.offset_minutes()),
        (before.description != after.description, "description", &after.description),
        (
            before.enrollment_state != after.enrollment_state,
            "enrollment_state",
            &after.enrollment_state.value(),
        ),
        (before.platform != after.platform, "platform", &after.platform.value()),
    ];
    let (names, mut values): (Vec<String>, Vec<&dyn ToSql>) = columns
        .into_iter()
        .filter(|(is_changed, ..)| *is_changed)
        .map(|(_, name, value)| (format!("{name} = ?"), value))
        .unzip();
    let sql = format!("UPDATE identities SET {} WHERE tenant_id = ? AND id = ?", names.join(", "));
    let id = blob(&after.id.0);
    values.extend([&tenant as &dyn ToSql, &id]);
    Ok(transaction.prepare_cached(&sql)?.execute(values.as_slice())?)
}

fn record(
    transaction: &Transaction<'_>,
    step: &Step,
    write: &Write,
    now: DateTimeOffset,
) -> Result<(), StoreError> {
    let change = &step.change;
    let Some(id) = change.after().or(change.before()).map(|row| row.id) else { return Ok(()) };
    let audit = &write.audit;
    let (actor_type, user_id, user_name, app_id, app_name) = match &audit.actor {
        Actor::System => (0, None, None, None, None),
        Actor::Application { app_id, app_name } => {
            (1, None, None, app_id.as_deref(), app_name.as_deref())
        }
        Actor::User { user_id, user_name, app_id, app_name } => {
            (2, user_id.as_deref(), user_name.as_deref(), app_id.as_deref(), app_name.as_deref())
        }
    };
    transaction.prepare_cached(RECORD)?.execute(params![
        blob(&step.tenant.0),
        step.seq,
        blob(&id.0),
        change.kind().code(),
        now.ticks(),
        actor_type,
        user_id,
        user_name,
        app_id,
        app_name,
        audit.ip.map(|ip| ip.to_string()),
        blob(&audit.request_id),
        audit.client_request_id,
        change.before().map(encode),
        change.after().map(encode),
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests;
