//! What users may do: inline policies, attachments of managed ones, and the one read that every request is authorised by.

use super::Store;
use super::accounts::{AccountRecord, account_columns};
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::StoreError;
use super::users::{UserRecord, user_columns};
use crate::domain::user::UserId;
use time::OffsetDateTime;

/// What authorisation reads, as it stood at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    pub account: AccountRecord,
    pub user: UserRecord,
    /// Name and document.
    pub inline_policies: Vec<(String, String)>,
    /// ARNs of managed policies.
    pub attached_policies: Vec<String>,
    /// None: the account has no password policy of its own.
    pub allow_users_to_change_password: Option<bool>,
}

statements! {
    PUT = "INSERT INTO user_policies (user_id, policy_name, document) VALUES ($1, $2, $3) \
           ON CONFLICT (user_id, policy_name) DO UPDATE SET document = excluded.document";
    ATTACH = "INSERT INTO attached_user_policies (user_id, policy_arn, attached_at) VALUES ($1, $2, $3) \
              ON CONFLICT (user_id, policy_arn) DO NOTHING";
    /// One row for each policy, and one where there is none.
    PERMISSIONS = concat!(
        "SELECT ", account_columns!(), ", ", user_columns!(),
        ", p.allow_users_to_change_password, g.policy_name, g.document, g.policy_arn \
         FROM users u JOIN accounts a ON a.account_id = u.account_id \
         LEFT JOIN password_policies p ON p.account_id = u.account_id \
         LEFT JOIN (SELECT user_id, policy_name, document, CAST(NULL AS TEXT) AS policy_arn \
         FROM user_policies WHERE user_id = $1 \
         UNION ALL SELECT user_id, NULL, NULL, policy_arn FROM attached_user_policies WHERE user_id = $1) g \
         ON g.user_id = u.user_id WHERE u.user_id = $1 ORDER BY g.policy_arn, g.policy_name"
    );
}

struct PermissionsRow {
    account: AccountRecord,
    user: UserRecord,
    allow_users_to_change_password: Option<bool>,
    inline_policy: Option<(String, String)>,
    attached_policy: Option<String>,
}

impl Record for PermissionsRow {
    const TABLE: &'static str = "user_policies";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let inline_policy = match row.get::<Option<String>>("policy_name")? {
            Some(name) => Some((name, row.get("document")?)),
            None => None,
        };
        Ok(Self {
            account: AccountRecord::read(row)?,
            user: UserRecord::read(row)?,
            allow_users_to_change_password: row.get("allow_users_to_change_password")?,
            inline_policy,
            attached_policy: row.get("policy_arn")?,
        })
    }
}

impl Tx {
    pub(super) async fn put_policy(
        &mut self,
        user_id: &UserId,
        policy_name: &str,
        document: &str,
    ) -> Result<(), StoreError> {
        self.execute(PUT, &[user_id, &policy_name, &document]).await.map(|_| ())
    }

    pub(super) async fn attach_policy(
        &mut self,
        user_id: &UserId,
        policy_arn: &str,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.execute(ATTACH, &[user_id, &policy_arn, &at]).await.map(|_| ())
    }
}

impl Store {
    pub async fn permissions(&self, user_id: &UserId) -> Result<Option<Permissions>, StoreError> {
        let mut rows = self.engine.list::<PermissionsRow>(PERMISSIONS, &[user_id]).await?;
        let inline_policies = rows.iter_mut().filter_map(|row| row.inline_policy.take()).collect();
        let attached_policies = rows.iter_mut().filter_map(|row| row.attached_policy.take()).collect();
        Ok(rows.pop().map(|row| Permissions {
            account: row.account,
            user: row.user,
            inline_policies,
            attached_policies,
            allow_users_to_change_password: row.allow_users_to_change_password,
        }))
    }

    /// Makes an inline policy or replaces the one of that name. `Conflict` where the user is gone.
    pub async fn put_user_policy(
        &self,
        user_id: &UserId,
        policy_name: &str,
        document: &str,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization_of(user_id).await?;
            tx.put_policy(user_id, policy_name, document).await?;
            tx.write_audit(record).await
        })
    }

    /// Once is enough: what is attached already stays so. `Conflict` where the user is gone.
    pub async fn attach_user_policy(
        &self,
        user_id: &UserId,
        policy_arn: &str,
        at: OffsetDateTime,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization_of(user_id).await?;
            tx.attach_policy(user_id, policy_arn, at).await?;
            tx.write_audit(record).await
        })
    }
}
