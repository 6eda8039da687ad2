//! Accounts, and the first of them.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::{Constraint, StoreError};
use super::policies::Holder;
use super::users::NewUser;
use crate::domain::account::{AccountAlias, AccountId};
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    pub account_id: AccountId,
    pub alias: Option<AccountAlias>,
    /// 64 hexadecimal digits.
    pub canonical_user_id: String,
    pub created_at: OffsetDateTime,
    /// Moved by every write that decides what somebody of the account may do, or what a password must be.
    pub authorization_version: i64,
}

#[derive(Debug, Clone)]
pub struct NewAccount {
    pub account_id: AccountId,
    pub alias: Option<AccountAlias>,
    pub canonical_user_id: String,
    pub at: OffsetDateTime,
}

/// The columns of `accounts a`, under names that fit beside other tables' columns.
macro_rules! account_columns {
    () => {
        "a.account_id, a.alias, a.canonical_user_id, a.created_at AS account_created_at, a.authorization_version"
    };
}

pub(super) use account_columns;

statements! {
    BY_ID = concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.account_id = $1");
    BY_ALIAS = concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.alias = $1");
    ALL = concat!("SELECT ", account_columns!(), " FROM accounts a ORDER BY a.account_id");
    ANY = concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.account_id > '' ORDER BY a.account_id LIMIT 1");
    CREATE = "INSERT INTO accounts (account_id, alias, canonical_user_id, created_at, authorization_version) \
              VALUES ($1, $2, $3, $4, 1) ON CONFLICT DO NOTHING";
    /// One row that only one of many can insert: of two processes that start at once, the second waits for the first.
    CLAIM_FIRST = "INSERT INTO installation (name, value) VALUES ('first_account', $1) ON CONFLICT (name) DO NOTHING";
    SET_ALIAS = "UPDATE accounts SET alias = $2, authorization_version = authorization_version + 1 WHERE account_id = $1";
    DROP_ALIAS = "UPDATE accounts SET alias = NULL, authorization_version = authorization_version + 1 \
                  WHERE account_id = $1 AND alias = $2";
    AUTHORIZATION_MOVED = "UPDATE accounts SET authorization_version = authorization_version + 1 WHERE account_id = $1";
    MOVED_BY_USER = "UPDATE accounts SET authorization_version = authorization_version + 1 \
                     WHERE account_id = (SELECT account_id FROM users WHERE user_id = $1)";
    MOVED_BY_GROUP = "UPDATE accounts SET authorization_version = authorization_version + 1 \
                      WHERE account_id = (SELECT account_id FROM user_groups WHERE group_id = $1)";
}

impl Record for AccountRecord {
    const TABLE: &'static str = "accounts";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            account_id: row.get("account_id")?,
            alias: row.get("alias")?,
            canonical_user_id: row.get("canonical_user_id")?,
            created_at: row.get("account_created_at")?,
            authorization_version: row.get("authorization_version")?,
        })
    }
}

impl Tx {
    /// What authorisation or the password rules read has changed.
    pub(super) async fn move_authorization(&mut self, account_id: &AccountId) -> Result<(), StoreError> {
        match self.execute(AUTHORIZATION_MOVED, &[account_id]).await? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }

    /// The same for the account of a user or group that ends: with it ends what it allowed.
    pub(super) async fn move_authorization_of(&mut self, holder: Holder<'_>) -> Result<(), StoreError> {
        let moved = match holder {
            Holder::User(user_id) => self.execute(MOVED_BY_USER, &[user_id]).await?,
            Holder::Group(group_id) => self.execute(MOVED_BY_GROUP, &[group_id]).await?,
        };
        if moved == 0 { Err(StoreError::Conflict) } else { Ok(()) }
    }

    /// Whether this is the first account that this installation ever made.
    async fn claim_first(&mut self, account: &NewAccount) -> Result<bool, StoreError> {
        Ok(self.execute(CLAIM_FIRST, &[&account.account_id]).await? == 1)
    }

    async fn insert_account(&mut self, account: &NewAccount) -> Result<(), StoreError> {
        let NewAccount { account_id, alias, canonical_user_id, at } = account;
        if self.execute(CREATE, &[account_id, alias, canonical_user_id, at]).await? == 1 {
            return Ok(());
        }
        let taken = self.find::<AccountRecord>(BY_ID, &[account_id]).await?;
        let constraint = if taken.is_some() { Constraint::AccountId } else { Constraint::AccountAlias };
        Err(StoreError::AlreadyExists(constraint))
    }
}

impl Store {
    pub async fn account_by_id(&self, account_id: &AccountId) -> Result<Option<AccountRecord>, StoreError> {
        self.engine.find(BY_ID, &[account_id]).await
    }

    pub async fn account_by_alias(&self, alias: &AccountAlias) -> Result<Option<AccountRecord>, StoreError> {
        self.engine.find(BY_ALIAS, &[alias]).await
    }

    pub async fn accounts(&self) -> Result<Vec<AccountRecord>, StoreError> {
        self.engine.list(ALL, &[]).await
    }

    pub async fn any_account(&self) -> Result<bool, StoreError> {
        Ok(self.engine.find::<AccountRecord>(ANY, &[]).await?.is_some())
    }

    /// In the place of the one that it may have. `AlreadyExists(AccountAlias)` where another account has it.
    pub async fn set_account_alias(
        &self,
        account_id: &AccountId,
        alias: &AccountAlias,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            let set = tx.execute(SET_ALIAS, &[account_id, alias]).await;
            match set.map_err(|error| error.or_taken(Constraint::AccountAlias))? {
                0 => Err(StoreError::Conflict),
                _ => tx.write_audit(record).await,
            }
        })
    }

    /// `Absent` where the account does not have this alias.
    pub async fn delete_account_alias(
        &self,
        account_id: &AccountId,
        alias: &AccountAlias,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            match tx.execute(DROP_ALIAS, &[account_id, alias]).await? {
                0 => Err(StoreError::Absent),
                _ => tx.write_audit(record).await,
            }
        })
    }

    /// `AlreadyExists`: the ID or the alias, or the name of the user, is taken.
    pub async fn create_account(
        &self,
        account: &NewAccount,
        user: Option<&NewUser>,
        records: &[AuditRecord],
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            tx.claim_first(account).await?;
            tx.insert_account(account).await?;
            if let Some(user) = user {
                tx.insert_user(user).await?;
            }
            tx.write_audits(records).await
        })
    }

    /// An account and its administrator where there never was an account; false, and nothing changed, where there was.
    pub async fn create_first_account(
        &self,
        account: &NewAccount,
        administrator: &NewUser,
        records: &[AuditRecord],
    ) -> Result<bool, StoreError> {
        transaction!(self.engine, |tx| {
            if !tx.claim_first(account).await? {
                return Ok(false);
            }
            tx.insert_account(account).await?;
            tx.insert_user(administrator).await?;
            tx.write_audits(records).await?;
            Ok(true)
        })
    }
}
