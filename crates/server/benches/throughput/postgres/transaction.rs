//! The statements of muster's writes and of its read by id, over one connection, with nothing around
//! them.
//!
//! It must not know which writes share a transaction.

use std::collections::HashMap;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, NoTls, Row, Statement};
use uuid::Uuid;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const LOCK: &str =
    "SELECT licensed, next_seq, last_ticks FROM tenants WHERE tenant_id = $1 FOR UPDATE";
const BY_ID: &str = "SELECT i.id, i.identifier, i.type, i.modified_ticks, i.created_ticks, \
     i.contacted_ticks, i.contacted_offset_min, i.description, i.enrollment_state, i.platform, \
     i.rev FROM identities AS i WHERE i.tenant_id = $1 AND i.id = $2";
const BY_IDS: &str = "SELECT i.id, i.identifier, i.type, i.modified_ticks, i.created_ticks, \
     i.contacted_ticks, i.contacted_offset_min, i.description, i.enrollment_state, i.platform, \
     i.rev FROM identities AS i WHERE i.tenant_id = $1 AND i.id = ANY ($2)";
const UPDATE: &str = "UPDATE identities AS i SET identifier = r.identifier, \
     identifier_key = r.identifier_key, type = r.type, modified_ticks = r.modified_ticks, \
     contacted_ticks = r.contacted_ticks, contacted_offset_min = r.contacted_offset_min, \
     description = r.description, enrollment_state = r.enrollment_state, platform = r.platform, \
     rev = r.rev \
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::smallint[], $6::bigint[], $7::bigint[], \
     $8::bigint[], $9::smallint[], $10::text[], $11::smallint[], $12::smallint[], $13::bigint[], \
     $14::bigint[]) \
     AS r (id, identifier, identifier_key, type, created_ticks, modified_ticks, contacted_ticks, \
     contacted_offset_min, description, enrollment_state, platform, rev, rev_before) \
     WHERE i.tenant_id = $1 AND i.id = r.id AND i.rev = r.rev_before";
const UPDATE_TEXTS: &str = "UPDATE identity_texts AS t SET searched = r.searched \
     FROM unnest($2::uuid[], $3::text[]) AS r (id, searched) \
     WHERE t.tenant_id = $1 AND t.id = r.id";
const RECORD: &str = "INSERT INTO changes (tenant_id, seq, id, kind, at_ticks, actor_type, \
     user_id, user_name, app_id, app_name, ip, request_id, client_request_id, before, after) \
     SELECT $1, c.* FROM unnest($2::bigint[], $3::uuid[], $4::smallint[], $5::bigint[], \
     $6::smallint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::uuid[], \
     $13::text[], $14::bytea[], $15::bytea[]) AS c";
const ADVANCE: &str = "UPDATE tenants SET next_seq = $2, last_ticks = $3 WHERE tenant_id = $1";

/// A connection and what is prepared on it.
pub(super) struct Connection {
    client: Client,
    lock: Statement,
    by_id: Statement,
    by_ids: Statement,
    update: Statement,
    update_texts: Statement,
    record: Statement,
    advance: Statement,
}

/// The rows' keys by their ids, which a read does not give, and what the history says besides the
/// row: as muster once wrote it.
pub(super) struct Known {
    keys: HashMap<Uuid, String>,
    kind: i16,
    actor_type: i16,
    texts: [Option<String>; 6],
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
}

