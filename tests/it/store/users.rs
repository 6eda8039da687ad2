//! IAM users.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::account::AccountId;
use my_security_credentials::domain::page::Page;
use my_security_credentials::domain::user::UserId;
use my_security_credentials::store::policies::Holder;
use my_security_credentials::store::sessions::ConsoleSessionRecord;
use my_security_credentials::store::users::{Belongings, NewUser};
use my_security_credentials::store::{Constraint, StoreError};

on_both_engines! {
    a_user_is_found_by_name_in_any_case_and_keeps_its_own,
    a_user_name_is_unique_without_regard_to_case,
    a_user_is_made_with_its_password_and_permissions_or_not_at_all,
    a_user_of_an_unknown_account_is_not_made,
    the_users_of_an_account_come_by_name,
    users_are_counted_account_by_account,
    whatever_a_user_is_given_a_deletion_that_has_not_seen_it_is_refused,
    a_deleted_user_leaves_only_audit_records,
    a_user_that_has_changed_is_not_deleted,
}

async fn a_user_is_found_by_name_in_any_case_and_keeps_its_own(database: &Database) {
    with_alice(database).await;
    let found = database.store.user(&account_id(), &name("aLICE")).await.unwrap().unwrap();
    assert_eq!((found.user_name.as_str(), found.path.as_str(), found.created_at), ("Alice", "/staff/", NOW));
    assert_eq!((found.session_epoch, found.password_last_used_at), (1, None));
    assert_eq!(database.store.user_by_id(&alice()).await.unwrap(), Some(found));
    let other = AccountId::parse("210987654321").unwrap();
    assert_eq!(database.store.user(&other, &name("Alice")).await.unwrap(), None);
    assert_eq!(database.store.user(&account_id(), &name("Bob")).await.unwrap(), None);
}

async fn a_user_name_is_unique_without_regard_to_case(database: &Database) {
    with_alice(database).await;
    let outcome = database.store.create_user(&new_user(user_id('B'), "ALICE"), &[record("CreateUser")]).await;
    assert!(matches!(outcome, Err(StoreError::AlreadyExists(Constraint::UserName))), "{outcome:?}");
    assert_eq!(recorded(database, "CreateUser").await, 0);
    assert_eq!(database.store.count_users(&account_id()).await.unwrap(), 1);
}

async fn a_user_is_made_with_its_password_and_permissions_or_not_at_all(database: &Database) {
    with_alice(database).await;
    let (store, bob) = (&database.store, user_id('B'));
    let user = NewUser {
        inline_policies: vec![(policy("one"), "{}".to_owned())],
        attached_policies: vec!["arn:aws:iam::aws:policy/IAMUserChangePassword".to_owned()],
        ..new_user(bob.clone(), "Bob")
    };
    assert_undone(store.create_user(&user, &[record("CreateUser"), unwritable(database).await]).await);
    assert_eq!(store.user_by_id(&bob).await.unwrap(), None);
    assert_eq!(recorded(database, "CreateUser").await, 0);

    store.create_user(&user, &[record("CreateUser"), record("CreateLoginProfile")]).await.unwrap();
    let permissions = store.permissions(&bob).await.unwrap().unwrap();
    assert_eq!(permissions.inline_policies, [("one".to_owned(), "{}".to_owned())]);
    assert_eq!(permissions.attached_policies, [(user.attached_policies[0].clone(), None)]);
    let facts = store.password_facts(&bob).await.unwrap().unwrap();
    let profile = facts.login_profile.unwrap();
    assert_eq!((profile.hash, profile.version, profile.created_at, profile.changed_at), (hash("first"), 1, NOW, NOW));
    assert_eq!(facts.history, [hash("first-remembered")]);
    assert_eq!((recorded(database, "CreateUser").await, recorded(database, "CreateLoginProfile").await), (1, 1));
}

async fn a_user_of_an_unknown_account_is_not_made(database: &Database) {
    assert_conflict(database.store.create_user(&new_user(alice(), "Alice"), &[record("CreateUser")]).await);
    assert_eq!(recorded(database, "CreateUser").await, 0);
}

async fn the_users_of_an_account_come_by_name(database: &Database) {
    with_alice(database).await;
    for (last, user_name) in [('B', "zoe"), ('C', "Bob"), ('D', "bob-2"), ('E', "BOB.3")] {
        database.store.create_user(&new_user(user_id(last), user_name), &[]).await.unwrap();
    }
    let users = database.store.users(&account_id(), "/", &Page::whole()).await.unwrap();
    let names: Vec<_> = users.items.iter().map(|user| user.user_name.as_str()).collect();
    assert_eq!(names, ["Alice", "Bob", "bob-2", "BOB.3", "zoe"]);
}

async fn users_are_counted_account_by_account(database: &Database) {
    with_two_accounts(database).await;
    assert_eq!(database.store.count_users(&account_id()).await.unwrap(), 2);
    assert_eq!(database.store.count_users(&other_account_id()).await.unwrap(), 1);
}

