//! What was tried against passwords, on every node alike. A row is one bucket of tries; the rule is `domain::throttle`.
//!
//! Why the row is taken before it is read: whoever wants to count waits for who is counting, on both engines, so that no two
//! tries are let through on the same count. Every sentence takes rows of other tables first, so that no two wait for each
//! other.
//!
//! Why it is first counted from what was seen: nearly always nobody else has counted since, and then one statement that says so
//! is enough, where to take and to read the row are a transaction of their own.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::StoreError;
use super::fields::Bind;
use crate::domain::throttle::{Admission, PERIOD, Throttle};
use crate::domain::user::UserId;
use time::OffsetDateTime;

/// Names what tries are counted against. Both are keyed hashes: what was typed cannot be read from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    pub bucket: String,
    /// One for all buckets of a user.
    pub user_key: String,
    /// What was counted when somebody looked. None: nothing, or nobody has looked.
    pub seen: Option<Throttle>,
}

statements! {
    TAKE = "INSERT INTO sign_in_throttle (bucket, user_key, tries, failures, last_try_at) VALUES ($1, $2, 0, 0, $3) \
            ON CONFLICT (bucket) DO UPDATE SET user_key = excluded.user_key \
            RETURNING tries, failures, last_try_at, last_failure_at";
    LOOK = "SELECT tries, failures, last_try_at, last_failure_at FROM sign_in_throttle WHERE bucket = $1";
    COUNT = "UPDATE sign_in_throttle SET tries = $2, failures = $3, last_try_at = $4, last_failure_at = $5 \
             WHERE bucket = $1";
    /// Touches no row where another one has counted since.
    COUNT_FROM = "UPDATE sign_in_throttle SET tries = $2, failures = $3, last_try_at = $4, last_failure_at = $5 \
                  WHERE bucket = $1 AND tries = $6 AND failures = $7 AND last_try_at = $8 \
                  AND last_failure_at IS NOT DISTINCT FROM $9";
    COUNT_FIRST = "INSERT INTO sign_in_throttle (bucket, user_key, tries, failures, last_try_at) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (bucket) DO NOTHING";
    CLEAR = "DELETE FROM sign_in_throttle WHERE user_key = $1";
    UNTOLD = "UPDATE login_profiles SET untold_failures = untold_failures + 1 WHERE user_id = $1";
    FORGET = "DELETE FROM sign_in_throttle WHERE bucket IN \
              (SELECT bucket FROM sign_in_throttle WHERE last_try_at <= $1 ORDER BY last_try_at LIMIT $2)";
}

impl Record for Throttle {
    const TABLE: &'static str = "sign_in_throttle";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            tries: row.get("tries")?,
            failures: row.get("failures")?,
            last_try_at: row.get("last_try_at")?,
            last_failure_at: row.get("last_failure_at")?,
        })
    }
}

/// What `COUNT_FROM` binds.
macro_rules! from_seen {
    ($bucket:expr, $seen:expr, $to:expr) => {
        &[
            &$bucket.bucket,
            &$to.tries,
            &$to.failures,
            &$to.last_try_at,
            &$to.last_failure_at,
            &$seen.tries,
            &$seen.failures,
            &$seen.last_try_at,
            &$seen.last_failure_at,
        ]
    };
}

impl Tx {
    /// Lets the rule count in the bucket, as it is now. The rule may be asked twice, the second time for what holds.
    pub(super) async fn count<T>(
        &mut self,
        bucket: &Bucket,
        now: OffsetDateTime,
        rule: impl Fn(&mut Throttle) -> T,
    ) -> Result<T, StoreError> {
        if let Some(seen) = bucket.seen {
            let mut throttle = seen;
            let told = rule(&mut throttle);
            if self.execute(COUNT_FROM, from_seen!(bucket, seen, throttle)).await? > 0 {
                return Ok(told);
            }
        }
        let taken = self.find(TAKE, &[&bucket.bucket, &bucket.user_key, &now]).await?;
        let mut throttle = taken.unwrap_or_else(|| Throttle::new(now));
        let told = rule(&mut throttle);
        let Throttle { tries, failures, last_try_at, last_failure_at } = throttle;
        self.execute(COUNT, &[&bucket.bucket, &tries, &failures, &last_try_at, &last_failure_at]).await?;
        Ok(told)
    }

    /// Somebody who may set the password has set it.
    pub(super) async fn clear_throttle(&mut self, user_key: &str) -> Result<(), StoreError> {
        self.execute(CLEAR, &[&user_key]).await.map(|_| ())
    }
}

impl Store {
    /// What was counted so far, for whoever only wants to know.
    pub async fn throttle(&self, bucket: &Bucket) -> Result<Option<Throttle>, StoreError> {
        self.engine.find(LOOK, &[&bucket.bucket]).await
    }

    /// Counts a try before its password is looked at, if one may be let through, and sees what was counted.
    pub async fn admit_try(&self, bucket: &mut Bucket, now: OffsetDateTime) -> Result<Admission, StoreError> {
        let mut counted = bucket.seen.unwrap_or_else(|| Throttle::new(now));
        if counted.admit(now) == Admission::LetThrough && self.count_from_seen(bucket, &counted).await? {
            bucket.seen = Some(counted);
            return Ok(Admission::LetThrough);
        }
        bucket.seen = None;
        let unseen = &*bucket;
        let (told, counted) = transaction!(self.engine, |tx| {
            tx.count(unseen, now, |throttle| (throttle.admit(now), *throttle)).await
        })?;
        bucket.seen = Some(counted);
        Ok(told)
    }

    /// Whether nobody else has counted since.
    async fn count_from_seen(&self, bucket: &Bucket, counted: &Throttle) -> Result<bool, StoreError> {
        let touched = if let Some(seen) = &bucket.seen {
            self.engine.execute(COUNT_FROM, from_seen!(bucket, seen, counted)).await?
        } else {
            let Throttle { tries, failures, last_try_at, .. } = counted;
            let values: [&dyn Bind; 5] = [&bucket.bucket, &bucket.user_key, tries, failures, last_try_at];
            self.engine.execute(COUNT_FIRST, &values).await?
        };
        Ok(touched > 0)
    }

    /// The password of a try was wrong. `told`: whom to tell of it at the next sign-in. `record`: where nothing else
    /// records it.
    pub async fn fail_try(
        &self,
        bucket: &Bucket,
        now: OffsetDateTime,
        told: Option<&UserId>,
        record: Option<&AuditRecord>,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            if let Some(user_id) = told {
                tx.execute(UNTOLD, &[user_id]).await?;
            }
            tx.count(bucket, now, |throttle| throttle.fail(now)).await?;
            match record {
                Some(record) => tx.write_audit(record).await,
                None => Ok(()),
            }
        })
    }

    /// The password of a try was right.
    pub async fn forgive_failures(&self, bucket: &Bucket, now: OffsetDateTime) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| { tx.count(bucket, now, Throttle::succeed).await })
    }

    /// The password of a try was not looked at.
    pub async fn take_back_try(&self, bucket: &Bucket, now: OffsetDateTime) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| { tx.count(bucket, now, Throttle::take_back).await })
    }

    /// At most `limit` counts that hold nobody back any more; how many went.
    pub async fn forget_old_tries(&self, now: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        transaction!(self.engine, |tx| { tx.execute(FORGET, &[&(now - PERIOD), &limit]).await })
    }
}
