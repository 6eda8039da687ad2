//! Accounts' own password policies.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::account::AccountId;
use my_security_credentials::domain::password_policy::PasswordPolicy;

on_both_engines! {
    a_password_policy_is_replaced_as_a_whole,
    a_deleted_password_policy_is_gone_and_only_once,
    a_change_of_the_password_policy_moves_the_authorization_version,
    a_password_policy_that_cannot_be_recorded_is_not_changed,
    an_account_that_is_not_there_gets_no_password_policy,
}

fn strict() -> PasswordPolicy {
    PasswordPolicy {
        minimum_password_length: 14,
        require_symbols: true,
        require_numbers: false,
        require_uppercase_characters: true,
        require_lowercase_characters: false,
        allow_users_to_change_password: true,
        max_password_age: Some(90),
        password_reuse_prevention: Some(24),
        hard_expiry: true,
    }
}

async fn a_password_policy_is_replaced_as_a_whole(database: &Database) {
    with_alice(database).await;
    let store = &database.store;
    assert_eq!(store.password_policy(&account_id()).await.unwrap(), None);
    for policy in [strict(), PasswordPolicy::default()] {
        store.put_password_policy(&account_id(), &policy, &record("UpdateAccountPasswordPolicy")).await.unwrap();
        assert_eq!(store.password_policy(&account_id()).await.unwrap(), Some(policy.clone()));
        assert_eq!(facts(database).await.password_policy, Some(policy.clone()));
        let facts = store.sign_in_facts(&account_id(), &name("alice")).await.unwrap().unwrap();
        assert_eq!(facts.password_policy, Some(policy));
    }
    assert_eq!(recorded(database, "UpdateAccountPasswordPolicy").await, 2);
}

async fn a_deleted_password_policy_is_gone_and_only_once(database: &Database) {
    with_alice(database).await;
    let store = &database.store;
    store.put_password_policy(&account_id(), &strict(), &record("Update")).await.unwrap();
    assert!(store.delete_password_policy(&account_id(), &record("Delete")).await.unwrap());
    assert_eq!(store.password_policy(&account_id()).await.unwrap(), None);
    assert!(!store.delete_password_policy(&account_id(), &record("Delete")).await.unwrap());
    assert_eq!(recorded(database, "Delete").await, 1);
}

async fn a_change_of_the_password_policy_moves_the_authorization_version(database: &Database) {
    with_alice(database).await;
    let store = &database.store;
    let before = account(database).await.authorization_version;
    store.put_password_policy(&account_id(), &strict(), &record("Update")).await.unwrap();
    assert_eq!(account(database).await.authorization_version, before + 1);
    store.delete_password_policy(&account_id(), &record("Delete")).await.unwrap();
    assert_eq!(account(database).await.authorization_version, before + 2);
}

async fn a_password_policy_that_cannot_be_recorded_is_not_changed(database: &Database) {
    with_alice(database).await;
    let store = &database.store;
    store.put_password_policy(&account_id(), &strict(), &record("Update")).await.unwrap();
    let (before, unwritable) = (account(database).await, unwritable(database).await);
    assert_undone(store.put_password_policy(&account_id(), &PasswordPolicy::default(), &unwritable).await);
    assert_undone(store.delete_password_policy(&account_id(), &unwritable).await);
    assert_eq!(store.password_policy(&account_id()).await.unwrap(), Some(strict()));
    assert_eq!(account(database).await, before);
}

async fn an_account_that_is_not_there_gets_no_password_policy(database: &Database) {
    let nobody = AccountId::parse("000000000000").unwrap();
    assert_conflict(database.store.put_password_policy(&nobody, &strict(), &record("Update")).await);
    assert_conflict(database.store.delete_password_policy(&nobody, &record("Delete")).await);
    assert_eq!(recorded(database, "Update").await, 0);
}
