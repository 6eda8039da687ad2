//! Customer-managed policies, and who has which managed policy attached. AWS's own policies are part of the program; only
//! their attachments are kept.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, statements, transaction};
use super::error::{Constraint, StoreError};
use super::groups::{GroupRecord, group_columns};
use super::policies::Number;
use super::users::{UserRecord, user_columns};
use crate::domain::account::AccountId;
use crate::domain::arn::PolicyArn;
use crate::domain::managed_policy::PolicyId;
use crate::domain::name::PolicyName;
use crate::domain::page::{Page, Paged};
use crate::domain::user::Path;
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicyRecord {
    pub policy_arn: PolicyArn,
    pub policy_id: PolicyId,
    pub account_id: AccountId,
    pub policy_name: PolicyName,
    pub path: Path,
    pub description: Option<String>,
    pub document: String,
    pub created_at: OffsetDateTime,
    /// Users and groups that have it. Not looked at where a policy is made.
    pub attachment_count: i64,
}

macro_rules! policy_columns {
    () => {
        "m.policy_arn, m.policy_id, m.account_id AS policy_account_id, m.policy_name, m.path AS policy_path, \
         m.description, m.document, m.created_at AS policy_created_at, \
         (SELECT COUNT(*) FROM attached_user_policies t WHERE t.policy_arn = m.policy_arn) + \
         (SELECT COUNT(*) FROM attached_group_policies t WHERE t.policy_arn = m.policy_arn) AS attachment_count"
    };
}

statements! {
    CREATE = "INSERT INTO managed_policies (policy_arn, policy_id, account_id, policy_name, policy_name_folded, path, \
              description, document, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    BY_ARN = concat!(
        "SELECT ", policy_columns!(), " FROM managed_policies m WHERE m.policy_arn = $1 AND m.account_id = $2"
    );
    OF_ACCOUNT = concat!(
        "SELECT ", policy_columns!(), " FROM managed_policies m WHERE m.account_id = $1 AND m.policy_name_folded > $2 \
         AND SUBSTR(m.path, 1, LENGTH(CAST($3 AS TEXT))) = $3 AND (NOT $4 \
         OR EXISTS (SELECT 1 FROM attached_user_policies t WHERE t.policy_arn = m.policy_arn) \
         OR EXISTS (SELECT 1 FROM attached_group_policies t WHERE t.policy_arn = m.policy_arn)) \
         ORDER BY m.policy_name_folded LIMIT $5"
    );
    COUNT = "SELECT COUNT(*) AS number FROM managed_policies WHERE account_id = $1";
    /// Of the account's own users and groups: how many others have one of AWS's policies is none of its business.
    COUNT_ATTACHMENTS = "SELECT (SELECT COUNT(*) FROM users u WHERE u.account_id = $2 AND EXISTS \
                         (SELECT 1 FROM attached_user_policies t WHERE t.user_id = u.user_id AND t.policy_arn = $1)) + \
                         (SELECT COUNT(*) FROM user_groups g WHERE g.account_id = $2 AND EXISTS \
                         (SELECT 1 FROM attached_group_policies t WHERE t.group_id = g.group_id AND t.policy_arn = $1)) AS number";
    USERS_WITH = concat!(
        "SELECT ", user_columns!(), " FROM users u WHERE u.account_id = $2 AND u.user_name_folded > $3 \
         AND SUBSTR(u.path, 1, LENGTH(CAST($4 AS TEXT))) = $4 AND EXISTS \
         (SELECT 1 FROM attached_user_policies t WHERE t.user_id = u.user_id AND t.policy_arn = $1) \
         ORDER BY u.user_name_folded LIMIT $5"
    );
    GROUPS_WITH = concat!(
        "SELECT ", group_columns!(), " FROM user_groups g WHERE g.account_id = $2 AND g.group_name_folded > $3 \
         AND SUBSTR(g.path, 1, LENGTH(CAST($4 AS TEXT))) = $4 AND EXISTS \
         (SELECT 1 FROM attached_group_policies t WHERE t.group_id = g.group_id AND t.policy_arn = $1) \
         ORDER BY g.group_name_folded LIMIT $5"
    );
    /// Only one that nobody has.
    DELETE = "DELETE FROM managed_policies WHERE policy_arn = $1 AND account_id = $2 \
              AND NOT EXISTS (SELECT 1 FROM attached_user_policies WHERE policy_arn = $1) \
              AND NOT EXISTS (SELECT 1 FROM attached_group_policies WHERE policy_arn = $1)";
}

