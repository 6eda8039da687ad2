//! What happens when the database fails in the middle, tries to be clever, or holds nonsense.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::store::{DatabaseSettings, Store, StoreError};
use std::time::{Duration, Instant};

on_both_engines! {
    a_row_that_makes_no_sense_is_named,
    a_sentence_that_is_dropped_leaves_the_store_usable,
    errors_do_not_show_what_was_bound,
}

async fn a_row_that_makes_no_sense_is_named(database: &Database) {
    with_alice(database).await;
    database.execute("UPDATE users SET path = 'nowhere'").await;
    let outcome = database.store.user_by_id(&alice()).await;
    assert!(matches!(outcome, Err(StoreError::Inconsistent { table: "users", column: "path", .. })), "{outcome:?}");
}

async fn a_sentence_that_is_dropped_leaves_the_store_usable(database: &Database) {
    let seen = with_alice(database).await;
    for micros in 0..40 {
        let new = replacement(&seen, "dropped");
        let written = record("ChangePassword");
        let change = database.store.replace_password(&new, &written);
        drop(tokio::time::timeout(Duration::from_micros(micros * 50), change).await);
    }
    let now = facts(database).await;
    let changes = recorded(database, "ChangePassword").await;
    assert!(changes <= 1);
    assert_eq!(now.user.session_epoch, seen.user.session_epoch + changes);
    database.store.replace_password(&replacement(&now, "after"), &record("After")).await.unwrap();
}

async fn errors_do_not_show_what_was_bound(database: &Database) {
    with_alice(database).await;
    let mut record = record("Once");
    record.request_parameters = Some("a-secret-by-mistake".to_owned());
    database.store.audit(&record).await.unwrap();
    let error = database.store.audit(&record).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("a-secret-by-mistake"));
    assert!(!format!("{error:?}").contains(&record.event_id), "{error:?}");
}

/// A full disk does this: SQLite ends the transaction by itself.
#[tokio::test]
async fn a_transaction_that_sqlite_ended_does_not_poison_the_writer() {
    let database = Database::sqlite().await;
    let seen = with_alice(&database).await;
    let ends = "BEGIN SELECT RAISE(ROLLBACK, 'ended'); END";
    database.execute(&format!("CREATE TRIGGER ending BEFORE INSERT ON password_history {ends}")).await;
    for _ in 0..3 {
        let outcome = database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await;
        assert!(outcome.is_err());
    }
    assert_eq!(facts(&database).await, seen);
    database.execute("DROP TRIGGER ending").await;
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
}

/// Another process holds SQLite's write lock for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_for_another_process() {
    let database = Database::sqlite().await;
    let seen = with_alice(&database).await;
    let file = database.settings.url.clone();
    let (locked, wait) = tokio::sync::oneshot::channel();
    let other = tokio::spawn(async move {
        use sqlx::Connection;
        let mut connection = sqlx::SqliteConnection::connect(&file).await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
        locked.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        sqlx::raw_sql("COMMIT").execute(&mut connection).await.unwrap();
    });
    wait.await.unwrap();
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
    other.await.unwrap();
}

async fn on_audit(database: &Database, timing: &str, body: &str) {
    let function =
        format!("CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$");
    database.execute(&function).await;
    database.execute(&format!("CREATE {timing} FOR EACH ROW EXECUTE FUNCTION fault()")).await;
}

const IN_THE_MIDDLE: &str = "TRIGGER fault AFTER INSERT ON audit_records";
const AT_COMMIT: &str = "CONSTRAINT TRIGGER fault AFTER INSERT ON audit_records DEFERRABLE INITIALLY DEFERRED";

#[tokio::test]
async fn a_serialization_failure_is_tried_again() {
    let database = Database::postgres().await;
    let seen = with_alice(&database).await;
    database.execute("CREATE SEQUENCE tries").await;
    let body = "IF nextval('tries') < 4 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;";
    on_audit(&database, IN_THE_MIDDLE, body).await;
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
    assert_eq!(database.number("SELECT nextval('tries')").await, 5);
    assert_eq!(facts(&database).await.user.session_epoch, seen.user.session_epoch + 1);
}

#[tokio::test]
async fn a_serialization_failure_at_commit_is_tried_again() {
    let database = Database::postgres().await;
    let seen = with_alice(&database).await;
    database.execute("CREATE SEQUENCE tries").await;
    let body = "IF nextval('tries') < 4 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;";
    on_audit(&database, AT_COMMIT, body).await;
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
    assert_eq!(database.number("SELECT nextval('tries')").await, 5);
}

#[tokio::test]
async fn a_failure_that_does_not_end_is_not_tried_for_ever() {
    let database = Database::postgres().await;
    let seen = with_alice(&database).await;
    database.execute("CREATE SEQUENCE tries").await;
    let body = "PERFORM nextval('tries'); RAISE EXCEPTION USING ERRCODE = '40P01';";
    on_audit(&database, IN_THE_MIDDLE, body).await;
    let began = Instant::now();
    let outcome = database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    let tries = database.number("SELECT nextval('tries')").await - 1;
    // Twelve, or fewer where four seconds are over before.
    assert!((4..=12).contains(&tries), "{tries}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(facts(&database).await, seen);
}

#[tokio::test]
async fn a_connection_that_is_lost_at_commit_leaves_the_outcome_unknown_and_is_not_tried_again() {
    let database = Database::postgres().await;
    let seen = with_alice(&database).await;
    database.execute("CREATE SEQUENCE tries").await;
    let body = "PERFORM nextval('tries'); PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(0.1);";
    on_audit(&database, AT_COMMIT, body).await;
    let outcome = database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await;
    assert!(matches!(outcome, Err(StoreError::OutcomeUnknown(_))), "{outcome:?}");
    assert_eq!(database.number("SELECT nextval('tries')").await, 2);
    assert_eq!(facts(&database).await, seen);
}

#[tokio::test]
async fn a_connection_that_is_lost_in_the_middle_changes_nothing_and_the_next_is_good() {
    let database = Database::postgres().await;
    let seen = with_alice(&database).await;
    on_audit(&database, IN_THE_MIDDLE, "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(0.1);").await;
    let outcome = database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    database.execute("DROP TRIGGER fault ON audit_records").await;
    assert_eq!(facts(&database).await, seen);
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
}

async fn with_readers(database: &Database, connections: u32) -> Store {
    let settings = DatabaseSettings { connections, ..database.settings.clone() };
    Store::open(&settings).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_reads_than_sqlite_has_readers_wait_their_turn() {
    let database = Database::sqlite().await;
    with_alice(&database).await;
    let store = with_readers(&database, 1).await;
    let reads = (0..50).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.user(&account_id(), &name("Alice")).await })
    });
    for read in reads.collect::<Vec<_>>() {
        assert!(read.await.unwrap().unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_are_given_up_use_no_reader_up() {
    let database = Database::sqlite().await;
    with_alice(&database).await;
    let store = with_readers(&database, 2).await;
    for _ in 0..200 {
        let (account, alice) = (account_id(), name("Alice"));
        let mut read = Box::pin(store.user(&account, &alice));
        // One poll sends the statement to the connection's thread; then nobody waits for it any more.
        std::future::poll_fn(|cx| {
            drop(read.as_mut().poll(cx));
            std::task::Poll::Ready(())
        })
        .await;
    }
    assert!(store.user(&account_id(), &name("Alice")).await.unwrap().is_some());
    store.close().await;
    assert!(matches!(store.user(&account_id(), &name("Alice")).await, Err(StoreError::Unavailable(_))));
}
