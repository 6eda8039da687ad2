//! What a user may do: its own policies and its groups', its tags, and nothing of anybody else.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::access_key::Status;
use my_security_credentials::domain::account::AccountId;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::domain::user::UserId;
use my_security_credentials::store::groups::GroupRecord;
use my_security_credentials::store::managed_policies::ManagedPolicyRecord;
use my_security_credentials::store::permissions::Permissions;
use my_security_credentials::store::policies::Holder;

on_both_engines! {
    a_user_without_policies_has_permissions_that_are_empty,
    permissions_are_the_users_own_and_its_groups,
    permissions_hold_nothing_of_anybody_else,
    a_user_who_leaves_a_group_keeps_nothing_of_it,
    a_key_is_read_with_its_secret_and_its_users_permissions,
    a_key_without_policies_is_read_all_the_same,
}

async fn give(database: &Database, account_id: &AccountId, holder: Holder<'_>, name: &str) {
    let document = format!("{{\"{name}\":1}}");
    database.store.put_inline_policy(account_id, holder, &policy(name), &document, &record("Put")).await.unwrap();
}

async fn attach(database: &Database, holder: Holder<'_>, policy: &ManagedPolicyRecord) {
    let ManagedPolicyRecord { account_id, policy_arn, .. } = policy;
    database.store.attach_managed_policy(account_id, holder, policy_arn, false, NOW, &record("A")).await.unwrap();
}

async fn group_with(database: &Database, number: u32, group: &str, inline: &str) -> GroupRecord {
    let made = with_group(database, number, group).await;
    give(database, &account_id(), Holder::Group(&made.group_id), inline).await;
    made
}

async fn join(database: &Database, group: &GroupRecord, user_id: &UserId) {
    database.store.add_user_to_group(group, user_id, NOW, &record("Add")).await.unwrap();
}

/// Names and documents of the inline policies that `give` made.
fn inline(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), format!("{{\"{name}\":1}}"))).collect()
}

/// They come in no order.
fn sorted(mut permissions: Permissions) -> Permissions {
    permissions.inline_policies.sort();
    permissions.attached_policies.sort();
    permissions.tags.sort_by(|a, b| a.key.as_str().cmp(b.key.as_str()));
    permissions
}

async fn permissions(database: &Database, user_id: &UserId) -> Permissions {
    sorted(database.store.permissions(user_id).await.unwrap().unwrap())
}

/// Alice holds policies and tags by herself and by two groups, Bob by one of them, and Carol in the other account.
async fn with_everything(database: &Database) -> [ManagedPolicyRecord; 2] {
    with_two_accounts(database).await;
    let store = &database.store;
    let (ours, groups) = (with_policy(database, 1, "Ours").await, with_policy(database, 2, "Groups").await);
    with_policy(database, 3, "Nobodys").await;
    give(database, &account_id(), Holder::User(&alice()), "own-2").await;
    give(database, &account_id(), Holder::User(&alice()), "own-1").await;
    give(database, &account_id(), Holder::User(&bob()), "bobs").await;
    give(database, &other_account_id(), Holder::User(&carol()), "carols").await;
    store
        .attach_managed_policy(&account_id(), Holder::User(&alice()), &managed(), true, NOW, &record("A"))
        .await
        .unwrap();
    attach(database, Holder::User(&alice()), &ours).await;

    let (ops, dev) = (group_with(database, 1, "Ops", "ops").await, group_with(database, 2, "Dev", "dev").await);
    let bobs = group_with(database, 3, "Bobs", "bobs-group").await;
    attach(database, Holder::Group(&dev.group_id), &groups).await;
    for (group, member) in [(&ops, alice()), (&dev, alice()), (&dev, bob()), (&bobs, bob())] {
        join(database, group, &member).await;
    }
    let tags = [tag("Team", "blue"), tag("cost", "1")];
    store.tag_user(&account_id(), &alice(), &tags, &record("TagUser")).await.unwrap();
    store.tag_user(&account_id(), &bob(), &[tag("Bobs", "")], &record("TagUser")).await.unwrap();
    let rules = PasswordPolicy { allow_users_to_change_password: true, ..PasswordPolicy::default() };
    store.put_password_policy(&account_id(), &rules, &record("Update")).await.unwrap();
    [ours, groups]
}

