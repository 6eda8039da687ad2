//! Every connection to the database is taken: whoever comes then is sent away within moments, told when to come again, and all
//! is well when the connections are free.

use crate::support::api::Api;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::html::Page;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const CONNECTIONS: usize = 3;
/// Two seconds are promised; the rest is for the other tests on this machine.
const SOON: Duration = Duration::from_secs(4);
const PAGE: &str = "/console/security-credentials";

struct Place {
    server: TestServer,
    alice: Browser,
    api: Api,
}

impl Place {
    async fn on(database: Database) -> Self {
        let connections = CONNECTIONS.to_string();
        let settings = [("MSC_DATABASE_CONNECTIONS", connections.as_str()), ("MSC_ADDRESS_LIMIT", "off")];
        let server = TestServer::start_with(database, &settings).await;
        server.user("alice", Some(PASSWORD_ONLY)).await;
        server.user("bob", Some(PASSWORD_ONLY)).await;
        let (alice, api) = (server.signed_in("alice").await, Api::of(&server, "alice").await);
        Self { server, alice, api }
    }

    fn in_use(&self) -> usize {
        self.server.app.store.connections().in_use as usize
    }

    /// A page for each connection, which gets no answer for a while.
    async fn take_all(&self) -> Vec<JoinHandle<Page>> {
        let page = |mut browser: Browser| tokio::spawn(async move { browser.get(PAGE).await });
        let pages = (0..CONNECTIONS).map(|_| page(self.alice.clone())).collect();
        self.until(CONNECTIONS).await;
        pages
    }

    async fn until(&self, in_use: usize) {
        let began = Instant::now();
        while self.in_use() != in_use {
            assert!(began.elapsed() < Duration::from_secs(20), "{} connections are in use", self.in_use());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Every door, at once.
    async fn everybody_is_sent_away(&self) {
        let (began, mut alice, mut visitor) = (Instant::now(), self.alice.clone(), self.server.browser());
        let healthy = async {
            let mut slowest = Duration::ZERO;
            while began.elapsed() < Duration::from_secs(1) {
                let asked = Instant::now();
                assert_eq!(self.server.browser().get("/healthz").await.status, 200);
                slowest = slowest.max(asked.elapsed());
            }
            slowest
        };
        let ready = async { self.server.browser().get("/readyz").await.status };
        let (page, signed_in, call, ready, healthy) = tokio::join!(
            alice.get(PAGE),
            visitor.sign_in(ALIAS, "bob", PASSWORD),
            self.api.call("GetUser", &[]),
            ready,
            healthy,
        );
        for page in [page, signed_in] {
            assert_eq!(page.status, 503, "{}", page.body);
            assert!(page.says("Nothing was changed.") && !page.header("retry-after").is_empty(), "{}", page.main());
        }
        assert_eq!((call.status, call.code().as_str()), (503, "ServiceUnavailable"), "{}", call.body);
        assert!(call.retry_after.is_some());
        assert_eq!(ready, 503);
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(1500) && took < SOON, "{took:?}");
        // 100 ms are promised.
        assert!(healthy < Duration::from_millis(500), "{healthy:?}");
    }

    /// Many more than there are connections, as many at once, and none is lent for ever.
    async fn all_is_well(&self) {
        self.until(0).await;
        let page = |mut browser: Browser| tokio::spawn(async move { browser.get(PAGE).await.status });
        for _ in 0..5 {
            let pages: Vec<_> = (0..CONNECTIONS).map(|_| page(self.alice.clone())).collect();
            for page in pages {
                assert_eq!(page.await.expect("an answer"), 200);
            }
        }
        assert_eq!(self.alice.clone().change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
        assert_eq!(self.server.browser().get("/readyz").await.status, 200);
        self.until(0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_no_connection_to_postgresql_is_sent_away_and_nobody_keeps_one() {
    let place = Place::on(Database::postgres().await).await;
    let mut held = PgConnection::connect(&place.server.database.settings.url).await.expect("a connection");
    held.execute("BEGIN; LOCK TABLE console_sessions IN ACCESS EXCLUSIVE MODE").await.expect("the lock");
    let mut pages = place.take_all().await;
    place.everybody_is_sent_away().await;
    // One has gone away without its answer.
    pages.remove(0).abort();
    held.execute("ROLLBACK").await.expect("the lock is free");
    for page in pages {
        let status = page.await.expect("an answer").status;
        assert!(status == 200 || status == 503, "{status}: it had its connection, and the server's own patience");
    }
    place.all_is_well().await;
}

/// A row that takes as long to read as this machine takes for so many steps.
fn slow(steps: u64) -> String {
    format!(
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {steps}) SELECT MAX(i) FROM n) > 0"
    )
}

/// As many steps as last for five seconds at least: by the fastest of some measurements, whatever else the machine does.
async fn five_seconds(connection: &mut SqliteConnection) -> u64 {
    const STEPS: u64 = 100_000;
    let mut fastest = Duration::MAX;
    for _ in 0..10 {
        let began = Instant::now();
        connection.execute(AssertSqlSafe(format!("SELECT {}", slow(STEPS)))).await.expect("an answer");
        fastest = fastest.min(began.elapsed());
    }
    let micros = u64::try_from(fastest.as_micros()).expect("some").max(1);
    // On as many threads as there are connections.
    STEPS * 5_000_000 / micros / 2
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_no_reader_of_sqlite_is_sent_away_and_nobody_keeps_one() {
    let place = Place::on(Database::sqlite().await).await;
    let mut other = SqliteConnection::connect(&place.server.database.settings.url).await.expect("a connection");
    let steps = five_seconds(&mut other).await;
    let view = format!(
        "ALTER TABLE accounts RENAME TO kept; CREATE VIEW accounts AS SELECT kept.* FROM kept WHERE {}",
        slow(steps)
    );
    sqlx::raw_sql(AssertSqlSafe(view)).execute(&mut other).await.expect("a view");
    let mut pages = place.take_all().await;
    place.everybody_is_sent_away().await;
    pages.remove(0).abort();
    for page in pages {
        let status = page.await.expect("an answer").status;
        assert!(status == 200 || status == 503, "{status}");
    }
    let back = "DROP VIEW accounts; ALTER TABLE kept RENAME TO accounts";
    sqlx::raw_sql(back).execute(&mut other).await.expect("the table");
    place.all_is_well().await;
}

/// Reads go on meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_the_writer_of_sqlite_taken_is_sent_away_and_pages_are_read() {
    let place = Place::on(Database::sqlite().await).await;
    let mut held = SqliteConnection::connect(&place.server.database.settings.url).await.expect("a connection");
    held.execute("BEGIN IMMEDIATE").await.expect("the lock");
    let began = Instant::now();
    let visitors: Vec<_> = ["alice", "bob", "carol", "dave"]
        .into_iter()
        .map(|user| {
            let mut browser = place.server.browser();
            tokio::spawn(async move { browser.sign_in(ALIAS, user, PASSWORD).await })
        })
        .collect();
    assert_eq!(place.alice.clone().get(PAGE).await.status, 200);
    for visitor in visitors {
        let page = visitor.await.expect("an answer");
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(page.says("Nothing was changed.") && !page.header("retry-after").is_empty(), "{}", page.main());
    }
    // SQLite's own patience is five seconds, for the one that is at its turn.
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    held.execute("ROLLBACK").await.expect("the lock is free");
    place.all_is_well().await;
}
