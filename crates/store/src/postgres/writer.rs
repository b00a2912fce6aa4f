//! The write path: what waits of a tenant goes into one transaction, is decided, stored with its
//! history, committed, and only then answered. Several tenants are written to at a time.
//!
//! The tenant's counter is locked first. Whoever holds it, in whichever process, sees what all
//! before it have committed, and no other writes to the tenant until it has.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use model::{Identity, IdentityId, SearchKey, TenantId};
use odata::DateTimeOffset;
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

use super::connect::Connections;
use super::failure::{Failure, both, told};
use super::lanes::Lanes;
use super::rows::{BY_IDS, Value, by_keys, execute, identity, instant};
use super::{changes, snapshots, tallies};
use crate::batch::{Counter, Stamp, Step, View, Want};
use crate::load::Commits;
use crate::queue::{Intake, Job, begun};
use crate::{Clock, Operation, Outcome, StoreError, Write, WriteError};

/// What stands behind the lock must see what was committed before it was given, whatever the default
/// of the database.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const LOCK: &str =
    "SELECT licensed, next_seq, last_ticks FROM tenants WHERE tenant_id = $1 FOR UPDATE";
const ADVANCE: &str = "UPDATE tenants SET next_seq = $2, last_ticks = $3 WHERE tenant_id = $1";
const RECORDED: &str =
    "SELECT EXISTS (SELECT FROM changes WHERE tenant_id = $1 AND seq = $2 AND request_id = $3)";

/// Steps that are stored by one statement of each kind: what is sent at once must not fill the way to
/// the database for longer than a moment.
const STORED_AT_ONCE: usize = 2_000;
/// How long it is tried to find out whether a write was stored whose commit was not answered.
const SETTLE_PATIENCE: Duration = Duration::from_secs(60);
/// How long a transaction waits for a connection, one of which comes free with each that ends.
const TURN_PATIENCE: Duration = Duration::from_secs(30);

/// Starts the write path. It ends when the queue is closed and empty.
pub(super) fn start(
    connections: Connections,
    at_once: usize,
    intake: Intake,
    clock: Clock,
    commits: Arc<Commits>,
) -> JoinHandle<()> {
    let writer = Arc::new(Writer { connections, clock, commits });
    tokio::spawn(run(writer, at_once, intake))
}

async fn run(writer: Arc<Writer>, at_once: usize, mut intake: Intake) {
    let mut lanes = Lanes::default();
    let mut under_way = JoinSet::new();
    let mut tenants = HashMap::new();
    let mut is_open = true;
    loop {
        while under_way.len() < at_once
            && let Some((tenant, batch)) = lanes.next()
        {
            let writer = Arc::clone(&writer);
            let task = under_way.spawn(async move { writer.work(tenant, batch).await });
            tenants.insert(task.id(), tenant);
        }
        tokio::select! {
            job = intake.job(), if is_open => match job {
                Some(job) => {
                    lanes.put(job);
                    while let Some(job) = intake.waiting_job() {
                        lanes.put(job);
                    }
                }
                None => is_open = false,
            },
            Some(done) = under_way.join_next_with_id() => {
                let id = done.map_or_else(|error| error.id(), |(id, ())| id);
                if let Some(tenant) = tenants.remove(&id) {
                    lanes.done(tenant);
                }
            }
            else => return,
        }
    }
}

struct Writer {
    connections: Connections,
    clock: Clock,
    commits: Arc<Commits>,
}

type Answers = Vec<Result<Outcome, WriteError>>;

/// How a transaction ended.
enum End {
    /// It is stored, or there was nothing to store.
    Answered(Answers),
    /// It is not known whether it was stored, for this reason.
    Torn(Answers, Mark, String),
}

/// By what a transaction is found in the history: its first change.
#[derive(Clone, Copy, Debug)]
struct Mark {
    seq: i64,
    request_id: Uuid,
}

impl Writer {
    async fn work(&self, tenant: TenantId, batch: Vec<Job>) {
        let mut batch = batch;
        let deadline = batch.iter().map(|job| job.write.deadline).max();
        let mut attempts = self.connections.attempts(deadline.unwrap_or_else(Instant::now));
        loop {
            batch = begun(batch);
            if batch.is_empty() {
                return;
            }
            let failure = match self.transact(tenant, &writes(&batch)).await {
                Ok(End::Answered(answers)) => return answer(batch, answers),
                Ok(End::Torn(answers, mark, why)) => match self.was_stored(tenant, mark).await {
                    Ok(true) => return answer(batch, answers),
                    Ok(false) => Failure::Passing(why),
                    Err(error) => return fail(batch, &error),
                },
                Err(failure) => failure,
            };
            match failure {
                // What was decided does not fit what is stored. One at a time, the writes that are
                // sound go through and the culprit fails alone.
                Failure::Final(StoreError::Damaged(cause)) if batch.len() > 1 => {
                    tracing::error!(cause, "batch failed, its writes are repeated one by one");
                    for job in batch {
                        Box::pin(self.work(tenant, vec![job])).await;
                    }
                    return;
                }
                failure => {
                    if let Err(error) = attempts.again(failure).await {
                        return fail(batch, &error);
                    }
                }
            }
        }
    }

