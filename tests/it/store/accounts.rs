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
    an_alias_is_given_changed_and_taken_away,
    an_alias_of_another_account_is_not_given,
    an_alias_that_the_account_does_not_have_is_not_taken_away,
    an_account_that_is_not_there_gets_no_alias,
    a_change_of_the_alias_that_cannot_be_recorded_is_undone,
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

async fn an_alias_is_given_changed_and_taken_away(database: &Database) {
    let (store, id) = (&database.store, account_id());
    store.create_account(&NewAccount { alias: None, ..new_account() }, None, &[]).await.unwrap();
    store.create_account(&other_account(), None, &[]).await.unwrap();
    for given in ["first", "second", "second"] {
        let alias = alias(given);
        let moved = moves(database, store.set_account_alias(&id, &alias, &record("CreateAccountAlias"))).await;
        assert_eq!(moved, 1);
        assert_eq!(store.account_by_alias(&alias).await.unwrap(), Some(account(database).await));
    }
    assert_eq!(store.account_by_alias(&alias("first")).await.unwrap(), None);
    let second = alias("second");
    let moved = moves(database, store.delete_account_alias(&id, &second, &record("DeleteAccountAlias"))).await;
    assert_eq!(moved, 1);
    assert_eq!(account(database).await.alias, None);
    let other = store.account_by_alias(&alias("other-corp")).await.unwrap().unwrap();
    assert_eq!(other.authorization_version, 1);
    assert_eq!(
        (recorded(database, "CreateAccountAlias").await, recorded(database, "DeleteAccountAlias").await),
        (3, 1)
    );
}

async fn an_alias_of_another_account_is_not_given(database: &Database) {
    for account in [new_account(), other_account()] {
        database.store.create_account(&account, None, &[]).await.unwrap();
    }
    let taken = alias("other-corp");
    let outcome = refused(database, database.store.set_account_alias(&account_id(), &taken, &record("Create"))).await;
    assert_taken(outcome, Constraint::AccountAlias);
}

async fn an_alias_that_the_account_does_not_have_is_not_taken_away(database: &Database) {
    for account in [new_account(), other_account()] {
        database.store.create_account(&account, None, &[]).await.unwrap();
    }
    for not_its_own in [alias("other-corp"), alias("nobodys")] {
        let outcome =
            refused(database, database.store.delete_account_alias(&account_id(), &not_its_own, &record("Delete")))
                .await;
        assert_absent(outcome);
    }
}

async fn an_account_that_is_not_there_gets_no_alias(database: &Database) {
    let wanted = alias("wanted");
    let outcome = refused(database, database.store.set_account_alias(&account_id(), &wanted, &record("Create"))).await;
    assert_conflict(outcome);
    let outcome =
        refused(database, database.store.delete_account_alias(&account_id(), &wanted, &record("Delete"))).await;
    assert_absent(outcome);
}

async fn a_change_of_the_alias_that_cannot_be_recorded_is_undone(database: &Database) {
    with_alice(database).await;
    let (store, id, unwritable) = (&database.store, account_id(), unwritable(database).await);
    let wanted = alias("wanted");
    assert_undone(refused(database, store.set_account_alias(&id, &wanted, &unwritable)).await);
    let had = alias("example-corp");
    assert_undone(refused(database, store.delete_account_alias(&id, &had, &unwritable)).await);
}
