//! Access keys. What they open is in `permissions`; that a signed request makes one only once, in `spent_signatures`.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::access_key::{LastUsed, Status};
use my_security_credentials::domain::quota::Quota;
use my_security_credentials::store::Store;
use my_security_credentials::store::access_keys::AccessKeyRecord;
use time::Duration;

on_both_engines! {
    a_key_is_made_active_and_is_found_by_its_id,
    a_key_of_a_user_who_is_gone_is_not_made,
    a_user_has_two_keys_and_room_for_another_when_one_is_deleted,
    of_fifty_keys_made_at_once_two_are_made,
    of_fifty_keys_made_at_once_by_two_processes_two_are_made,
    only_its_users_key_changes_its_status,
    only_its_users_key_is_deleted,
    a_change_of_keys_that_cannot_be_recorded_is_undone,
    the_first_use_in_fifteen_minutes_is_written,
    a_use_that_comes_late_does_not_turn_back_the_time,
}

async fn a_key_is_made_active_and_is_found_by_its_id(database: &Database) {
    with_two_accounts(database).await;
    let store = &database.store;
    let moved = moves(database, store.create_access_key(&new_key(1, alice()), &record("CreateAccessKey"))).await;
    assert_eq!(moved, 0);
    with_key(database, 2, bob()).await;
    let made = AccessKeyRecord {
        access_key_id: key_id(1),
        user_id: alice(),
        slot: 1,
        status: Status::Active,
        created_at: NOW,
        last_used: None,
    };
    assert_eq!(store.access_key(&key_id(1)).await.unwrap().as_ref(), Some(&made));
    assert_eq!(store.access_keys(&alice()).await.unwrap(), [made]);
    assert_eq!(store.access_key(&key_id(3)).await.unwrap(), None);
    assert_eq!(recorded(database, "CreateAccessKey").await, 2);
}

async fn a_key_of_a_user_who_is_gone_is_not_made(database: &Database) {
    with_alice(database).await;
    let key = new_key(1, user_id('Z'));
    assert_conflict(refused(database, database.store.create_access_key(&key, &record("Create"))).await);
}

async fn a_user_has_two_keys_and_room_for_another_when_one_is_deleted(database: &Database) {
    with_two_accounts(database).await;
    let store = &database.store;
    for (number, user_id) in [(1, alice()), (2, alice()), (3, bob()), (4, bob())] {
        with_key(database, number, user_id).await;
    }
    for gone in [1, 5] {
        let third = new_key(gone + 4, alice());
        assert_too_many(
            refused(database, store.create_access_key(&third, &record("Create"))).await,
            Quota::AccessKeysPerUser,
        );
        store.delete_access_key(&key_id(gone), &alice(), &record("Delete")).await.unwrap();
        store.create_access_key(&third, &record("Create")).await.unwrap();
    }
    let mut left: Vec<_> =
        store.access_keys(&alice()).await.unwrap().into_iter().map(|key| key.access_key_id).collect();
    left.sort_by_key(ToString::to_string);
    assert_eq!(left, [key_id(2), key_id(9)]);
}

async fn fifty_at_once(database: &Database, stores: [Store; 2]) {
    with_alice(database).await;
    let making = (0..50).map(|number| {
        let store = stores[number as usize % 2].clone();
        async move { store.create_access_key(&new_key(number, alice()), &record("Create")).await }
    });
    let made = at_once(making.collect(), |refused| assert_too_many(refused, Quota::AccessKeysPerUser)).await;
    assert_eq!((made, rows_of(database, "access_keys").await, recorded(database, "Create").await), (2, 2, 2));
}

async fn of_fifty_keys_made_at_once_two_are_made(database: &Database) {
    fifty_at_once(database, [database.store.clone(), database.store.clone()]).await;
}

async fn of_fifty_keys_made_at_once_by_two_processes_two_are_made(database: &Database) {
    fifty_at_once(database, [database.store.clone(), database.open_again().await]).await;
}

