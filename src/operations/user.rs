//! IAM users and the permissions that are theirs alone.

use super::context::{Authorized, Context, Demand, Operation};
use super::password::{login_profile, policy_violation};
use super::refusal::{hashing_failure, no_such_user, store_failure};
use crate::crypto::identifier;
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::login_profile::LoginProfile;
use crate::domain::managed_policy::{IAM_USER_CHANGE_PASSWORD, aws_managed_policy};
use crate::domain::password::TypedPassword;
use crate::domain::password_policy::PasswordRules;
use crate::domain::policy::PolicyDocument;
use crate::domain::user::{Path, UserName};
use crate::store::StoreError;
use crate::store::audit::AuditRecord;
use crate::store::login_profiles::{LoginProfileRecord, NewLoginProfile};
use crate::store::users::{NewUser, UserRecord};
use serde_json::json;
use time::OffsetDateTime;

/// A user, with its password and permissions, at one stroke.
#[derive(Debug, Clone)]
pub struct CreateUser {
    pub user_name: UserName,
    pub path: Path,
    pub login_profile: Option<FirstPassword>,
    /// Name and document.
    pub inline_policies: Vec<(String, String)>,
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
            (self.login_profile.is_some(), Action::CreateLoginProfile),
            (!self.inline_policies.is_empty(), Action::PutUserPolicy),
            (!self.attached_policies.is_empty() || self.must_reset(), Action::AttachUserPolicy),
        ];
        let needed = all.into_iter().filter(|(needed, _)| *needed);
        Ok(needed.map(|(_, action)| Demand::Action(action, arn.clone())).collect())
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<UserCreated, Error> {
        for (_, document) in &self.inline_policies {
            well_formed(document)?;
        }
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
        };
        match cx.app.store.create_user(&user, &self.records(cx, &user)).await {
            Ok(()) => self.created(cx, change_password_attached).await,
            Err(StoreError::AlreadyExists(_)) => Err(user_exists(&self.user_name)),
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
        let violations = rules.violations(&first.password, cx.account()?, alias.as_ref());
        if !violations.is_empty() {
            return Err(policy_violation(violations));
        }
        let password = first.password.password().map_err(policy_violation)?;
        let remembered = cx.app.hasher.remember(password.clone(), Vec::new()).await.map_err(hashing_failure)?;
        let hash = cx.app.hasher.hash(password).await.map_err(hashing_failure)?;
        Ok(Some(login_profile(cx, hash, remembered.entry, first.password_reset_required)))
    }

    /// One for each act, as if each had been a request of its own.
    fn records(&self, cx: &Authorized<'_>, user: &NewUser) -> Vec<AuditRecord> {
        let name = user.user_name.as_str();
        let mut records =
            vec![cx.audit_record(Self::NAME).with_parameters(&json!({ "userName": name, "path": user.path.as_str() }))];
        if let Some(profile) = &user.login_profile {
            let parameters = json!({ "userName": name, "passwordResetRequired": profile.password_reset_required });
            records.push(cx.audit_record("CreateLoginProfile").with_parameters(&parameters));
        }
        for (policy, _) in &user.inline_policies {
            let parameters = json!({ "userName": name, "policyName": policy });
            records.push(cx.audit_record("PutUserPolicy").with_parameters(&parameters));
        }
        for arn in &user.attached_policies {
            let parameters = json!({ "userName": name, "policyArn": arn });
            records.push(cx.audit_record("AttachUserPolicy").with_parameters(&parameters));
        }
        records.into_iter().map(|record| record.about(&user.user_id)).collect()
    }

    async fn created(&self, cx: &Authorized<'_>, change_password_attached: bool) -> Result<UserCreated, Error> {
        let user = find(cx, &self.user_name).await?;
        let arn = Arn::user(&user.account_id, &user.path, &user.user_name);
        Ok(UserCreated { user, arn, change_password_attached })
    }
}

/// One user; without a name, the caller.
#[derive(Debug, Clone, Default)]
pub struct GetUser {
    pub user_name: Option<UserName>,
}

/// A user, and what there is to know of its password.
#[derive(Debug, Clone)]
pub struct UserFound {
    pub user: UserRecord,
    pub arn: Arn,
    pub login_profile: Option<LoginProfile>,
    pub password_expires_at: Option<OffsetDateTime>,
    /// Within 15 days of the expiry: whole days left.
    pub days_to_warn_of: Option<i64>,
}

impl GetUser {
    fn name<'a>(&'a self, cx: &'a Context) -> Result<&'a UserName, Error> {
        match (&self.user_name, cx.caller.user()) {
            (Some(name), _) => Ok(name),
            (None, Some(user)) => Ok(&user.user_name),
            (None, None) => {
                Err(Error::refused(Code::ValidationError, "Must specify userName when calling with non-User credentials"))
            }
        }
    }
}

