//! Passwords made, taken away, flagged and rehashed.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::password_hash::PasswordHash;
use my_security_credentials::store::login_profiles::{NewLoginProfile, PasswordReplacement};
use my_security_credentials::store::users::NewUser;
use my_security_credentials::store::{Constraint, StoreError};
use time::Duration;

on_both_engines! {
    a_password_is_made_for_a_user_who_has_none,
    a_password_is_not_made_for_a_user_who_has_one,
    a_deleted_password_ends_the_sessions_and_is_still_remembered,
    a_password_that_has_changed_is_not_deleted,
    a_required_reset_ends_the_sessions,
    a_reset_that_is_not_required_any_more_makes_an_ordinary_password,
    a_rehash_replaces_exactly_the_verified_hash_and_nothing_else,
    the_commonest_parameters_are_those_of_most_passwords,
    a_user_without_a_password_has_facts_all_the_same,
}

async fn with_bob(database: &Database) {
    with_alice(database).await;
    let bob = NewUser { login_profile: None, ..new_user(user_id('B'), "Bob") };
    database.store.create_user(&bob, &[]).await.unwrap();
}

async fn a_password_is_made_for_a_user_who_has_none(database: &Database) {
    with_bob(database).await;
    let (store, bob) = (&database.store, user_id('B'));
    let (at, end) = (NOW + Duration::hours(1), NOW + Duration::days(7));
    let profile =
        NewLoginProfile { password_reset_required: true, temporary_expires_at: Some(end), ..new_profile("bobs") };
    let unwritable = unwritable(database).await;
    let judged_at = account(database).await.authorization_version;
    assert_undone(store.create_login_profile(&bob, judged_at, &profile, at, &unwritable).await);
    assert_eq!(store.password_facts(&bob).await.unwrap().unwrap().login_profile, None);

    assert_conflict(store.create_login_profile(&bob, judged_at - 1, &profile, at, &record("Overtaken")).await);
    assert_eq!(recorded(database, "Overtaken").await, 0);
    store.create_login_profile(&bob, judged_at, &profile, at, &record("CreateLoginProfile")).await.unwrap();
    let facts = store.password_facts(&bob).await.unwrap().unwrap();
    let made = facts.login_profile.unwrap();
    assert_eq!((made.hash.clone(), made.created_at, made.changed_at), (hash("bobs"), at, at));
    let read = made.login_profile();
    assert_eq!((read.password_reset_required, read.temporary_expires_at), (true, Some(end)));
    assert_eq!(facts.history, [hash("bobs-remembered")]);
    assert_eq!(recorded(database, "CreateLoginProfile").await, 1);
    assert_conflict(
        store.create_login_profile(&user_id('Z'), judged_at, &profile, at, &record("CreateLoginProfile")).await,
    );
}

async fn a_password_is_not_made_for_a_user_who_has_one(database: &Database) {
    let seen = with_alice(database).await;
    let judged_at = seen.account.authorization_version;
    let outcome =
        database.store.create_login_profile(&alice(), judged_at, &new_profile("x"), NOW, &record("Create")).await;
    assert!(matches!(outcome, Err(StoreError::AlreadyExists(Constraint::LoginProfile))), "{outcome:?}");
    assert_eq!(facts(database).await, seen);
    assert_eq!(recorded(database, "Create").await, 0);
}

async fn a_deleted_password_ends_the_sessions_and_is_still_remembered(database: &Database) {
    let seen = with_alice(database).await;
    save(database, &seen, "session").await;
    let version = seen.login_profile.as_ref().unwrap().version;
    let unwritable = unwritable(database).await;
    assert_undone(database.store.delete_login_profile(&alice(), version, &unwritable).await);
    assert_eq!(facts(database).await, seen);
    assert!(is_live(database, "session").await);

    database.store.delete_login_profile(&alice(), version, &record("DeleteLoginProfile")).await.unwrap();
    let now = facts(database).await;
    assert_eq!((now.login_profile, now.history), (None, vec![hash("first-remembered")]));
    assert!(now.user.session_epoch > seen.user.session_epoch);
    assert_eq!(load(database, "session", NOW).await, None);
    assert_eq!(recorded(database, "DeleteLoginProfile").await, 1);
}

