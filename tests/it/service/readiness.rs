//! Health and readiness tell the truth, at once, to anybody, and nothing more.

use crate::support::database::Database;
use crate::support::server::TestServer;
use sqlx::{Connection, Executor, PgConnection};
use std::time::{Duration, Instant};

async fn ask(server: &TestServer, path: &str) -> (u16, String, Duration) {
    let began = Instant::now();
    let answer = reqwest::get(format!("{}{path}", server.url)).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"), began.elapsed())
}

#[track_caller]
fn says((status, body, _): &(u16, String, Duration), wanted: u16, word: &str) {
    assert_eq!((*status, body.as_str()), (wanted, format!("{word}\n").as_str()));
}

async fn only_a_database_that_answers_with_the_right_schema_is_ready(database: Database) {
    let server = TestServer::start_on(database).await;
    says(&ask(&server, "/readyz").await, 200, "ready");
    // A newer version was here, and says that this one can go on.
    let columns = "description, installed_on, success, checksum, execution_time";
    let newer =
        format!("INSERT INTO _sqlx_migrations (version, {columns}) SELECT 9000, {columns} FROM _sqlx_migrations");
    server.database.execute(&format!("{newer} WHERE version = 1")).await;
    let compatible =
        |oldest: u32| format!("UPDATE installation SET value = '{oldest}' WHERE name = 'oldest_compatible_schema'");
    server.database.execute(&compatible(1)).await;
    says(&ask(&server, "/readyz").await, 200, "ready");
    server.database.execute(&compatible(9000)).await;
    says(&ask(&server, "/readyz").await, 503, "schema");
    server.database.execute("DELETE FROM _sqlx_migrations WHERE version IN (9000, 12)").await;
    says(&ask(&server, "/readyz").await, 503, "schema");
    server.app.store.close().await;
    says(&ask(&server, "/readyz").await, 503, "database");
    says(&ask(&server, "/healthz").await, 200, "ok");
}

async fn a_server_that_stops_is_not_ready_and_lives(database: Database) {
    let server = TestServer::start_on(database).await;
    server.app.stopping.begin();
    says(&ask(&server, "/readyz").await, 503, "stopping");
    says(&ask(&server, "/healthz").await, 200, "ok");
    let answer = reqwest::get(format!("{}/signin", server.url)).await.expect("an answer");
    assert_eq!(answer.status(), 200, "what comes is still served");
    assert_eq!(answer.headers()["connection"], "close");
}

each_engine! {
    only_a_database_that_answers_with_the_right_schema_is_ready,
    a_server_that_stops_is_not_ready_and_lives,
}

/// Who reads waits for whoever holds the table: the probe does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_stuck_makes_unready_within_moments_and_health_answers_meanwhile() {
    let server = TestServer::start_on(Database::postgres().await).await;
    let mut held = PgConnection::connect(&server.database.settings.url).await.expect("a connection");
    held.execute("BEGIN; LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE").await.expect("the lock");
    let (ready, healthy) = tokio::join!(ask(&server, "/readyz"), async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let answer = ask(&server, "/healthz").await;
            says(&answer, 200, "ok");
            slowest = slowest.max(answer.2);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        slowest
    });
    says(&ready, 503, "database");
    assert!(ready.2 >= Duration::from_secs(1) && ready.2 < Duration::from_secs(3), "{:?}", ready.2);
    // 100 ms are promised; the rest is for the other tests on this machine.
    assert!(healthy < Duration::from_millis(500), "{healthy:?}");
    held.close().await.expect("the lock is free");
    for _ in 0..100 {
        if ask(&server, "/readyz").await.0 == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is ready again as soon as the database is");
}
