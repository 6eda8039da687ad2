//! Somebody else holds the database: a backup, a command, a person with a shell. Who wants to change something waits a
//! while and is sent away with 503; whoever reads goes on; and when the lock is gone everything is as it was.

use super::people::{Door, Person, SETTINGS, next_password, opens, people};
use crate::support::api::Answer;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::server::ALIAS;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use std::any::Any;
use std::time::{Duration, Instant};

/// The time-out of either engine, five seconds, and what a machine may take that has something else to do.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// Holds what is written to, in a transaction of another process than the server's; readers do not mind.
async fn hold(database: &Database) -> Box<dyn Any> {
    if database.settings.url.starts_with("postgres") {
        let mut held = PgConnection::connect(&database.settings.url).await.expect("a connection");
        let tables = "users, login_profiles, password_history, console_sessions, access_keys, audit_records, \
                      sign_in_throttle, leases";
        let lock = format!("BEGIN; LOCK TABLE {tables} IN EXCLUSIVE MODE");
        held.execute(sqlx::AssertSqlSafe(lock)).await.expect("the lock");
        return Box::new(held);
    }
    let mut held = SqliteConnection::connect(&database.settings.url).await.expect("a connection");
    held.execute("BEGIN IMMEDIATE").await.expect("the lock");
    Box::new(held)
}

struct Scene {
    database: Database,
    node: Node,
    alice: Person,
    browser: Browser,
}

impl Scene {
    /// Alice is signed in, and her key was used before: nothing is left to be noted of either.
    async fn set(database: Database) -> Self {
        let (database, people) = people(database, &[("alice", Door::Api)]).await;
        let node = Node::start_with(&database, &SETTINGS);
        let alice = people.into_iter().next().expect("alice");
        let mut browser = Browser::new(&node.url);
        assert_eq!(browser.sign_in(ALIAS, "alice", &alice.password).await.status, 303);
        alice.call(&node.url, "ListAccessKeys", &[]).await.expect("an answer").assert_done();
        // What the server does for itself at its start.
        while database.number("SELECT COUNT(*) FROM leases").await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { database, node, alice, browser }
    }

    async fn change(&self, new: &str) -> (Answer, Duration) {
        let began = Instant::now();
        let passwords = [("OldPassword", &*self.alice.password), ("NewPassword", new)];
        let answer = self.alice.call(&self.node.url, "ChangePassword", &passwords).await.expect("an answer");
        (answer, began.elapsed())
    }

    /// Pages and calls that change nothing.
    async fn reads(&mut self) -> Duration {
        let began = Instant::now();
        for path in ["/console", "/console/security-credentials", "/console/security-credentials/password", "/healthz"]
        {
            assert_eq!(self.browser.get(path).await.status, 200, "{path}");
        }
        self.alice.call(&self.node.url, "ListAccessKeys", &[]).await.expect("an answer").assert_done();
        began.elapsed()
    }

    async fn all_is_well(&mut self) {
        let new = next_password();
        let (answer, _) = self.change(&new).await;
        answer.assert_done();
        assert!(opens(&self.node.url, "alice", &new).await);
        let log = self.node.log();
        assert!(!log.contains("panicked") && !log.contains(" 500"), "{log}");
    }
}

async fn a_change_waits_for_a_lock_of_three_seconds_and_readers_do_not(database: Database) {
    let mut scene = Scene::set(database).await;
    let held = hold(&scene.database).await;
    let new = next_password();
    let released = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        drop(held);
    };
    let mut reader = Scene::reader(&scene);
    let ((answer, waited), (), read) =
        tokio::join!(scene.change(&new), released, reader.read_for(Duration::from_secs(2)));
    answer.assert_done();
    assert!(waited >= Duration::from_secs(2), "it was not held: {waited:?}");
    // Who had to wait would have read one.
    assert!(read > 1, "only {read} pages were read");
    scene.alice.password = new;
    scene.all_is_well().await;
}

/// Somebody else at the same pages.
struct Reader(Browser);

impl Scene {
    fn reader(&self) -> Reader {
        Reader(self.browser.clone())
    }
}

impl Reader {
    /// How many pages.
    async fn read_for(&mut self, while_: Duration) -> u32 {
        let (began, mut read) = (Instant::now(), 0);
        while began.elapsed() < while_ {
            assert_eq!(self.0.get("/console/security-credentials").await.status, 200);
            read += 1;
        }
        read
    }
}