impl Operation for GetUser {
    type Output = UserFound;
    const NAME: &'static str = "GetUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::GetUser, cx.user_arn(self.name(cx)?).await?)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<UserFound, Error> {
        let name = self.name(cx)?;
        let facts = cx.app.store.sign_in_facts(cx.account()?, name).await.map_err(store_failure)?;
        let facts = facts.ok_or_else(|| no_such_user(name))?;
        let login_profile = facts.login_profile.as_ref().map(LoginProfileRecord::login_profile);
        let policy = facts.password_policy.as_ref();
        Ok(UserFound {
            arn: Arn::user(&facts.user.account_id, &facts.user.path, &facts.user.user_name),
            login_profile,
            password_expires_at: login_profile.and_then(|profile| profile.expires_at(policy)),
            days_to_warn_of: login_profile.and_then(|profile| profile.days_to_warn_of(policy, cx.now)),
            user: facts.user,
        })
    }
}

/// All users of the account, by name.
#[derive(Debug, Clone, Copy)]
pub struct ListUsers;

impl Operation for ListUsers {
    type Output = Vec<UserRecord>;
    const NAME: &'static str = "ListUsers";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::ListUsers, Arn::any_user(cx.account()?))])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Vec<UserRecord>, Error> {
        cx.app.store.users(cx.account()?).await.map_err(store_failure)
    }
}

/// The user, its password, policies and sessions.
#[derive(Debug, Clone)]
pub struct DeleteUser {
    pub user_name: UserName,
}

impl Operation for DeleteUser {
    type Output = ();
    const NAME: &'static str = "DeleteUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::DeleteUser, cx.user_arn(&self.user_name).await?)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let user = find(cx, &self.user_name).await?;
        let record = cx.audit_record(Self::NAME).with_parameters(&json!({ "userName": user.user_name.as_str() }));
        let record = record.about(&user.user_id);
        cx.app.store.delete_user(&user.user_id, user.version, &record).await.map_err(store_failure)
    }
}

/// An inline policy, made or replaced.
#[derive(Debug, Clone)]
pub struct PutUserPolicy {
    pub user_name: UserName,
    pub policy_name: String,
    pub policy_document: String,
}

impl Operation for PutUserPolicy {
    type Output = ();
    const NAME: &'static str = "PutUserPolicy";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::PutUserPolicy, cx.user_arn(&self.user_name).await?)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        well_formed(&self.policy_document)?;
        let user = find(cx, &self.user_name).await?;
        let parameters = json!({ "userName": user.user_name.as_str(), "policyName": self.policy_name });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&user.user_id);
        let store = &cx.app.store;
        store.put_user_policy(&user.user_id, &self.policy_name, &self.policy_document, &record).await.map_err(store_failure)
    }
}

/// A managed policy, attached; once is enough.
#[derive(Debug, Clone)]
pub struct AttachUserPolicy {
    pub user_name: UserName,
    pub policy_arn: String,
}

impl Operation for AttachUserPolicy {
    type Output = ();
    const NAME: &'static str = "AttachUserPolicy";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::AttachUserPolicy, cx.user_arn(&self.user_name).await?)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        if aws_managed_policy(&self.policy_arn).is_none() {
            let message = format!("Policy {} does not exist or is not attachable.", self.policy_arn);
            return Err(Error::refused(Code::NoSuchEntity, message));
        }
        let user = find(cx, &self.user_name).await?;
        let parameters = json!({ "userName": user.user_name.as_str(), "policyArn": self.policy_arn });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&user.user_id);
        let store = &cx.app.store;
        store.attach_user_policy(&user.user_id, &self.policy_arn, cx.now, &record).await.map_err(store_failure)
    }
}

impl Context {
    /// The ARN of a user of the request's account; an unknown name gives the ARN without a path.
    pub(super) async fn user_arn(&self, name: &UserName) -> Result<Arn, Error> {
        let account = self.account()?;
        let user = self.app.store.user(account, name).await.map_err(store_failure)?;
        Ok(match user {
            Some(user) => Arn::user(account, &user.path, &user.user_name),
            None => Arn::user(account, &Path::root(), name),
        })
    }
}

async fn find(cx: &Authorized<'_>, name: &UserName) -> Result<UserRecord, Error> {
    let user = cx.app.store.user(cx.account()?, name).await.map_err(store_failure)?;
    user.ok_or_else(|| no_such_user(name))
}

fn well_formed(document: &str) -> Result<(), Error> {
    match PolicyDocument::parse(document) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::refused(Code::MalformedPolicyDocument, error.message())),
    }
}

fn user_exists(name: &UserName) -> Error {
    Error::refused(Code::EntityAlreadyExists, format!("User with name {name} already exists."))
}
