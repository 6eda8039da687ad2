//! The tags of users. They are read with their user: see `users` and `permissions`.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Tx, statements, transaction};
use super::error::StoreError;
use super::policies::Number;
use crate::domain::account::AccountId;
use crate::domain::quota::Quota;
use crate::domain::tag::{Tag, TagKey};
use crate::domain::user::UserId;

statements! {
    PUT = "INSERT INTO user_tags (user_id, tag_key, tag_key_folded, tag_value) VALUES ($1, $2, $3, $4) \
           ON CONFLICT (user_id, tag_key_folded) DO UPDATE SET tag_key = excluded.tag_key, tag_value = excluded.tag_value";
    DELETE = "DELETE FROM user_tags WHERE user_id = $1 AND tag_key_folded = $2";
    COUNT = "SELECT COUNT(*) AS number FROM user_tags WHERE user_id = $1";
}

impl Tx {
    pub(super) async fn put_tags(&mut self, user_id: &UserId, tags: &[Tag]) -> Result<(), StoreError> {
        for tag in tags {
            self.execute(PUT, &[user_id, &tag.key, &tag.key.folded(), &tag.value]).await?;
        }
        match self.find::<Number>(COUNT, &[user_id]).await? {
            Some(Number(number)) if number > i64::from(Quota::TagsPerUser.limit()) => {
                Err(StoreError::QuotaExceeded(Quota::TagsPerUser))
            }
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Adds tags and gives those that are there their new value. `QuotaExceeded`; `Conflict` where the user is gone.
    pub async fn tag_user(
        &self,
        account_id: &AccountId,
        user_id: &UserId,
        tags: &[Tag],
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(account_id).await?;
            tx.move_user(user_id).await?;
            tx.put_tags(user_id, tags).await?;
            tx.write_audit(record).await
        })
    }

    /// A key that the user does not have is no error. `Conflict` where the user is gone.
    pub async fn untag_user(
        &self,
        account_id: &AccountId,
        user_id: &UserId,
        keys: &[TagKey],
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(account_id).await?;
            tx.move_user(user_id).await?;
            for key in keys {
                tx.execute(DELETE, &[user_id, &key.folded()]).await?;
            }
            tx.write_audit(record).await
        })
    }
}
