//! What the contract's tests begin with.

pub use super::expectations::*;
use crate::support::database::Database;
use my_security_credentials::domain::account::{AccountAlias, AccountId};
use my_security_credentials::domain::arn::PolicyArn;
use my_security_credentials::domain::name::PolicyName;
use my_security_credentials::domain::password_hash::PasswordHash;
use my_security_credentials::domain::principal::Stage;
use my_security_credentials::domain::user::{Path, UserId, UserName};
use my_security_credentials::store::accounts::{AccountRecord, NewAccount};
use my_security_credentials::store::audit::AuditRecord;
use my_security_credentials::store::login_profiles::{NewLoginProfile, PasswordFacts, PasswordReplacement};
use my_security_credentials::store::sessions::{ConsoleSessionRecord, LoadedSession};
use my_security_credentials::store::throttle::Bucket;
use my_security_credentials::store::users::NewUser;
use std::sync::atomic::{AtomicU32, Ordering};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub const NOW: OffsetDateTime = datetime!(2026-11-23 12:00:00.123456 UTC);
pub const IDLE: Duration = Duration::hours(1);

pub fn account_id() -> AccountId {
    AccountId::parse("123456789012").unwrap()
}

pub fn alias(text: &str) -> AccountAlias {
    AccountAlias::parse(text).unwrap()
}

pub fn user_id(last: char) -> UserId {
    UserId::parse(&format!("AIDA{}{last}", "X".repeat(16))).unwrap()
}

/// Alice, whom `with_alice` makes.
pub fn alice() -> UserId {
    user_id('A')
}

pub fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

pub fn hash(word: &str) -> PasswordHash {
    PasswordHash::from_phc(format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdA${word}"))
}

pub fn new_account() -> NewAccount {
    NewAccount {
        account_id: account_id(),
        alias: Some(alias("example-corp")),
        canonical_user_id: "c".repeat(64),
        at: NOW,
    }
}

pub fn new_profile(word: &str) -> NewLoginProfile {
    NewLoginProfile {
        hash: hash(word),
        history_entry: hash(&format!("{word}-remembered")),
        password_reset_required: false,
        temporary_expires_at: None,
        throttle_key: Some("alice".to_owned()),
    }
}

pub fn new_user(user_id: UserId, user_name: &str) -> NewUser {
    NewUser {
        user_id,
        account_id: account_id(),
        user_name: name(user_name),
        path: Path::parse("/staff/").unwrap(),
        at: NOW,
        login_profile: Some(new_profile("first")),
        inline_policies: Vec::new(),
        attached_policies: Vec::new(),
        tags: Vec::new(),
    }
}

/// A record that nobody has written yet.
pub fn record(event_name: &str) -> AuditRecord {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    AuditRecord {
        event_id: format!("event-{:06}", COUNT.fetch_add(1, Ordering::Relaxed)),
        account_id: Some(account_id()),
        user_id: Some(alice()),
        event_time: NOW,
        event_name: event_name.to_owned(),
        event_source: "iam.amazonaws.com".to_owned(),
        event_type: "AwsApiCall".to_owned(),
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

/// A record that cannot be written, because its like has been: what came before it must be undone.
pub async fn unwritable(database: &Database) -> AuditRecord {
    let written = record("Written");
    database.store.audit(&written).await.unwrap();
    written
}

/// One of Alice's buckets.
pub fn bucket(bucket: &str) -> Bucket {
    Bucket { bucket: bucket.to_owned(), user_key: "alice".to_owned(), seen: None }
}

pub fn policy(name: &str) -> PolicyName {
    PolicyName::parse(name).unwrap()
}

/// One of AWS's.
pub fn managed() -> PolicyArn {
    PolicyArn::parse("arn:aws:iam::aws:policy/AdministratorAccess").unwrap()
}

/// An account, and Alice with a password.
pub async fn with_alice(database: &Database) -> PasswordFacts {
    let user = new_user(alice(), "Alice");
    database.store.create_account(&new_account(), Some(&user), &[record("CreateAccount")]).await.unwrap();
    facts(database).await
}

pub async fn facts(database: &Database) -> PasswordFacts {
    database.store.password_facts(&alice()).await.unwrap().unwrap()
}

pub async fn account(database: &Database) -> AccountRecord {
    database.store.account_by_id(&account_id()).await.unwrap().unwrap()
}

/// A change of Alice's password by somebody who saw `seen`.
pub fn replacement(seen: &PasswordFacts, word: &str) -> PasswordReplacement {
    PasswordReplacement {
        user_id: alice(),
        version: seen.login_profile.as_ref().unwrap().version,
        authorization_version: seen.account.authorization_version,
        hash: hash(word),
        history_entry: hash(&format!("{word}-remembered")),
        at: NOW + Duration::days(1),
        password_reset_required: false,
        temporary_expires_at: None,
        untold: false,
        throttle_key: None,
        right_try: None,
        own_session: None,
    }
}

pub fn session_of(seen: &PasswordFacts, session_hash: &str) -> ConsoleSessionRecord {
    ConsoleSessionRecord {
        session_hash: session_hash.to_owned(),
        user_id: alice(),
        session_epoch: seen.user.session_epoch,
        stage: Stage::Full,
        signed_in_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW + Duration::hours(12),
        last_sign_in_at: Some(NOW - Duration::days(3)),
        told_change_at: None,
        mfa_at: None,
        source_address: Some("192.0.2.7".to_owned()),
        user_agent: Some("a browser".to_owned()),
    }
}

pub async fn save(database: &Database, seen: &PasswordFacts, session_hash: &str) {
    database.store.save_session(&session_of(seen, session_hash)).await.unwrap();
}

pub async fn load(database: &Database, session_hash: &str, now: OffsetDateTime) -> Option<LoadedSession> {
    database.store.session(session_hash, now, IDLE).await.unwrap()
}

pub async fn is_live(database: &Database, session_hash: &str) -> bool {
    load(database, session_hash, NOW).await.is_some_and(|session| session.is_live())
}

/// How many records of this event there are.
pub async fn recorded(database: &Database, event_name: &str) -> i64 {
    database.number(&format!("SELECT COUNT(*) FROM audit_records WHERE event_name = '{event_name}'")).await
}
