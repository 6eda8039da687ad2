//! Users under another name or path.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::user::UserName;
use my_security_credentials::store::users::UserRecord;
use my_security_credentials::store::{Constraint, StoreError};

on_both_engines! {
    a_user_gets_another_name_and_path_and_keeps_the_rest,
    a_user_is_not_renamed_to_anothers_name_in_any_case,
    a_name_of_another_account_is_free,
    of_two_users_renamed_to_one_name_at_once_one_is,
    a_user_that_has_changed_is_not_renamed,
    a_renaming_that_cannot_be_recorded_is_undone,
}

async fn a_user_gets_another_name_and_path_and_keeps_the_rest(database: &Database) {
    with_two_accounts(database).await;
    let (store, bob) = (&database.store, user(database, &bob()).await);
    let mut seen = user(database, &alice()).await;
    for (wanted, folder) in [("Alicia", "/staff/"), ("ALICIA", "/staff/"), ("ALICIA", "/x/"), ("ALICIA", "/x/")] {
        let (user_name, path) = (name(wanted), path(folder));
        let moved = moves(database, store.update_user(&seen, &user_name, &path, &record("UpdateUser"))).await;
        assert_eq!(moved, 1);
        seen = UserRecord { user_name, path, version: seen.version + 1, ..seen };
        assert_eq!(store.user(&account_id(), &name("alicia")).await.unwrap().as_ref(), Some(&seen));
    }
    assert_eq!(store.user(&account_id(), &name("Alice")).await.unwrap(), None);
    assert_eq!(store.user(&account_id(), &name("Bob")).await.unwrap(), Some(bob));
    assert_eq!(recorded(database, "UpdateUser").await, 4);
}

async fn a_user_is_not_renamed_to_anothers_name_in_any_case(database: &Database) {
    with_two_accounts(database).await;
    let seen = user(database, &alice()).await;
    for taken in ["Bob", "bOB"] {
        let taken = name(taken);
        let outcome = refused(database, database.store.update_user(&seen, &taken, &seen.path, &record("Update"))).await;
        assert_taken(outcome, Constraint::UserName);
    }
}

async fn a_name_of_another_account_is_free(database: &Database) {
    with_two_accounts(database).await;
    let (seen, carol) = (user(database, &alice()).await, name("Carol"));
    database.store.update_user(&seen, &carol, &seen.path, &record("Update")).await.unwrap();
    for id in [account_id(), other_account_id()] {
        assert!(database.store.user(&id, &carol).await.unwrap().is_some());
    }
}

async fn of_two_users_renamed_to_one_name_at_once_one_is(database: &Database) {
    with_two_accounts(database).await;
    for round in 0..20 {
        let wanted = format!("same-{round}");
        let mut renaming = Vec::new();
        for (user_id, store) in [(alice(), database.store.clone()), (bob(), database.open_again().await)] {
            let (seen, user_name): (_, UserName) = (user(database, &user_id).await, name(&wanted));
            renaming.push(async move { store.update_user(&seen, &user_name, &seen.path, &record("Update")).await });
        }
        let renamed = at_once(renaming, |refused: Result<(), StoreError>| assert_taken(refused, Constraint::UserName));
        assert_eq!(renamed.await, 1);
    }
    assert_eq!(recorded(database, "Update").await, 20);
}

async fn a_user_that_has_changed_is_not_renamed(database: &Database) {
    with_alice(database).await;
    let (store, seen) = (&database.store, user(database, &alice()).await);
    store.tag_user(&account_id(), &alice(), &[tag("a", "b")], &record("TagUser")).await.unwrap();
    let gone = UserRecord { user_id: user_id('Z'), ..seen.clone() };
    let elsewhere = UserRecord { account_id: other_account_id(), ..user(database, &alice()).await };
    for stale in [seen, gone, elsewhere] {
        let late = name("Late");
        let outcome = refused(database, store.update_user(&stale, &late, &stale.path, &record("Late"))).await;
        assert_conflict(outcome);
    }
}

async fn a_renaming_that_cannot_be_recorded_is_undone(database: &Database) {
    with_alice(database).await;
    let (seen, wanted) = (user(database, &alice()).await, name("Alicia"));
    let unwritable = unwritable(database).await;
    let outcome = refused(database, database.store.update_user(&seen, &wanted, &path("/x/"), &unwritable)).await;
    assert_undone(outcome);
}