/// All that a user can have, once.
async fn give_everything(database: &Database, user_id: &UserId, key: u32) {
    let (store, id, holder) = (&database.store, account_id(), Holder::User(user_id));
    store.put_inline_policy(&id, holder, &policy("one"), "{}", &record("Put")).await.unwrap();
    store.attach_managed_policy(&id, holder, &managed(), true, NOW, &record("Attach")).await.unwrap();
    let group = new_group(1, "Ops");
    store.add_user_to_group(&group, user_id, NOW, &record("Add")).await.unwrap();
    store.tag_user(&id, user_id, &[tag("Team", "blue")], &record("TagUser")).await.unwrap();
    with_key(database, key, user_id.clone()).await;
}

async fn a_deleted_user_leaves_only_audit_records(database: &Database) {
    let tables = [
        "login_profiles",
        "password_history",
        "user_policies",
        "attached_user_policies",
        "console_sessions",
        "access_keys",
        "user_tags",
        "user_group_members",
    ];
    with_two_accounts(database).await;
    let (store, seen, _) = (&database.store, facts(database).await, with_group(database, 1, "Ops").await);
    for (user_id, key) in [(alice(), 1), (bob(), 2)] {
        give_everything(database, &user_id, key).await;
        let session = ConsoleSessionRecord { user_id, ..session_of(&seen, &key.to_string()) };
        store.save_session(&session).await.unwrap();
    }
    let version = store.belongings(&alice()).await.unwrap().unwrap().version;
    let unwritable = unwritable(database).await;
    assert_undone(refused(database, store.delete_user(&alice(), version, &unwritable)).await);

    assert_eq!(moves(database, store.delete_user(&alice(), version, &record("DeleteUser"))).await, 1);
    assert_eq!(store.user_by_id(&alice()).await.unwrap(), None);
    for table in tables {
        let left = |whose: &str| format!("SELECT COUNT(*) FROM {table} WHERE user_id = '{whose}'");
        assert_eq!(database.number(&left(alice().as_str())).await, 0, "{table}");
        assert_eq!(database.number(&left(bob().as_str())).await, 1, "{table}");
    }
    assert!(store.group(&account_id(), &group_name("Ops")).await.unwrap().is_some());
    assert_eq!((recorded(database, "DeleteUser").await, recorded(database, "CreateAccount").await), (1, 1));
}

async fn whatever_a_user_is_given_a_deletion_that_has_not_seen_it_is_refused(database: &Database) {
    with_alice(database).await;
    let (store, id, ops) = (&database.store, account_id(), with_group(database, 1, "Ops").await);
    let dave = NewUser { login_profile: None, ..new_user(user_id('D'), "Dave") };
    store.create_user(&dave, &[]).await.unwrap();
    let (holder, dave) = (Holder::User(&dave.user_id), &dave.user_id);
    let mut had = Belongings {
        version: 1,
        login_profiles: 0,
        access_keys: 0,
        inline_policies: 0,
        attached_policies: 0,
        groups: 0,
    };
    for what in ["profile", "key", "inline", "attached", "group"] {
        assert_eq!(store.belongings(dave).await.unwrap(), Some(had), "{what}");
        match what {
            "profile" => {
                let judged_at = account(database).await.authorization_version;
                store
                    .create_login_profile(dave, judged_at, &new_profile("daves"), NOW, &record("Given"))
                    .await
                    .unwrap();
                had.login_profiles += 1;
            }
            "key" => {
                store.create_access_key(&new_key(1, dave.clone()), &record("Given")).await.unwrap();
                had.access_keys += 1;
            }
            "inline" => {
                store.put_inline_policy(&id, holder, &policy("one"), "{}", &record("Given")).await.unwrap();
                had.inline_policies += 1;
            }
            "attached" => {
                store.attach_managed_policy(&id, holder, &managed(), true, NOW, &record("Given")).await.unwrap();
                had.attached_policies += 1;
            }
            _ => {
                store.add_user_to_group(&ops, dave, NOW, &record("Given")).await.unwrap();
                had.groups += 1;
            }
        }
        assert_conflict(refused(database, store.delete_user(dave, had.version, &record("Late"))).await);
        had.version += 1;
    }
    assert_eq!(store.belongings(dave).await.unwrap(), Some(had));
    store.tag_user(&id, dave, &[tag("a", "b")], &record("Given")).await.unwrap();
    assert_conflict(refused(database, store.delete_user(dave, had.version, &record("Late"))).await);
    assert_eq!(store.belongings(&user_id('Z')).await.unwrap(), None);
}

async fn a_user_that_has_changed_is_not_deleted(database: &Database) {
    let seen = with_alice(database).await;
    assert_conflict(database.store.delete_user(&alice(), seen.user.version + 1, &record("DeleteUser")).await);
    assert_conflict(database.store.delete_user(&user_id('Z'), 1, &record("DeleteUser")).await);
    assert!(database.store.user_by_id(&alice()).await.unwrap().is_some());
    assert_eq!(recorded(database, "DeleteUser").await, 0);
}
