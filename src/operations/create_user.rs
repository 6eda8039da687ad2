//! `CreateUser`, with the user's password and permissions in the same transaction: nobody ever sees half a user.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::inline_policy::{too_long, well_formed};
use super::login_profile::login_profile;
use super::password::{first_hashes, policy_violation};
use super::refusal::store_failure;
use super::user::user_exists;
use super::user_tag::{recorded, refuse_duplicate_keys};
use crate::crypto::identifier;
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::managed_policy::IAM_USER_CHANGE_PASSWORD;
use crate::domain::name::PolicyName;
use crate::domain::password::TypedPassword;
use crate::domain::password_policy::PasswordRules;
use crate::domain::quota::Quota;
use crate::domain::refused_words::Owner;
use crate::domain::tag::Tag;
use crate::domain::user::{Path, UserName};
use crate::store::StoreError;
use crate::store::audit::AuditRecord;
use crate::store::login_profiles::NewLoginProfile;
use crate::store::users::{NewUser, UserRecord};
use serde_json::json;

/// A user, with its password and permissions, at one stroke.
#[derive(Debug, Clone)]
pub struct CreateUser {
    pub user_name: UserName,
    pub path: Path,
    pub tags: Vec<Tag>,
    pub login_profile: Option<FirstPassword>,
    /// Name and document.
    pub inline_policies: Vec<(PolicyName, String)>,
    /// ARNs of managed policies.
    pub attached_policies: Vec<String>,
}

/// The password of a new user.
#[derive(Debug, Clone)]
pub struct FirstPassword {
    pub password: TypedPassword,
    pub password_reset_required: bool,
}

/// A new user, and what was done for it unasked.
#[derive(Debug, Clone)]
pub struct UserCreated {
    pub user: UserRecord,
    pub arn: Arn,
    pub tags: Vec<Tag>,
    /// A user who must change the password has to be allowed to (C12).
    pub change_password_attached: bool,
}

impl Operation for CreateUser {
    type Output = UserCreated;
    const NAME: &'static str = "CreateUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        let arn = Arn::user(cx.account()?, &self.path, &self.user_name);
        let all = [
            (true, Action::CreateUser),
            (!self.tags.is_empty(), Action::TagUser),
            (self.login_profile.is_some(), Action::CreateLoginProfile),
            (!self.inline_policies.is_empty(), Action::PutUserPolicy),
        ];
        let needed = all.into_iter().filter(|(needed, _)| *needed);
        let needed = needed.map(|(_, action)| Demand::on(action, arn.clone()).bringing(&self.tags));
        let unasked = self.must_reset().then_some(IAM_USER_CHANGE_PASSWORD.arn);
        let attached = self.attached_policies.iter().map(String::as_str).chain(unasked);
        let attached = attached.map(|policy| Demand::on(Action::AttachUserPolicy, arn.clone()).naming_policy(policy));
        Ok(needed.chain(attached).collect())
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<UserCreated, Error> {
        for (at, (name, document)) in self.inline_policies.iter().enumerate() {
            well_formed(document)?;
            if self.inline_policies[..at].iter().any(|(earlier, _)| earlier == name) {
                let message = format!("Two inline policies have the name {name}. Give each a name of its own.");
                return Err(Error::refused(Code::ValidationError, message));
            }
        }
        refuse_duplicate_keys(self.tags.iter().map(|tag| &tag.key))?;
        let account = cx.account()?;
        let policy = cx.app.store.password_policy(account).await.map_err(store_failure)?;
        let everybody_may = policy.as_ref().is_some_and(|policy| policy.allow_users_to_change_password);
        let mut attached_policies = self.attached_policies.clone();
        let change_password_attached = self.must_reset() && !everybody_may;
        if change_password_attached {
            attached_policies.push(IAM_USER_CHANGE_PASSWORD.arn.to_owned());
        }
        let user = NewUser {
            user_id: identifier::user_id(&cx.app.random),
            account_id: account.clone(),
            user_name: self.user_name.clone(),
            path: self.path.clone(),
            at: cx.now,
            login_profile: self.hashed_profile(cx, &PasswordRules::of(policy.as_ref())).await?,
            inline_policies: self.inline_policies.clone(),
            attached_policies,
            tags: self.tags.clone(),
        };
        match cx.app.store.create_user(&user, &Self::records(cx, &user)).await {
            Ok(()) => Ok(self.created(user, change_password_attached)),
            Err(StoreError::AlreadyExists(_)) => Err(user_exists(&self.user_name)),
            Err(StoreError::QuotaExceeded(quota @ Quota::UserPolicySize)) => {
                Err(too_long(quota, "user", self.user_name.as_str()))
            }
            Err(error) => Err(store_failure(error)),
        }
    }
}

impl CreateUser {
    fn must_reset(&self) -> bool {
        self.login_profile.as_ref().is_some_and(|first| first.password_reset_required)
    }

    async fn hashed_profile(
        &self,
        cx: &Authorized<'_>,
        rules: &PasswordRules,
    ) -> Result<Option<NewLoginProfile>, Error> {
        let Some(first) = &self.login_profile else { return Ok(None) };
        let account = cx.app.store.account_by_id(cx.account()?).await.map_err(store_failure)?;
        let alias = account.and_then(|account| account.alias);
        let owner = Owner { user_name: &self.user_name, account_id: cx.account()?, account_alias: alias.as_ref() };
        let violations = rules.violations(&first.password, &owner, &cx.app.refused_words);
        if !violations.is_empty() {
            return Err(policy_violation(violations));
        }
        let password = first.password.password().map_err(policy_violation)?;
        let hashed = first_hashes(&cx.app, &password).await?;
        Ok(Some(login_profile(cx, hashed, first.password_reset_required, None)))
    }

    /// One for each act, as if each had been a request of its own.
    fn records(cx: &Authorized<'_>, user: &NewUser) -> Vec<AuditRecord> {
        let name = user.user_name.as_str();
        let mut parameters = json!({ "userName": name, "path": user.path.as_str() });
        if !user.tags.is_empty() {
            parameters["tags"] = json!(recorded(&user.tags));
        }
        let mut records = vec![cx.audit_record(Self::NAME).with_parameters(&parameters)];
        if let Some(profile) = &user.login_profile {
            let parameters = json!({ "userName": name, "passwordResetRequired": profile.password_reset_required });
            records.push(cx.audit_record("CreateLoginProfile").with_parameters(&parameters));
        }
        for (policy, document) in &user.inline_policies {
            let parameters = json!({ "userName": name, "policyName": policy.as_str(), "policyDocument": document });
            records.push(cx.audit_record("PutUserPolicy").with_parameters(&parameters));
        }
        for arn in &user.attached_policies {
            let parameters = json!({ "userName": name, "policyArn": arn });
            records.push(cx.audit_record("AttachUserPolicy").with_parameters(&parameters));
        }
        records.into_iter().map(|record| record.about(&user.user_id)).collect()
    }

    /// As it was written: to read it back could fail, after all is done.
    fn created(&self, user: NewUser, change_password_attached: bool) -> UserCreated {
        let user = UserRecord {
            user_id: user.user_id,
            account_id: user.account_id,
            user_name: user.user_name,
            path: user.path,
            created_at: user.at,
            session_epoch: 1,
            password_last_used_at: None,
            version: 1,
        };
        UserCreated { arn: user.arn(), user, tags: self.tags.clone(), change_password_attached }
    }
}