    /// Decides and stores the writes in one transaction. A failure means that nothing is stored.
    async fn transact(&self, tenant: TenantId, writes: &[&Write]) -> Result<End, Failure> {
        let taken = self.connections.take(Instant::now() + TURN_PATIENCE).await;
        let connection = taken.map_err(|failure| match failure {
            Failure::Final(StoreError::Deadline) => Failure::Passing("no connection".to_owned()),
            other => other,
        })?;
        let end = self.transact_over(&connection, tenant, writes).await;
        match end {
            Ok(End::Answered(_)) => self.connections.away.is_over(),
            // Whatever became of it, its transaction must end.
            Ok(End::Torn(..)) | Err(_) => drop(Object::take(connection)),
        }
        end
    }

    async fn transact_over(
        &self,
        client: &Object,
        tenant: TenantId,
        writes: &[&Write],
    ) -> Result<End, Failure> {
        let mut view = View::default();
        let wants: Vec<Want> = writes.iter().flat_map(|write| view.wants(write)).collect();
        let last = begin(client, tenant, wants, &mut view).await?;
        let clock_now = self.clock.now();
        let now = if clock_now.cmp_instant(&last).is_gt() { clock_now } else { last };
        let clock = &self.clock;
        let mut answers = Answers::with_capacity(writes.len());
        for (job, write) in writes.iter().enumerate() {
            loop {
                let wants = view.wants(write);
                if wants.is_empty() {
                    break;
                }
                read(client, tenant, wants, &mut view).await?;
            }
            let mut new_id = || IdentityId(clock.guid());
            answers.push(view.decide(job, write, &mut Stamp { now, new_id: &mut new_id }));
        }
        if let [Write { operation: Operation::Snapshot(step), .. }] = writes
            && matches!(answers.as_slice(), [Ok(_)])
        {
            if !snapshots::apply(client, tenant, step, now).await? {
                client.batch_execute("ROLLBACK").await?;
                return Ok(End::Answered(vec![Err(WriteError::NoSnapshot)]));
            }
            // Done twice, a step comes to the same, if not in words: nothing is there to forget.
            client.batch_execute("COMMIT").await?;
            return Ok(End::Answered(answers));
        }
        let Some(mark) = store(client, tenant, &view, writes, now).await? else {
            client.batch_execute("ROLLBACK").await?;
            return Ok(End::Answered(answers));
        };
        self.commit(client, answers, mark, view.steps().len()).await
    }

    async fn commit(
        &self,
        client: &Object,
        answers: Answers,
        mark: Mark,
        rows: usize,
    ) -> Result<End, Failure> {
        let began = Instant::now();
        match client.batch_execute("COMMIT").await {
            Ok(()) => {
                self.commits.committed(answers.len(), rows, began.elapsed());
                Ok(End::Answered(answers))
            }
            // Whatever it says, and whoever says it: a pooler in between, or a server that ends
            // while others confirm what it has stored.
            Err(error) => {
                let why = told(&error);
                tracing::warn!(why, "a commit was not confirmed: the history will tell");
                Ok(End::Torn(answers, mark, why))
            }
        }
    }

