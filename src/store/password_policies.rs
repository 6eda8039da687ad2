//! Accounts' own password policies. An account without one has the default policy, which is not kept.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, statements, transaction};
use super::error::StoreError;
use crate::domain::account::AccountId;
use crate::domain::password_policy::PasswordPolicy;

/// The columns of `password_policies p`.
macro_rules! password_policy_columns {
    () => {
        "p.account_id AS policy_account_id, p.minimum_password_length, p.require_symbols, p.require_numbers, \
         p.require_uppercase_characters, p.require_lowercase_characters, p.allow_users_to_change_password, \
         p.max_password_age, p.password_reuse_prevention, p.hard_expiry"
    };
}

pub(super) use password_policy_columns;

statements! {
    FIND = concat!("SELECT ", password_policy_columns!(), " FROM password_policies p WHERE p.account_id = $1");
    PUT = "INSERT INTO password_policies (account_id, minimum_password_length, require_symbols, require_numbers, \
           require_uppercase_characters, require_lowercase_characters, allow_users_to_change_password, \
           max_password_age, password_reuse_prevention, hard_expiry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
           ON CONFLICT (account_id) DO UPDATE SET minimum_password_length = excluded.minimum_password_length, \
           require_symbols = excluded.require_symbols, require_numbers = excluded.require_numbers, \
           require_uppercase_characters = excluded.require_uppercase_characters, \
           require_lowercase_characters = excluded.require_lowercase_characters, \
           allow_users_to_change_password = excluded.allow_users_to_change_password, \
           max_password_age = excluded.max_password_age, \
           password_reuse_prevention = excluded.password_reuse_prevention, hard_expiry = excluded.hard_expiry";
    DELETE = "DELETE FROM password_policies WHERE account_id = $1";
}

impl Record for PasswordPolicy {
    const TABLE: &'static str = "password_policies";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            minimum_password_length: row.get("minimum_password_length")?,
            require_symbols: row.get("require_symbols")?,
            require_numbers: row.get("require_numbers")?,
            require_uppercase_characters: row.get("require_uppercase_characters")?,
            require_lowercase_characters: row.get("require_lowercase_characters")?,
            allow_users_to_change_password: row.get("allow_users_to_change_password")?,
            max_password_age: row.get("max_password_age")?,
            password_reuse_prevention: row.get("password_reuse_prevention")?,
            hard_expiry: row.get("hard_expiry")?,
        })
    }
}

impl Store {
    pub async fn password_policy(&self, account_id: &AccountId) -> Result<Option<PasswordPolicy>, StoreError> {
        self.engine.find(FIND, &[account_id]).await
    }

    /// Replaces the whole of it. `Conflict` where there is no such account.
    pub async fn put_password_policy(
        &self,
        account_id: &AccountId,
        policy: &PasswordPolicy,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(account_id).await?;
            tx.execute(
                PUT,
                &[
                    account_id,
                    &policy.minimum_password_length,
                    &policy.require_symbols,
                    &policy.require_numbers,
                    &policy.require_uppercase_characters,
                    &policy.require_lowercase_characters,
                    &policy.allow_users_to_change_password,
                    &policy.max_password_age,
                    &policy.password_reuse_prevention,
                    &policy.hard_expiry,
                ],
            )
            .await?;
            tx.write_audit(record).await
        })
    }

    /// Whether there was one; where there was none, nothing is changed or recorded.
    pub async fn delete_password_policy(
        &self,
        account_id: &AccountId,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(account_id).await?;
            if tx.execute(DELETE, &[account_id]).await? == 0 {
                return Ok(false);
            }
            tx.write_audit(record).await?;
            Ok(true)
        })
    }
}
