//! Tries of passwords: what is counted, and that two who count at once count two.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::throttle::{Admission, MOST_TRIES, PERIOD};
use my_security_credentials::store::login_profiles::PasswordReplacement;
use my_security_credentials::store::sessions::SignIn;
use my_security_credentials::store::throttle::Bucket;
use std::collections::HashSet;
use time::{Duration, OffsetDateTime};

on_both_engines! {
    a_try_is_counted_before_it_ends_and_its_failure_after,
    of_many_tries_at_once_no_more_than_a_hundred_are_let_through,
    what_was_seen_before_others_counted_lets_nobody_through,
    what_was_seen_before_others_counted_is_counted_with_theirs,
    failures_at_once_are_all_counted,
    a_right_password_clears_its_own_bucket_only,
    a_sign_in_clears_its_bucket_and_tells_of_the_failures_once,
    a_sign_in_that_came_too_late_clears_nothing,
    a_failure_that_cannot_be_recorded_is_not_counted_half,
    a_try_that_took_no_look_is_taken_back,
    whoever_sets_the_password_clears_all_buckets_of_the_user_and_nobody_elses,
    the_owners_own_change_clears_no_bucket,
    counts_that_hold_nobody_back_are_forgotten_in_batches,
}

async fn admit(database: &Database, bucket: &Bucket, now: OffsetDateTime) -> Admission {
    database.store.admit_try(&mut bucket.clone(), now).await.unwrap()
}

async fn fail(database: &Database, bucket: &Bucket) {
    assert_eq!(admit(database, bucket, NOW).await, Admission::LetThrough);
    database.store.fail_try(bucket, NOW, None, None).await.unwrap();
}

/// Tries and failures.
async fn counted(database: &Database, bucket: &str) -> (i64, i64) {
    let sum = |column| {
        format!("SELECT CAST(COALESCE(SUM({column}), 0) AS BIGINT) FROM sign_in_throttle WHERE bucket = '{bucket}'")
    };
    (database.number(&sum("tries")).await, database.number(&sum("failures")).await)
}

async fn a_try_is_counted_before_it_ends_and_its_failure_after(database: &Database) {
    with_alice(database).await;
    let one = bucket("untrusted");
    assert_eq!(admit(database, &one, NOW).await, Admission::LetThrough);
    assert_eq!(counted(database, "untrusted").await, (1, 0));
    database.store.fail_try(&one, NOW, Some(&alice()), Some(&record("ConsoleLogin"))).await.unwrap();
    assert_eq!(counted(database, "untrusted").await, (1, 1));
    assert_eq!(recorded(database, "ConsoleLogin").await, 1);
    fail(database, &one).await;
    fail(database, &one).await;
    assert_eq!(admit(database, &one, NOW).await, Admission::Refused(Duration::SECOND));
    assert_eq!(admit(database, &one, NOW + Duration::SECOND).await, Admission::LetThrough);
}

async fn of_many_tries_at_once_no_more_than_a_hundred_are_let_through(database: &Database) {
    let other = database.open_again().await;
    let tries: Vec<_> = (0..150)
        .map(|number| {
            let store = if number % 2 == 0 { database.store.clone() } else { other.clone() };
            tokio::spawn(async move { store.admit_try(&mut bucket("untrusted"), NOW).await.unwrap() })
        })
        .collect();
    let mut told = Vec::new();
    for one in tries {
        told.push(one.await.unwrap());
    }
    let through = told.iter().filter(|told| **told == Admission::LetThrough).count();
    assert_eq!(through, MOST_TRIES as usize);
    assert_eq!(counted(database, "untrusted").await, (i64::from(MOST_TRIES), 0));
}

/// Somebody who looked, and counts when others have counted too.
async fn seen(database: &Database) -> Bucket {
    let one = bucket("untrusted");
    Bucket { seen: database.store.throttle(&one).await.unwrap(), ..one }
}

async fn what_was_seen_before_others_counted_lets_nobody_through(database: &Database) {
    for others in [0, 1] {
        for _ in 0..others {
            admit(database, &bucket("untrusted"), NOW).await;
        }
        let before = seen(database).await;
        for _ in others..MOST_TRIES {
            admit(database, &before, NOW).await;
        }
        assert_eq!(admit(database, &before, NOW).await, Admission::Refused(Duration::SECOND));
        assert_eq!(counted(database, "untrusted").await, (i64::from(MOST_TRIES), 0));
        database.store.forgive_failures(&bucket("untrusted"), NOW).await.unwrap();
        database.store.forget_old_tries(NOW + PERIOD, 10).await.unwrap();
    }
}

async fn what_was_seen_before_others_counted_is_counted_with_theirs(database: &Database) {
    with_alice(database).await;
    admit(database, &bucket("untrusted"), NOW).await;
    let mut mine = seen(database).await;
    fail(database, &bucket("untrusted")).await;
    assert_eq!(database.store.admit_try(&mut mine, NOW).await.unwrap(), Admission::LetThrough);
    assert_eq!(counted(database, "untrusted").await, (3, 1));
    fail(database, &bucket("untrusted")).await;
    database.store.fail_try(&mine, NOW, Some(&alice()), None).await.unwrap();
    assert_eq!(counted(database, "untrusted").await, (4, 3));
    let right = SignIn { bucket: mine, ..sign_in() };
    database.store.record_sign_in(&right, &record("ConsoleLogin")).await.unwrap();
    assert_eq!(counted(database, "untrusted").await, (0, 0));
}

