//! The process is killed while clients write, again and again. After each restart every write that
//! was acknowledged is there, none is half there, and the history tells how the rows came about.
//!
//! `MUSTER_CRASH_ROUNDS` sets how often, `MUSTER_CRASH_SEED` repeats the choices of a failed run.

mod backup;
mod clients;
mod ledger;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::support::{Random, Server, history};
use ledger::Ledger;

/// Kills in all, and kills that one register lives through.
const ROUNDS: u64 = 30;
const LIVES: u64 = 6;
/// The next kill comes after at most so many acknowledged writes, and then so many microseconds.
const MAX_ACKNOWLEDGED: usize = 150;
const MAX_DELAY_US: u64 = 4_000;

/// Combinations that are not tallied as there are rows of them, from either side.
const WRONG_TALLIES: &str = "
    WITH counted AS (
        SELECT tenant_id, type, enrollment_state, platform, count(*) AS rows FROM identities
        GROUP BY tenant_id, type, enrollment_state, platform
    ), tallied AS (SELECT * FROM tallies WHERE rows <> 0)
    SELECT count(*) FROM (
        SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM tallied)
        UNION ALL SELECT * FROM (SELECT * FROM tallied EXCEPT SELECT * FROM counted)
    )";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_register_keeps_every_acknowledged_write_whole() {
    let rounds = setting("MUSTER_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = setting("MUSTER_CRASH_SEED").unwrap_or(u64::from(now.subsec_nanos()));
    let _told = Told(seed);
    let mut random = Random::new(seed);
    let (mut acknowledged, mut unanswered) = (0, 0);
    let mut left = rounds;
    while left > 0 {
        let lives = left.min(LIVES);
        let ledger = live_through(lives, &mut random).await;
        acknowledged += ledger.acknowledged();
        unanswered += ledger.unanswered();
        left -= lives;
    }
    println!("{rounds} kills, {acknowledged} writes acknowledged, {unanswered} left unanswered");
    let rounds = usize::try_from(rounds).unwrap();
    assert!(acknowledged >= 10 * rounds, "only {acknowledged} writes were acknowledged");
    assert!(unanswered >= rounds, "only {unanswered} writes were in work at a kill");
}

/// One register under load, killed so many times.
async fn live_through(kills: u64, random: &mut Random) -> Arc<Ledger> {
    let data = TempDir::new().unwrap();
    let ledger = Arc::new(Ledger::default());
    for _ in 0..kills {
        let server = Arc::new(Server::start(data.path()));
        check(&server, &ledger, data.path()).await;
        let clients = clients::start(&server, &ledger, random);
        let until = ledger.acknowledged() + random.below(MAX_ACKNOWLEDGED);
        wait_for(&ledger, until, &server).await;
        std::thread::sleep(Duration::from_micros(random.next() % MAX_DELAY_US));
        server.kill();
        clients::join(clients).await;
        if random.once_in(4) {
            Server::start_and_kill(data.path(), Duration::from_millis(random.next() % 100));
        }
    }
    check(&Server::start(data.path()), &ledger, data.path()).await;
    ledger
}

async fn wait_for(ledger: &Ledger, acknowledged: usize, server: &Server) {
    let began = Instant::now();
    while ledger.acknowledged() < acknowledged {
        assert!(began.elapsed() < Duration::from_secs(60), "writes stand still: {}", server.log());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn check(server: &Server, ledger: &Ledger, data: &Path) {
    check_database(data);
    ledger.check(&history(data), &server.rows().await);
}

fn check_database(data: &Path) {
    let database = rusqlite::Connection::open(data.join("muster.db")).unwrap();
    let verdict: String =
        database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let wrong: i64 = database.query_row(WRONG_TALLIES, [], |row| row.get(0)).unwrap();
    assert_eq!(wrong, 0, "tallies are not what the rows come to");
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Tells the seed when the test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("to repeat these choices: MUSTER_CRASH_SEED={}", self.0);
        }
    }
}