/// 30 seconds long.
async fn changes_are_sent_away_and_readers_go_on(database: Database) {
    let mut scene = Scene::set(database).await;
    let held = hold(&scene.database).await;
    let began = Instant::now();
    let (mut slowest_change, mut slowest_read) = (Duration::ZERO, Duration::ZERO);
    let mut sent_away = 0;
    while began.elapsed() < Duration::from_secs(30) {
        let new = next_password();
        let (answer, waited) = scene.change(&new).await;
        assert_eq!((answer.status, &*answer.code()), (503, "ServiceUnavailable"), "{}", answer.body);
        assert!(answer.message().contains("Nothing was changed") && answer.retry_after.is_some());
        let page = Browser::new(&scene.node.url).sign_in(ALIAS, "alice", &scene.alice.password).await;
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(!page.header("retry-after").is_empty());
        sent_away += 2;
        slowest_change = slowest_change.max(waited);
        slowest_read = slowest_read.max(scene.reads().await);
    }
    assert!(slowest_change <= LONGEST_WAIT, "a change waited {slowest_change:?}");
    drop(held);
    let released = Instant::now();
    while scene.change(&scene.alice.password.clone()).await.0.status == 503 {
        assert!(released.elapsed() < Duration::from_secs(10));
    }
    let engine = scene.database.settings.url.split(':').next().expect("an engine").to_owned();
    println!(
        "{engine}: {sent_away} sent away, the slowest after {slowest_change:?}; five reads took {slowest_read:?} at most; \
         well again after {:?}",
        released.elapsed()
    );
    scene.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_lock_of_thirty_seconds_on_sqlite_sends_changes_away_and_readers_go_on() {
    changes_are_sent_away_and_readers_go_on(Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_lock_of_thirty_seconds_on_postgres_sends_changes_away_and_readers_go_on() {
    changes_are_sent_away_and_readers_go_on(Database::postgres().await).await;
}

/// What is given up in the middle of its work at the end of the process: no defect, and nothing to be told of.
async fn the_end_of_the_server_is_quiet_although_a_change_still_waits(database: Database) {
    let mut scene = Scene::set(database).await;
    let held = hold(&scene.database).await;
    let (alice, url, new) = (scene.alice.clone(), scene.node.url.clone(), next_password());
    let change = tokio::spawn(async move {
        alice.call(&url, "ChangePassword", &[("OldPassword", &*alice.password), ("NewPassword", &*new)]).await
    });
    let page = scene.browser.clone();
    let signing_in = tokio::spawn(async move {
        let mut other = page.without_cookies();
        other.get("/signin/example-corp").await;
        drop(other.try_send(other.form("/signin/example-corp", &[("user_name", "alice"), ("password", "x")])).await);
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    scene.node.signal("TERM");
    let (status, took) = scene.node.ends_within(Duration::from_secs(12));
    drop(held);
    let log = scene.node.log();
    assert!(status.success(), "{status} after {took:?}:\n{log}");
    assert!(!log.contains("panicked"), "{log}");
    drop((change.await, signing_in.await));
    scene.node = Node::start_with(&scene.database, &SETTINGS);
    scene.all_is_well().await;
}

/// The change is at work in its thread when that ends, long after it was answered that its outcome is not known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn the_end_of_the_server_is_quiet_although_a_change_outlives_its_answer() {
    let mut scene = Scene::set(Database::postgres().await).await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(15); RETURN NEW; END $$; \
                CREATE TRIGGER slow AFTER INSERT OR UPDATE ON sign_in_throttle FOR EACH ROW EXECUTE FUNCTION slow()";
    scene.database.execute(slow).await;
    let (alice, url, new) = (scene.alice.clone(), scene.node.url.clone(), next_password());
    let change = tokio::spawn(async move {
        alice.call(&url, "ChangePassword", &[("OldPassword", &*alice.password), ("NewPassword", &*new)]).await
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    scene.node.signal("TERM");
    let (status, took) = scene.node.ends_within(Duration::from_secs(12));
    let log = scene.node.log();
    assert!(status.success(), "{status} after {took:?}:\n{log}");
    assert!(!log.contains("panicked"), "{log}");
    assert_eq!(change.await.expect("an answer").map(|answer| answer.status), Some(500), "{log}");
}

each_engine! {
    a_change_waits_for_a_lock_of_three_seconds_and_readers_do_not,
    the_end_of_the_server_is_quiet_although_a_change_still_waits,
}
