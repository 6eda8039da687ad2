//! The clock goes wrong, and is set right: back by an hour, ahead by two, ahead by a season, back by a second. What is over
//! stays over, nobody is locked out, and what one node does at a time goes on.

use crate::support::api::{Answer, Api, form};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::raw;
use crate::support::server::{ALIAS, BEGINNING, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::audit_log::AuditLog;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::operations::housekeeping::{AuditRetention, Housekeeper, Shipping};
use my_security_credentials::operations::ship_audit::{BEHIND, Shipper};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

each_engine! {
    a_session_that_is_over_stays_over,
    a_session_of_a_clock_that_was_ahead_does_not_last_until_its_time_comes,
    a_clock_that_is_set_back_ends_no_session_and_makes_none_last_longer,
    a_throttle_is_not_longer_for_the_time_that_was_lost_and_one_that_was_lifted_stays_so,
    a_spent_signature_stays_spent,
    a_signature_and_the_age_of_a_password_are_judged_by_the_clock_as_it_is,
    a_lease_of_the_future_keeps_nobody_from_the_house,
    records_go_out_whichever_way_the_clock_has_jumped,
    the_program_itself_lives_with_a_clock_that_jumps,
}

const ALL: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}"#;

async fn place(database: Database) -> TestServer {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server.put_policy("alice", "calls", ALL).await;
    server
}

fn keeper(server: &TestServer) -> Housekeeper {
    Housekeeper::new(server.app.clone(), AuditRetention { kept: None, shipping: Shipping::Unknown })
}

/// As it does once a minute.
async fn keep_house(server: &TestServer) {
    let mut house = keeper(server);
    house.keep().await;
    house.rest().await;
}

async fn a_session_that_is_over_stays_over(database: Database) {
    let server = place(database).await;
    let (mut seen, mut unseen) = (server.signed_in("alice").await, server.signed_in("alice").await);
    for away in [Duration::hours(2), Duration::days(91)] {
        server.clock.advance(away);
        assert!(!seen.is_signed_in().await);
        server.clock.advance(-away);
        assert!(!seen.is_signed_in().await, "{away}");
        server.clock.advance(away);
        keep_house(&server).await;
        server.clock.advance(-away);
        assert!(!unseen.is_signed_in().await, "{away}");
        (seen, unseen) = (server.signed_in("alice").await, server.signed_in("alice").await);
    }
}

async fn a_session_of_a_clock_that_was_ahead_does_not_last_until_its_time_comes(database: Database) {
    let server = place(database).await;
    for ahead in [Duration::hours(2), Duration::days(91)] {
        server.clock.advance(ahead);
        let (mut asked, mut silent) = (server.signed_in("alice").await, server.signed_in("alice").await);
        server.clock.advance(-ahead);
        assert!(!asked.is_signed_in().await, "{ahead}");
        keep_house(&server).await;
        server.clock.advance(ahead);
        assert!(!asked.is_signed_in().await && !silent.is_signed_in().await, "its time comes, and it is over");
        server.clock.advance(-ahead);
    }
}

async fn a_clock_that_is_set_back_ends_no_session_and_makes_none_last_longer(database: Database) {
    let server = place(database).await;
    for back in [Duration::SECOND, Duration::minutes(30), Duration::minutes(59)] {
        let mut browser = server.signed_in("alice").await;
        server.clock.advance(-back);
        assert!(browser.is_signed_in().await, "{back}");
        server.clock.advance(Duration::minutes(59));
        assert!(browser.is_signed_in().await, "{back}");
        server.clock.advance(-back);
        assert!(browser.is_signed_in().await, "{back}");
        // Within a minute its use is not noted anew.
        server.clock.advance(Duration::hours(1) + back.min(Duration::MINUTE));
        assert!(!browser.is_signed_in().await, "{back}: nobody has used it for an hour");
    }
}

async fn a_throttle_is_not_longer_for_the_time_that_was_lost_and_one_that_was_lifted_stays_so(database: Database) {
    let server = place(database).await;
    let try_it = async |password| server.browser().sign_in(ALIAS, "alice", password).await.status;
    for _ in 0..3 {
        assert_eq!(try_it(NEW_PASSWORD).await, 422);
    }
    assert_eq!(try_it(PASSWORD).await, 429);
    server.clock.advance(-Duration::HOUR);
    server.clock.advance(Duration::seconds(-1));
    assert_eq!(try_it(PASSWORD).await, 429, "the wait is not over, only because the clock was set back");
    server.clock.advance(Duration::seconds(2));
    assert_eq!(try_it(PASSWORD).await, 303);
    assert_eq!(try_it(NEW_PASSWORD).await, 422);
    server.database.execute("UPDATE sign_in_throttle SET tries = 100, failures = 100").await;
    server.clock.advance(-Duration::HOUR);
    assert_eq!(try_it(PASSWORD).await, 429);
    server.clock.advance(Duration::DAY);
    assert_eq!(try_it(PASSWORD).await, 303, "a day is a day");
    assert_eq!(try_it(NEW_PASSWORD).await, 422);
    server.database.execute("UPDATE sign_in_throttle SET tries = 100, failures = 100").await;
    server.clock.advance(Duration::days(91));
    keep_house(&server).await;
    server.clock.advance(-Duration::HOUR);
    assert_eq!(try_it(PASSWORD).await, 303, "what was lifted stays so");
}

