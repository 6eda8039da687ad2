//! Sealed values: which keys they are sealed with, and how others take their place. The first eight bytes name the key; the
//! secrets here are texts, which the store does not look into.

use super::belongings::*;
use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::store::installation::ROOT_SECRET_CHECK;
use my_security_credentials::store::login_profiles::PasswordReplacement;
use my_security_credentials::store::sealed_values::{SEALED_COLUMNS, SealedColumn, SealedValue};

on_both_engines! {
    keys_in_use_are_found_and_their_values_counted_and_read_in_pieces,
    a_value_takes_the_place_of_the_one_that_was_read_or_of_none,
    values_are_deleted_where_they_are_what_was_read,
    an_exchange_of_values_that_cannot_be_recorded_is_undone,
    an_installation_value_is_replaced_by_whoever_saw_what_stands,
    hashes_are_counted_by_their_parameters_and_remembered_ones_read_in_pieces,
}

const COLUMN: &SealedColumn = &SEALED_COLUMNS[0];

fn value(number: u32, owner: &str) -> SealedValue {
    let row = key_id(number).as_str().to_owned();
    SealedValue { row, owner: owner.to_owned(), sealed: format!("sealed {number}").into_bytes() }
}

/// Keys 1 and 12 of one key, and 2 of another one.
async fn with_keys(database: &Database) {
    with_two_accounts(database).await;
    with_key(database, 12, alice()).await;
    with_key(database, 1, alice()).await;
    with_key(database, 2, bob()).await;
}

async fn keys_in_use_are_found_and_their_values_counted_and_read_in_pieces(database: &Database) {
    with_two_accounts(database).await;
    let store = &database.store;
    assert_eq!(store.sealing_keys(COLUMN).await.unwrap(), Vec::<Vec<u8>>::new());
    with_key(database, 12, alice()).await;
    with_key(database, 1, alice()).await;
    with_key(database, 2, bob()).await;
    assert_eq!(store.sealing_keys(COLUMN).await.unwrap(), [b"sealed 1", b"sealed 2"]);
    for (key, count) in [(b"sealed 1", 2), (b"sealed 2", 1), (b"sealed 3", 0)] {
        assert_eq!(store.count_sealed_with(COLUMN, key).await.unwrap(), count);
    }
    let owner = alice();
    let first = store.sealed_values(COLUMN, b"sealed 1", "", 1).await.unwrap();
    assert_eq!(first, [value(1, owner.as_str())]);
    let rest = store.sealed_values(COLUMN, b"sealed 1", &first[0].row, 10).await.unwrap();
    assert_eq!(rest, [value(12, owner.as_str())]);
    assert_eq!(store.sealed_values(COLUMN, b"sealed 1", &rest[0].row, 10).await.unwrap(), []);
}

async fn a_value_takes_the_place_of_the_one_that_was_read_or_of_none(database: &Database) {
    with_keys(database).await;
    let store = &database.store;
    let (alice, bob) = (alice(), bob());
    let stale = SealedValue { sealed: b"sealed 9".to_vec(), ..value(1, alice.as_str()) };
    let nobodys = value(1, bob.as_str());
    let gone = value(5, alice.as_str());
    let anew = |seen: SealedValue| (seen, b"anew....".to_vec());
    let rows = database.rows().await;
    let none = [stale, nobodys, gone].map(anew);
    assert_eq!(store.replace_sealed_values(COLUMN, &none, |_| record("Replace")).await.unwrap(), 0);
    assert_eq!((database.rows().await, recorded(database, "Replace").await), (rows, 0), "nothing was replaced");
    let mut some = none.to_vec();
    some.extend([value(1, alice.as_str()), value(12, alice.as_str())].map(anew));
    let told = |values: u64| record(&format!("Replaced{values}"));
    assert_eq!(store.replace_sealed_values(COLUMN, &some, told).await.unwrap(), 2);
    assert_eq!(recorded(database, "Replaced2").await, 1);
    assert_eq!(store.sealing_keys(COLUMN).await.unwrap(), [b"anew....", b"sealed 2"]);
    assert_eq!(store.replace_sealed_values(COLUMN, &some, told).await.unwrap(), 0, "once");
}

