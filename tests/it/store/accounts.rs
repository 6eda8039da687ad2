//! Accounts, and the first of them.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::account::AccountId;
use my_security_credentials::store::accounts::NewAccount;
use my_security_credentials::store::users::NewUser;
use my_security_credentials::store::{Constraint, StoreError};

on_both_engines! {
    an_account_is_found_by_its_id_and_by_its_alias,
    an_account_id_and_an_alias_are_taken_once,
    an_account_without_an_alias_is_one_of_many,
    an_account_and_its_user_are_made_together_or_not_at_all,
    of_two_first_accounts_made_at_once_one_is_made,
    a_first_account_is_not_made_where_there_is_one,
    a_first_account_that_fails_can_be_tried_again,
}

fn other_account() -> NewAccount {
    NewAccount {
        account_id: AccountId::parse("210987654321").unwrap(),
        alias: Some(alias("other-corp")),
        ..new_account()
    }
}

async fn an_account_is_found_by_its_id_and_by_its_alias(database: &Database) {
    let store = &database.store;
    assert!(!store.any_account().await.unwrap());
    assert_eq!(store.account_by_id(&account_id()).await.unwrap(), None);
    store.create_account(&new_account(), None, &[record("CreateAccount")]).await.unwrap();
    let found = account(database).await;
    let wanted = new_account();
    assert_eq!((&found.account_id, &found.alias, found.created_at), (&wanted.account_id, &wanted.alias, NOW));
    assert_eq!(found.canonical_user_id, wanted.canonical_user_id);
    assert_eq!(store.account_by_alias(&alias("example-corp")).await.unwrap(), Some(found.clone()));
    assert_eq!(store.account_by_alias(&alias("other-corp")).await.unwrap(), None);
    assert_eq!(store.accounts().await.unwrap(), [found]);
    assert!(store.any_account().await.unwrap());
    assert_eq!(recorded(database, "CreateAccount").await, 1);
}

async fn an_account_id_and_an_alias_are_taken_once(database: &Database) {
    let store = &database.store;
    store.create_account(&new_account(), None, &[]).await.unwrap();
    let same_id = NewAccount { alias: None, ..new_account() };
    let outcome = store.create_account(&same_id, None, &[record("CreateAccount")]).await;
    assert!(matches!(outcome, Err(StoreError::AlreadyExists(Constraint::AccountId))), "{outcome:?}");
    let same_alias = NewAccount { alias: Some(alias("example-corp")), ..other_account() };
    let outcome = store.create_account(&same_alias, None, &[record("CreateAccount")]).await;
    assert!(matches!(outcome, Err(StoreError::AlreadyExists(Constraint::AccountAlias))), "{outcome:?}");
    assert_eq!(store.accounts().await.unwrap().len(), 1);
    assert_eq!(recorded(database, "CreateAccount").await, 0);
}

async fn an_account_without_an_alias_is_one_of_many(database: &Database) {
    for account in [new_account(), other_account()] {
        database.store.create_account(&NewAccount { alias: None, ..account }, None, &[]).await.unwrap();
    }
    assert_eq!(database.store.accounts().await.unwrap().len(), 2);
}

async fn an_account_and_its_user_are_made_together_or_not_at_all(database: &Database) {
    let (store, user) = (&database.store, new_user(alice(), "Alice"));
    let failing = [record("CreateAccount"), unwritable(database).await];
    assert_undone(store.create_account(&new_account(), Some(&user), &failing).await);
    assert!(!store.any_account().await.unwrap());
    assert_eq!(store.user_by_id(&alice()).await.unwrap(), None);
    assert_eq!(recorded(database, "CreateAccount").await, 0);
    store.create_account(&new_account(), Some(&user), &[record("CreateAccount"), record("CreateUser")]).await.unwrap();
    assert!(store.user(&account_id(), &name("alice")).await.unwrap().is_some());
    assert_eq!(recorded(database, "CreateUser").await, 1);
}

async fn of_two_first_accounts_made_at_once_one_is_made(database: &Database) {
    let mut racing = Vec::new();
    for (account, last) in [(new_account(), 'A'), (other_account(), 'B')] {
        let store = database.open_again().await;
        let administrator = NewUser { account_id: account.account_id.clone(), ..new_user(user_id(last), "admin") };
        let written = record("CreateAccount");
        racing
            .push(tokio::spawn(async move { store.create_first_account(&account, &administrator, &[written]).await }));
    }
    let mut won = 0;
    for outcome in racing {
        won += u32::from(outcome.await.unwrap().unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(database.store.accounts().await.unwrap().len(), 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(recorded(database, "CreateAccount").await, 1);
}

async fn a_first_account_is_not_made_where_there_is_one(database: &Database) {
    database.store.create_account(&other_account(), None, &[]).await.unwrap();
    let administrator = new_user(alice(), "admin");
    let made = database.store.create_first_account(&new_account(), &administrator, &[record("CreateAccount")]).await;
    assert!(!made.unwrap());
    assert_eq!(database.store.accounts().await.unwrap().len(), 1);
    assert_eq!(recorded(database, "CreateAccount").await, 0);
}

async fn a_first_account_that_fails_can_be_tried_again(database: &Database) {
    let (store, administrator) = (&database.store, new_user(alice(), "admin"));
    let unwritable = unwritable(database).await;
    assert_undone(store.create_first_account(&new_account(), &administrator, &[unwritable]).await);
    assert!(!store.any_account().await.unwrap());
    assert!(store.create_first_account(&new_account(), &administrator, &[record("CreateAccount")]).await.unwrap());
}
