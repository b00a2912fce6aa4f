//! A server that takes encrypted connections alone, and a password: who is trusted, who is let in,
//! and what is said to the others.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use model::IdentityId;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use store::{Pooling, Query, StoreError, WriteError};
use testbed::{Cluster, Database, Special};
use uuid::Uuid;

use crate::ledger::make;
use crate::support::{connect, on_one_thread, on_threads, write};
use crate::{OURS, POOLING, create, new_tenant, open, try_open, until, until_so};

/// `muster` needs both. What the tests themselves ask, they ask without.
const ACCESS: &str = "
host    all postgres 127.0.0.1/32 trust
hostssl all all      127.0.0.1/32 scram-sha-256
";

/// It has in it whatever has a meaning in a URL.
const PASSWORD: &str = "s3cret@/?%&=:#";
const LOGIN: &str = "muster:s3cret%40%2F%3F%25%26%3D%3A%23";

/// Whom the server's certificate names.
const NAMES: [&str; 2] = ["localhost", "db.example.org"];

/// The server, and the certificates of three authorities: the one that signed the server's, one
/// of another name, and one that only has the name of the first.
struct Secured {
    cluster: Cluster,
    authorities: [PathBuf; 3],
}

impl Secured {
    /// Started for all tests of this file.
    fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Secured>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    fn start() -> Option<Self> {
        let [ours, other, namesake] = ["Ours", "Other", "Ours"].map(authority);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
        let certificate = params.signed_by(&key, &ours.0).unwrap().pem();
        let identity = Some((certificate.as_str(), key.serialize_pem()));
        let identity = identity.as_ref().map(|(certificate, key)| (*certificate, key.as_str()));
        let special = Special { access: Some(ACCESS), identity, ..Special::default() };
        let cluster = Cluster::special(&special)?;
        let mut files = 0..;
        let authorities = [ours, other, namesake].map(|(_, pem)| {
            let file = cluster.directory().join(format!("authority-{}.pem", files.next().unwrap()));
            std::fs::write(&file, pem).unwrap();
            file
        });
        cluster.database().query(&format!("CREATE ROLE muster LOGIN PASSWORD '{PASSWORD}'"));
        Some(Self { cluster, authorities })
    }

    /// How often the server's log has a text.
    fn told(&self, text: &str) -> usize {
        std::fs::read_to_string(self.cluster.directory().join("log")).unwrap().matches(text).count()
    }

    /// An empty database of `muster`'s.
    fn database(&self) -> Database {
        let database = self.cluster.database();
        let name = database.query("SELECT current_database()");
        database.query(&format!("ALTER DATABASE {name} OWNER TO muster"));
        database
    }

