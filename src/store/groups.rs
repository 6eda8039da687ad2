//! User groups and who is in them. What they may do is in `policies`.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::{Constraint, StoreError};
use super::policies::{Holder, Number};
use super::users::{UserRecord, user_columns};
use crate::domain::account::AccountId;
use crate::domain::group::{GroupId, GroupName};
use crate::domain::page::{Page, Paged};
use crate::domain::quota::Quota;
use crate::domain::user::{Path, UserId};
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    pub group_id: GroupId,
    pub account_id: AccountId,
    pub group_name: GroupName,
    pub path: Path,
    pub created_at: OffsetDateTime,
    pub version: i64,
}

/// What stands in the way of deleting a group: of many members it is enough to have seen one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupBelongings {
    pub version: i64,
    pub members: i64,
    pub inline_policies: i64,
    pub attached_policies: i64,
}

macro_rules! group_columns {
    () => {
        "g.group_id, g.account_id AS group_account_id, g.group_name, g.path AS group_path, \
         g.created_at AS group_created_at, g.version AS group_version"
    };
}

pub(super) use group_columns;

statements! {
    CREATE = "INSERT INTO user_groups (group_id, account_id, group_name, group_name_folded, path, created_at, version) \
              VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (account_id, group_name_folded) DO NOTHING";
    BY_NAME = concat!(
        "SELECT ", group_columns!(), " FROM user_groups g WHERE g.account_id = $1 AND g.group_name_folded = $2"
    );
    OF_ACCOUNT = concat!(
        "SELECT ", group_columns!(), " FROM user_groups g WHERE g.account_id = $1 AND g.group_name_folded > $2 \
         ORDER BY g.group_name_folded LIMIT $3"
    );
    COUNT = "SELECT COUNT(*) AS number FROM user_groups WHERE account_id = $1";
    OF_USER = concat!(
        "SELECT ", group_columns!(), " FROM user_group_members m JOIN user_groups g ON g.group_id = m.group_id \
         WHERE m.user_id = $1 ORDER BY g.group_name_folded"
    );
    MEMBERS = concat!(
        "SELECT ", user_columns!(), " FROM user_group_members m JOIN users u ON u.user_id = m.user_id \
         WHERE m.group_id = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3"
    );
    UPDATE = "UPDATE user_groups SET group_name = $3, group_name_folded = $4, path = $5, version = version + 1 \
              WHERE group_id = $1 AND version = $2";
    MOVED = "UPDATE user_groups SET version = version + 1 WHERE group_id = $1";
    DELETE = "DELETE FROM user_groups WHERE group_id = $1 AND version = $2";
    BELONGINGS = "SELECT g.version AS group_version, \
                  (SELECT COUNT(*) FROM (SELECT user_id FROM user_group_members WHERE group_id = $1 LIMIT 1) AS one) AS members, \
                  (SELECT COUNT(*) FROM group_policies WHERE group_id = $1) AS inline_policies, \
                  (SELECT COUNT(*) FROM attached_group_policies WHERE group_id = $1) AS attached_policies \
                  FROM user_groups g WHERE g.group_id = $1";
    ADD = "INSERT INTO user_group_members (user_id, group_id, added_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    REMOVE = "DELETE FROM user_group_members WHERE user_id = $1 AND group_id = $2";
    COUNT_OF_USER = "SELECT COUNT(*) AS number FROM user_group_members WHERE user_id = $1";
}

impl Record for GroupRecord {
    const TABLE: &'static str = "user_groups";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            group_id: row.get("group_id")?,
            account_id: row.get("group_account_id")?,
            group_name: row.get("group_name")?,
            path: row.get("group_path")?,
            created_at: row.get("group_created_at")?,
            version: row.get("group_version")?,
        })
    }
}

impl Record for GroupBelongings {
    const TABLE: &'static str = "user_groups";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.get("group_version")?,
            members: row.get("members")?,
            inline_policies: row.get("inline_policies")?,
            attached_policies: row.get("attached_policies")?,
        })
    }
}

impl Tx {
    async fn move_group(&mut self, group_id: &GroupId) -> Result<(), StoreError> {
        match self.execute(MOVED, &[group_id]).await? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }
}

impl Store {
    /// `AlreadyExists(GroupName)`. The version of the record is not looked at: a new group has the first.
    pub async fn create_group(&self, group: &GroupRecord, record: &AuditRecord) -> Result<(), StoreError> {
        let GroupRecord { group_id, account_id, group_name, path, created_at, .. } = group;
        transaction!(self.engine, |tx| {
            if tx.execute(CREATE, &[group_id, account_id, group_name, &group_name.folded(), path, created_at]).await?
                == 0
            {
                return Err(StoreError::AlreadyExists(Constraint::GroupName));
            }
            tx.write_audit(record).await
        })
    }