async fn a_user_without_policies_has_permissions_that_are_empty(database: &Database) {
    with_alice(database).await;
    let found = database.store.permissions(&alice()).await.unwrap().unwrap();
    let (account, user) = (account(database).await, facts(database).await.user);
    let nothing = Permissions {
        account,
        user,
        inline_policies: vec![],
        attached_policies: vec![],
        tags: vec![],
        password_policy: None,
    };
    assert_eq!(found, nothing);
    assert_eq!(database.store.permissions(&user_id('Z')).await.unwrap(), None);
}

async fn permissions_are_the_users_own_and_its_groups(database: &Database) {
    let [ours, groups] = with_everything(database).await;
    let found = permissions(database, &alice()).await;
    assert_eq!(found.inline_policies, inline(&["dev", "ops", "own-1", "own-2"]));
    let document = Some(DOCUMENT.to_owned());
    let attached = [(groups.policy_arn, document.clone()), (ours.policy_arn, document), (managed(), None)];
    assert_eq!(found.attached_policies, attached.map(|(arn, document)| (arn.as_str().to_owned(), document)));
    assert_eq!(found.tags, [tag("Team", "blue"), tag("cost", "1")]);
    assert!(found.password_policy.is_some_and(|policy| policy.allow_users_to_change_password));
    assert_eq!((found.account, found.user), (account(database).await, user(database, &alice()).await));
}

async fn permissions_hold_nothing_of_anybody_else(database: &Database) {
    let [_, groups] = with_everything(database).await;
    let bobs = permissions(database, &bob()).await;
    assert_eq!((bobs.inline_policies, bobs.tags), (inline(&["bobs", "bobs-group", "dev"]), vec![tag("Bobs", "")]));
    assert_eq!(bobs.attached_policies, [(groups.policy_arn.as_str().to_owned(), Some(DOCUMENT.to_owned()))]);
    let carols = permissions(database, &carol()).await;
    assert_eq!((carols.inline_policies, carols.attached_policies, carols.tags), (inline(&["carols"]), vec![], vec![]));
    assert_eq!((carols.account.account_id, carols.password_policy), (other_account_id(), None));
}

async fn a_user_who_leaves_a_group_keeps_nothing_of_it(database: &Database) {
    let [ours, _] = with_everything(database).await;
    for (number, name) in [(1, "Ops"), (2, "Dev")] {
        let group = new_group(number, name);
        database.store.remove_user_from_group(&group, &alice(), &record("Remove")).await.unwrap();
    }
    let found = permissions(database, &alice()).await;
    assert_eq!(found.inline_policies, inline(&["own-1", "own-2"]));
    let arns: Vec<_> = found.attached_policies.iter().map(|(arn, _)| arn.as_str()).collect();
    assert_eq!(arns, [ours.policy_arn.as_str(), managed().as_str()]);
}

async fn a_key_is_read_with_its_secret_and_its_users_permissions(database: &Database) {
    with_everything(database).await;
    let store = &database.store;
    for (number, owner) in [(1, alice()), (2, alice()), (3, bob()), (4, carol())] {
        with_key(database, number, owner).await;
    }
    store.set_access_key_status(&key_id(2), &alice(), Status::Inactive, &record("Update")).await.unwrap();
    for (number, owner) in [(1, alice()), (2, alice()), (3, bob()), (4, carol())] {
        let found = store.key_facts(&key_id(number)).await.unwrap().unwrap();
        assert_eq!(Some(&found.access_key), store.access_key(&key_id(number)).await.unwrap().as_ref());
        assert_eq!(found.secret, format!("sealed {number}").into_bytes());
        assert_eq!(sorted(found.permissions), permissions(database, &owner).await);
    }
    assert!(store.key_facts(&key_id(5)).await.unwrap().is_none());
}

async fn a_key_without_policies_is_read_all_the_same(database: &Database) {
    with_alice(database).await;
    with_key(database, 1, alice()).await;
    let found = database.store.key_facts(&key_id(1)).await.unwrap().unwrap();
    assert_eq!((found.access_key.access_key_id, found.secret), (key_id(1), b"sealed 1".to_vec()));
    assert_eq!(Some(found.permissions), database.store.permissions(&alice()).await.unwrap());
}