async fn only_its_users_key_changes_its_status(database: &Database) {
    with_two_accounts(database).await;
    let store = &database.store;
    with_key(database, 1, alice()).await;
    with_key(database, 2, alice()).await;
    for (key, owner) in [(1, bob()), (3, alice())] {
        let outcome =
            refused(database, store.set_access_key_status(&key_id(key), &owner, Status::Inactive, &record("Update")))
                .await;
        assert_absent(outcome);
    }
    for status in [Status::Inactive, Status::Inactive, Status::Active, Status::Inactive] {
        store.set_access_key_status(&key_id(1), &alice(), status, &record("UpdateAccessKey")).await.unwrap();
        assert_eq!(store.access_key(&key_id(1)).await.unwrap().unwrap().status, status);
    }
    assert_eq!(store.access_key(&key_id(2)).await.unwrap().unwrap().status, Status::Active);
    assert_eq!(recorded(database, "UpdateAccessKey").await, 4);
}

async fn only_its_users_key_is_deleted(database: &Database) {
    with_two_accounts(database).await;
    let store = &database.store;
    with_key(database, 1, alice()).await;
    with_key(database, 2, alice()).await;
    for (key, owner) in [(1, bob()), (3, alice())] {
        assert_absent(
            refused(database, store.delete_access_key(&key_id(key), &owner, &record("DeleteAccessKey"))).await,
        );
    }
    store.delete_access_key(&key_id(1), &alice(), &record("DeleteAccessKey")).await.unwrap();
    assert_eq!(store.access_key(&key_id(1)).await.unwrap(), None);
    assert!(store.access_key(&key_id(2)).await.unwrap().is_some());
    assert_eq!(recorded(database, "DeleteAccessKey").await, 1);
}

async fn a_change_of_keys_that_cannot_be_recorded_is_undone(database: &Database) {
    with_alice(database).await;
    with_key(database, 1, alice()).await;
    let (store, unwritable, key) = (&database.store, unwritable(database).await, key_id(1));
    assert_undone(refused(database, store.create_access_key(&new_key(2, alice()), &unwritable)).await);
    let outcome = refused(database, store.set_access_key_status(&key, &alice(), Status::Inactive, &unwritable)).await;
    assert_undone(outcome);
    assert_undone(refused(database, store.delete_access_key(&key, &alice(), &unwritable)).await);
}

/// So many seconds from now.
fn used(after: i64, region: &str) -> LastUsed {
    LastUsed { at: NOW + Duration::seconds(after), service: "iam".to_owned(), region: region.to_owned() }
}

async fn the_first_use_in_fifteen_minutes_is_written(database: &Database) {
    with_alice(database).await;
    with_key(database, 1, alice()).await;
    with_key(database, 2, alice()).await;
    let (store, first, second) = (&database.store, used(0, "us-east-1"), used(900, "eu-central-1"));
    let records = rows_of(database, "audit_records").await;
    for (use_now, written) in [
        (first.clone(), &first),
        (used(899, "eu-west-1"), &first),
        (second.clone(), &second),
        (used(901, "x"), &second),
    ] {
        store.access_key_used(&key_id(1), &use_now).await.unwrap();
        let key = store.access_key(&key_id(1)).await.unwrap().unwrap();
        assert_eq!(key.last_used.as_ref(), Some(written), "{use_now:?}");
    }
    store.access_key_used(&key_id(3), &first).await.unwrap();
    assert_eq!(store.access_key(&key_id(2)).await.unwrap().unwrap().last_used, None);
    assert_eq!(rows_of(database, "audit_records").await, records);
}

/// No request is under way for so long that its use is noted a quarter of an hour late: then a clock was set back.
async fn a_use_that_comes_late_does_not_turn_back_the_time(database: &Database) {
    with_alice(database).await;
    with_key(database, 1, alice()).await;
    for (at, noted) in [(3600, 3600), (2701, 3600), (2700, 2700)] {
        database.store.access_key_used(&key_id(1), &used(at, "us-east-1")).await.unwrap();
        let key = database.store.access_key(&key_id(1)).await.unwrap().unwrap();
        assert_eq!(key.last_used, Some(used(noted, "us-east-1")));
    }
}