    /// By name, in any case.
    pub async fn group(&self, account_id: &AccountId, name: &GroupName) -> Result<Option<GroupRecord>, StoreError> {
        self.engine.find(BY_NAME, &[account_id, &name.folded()]).await
    }

    /// By name, without regard to case; those whose path begins so. A piece looks through a thousand names at most.
    pub async fn groups(
        &self,
        account_id: &AccountId,
        path_prefix: &str,
        page: &Page,
    ) -> Result<Paged<GroupRecord>, StoreError> {
        let after = page.after.as_deref().unwrap_or_default();
        let limit = page.to_look_through(path_prefix == "/");
        let rows = self.engine.list(OF_ACCOUNT, &[account_id, &after, &limit]).await?;
        let fits = |group: &GroupRecord| group.path.as_str().starts_with(path_prefix);
        Ok(page.pick(rows, limit, fits, |group| group.group_name.folded()))
    }

    pub async fn count_groups(&self, account_id: &AccountId) -> Result<i64, StoreError> {
        Ok(self.engine.find::<Number>(COUNT, &[account_id]).await?.map_or(0, |count| count.0))
    }

    /// At most ten, by name.
    pub async fn groups_of(&self, user_id: &UserId) -> Result<Vec<GroupRecord>, StoreError> {
        self.engine.list(OF_USER, &[user_id]).await
    }

    /// By ID, so that a piece of a large group's list is read without the others.
    pub async fn members(&self, group_id: &GroupId, page: &Page) -> Result<Paged<UserRecord>, StoreError> {
        let after = page.after.as_deref().unwrap_or_default();
        let rows = self.engine.list(MEMBERS, &[group_id, &after, &(page.max_items + 1)]).await?;
        Ok(page.cut(rows, |user: &UserRecord| user.user_id.as_str().to_owned()))
    }

    /// Another name or path. `Conflict` where the group is not what was seen; `AlreadyExists(GroupName)`.
    pub async fn update_group(
        &self,
        seen: &GroupRecord,
        group_name: &GroupName,
        path: &Path,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(&seen.account_id).await?;
            let updated = tx
                .execute(UPDATE, &[&seen.group_id, &seen.version, group_name, &group_name.folded(), path])
                .await
                .map_err(|error| error.or_taken(Constraint::GroupName))?;
            if updated == 0 {
                return Err(StoreError::Conflict);
            }
            tx.write_audit(record).await
        })
    }

    /// What stands in the way of deleting the group.
    pub async fn group_belongings(&self, group_id: &GroupId) -> Result<Option<GroupBelongings>, StoreError> {
        self.engine.find(BELONGINGS, &[group_id]).await
    }

    /// With its policies and memberships. `Conflict` where the group is not what was seen.
    pub async fn delete_group(&self, group_id: &GroupId, version: i64, record: &AuditRecord) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization_of(Holder::Group(group_id)).await?;
            if tx.execute(DELETE, &[group_id, &version]).await? == 0 {
                return Err(StoreError::Conflict);
            }
            tx.write_audit(record).await
        })
    }

    /// Once is enough. `QuotaExceeded`; `Conflict` where either is gone.
    pub async fn add_user_to_group(
        &self,
        group: &GroupRecord,
        user_id: &UserId,
        at: OffsetDateTime,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(&group.account_id).await?;
            tx.move_user(user_id).await?;
            tx.move_group(&group.group_id).await?;
            tx.execute(ADD, &[user_id, &group.group_id, &at]).await?;
            let count = tx.find::<Number>(COUNT_OF_USER, &[user_id]).await?;
            if count.is_some_and(|count| count.0 > i64::from(Quota::GroupsPerUser.limit())) {
                return Err(StoreError::QuotaExceeded(Quota::GroupsPerUser));
            }
            tx.write_audit(record).await
        })
    }

    /// `Absent` where the user is not in the group.
    pub async fn remove_user_from_group(
        &self,
        group: &GroupRecord,
        user_id: &UserId,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.move_authorization(&group.account_id).await?;
            if tx.execute(REMOVE, &[user_id, &group.group_id]).await? == 0 {
                return Err(StoreError::Absent);
            }
            tx.write_audit(record).await
        })
    }
}
