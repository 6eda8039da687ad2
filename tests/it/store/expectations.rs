//! What a sentence is held to: that it moves what it should, and that a refusal changes nothing.

use super::fixtures::account;
use crate::support::database::Database;
use my_security_credentials::domain::page::{Page, Paged};
use my_security_credentials::domain::quota::Quota;
use my_security_credentials::store::{Constraint, StoreError};
use std::fmt::Debug;

#[track_caller]
pub fn assert_conflict<T: Debug>(outcome: Result<T, StoreError>) {
    let error = outcome.expect_err("nothing stood in the way");
    assert!(matches!(error, StoreError::Conflict), "{error:?}");
}

/// The audit record could not be written.
#[track_caller]
pub fn assert_undone<T: Debug>(outcome: Result<T, StoreError>) {
    let error = outcome.expect_err("the record was written");
    assert!(matches!(error, StoreError::Database(_)), "{error:?}");
}

#[track_caller]
pub fn assert_absent<T: Debug>(outcome: Result<T, StoreError>) {
    let error = outcome.expect_err("it is there");
    assert!(matches!(error, StoreError::Absent), "{error:?}");
}

#[track_caller]
pub fn assert_taken<T: Debug>(outcome: Result<T, StoreError>, by: Constraint) {
    let error = outcome.expect_err("it was free");
    assert!(matches!(error, StoreError::AlreadyExists(constraint) if constraint == by), "{error:?}");
}

#[track_caller]
pub fn assert_too_many<T: Debug>(outcome: Result<T, StoreError>, of: Quota) {
    let error = outcome.expect_err("there was room");
    assert!(matches!(error, StoreError::QuotaExceeded(quota) if quota == of), "{error:?}");
}

/// Carries out what will be refused: no row may be another one after it, nor may there be a record of it.
pub async fn refused<T>(
    database: &Database,
    sentence: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let before = (database.rows().await, records(database).await);
    let outcome = sentence.await;
    assert!(outcome.is_err(), "it was not refused");
    assert_eq!((database.rows().await, records(database).await), before);
    outcome
}

/// Carries out what leaves one record; how far the account's `authorization_version` moved by it.
pub async fn moves<T>(database: &Database, sentence: impl Future<Output = Result<T, StoreError>>) -> i64 {
    let before = (account(database).await.authorization_version, records(database).await);
    sentence.await.unwrap();
    assert_eq!(records(database).await, before.1 + 1);
    account(database).await.authorization_version - before.0
}

async fn records(database: &Database) -> i64 {
    database.number("SELECT COUNT(*) FROM audit_records").await
}

/// The pieces of a list put together, each of them as long as it may be but the last, and each further on.
pub async fn pieces<T>(max_items: u32, read: impl AsyncFn(Page) -> Result<Paged<T>, StoreError>) -> Vec<T> {
    let mut page = Page { after: None, max_items };
    let mut items = Vec::new();
    loop {
        let piece = read(page.clone()).await.unwrap();
        let length = u32::try_from(piece.items.len()).unwrap();
        assert!(length == max_items || length < max_items && piece.next.is_none(), "{length} of {max_items}");
        items.extend(piece.items);
        match piece.next {
            Some(next) => {
                assert!(page.after.is_none_or(|after| after < next), "{next} does not go on");
                page.after = Some(next);
            }
            None => return items,
        }
    }
}

/// How many of the sentences that were said at the same time were carried out; `expected` judges the others.
pub async fn at_once<T: Debug + Send + 'static>(
    sentences: Vec<impl Future<Output = Result<T, StoreError>> + Send + 'static>,
    expected: impl Fn(Result<T, StoreError>),
) -> usize {
    let racing: Vec<_> = sentences.into_iter().map(tokio::spawn).collect();
    let mut done = 0;
    for outcome in racing {
        match outcome.await.unwrap() {
            Ok(_) => done += 1,
            refused => expected(refused),
        }
    }
    done
}

pub async fn rows_of(database: &Database, table: &str) -> i64 {
    database.number(&format!("SELECT COUNT(*) FROM {table}")).await
}
