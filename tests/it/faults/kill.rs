//! kill -9 at any moment of a change: afterwards the old or the new password opens the door, never neither, never both,
//! and what was acknowledged is there. The same test without the transaction finds broken states: it has teeth.
//!
//! The change runs in a process of its own, which is this test binary with one test chosen by an environment variable.

use crate::support::database::Database;
use my_security_credentials::domain::account::AccountId;
use my_security_credentials::domain::password_hash::PasswordHash;
use my_security_credentials::domain::user::{UserId, UserName};
use my_security_credentials::store::Store;
use my_security_credentials::store::audit::AuditRecord;
use my_security_credentials::store::login_profiles::PasswordReplacement;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

const KILLS: u32 = 200;
const URL: &str = "KILL_TEST_DATABASE_URL";
const TRANSACTION: &str = "KILL_TEST_TRANSACTION";

fn hash(number: u64) -> PasswordHash {
    PasswordHash::from_phc(format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ${number:032}"))
}

/// What the child does until it is killed: one change after the other, each acknowledged on its standard output.
#[tokio::test]
#[ignore = "a part of the tests below, which start it in a process of its own"]
async fn child() {
    let (Ok(url), Ok(transaction)) = (std::env::var(URL), std::env::var(TRANSACTION)) else { return };
    let settings = my_security_credentials::store::DatabaseSettings {
        url: url.clone(),
        connections: 2,
        acquire_timeout: Duration::from_secs(20),
        create_if_missing: false,
    };
    let store = Store::open(&settings).await.expect("open");
    let user = alice(&store).await;
    for _ in 0..100_000 {
        let facts = store.password_facts(&user).await.expect("facts").expect("alice");
        let profile = facts.login_profile.expect("a profile");
        let next = u64::try_from(profile.version).expect("a version") + 1;
        if transaction == "yes" {
            store
                .replace_password(
                    &replacement(&user, profile.version, facts.account.authorization_version, next),
                    &record(next),
                )
                .await
                .expect("a change");
        } else {
            without_a_transaction(&url, &user, next).await;
        }
        println!("acknowledged {next}");
    }
}

fn replacement(user: &UserId, version: i64, authorization_version: i64, next: u64) -> PasswordReplacement {
    PasswordReplacement {
        user_id: user.clone(),
        version,
        authorization_version,
        hash: hash(next),
        history_entry: hash(next),
        at: time::macros::datetime!(2026-11-23 12:00 UTC),
        password_reset_required: false,
        temporary_expires_at: None,
        untold: false,
        throttle_key: None,
        right_try: None,
        own_session: None,
    }
}

fn record(number: u64) -> AuditRecord {
    AuditRecord {
        event_id: format!("event-{number}"),
        account_id: None,
        user_id: None,
        event_time: time::macros::datetime!(2026-11-23 12:00 UTC),
        event_name: "ChangePassword".to_owned(),
        event_source: String::new(),
        event_type: String::new(),
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

/// The same writes, each on its own.
async fn without_a_transaction(url: &str, user: &UserId, next: u64) {
    let mut connection = SqliteConnection::connect(url).await.expect("connect");
    let hash = hash(next);
    for sql in [
        format!("UPDATE users SET session_epoch = {next} WHERE user_id = '{}'", user.as_str()),
        format!(
            "UPDATE login_profiles SET hash = '{}', version = {next} WHERE user_id = '{}'",
            hash.as_phc(),
            user.as_str()
        ),
        format!(
            "INSERT INTO password_history (user_id, position, hash, set_at) VALUES ('{}', {next}, '{}', 0)",
            user.as_str(),
            hash.as_phc()
        ),
        format!(
            "INSERT INTO audit_records (event_id, event_time, event_name, event_source, event_type, user_identity) VALUES ('event-{next}', 0, 'ChangePassword', '', '', '')"
        ),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("a write");
    }
}

async fn alice(store: &Store) -> UserId {
    let account = AccountId::parse("123456789012").expect("an ID");
    store.user(&account, &UserName::parse("alice").expect("a name")).await.expect("an answer").expect("alice").user_id
}

/// Lets the child work for a while and kills it; the last change that it acknowledged.
fn work_and_kill(url: &str, transaction: &str, micros: u64) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["faults::kill::child", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(URL, url)
        .env(TRANSACTION, transaction)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let acknowledged =
        |line: std::io::Result<String>| line.ok()?.split("acknowledged ").nth(1)?.trim().parse::<u64>().ok();
    let mut last = None;
    // The first acknowledgement says that it is at work; then it has a random while.
    for line in lines.by_ref() {
        if let Some(number) = acknowledged(line) {
            last = Some(number);
            break;
        }
    }
    std::thread::sleep(Duration::from_micros(micros));
    child.kill().expect("SIGKILL");
    last = lines.filter_map(acknowledged).last().or(last);
    child.wait().expect("an end");
    last
}

/// One number for all that a change writes; none where they disagree.
async fn state(database: &Database) -> Option<i64> {
    let version = database.number("SELECT version FROM login_profiles").await;
    let agreeing = [
        "SELECT session_epoch FROM users",
        "SELECT MAX(position) FROM password_history",
        "SELECT CAST(SUBSTR(hash, -32) AS INTEGER) FROM login_profiles",
        "SELECT CAST(SUBSTR(hash, -32) AS INTEGER) FROM password_history ORDER BY position DESC LIMIT 1",
        "SELECT COALESCE(MAX(CAST(SUBSTR(event_id, 7) AS INTEGER)), 1) FROM audit_records WHERE event_id LIKE 'event-%'",
    ];
    for sql in agreeing {
        if database.number(sql).await != version {
            return None;
        }
    }
    Some(version)
}

async fn with_alice() -> Database {
    use my_security_credentials::store::accounts::NewAccount;
    use my_security_credentials::store::login_profiles::NewLoginProfile;
    use my_security_credentials::store::users::NewUser;
    let database = Database::sqlite().await;
    let account_id = AccountId::parse("123456789012").expect("an ID");
    let at = time::macros::datetime!(2026-11-23 12:00 UTC);
    let profile = NewLoginProfile {
        hash: hash(1),
        history_entry: hash(1),
        password_reset_required: false,
        temporary_expires_at: None,
        throttle_key: None,
    };
    let user = NewUser {
        user_id: UserId::parse("AIDAXXXXXXXXXXXXXXXXA").expect("an ID"),
        account_id: account_id.clone(),
        user_name: UserName::parse("alice").expect("a name"),
        path: my_security_credentials::domain::user::Path::root(),
        at,
        login_profile: Some(profile),
        inline_policies: Vec::new(),
        attached_policies: Vec::new(),
        tags: Vec::new(),
    };
    let account = NewAccount { account_id, alias: None, canonical_user_id: "0".repeat(64), at };
    database.store.create_account(&account, Some(&user), &[]).await.expect("alice");
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_leave_the_old_or_the_new_password_and_lose_nothing_acknowledged() {
    let database = with_alice().await;
    for kill in 0..KILLS {
        // 0 to 6 ms, spread evenly and in no order.
        let micros = u64::from(kill * 7919 % KILLS) * 30;
        let acknowledged = work_and_kill(&database.settings.url, "yes", micros);
        let version = state(&database).await.unwrap_or_else(|| panic!("kill {kill} left a broken state"));
        let acknowledged = i64::try_from(acknowledged.expect("it worked")).expect("a version");
        assert!(
            version == acknowledged || version == acknowledged + 1,
            "kill {kill}: {acknowledged} was acknowledged, {version} is there"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_transaction_the_same_kills_leave_broken_states() {
    let mut broken = 0;
    for kill in 0..40_u64 {
        let database = with_alice().await;
        work_and_kill(&database.settings.url, "no", kill * 17 % 40 * 150);
        broken += u32::from(state(&database).await.is_none());
    }
    assert!(broken > 0, "the test has no teeth");
}
