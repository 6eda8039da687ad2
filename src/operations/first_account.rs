//! The account that the first start makes, with its administrator.

use super::account::new_account;
use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::login_profile::{generated_password, login_profile};
use super::password::first_hashes;
use super::refusal::store_failure;
use crate::crypto::identifier;
use crate::domain::account::{AccountAlias, AccountId};
use crate::domain::error::Error;
use crate::domain::managed_policy::{ADMINISTRATOR_ACCESS, IAM_USER_CHANGE_PASSWORD};
use crate::domain::password::TypedPassword;
use crate::domain::password_policy::PasswordRules;
use crate::domain::user::{Path, UserName};
use crate::store::users::NewUser;
use serde_json::json;

/// The first account's administrator.
pub const FIRST_USER_NAME: &str = "admin";

/// The first account and its administrator, on a server that has none. The password is made beforehand, so that it can
/// be put where a person finds it before anything depends on it.
#[derive(Debug, Clone)]
pub struct CreateFirstAccount {
    pub account_id: AccountId,
    pub account_alias: AccountAlias,
    pub user_name: UserName,
    pub password: TypedPassword,
}

impl CreateFirstAccount {
    pub fn planned(cx: &Context, account_alias: AccountAlias) -> Result<Self, Error> {
        Ok(Self {
            account_id: identifier::account_id(&cx.app.random),
            account_alias,
            user_name: UserName::parse(FIRST_USER_NAME).map_err(Error::failed)?,
            password: generated_password(&cx.app, &PasswordRules::of(None)),
        })
    }
}

impl Operation for CreateFirstAccount {
    /// False where another process was first.
    type Output = bool;
    const NAME: &'static str = "CreateAccount";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Operator])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<bool, Error> {
        let password =
            self.password.password().map_err(|_| Error::failed("the generated password is not a password"))?;
        let hashed = first_hashes(&cx.app, &password).await?;
        let account = new_account(cx, &self.account_alias, Some(self.account_id.clone()));
        let administrator = NewUser {
            user_id: identifier::user_id(&cx.app.random),
            account_id: self.account_id.clone(),
            user_name: self.user_name.clone(),
            path: Path::root(),
            at: cx.now,
            login_profile: Some(login_profile(cx, hashed, true, None)),
            inline_policies: Vec::new(),
            attached_policies: vec![ADMINISTRATOR_ACCESS.arn.to_owned(), IAM_USER_CHANGE_PASSWORD.arn.to_owned()],
            tags: Vec::new(),
        };
        let parameters = json!({ "accountAlias": self.account_alias.as_str(), "userName": self.user_name.as_str() });
        let mut record = cx.audit_record(Self::NAME).with_parameters(&parameters);
        record.account_id = Some(self.account_id.clone());
        cx.app.store.create_first_account(&account, &administrator, &[record]).await.map_err(store_failure)
    }
}