async fn values_are_deleted_where_they_are_what_was_read(database: &Database) {
    with_keys(database).await;
    let store = &database.store;
    let (alice, bob) = (alice(), bob());
    let changed = SealedValue { sealed: b"sealed 9".to_vec(), ..value(12, alice.as_str()) };
    let values = [changed, value(1, bob.as_str()), value(1, alice.as_str())];
    let told = |rows: &[String]| record(&format!("Delete {}", rows.join(" ")));
    let gone = key_id(1).as_str().to_owned();
    assert_eq!(store.delete_sealed_values(COLUMN, &values, told).await.unwrap(), std::slice::from_ref(&gone));
    let name = format!("Delete {gone}");
    assert_eq!(
        (rows_of(database, "access_keys").await, recorded(database, &name).await),
        (2, 1),
        "what went is recorded"
    );
    assert!(store.delete_sealed_values(COLUMN, &values, told).await.unwrap().is_empty());
    assert_eq!(recorded(database, "Delete ").await, 0, "what changed nothing leaves no record");
}

async fn an_exchange_of_values_that_cannot_be_recorded_is_undone(database: &Database) {
    with_keys(database).await;
    let (store, unwritable, owner) = (&database.store, unwritable(database).await, alice());
    let values = [value(1, owner.as_str())];
    let anew = values.clone().map(|seen| (seen, b"anew....".to_vec()));
    assert_undone(refused(database, store.replace_sealed_values(COLUMN, &anew, |_| unwritable.clone())).await);
    assert_undone(refused(database, store.delete_sealed_values(COLUMN, &values, |_| unwritable.clone())).await);
    store.set_installation_value(ROOT_SECRET_CHECK, "one").await.unwrap();
    let replaced = store.replace_installation_value(ROOT_SECRET_CHECK, "one", "two", &unwritable);
    assert_undone(refused(database, replaced).await);
}

async fn an_installation_value_is_replaced_by_whoever_saw_what_stands(database: &Database) {
    let store = &database.store;
    let replace = async |seen: &str, value: &str| {
        store.replace_installation_value(ROOT_SECRET_CHECK, seen, value, &record("Exchange")).await.unwrap()
    };
    assert!(!replace("", "one").await, "there is none");
    store.set_installation_value(ROOT_SECRET_CHECK, "one").await.unwrap();
    assert!(!replace("two", "three").await);
    assert!(replace("one", "two").await);
    assert!(!replace("one", "two").await);
    assert_eq!(store.installation_value(ROOT_SECRET_CHECK).await.unwrap().as_deref(), Some("two"));
    assert_eq!(recorded(database, "Exchange").await, 1);
}

async fn hashes_are_counted_by_their_parameters_and_remembered_ones_read_in_pieces(database: &Database) {
    with_two_accounts(database).await;
    let store = &database.store;
    let seen = facts(database).await;
    let peppered = my_security_credentials::domain::password_hash::PasswordHash::from_phc(
        "$argon2id$v=19$m=8,t=1,p=1,keyid=azE$c2FsdA$c2Vjb25k".to_owned(),
    );
    let new = PasswordReplacement { hash: peppered.clone(), history_entry: peppered, ..replacement(&seen, "second") };
    store.replace_password(&new, &record("ChangePassword")).await.unwrap();
    let groups = store.hash_parameters_in_use().await.unwrap();
    let groups: Vec<_> = groups.iter().map(|group| (group.parameters.as_str(), group.passwords)).collect();
    assert_eq!(groups, [("m=8,t=1,p=1", 2), ("m=8,t=1,p=1,keyid=azE", 1)]);
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let page = store.remembered_hashes(last.as_ref(), 3).await.unwrap();
        found.extend(page.iter().map(|entry| (entry.user_id.clone(), entry.position)));
        match page.into_iter().last() {
            Some(entry) => last = Some(entry),
            None => break,
        }
    }
    assert_eq!(found, [(alice(), 1), (alice(), 2), (bob(), 1), (carol(), 1)]);
}
