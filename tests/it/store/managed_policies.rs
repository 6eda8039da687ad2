//! Customer-managed policies, and who has which. Attaching is in `policies`.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::page::Page;
use my_security_credentials::store::managed_policies::ManagedPolicyRecord;
use my_security_credentials::store::policies::Holder;
use my_security_credentials::store::{Constraint, StoreError};

on_both_engines! {
    a_managed_policy_is_found_by_its_arn_in_its_account_only,
    a_managed_policys_name_is_unique_in_its_account_without_regard_to_case_and_path,
    a_managed_policy_of_an_unknown_account_is_not_made,
    who_has_a_policy_is_told_account_by_account,
    the_policies_that_somebody_has_are_listed_alone_if_so_asked,
    a_policy_that_nobody_has_is_deleted,
    a_policy_that_somebody_has_is_not_deleted,
    a_policy_is_deleted_or_attached_but_not_both,
    a_change_of_managed_policies_that_cannot_be_recorded_is_undone,
}

async fn attach(database: &Database, holder: Holder<'_>, policy: &ManagedPolicyRecord) {
    let ManagedPolicyRecord { account_id, policy_arn, .. } = policy;
    database.store.attach_managed_policy(account_id, holder, policy_arn, false, NOW, &record("Attach")).await.unwrap();
}

async fn detach(database: &Database, holder: Holder<'_>, policy: &ManagedPolicyRecord) {
    let ManagedPolicyRecord { account_id, policy_arn, .. } = policy;
    database.store.detach_managed_policy(account_id, holder, policy_arn, &record("Detach")).await.unwrap();
}

async fn a_managed_policy_is_found_by_its_arn_in_its_account_only(database: &Database) {
    with_two_accounts(database).await;
    let (store, made) = (&database.store, new_policy(1, "Power"));
    assert_eq!(moves(database, store.create_managed_policy(&made, &record("CreatePolicy"))).await, 0);
    let plain = ManagedPolicyRecord { description: None, ..new_policy(2, "Plain") };
    store.create_managed_policy(&plain, &record("CreatePolicy")).await.unwrap();
    for policy in [&made, &plain] {
        let found = store.managed_policy(&account_id(), &policy.policy_arn).await.unwrap();
        assert_eq!(found.as_ref(), Some(policy));
    }
    assert_eq!(store.managed_policy(&other_account_id(), &made.policy_arn).await.unwrap(), None);
    assert_eq!(store.managed_policy(&account_id(), &new_policy(3, "None").policy_arn).await.unwrap(), None);
    assert_eq!(store.count_managed_policies(&account_id()).await.unwrap(), 2);
    assert_eq!(store.count_managed_policies(&other_account_id()).await.unwrap(), 0);
    assert_eq!(recorded(database, "CreatePolicy").await, 2);
}

async fn a_managed_policys_name_is_unique_in_its_account_without_regard_to_case_and_path(database: &Database) {
    with_two_accounts(database).await;
    let store = &database.store;
    with_policy(database, 1, "Power").await;
    let elsewhere = ManagedPolicyRecord { path: path("/x/"), ..new_policy(2, "pOWER") };
    let outcome = refused(database, store.create_managed_policy(&elsewhere, &record("Create"))).await;
    assert_taken(outcome, Constraint::PolicyName);
    store.create_managed_policy(&of_the_other_account(&elsewhere), &record("Create")).await.unwrap();
}

async fn a_managed_policy_of_an_unknown_account_is_not_made(database: &Database) {
    let outcome =
        refused(database, database.store.create_managed_policy(&new_policy(1, "Power"), &record("Create"))).await;
    assert_conflict(outcome);
}

async fn who_has_a_policy_is_told_account_by_account(database: &Database) {
    with_two_accounts(database).await;
    let (store, ops, page) = (&database.store, with_group(database, 1, "Ops").await, Page::whole());
    let group = Holder::Group(&ops.group_id);
    for (id, holder) in
        [(account_id(), Holder::User(&bob())), (account_id(), group), (other_account_id(), Holder::User(&carol()))]
    {
        store.attach_managed_policy(&id, holder, &managed(), true, NOW, &record("Attach")).await.unwrap();
    }
    let ours = store.users_with_policy(&account_id(), &managed(), "/", &page).await.unwrap().items;
    assert_eq!(ours, [user(database, &bob()).await]);
    let theirs = store.users_with_policy(&other_account_id(), &managed(), "/", &page).await.unwrap().items;
    assert_eq!(theirs, [user(database, &carol()).await]);
    let ours = store.groups_with_policy(&account_id(), &managed(), "/", &page).await.unwrap().items;
    assert_eq!(ours.into_iter().map(|group| group.group_id).collect::<Vec<_>>(), [ops.group_id]);
    let theirs = store.groups_with_policy(&other_account_id(), &managed(), "/", &page).await.unwrap().items;
    assert_eq!(theirs, []);
    for (id, count) in [(account_id(), 2), (other_account_id(), 1)] {
        assert_eq!(store.count_attachments(&id, &managed()).await.unwrap(), count);
    }
    let unattached = with_policy(database, 1, "Power").await.policy_arn;
    assert_eq!(store.count_attachments(&account_id(), &unattached).await.unwrap(), 0);
    assert_eq!(store.users_with_policy(&account_id(), &unattached, "/", &page).await.unwrap().items, []);
}

