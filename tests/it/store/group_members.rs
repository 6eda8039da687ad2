//! Who is in which group.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::page::Page;
use my_security_credentials::domain::quota::Quota;
use my_security_credentials::domain::user::UserId;
use my_security_credentials::store::StoreError;
use my_security_credentials::store::groups::GroupRecord;

on_both_engines! {
    a_user_is_added_once_and_taken_out_again,
    a_user_who_is_not_in_the_group_cannot_be_taken_out,
    neither_user_nor_group_may_be_gone,
    a_user_is_in_ten_groups_at_most,
    of_fifteen_groups_joined_at_once_ten_are_joined,
    a_group_is_deleted_or_joined_but_not_both,
    a_change_of_members_that_cannot_be_recorded_is_undone,
}

async fn join(database: &Database, group: &GroupRecord, user_id: &UserId) -> Result<(), StoreError> {
    database.store.add_user_to_group(group, user_id, NOW, &record("AddUserToGroup")).await
}

async fn names_of(database: &Database, user_id: &UserId) -> Vec<String> {
    let groups = database.store.groups_of(user_id).await.unwrap();
    groups.into_iter().map(|group| group.group_name.to_string()).collect()
}

async fn a_user_is_added_once_and_taken_out_again(database: &Database) {
    with_two_accounts(database).await;
    let (zoo, ops) = (with_group(database, 1, "zoo").await, with_group(database, 2, "Ops").await);
    for (group, user_id) in [(&zoo, alice()), (&ops, alice()), (&ops, alice()), (&ops, bob())] {
        assert_eq!(moves(database, join(database, group, &user_id)).await, 1);
    }
    assert_eq!(names_of(database, &alice()).await, ["Ops", "zoo"]);
    assert_eq!(rows_of(database, "user_group_members").await, 3);
    let members = database.store.members(&ops.group_id, &Page::whole()).await.unwrap();
    assert_eq!(members.items, [user(database, &alice()).await, user(database, &bob()).await]);

    let moved =
        moves(database, database.store.remove_user_from_group(&ops, &alice(), &record("RemoveUserFromGroup"))).await;
    assert_eq!(moved, 1);
    assert_eq!(names_of(database, &alice()).await, ["zoo"]);
    assert_eq!(names_of(database, &bob()).await, ["Ops"]);
    assert_eq!((recorded(database, "AddUserToGroup").await, recorded(database, "RemoveUserFromGroup").await), (4, 1));
}

async fn a_user_who_is_not_in_the_group_cannot_be_taken_out(database: &Database) {
    with_two_accounts(database).await;
    let (ops, dev) = (with_group(database, 1, "Ops").await, with_group(database, 2, "Dev").await);
    join(database, &ops, &alice()).await.unwrap();
    for (group, user_id) in [(&dev, alice()), (&ops, bob()), (&ops, user_id('Z')), (&new_group(9, "Gone"), alice())] {
        let outcome =
            refused(database, database.store.remove_user_from_group(group, &user_id, &record("Remove"))).await;
        assert_absent(outcome);
    }
}

async fn neither_user_nor_group_may_be_gone(database: &Database) {
    with_alice(database).await;
    let ops = with_group(database, 1, "Ops").await;
    for (group, user_id) in [(&ops, user_id('Z')), (&new_group(9, "Gone"), alice())] {
        assert_conflict(refused(database, join(database, group, &user_id)).await);
    }
}

async fn a_user_is_in_ten_groups_at_most(database: &Database) {
    with_two_accounts(database).await;
    let mut groups = Vec::new();
    for number in 0..11 {
        groups.push(with_group(database, number, &format!("group-{number:02}")).await);
    }
    for group in &groups[..10] {
        join(database, group, &alice()).await.unwrap();
    }
    assert_too_many(refused(database, join(database, &groups[10], &alice())).await, Quota::GroupsPerUser);
    join(database, &groups[3], &alice()).await.unwrap();
    join(database, &groups[10], &bob()).await.unwrap();
    database.store.remove_user_from_group(&groups[3], &alice(), &record("Remove")).await.unwrap();
    join(database, &groups[10], &alice()).await.unwrap();
    assert_eq!(names_of(database, &alice()).await.len(), 10);
}

async fn of_fifteen_groups_joined_at_once_ten_are_joined(database: &Database) {
    with_alice(database).await;
    let stores = [database.store.clone(), database.open_again().await];
    let mut joining = Vec::new();
    for number in 0..15 {
        let group = with_group(database, number, &format!("group-{number}")).await;
        let store = stores[number as usize % 2].clone();
        joining.push(async move { store.add_user_to_group(&group, &alice(), NOW, &record("Add")).await });
    }
    let joined = at_once(joining, |refused| assert_too_many(refused, Quota::GroupsPerUser)).await;
    assert_eq!((joined, rows_of(database, "user_group_members").await, recorded(database, "Add").await), (10, 10, 10));
}

async fn a_group_is_deleted_or_joined_but_not_both(database: &Database) {
    with_alice(database).await;
    for number in 0..20 {
        let group = with_group(database, number, "Ops").await;
        let (store, joined) = (database.store.clone(), group.clone());
        let joining =
            tokio::spawn(async move { store.add_user_to_group(&joined, &alice(), NOW, &record("Add")).await });
        let deleted = database.store.delete_group(&group.group_id, group.version, &record("Delete")).await;
        match (joining.await.unwrap(), deleted) {
            (Ok(()), deletion) => {
                assert_conflict(deletion);
                database.store.delete_group(&group.group_id, 2, &record("Delete")).await.unwrap();
            }
            (joining, Ok(())) => assert_conflict(joining),
            both => panic!("{both:?}"),
        }
        assert_eq!(rows_of(database, "user_group_members").await, 0);
    }
}

async fn a_change_of_members_that_cannot_be_recorded_is_undone(database: &Database) {
    with_two_accounts(database).await;
    let (store, ops) = (&database.store, with_group(database, 1, "Ops").await);
    join(database, &ops, &alice()).await.unwrap();
    let unwritable = unwritable(database).await;
    assert_undone(refused(database, store.add_user_to_group(&ops, &bob(), NOW, &unwritable)).await);
    assert_undone(refused(database, store.remove_user_from_group(&ops, &alice(), &unwritable)).await);
}
