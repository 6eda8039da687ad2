//! Permissions, and what moves when they change.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::store::policies::Holder;

on_both_engines! {
    a_user_without_policies_has_permissions_that_are_empty,
    permissions_are_read_with_all_that_authorisation_needs,
    an_inline_policy_is_replaced_by_name,
    a_managed_policy_is_attached_once,
    every_change_of_permissions_moves_the_authorization_version,
    a_change_of_permissions_that_cannot_be_recorded_is_undone,
    a_user_who_is_gone_gets_no_permissions,
}

async fn a_user_without_policies_has_permissions_that_are_empty(database: &Database) {
    with_alice(database).await;
    let permissions = database.store.permissions(&alice()).await.unwrap().unwrap();
    assert!(permissions.inline_policies.is_empty() && permissions.attached_policies.is_empty());
    assert_eq!(permissions.allow_users_to_change_password, None);
    assert_eq!(database.store.permissions(&user_id('Z')).await.unwrap(), None);
}

async fn permissions_are_read_with_all_that_authorisation_needs(database: &Database) {
    with_alice(database).await;
    let store = &database.store;
    for policy_name in ["two", "one"] {
        store
            .put_inline_policy(
                &account_id(),
                Holder::User(&alice()),
                &policy(policy_name),
                &format!("{{\"{policy_name}\":1}}"),
                &record("Put"),
            )
            .await
            .unwrap();
    }
    store
        .attach_managed_policy(&account_id(), Holder::User(&alice()), &managed(), true, NOW, &record("Attach"))
        .await
        .unwrap();
    let rules = PasswordPolicy { allow_users_to_change_password: true, ..PasswordPolicy::default() };
    store.put_password_policy(&account_id(), &rules, &record("Update")).await.unwrap();
    store.create_user(&new_user(user_id('B'), "Bob"), &[]).await.unwrap();
    store
        .put_inline_policy(&account_id(), Holder::User(&user_id('B')), &policy("bobs"), "{}", &record("Put"))
        .await
        .unwrap();

    let permissions = store.permissions(&alice()).await.unwrap().unwrap();
    let inline =
        [("one", "{\"one\":1}"), ("two", "{\"two\":1}")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    let mut found = permissions.inline_policies;
    found.sort();
    assert_eq!(found, inline);
    assert_eq!(permissions.attached_policies, [(managed().as_str().to_owned(), None)]);
    assert_eq!(permissions.allow_users_to_change_password, Some(true));
    assert_eq!((permissions.account, permissions.user), (account(database).await, facts(database).await.user));
}

async fn an_inline_policy_is_replaced_by_name(database: &Database) {
    with_alice(database).await;
    for document in ["{}", "{\"Version\":\"2012-10-17\"}"] {
        database
            .store
            .put_inline_policy(
                &account_id(),
                Holder::User(&alice()),
                &policy("one"),
                document,
                &record("PutUserPolicy"),
            )
            .await
            .unwrap();
    }
    let permissions = database.store.permissions(&alice()).await.unwrap().unwrap();
    assert_eq!(permissions.inline_policies, [("one".to_owned(), "{\"Version\":\"2012-10-17\"}".to_owned())]);
    assert_eq!(recorded(database, "PutUserPolicy").await, 2);
}

async fn a_managed_policy_is_attached_once(database: &Database) {
    with_alice(database).await;
    for _ in 0..2 {
        database
            .store
            .attach_managed_policy(
                &account_id(),
                Holder::User(&alice()),
                &managed(),
                true,
                NOW,
                &record("AttachUserPolicy"),
            )
            .await
            .unwrap();
    }
    assert_eq!(
        database.store.permissions(&alice()).await.unwrap().unwrap().attached_policies,
        [(managed().as_str().to_owned(), None)]
    );
    assert_eq!(recorded(database, "AttachUserPolicy").await, 2);
}

async fn every_change_of_permissions_moves_the_authorization_version(database: &Database) {
    with_alice(database).await;
    let store = &database.store;
    let before = account(database).await.authorization_version;
    store.put_inline_policy(&account_id(), Holder::User(&alice()), &policy("one"), "{}", &record("Put")).await.unwrap();
    assert_eq!(account(database).await.authorization_version, before + 1);
    store
        .attach_managed_policy(&account_id(), Holder::User(&alice()), &managed(), true, NOW, &record("Attach"))
        .await
        .unwrap();
    assert_eq!(account(database).await.authorization_version, before + 2);
}

async fn a_change_of_permissions_that_cannot_be_recorded_is_undone(database: &Database) {
    with_alice(database).await;
    let before = account(database).await;
    let unwritable = unwritable(database).await;
    assert_undone(
        database
            .store
            .put_inline_policy(&account_id(), Holder::User(&alice()), &policy("one"), "{}", &unwritable)
            .await,
    );
    assert_undone(
        database
            .store
            .attach_managed_policy(&account_id(), Holder::User(&alice()), &managed(), true, NOW, &unwritable)
            .await,
    );
    let permissions = database.store.permissions(&alice()).await.unwrap().unwrap();
    assert!(permissions.inline_policies.is_empty() && permissions.attached_policies.is_empty());
    assert_eq!(permissions.account, before);
}

async fn a_user_who_is_gone_gets_no_permissions(database: &Database) {
    with_alice(database).await;
    assert_conflict(
        database
            .store
            .put_inline_policy(&account_id(), Holder::User(&user_id('Z')), &policy("one"), "{}", &record("Put"))
            .await,
    );
    assert_conflict(
        database
            .store
            .attach_managed_policy(&account_id(), Holder::User(&user_id('Z')), &managed(), true, NOW, &record("Attach"))
            .await,
    );
    assert_eq!((recorded(database, "Put").await, recorded(database, "Attach").await), (0, 0));
}
