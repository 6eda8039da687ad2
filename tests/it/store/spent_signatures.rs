//! A signed request that makes a key makes it once, however often it is sent while its signature is good.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::user::UserId;
use my_security_credentials::store::Constraint;
use my_security_credentials::store::access_keys::NewAccessKey;
use time::Duration;

on_both_engines! {
    a_signature_makes_one_key_even_after_that_is_deleted,
    a_signature_that_is_sent_fifty_times_at_once_makes_one_key,
    a_signature_that_made_nothing_is_not_spent,
    a_signature_is_forgotten_when_it_is_too_old_and_no_earlier,
    signatures_are_forgotten_a_few_at_a_time,
}

fn signed(number: u32, user_id: UserId, signature: &str) -> NewAccessKey {
    NewAccessKey { signature_hash: Some(signature.to_owned()), ..new_key(number, user_id) }
}

async fn a_signature_makes_one_key_even_after_that_is_deleted(database: &Database) {
    with_two_accounts(database).await;
    let store = &database.store;
    store.create_access_key(&signed(1, alice(), "one"), &record("Create")).await.unwrap();
    for (number, user_id) in [(2, alice()), (3, alice()), (4, bob())] {
        let again = signed(number, user_id, "one");
        assert_taken(
            refused(database, store.create_access_key(&again, &record("Create"))).await,
            Constraint::Signature,
        );
    }
    store.delete_access_key(&key_id(1), &alice(), &record("Delete")).await.unwrap();
    let again = signed(5, alice(), "one");
    assert_taken(refused(database, store.create_access_key(&again, &record("Create"))).await, Constraint::Signature);
    store.create_access_key(&signed(6, alice(), "another"), &record("Create")).await.unwrap();
    assert_eq!(recorded(database, "Create").await, 2);
}

async fn a_signature_that_is_sent_fifty_times_at_once_makes_one_key(database: &Database) {
    with_two_accounts(database).await;
    let stores = [database.store.clone(), database.open_again().await];
    let making = (0..50).map(|number| {
        let (store, owner) = (stores[number as usize % 2].clone(), if number % 4 < 2 { alice() } else { bob() });
        async move { store.create_access_key(&signed(number, owner, "one"), &record("Create")).await }
    });
    let made = at_once(making.collect(), |refused| assert_taken(refused, Constraint::Signature)).await;
    assert_eq!((made, rows_of(database, "access_keys").await, recorded(database, "Create").await), (1, 1, 1));
}

async fn a_signature_that_made_nothing_is_not_spent(database: &Database) {
    with_alice(database).await;
    let (store, unwritable) = (&database.store, unwritable(database).await);
    assert_undone(refused(database, store.create_access_key(&signed(1, alice(), "one"), &unwritable)).await);
    store.create_access_key(&signed(1, alice(), "one"), &record("Create")).await.unwrap();
    with_key(database, 2, alice()).await;
    assert!(refused(database, store.create_access_key(&signed(3, alice(), "two"), &record("Create"))).await.is_err());
    store.delete_access_key(&key_id(2), &alice(), &record("Delete")).await.unwrap();
    store.create_access_key(&signed(3, alice(), "two"), &record("Create")).await.unwrap();
}

/// A signature is good for half an hour at most; a clock that goes wrong by a season and is set right again revives none.
async fn a_signature_is_forgotten_when_it_is_too_old_and_no_earlier(database: &Database) {
    with_alice(database).await;
    let store = &database.store;
    store.create_access_key(&signed(1, alice(), "one"), &record("Create")).await.unwrap();
    assert_eq!(store.forget_spent_signatures(NOW + Duration::days(399), 10).await.unwrap(), 0);
    let again = signed(2, alice(), "one");
    assert_taken(refused(database, store.create_access_key(&again, &record("Create"))).await, Constraint::Signature);
    let records = rows_of(database, "audit_records").await;
    assert_eq!(store.forget_spent_signatures(NOW + Duration::days(400), 10).await.unwrap(), 1);
    assert_eq!(rows_of(database, "audit_records").await, records);
    store.create_access_key(&again, &record("Create")).await.unwrap();
}

async fn signatures_are_forgotten_a_few_at_a_time(database: &Database) {
    with_two_accounts(database).await;
    for (number, owner) in [(1, alice()), (2, alice()), (3, bob())] {
        let key = signed(number, owner, &number.to_string());
        database.store.create_access_key(&key, &record("Create")).await.unwrap();
    }
    let young = NewAccessKey { at: NOW + Duration::days(1), ..signed(4, bob(), "young") };
    database.store.create_access_key(&young, &record("Create")).await.unwrap();
    for forgotten in [2, 1, 0] {
        assert_eq!(database.store.forget_spent_signatures(NOW + Duration::days(400), 2).await.unwrap(), forgotten);
    }
    assert_eq!((rows_of(database, "spent_signatures").await, rows_of(database, "access_keys").await), (1, 4));
}
