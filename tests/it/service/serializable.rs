//! An engine that has no READ COMMITTED, as distributed ones: whoever is in another's way is told to begin again, in the
//! middle or as late as at COMMIT. Nobody who uses the program learns of it.

use crate::support::api::Api;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::server::{ALIAS, BEGINNING, PASSWORD, PASSWORD_ONLY, TestServer};
use crate::support::wire::{SERIALIZABLE, Wire};
use my_security_credentials::domain::throttle::Admission;
use my_security_credentials::store::StoreError;
use my_security_credentials::store::audit::AuditRecord;
use my_security_credentials::store::throttle::Bucket;
use std::time::{Duration, Instant};

const MANAGE_OWN_KEYS: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"*"}}"#;
const PATH: &str = "/console/security-credentials/password";
/// A sentence gives up after four seconds, and a request after ten.
const AT_LONGEST: Duration = Duration::from_secs(10);

/// With every fifth record the transaction that wrote it fails when it commits, and nothing of it has happened then.
const FAILING_COMMITS: &str = "CREATE SEQUENCE commits; \
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    IF nextval('commits') % 5 = 3 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF; RETURN NEW; END $$; \
    CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON audit_records DEFERRABLE INITIALLY DEFERRED \
    FOR EACH ROW EXECUTE FUNCTION fail()";

