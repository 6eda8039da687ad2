//! Leases: one holder at a time, and another one when it is gone.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::store::Store;
use my_security_credentials::store::leases::Lease;
use time::{Duration, OffsetDateTime};

on_both_engines! {
    a_lease_has_one_holder_until_it_is_given_back,
    a_lease_that_is_not_prolonged_goes_to_the_next_who_asks,
    a_holder_prolongs_its_lease,
    of_many_nodes_that_ask_at_once_one_gets_the_lease,
    a_clock_that_was_set_back_locks_nobody_out,
    two_leases_are_held_by_two,
}

fn lease(holder: &str) -> Lease {
    Lease { name: "test", holder: holder.to_owned(), length: Duration::minutes(3) }
}

async fn takes(store: &Store, holder: &str, at: OffsetDateTime) -> bool {
    store.take_lease(&lease(holder), at).await.unwrap()
}

async fn a_lease_has_one_holder_until_it_is_given_back(database: &Database) {
    let (one, two) = (&database.store, &database.open_again().await);
    assert!(takes(one, "one", NOW).await);
    assert!(!takes(two, "two", NOW).await);
    two.give_lease_back(&lease("two")).await.unwrap();
    assert!(!takes(two, "two", NOW).await, "only its holder gives it back");
    one.give_lease_back(&lease("one")).await.unwrap();
    assert!(takes(two, "two", NOW).await);
    assert!(!takes(one, "one", NOW).await);
}

async fn a_lease_that_is_not_prolonged_goes_to_the_next_who_asks(database: &Database) {
    let (one, two) = (&database.store, &database.open_again().await);
    assert!(takes(one, "one", NOW).await);
    assert!(!takes(two, "two", NOW + Duration::minutes(3) - Duration::SECOND).await);
    assert!(takes(two, "two", NOW + Duration::minutes(3)).await);
    assert!(!takes(one, "one", NOW + Duration::minutes(3)).await, "it has lost it");
}

async fn a_holder_prolongs_its_lease(database: &Database) {
    let store = &database.store;
    assert!(takes(store, "one", NOW).await);
    assert!(takes(store, "one", NOW + Duration::minutes(2)).await);
    assert!(!takes(store, "two", NOW + Duration::minutes(4)).await);
    assert!(takes(store, "two", NOW + Duration::minutes(5)).await);
}

async fn of_many_nodes_that_ask_at_once_one_gets_the_lease(database: &Database) {
    for round in 0..5 {
        let at = NOW + Duration::minutes(3 * round);
        let mut asking = Vec::new();
        for node in 0..4 {
            let store = database.open_again().await;
            asking.push(tokio::spawn(async move { takes(&store, &format!("node-{round}-{node}"), at).await }));
        }
        let mut holders = 0;
        for asked in asking {
            holders += u32::from(asked.await.unwrap());
        }
        assert_eq!(holders, 1, "{round}");
    }
}

async fn a_clock_that_was_set_back_locks_nobody_out(database: &Database) {
    let store = &database.store;
    assert!(takes(store, "one", NOW + Duration::days(30)).await);
    assert!(takes(store, "two", NOW).await);
    // Two clocks that are a little apart are no such case.
    assert!(!takes(store, "three", NOW - Duration::minutes(2)).await);
}

async fn two_leases_are_held_by_two(database: &Database) {
    assert!(takes(&database.store, "one", NOW).await);
    let other = Lease { name: "other", ..lease("two") };
    assert!(database.store.take_lease(&other, NOW).await.unwrap());
}
