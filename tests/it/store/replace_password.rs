//! The change of a password: one transaction that holds on to all that it was judged by.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::store::StoreError;
use my_security_credentials::store::login_profiles::PasswordReplacement;
use time::Duration;

on_both_engines! {
    a_replaced_password_is_new_in_everything,
    a_replaced_password_ends_every_session,
    the_session_that_changed_the_password_is_remembered_for_a_minute,
    a_password_that_was_changed_since_is_not_replaced,
    a_password_is_not_replaced_under_rules_that_have_changed,
    a_password_that_cannot_be_recorded_is_not_replaced,
    of_fifty_replacements_at_once_one_is_made,
    twenty_four_passwords_are_remembered,
    the_password_of_a_user_who_is_gone_is_not_replaced,
    a_deleted_and_remade_password_is_not_the_one_that_was_seen,
}

async fn a_replaced_password_is_new_in_everything(database: &Database) {
    let seen = with_alice(database).await;
    let new = PasswordReplacement {
        password_reset_required: true,
        temporary_expires_at: Some(NOW + Duration::days(8)),
        ..replacement(&seen, "second")
    };
    let epoch = database.store.replace_password(&new, &record("ChangePassword")).await.unwrap();
    let now = facts(database).await;
    let profile = now.login_profile.unwrap();
    assert_eq!((epoch, now.user.session_epoch), (seen.user.session_epoch + 1, epoch));
    assert!(profile.version > seen.login_profile.unwrap().version);
    assert_eq!(profile.hash, hash("second"));
    assert_eq!((profile.created_at, profile.changed_at), (NOW, new.at));
    assert_eq!((profile.password_reset_required, profile.temporary_expires_at), (true, new.temporary_expires_at));
    assert_eq!(now.history, [hash("second-remembered"), hash("first-remembered")]);
    assert_eq!(now.account, seen.account);
    assert_eq!(recorded(database, "ChangePassword").await, 1);
}

async fn a_replaced_password_ends_every_session(database: &Database) {
    let seen = with_alice(database).await;
    save(database, &seen, "one").await;
    assert!(is_live(database, "one").await);
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
    assert_eq!(load(database, "one", NOW).await, None);
    save(database, &seen, "late").await;
    assert!(!is_live(database, "late").await, "saved with the epoch of the old password");
    save(database, &facts(database).await, "new").await;
    assert!(is_live(database, "new").await);
}

async fn the_session_that_changed_the_password_is_remembered_for_a_minute(database: &Database) {
    let seen = with_alice(database).await;
    save(database, &seen, "own").await;
    save(database, &seen, "other").await;
    let new = PasswordReplacement { own_session: Some("own".to_owned()), at: NOW, ..replacement(&seen, "second") };
    database.store.replace_password(&new, &record("ChangePassword")).await.unwrap();
    assert_eq!(load(database, "other", NOW).await, None);
    database.store.end_session("own").await.unwrap();
    let own = load(database, "own", NOW + Duration::seconds(59)).await.unwrap();
    assert!(own.is_replaced() && !own.is_live());
    let own = load(database, "own", NOW + Duration::seconds(60)).await.unwrap();
    assert!(!own.is_replaced() && !own.is_live());
}

async fn a_password_that_was_changed_since_is_not_replaced(database: &Database) {
    let seen = with_alice(database).await;
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
    let second = facts(database).await;
    save(database, &second, "session").await;
    assert_conflict(database.store.replace_password(&replacement(&seen, "third"), &record("ChangePassword")).await);
    assert_eq!(facts(database).await, second);
    assert!(is_live(database, "session").await);
    assert_eq!(recorded(database, "ChangePassword").await, 1);
}

async fn a_password_is_not_replaced_under_rules_that_have_changed(database: &Database) {
    let seen = with_alice(database).await;
    database.store.put_password_policy(&account_id(), &PasswordPolicy::default(), &record("Update")).await.unwrap();
    let before = facts(database).await;
    assert_conflict(database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await);
    assert_eq!(facts(database).await, before);
    database.store.replace_password(&replacement(&before, "second"), &record("ChangePassword")).await.unwrap();
}

async fn a_password_that_cannot_be_recorded_is_not_replaced(database: &Database) {
    let seen = with_alice(database).await;
    for session in ["own", "other"] {
        save(database, &seen, session).await;
    }
    let new = PasswordReplacement { own_session: Some("own".to_owned()), ..replacement(&seen, "second") };
    let unwritable = unwritable(database).await;
    assert_undone(database.store.replace_password(&new, &unwritable).await);
    assert_eq!(facts(database).await, seen);
    assert!(is_live(database, "own").await && is_live(database, "other").await);
}

async fn of_fifty_replacements_at_once_one_is_made(database: &Database) {
    let seen = with_alice(database).await;
    let racing = (0..50).map(|at| {
        let (store, new, record) =
            (database.store.clone(), replacement(&seen, &format!("word{at}")), record("ChangePassword"));
        tokio::spawn(async move { store.replace_password(&new, &record).await.map(|_| new) })
    });
    let mut won = Vec::new();
    for outcome in racing.collect::<Vec<_>>() {
        match outcome.await.unwrap() {
            Ok(new) => won.push(new),
            Err(StoreError::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    let now = facts(database).await;
    assert_eq!(won.len(), 1);
    assert_eq!(now.login_profile.unwrap().hash, won[0].hash);
    assert_eq!(now.history, [won[0].history_entry.clone(), hash("first-remembered")]);
    assert_eq!(now.user.session_epoch, seen.user.session_epoch + 1);
    assert_eq!(recorded(database, "ChangePassword").await, 1);
}

async fn twenty_four_passwords_are_remembered(database: &Database) {
    let mut seen = with_alice(database).await;
    for at in 1..=30 {
        let new = replacement(&seen, &format!("word{at}"));
        database.store.replace_password(&new, &record("ChangePassword")).await.unwrap();
        seen = facts(database).await;
    }
    let newest: Vec<_> = (7..=30).rev().map(|at| hash(&format!("word{at}-remembered"))).collect();
    assert_eq!(seen.history, newest);
    assert_eq!(database.number("SELECT COUNT(*) FROM password_history").await, 24);
}

async fn the_password_of_a_user_who_is_gone_is_not_replaced(database: &Database) {
    let seen = with_alice(database).await;
    database.store.delete_user(&alice(), seen.user.version, &record("DeleteUser")).await.unwrap();
    assert_conflict(database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await);
    assert_eq!(recorded(database, "ChangePassword").await, 0);
}

async fn a_deleted_and_remade_password_is_not_the_one_that_was_seen(database: &Database) {
    let seen = with_alice(database).await;
    let version = seen.login_profile.as_ref().unwrap().version;
    database.store.delete_login_profile(&alice(), version, &record("Delete")).await.unwrap();
    database
        .store
        .create_login_profile(
            &alice(),
            seen.account.authorization_version,
            &new_profile("remade"),
            NOW,
            &record("Create"),
        )
        .await
        .unwrap();
    assert_conflict(database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await);
    assert_eq!(facts(database).await.login_profile.unwrap().hash, hash("remade"));
}