async fn serializable() -> (TestServer, Wire) {
    let mut database = Database::postgres().await;
    let name = database.settings.url.rsplit('/').next().expect("a name").split('?').next().expect("a name").to_owned();
    database.execute(&format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")).await;
    database.execute(FAILING_COMMITS).await;
    let wire = Wire::between(&mut database, SERIALIZABLE);
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    (server, wire)
}

/// There were conflicts indeed, also late ones.
#[track_caller]
fn was_contended(wire: &Wire, began: Instant) {
    println!("{} could not be serialized, {} of them at COMMIT", wire.failures(), wire.failures_at_commit());
    assert!(wire.failures() > wire.failures_at_commit(), "nobody was in another's way");
    assert!(wire.failures_at_commit() > 0, "no COMMIT failed");
    assert!(began.elapsed() < AT_LONGEST * 3, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_keys_made_at_once_where_nothing_is_read_committed_two_are_there() {
    let (server, wire) = serializable().await;
    server.user("alice", Some(MANAGE_OWN_KEYS)).await;
    let (api, began) = (Api::of(&server, "alice").await, Instant::now());
    let making = (0..20).map(|number| {
        let api = api.clone();
        let at = BEGINNING - time::Duration::seconds(number);
        tokio::spawn(async move { api.call_at(at, "CreateAccessKey", &[]).await })
    });
    let (mut made, mut put_off) = (Vec::new(), 0);
    for answer in making.collect::<Vec<_>>() {
        let answer = answer.await.expect("an answer");
        match answer.status {
            200 => made.extend(answer.text("AccessKeyId")),
            503 => put_off += 1,
            _ => answer.assert_refused(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"),
        }
    }
    // On a machine that is busy with other things patience may end before the turn comes; nothing has happened then.
    assert!(put_off < 20, "all were put off");
    made.push(api.access_key_id.clone());
    made.sort();
    assert_eq!(server.database.texts("SELECT access_key_id FROM access_keys ORDER BY access_key_id").await, made);
    assert_eq!((made.len(), server.records("CreateAccessKey", None).await), (2, 2));
    was_contended(&wire, began);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_changed_at_once_where_nothing_is_read_committed_are_changed_once_each() {
    let (server, wire) = serializable().await;
    let mut forms = Vec::new();
    for user in ["alice", "bob", "carol"] {
        server.user(user, Some(PASSWORD_ONLY)).await;
        for number in 0..4 {
            let mut browser = server.signed_in(user).await;
            browser.get(PATH).await;
            forms.push((user, number, browser));
        }
    }
    let began = Instant::now();
    let changing = forms.into_iter().map(|(user, number, browser)| tokio::spawn(change(browser, user, number)));
    let mut won = Vec::new();
    for change in changing.collect::<Vec<_>>() {
        won.extend(change.await.expect("an answer"));
    }
    won.sort();
    assert_eq!(won.iter().map(|(user, _)| *user).collect::<Vec<_>>(), ["alice", "bob", "carol"]);
    for (user, password) in &won {
        assert_eq!(server.browser().sign_in(ALIAS, user, password).await.status, 303);
        assert_eq!(server.browser().sign_in(ALIAS, user, PASSWORD).await.status, 422);
    }
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 6);
    assert_eq!(server.records("ChangePassword", None).await, 3);
    was_contended(&wire, began);
}

/// Who, and the password that was acknowledged.
async fn change(mut browser: Browser, user: &'static str, number: u32) -> Option<(&'static str, String)> {
    let new = format!("New-password-{number}");
    let answer = browser.submit_change(PATH, PASSWORD, &new, &new).await;
    let lost = [422, 503].contains(&answer.status) || answer.status == 303 && answer.location().starts_with("/signin");
    let done = answer.location() == "/console/security-credentials";
    assert!(done || lost, "{} {}", answer.status, answer.body);
    done.then_some((user, new))
}

/// As from eight nodes: in one process they would wait for each other before they ask the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tries_counted_at_once_where_nothing_is_read_committed_are_all_counted() {
    let (server, wire) = serializable().await;
    let began = Instant::now();
    let bucket = Bucket { bucket: "one".to_owned(), user_key: "alice".to_owned(), seen: None };
    let trying = (0..8).map(|number| {
        let (store, mut bucket) = (server.app.store.clone(), bucket.clone());
        let record = recorded(number);
        tokio::spawn(async move {
            match store.admit_try(&mut bucket, BEGINNING).await {
                Ok(Admission::LetThrough) => Some(store.fail_try(&bucket, BEGINNING, None, Some(&record)).await),
                Ok(Admission::Refused(_)) => None,
                Err(error) => Some(Err(error)),
            }
        })
    });
    let (mut failed, mut put_off) = (0, 0);
    for answer in trying.collect::<Vec<_>>() {
        match answer.await.expect("an answer") {
            Some(Ok(())) => failed += 1,
            Some(Err(StoreError::Unavailable(_))) => put_off += 1,
            Some(Err(error)) => panic!("{error:?}"),
            None => {}
        }
    }
    assert!(put_off < 8, "all were put off");
    let counted = async |column| server.database.number(&format!("SELECT {column} FROM sign_in_throttle")).await;
    assert_eq!((counted("failures").await, server.records("Try", None).await), (failed, failed));
    let tries = counted("tries").await;
    assert!((failed..=failed + put_off).contains(&tries), "{tries} {failed} {put_off}");
    was_contended(&wire, began);
    // Where nobody is in the way, a COMMIT that fails is no reason to be put off.
    for number in 100..110 {
        let bucket = Bucket { bucket: number.to_string(), user_key: "alice".to_owned(), seen: None };
        server.app.store.fail_try(&bucket, BEGINNING, None, Some(&recorded(number))).await.expect("no failure");
    }
}

fn recorded(number: u32) -> AuditRecord {
    AuditRecord {
        event_id: format!("try-{number}"),
        account_id: None,
        user_id: None,
        event_time: BEGINNING,
        event_name: "Try".to_owned(),
        event_source: "test".to_owned(),
        event_type: "Test".to_owned(),
        user_name: None,
        user_identity: "{}".to_owned(),
        source_ip_address: None,
        user_agent: None,
        request_id: None,
        error_code: None,
        error_message: None,
        request_parameters: None,
        response_elements: None,
        additional_event_data: None,
    }
}

/// Two nodes, through the front door.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_tried_at_once_where_nothing_is_read_committed_are_counted_and_the_owner_gets_in() {
    let (server, _wire) = serializable().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let urls = [server.url.clone(), server.second_node().await];
    let mut guessers = Vec::new();
    for number in 0..6 {
        let mut browser = Browser::new(&urls[number % 2]);
        browser.get(&format!("/signin/{ALIAS}")).await;
        guessers.push((number, browser));
    }
    let guessing = guessers.into_iter().map(|(number, mut browser)| {
        tokio::spawn(async move {
            let guess = format!("Wrong-guess-{number}");
            browser.post(&format!("/signin/{ALIAS}"), &[("user_name", "alice"), ("password", &guess)]).await.status
        })
    });
    let mut wrong = 0;
    for answer in guessing.collect::<Vec<_>>() {
        match answer.await.expect("an answer") {
            422 => wrong += 1,
            // Put off because of the others, or because the turn did not come: not tried, and not counted.
            429 | 503 => {}
            other => panic!("{other}"),
        }
    }
    assert!(wrong > 0);
    // Every one that was tried counts, and is told of.
    let sum = async |column, table| {
        server.database.number(&format!("SELECT CAST(SUM({column}) AS BIGINT) FROM {table}")).await
    };
    assert_eq!(sum("tries", "sign_in_throttle").await, wrong);
    assert_eq!(sum("failures", "sign_in_throttle").await, wrong);
    assert_eq!(sum("untold_failures", "login_profiles").await, wrong);
    server.clock.advance(time::Duration::seconds(60));
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
}
