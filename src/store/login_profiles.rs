//! Passwords for the console, and the newest 24 that each user had.
//!
//! Why a profile's version is the session epoch of the write that made it: every write about a password moves the user's
//! epoch, and the epoch outlives the profile, so that a profile made again never has a version that was seen before.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::{Constraint, StoreError};
use super::policies::Number;
use super::throttle::Bucket;
use crate::domain::login_profile::LoginProfile;
use crate::domain::password_hash::PasswordHash;
use crate::domain::password_policy::REMEMBERED_PASSWORDS;
use crate::domain::throttle::Throttle;
use crate::domain::user::UserId;
use time::OffsetDateTime;

pub use super::password_facts::{PasswordFacts, SignInFacts};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginProfileRecord {
    pub user_id: UserId,
    pub hash: PasswordHash,
    pub created_at: OffsetDateTime,
    pub changed_at: OffsetDateTime,
    pub password_reset_required: bool,
    pub temporary_expires_at: Option<OffsetDateTime>,
    pub version: i64,
}

impl LoginProfileRecord {
    /// What the rules read.
    pub fn login_profile(&self) -> LoginProfile {
        LoginProfile {
            created_at: self.created_at,
            changed_at: self.changed_at,
            password_reset_required: self.password_reset_required,
            temporary_expires_at: self.temporary_expires_at,
        }
    }
}

#[derive(Debug, Clone)]
pub struct NewLoginProfile {
    pub hash: PasswordHash,
    /// The same password under the salt that the user's history shares.
    pub history_entry: PasswordHash,
    pub password_reset_required: bool,
    pub temporary_expires_at: Option<OffsetDateTime>,
    /// Of a user who was there before: whoever sets a password forgives what was tried.
    pub throttle_key: Option<String>,
}

/// A new password in the place of one that was seen.
#[derive(Debug, Clone)]
pub struct PasswordReplacement {
    pub user_id: UserId,
    /// Of the profile, as it was seen.
    pub version: i64,
    /// Of the account, when the caller was authorised and the password judged.
    pub authorization_version: i64,
    pub hash: PasswordHash,
    pub history_entry: PasswordHash,
    pub at: OffsetDateTime,
    pub password_reset_required: bool,
    pub temporary_expires_at: Option<OffsetDateTime>,
    /// The owner did not do it in the console and is told at the next sign-in.
    pub untold: bool,
    /// Where somebody else sets it: forgives what was tried against the user.
    pub throttle_key: Option<String>,
    /// Where the owner sets it: that of the try whose password was right.
    pub right_try: Option<Bucket>,
    /// Of the session that the owner acts in: it ends too, and is remembered for a minute as ended by this.
    pub own_session: Option<String>,
}

/// The columns of `login_profiles l`, under names that fit beside other tables' columns.
macro_rules! login_profile_columns {
    () => {
        "l.user_id AS profile_user_id, l.hash, l.created_at AS profile_created_at, l.changed_at, \
         l.password_reset_required, l.temporary_expires_at, l.version AS profile_version"
    };
}

pub(super) use login_profile_columns;

