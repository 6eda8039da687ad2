//! IAM users: who they are. Their passwords, permissions and sessions have files of their own and end with them.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::{Constraint, StoreError};
use super::login_profiles::NewLoginProfile;
use super::policies::{Holder, Number};
use crate::domain::account::AccountId;
use crate::domain::name::PolicyName;
use crate::domain::page::{Page, Paged};
use crate::domain::tag::{Tag, TagKey};
use crate::domain::user::{Path, UserId, UserName};
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    pub user_id: UserId,
    pub account_id: AccountId,
    pub user_name: UserName,
    pub path: Path,
    pub created_at: OffsetDateTime,
    /// A session that holds another one opens nothing. Only ever grows.
    pub session_epoch: i64,
    pub password_last_used_at: Option<OffsetDateTime>,
    pub version: i64,
}

#[derive(Debug, Clone)]
pub struct NewUser {
    pub user_id: UserId,
    pub account_id: AccountId,
    pub user_name: UserName,
    pub path: Path,
    pub at: OffsetDateTime,
    pub login_profile: Option<NewLoginProfile>,
    /// Name and document.
    pub inline_policies: Vec<(PolicyName, String)>,
    /// ARNs of AWS-managed policies.
    pub attached_policies: Vec<String>,
    pub tags: Vec<Tag>,
}

/// A user with its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedUser {
    pub user: UserRecord,
    pub tags: Vec<Tag>,
}

/// What a user still has that stands in the way of deleting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belongings {
    pub version: i64,
    pub login_profiles: i64,
    pub access_keys: i64,
    pub inline_policies: i64,
    pub attached_policies: i64,
    pub groups: i64,
}

/// The columns of `users u`, under names that fit beside other tables' columns.
macro_rules! user_columns {
    () => {
        "u.user_id, u.account_id AS user_account_id, u.user_name, u.path, u.created_at AS user_created_at, \
         u.session_epoch AS user_session_epoch, u.password_last_used_at, u.version AS user_version"
    };
}

pub(super) use user_columns;

statements! {
    /// One row for each tag, and one where there is none.
    BY_NAME = concat!(
        "SELECT ", user_columns!(), ", t.tag_key, t.tag_value FROM users u LEFT JOIN user_tags t ON t.user_id = u.user_id \
         WHERE u.account_id = $1 AND u.user_name_folded = $2 ORDER BY t.tag_key_folded"
    );
    BY_ID = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.user_id = $1");
    OF_ACCOUNT = concat!(
        "SELECT ", user_columns!(), " FROM users u WHERE u.account_id = $1 AND u.user_name_folded > $2 \
         ORDER BY u.user_name_folded LIMIT $3"
    );
    COUNT = "SELECT COUNT(*) AS number FROM users WHERE account_id = $1";
    CREATE = "INSERT INTO users (user_id, account_id, user_name, user_name_folded, path, created_at, session_epoch, version) \
              VALUES ($1, $2, $3, $4, $5, $6, 1, 1) ON CONFLICT (account_id, user_name_folded) DO NOTHING";
    DELETE = "DELETE FROM users WHERE user_id = $1 AND version = $2";
    UPDATE = "UPDATE users SET user_name = $3, user_name_folded = $4, path = $5, version = version + 1 \
              WHERE user_id = $1 AND version = $2";
    MOVED = "UPDATE users SET version = version + 1 WHERE user_id = $1";
    BELONGINGS = "SELECT u.version AS user_version, \
                  (SELECT COUNT(*) FROM login_profiles WHERE user_id = $1) AS login_profiles, \
                  (SELECT COUNT(*) FROM access_keys WHERE user_id = $1) AS access_keys, \
                  (SELECT COUNT(*) FROM user_policies WHERE user_id = $1) AS inline_policies, \
                  (SELECT COUNT(*) FROM attached_user_policies WHERE user_id = $1) AS attached_policies, \
                  (SELECT COUNT(*) FROM user_group_members WHERE user_id = $1) AS member_of \
                  FROM users u WHERE u.user_id = $1";
    /// Also what holds a user's other writers back: every write about a password begins with it.
    EPOCH_MOVED = "UPDATE users SET session_epoch = session_epoch + 1, version = version + 1 WHERE user_id = $1 \
                   RETURNING session_epoch AS epoch";
}

impl Record for UserRecord {
    const TABLE: &'static str = "users";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get("user_id")?,
            account_id: row.get("user_account_id")?,
            user_name: row.get("user_name")?,
            path: row.get("path")?,
            created_at: row.get("user_created_at")?,
            session_epoch: row.get("user_session_epoch")?,
            password_last_used_at: row.get("password_last_used_at")?,
            version: row.get("user_version")?,
        })
    }
}

struct UserAndOneTag {
    user: UserRecord,
    tag: Option<Tag>,
}

impl Record for UserAndOneTag {
    const TABLE: &'static str = "user_tags";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let tag = match row.get::<Option<TagKey>>("tag_key")? {
            Some(key) => Some(Tag { key, value: row.get("tag_value")? }),
            None => None,
        };
        Ok(Self { user: UserRecord::read(row)?, tag })
    }
}

