//! A server like the program's, but for how much its store syncs.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use model::Rules;
use muster::auth::{DEV_TENANT, Gate, Grant, Permission, SigningKey, TokenRequest, Trust};
use muster::http::connections::{Connections, Listener};
use muster::http::{App, Limits, Origins, router};
use muster::ops::Register;
use store::sqlite::Sqlite;
use store::{Clock, Durability, Store};
use tokio::net::TcpListener;

/// The variable that tells the process to serve, and where.
pub(super) const DATA: &str = "CRASH_TEST_DATA";
/// The variable that is there when the store is to sync nothing.
const NO_SYNC: &str = "CRASH_TEST_NO_SYNC";

/// This test binary as a server: `test` has to call [`serve`].
pub(super) fn command(test: &str, data: &Path, durability: Durability) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env(DATA, data);
    if durability == Durability::None {
        command.env(NO_SYNC, "");
    }
    command
}

/// Serves until it is killed.
pub(super) async fn serve(data: &Path) {
    let durability = match std::env::var_os(NO_SYNC) {
        None => Durability::Full,
        Some(_) => Durability::None,
    };
    let clock = Clock::system();
    let sqlite = Sqlite::open(&data.join("muster.db"), durability, clock.clone()).unwrap();
    let store = Arc::new(Store::Sqlite(sqlite));
    let tenant = DEV_TENANT.parse().unwrap();
    store.add_tenant(tenant, "Tests", true).unwrap();
    let key = SigningKey::open_or_make(data).unwrap();
    let gate = Gate::new(vec![Trust::own(&key)], Arc::clone(&store), clock.clone());
    let register = Register::new(store, Rules::Documented);
    let limits = Limits { body_bytes: 1 << 20, rows: 1_000, time: Duration::from_secs(60) };
    let origins = Origins::Local(Vec::new());
    let app = App::new(gate, register, origins, b"paging key", limits, clock.clone());
    let connections = Connections::new(router(Arc::new(app)), 64, clock.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let grant = Grant::Roles(vec![Permission::ServiceConfigReadWrite.name().to_owned()]);
    let token = key.token(&TokenRequest { tenant, grant, expires_in_s: 3_600 }, &clock).unwrap();
    let address = listener.local_addr().unwrap();
    let env = format!("BASE_URL=http://{address}/beta\nTOKEN={token}\n");
    connections.accept(Listener { socket: listener, tls: None });
    fs::write(data.join("dev.env.new"), env).unwrap();
    fs::rename(data.join("dev.env.new"), data.join("dev.env")).unwrap();
    std::future::pending().await
}