statements! {
    CREATE = "INSERT INTO login_profiles (user_id, version, hash, parameters, created_at, changed_at, \
              password_reset_required, temporary_expires_at) \
              VALUES ($1, $2, $3, $4, $5, $5, $6, $7) ON CONFLICT (user_id) DO NOTHING";
    REPLACE = "UPDATE login_profiles SET hash = $4, parameters = $5, changed_at = $6, password_reset_required = $7, \
               temporary_expires_at = $8, untold_change_at = $9, version = $10 \
               WHERE user_id = $1 AND version = $2 AND EXISTS (SELECT 1 FROM users u \
               JOIN accounts a ON a.account_id = u.account_id WHERE u.user_id = $1 AND a.authorization_version = $3)";
    JUDGED_AT = "SELECT COUNT(*) AS number FROM users u JOIN accounts a ON a.account_id = u.account_id \
                 WHERE u.user_id = $1 AND a.authorization_version = $2";
    REMEMBER = "INSERT INTO password_history (user_id, position, hash, set_at) \
                SELECT $1, COALESCE(MAX(position), 0) + 1, $2, $3 FROM password_history WHERE user_id = $1";
    FORGET = "DELETE FROM password_history WHERE user_id = $1 \
              AND position <= (SELECT MAX(position) FROM password_history WHERE user_id = $1) - $2";
    /// The last of the next users by ID.
    NEXT_USERS = "SELECT MAX(user_id) AS user_id FROM (SELECT user_id FROM users WHERE user_id > $1 ORDER BY user_id LIMIT $2) AS next";
    FORGET_SURPLUS = "DELETE FROM password_history WHERE user_id > $1 AND user_id <= $2 AND position <= \
                      (SELECT MAX(newest.position) FROM password_history newest \
                      WHERE newest.user_id = password_history.user_id) - $3";
    DELETE = "DELETE FROM login_profiles WHERE user_id = $1 AND version = $2";
    /// A password that need not be changed any more is an ordinary one.
    REQUIRE_RESET = "UPDATE login_profiles SET password_reset_required = $3, version = $4, \
                     temporary_expires_at = CASE WHEN $3 THEN temporary_expires_at ELSE NULL END \
                     WHERE user_id = $1 AND version = $2";
    REHASH = "UPDATE login_profiles SET hash = $3, parameters = $4 WHERE user_id = $1 AND hash = $2";
    /// Of a thousand: users' IDs are random, so that the first ones by ID are anybody.
    COMMONEST = "SELECT parameters FROM (SELECT parameters FROM login_profiles ORDER BY user_id LIMIT 1000) AS sample \
                 GROUP BY parameters ORDER BY COUNT(*) DESC, parameters LIMIT 1";
}

impl Record for LoginProfileRecord {
    const TABLE: &'static str = "login_profiles";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get("profile_user_id")?,
            hash: row.get("hash")?,
            created_at: row.get("profile_created_at")?,
            changed_at: row.get("changed_at")?,
            password_reset_required: row.get("password_reset_required")?,
            temporary_expires_at: row.get("temporary_expires_at")?,
            version: row.get("profile_version")?,
        })
    }
}

struct Parameters(String);

impl Record for Parameters {
    const TABLE: &'static str = "login_profiles";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("parameters").map(Self)
    }
}

struct LastUser(Option<UserId>);

impl Record for LastUser {
    const TABLE: &'static str = "users";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("user_id").map(Self)
    }
}

impl Tx {
    pub(super) async fn insert_login_profile(
        &mut self,
        user_id: &UserId,
        version: i64,
        profile: &NewLoginProfile,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let NewLoginProfile { hash, history_entry, password_reset_required, temporary_expires_at, throttle_key } =
            profile;
        let parameters = hash.parameters();
        let inserted = self
            .execute(
                CREATE,
                &[user_id, &version, hash, &parameters, &at, password_reset_required, temporary_expires_at],
            )
            .await?;
        if inserted == 0 {
            return Err(StoreError::AlreadyExists(Constraint::LoginProfile));
        }
        self.remember(user_id, history_entry, at).await?;
        match throttle_key {
            Some(throttle_key) => self.clear_throttle(throttle_key).await,
            None => Ok(()),
        }
    }

    /// Always the newest 24, whatever the account's setting, so that a raised setting acts at once.
    async fn remember(&mut self, user_id: &UserId, entry: &PasswordHash, at: OffsetDateTime) -> Result<(), StoreError> {
        self.execute(REMEMBER, &[user_id, entry, &at]).await?;
        self.execute(FORGET, &[user_id, &REMEMBERED_PASSWORDS]).await?;
        Ok(())
    }
}

