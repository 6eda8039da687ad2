//! Policies on users and groups: both hold them in the same way. What they add up to is in `permissions`.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::arn::PolicyArn;
use my_security_credentials::domain::quota::Quota;
use my_security_credentials::domain::user::UserId;
use my_security_credentials::store::groups::GroupRecord;
use my_security_credentials::store::policies::Holder;

on_both_engines! {
    an_inline_policy_is_made_replaced_read_and_deleted,
    an_inline_policy_that_is_not_there_is_not_deleted,
    a_managed_policy_is_attached_once_and_detached,
    a_managed_policy_that_is_not_attached_is_not_detached,
    a_customer_managed_policy_must_be_there_to_be_attached,
    a_policy_of_another_account_is_not_attached,
    ten_managed_policies_are_attached_at_most,
    of_fifteen_policies_attached_at_once_ten_are_attached,
    a_holder_who_is_gone_gets_no_policies,
    a_change_of_policies_that_cannot_be_recorded_is_undone,
}

/// Who holds policies, besides Bob and another group, whom nothing here may touch.
struct Holders {
    user: UserId,
    group: GroupRecord,
}

impl Holders {
    async fn new(database: &Database) -> Self {
        with_two_accounts(database).await;
        let (store, others) = (&database.store, with_group(database, 2, "Others").await);
        for holder in [Holder::User(&bob()), Holder::Group(&others.group_id)] {
            store.put_inline_policy(&account_id(), holder, &policy("one"), "theirs", &record("Theirs")).await.unwrap();
            store.attach_managed_policy(&account_id(), holder, &managed(), true, NOW, &record("Theirs")).await.unwrap();
        }
        Self { user: alice(), group: with_group(database, 1, "Ops").await }
    }

    fn each(&self) -> [Holder<'_>; 2] {
        [Holder::User(&self.user), Holder::Group(&self.group.group_id)]
    }
}

async fn an_inline_policy_is_made_replaced_read_and_deleted(database: &Database) {
    let holders = Holders::new(database).await;
    let (store, id) = (&database.store, account_id());
    for holder in holders.each() {
        for document in ["{}", "{\"Version\":\"2012-10-17\"}"] {
            let moved =
                moves(database, store.put_inline_policy(&id, holder, &policy("one"), document, &record("Put"))).await;
            assert_eq!(moved, 1);
            assert_eq!(store.inline_policy(holder, &policy("one")).await.unwrap().as_deref(), Some(document));
        }
        store.put_inline_policy(&id, holder, &policy("ONE"), "another", &record("Put")).await.unwrap();
        assert_eq!(store.inline_policy(holder, &policy("One")).await.unwrap(), None);
        let moved = moves(database, store.delete_inline_policy(&id, holder, &policy("one"), &record("Delete"))).await;
        assert_eq!(moved, 1);
        assert_eq!(store.inline_policy(holder, &policy("one")).await.unwrap(), None);
        assert_eq!(store.inline_policy(holder, &policy("ONE")).await.unwrap().as_deref(), Some("another"));
    }
    assert_eq!(store.inline_policy(Holder::User(&bob()), &policy("one")).await.unwrap().as_deref(), Some("theirs"));
    assert_eq!((recorded(database, "Put").await, recorded(database, "Delete").await), (6, 2));
}

async fn an_inline_policy_that_is_not_there_is_not_deleted(database: &Database) {
    for holder in Holders::new(database).await.each() {
        let outcome = refused(
            database,
            database.store.delete_inline_policy(&account_id(), holder, &policy("one"), &record("Delete")),
        )
        .await;
        assert_absent(outcome);
    }
}

async fn a_managed_policy_is_attached_once_and_detached(database: &Database) {
    let holders = Holders::new(database).await;
    let (store, id, ours) = (&database.store, account_id(), with_policy(database, 1, "Power").await.policy_arn);
    for holder in holders.each() {
        for (arn, is_awss) in [(managed(), true), (ours.clone(), false), (managed(), true)] {
            let moved =
                moves(database, store.attach_managed_policy(&id, holder, &arn, is_awss, NOW, &record("Attach"))).await;
            assert_eq!(moved, 1);
        }
        assert_eq!(store.attached_policies(holder).await.unwrap(), [ours.clone(), managed()]);
        let moved = moves(database, store.detach_managed_policy(&id, holder, &managed(), &record("Detach"))).await;
        assert_eq!(moved, 1);
        assert_eq!(store.attached_policies(holder).await.unwrap(), std::slice::from_ref(&ours));
    }
    assert_eq!(store.attached_policies(Holder::User(&bob())).await.unwrap(), [managed()]);
    assert_eq!((recorded(database, "Attach").await, recorded(database, "Detach").await), (6, 2));
}

async fn a_managed_policy_that_is_not_attached_is_not_detached(database: &Database) {
    for holder in Holders::new(database).await.each() {
        let outcome = refused(
            database,
            database.store.detach_managed_policy(&account_id(), holder, &managed(), &record("Detach")),
        )
        .await;
        assert_absent(outcome);
    }
}

