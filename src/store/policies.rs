//! Policies on whoever holds them, a user or a group: inline ones, and attachments of managed ones. Every write moves the
//! account's `authorization_version` first, so that what somebody was judged by can be demanded again, and so that
//! attaching a policy and deleting it come one after the other.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::StoreError;
use crate::domain::account::AccountId;
use crate::domain::arn::PolicyArn;
use crate::domain::group::GroupId;
use crate::domain::name::PolicyName;
use crate::domain::page::{Page, Paged};
use crate::domain::quota::Quota;
use crate::domain::user::UserId;
use time::OffsetDateTime;

/// Whose policies they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    User(&'a UserId),
    Group(&'a GroupId),
}

/// The same statements on the tables of users and of groups.
struct Texts {
    moved: &'static str,
    put: &'static str,
    get: &'static str,
    names: &'static str,
    delete: &'static str,
    attach: &'static str,
    attached: &'static str,
    detach: &'static str,
    count_attached: &'static str,
    size: &'static str,
}

macro_rules! texts {
    ($holders:literal, $inline:literal, $attached:literal, $id:literal) => {
        Texts {
            moved: concat!("UPDATE ", $holders, " SET version = version + 1 WHERE ", $id, " = $1"),
            put: concat!(
                "INSERT INTO ",
                $inline,
                " (",
                $id,
                ", policy_name, document) VALUES ($1, $2, $3) ON CONFLICT (",
                $id,
                ", policy_name) DO UPDATE SET document = excluded.document"
            ),
            get: concat!("SELECT document AS text FROM ", $inline, " WHERE ", $id, " = $1 AND policy_name = $2"),
            names: concat!(
                "SELECT policy_name AS text FROM ",
                $inline,
                " WHERE ",
                $id,
                " = $1 AND policy_name > $2 ORDER BY policy_name LIMIT $3"
            ),
            delete: concat!("DELETE FROM ", $inline, " WHERE ", $id, " = $1 AND policy_name = $2"),
            attach: concat!(
                "INSERT INTO ",
                $attached,
                " (",
                $id,
                ", policy_arn, attached_at) VALUES ($1, $2, $3) ON CONFLICT (",
                $id,
                ", policy_arn) DO NOTHING"
            ),
            attached: concat!("SELECT policy_arn FROM ", $attached, " WHERE ", $id, " = $1 ORDER BY policy_arn"),
            detach: concat!("DELETE FROM ", $attached, " WHERE ", $id, " = $1 AND policy_arn = $2"),
            count_attached: concat!("SELECT COUNT(*) AS number FROM ", $attached, " WHERE ", $id, " = $1"),
            size: concat!(
                "SELECT CAST(COALESCE(SUM(LENGTH(REPLACE(REPLACE(REPLACE(REPLACE(document, $2, ''), $3, ''), $4, ''), $5, ''))), 0) AS BIGINT) \
                 AS number FROM ",
                $inline,
                " WHERE ",
                $id,
                " = $1"
            ),
        }
    };
}

const OF_USERS: Texts = texts!("users", "user_policies", "attached_user_policies", "user_id");
const OF_GROUPS: Texts = texts!("user_groups", "group_policies", "attached_group_policies", "group_id");

impl Texts {
    const fn all(&self) -> [&'static str; 10] {
        let Self { moved, put, get, names, delete, attach, attached, detach, count_attached, size } = self;
        [moved, put, get, names, delete, attach, attached, detach, count_attached, size]
    }
}

pub(super) static STATEMENTS_OF_HOLDERS: [[&str; 10]; 2] = [OF_USERS.all(), OF_GROUPS.all()];

statements! {
    IS_THERE = "SELECT COUNT(*) AS number FROM managed_policies WHERE policy_arn = $1 AND account_id = $2";
}

impl Holder<'_> {
    fn texts(&self) -> &'static Texts {
        match self {
            Self::User(_) => &OF_USERS,
            Self::Group(_) => &OF_GROUPS,
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Group(id) => id.as_str(),
        }
    }

    fn size_quota(&self) -> Quota {
        match self {
            Self::User(_) => Quota::UserPolicySize,
            Self::Group(_) => Quota::GroupPolicySize,
        }
    }

    fn quota(&self) -> Quota {
        match self {
            Self::User(_) => Quota::PoliciesPerUser,
            Self::Group(_) => Quota::PoliciesPerGroup,
        }
    }
}

/// One column of text.
pub(super) struct Text(pub String);

impl Record for Text {
    const TABLE: &'static str = "a table with texts";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("text").map(Self)
    }
}

/// One number.
pub(super) struct Number(pub i64);

impl Record for Number {
    const TABLE: &'static str = "a count";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("number").map(Self)
    }
}

