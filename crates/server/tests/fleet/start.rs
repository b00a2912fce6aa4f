//! Processes that start at the same time.

use testbed::Cluster;

use crate::fleet::{Fleet, collection};

const TIMES: usize = 3;

/// The numbers of the migrations that were made, each once; keys of links to next pages.
const MADE: &str = "SELECT (SELECT count(*) = max(version) AND min(version) = 1 FROM migrations), \
    (SELECT count(*) FROM settings WHERE name = 'paging_key')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_come_up_on_an_empty_database_and_agree() {
    let Some(cluster) = Cluster::shared() else { return };
    for _ in 0..TIMES {
        let fleet = Fleet::start(cluster.database()).await;
        assert_eq!(fleet.database.query(MADE), "t|1");
        let token = fleet.token(&fleet.new_tenant());
        for (at, process) in fleet.processes.iter().enumerate() {
            let serial = format!("SERIAL-{at}");
            let created = fleet.caller.create(&token, &process.origin(), &serial).await.unwrap();
            assert_eq!(created.status, 201, "{}\n{}", created.body, process.log());
        }
        for process in &fleet.processes {
            let rows = fleet.caller.rows(&token, &collection(&process.origin())).await;
            let serials: Vec<_> = rows.iter().map(|row| &row["importedDeviceIdentifier"]).collect();
            assert_eq!(serials, ["SERIAL-0", "SERIAL-1", "SERIAL-2"]);
            assert!(!process.log().contains("ERROR"), "{}", process.log());
        }
    }
}
