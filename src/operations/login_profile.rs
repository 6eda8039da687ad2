//! A user's password, set by somebody else: `CreateLoginProfile` and `UpdateLoginProfile`.

use super::context::{Authorized, Context, Demand, Operation};
use super::password::{ATTEMPTS, history_entry, judged};
use super::refusal::{changed_meanwhile, hashing_failure, no_login_profile, no_such_user, store_failure};
use crate::app::App;
use crate::crypto::identifier::one_time_password;
use crate::domain::action::Action;
use crate::domain::error::{Code, Error};
use crate::domain::password::TypedPassword;
use crate::domain::password_hash::PasswordHash;
use crate::domain::password_policy::PasswordRules;
use crate::domain::user::UserName;
use crate::store::StoreError;
use crate::store::login_profiles::{NewLoginProfile, PasswordFacts, PasswordReplacement};
use crate::store::users::UserRecord;
use serde_json::json;

/// A password for a user that has none.
#[derive(Debug, Clone)]
pub struct CreateLoginProfile {
    pub user_name: UserName,
    pub password: TypedPassword,
    pub password_reset_required: bool,
}

impl Operation for CreateLoginProfile {
    type Output = ();
    const NAME: &'static str = "CreateLoginProfile";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::CreateLoginProfile, cx.user_arn(&self.user_name).await?)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let facts = password_facts_of(cx, &self.user_name).await?;
        if facts.login_profile.is_some() {
            return Err(login_profile_exists(&self.user_name));
        }
        let new = judged(&facts, &self.password)?;
        let history_entry = history_entry(&cx.app, &facts, &new).await?;
        let hash = cx.app.hasher.hash(new).await.map_err(hashing_failure)?;
        let profile = login_profile(cx, hash, history_entry, self.password_reset_required);
        let parameters = parameters(&facts.user, self.password_reset_required);
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&facts.user.user_id);
        match cx.app.store.create_login_profile(&facts.user.user_id, &profile, cx.now, &record).await {
            Err(StoreError::AlreadyExists(_)) => Err(login_profile_exists(&self.user_name)),
            other => other.map_err(store_failure),
        }
    }
}

/// Another password for a user that has one: the way back in for who forgot it.
#[derive(Debug, Clone)]
pub struct UpdateLoginProfile {
    pub user_name: UserName,
    pub password: TypedPassword,
    pub password_reset_required: bool,
}

impl Operation for UpdateLoginProfile {
    type Output = ();
    const NAME: &'static str = "UpdateLoginProfile";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Action(Action::UpdateLoginProfile, cx.user_arn(&self.user_name).await?)])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        if self.attempt(cx).await? {
            return Ok(());
        }
        for _ in 1..ATTEMPTS {
            if self.attempt(&cx.renewed().await?).await? {
                return Ok(());
            }
        }
        Err(changed_meanwhile())
    }
}

impl UpdateLoginProfile {
    /// False: somebody else wrote first.
    async fn attempt(&self, cx: &Authorized<'_>) -> Result<bool, Error> {
        let facts = password_facts_of(cx, &self.user_name).await?;
        let Some(seen) = &facts.login_profile else { return Err(no_login_profile(&self.user_name)) };
        let new = judged(&facts, &self.password)?;
        let history_entry = history_entry(&cx.app, &facts, &new).await?;
        let hash = cx.app.hasher.hash(new).await.map_err(hashing_failure)?;
        let profile = login_profile(cx, hash, history_entry, self.password_reset_required);
        let replacement = PasswordReplacement {
            user_id: facts.user.user_id.clone(),
            version: seen.version,
            authorization_version: cx.authorization_version().unwrap_or(facts.account.authorization_version),
            hash: profile.hash,
            history_entry: profile.history_entry,
            at: cx.now,
            password_reset_required: self.password_reset_required,
            temporary_expires_at: profile.temporary_expires_at,
            untold: true,
            own_session: None,
        };
        let parameters = parameters(&facts.user, self.password_reset_required);
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&facts.user.user_id);
        match cx.app.store.replace_password(&replacement, &record).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(store_failure(error)),
        }
    }
}

/// A password that its owner has to change soon is temporary.
pub(super) fn login_profile(
    cx: &Context,
    hash: PasswordHash,
    history_entry: PasswordHash,
    reset: bool,
) -> NewLoginProfile {
    NewLoginProfile {
        hash,
        history_entry,
        password_reset_required: reset,
        temporary_expires_at: reset.then(|| cx.now + cx.app.lifetimes.temporary_password),
    }
}

async fn password_facts_of(cx: &Authorized<'_>, name: &UserName) -> Result<PasswordFacts, Error> {
    let user = cx.app.store.user(cx.account()?, name).await.map_err(store_failure)?;
    let user = user.ok_or_else(|| no_such_user(name))?;
    let facts = cx.app.store.password_facts(&user.user_id).await.map_err(store_failure)?;
    facts.ok_or_else(|| no_such_user(name))
}

fn parameters(user: &UserRecord, password_reset_required: bool) -> serde_json::Value {
    json!({ "userName": user.user_name.as_str(), "passwordResetRequired": password_reset_required })
}

fn login_profile_exists(name: &UserName) -> Error {
    Error::refused(Code::EntityAlreadyExists, format!("Login Profile for user {name} already exists."))
}

/// Long enough for any policy of up to 24 characters, else as long as the policy asks; of all four kinds.
pub fn generated_password(app: &App, rules: &PasswordRules) -> TypedPassword {
    let length = rules.minimum_length.max(24) as usize;
    TypedPassword::new(&one_time_password(&app.random, length))
}