async fn a_customer_managed_policy_must_be_there_to_be_attached(database: &Database) {
    let (holders, gone) = (Holders::new(database).await, new_policy(2, "Gone").policy_arn);
    with_policy(database, 1, "Another").await;
    for holder in holders.each() {
        let outcome = refused(
            database,
            database.store.attach_managed_policy(&account_id(), holder, &gone, false, NOW, &record("A")),
        )
        .await;
        assert_absent(outcome);
    }
}

async fn a_policy_of_another_account_is_not_attached(database: &Database) {
    let holders = Holders::new(database).await;
    let theirs = of_the_other_account(&new_policy(1, "Theirs"));
    database.store.create_managed_policy(&theirs, &record("CreatePolicy")).await.unwrap();
    for holder in holders.each() {
        let arn = &theirs.policy_arn;
        let outcome = refused(
            database,
            database.store.attach_managed_policy(&account_id(), holder, arn, false, NOW, &record("A")),
        )
        .await;
        assert_absent(outcome);
    }
}

async fn policies(database: &Database, count: u32) -> Vec<PolicyArn> {
    let mut made = Vec::new();
    for number in 0..count {
        made.push(with_policy(database, number, &format!("policy-{number:02}")).await.policy_arn);
    }
    made
}

async fn ten_managed_policies_are_attached_at_most(database: &Database) {
    let (holders, id) = (Holders::new(database).await, account_id());
    let arns = policies(database, 11).await;
    for (holder, quota) in holders.each().into_iter().zip([Quota::PoliciesPerUser, Quota::PoliciesPerGroup]) {
        let attach = async |arn: &PolicyArn| {
            database.store.attach_managed_policy(&id, holder, arn, false, NOW, &record("Attach")).await
        };
        for arn in &arns[..10] {
            attach(arn).await.unwrap();
        }
        assert_too_many(refused(database, attach(&arns[10])).await, quota);
        attach(&arns[4]).await.unwrap();
        database.store.detach_managed_policy(&id, holder, &arns[4], &record("Detach")).await.unwrap();
        attach(&arns[10]).await.unwrap();
    }
}

async fn of_fifteen_policies_attached_at_once_ten_are_attached(database: &Database) {
    with_alice(database).await;
    let stores = [database.store.clone(), database.open_again().await];
    let attaching =
        policies(database, 15).await.into_iter().zip(stores.iter().cycle().cloned()).map(|(arn, store)| async move {
            let holder = Holder::User(&alice());
            store.attach_managed_policy(&account_id(), holder, &arn, false, NOW, &record("Attach")).await
        });
    let attached = at_once(attaching.collect(), |refused| assert_too_many(refused, Quota::PoliciesPerUser)).await;
    assert_eq!((attached, database.store.attached_policies(Holder::User(&alice())).await.unwrap().len()), (10, 10));
    assert_eq!(recorded(database, "Attach").await, 10);
}

async fn a_holder_who_is_gone_gets_no_policies(database: &Database) {
    with_alice(database).await;
    let (store, id, group) = (&database.store, account_id(), new_group(9, "Gone").group_id);
    for holder in [Holder::User(&user_id('Z')), Holder::Group(&group)] {
        let outcome =
            refused(database, store.put_inline_policy(&id, holder, &policy("one"), "{}", &record("Put"))).await;
        assert_conflict(outcome);
        let outcome =
            refused(database, store.attach_managed_policy(&id, holder, &managed(), true, NOW, &record("Attach"))).await;
        assert_conflict(outcome);
        let outcome =
            refused(database, store.delete_inline_policy(&id, holder, &policy("one"), &record("Delete"))).await;
        assert_conflict(outcome);
        assert_conflict(
            refused(database, store.detach_managed_policy(&id, holder, &managed(), &record("Detach"))).await,
        );
    }
}

async fn a_change_of_policies_that_cannot_be_recorded_is_undone(database: &Database) {
    let (store, id, holders) = (&database.store, account_id(), Holders::new(database).await);
    let (ours, unwritable) = (with_policy(database, 1, "Power").await.policy_arn, unwritable(database).await);
    for holder in holders.each() {
        store.put_inline_policy(&id, holder, &policy("one"), "{}", &record("Put")).await.unwrap();
        store.attach_managed_policy(&id, holder, &managed(), true, NOW, &record("Attach")).await.unwrap();
        let outcome =
            refused(database, store.put_inline_policy(&id, holder, &policy("one"), "another", &unwritable)).await;
        assert_undone(outcome);
        let outcome = refused(database, store.attach_managed_policy(&id, holder, &ours, false, NOW, &unwritable)).await;
        assert_undone(outcome);
        assert_undone(refused(database, store.delete_inline_policy(&id, holder, &policy("one"), &unwritable)).await);
        assert_undone(refused(database, store.detach_managed_policy(&id, holder, &managed(), &unwritable)).await);
    }
}