impl Record for ManagedPolicyRecord {
    const TABLE: &'static str = "managed_policies";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            policy_arn: row.get("policy_arn")?,
            policy_id: row.get("policy_id")?,
            account_id: row.get("policy_account_id")?,
            policy_name: row.get("policy_name")?,
            path: row.get("policy_path")?,
            description: row.get("description")?,
            document: row.get("document")?,
            created_at: row.get("policy_created_at")?,
            attachment_count: row.get("attachment_count")?,
        })
    }
}

impl Store {
    /// `AlreadyExists(PolicyName)`: in the account, without regard to case and path.
    pub async fn create_managed_policy(
        &self,
        policy: &ManagedPolicyRecord,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        let ManagedPolicyRecord { policy_arn, policy_id, account_id, policy_name, .. } = policy;
        let ManagedPolicyRecord { path, description, document, created_at, .. } = policy;
        transaction!(self.engine, |tx| {
            let created = tx
                .execute(
                    CREATE,
                    &[
                        policy_arn,
                        policy_id,
                        account_id,
                        policy_name,
                        &policy_name.folded(),
                        path,
                        description,
                        document,
                        created_at,
                    ],
                )
                .await?;
            if created == 0 {
                return Err(StoreError::AlreadyExists(Constraint::PolicyName));
            }
            tx.write_audit(record).await
        })
    }

    /// Of this account.
    pub async fn managed_policy(
        &self,
        account_id: &AccountId,
        policy_arn: &PolicyArn,
    ) -> Result<Option<ManagedPolicyRecord>, StoreError> {
        self.engine.find(BY_ARN, &[policy_arn, account_id]).await
    }

    /// By name, without regard to case; those whose path begins so, and only those that somebody has, if so asked.
    pub async fn managed_policies(
        &self,
        account_id: &AccountId,
        path_prefix: &str,
        only_attached: bool,
        page: &Page,
    ) -> Result<Paged<ManagedPolicyRecord>, StoreError> {
        let after = page.after.as_deref().unwrap_or_default();
        let rows = self
            .engine
            .list(OF_ACCOUNT, &[account_id, &after, &path_prefix, &only_attached, &(page.max_items + 1)])
            .await?;
        Ok(page.cut(rows, |policy: &ManagedPolicyRecord| policy.policy_name.folded()))
    }

    pub async fn count_managed_policies(&self, account_id: &AccountId) -> Result<i64, StoreError> {
        Ok(self.engine.find::<Number>(COUNT, &[account_id]).await?.map_or(0, |count| count.0))
    }

    /// How many users and groups of the account have it.
    pub async fn count_attachments(&self, account_id: &AccountId, policy_arn: &PolicyArn) -> Result<i64, StoreError> {
        let count = self.engine.find::<Number>(COUNT_ATTACHMENTS, &[policy_arn, account_id]).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Users of the account that have it, by name.
    pub async fn users_with_policy(
        &self,
        account_id: &AccountId,
        policy_arn: &PolicyArn,
        path_prefix: &str,
        page: &Page,
    ) -> Result<Paged<UserRecord>, StoreError> {
        let after = page.after.as_deref().unwrap_or_default();
        let wanted = page.max_items + 1;
        let rows = self.engine.list(USERS_WITH, &[policy_arn, account_id, &after, &path_prefix, &wanted]).await?;
        Ok(page.cut(rows, |user: &UserRecord| user.user_name.folded()))
    }

    /// Groups of the account that have it, by name.
    pub async fn groups_with_policy(
        &self,
        account_id: &AccountId,
        policy_arn: &PolicyArn,
        path_prefix: &str,
        page: &Page,
    ) -> Result<Paged<GroupRecord>, StoreError> {
        let after = page.after.as_deref().unwrap_or_default();
        let wanted = page.max_items + 1;
        let rows = self.engine.list(GROUPS_WITH, &[policy_arn, account_id, &after, &path_prefix, &wanted]).await?;
        Ok(page.cut(rows, |group: &GroupRecord| group.group_name.folded()))
    }

    /// `Absent` where it is not there, or somebody has it.
    pub async fn delete_managed_policy(
        &self,
        account_id: &AccountId,
        policy_arn: &PolicyArn,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(account_id).await?;
            if tx.execute(DELETE, &[policy_arn, account_id]).await? == 0 {
                return Err(StoreError::Absent);
            }
            tx.write_audit(record).await
        })
    }
}