async fn a_spent_signature_stays_spent(database: Database) {
    let server = place(database).await;
    let api = Api::of(&server, "alice").await;
    let make = async || api.send(api.signed(BEGINNING, "iam", &form("CreateAccessKey", &[]))).await;
    make().await.assert_done();
    let refused = async || assert!(make().await.status >= 400 && keys(&server).await == 1);
    for away in [Duration::hours(2), Duration::days(91), -Duration::HOUR] {
        server.database.execute("DELETE FROM access_keys WHERE slot = 2").await;
        refused().await;
        server.clock.advance(away);
        refused().await;
        keep_house(&server).await;
        server.clock.advance(-away);
        refused().await;
    }
    // The clock goes on, and is then set back to the moment of the signature.
    server.clock.advance(Duration::days(30));
    keep_house(&server).await;
    server.clock.advance(-Duration::days(30));
    refused().await;
}

async fn keys(server: &TestServer) -> i64 {
    server.database.number("SELECT COUNT(*) FROM access_keys").await
}

async fn a_signature_and_the_age_of_a_password_are_judged_by_the_clock_as_it_is(database: Database) {
    let server = place(database).await;
    let api = Api::of(&server, "alice").await;
    server.set_password_policy(PasswordPolicy { max_password_age: Some(90), ..PasswordPolicy::default() }).await;
    for (away, expires) in [(Duration::HOUR, false), (-Duration::HOUR, false), (Duration::days(91), true)] {
        server.clock.advance(away);
        assert_eq!(api.call("GetUser", &[]).await.status, 403, "{away}");
        api.call_at(BEGINNING + away, "GetUser", &[]).await.assert_done();
        assert_eq!(must_change(&server.url, PASSWORD).await, expires, "{away}");
        server.clock.advance(-away);
        api.call("GetUser", &[]).await.assert_done();
        assert!(!must_change(&server.url, PASSWORD).await, "{away}");
    }
}

/// Whether whoever signs in has to change the password first.
async fn must_change(url: &str, password: &str) -> bool {
    let answer = Browser::new(url).sign_in(ALIAS, "alice", password).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().starts_with("/signin/step/change-password")
}

async fn a_lease_of_the_future_keeps_nobody_from_the_house(database: Database) {
    let server = place(database).await;
    let mut first = keeper(&server);
    for jump in [-Duration::HOUR, Duration::hours(2), -Duration::days(91), Duration::days(91)] {
        server.signed_in("alice").await;
        first.keep().await;
        server.clock.advance(jump);
        // Dead without a word, with a lease that ends when it may.
        let mut second =
            Housekeeper::new(server.second_app().await, AuditRetention { kept: None, shipping: Shipping::Unknown });
        server.database.execute("UPDATE console_sessions SET expires_at = 0").await;
        assert!(second.keep().await > 0, "{jump}");
        second.rest().await;
        first = keeper(&server);
    }
}

async fn records_go_out_whichever_way_the_clock_has_jumped(database: Database) {
    let server = place(database).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("audit.log");
    let mut shipper = Shipper::new(server.app.clone(), AuditLog::File(file.clone()));
    let mut number = 0;
    for jump in [-Duration::HOUR, Duration::hours(2), -Duration::hours(2), Duration::days(91), -Duration::days(91)] {
        server.clock.advance(jump);
        for _ in 0..3 {
            number += 1;
            server.user(&format!("user-{number}"), None).await;
            // As often as it looks.
            shipper.ship().await;
            server.clock.advance(Duration::minutes(1));
        }
        let recorded = recorded(&server).await;
        server.clock.advance(BEHIND);
        shipper.ship().await;
        let missing: Vec<_> = recorded.difference(&shipped(&file)).cloned().collect();
        assert!(missing.is_empty(), "{jump}: {missing:?}");
    }
    crate::support::record::audit_log(&file);
}

