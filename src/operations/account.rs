//! Accounts. No IAM action makes one: only an operator of the server does.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::store_failure;
use crate::crypto::identifier;
use crate::domain::account::{AccountAlias, AccountId};
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::store::StoreError;
use crate::store::accounts::{AccountRecord, NewAccount};
use serde_json::json;

/// An empty account; without an ID, a random one.
#[derive(Debug, Clone)]
pub struct CreateAccount {
    pub account_alias: AccountAlias,
    pub account_id: Option<AccountId>,
}

impl Operation for CreateAccount {
    type Output = AccountId;
    const NAME: &'static str = "CreateAccount";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Operator])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<AccountId, Error> {
        let account = new_account(cx, &self.account_alias, self.account_id.clone());
        let parameters = json!({ "accountAlias": self.account_alias.as_str() });
        let mut record = cx.audit_record(Self::NAME).with_parameters(&parameters);
        record.account_id = Some(account.account_id.clone());
        match cx.app.store.create_account(&account, None, &[record]).await {
            Ok(()) => Ok(account.account_id),
            Err(StoreError::AlreadyExists(_)) => Err(Error::refused(
                Code::EntityAlreadyExists,
                format!("The account alias {} or the account ID already exists.", self.account_alias),
            )),
            Err(error) => Err(store_failure(error)),
        }
    }
}

pub(super) fn new_account(cx: &Context, alias: &AccountAlias, id: Option<AccountId>) -> NewAccount {
    NewAccount {
        account_id: id.unwrap_or_else(|| identifier::account_id(&cx.app.random)),
        alias: Some(alias.clone()),
        canonical_user_id: identifier::canonical_user_id(&cx.app.random),
        at: cx.now,
    }
}

/// Every account of this server.
#[derive(Debug, Clone, Copy)]
pub struct ListAccounts;

impl Operation for ListAccounts {
    type Output = Vec<AccountRecord>;
    const NAME: &'static str = "ListAccounts";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Operator])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Vec<AccountRecord>, Error> {
        cx.app.store.accounts().await.map_err(store_failure)
    }
}

/// How much there is of everything in the account.
#[derive(Debug, Clone, Copy)]
pub struct GetAccountSummary;

/// What the account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSummary {
    pub users: i64,
    pub groups: i64,
    /// Customer-managed ones.
    pub policies: i64,
}

impl Operation for GetAccountSummary {
    type Output = AccountSummary;
    const NAME: &'static str = "GetAccountSummary";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::GetAccountSummary, Arn::any())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<AccountSummary, Error> {
        let (store, account) = (&cx.app.store, cx.account()?);
        Ok(AccountSummary {
            users: store.count_users(account).await.map_err(store_failure)?,
            groups: store.count_groups(account).await.map_err(store_failure)?,
            policies: store.count_managed_policies(account).await.map_err(store_failure)?,
        })
    }
}

/// What S3 calls the account. A page needs `iam:GetAccountSummary` to show it (V2); counting the account's users for that
/// would make every view of the page cost what a whole summary costs.
#[derive(Debug, Clone, Copy)]
pub struct GetCanonicalUserId;

impl Operation for GetCanonicalUserId {
    /// 64 hexadecimal digits.
    type Output = String;
    const NAME: &'static str = "GetAccountSummary";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::GetAccountSummary, Arn::any())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<String, Error> {
        let account = cx.app.store.account_by_id(cx.account()?).await.map_err(store_failure)?;
        let gone = || Error::refused(Code::NoSuchEntity, "The account cannot be found.");
        Ok(account.ok_or_else(gone)?.canonical_user_id)
    }
}
