//! User groups as such. Who is in them is in `group_members`, what they allow in `policies`.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::store::Constraint;
use my_security_credentials::store::groups::{GroupBelongings, GroupRecord};
use my_security_credentials::store::policies::Holder;

on_both_engines! {
    a_group_is_found_by_name_in_any_case_and_keeps_its_own,
    a_group_name_is_unique_in_its_account_without_regard_to_case,
    a_group_of_an_unknown_account_is_not_made,
    a_group_gets_another_name_and_path,
    a_group_is_not_renamed_to_anothers_name_in_any_case,
    a_group_that_has_changed_is_not_renamed_and_not_deleted,
    what_a_group_is_given_moves_its_version,
    a_deleted_group_takes_its_policies_and_memberships_along,
    a_change_of_groups_that_cannot_be_recorded_is_undone,
}

async fn group(database: &Database, name: &str) -> Option<GroupRecord> {
    database.store.group(&account_id(), &group_name(name)).await.unwrap()
}

async fn a_group_is_found_by_name_in_any_case_and_keeps_its_own(database: &Database) {
    with_two_accounts(database).await;
    let ops = GroupRecord { version: 7, ..new_group(1, "Ops") };
    let moved = moves(database, database.store.create_group(&ops, &record("CreateGroup"))).await;
    assert_eq!(moved, 0);
    let made = GroupRecord { version: 1, ..ops };
    assert_eq!(group(database, "oPS").await, Some(made));
    assert_eq!(group(database, "Opsy").await, None);
    assert_eq!(database.store.group(&other_account_id(), &group_name("Ops")).await.unwrap(), None);
    assert_eq!(database.store.count_groups(&account_id()).await.unwrap(), 1);
    assert_eq!(database.store.count_groups(&other_account_id()).await.unwrap(), 0);
    assert_eq!(recorded(database, "CreateGroup").await, 1);
}

async fn a_group_name_is_unique_in_its_account_without_regard_to_case(database: &Database) {
    with_two_accounts(database).await;
    with_group(database, 1, "Ops").await;
    let outcome = refused(database, database.store.create_group(&new_group(2, "OPS"), &record("Create"))).await;
    assert_taken(outcome, Constraint::GroupName);
    let elsewhere = GroupRecord { account_id: other_account_id(), ..new_group(3, "OPS") };
    database.store.create_group(&elsewhere, &record("Create")).await.unwrap();
}

async fn a_group_of_an_unknown_account_is_not_made(database: &Database) {
    let outcome = refused(database, database.store.create_group(&new_group(1, "Ops"), &record("Create"))).await;
    assert_conflict(outcome);
}

async fn a_group_gets_another_name_and_path(database: &Database) {
    with_alice(database).await;
    let mut seen = with_group(database, 1, "Ops").await;
    let other = with_group(database, 2, "Other").await;
    for (wanted, folder) in [("Developers", "/teams/"), ("DEVELOPERS", "/teams/"), ("DEVELOPERS", "/x/")] {
        let (name, path) = (group_name(wanted), path(folder));
        let moved = moves(database, database.store.update_group(&seen, &name, &path, &record("UpdateGroup"))).await;
        assert_eq!(moved, 1);
        seen = GroupRecord { group_name: name, path, version: seen.version + 1, ..seen };
        assert_eq!(group(database, wanted).await.as_ref(), Some(&seen));
    }
    assert_eq!(group(database, "Ops").await, None);
    assert_eq!(group(database, "Other").await, Some(other));
    assert_eq!(recorded(database, "UpdateGroup").await, 3);
}

async fn a_group_is_not_renamed_to_anothers_name_in_any_case(database: &Database) {
    with_alice(database).await;
    let ops = with_group(database, 1, "Ops").await;
    with_group(database, 2, "Developers").await;
    for taken in ["Developers", "dEVELOPERS"] {
        let name = group_name(taken);
        let outcome = refused(database, database.store.update_group(&ops, &name, &ops.path, &record("Update"))).await;
        assert_taken(outcome, Constraint::GroupName);
    }
}

