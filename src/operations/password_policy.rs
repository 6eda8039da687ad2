//! The account password policy. An update replaces the whole of it.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::store_failure;
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::password_policy::PasswordPolicy;
use serde_json::json;

/// The account's own policy; an account without one has none to show (P7).
#[derive(Debug, Clone, Copy)]
pub struct GetAccountPasswordPolicy;

impl Operation for GetAccountPasswordPolicy {
    type Output = PasswordPolicy;
    const NAME: &'static str = "GetAccountPasswordPolicy";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::GetAccountPasswordPolicy, Arn::any())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<PasswordPolicy, Error> {
        let account = cx.account()?;
        // Who is no operator was judged by a read that holds it.
        let policy = match cx.judged.permissions() {
            Some(own) => own.password_policy.clone(),
            None => cx.app.store.password_policy(account).await.map_err(store_failure)?,
        };
        let none = || format!("The Password Policy with domain name {account} cannot be found.");
        policy.ok_or_else(|| Error::refused(Code::NoSuchEntity, none()))
    }
}

/// A full replacement: what is left out has AWS's default again (P5).
#[derive(Debug, Clone)]
pub struct UpdateAccountPasswordPolicy {
    pub policy: PasswordPolicy,
}

impl Operation for UpdateAccountPasswordPolicy {
    type Output = ();
    const NAME: &'static str = "UpdateAccountPasswordPolicy";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::UpdateAccountPasswordPolicy, Arn::any())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        refuse_out_of_bounds(&self.policy)?;
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters(&self.policy));
        cx.app.store.put_password_policy(cx.account()?, &self.policy, &record).await.map_err(store_failure)
    }
}

fn refuse_out_of_bounds(policy: &PasswordPolicy) -> Result<(), Error> {
    let errors = policy.out_of_bounds();
    if errors.is_empty() {
        return Ok(());
    }
    let noun = if errors.len() == 1 { "error" } else { "errors" };
    let message = format!("{} validation {noun} detected: {}", errors.len(), errors.join("; "));
    Err(Error::refused(Code::ValidationError, message))
}

fn parameters(policy: &PasswordPolicy) -> serde_json::Value {
    json!({
        "minimumPasswordLength": policy.minimum_password_length,
        "requireSymbols": policy.require_symbols,
        "requireNumbers": policy.require_numbers,
        "requireUppercaseCharacters": policy.require_uppercase_characters,
        "requireLowercaseCharacters": policy.require_lowercase_characters,
        "allowUsersToChangePassword": policy.allow_users_to_change_password,
        "maxPasswordAge": policy.max_password_age,
        "passwordReusePrevention": policy.password_reuse_prevention,
        "hardExpiry": policy.hard_expiry,
    })
}

/// Back to the default policy.
#[derive(Debug, Clone, Copy)]
pub struct DeleteAccountPasswordPolicy;

impl Operation for DeleteAccountPasswordPolicy {
    type Output = ();
    const NAME: &'static str = "DeleteAccountPasswordPolicy";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::DeleteAccountPasswordPolicy, Arn::any())])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let record = cx.audit_record(Self::NAME);
        let deleted = cx.app.store.delete_password_policy(cx.account()?, &record).await.map_err(store_failure)?;
        let none = "The account policy with name PasswordPolicy cannot be found.";
        if deleted { Ok(()) } else { Err(Error::refused(Code::NoSuchEntity, none)) }
    }
}