    /// Whether a transaction that was torn off is stored. Once the tenant's counter can be locked,
    /// it has ended, one way or the other. The lock is committed, too: what stood before it is then
    /// as safe as if the lost commit had been answered.
    async fn was_stored(&self, tenant: TenantId, mark: Mark) -> Result<bool, StoreError> {
        let until = Instant::now() + SETTLE_PATIENCE;
        loop {
            let settled = async {
                let connection = self.connections.take(until).await?;
                let look = async |client: &Object| {
                    client.batch_execute(BEGIN).await?;
                    let lock = client.prepare_cached(LOCK).await?;
                    client.query_opt(&lock, &[&tenant.0]).await?;
                    let recorded = client.prepare_cached(RECORDED).await?;
                    let values: [Value<'_>; 3] = [&tenant.0, &mark.seq, &mark.request_id];
                    let row = client.query_one(&recorded, &values).await?;
                    client.batch_execute("COMMIT").await?;
                    Ok(row.try_get(0)?)
                };
                self.connections.until(until, connection, look).await
            };
            match settled.await {
                Ok(stored) => return Ok(stored),
                Err(_) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(failure) => {
                    tracing::error!(?failure, ?mark, %tenant, "the fate of writes is not known");
                    return Err(StoreError::Unsettled);
                }
            }
        }
    }
}

fn writes(batch: &[Job]) -> Vec<&Write> {
    batch.iter().map(|job| &job.write).collect()
}

fn answer(batch: Vec<Job>, answers: Answers) {
    for (job, answer) in batch.into_iter().zip(answers) {
        job.answer(answer);
    }
}

/// One failure for all: the store's error is told to each of them.
fn fail(batch: Vec<Job>, error: &StoreError) {
    tracing::error!(%error, writes = batch.len(), "writes failed");
    for job in batch {
        job.answer(Err(WriteError::Store(error.again())));
    }
}

/// Begins a transaction, locks the tenant's counter, and reads what is wanted, all in one go: what
/// stands behind the lock sees what was committed before it was given. The instant of the last
/// change.
async fn begin(
    client: &Object,
    tenant: TenantId,
    wants: Vec<Want>,
    view: &mut View,
) -> Result<DateTimeOffset, Failure> {
    let lock = client.prepare_cached(LOCK).await?;
    let wants = Wants::of(wants);
    let values: [Value<'_>; 1] = [&tenant.0];
    let (begun, locked, read) = tokio::join!(
        client.batch_execute(BEGIN),
        client.query_opt(&lock, &values),
        wants.read(client, tenant),
    );
    begun?;
    let mut last = DateTimeOffset::MIN;
    let counter = match locked? {
        Some(row) => {
            last = instant(row.try_get(2)?, 0)?;
            Some(Counter { licensed: row.try_get(0)?, next_seq: row.try_get(1)? })
        }
        None => None,
    };
    view.put_tenant(tenant, counter);
    wants.put(tenant, read?, view);
    Ok(last)
}

/// Reads what is wanted beyond that.
async fn read(
    client: &Object,
    tenant: TenantId,
    wants: Vec<Want>,
    view: &mut View,
) -> Result<(), Failure> {
    let wants = Wants::of(wants);
    let read = wants.read(client, tenant).await?;
    wants.put(tenant, read, view);
    Ok(())
}

/// Stores what was decided, in as few round trips as that takes. `None` if it is nothing.
async fn store(
    client: &Object,
    tenant: TenantId,
    view: &View,
    writes: &[&Write],
    now: DateTimeOffset,
) -> Result<Option<Mark>, Failure> {
    let (Some(first), Some((_, next_seq))) = (view.steps().first(), view.counters().next()) else {
        return Ok(None);
    };
    let request_id = writes.get(first.job).map_or(Uuid::nil(), |it| it.audit.request_id);
    let mark = Mark { seq: first.seq, request_id };
    let deltas = view.deltas();
    let chunks: Vec<&[Step]> = view.steps().chunks(STORED_AT_ONCE).collect();
    let (last, earlier) = chunks.split_last().map_or((&[][..], &[][..]), |(it, rest)| (*it, rest));
    let stored = async |steps| {
        let (stored, recorded) = tokio::join!(
            changes::store(client, tenant, steps),
            changes::record(client, tenant, steps, writes, now),
        );
        both(stored, recorded)
    };
    for steps in earlier {
        stored(steps).await?;
    }
    let (stored, tallied, advanced) = tokio::join!(
        stored(last),
        tallies::change(client, tenant, &deltas),
        advance(client, tenant, next_seq, now),
    );
    both(stored, both(tallied, advanced))?;
    Ok(Some(mark))
}

async fn advance(
    client: &Object,
    tenant: TenantId,
    next_seq: i64,
    now: DateTimeOffset,
) -> Result<(), Failure> {
    execute(client, ADVANCE, &[&tenant.0, &next_seq, &now.ticks()]).await?;
    Ok(())
}

/// Rows that are read at once.
#[derive(Default)]
struct Wants {
    ids: Vec<Uuid>,
    keys: Vec<SearchKey>,
}

/// Rows by their ids, and by the places of their keys.
type Found = (Vec<Identity>, Vec<(usize, Identity)>);

impl Wants {
    fn of(wants: Vec<Want>) -> Self {
        let mut all = Self::default();
        for want in wants {
            match want {
                // It is read when it is locked.
                Want::Tenant(_) => {}
                Want::Row(_, id) => all.ids.push(id.0),
                Want::Key(_, key) => all.keys.push(key),
            }
        }
        all
    }

    async fn read(&self, client: &Object, tenant: TenantId) -> Result<Found, Failure> {
        let by_ids = async {
            if self.ids.is_empty() {
                return Ok(Vec::new());
            }
            let statement = client.prepare_cached(BY_IDS).await?;
            let rows = client.query(&statement, &[&tenant.0, &self.ids]).await?;
            rows.iter().map(identity).collect::<Result<Vec<_>, Failure>>()
        };
        let by_keys = async {
            if self.keys.is_empty() {
                Ok(Vec::new())
            } else {
                by_keys(client, tenant, &self.keys).await
            }
        };
        let (by_ids, by_keys) = tokio::join!(by_ids, by_keys);
        both(by_ids, by_keys)
    }

    fn put(self, tenant: TenantId, (by_ids, by_keys): Found, view: &mut View) {
        for row in by_ids {
            view.put_row(tenant, row.id, Some(row));
        }
        for id in self.ids {
            view.put_row(tenant, IdentityId(id), None);
        }
        for (place, row) in by_keys {
            if let Some(key) = self.keys.get(place) {
                view.put_key(tenant, key.clone(), Some(row));
            }
        }
        for key in self.keys {
            view.put_key(tenant, key, None);
        }
    }
}
