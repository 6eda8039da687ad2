//! What is recorded of a sign-in.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::store::login_profiles::PasswordReplacement;
use my_security_credentials::store::sessions::SignIn;
use time::{Duration, OffsetDateTime};

on_both_engines! {
    sign_in_facts_are_those_of_the_user,
    a_sign_in_is_recorded_and_gives_the_one_before,
    s15_only_the_first_use_in_five_minutes_is_recorded,
    a_sign_in_with_a_password_that_was_changed_meanwhile_conflicts,
    a_change_by_somebody_else_is_told_once,
    a_sign_in_that_does_not_tell_leaves_the_telling_to_the_next,
    the_owners_own_change_is_not_told,
    a_sign_in_that_cannot_be_recorded_changes_nothing,
}

fn sign_in(session_epoch: i64, at: OffsetDateTime) -> SignIn {
    SignIn { user_id: alice(), session_epoch, at, tells_change: true, bucket: bucket("untrusted") }
}

async fn sign_in_facts_are_those_of_the_user(database: &Database) {
    let seen = with_alice(database).await;
    let facts = database.store.sign_in_facts(&account_id(), &name("ALICE")).await.unwrap().unwrap();
    assert_eq!((facts.account, facts.user), (seen.account, seen.user));
    assert_eq!((facts.login_profile, facts.password_policy), (seen.login_profile, seen.password_policy));
}

async fn a_sign_in_is_recorded_and_gives_the_one_before(database: &Database) {
    with_alice(database).await;
    let first = database.store.record_sign_in(&sign_in(1, NOW), &record("ConsoleLogin")).await.unwrap();
    assert_eq!((first.previous_password_last_used_at, first.told_change_at), (None, None));
    assert_eq!(facts(database).await.user.password_last_used_at, Some(NOW));
    let later = NOW + Duration::days(1);
    let second = database.store.record_sign_in(&sign_in(1, later), &record("ConsoleLogin")).await.unwrap();
    assert_eq!(second.previous_password_last_used_at, Some(NOW));
    assert_eq!(facts(database).await.user.password_last_used_at, Some(later));
    assert_eq!(recorded(database, "ConsoleLogin").await, 2);
}

async fn s15_only_the_first_use_in_five_minutes_is_recorded(database: &Database) {
    with_alice(database).await;
    for (after, wanted) in [(0, 0), (299, 0), (300, 300)] {
        let at = NOW + Duration::seconds(after);
        database.store.record_sign_in(&sign_in(1, at), &record("ConsoleLogin")).await.unwrap();
        let used = facts(database).await.user.password_last_used_at;
        assert_eq!(used, Some(NOW + Duration::seconds(wanted)), "{after}");
    }
}

async fn a_sign_in_with_a_password_that_was_changed_meanwhile_conflicts(database: &Database) {
    let seen = with_alice(database).await;
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
    assert_conflict(database.store.record_sign_in(&sign_in(1, NOW), &record("ConsoleLogin")).await);
    assert_eq!(facts(database).await.user.password_last_used_at, None);
    assert_eq!(recorded(database, "ConsoleLogin").await, 0);
}

async fn changed_by_somebody_else(database: &Database) -> (i64, OffsetDateTime) {
    let seen = with_alice(database).await;
    let new = PasswordReplacement { untold: true, ..replacement(&seen, "second") };
    let epoch = database.store.replace_password(&new, &record("UpdateLoginProfile")).await.unwrap();
    (epoch, new.at)
}

async fn a_change_by_somebody_else_is_told_once(database: &Database) {
    let (epoch, changed_at) = changed_by_somebody_else(database).await;
    let before = facts(database).await.login_profile;
    for told in [Some(changed_at), None] {
        let signed_in = database.store.record_sign_in(&sign_in(epoch, NOW), &record("ConsoleLogin")).await.unwrap();
        assert_eq!(signed_in.told_change_at, told);
    }
    assert_eq!(facts(database).await.login_profile, before);
}

async fn a_sign_in_that_does_not_tell_leaves_the_telling_to_the_next(database: &Database) {
    let (epoch, changed_at) = changed_by_somebody_else(database).await;
    let silent = SignIn { tells_change: false, ..sign_in(epoch, NOW) };
    let signed_in = database.store.record_sign_in(&silent, &record("ConsoleLogin")).await.unwrap();
    assert_eq!(signed_in.told_change_at, None);
    let signed_in = database.store.record_sign_in(&sign_in(epoch, NOW), &record("ConsoleLogin")).await.unwrap();
    assert_eq!(signed_in.told_change_at, Some(changed_at));
}

async fn the_owners_own_change_is_not_told(database: &Database) {
    changed_by_somebody_else(database).await;
    let seen = facts(database).await;
    let epoch = database.store.replace_password(&replacement(&seen, "third"), &record("ChangePassword")).await.unwrap();
    let signed_in = database.store.record_sign_in(&sign_in(epoch, NOW), &record("ConsoleLogin")).await.unwrap();
    assert_eq!(signed_in.told_change_at, None);
}

async fn a_sign_in_that_cannot_be_recorded_changes_nothing(database: &Database) {
    let (epoch, changed_at) = changed_by_somebody_else(database).await;
    let unwritable = unwritable(database).await;
    assert_undone(database.store.record_sign_in(&sign_in(epoch, NOW), &unwritable).await);
    assert_eq!(facts(database).await.user.password_last_used_at, None);
    let signed_in = database.store.record_sign_in(&sign_in(epoch, NOW), &record("ConsoleLogin")).await.unwrap();
    assert_eq!(signed_in.told_change_at, Some(changed_at));
}