    /// Parameters with the file of the authority that signed, one of another name, or a namesake.
    fn trusting(&self, authority: usize, parameters: &str) -> String {
        format!("{parameters}&sslrootcert={}", self.authorities[authority].display())
    }
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

/// The address of a database, by a name of its host.
fn url(login: &str, database: &Database, host: &str, parameters: &str) -> String {
    let url = database.url();
    let place = url.strip_prefix("postgres://postgres@").unwrap();
    format!("postgres://{login}@{}?{parameters}", place.replacen("127.0.0.1", host, 1))
}

/// How many connections of stores there are, and how many of them are encrypted.
fn encrypted(database: &Database) -> (String, bool) {
    let sql = format!(
        "SELECT count(*) > 0, bool_and(ssl), max(version) FROM pg_stat_ssl \
         JOIN (SELECT pid {OURS}) ours USING (pid)"
    );
    let told = database.query(&sql);
    (told.clone(), told.starts_with("t|t|TLSv1."))
}

#[test]
fn who_is_trusted_is_connected_to_and_nobody_in_between_reads_along() {
    let Some(server) = Secured::shared() else { return };
    let elsewhere = "hostaddr=127.0.0.1";
    let cases = [
        // Any certificate is as good, and by default on this machine, too.
        ("127.0.0.1", String::new()),
        ("127.0.0.1", "sslmode=prefer".to_owned()),
        ("127.0.0.1", "sslmode=require".to_owned()),
        // One of the authority's, of any name.
        ("127.0.0.1", server.trusting(0, "sslmode=verify-ca")),
        ("127.0.0.1", server.trusting(0, "sslmode=require")),
        // One of the authority's with this name, and by default for other machines.
        ("localhost", server.trusting(0, "sslmode=verify-full")),
        ("db.example.org", server.trusting(0, elsewhere)),
        // The password is given to nobody but the one whose certificate was seen.
        ("localhost", server.trusting(0, "sslmode=verify-full&channel_binding=require")),
    ];
    on_threads(async {
        let opened = cases.map(|(host, parameters)| async move {
            let database = server.database();
            let url = url(LOGIN, &database, host, &parameters);
            let store = open(&url, POOLING).await;
            let tenant = new_tenant(&store).await;
            assert_eq!(make(&store, tenant, create("A")).await.counts(), (1, 0), "{url}");
            let (told, all_are) = encrypted(&database);
            assert!(all_are, "{host} {parameters}: {told}");
        });
        join_all(opened).await;
    });
}

/// What is refused, and why.
async fn refused(url: &str) -> String {
    let error = try_open(url, POOLING).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    let (told, shown) = (error.to_string(), format!("{error:?}"));
    assert!(!told.contains("s3cret") && !shown.contains("s3cret"), "{told}");
    let (place, why) = told.split_once(": ").unwrap();
    let hosts = url.split(['@', '/', '?']).nth(3).unwrap();
    assert!(place.starts_with("cannot open the database postgres://"), "{told}");
    assert!(place.contains(hosts), "{told}");
    why.to_owned()
}

const NOT_TRUSTED: &str = "the certificate of localhost is not by an authority that is trusted \
    here: name a file with the certificate of the right one by sslrootcert=FILE";

#[test]
fn who_is_not_trusted_is_not_connected_to() {
    let Some(server) = &Secured::start() else { return };
    let elsewhere = "hostaddr=127.0.0.1";
    let anothers = |host: &str| {
        let names = NAMES.map(|name| format!("DnsName(\"{name}\")")).join(", ");
        format!(
            "the certificate of {host} is another's ({names}): connect by a name that stands in \
             it, or have one made for this host; sslmode=verify-ca takes one of any name"
        )
    };
    let cases = [
        ("127.0.0.1", server.trusting(0, "sslmode=verify-full"), anothers("127.0.0.1")),
        ("db2.example.org", server.trusting(0, elsewhere), anothers("db2.example.org")),
        ("localhost", server.trusting(1, "sslmode=verify-full"), NOT_TRUSTED.to_owned()),
        ("localhost", server.trusting(1, "sslmode=verify-ca"), NOT_TRUSTED.to_owned()),
        ("localhost", server.trusting(1, "sslmode=require"), NOT_TRUSTED.to_owned()),
        ("localhost", server.trusting(2, "sslmode=verify-ca"), NOT_TRUSTED.to_owned()),
        // Whomever this machine trusts, it is not the server's authority.
        ("db.example.org", elsewhere.to_owned(), "sslrootcert=FILE".to_owned()),
    ];
    on_threads(async {
        let database = &server.database();
        let tries = cases.len();
        let tried = cases.map(|(host, parameters, told)| async move {
            let why = refused(&url(LOGIN, database, host, &parameters)).await;
            assert!(why.ends_with(&told), "{host} {parameters}: {why}");
        });
        join_all(tried).await;
        // It is not tried again, as it would be were they away. The server notices a moment later.
        let refusals = || server.told("could not accept SSL connection");
        until_so("the server notices", || refusals() >= tries).await;
        assert_eq!(refusals(), tries);
        assert_eq!(database.query("SELECT to_regclass('tenants') IS NULL"), "t");
    });
}

#[test]
fn authorities_that_cannot_be_read_are_named() {
    let Some(server) = Secured::shared() else { return };
    let (database, directory) = (server.database(), server.cluster.directory());
    let files = [("absent.pem", None), ("empty.pem", Some("")), ("broken.pem", Some(BROKEN))];
    on_one_thread(async {
        for (name, content) in files {
            let file = directory.join(name);
            content.into_iter().for_each(|content| std::fs::write(&file, content).unwrap());
            let parameters = format!("sslmode=verify-full&sslrootcert={}", file.display());
            let why = refused(&url(LOGIN, &database, "localhost", &parameters)).await;
            assert!(why.starts_with(&format!("sslrootcert={}: ", file.display())), "{why}");
            assert!(why.ends_with("certificates of the authorities to trust, as PEM"), "{why}");
        }
    });
}

const BROKEN: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

#[test]
fn a_server_that_wants_encryption_is_not_spoken_to_without() {
    let Some(server) = Secured::shared() else { return };
    let database = server.database();
    on_one_thread(async {
        let why = refused(&url(LOGIN, &database, "localhost", "sslmode=disable")).await;
        assert!(why.contains("no pg_hba.conf entry") && why.contains("no encryption"), "{why}");
        assert!(why.ends_with("where such lines say hostssl, sslmode=disable is in vain"), "{why}");
    });
}

/// By default a server on this machine need not encrypt.
#[test]
fn a_server_without_encryption_is_refused_where_it_is_asked_for() {
    let (Some(plain), Some(server)) = (Cluster::shared(), Secured::shared()) else { return };
    let database = &plain.database();
    on_threads(async {
        let asked = ["sslmode=require".to_owned(), server.trusting(0, "sslmode=verify-full")];
        let tried = asked.iter().map(|parameters| async move {
            let why = refused(&url("postgres", database, "localhost", parameters)).await;
            assert!(why.contains("server does not support TLS: switch it on there"), "{why}");
        });
        join_all(tried).await;
        let _store = open(&url("postgres", database, "localhost", ""), POOLING).await;
        assert_eq!(encrypted(database).0, "t|f|");
    });
}

#[test]
fn of_several_hosts_one_that_is_as_asked_for_is_found() {
    let (Some(plain), Some(server)) = (Cluster::shared(), Secured::shared()) else { return };
    let port = server.cluster.address().port();
    let plain = plain.address();
    let cases = [
        // One does not encrypt, one has another's certificate, and one is right.
        (format!("{plain},127.0.0.1:{port},localhost"), true),
        (format!("localhost:{port},{plain},127.0.0.1"), true),
        (format!("{plain},127.0.0.1"), false),
    ];
    on_threads(async {
        let parameters = server.trusting(0, "sslmode=verify-full");
        let tried = cases.map(|(hosts, is_found)| {
            let (database, parameters) = (server.database(), parameters.as_str());
            async move {
                let url = url(LOGIN, &database, &hosts, parameters);
                if is_found {
                    let _store = open(&url, POOLING).await;
                    assert!(encrypted(&database).1, "{hosts}");
                } else {
                    let began = Instant::now();
                    let why = refused(&url).await;
                    // Another may be there a moment later, and is waited for.
                    assert!(began.elapsed() > Duration::from_secs(5), "{:?}", began.elapsed());
                    let told = "of 2 hosts, the one that was tried last: ";
                    assert!(why.starts_with(told) && why.contains("of 127.0.0.1 is"), "{why}");
                }
            }
        });
        join_all(tried).await;
    });
}

#[test]
fn a_wrong_password_is_told_at_once_and_not_repeated() {
    let Some(server) = Secured::shared() else { return };
    let database = server.database();
    let told = "give the role's password in the URL of the store, as \
        postgres://USER:PASSWORD@HOST/DATABASE, with '@' as %40, '?' as %3F, '%' as %25";
    database.query(&format!("CREATE ROLE someone LOGIN PASSWORD '{PASSWORD}'"));
    on_one_thread(async {
        // The server does not tell whether there is such a role.
        for role in ["someone", "nobody"] {
            let failed = format!("password authentication failed for user \"{role}\"");
            let login = format!("{role}:s3cret");
            let why = refused(&url(&login, &database, "localhost", "")).await;
            assert_eq!(why, format!("PostgreSQL says: {failed} (28P01): {told}"));
            assert_eq!(server.told(&format!("FATAL:  {failed}")), 1, "it is not tried again");
        }
        let why = refused(&url("someone", &database, "localhost", "")).await;
        assert_eq!(why, format!("invalid configuration: password missing: {told}"));
    });
}

#[test]
fn a_database_that_is_not_there_is_named() {
    let Some(cluster) = Cluster::shared() else { return };
    on_one_thread(async {
        let why = refused(&format!("postgres://postgres@{}/absent", cluster.address())).await;
        let told =
            "database \"absent\" does not exist (3D000): create it first, with encoding UTF8";
        assert_eq!(why, format!("PostgreSQL says: {told}"));
    });
}

/// Connections that are there stay; when they are gone, the new password is asked for.
#[test]
fn a_password_that_was_changed_is_told_and_may_be_changed_back() {
    let Some(server) = Secured::shared() else { return };
    let database = server.database();
    database.query("CREATE ROLE rotated LOGIN PASSWORD 'one' IN ROLE muster");
    on_one_thread(async {
        let store = open(&url("rotated:one", &database, "localhost", ""), POOLING).await;
        let tenant = new_tenant(&store).await;
        let mut ledger = make(&store, tenant, create("before")).await;
        database.query("ALTER ROLE rotated PASSWORD 'two'");
        ledger.join(make(&store, tenant, create("connected")).await);
        database.query(&format!("SELECT pg_terminate_backend(pid) {OURS}"));
        until(&database, &format!("SELECT count(*) = 0 {OURS}")).await;
        let refused = store.write(write(tenant, create("refused"))).await.unwrap_err();
        let told = refused.to_string();
        assert!(matches!(refused, WriteError::Store(StoreError::Unavailable(_))), "{told}");
        assert!(told.contains("(28P01): give the role's password"), "{told}");
        let read = store.get(tenant, IdentityId(Uuid::from_u128(1))).await.unwrap_err();
        assert!(read.to_string().contains("(28P01)"), "{read}");
        database.query("ALTER ROLE rotated PASSWORD 'one'");
        ledger.join(make(&store, tenant, create("after")).await);
        assert_eq!(ledger.counts(), (3, 0));
        ledger.check(&store, tenant).await;
    });
}

/// What asks the server to stop speaks TLS, too.
#[test]
fn a_query_past_its_deadline_is_stopped_under_encryption() {
    let Some(server) = Secured::shared() else { return };
    let database = server.database();
    on_threads(async {
        let parameters = server.trusting(0, "sslmode=verify-full");
        let url = url(LOGIN, &database, "localhost", &parameters);
        // It would not end by itself while this test is waiting.
        let pooling = Pooling { statement_timeout: Duration::from_secs(300), ..POOLING };
        let store = open(&url, pooling).await;
        let tenant = new_tenant(&store).await;
        let other = connect(&database.url()).await;
        other.batch_execute("BEGIN; LOCK identities").await.unwrap();
        let deadline = Instant::now() + Duration::from_millis(500);
        let read = store.page(tenant, Query::by_key(1), deadline).await;
        assert!(matches!(read, Err(StoreError::Deadline)), "{read:?}");
        until(&database, &format!("SELECT count(*) = 0 {OURS} AND state = 'active'")).await;
        other.batch_execute("ROLLBACK").await.unwrap();
    });
}