async fn a_password_that_has_changed_is_not_deleted(database: &Database) {
    let seen = with_alice(database).await;
    let version = seen.login_profile.as_ref().unwrap().version;
    assert_conflict(database.store.delete_login_profile(&alice(), version + 1, &record("Delete")).await);
    assert_conflict(database.store.set_password_reset_required(&alice(), version + 1, true, &record("Update")).await);
    assert_eq!(facts(database).await, seen);
    assert_eq!((recorded(database, "Delete").await, recorded(database, "Update").await), (0, 0));
}

async fn a_required_reset_ends_the_sessions(database: &Database) {
    let seen = with_alice(database).await;
    save(database, &seen, "session").await;
    let version = seen.login_profile.as_ref().unwrap().version;
    let unwritable = unwritable(database).await;
    assert_undone(database.store.set_password_reset_required(&alice(), version, true, &unwritable).await);
    assert!(is_live(database, "session").await);

    database.store.set_password_reset_required(&alice(), version, true, &record("UpdateLoginProfile")).await.unwrap();
    let now = facts(database).await;
    let profile = now.login_profile.unwrap();
    assert!(profile.password_reset_required && profile.version > version);
    assert_eq!((profile.hash, profile.changed_at), (hash("first"), NOW));
    assert_eq!(load(database, "session", NOW).await, None);
    save(database, &seen, "late").await;
    assert!(!is_live(database, "late").await);
    assert_eq!(recorded(database, "UpdateLoginProfile").await, 1);
}

async fn a_reset_that_is_not_required_any_more_makes_an_ordinary_password(database: &Database) {
    let seen = with_alice(database).await;
    let end = Some(NOW + Duration::days(7));
    let temporary = PasswordReplacement {
        password_reset_required: true,
        temporary_expires_at: end,
        ..replacement(&seen, "second")
    };
    let version = database.store.replace_password(&temporary, &record("UpdateLoginProfile")).await.unwrap();
    database.store.set_password_reset_required(&alice(), version, true, &record("UpdateLoginProfile")).await.unwrap();
    let still = facts(database).await.login_profile.unwrap();
    assert_eq!((still.password_reset_required, still.temporary_expires_at), (true, end));
    database
        .store
        .set_password_reset_required(&alice(), still.version, false, &record("UpdateLoginProfile"))
        .await
        .unwrap();
    let ordinary = facts(database).await.login_profile.unwrap();
    assert_eq!((ordinary.password_reset_required, ordinary.temporary_expires_at), (false, None));
}

fn costly(word: &str) -> PasswordHash {
    PasswordHash::from_phc(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${word}"))
}

async fn a_rehash_replaces_exactly_the_verified_hash_and_nothing_else(database: &Database) {
    let seen = with_alice(database).await;
    save(database, &seen, "session").await;
    assert!(!database.store.rehash_password(&alice(), &hash("another"), &costly("first")).await.unwrap());
    assert_eq!(facts(database).await, seen);

    assert!(database.store.rehash_password(&alice(), &hash("first"), &costly("first")).await.unwrap());
    let mut expected = seen;
    expected.login_profile.as_mut().unwrap().hash = costly("first");
    assert_eq!(facts(database).await, expected);
    assert!(is_live(database, "session").await);
    assert_eq!(database.store.most_common_hash_parameters().await.unwrap().as_deref(), Some("m=19456,t=2,p=1"));
}

async fn the_commonest_parameters_are_those_of_most_passwords(database: &Database) {
    assert_eq!(database.store.most_common_hash_parameters().await.unwrap(), None);
    with_alice(database).await;
    for last in ['B', 'C'] {
        let profile = NewLoginProfile { hash: costly("x"), ..new_profile("x") };
        let user = NewUser { login_profile: Some(profile), ..new_user(user_id(last), &format!("user-{last}")) };
        database.store.create_user(&user, &[]).await.unwrap();
    }
    assert_eq!(database.store.most_common_hash_parameters().await.unwrap().as_deref(), Some("m=19456,t=2,p=1"));
}

async fn a_user_without_a_password_has_facts_all_the_same(database: &Database) {
    with_bob(database).await;
    let facts = database.store.password_facts(&user_id('B')).await.unwrap().unwrap();
    assert_eq!((facts.login_profile, facts.history), (None, vec![]));
    let facts = database.store.sign_in_facts(&account_id(), &name("BOB")).await.unwrap().unwrap();
    assert_eq!((facts.login_profile, facts.user.user_name.as_str()), (None, "Bob"));
    assert_eq!(database.store.password_facts(&user_id('Z')).await.unwrap(), None);
    assert_eq!(database.store.sign_in_facts(&account_id(), &name("nobody")).await.unwrap(), None);
}