/// What was recorded when the clock said no more than it says now.
async fn recorded(server: &TestServer) -> BTreeSet<String> {
    let now = server.clock.now().unix_timestamp_nanos() / 1000;
    let sql = format!("SELECT event_id FROM audit_records WHERE event_time <= {now}");
    server.database.texts(&sql).await.into_iter().collect()
}

fn shipped(file: &Path) -> BTreeSet<String> {
    let events = crate::audit::events(file);
    events.iter().map(|event| event["eventID"].as_str().expect("an ID").to_owned()).collect()
}

/// The clock of a process, which is changed under it.
struct FakeTime {
    folder: TempDir,
    library: PathBuf,
}

impl FakeTime {
    fn new() -> Self {
        let libraries = std::fs::read_dir("/usr/lib").expect("libraries").filter_map(Result::ok);
        let mut libraries = libraries.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
        let library = libraries.find(|library| library.exists()).expect("the Debian package faketime");
        let fake = Self { folder: tempfile::tempdir().expect("a folder"), library };
        fake.set(Duration::ZERO);
        fake
    }

    /// So far from the time of this machine; what time it is then.
    fn set(&self, ahead: Duration) -> OffsetDateTime {
        let (file, new) = (self.file(), self.folder.path().join("new"));
        std::fs::write(&new, format!("{:+}", ahead.whole_seconds())).expect("the time");
        std::fs::rename(new, file).expect("the time");
        OffsetDateTime::from(std::time::SystemTime::now()) + ahead
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("time")
    }

    /// Its deadlines go by the clock that only goes on, which nobody can set.
    fn start(&self, server: &TestServer) -> Node {
        let (library, file) = (self.library.display().to_string(), self.file().display().to_string());
        let settings = [
            ("LD_PRELOAD", library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
            ("TZ", "Europe/Berlin"),
            ("MSC_ADDRESS_LIMIT", "off"),
        ];
        Node::start_with(&server.database, &settings)
    }
}

async fn the_program_itself_lives_with_a_clock_that_jumps(database: Database) {
    let server = place(database).await;
    let time = FakeTime::new();
    let node = time.start(&server);
    let key = Api::of(&server, "alice").await;
    let api = Api::with(&node.url, &key.access_key_id, &key.secret_access_key);
    let ask = async |at: OffsetDateTime| -> Answer { api.call_at(at, "GetUser", &[]).await };
    let signed_in = async || {
        let mut browser = Browser::new(&node.url);
        assert_eq!(browser.sign_in(ALIAS, "alice", NEW_PASSWORD).await.location(), "/console");
        browser
    };
    let mut first = Browser::new(&node.url);
    assert_eq!(first.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    assert_eq!(first.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
    // From now on, which is not the tests' own time.
    server.set_password_policy(PasswordPolicy { max_password_age: Some(90), ..PasswordPolicy::default() }).await;
    let url = node.url.clone();
    let slow = std::thread::spawn(move || a_slow_head(&url));

    let early = time.set(-Duration::minutes(55));
    assert!(first.is_signed_in().await, "set back");
    ask(early).await.assert_done();
    assert_eq!(ask(early + Duration::minutes(55)).await.status, 403, "a signature of the time that is to come");
    let present = time.set(Duration::SECOND);
    assert!(signed_in().await.is_signed_in().await);
    time.set(Duration::ZERO);
    assert!(first.is_signed_in().await, "a second that comes twice");
    let ahead = time.set(Duration::hours(2));
    assert!(!first.is_signed_in().await, "nobody was here for two hours");
    let mut second = signed_in().await;
    ask(ahead).await.assert_done();
    time.set(Duration::ZERO);
    assert!(!first.is_signed_in().await, "what is over stays over");
    assert!(!second.is_signed_in().await, "what began in a time that has not come is over");
    ask(present).await.assert_done();
    time.set(Duration::days(91));
    assert!(must_change(&node.url, NEW_PASSWORD).await);
    time.set(Duration::ZERO);
    assert!(signed_in().await.is_signed_in().await);
    assert_eq!(Browser::new(&node.url).get("/readyz").await.status, 200);
    let (status, took) = slow.join().expect("an answer");
    assert!(status == 408 && took >= std::time::Duration::from_millis(4500), "{status} after {took:?}");
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
    assert!(!node.log().contains("panicked"), "{}", node.log());
}

/// Cut by a clock that does not jump.
fn a_slow_head(url: &str) -> (u16, std::time::Duration) {
    let began = std::time::Instant::now();
    let mut stream = raw::connect(url);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").expect("half of a head");
    (raw::answer(stream).status, began.elapsed())
}