async fn the_policies_that_somebody_has_are_listed_alone_if_so_asked(database: &Database) {
    with_two_accounts(database).await;
    let ops = with_group(database, 1, "Ops").await;
    let mut policies = Vec::new();
    for (number, name) in (1..).zip(["a", "B", "c", "D"]) {
        policies.push(with_policy(database, number, name).await);
    }
    attach(database, Holder::User(&alice()), &policies[1]).await;
    attach(database, Holder::User(&bob()), &policies[1]).await;
    attach(database, Holder::Group(&ops.group_id), &policies[3]).await;
    let elsewhere = of_the_other_account(&new_policy(9, "e"));
    database.store.create_managed_policy(&elsewhere, &record("Create")).await.unwrap();
    attach(database, Holder::User(&carol()), &elsewhere).await;
    policies[1].attachment_count = 2;
    policies[3].attachment_count = 1;
    for (only_attached, wanted) in [(true, vec![policies[1].clone(), policies[3].clone()]), (false, policies)] {
        let listed =
            pieces(1, async |page| database.store.managed_policies(&account_id(), "/", only_attached, &page).await);
        assert_eq!(listed.await, wanted);
    }
}

async fn a_policy_that_nobody_has_is_deleted(database: &Database) {
    with_two_accounts(database).await;
    let (store, gone, kept) =
        (&database.store, with_policy(database, 1, "Gone").await, with_policy(database, 2, "Kept").await);
    for (id, arn) in [(other_account_id(), &gone.policy_arn), (account_id(), &new_policy(3, "None").policy_arn)] {
        assert_absent(refused(database, store.delete_managed_policy(&id, arn, &record("DeletePolicy"))).await);
    }
    let moved =
        moves(database, store.delete_managed_policy(&account_id(), &gone.policy_arn, &record("DeletePolicy"))).await;
    assert_eq!(moved, 1);
    assert_eq!(store.managed_policy(&account_id(), &gone.policy_arn).await.unwrap(), None);
    assert_eq!(store.managed_policy(&account_id(), &kept.policy_arn).await.unwrap(), Some(kept));
    assert_eq!(recorded(database, "DeletePolicy").await, 1);
}

async fn a_policy_that_somebody_has_is_not_deleted(database: &Database) {
    with_alice(database).await;
    let (policy, ops) = (with_policy(database, 1, "Power").await, with_group(database, 1, "Ops").await);
    let delete =
        async || database.store.delete_managed_policy(&account_id(), &policy.policy_arn, &record("DeletePolicy")).await;
    for holder in [Holder::User(&alice()), Holder::Group(&ops.group_id)] {
        attach(database, holder, &policy).await;
        assert_absent(refused(database, delete()).await);
        detach(database, holder, &policy).await;
    }
    delete().await.unwrap();
}

async fn a_policy_is_deleted_or_attached_but_not_both(database: &Database) {
    with_alice(database).await;
    let (ops, another) = (with_group(database, 1, "Ops").await, database.open_again().await);
    for round in 0..20 {
        let policy = with_policy(database, round, "Power").await;
        let (arn, group_id, store) = (policy.policy_arn.clone(), ops.group_id.clone(), another.clone());
        let attaching = tokio::spawn(async move {
            let user_id = alice();
            let holder = if round % 2 == 0 { Holder::User(&user_id) } else { Holder::Group(&group_id) };
            store.attach_managed_policy(&account_id(), holder, &arn, false, NOW, &record("Attach")).await
        });
        let deletion = database.store.delete_managed_policy(&account_id(), &policy.policy_arn, &record("Delete")).await;
        let there = database.store.managed_policy(&account_id(), &policy.policy_arn).await.unwrap().is_some();
        let attached = database.store.count_attachments(&account_id(), &policy.policy_arn).await.unwrap() == 1;
        match (attaching.await.unwrap(), deletion) {
            (Ok(()), Err(StoreError::Absent)) => assert!(there && attached),
            (Err(StoreError::Absent), Ok(())) => assert!(!there && !attached),
            both => panic!("{both:?}"),
        }
        database.execute("DELETE FROM attached_user_policies").await;
        database.execute("DELETE FROM attached_group_policies").await;
        database.execute("DELETE FROM managed_policies").await;
    }
}

async fn a_change_of_managed_policies_that_cannot_be_recorded_is_undone(database: &Database) {
    with_alice(database).await;
    let (store, policy) = (&database.store, with_policy(database, 1, "Power").await);
    let unwritable = unwritable(database).await;
    assert_undone(refused(database, store.create_managed_policy(&new_policy(2, "New"), &unwritable)).await);
    assert_undone(refused(database, store.delete_managed_policy(&account_id(), &policy.policy_arn, &unwritable)).await);
}