async fn failures_at_once_are_all_counted(database: &Database) {
    let one = bucket("untrusted");
    for _ in 0..20 {
        assert_eq!(admit(database, &one, NOW).await, Admission::LetThrough);
    }
    let other = database.open_again().await;
    let ends: Vec<_> = (0..20)
        .map(|number| {
            let store = if number % 2 == 0 { database.store.clone() } else { other.clone() };
            tokio::spawn(async move { store.fail_try(&bucket("untrusted"), NOW, None, None).await.unwrap() })
        })
        .collect();
    for end in ends {
        end.await.unwrap();
    }
    assert_eq!(counted(database, "untrusted").await, (20, 20));
}

async fn a_right_password_clears_its_own_bucket_only(database: &Database) {
    for which in ["untrusted", "device"] {
        fail(database, &bucket(which)).await;
    }
    admit(database, &bucket("device"), NOW).await;
    database.store.forgive_failures(&bucket("device"), NOW).await.unwrap();
    assert_eq!((counted(database, "device").await, counted(database, "untrusted").await), ((0, 0), (1, 1)));
}

fn sign_in() -> SignIn {
    SignIn { user_id: alice(), session_epoch: 1, at: NOW, tells_change: true, bucket: bucket("untrusted") }
}

async fn a_sign_in_clears_its_bucket_and_tells_of_the_failures_once(database: &Database) {
    with_alice(database).await;
    for which in ["untrusted", "untrusted", "device"] {
        admit(database, &bucket(which), NOW).await;
        database.store.fail_try(&bucket(which), NOW, Some(&alice()), None).await.unwrap();
    }
    let before = facts(database).await.login_profile;
    admit(database, &bucket("untrusted"), NOW).await;
    for told in [3, 0] {
        let signed_in = database.store.record_sign_in(&sign_in(), &record("ConsoleLogin")).await.unwrap();
        assert_eq!(signed_in.told_failures, told);
    }
    assert_eq!((counted(database, "untrusted").await, counted(database, "device").await), ((0, 0), (1, 1)));
    assert_eq!(facts(database).await.login_profile, before, "the profile is the one that it was");
}

async fn a_sign_in_that_came_too_late_clears_nothing(database: &Database) {
    let seen = with_alice(database).await;
    admit(database, &bucket("untrusted"), NOW).await;
    database.store.fail_try(&bucket("untrusted"), NOW, Some(&alice()), None).await.unwrap();
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
    assert_conflict(database.store.record_sign_in(&sign_in(), &record("ConsoleLogin")).await);
    assert_eq!(counted(database, "untrusted").await, (1, 1));
    assert_eq!(database.number("SELECT untold_failures FROM login_profiles").await, 1);
}

async fn a_failure_that_cannot_be_recorded_is_not_counted_half(database: &Database) {
    with_alice(database).await;
    admit(database, &bucket("untrusted"), NOW).await;
    let unwritable = unwritable(database).await;
    assert_undone(database.store.fail_try(&bucket("untrusted"), NOW, Some(&alice()), Some(&unwritable)).await);
    assert_eq!(counted(database, "untrusted").await, (1, 0), "the try itself stays counted");
    assert_eq!(database.number("SELECT untold_failures FROM login_profiles").await, 0);
}

async fn a_try_that_took_no_look_is_taken_back(database: &Database) {
    fail(database, &bucket("untrusted")).await;
    admit(database, &bucket("untrusted"), NOW).await;
    database.store.take_back_try(&bucket("untrusted"), NOW).await.unwrap();
    assert_eq!(counted(database, "untrusted").await, (1, 1));
}

async fn whoever_sets_the_password_clears_all_buckets_of_the_user_and_nobody_elses(database: &Database) {
    let seen = with_alice(database).await;
    let bobs = Bucket { bucket: "bobs".to_owned(), user_key: "bob".to_owned(), seen: None };
    for one in [&bucket("untrusted"), &bucket("device"), &bobs] {
        fail(database, one).await;
    }
    let reset = PasswordReplacement { throttle_key: Some("alice".to_owned()), ..replacement(&seen, "second") };
    database.store.replace_password(&reset, &record("UpdateLoginProfile")).await.unwrap();
    assert_eq!((counted(database, "untrusted").await, counted(database, "device").await), ((0, 0), (0, 0)));
    assert_eq!(counted(database, "bobs").await, (1, 1));

    // The same where the password is the first one.
    let seen = facts(database).await;
    let version = seen.login_profile.unwrap().version;
    database.store.delete_login_profile(&alice(), version, &record("DeleteLoginProfile")).await.unwrap();
    fail(database, &bucket("untrusted")).await;
    let (profile, made) = (new_profile("third"), record("CreateLoginProfile"));
    let judged_at = seen.account.authorization_version;
    database.store.create_login_profile(&alice(), judged_at, &profile, NOW, &made).await.unwrap();
    assert_eq!(counted(database, "untrusted").await, (0, 0));
}

async fn the_owners_own_change_clears_no_bucket(database: &Database) {
    let seen = with_alice(database).await;
    fail(database, &bucket("untrusted")).await;
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
    assert_eq!(counted(database, "untrusted").await, (1, 1));
}

async fn counts_that_hold_nobody_back_are_forgotten_in_batches(database: &Database) {
    let old: HashSet<String> = (0..5).map(|number| format!("old-{number}")).collect();
    for one in &old {
        fail(database, &bucket(one)).await;
    }
    let day_later = NOW + PERIOD;
    admit(database, &bucket("young"), NOW + Duration::MICROSECOND).await;
    assert_eq!(database.store.forget_old_tries(day_later - Duration::MICROSECOND, 3).await.unwrap(), 0);
    for gone in [3, 2, 0] {
        assert_eq!(database.store.forget_old_tries(day_later, 3).await.unwrap(), gone);
    }
    assert_eq!(counted(database, "young").await, (1, 0));
}
