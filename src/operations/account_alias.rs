//! The account's alias. There is one at most; alias and ID never look alike.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::store_failure;
use crate::domain::account::AccountAlias;
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::page::{Page, Paged};
use crate::store::StoreError;
use serde_json::json;

/// In the place of the one that the account may have.
#[derive(Debug, Clone)]
pub struct CreateAccountAlias {
    pub account_alias: AccountAlias,
}

impl Operation for CreateAccountAlias {
    type Output = ();
    const NAME: &'static str = "CreateAccountAlias";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::CreateAccountAlias, Arn::any())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let alias = &self.account_alias;
        let record = cx.audit_record(Self::NAME).with_parameters(&json!({ "accountAlias": alias.as_str() }));
        match cx.app.store.set_account_alias(cx.account()?, alias, &record).await {
            Err(StoreError::AlreadyExists(_)) => {
                Err(Error::refused(Code::EntityAlreadyExists, format!("The account alias {alias} already exists.")))
            }
            other => other.map_err(store_failure),
        }
    }
}

/// One or none.
#[derive(Debug, Clone)]
pub struct ListAccountAliases {
    pub page: Page,
}

impl Operation for ListAccountAliases {
    type Output = Paged<AccountAlias>;
    const NAME: &'static str = "ListAccountAliases";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::ListAccountAliases, Arn::any())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<AccountAlias>, Error> {
        let account = cx.app.store.account_by_id(cx.account()?).await.map_err(store_failure)?;
        let aliases = account.and_then(|account| account.alias).into_iter().collect();
        Ok(self.page.of(aliases, |alias| alias.as_str().to_owned()))
    }
}

/// The account then goes by its ID alone.
#[derive(Debug, Clone)]
pub struct DeleteAccountAlias {
    pub account_alias: AccountAlias,
}

impl Operation for DeleteAccountAlias {
    type Output = ();
    const NAME: &'static str = "DeleteAccountAlias";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::DeleteAccountAlias, Arn::any())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let alias = &self.account_alias;
        let record = cx.audit_record(Self::NAME).with_parameters(&json!({ "accountAlias": alias.as_str() }));
        match cx.app.store.delete_account_alias(cx.account()?, alias, &record).await {
            Err(StoreError::Absent) => {
                Err(Error::refused(Code::NoSuchEntity, format!("The account alias with name {alias} cannot be found.")))
            }
            other => other.map_err(store_failure),
        }
    }
}