struct Attached(PolicyArn);

impl Record for Attached {
    const TABLE: &'static str = "attached_user_policies";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("policy_arn").map(Self)
    }
}

impl Tx {
    /// What somebody of the account may do is about to change. `Conflict` where account or holder is gone.
    async fn move_holder(&mut self, account_id: &AccountId, holder: Holder<'_>) -> Result<(), StoreError> {
        self.move_authorization(account_id).await?;
        match self.execute(holder.texts().moved, &[&holder.id()]).await? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }

    pub(super) async fn put_policy(
        &mut self,
        holder: Holder<'_>,
        name: &PolicyName,
        document: &str,
    ) -> Result<(), StoreError> {
        self.execute(holder.texts().put, &[&holder.id(), name, &document]).await?;
        // Every request of the holder reads all of them.
        let size = self.find::<Number>(holder.texts().size, &[&holder.id(), &" ", &"\n", &"\r", &"\t"]).await?;
        match size {
            Some(Number(size)) if size > i64::from(holder.size_quota().limit()) => {
                Err(StoreError::QuotaExceeded(holder.size_quota()))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn attach_policy(
        &mut self,
        holder: Holder<'_>,
        policy_arn: &str,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.execute(holder.texts().attach, &[&holder.id(), &policy_arn, &at]).await?;
        let attached = self.find::<Number>(holder.texts().count_attached, &[&holder.id()]).await?;
        match attached {
            Some(Number(number)) if number > i64::from(holder.quota().limit()) => {
                Err(StoreError::QuotaExceeded(holder.quota()))
            }
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Makes an inline policy or replaces the one of that name. `QuotaExceeded`; `Conflict` where the holder is gone.
    pub async fn put_inline_policy(
        &self,
        account_id: &AccountId,
        holder: Holder<'_>,
        policy_name: &PolicyName,
        document: &str,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_holder(account_id, holder).await?;
            tx.put_policy(holder, policy_name, document).await?;
            tx.write_audit(record).await
        })
    }

    /// The document.
    pub async fn inline_policy(
        &self,
        holder: Holder<'_>,
        policy_name: &PolicyName,
    ) -> Result<Option<String>, StoreError> {
        let found = self.engine.find::<Text>(holder.texts().get, &[&holder.id(), policy_name]).await?;
        Ok(found.map(|text| text.0))
    }

    /// Names, in order.
    pub async fn inline_policy_names(&self, holder: Holder<'_>, page: &Page) -> Result<Paged<String>, StoreError> {
        let after = page.after.as_deref().unwrap_or_default();
        let rows =
            self.engine.list::<Text>(holder.texts().names, &[&holder.id(), &after, &(page.max_items + 1)]).await?;
        Ok(page.cut(rows.into_iter().map(|text| text.0).collect(), Clone::clone))
    }

    /// `Absent` where there is no such policy.
    pub async fn delete_inline_policy(
        &self,
        account_id: &AccountId,
        holder: Holder<'_>,
        policy_name: &PolicyName,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_holder(account_id, holder).await?;
            if tx.execute(holder.texts().delete, &[&holder.id(), policy_name]).await? == 0 {
                return Err(StoreError::Absent);
            }
            tx.write_audit(record).await
        })
    }

    /// Once is enough: what is attached already stays so. A customer-managed policy has to be there, in this account, or
    /// else it is `Absent`: only in one account do attaching and deleting come one after the other. `Conflict` where the
    /// holder is gone.
    pub async fn attach_managed_policy(
        &self,
        account_id: &AccountId,
        holder: Holder<'_>,
        policy_arn: &PolicyArn,
        is_awss: bool,
        at: OffsetDateTime,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_holder(account_id, holder).await?;
            let there = tx.find::<Number>(IS_THERE, &[policy_arn, account_id]).await?;
            if !is_awss && there.is_none_or(|there| there.0 == 0) {
                return Err(StoreError::Absent);
            }
            tx.attach_policy(holder, policy_arn.as_str(), at).await?;
            tx.write_audit(record).await
        })
    }

    /// `Absent` where it is not attached.
    pub async fn detach_managed_policy(
        &self,
        account_id: &AccountId,
        holder: Holder<'_>,
        policy_arn: &PolicyArn,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_holder(account_id, holder).await?;
            if tx.execute(holder.texts().detach, &[&holder.id(), policy_arn]).await? == 0 {
                return Err(StoreError::Absent);
            }
            tx.write_audit(record).await
        })
    }

    /// At most ten, by ARN.
    pub async fn attached_policies(&self, holder: Holder<'_>) -> Result<Vec<PolicyArn>, StoreError> {
        let rows = self.engine.list::<Attached>(holder.texts().attached, &[&holder.id()]).await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }
}
