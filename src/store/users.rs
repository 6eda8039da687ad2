//! IAM users: who they are. Their passwords, permissions and sessions have files of their own and end with them.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::{Constraint, StoreError};
use super::login_profiles::NewLoginProfile;
use crate::domain::account::AccountId;
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
    pub inline_policies: Vec<(String, String)>,
    /// ARNs of managed policies.
    pub attached_policies: Vec<String>,
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
    BY_NAME = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.account_id = $1 AND u.user_name_folded = $2");
    BY_ID = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.user_id = $1");
    OF_ACCOUNT = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.account_id = $1 ORDER BY u.user_name_folded");
    CREATE = "INSERT INTO users (user_id, account_id, user_name, user_name_folded, path, created_at, session_epoch, version) \
              VALUES ($1, $2, $3, $4, $5, $6, 1, 1) ON CONFLICT (account_id, user_name_folded) DO NOTHING";
    DELETE = "DELETE FROM users WHERE user_id = $1 AND version = $2";
    /// Also what holds a user's other writers back: every write about a password begins with it.
    EPOCH_MOVED = "UPDATE users SET session_epoch = session_epoch + 1 WHERE user_id = $1 RETURNING session_epoch AS epoch";
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
            self.put_policy(user_id, policy_name, document).await?;
        }
        for policy_arn in &user.attached_policies {
            self.attach_policy(user_id, policy_arn, *at).await?;
        }
        Ok(())
    }
}

impl Store {
    /// By name, in any case.
    pub async fn user(&self, account_id: &AccountId, user_name: &UserName) -> Result<Option<UserRecord>, StoreError> {
        self.engine.find(BY_NAME, &[account_id, &user_name.folded()]).await
    }

    pub async fn user_by_id(&self, user_id: &UserId) -> Result<Option<UserRecord>, StoreError> {
        self.engine.find(BY_ID, &[user_id]).await
    }

    /// By name, without regard to case.
    pub async fn users(&self, account_id: &AccountId) -> Result<Vec<UserRecord>, StoreError> {
        self.engine.list(OF_ACCOUNT, &[account_id]).await
    }

    /// `AlreadyExists(UserName)`; `Conflict` where there is no such account.
    pub async fn create_user(&self, user: &NewUser, records: &[AuditRecord]) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.insert_user(user).await?;
            tx.write_audits(records).await
        })
    }

    /// With everything that is the user's but the audit records.
    pub async fn delete_user(&self, user_id: &UserId, version: i64, record: &AuditRecord) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            if tx.execute(DELETE, &[user_id, &version]).await? == 0 {
                return Err(StoreError::Conflict);
            }
            tx.write_audit(record).await
        })
    }
}