async fn a_group_that_has_changed_is_not_renamed_and_not_deleted(database: &Database) {
    with_alice(database).await;
    let (store, seen) = (&database.store, with_group(database, 1, "Ops").await);
    store.update_group(&seen, &group_name("Dev"), &seen.path, &record("Update")).await.unwrap();
    let gone = new_group(9, "Gone");
    for stale in [seen, gone] {
        let name = group_name("Late");
        let outcome = refused(database, store.update_group(&stale, &name, &stale.path, &record("Late"))).await;
        assert_conflict(outcome);
        let outcome = refused(database, store.delete_group(&stale.group_id, stale.version, &record("Late"))).await;
        assert_conflict(outcome);
    }
}

async fn what_a_group_is_given_moves_its_version(database: &Database) {
    with_alice(database).await;
    let (store, id, group) = (&database.store, account_id(), with_group(database, 1, "Ops").await);
    let (group_id, holder) = (&group.group_id, Holder::Group(&group.group_id));
    let belongings = async || store.group_belongings(group_id).await.unwrap().unwrap();
    let nothing = GroupBelongings { version: 1, members: 0, inline_policies: 0, attached_policies: 0 };
    assert_eq!(belongings().await, nothing);

    store.put_inline_policy(&id, holder, &policy("one"), "{}", &record("Put")).await.unwrap();
    assert_conflict(store.delete_group(group_id, 1, &record("DeleteGroup")).await);
    store.attach_managed_policy(&id, holder, &managed(), true, NOW, &record("Attach")).await.unwrap();
    assert_conflict(store.delete_group(group_id, 2, &record("DeleteGroup")).await);
    store.add_user_to_group(&group, &alice(), NOW, &record("Add")).await.unwrap();
    assert_conflict(store.delete_group(group_id, 3, &record("DeleteGroup")).await);
    let all = GroupBelongings { version: 4, members: 1, inline_policies: 1, attached_policies: 1 };
    assert_eq!(belongings().await, all);
    with_group(database, 2, "Empty").await;
    let empty = new_group(2, "Empty").group_id;
    assert_eq!(store.group_belongings(&empty).await.unwrap(), Some(nothing));
    assert_eq!(store.group_belongings(&new_group(9, "Gone").group_id).await.unwrap(), None);
}

async fn a_deleted_group_takes_its_policies_and_memberships_along(database: &Database) {
    with_alice(database).await;
    let store = &database.store;
    for (number, name) in [(1, "Ops"), (2, "Kept")] {
        let group = with_group(database, number, name).await;
        let holder = Holder::Group(&group.group_id);
        store.put_inline_policy(&account_id(), holder, &policy("one"), "{}", &record("Put")).await.unwrap();
        store.attach_managed_policy(&account_id(), holder, &managed(), true, NOW, &record("Attach")).await.unwrap();
        store.add_user_to_group(&group, &alice(), NOW, &record("Add")).await.unwrap();
    }
    let gone = new_group(1, "Ops").group_id;
    let version = store.group_belongings(&gone).await.unwrap().unwrap().version;
    assert_eq!(moves(database, store.delete_group(&gone, version, &record("DeleteGroup"))).await, 1);
    assert_eq!(group(database, "Ops").await, None);
    assert!(group(database, "Kept").await.is_some());
    for table in ["group_policies", "attached_group_policies", "user_group_members"] {
        assert_eq!(rows_of(database, table).await, 1, "{table}");
    }
    assert_eq!(store.permissions(&alice()).await.unwrap().unwrap().inline_policies.len(), 1);
    assert_eq!(recorded(database, "DeleteGroup").await, 1);
}

async fn a_change_of_groups_that_cannot_be_recorded_is_undone(database: &Database) {
    with_alice(database).await;
    let (store, group) = (&database.store, with_group(database, 1, "Ops").await);
    let unwritable = unwritable(database).await;
    assert_undone(refused(database, store.create_group(&new_group(2, "Dev"), &unwritable)).await);
    let name = group_name("Dev");
    assert_undone(refused(database, store.update_group(&group, &name, &path("/x/"), &unwritable)).await);
    assert_undone(refused(database, store.delete_group(&group.group_id, 1, &unwritable)).await);
}