impl Connection {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self {
            lock: client.prepare(LOCK).await?,
            by_id: client.prepare(BY_ID).await?,
            by_ids: client.prepare(BY_IDS).await?,
            update: client.prepare(UPDATE).await?,
            update_texts: client.prepare(UPDATE_TEXTS).await?,
            record: client.prepare(RECORD).await?,
            advance: client.prepare(ADVANCE).await?,
            client,
        })
    }

    /// What stands in the database after muster's last write.
    pub(super) async fn known(&self) -> Result<Known, Error> {
        let keys = self.client.query("SELECT id, identifier_key FROM identities", &[]).await?;
        let change = "SELECT kind, actor_type, user_id, user_name, app_id, app_name, ip, \
                      client_request_id, before, after FROM changes \
                      ORDER BY at_ticks DESC, seq DESC LIMIT 1";
        let change = self.client.query_one(change, &[]).await?;
        Ok(Known {
            keys: keys.iter().map(|row| (row.get(0), row.get(1))).collect(),
            kind: change.get(0),
            actor_type: change.get(1),
            texts: [2, 3, 4, 5, 6, 7].map(|column| change.get(column)),
            before: change.get(8),
            after: change.get(9),
        })
    }

    /// Reads one row.
    pub(super) async fn read(&self, tenant: Uuid, id: Uuid) -> Result<Row, Error> {
        self.client.query_one(&self.by_id, &[&tenant, &id]).await
    }

    /// Describes these rows of a tenant, in three round trips.
    pub(super) async fn write(
        &self,
        known: &Known,
        tenant: Uuid,
        descriptions: &HashMap<Uuid, String>,
    ) -> Result<(), Error> {
        let client = &self.client;
        let ids: Vec<Uuid> = descriptions.keys().copied().collect();
        let of_tenant: [&(dyn ToSql + Sync); 1] = [&tenant];
        let wanted: [&(dyn ToSql + Sync); 2] = [&tenant, &ids];
        let (_, counter, rows) = tokio::try_join!(
            client.batch_execute(BEGIN),
            client.query_one(&self.lock, &of_tenant),
            client.query(&self.by_ids, &wanted),
        )?;
        let (next_seq, now): (i64, i64) = (counter.get(1), counter.get::<_, i64>(2) + 1);
        let after = (next_seq..).nth(rows.len()).unwrap_or(next_seq);
        let of_tenant: [&(dyn ToSql + Sync); 3] = [&tenant, &after, &now];
        tokio::try_join!(
            self.update(known, tenant, &rows, descriptions, now),
            self.record(known, tenant, &rows, next_seq, now),
            client.execute(&self.advance, &of_tenant),
        )?;
        client.batch_execute("COMMIT").await
    }

    async fn update(
        &self,
        known: &Known,
        tenant: Uuid,
        rows: &[Row],
        descriptions: &HashMap<Uuid, String>,
        now: i64,
    ) -> Result<(), Error> {
        let ids: Vec<Uuid> = column(rows, 0);
        let of = |map: &HashMap<Uuid, String>| -> Vec<String> {
            ids.iter().map(|id| map.get(id).cloned().unwrap_or_default()).collect()
        };
        let (keys, described) = (of(&known.keys), of(descriptions));
        let before: Vec<i64> = column(rows, 10);
        let revs: Vec<i64> = before.iter().map(|rev| rev + 1).collect();
        let searched: Vec<String> =
            keys.iter().zip(&described).map(|(key, text)| format!("{key}\n{text}")).collect();
        let values: [&(dyn ToSql + Sync); 14] = [
            &tenant,
            &ids,
            &column::<String>(rows, 1),
            &keys,
            &column::<i16>(rows, 2),
            &column::<i64>(rows, 4),
            &vec![now; rows.len()],
            &column::<i64>(rows, 5),
            &column::<i16>(rows, 6),
            &described,
            &column::<i16>(rows, 8),
            &column::<i16>(rows, 9),
            &revs,
            &before,
        ];
        let texts: [&(dyn ToSql + Sync); 3] = [&tenant, &ids, &searched];
        tokio::try_join!(
            self.client.execute(&self.update, &values),
            self.client.execute(&self.update_texts, &texts),
        )?;
        Ok(())
    }

    async fn record(
        &self,
        known: &Known,
        tenant: Uuid,
        rows: &[Row],
        next_seq: i64,
        now: i64,
    ) -> Result<(), Error> {
        let count = rows.len();
        let seqs: Vec<i64> = (next_seq..).take(count).collect();
        let requests: Vec<Uuid> = (0..count).map(|_| Uuid::now_v7()).collect();
        let [a, b, c, d, e, f] = known.texts.each_ref().map(|text| vec![text.as_deref(); count]);
        let values: [&(dyn ToSql + Sync); 15] = [
            &tenant,
            &seqs,
            &column::<Uuid>(rows, 0),
            &vec![known.kind; count],
            &vec![now; count],
            &vec![known.actor_type; count],
            &a,
            &b,
            &c,
            &d,
            &e,
            &requests,
            &f,
            &vec![known.before.as_deref(); count],
            &vec![known.after.as_deref(); count],
        ];
        self.client.execute(&self.record, &values).await?;
        Ok(())
    }
}

/// One column of all rows.
fn column<'r, T: tokio_postgres::types::FromSql<'r>>(rows: &'r [Row], index: usize) -> Vec<T> {
    rows.iter().map(|row| row.get(index)).collect()
}