impl Record for Belongings {
    const TABLE: &'static str = "users";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.get("user_version")?,
            login_profiles: row.get("login_profiles")?,
            access_keys: row.get("access_keys")?,
            inline_policies: row.get("inline_policies")?,
            attached_policies: row.get("attached_policies")?,
            groups: row.get("member_of")?,
        })
    }
}

struct Epoch(i64);

impl Record for Epoch {
    const TABLE: &'static str = "users";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("epoch").map(Self)
    }
}

impl Tx {
    /// Ends the meaning of every session that the user has; gives the epoch of those to come.
    pub(super) async fn move_epoch(&mut self, user_id: &UserId) -> Result<i64, StoreError> {
        let epoch = self.find::<Epoch>(EPOCH_MOVED, &[user_id]).await?;
        epoch.map(|epoch| epoch.0).ok_or(StoreError::Conflict)
    }

    /// Begins every write that gives the user something, so that a deletion that has not seen it is refused.
    pub(super) async fn move_user(&mut self, user_id: &UserId) -> Result<(), StoreError> {
        match self.execute(MOVED, &[user_id]).await? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }

    pub(super) async fn insert_user(&mut self, user: &NewUser) -> Result<(), StoreError> {
        let NewUser { user_id, account_id, user_name, path, at, .. } = user;
        let inserted = self.execute(CREATE, &[user_id, account_id, user_name, &user_name.folded(), path, at]).await?;
        if inserted == 0 {
            return Err(StoreError::AlreadyExists(Constraint::UserName));
        }
        if let Some(profile) = &user.login_profile {
            self.insert_login_profile(user_id, 1, profile, *at).await?;
        }
        for (policy_name, document) in &user.inline_policies {
            self.put_policy(Holder::User(user_id), policy_name, document).await?;
        }
        for policy_arn in &user.attached_policies {
            self.attach_policy(Holder::User(user_id), policy_arn, *at).await?;
        }
        self.put_tags(user_id, &user.tags).await
    }
}

impl Store {
    /// By name, in any case.
    pub async fn user(&self, account_id: &AccountId, user_name: &UserName) -> Result<Option<UserRecord>, StoreError> {
        Ok(self.tagged_user(account_id, user_name).await?.map(|tagged| tagged.user))
    }

    /// The same with its tags, by key.
    pub async fn tagged_user(
        &self,
        account_id: &AccountId,
        user_name: &UserName,
    ) -> Result<Option<TaggedUser>, StoreError> {
        let mut rows = self.engine.list::<UserAndOneTag>(BY_NAME, &[account_id, &user_name.folded()]).await?;
        let tags = rows.iter_mut().filter_map(|row| row.tag.take()).collect();
        Ok(rows.pop().map(|row| TaggedUser { user: row.user, tags }))
    }

    pub async fn user_by_id(&self, user_id: &UserId) -> Result<Option<UserRecord>, StoreError> {
        self.engine.find(BY_ID, &[user_id]).await
    }

    /// By name, without regard to case; those whose path begins so. A piece looks through a thousand names at most: no index
    /// has both the path and the order of names.
    pub async fn users(
        &self,
        account_id: &AccountId,
        path_prefix: &str,
        page: &Page,
    ) -> Result<Paged<UserRecord>, StoreError> {
        let after = page.after.as_deref().unwrap_or_default();
        let limit = page.to_look_through(path_prefix == "/");
        let rows = self.engine.list(OF_ACCOUNT, &[account_id, &after, &limit]).await?;
        let fits = |user: &UserRecord| user.path.as_str().starts_with(path_prefix);
        Ok(page.pick(rows, limit, fits, |user| user.user_name.folded()))
    }

    pub async fn count_users(&self, account_id: &AccountId) -> Result<i64, StoreError> {
        Ok(self.engine.find::<Number>(COUNT, &[account_id]).await?.map_or(0, |count| count.0))
    }

    /// What stands in the way of deleting the user.
    pub async fn belongings(&self, user_id: &UserId) -> Result<Option<Belongings>, StoreError> {
        self.engine.find(BELONGINGS, &[user_id]).await
    }

    /// Another name or path. `Conflict` where the user is not what was seen; `AlreadyExists(UserName)`.
    pub async fn update_user(
        &self,
        seen: &UserRecord,
        user_name: &UserName,
        path: &Path,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(&seen.account_id).await?;
            let updated = tx
                .execute(UPDATE, &[&seen.user_id, &seen.version, user_name, &user_name.folded(), path])
                .await
                .map_err(|error| error.or_taken(Constraint::UserName))?;
            if updated == 0 {
                return Err(StoreError::Conflict);
            }
            tx.write_audit(record).await
        })
    }

    /// `AlreadyExists(UserName)`; `QuotaExceeded`; `Conflict` where there is no such account.
    pub async fn create_user(&self, user: &NewUser, records: &[AuditRecord]) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.insert_user(user).await?;
            tx.write_audits(records).await
        })
    }

    /// With everything that is the user's but the audit records. `Conflict` where the user is not what was seen.
    pub async fn delete_user(&self, user_id: &UserId, version: i64, record: &AuditRecord) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization_of(Holder::User(user_id)).await?;
            if tx.execute(DELETE, &[user_id, &version]).await? == 0 {
                return Err(StoreError::Conflict);
            }
            tx.write_audit(record).await
        })
    }
}
