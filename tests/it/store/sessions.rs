//! Console sessions: when they are good, and when they are over.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::principal::Stage;
use my_security_credentials::store::sessions::{ConsoleSessionRecord, SessionState};
use time::Duration;

on_both_engines! {
    a_session_is_loaded_with_its_user_and_account,
    a_session_ends_when_it_is_not_used_and_when_its_time_is_up,
    a_session_in_use_is_noted_once_a_minute,
    a_session_saved_with_an_old_epoch_is_not_live,
    a_session_of_a_user_who_is_gone_is_not_saved,
    a_session_that_is_signed_out_is_gone,
    the_sessions_of_a_user_end_but_for_one,
    live_sessions_are_counted,
    expired_sessions_are_deleted_a_few_at_a_time,
}

async fn a_session_is_loaded_with_its_user_and_account(database: &Database) {
    let seen = with_alice(database).await;
    let saved = ConsoleSessionRecord {
        stage: Stage::MustChangePassword,
        told_change_at: Some(NOW - Duration::days(1)),
        mfa_at: Some(NOW),
        ..session_of(&seen, "session")
    };
    database.store.save_session(&saved).await.unwrap();
    let loaded = load(database, "session", NOW).await.unwrap();
    assert!(loaded.is_live());
    assert_eq!((&loaded.account, &loaded.user), (&seen.account, &seen.user));
    assert_eq!((loaded.stage, loaded.session_epoch), (saved.stage, saved.session_epoch));
    assert_eq!((loaded.signed_in_at, loaded.last_seen_at), (saved.signed_in_at, saved.last_seen_at));
    assert_eq!((loaded.expires_at, loaded.last_sign_in_at), (saved.expires_at, saved.last_sign_in_at));
    assert_eq!((loaded.told_change_at, loaded.mfa_at), (saved.told_change_at, saved.mfa_at));
    assert_eq!(load(database, "unknown", NOW).await, None);
}

async fn a_session_ends_when_it_is_not_used_and_when_its_time_is_up(database: &Database) {
    let seen = with_alice(database).await;
    save(database, &seen, "session").await;
    let state = async |after: Duration| load(database, "session", NOW + after).await.unwrap().state;
    assert_eq!(state(IDLE - Duration::SECOND).await, SessionState::Live);
    assert_eq!(state(IDLE).await, SessionState::Over);
    let used = ConsoleSessionRecord { last_seen_at: NOW + Duration::hours(11) + IDLE / 2, ..session_of(&seen, "used") };
    database.store.save_session(&used).await.unwrap();
    assert!(load(database, "used", NOW + Duration::hours(12) - Duration::SECOND).await.unwrap().is_live());
    assert!(!load(database, "used", NOW + Duration::hours(12)).await.unwrap().is_live());
}

async fn a_session_in_use_is_noted_once_a_minute(database: &Database) {
    let seen = with_alice(database).await;
    save(database, &seen, "session").await;
    for (after, noted) in [(59, 0), (60, 60), (61, 60), (120, 120)] {
        let at = NOW + Duration::seconds(after);
        let loaded = load(database, "session", at).await.unwrap();
        database.store.touch_session("session", &loaded, at).await.unwrap();
        let loaded = load(database, "session", at).await.unwrap();
        assert_eq!(loaded.last_seen_at, NOW + Duration::seconds(noted), "{after}");
    }
}

async fn a_session_saved_with_an_old_epoch_is_not_live(database: &Database) {
    let seen = with_alice(database).await;
    let version = seen.login_profile.as_ref().unwrap().version;
    database.store.set_password_reset_required(&alice(), version, true, &record("Update")).await.unwrap();
    save(database, &seen, "late").await;
    assert_eq!(load(database, "late", NOW).await.unwrap().state, SessionState::Over);
}

async fn a_session_of_a_user_who_is_gone_is_not_saved(database: &Database) {
    let seen = with_alice(database).await;
    database.store.delete_user(&alice(), seen.user.version, &record("DeleteUser")).await.unwrap();
    assert_conflict(database.store.save_session(&session_of(&seen, "session")).await);
}

async fn a_session_that_is_signed_out_is_gone(database: &Database) {
    let seen = with_alice(database).await;
    save(database, &seen, "session").await;
    save(database, &seen, "other").await;
    database.store.end_session("session").await.unwrap();
    database.store.end_session("session").await.unwrap();
    assert_eq!(load(database, "session", NOW).await, None);
    assert!(is_live(database, "other").await);
}

async fn the_sessions_of_a_user_end_but_for_one(database: &Database) {
    let seen = with_alice(database).await;
    for session in ["one", "two", "three"] {
        save(database, &seen, session).await;
    }
    assert_eq!(database.store.end_sessions_of(&alice(), Some("two")).await.unwrap(), 2);
    assert!(is_live(database, "two").await && load(database, "one", NOW).await.is_none());
    assert_eq!(database.store.end_sessions_of(&alice(), None).await.unwrap(), 1);
    assert_eq!(load(database, "two", NOW).await, None);
}

async fn live_sessions_are_counted(database: &Database) {
    let seen = with_alice(database).await;
    let old = ConsoleSessionRecord { session_epoch: 0, ..session_of(&seen, "old") };
    let idle = ConsoleSessionRecord { last_seen_at: NOW - IDLE, ..session_of(&seen, "idle") };
    let expired = ConsoleSessionRecord { expires_at: NOW, ..session_of(&seen, "expired") };
    for session in [old, idle, expired, session_of(&seen, "one"), session_of(&seen, "two")] {
        database.store.save_session(&session).await.unwrap();
    }
    assert_eq!(database.store.live_sessions(&alice(), NOW, IDLE).await.unwrap(), 2);
    assert_eq!(database.store.live_sessions(&user_id('Z'), NOW, IDLE).await.unwrap(), 0);
}

async fn expired_sessions_are_deleted_a_few_at_a_time(database: &Database) {
    let seen = with_alice(database).await;
    let idle = |hash| ConsoleSessionRecord { last_seen_at: NOW - IDLE, ..session_of(&seen, hash) };
    let expired = ConsoleSessionRecord { expires_at: NOW, ..session_of(&seen, "expired") };
    for session in [idle("idle"), idle("idle-too"), expired, session_of(&seen, "live"), session_of(&seen, "replaced")] {
        database.store.save_session(&session).await.unwrap();
    }
    let replaced_at = (NOW - Duration::minutes(1)).unix_timestamp_nanos() / 1000;
    database
        .execute(&format!("UPDATE console_sessions SET replaced_at = {replaced_at} WHERE session_hash = 'replaced'"))
        .await;
    assert_eq!(database.store.delete_expired_sessions(NOW, IDLE, 3).await.unwrap(), 3);
    assert_eq!(database.store.delete_expired_sessions(NOW, IDLE, 3).await.unwrap(), 1);
    assert_eq!(database.store.delete_expired_sessions(NOW, IDLE, 3).await.unwrap(), 0);
    assert!(is_live(database, "live").await);
}