impl Store {
    /// Gives the session epoch of the sessions to come. `Conflict` where the profile or what the caller was judged by is
    /// not what was seen.
    pub async fn replace_password(&self, new: &PasswordReplacement, record: &AuditRecord) -> Result<i64, StoreError> {
        let untold_change_at = new.untold.then_some(new.at);
        transaction!(self.engine, |tx| {
            let epoch = tx.move_epoch(&new.user_id).await?;
            let replaced = tx
                .execute(
                    REPLACE,
                    &[
                        &new.user_id,
                        &new.version,
                        &new.authorization_version,
                        &new.hash,
                        &new.hash.parameters(),
                        &new.at,
                        &new.password_reset_required,
                        &new.temporary_expires_at,
                        &untold_change_at,
                        &epoch,
                    ],
                )
                .await?;
            if replaced == 0 {
                return Err(StoreError::Conflict);
            }
            tx.remember(&new.user_id, &new.history_entry, new.at).await?;
            if let Some(throttle_key) = &new.throttle_key {
                tx.clear_throttle(throttle_key).await?;
            }
            if let Some(bucket) = &new.right_try {
                tx.count(bucket, new.at, Throttle::succeed).await?;
            }
            if let Some(own_session) = &new.own_session {
                tx.retire_session(own_session, &new.user_id, new.at).await?;
            }
            tx.delete_sessions(&new.user_id).await?;
            tx.write_audit(record).await?;
            Ok(epoch)
        })
    }

    /// `AlreadyExists(LoginProfile)`; `Conflict` where the user is gone, or what the caller was judged by is not what was
    /// seen.
    pub async fn create_login_profile(
        &self,
        user_id: &UserId,
        authorization_version: i64,
        profile: &NewLoginProfile,
        at: OffsetDateTime,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            let epoch = tx.move_epoch(user_id).await?;
            if tx.find::<Number>(JUDGED_AT, &[user_id, &authorization_version]).await?.is_none_or(|rows| rows.0 == 0) {
                return Err(StoreError::Conflict);
            }
            tx.insert_login_profile(user_id, epoch, profile, at).await?;
            tx.write_audit(record).await
        })
    }

    /// Ends the user's sessions. What the user's passwords were is still remembered.
    pub async fn delete_login_profile(
        &self,
        user_id: &UserId,
        version: i64,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_epoch(user_id).await?;
            if tx.execute(DELETE, &[user_id, &version]).await? == 0 {
                return Err(StoreError::Conflict);
            }
            tx.delete_sessions(user_id).await?;
            tx.write_audit(record).await
        })
    }

    /// Ends the user's sessions, either way: those of a user who need not change the password any more can do nothing else.
    pub async fn set_password_reset_required(
        &self,
        user_id: &UserId,
        version: i64,
        required: bool,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            let epoch = tx.move_epoch(user_id).await?;
            if tx.execute(REQUIRE_RESET, &[user_id, &version, &required, &epoch]).await? == 0 {
                return Err(StoreError::Conflict);
            }
            tx.delete_sessions(user_id).await?;
            tx.write_audit(record).await
        })
    }

    /// The same password under other parameters: replaces exactly the hash that was verified, or nothing. Whether it did.
    pub async fn rehash_password(
        &self,
        user_id: &UserId,
        verified: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let parameters = new.parameters();
        transaction!(self.engine, |tx| { Ok(tx.execute(REHASH, &[user_id, verified, new, &parameters]).await? == 1) })
    }

    /// What most stored passwords cost to verify, judged by a thousand of them.
    pub async fn most_common_hash_parameters(&self) -> Result<Option<String>, StoreError> {
        Ok(self.engine.find::<Parameters>(COMMONEST, &[]).await?.map(|parameters| parameters.0))
    }

    /// Of the next `users` users after this one, by ID, those passwords that are not among the newest 24: every write
    /// forgets them by itself, but not one that remembered more. Where to go on, until there is nobody left.
    pub async fn forget_surplus_passwords(
        &self,
        after: Option<&UserId>,
        users: u32,
    ) -> Result<(u64, Option<UserId>), StoreError> {
        let after = after.map_or("", UserId::as_str);
        let last = self.engine.find::<LastUser>(NEXT_USERS, &[&after, &users]).await?;
        let Some(last) = &last.and_then(|last| last.0) else { return Ok((0, None)) };
        let forgotten = transaction!(self.engine, |tx| {
            tx.execute(FORGET_SURPLUS, &[&after, last, &REMEMBERED_PASSWORDS]).await
        })?;
        Ok((forgotten, Some(last.clone())))
    }
}
