//! A user's password, as somebody else sees and sets it. What the owner does is `password`.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::password::{Hashes, hashes_of, judged};
use super::refusal::{no_login_profile, no_such_user, store_failure};
use super::throttle::user_key;
use super::user::find;
use crate::app::App;
use crate::crypto::identifier::one_time_password;
use crate::domain::action::Action;
use crate::domain::error::{Code, Error};
use crate::domain::password::TypedPassword;
use crate::domain::password_policy::PasswordRules;
use crate::domain::user::UserName;
use crate::store::StoreError;
use crate::store::audit::AuditRecord;
use crate::store::login_profiles::{LoginProfileRecord, NewLoginProfile, PasswordFacts, PasswordReplacement};
use crate::store::users::UserRecord;
use serde_json::json;
use time::OffsetDateTime;

/// A password for a user that has none; without a name, for the caller.
#[derive(Debug, Clone)]
pub struct CreateLoginProfile {
    pub user_name: Option<UserName>,
    pub password: TypedPassword,
    pub password_reset_required: bool,
}

/// A user's password, from the outside.
#[derive(Debug, Clone)]
pub struct LoginProfileFound {
    pub user_name: UserName,
    pub created_at: OffsetDateTime,
    pub password_reset_required: bool,
}

impl Operation for CreateLoginProfile {
    type Output = LoginProfileFound;
    const NAME: &'static str = "CreateLoginProfile";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::CreateLoginProfile, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<LoginProfileFound, Error> {
        cx.until_settled(self, async |cx| self.attempt(cx).await).await
    }
}

impl CreateLoginProfile {
    async fn attempt(&self, cx: &Authorized<'_>) -> Result<Option<LoginProfileFound>, Error> {
        let facts = password_facts_of(cx, cx.name_or_own(self.user_name.as_ref())?).await?;
        let user_name = facts.user.user_name.clone();
        if facts.login_profile.is_some() {
            return Err(login_profile_exists(&user_name));
        }
        let new = judged(&cx.app, &facts, &self.password)?;
        let hashed = hashes_of(&cx.app, &facts, &new, (None, None)).await?;
        let throttle_key = Some(user_key(&cx.app, &facts.user.user_id));
        let profile = login_profile(cx, hashed, self.password_reset_required, throttle_key);
        let parameters = parameters(&facts.user, self.password_reset_required);
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&facts.user.user_id);
        let seen = facts.account.authorization_version;
        let demanded = cx.authorization_version().unwrap_or(seen);
        match cx.app.store.create_login_profile(&facts.user.user_id, demanded, &profile, cx.now, &record).await {
            Ok(()) => Ok(Some(LoginProfileFound {
                user_name,
                created_at: cx.now,
                password_reset_required: self.password_reset_required,
            })),
            Err(StoreError::Conflict) => Ok(None),
            Err(StoreError::AlreadyExists(_)) => Err(login_profile_exists(&user_name)),
            Err(error) => Err(store_failure(error)),
        }
    }
}

/// Whether a user has a password, and since when; without a name, the caller.
#[derive(Debug, Clone)]
pub struct GetLoginProfile {
    pub user_name: Option<UserName>,
}

impl Operation for GetLoginProfile {
    type Output = LoginProfileFound;
    const NAME: &'static str = "GetLoginProfile";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::GetLoginProfile, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<LoginProfileFound, Error> {
        let name = cx.name_or_own(self.user_name.as_ref())?;
        let facts = cx.app.store.sign_in_facts(cx.account()?, name).await.map_err(store_failure)?;
        let facts = facts.ok_or_else(|| no_such_user(name))?;
        let profile = facts.login_profile.ok_or_else(|| no_login_profile(name))?;
        Ok(LoginProfileFound {
            user_name: facts.user.user_name,
            created_at: profile.created_at,
            password_reset_required: profile.password_reset_required,
        })
    }
}

/// The user cannot sign in any more, and is signed out everywhere; without a name, the caller.
#[derive(Debug, Clone)]
pub struct DeleteLoginProfile {
    pub user_name: Option<UserName>,
}

impl Operation for DeleteLoginProfile {
    type Output = ();
    const NAME: &'static str = "DeleteLoginProfile";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::DeleteLoginProfile, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        cx.until_settled(self, async |cx| self.attempt(cx).await).await
    }
}

impl DeleteLoginProfile {
    async fn attempt(&self, cx: &Authorized<'_>) -> Result<Option<()>, Error> {
        let name = cx.name_or_own(self.user_name.as_ref())?;
        let facts = password_facts_of(cx, name).await?;
        let Some(seen) = &facts.login_profile else { return Err(no_login_profile(name)) };
        let parameters = json!({ "userName": facts.user.user_name.as_str() });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&facts.user.user_id);
        settled(cx.app.store.delete_login_profile(&facts.user.user_id, seen.version, &record).await)
    }
}

/// Another password for a user that has one, which is the way back in for who forgot it, or whether the password must be
/// changed at the next sign-in. What is left out stays as it is.
#[derive(Debug, Clone)]
pub struct UpdateLoginProfile {
    pub user_name: UserName,
    pub password: Option<TypedPassword>,
    pub password_reset_required: Option<bool>,
}

impl Operation for UpdateLoginProfile {
    type Output = ();
    const NAME: &'static str = "UpdateLoginProfile";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::UpdateLoginProfile, &self.user_name).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        cx.until_settled(self, async |cx| self.attempt(cx).await).await
    }
}

impl UpdateLoginProfile {
    async fn attempt(&self, cx: &Authorized<'_>) -> Result<Option<()>, Error> {
        let facts = password_facts_of(cx, &self.user_name).await?;
        let Some(seen) = &facts.login_profile else { return Err(no_login_profile(&self.user_name)) };
        let reset = self.password_reset_required.unwrap_or(seen.password_reset_required);
        let parameters = parameters(&facts.user, reset);
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&facts.user.user_id);
        let written = match &self.password {
            Some(password) => self.replace(cx, &facts, seen, password, reset, &record).await?,
            // Nothing but the name: nothing to do.
            None if self.password_reset_required.is_none() => Ok(()),
            None => cx.app.store.set_password_reset_required(&facts.user.user_id, seen.version, reset, &record).await,
        };
        settled(written)
    }

    async fn replace(
        &self,
        cx: &Authorized<'_>,
        facts: &PasswordFacts,
        seen: &LoginProfileRecord,
        password: &TypedPassword,
        reset: bool,
        record: &AuditRecord,
    ) -> Result<Result<(), StoreError>, Error> {
        let new = judged(&cx.app, facts, password)?;
        let hashed = hashes_of(&cx.app, facts, &new, (None, None)).await?;
        let profile = login_profile(cx, hashed, reset, Some(user_key(&cx.app, &facts.user.user_id)));
        let replacement = PasswordReplacement {
            user_id: facts.user.user_id.clone(),
            version: seen.version,
            authorization_version: cx.authorization_version().unwrap_or(facts.account.authorization_version),
            hash: profile.hash,
            history_entry: profile.history_entry,
            at: cx.now,
            password_reset_required: reset,
            temporary_expires_at: profile.temporary_expires_at,
            untold: true,
            throttle_key: profile.throttle_key,
            right_try: None,
            own_session: None,
        };
        Ok(cx.app.store.replace_password(&replacement, record).await.map(|_| ()))
    }
}

/// A password that its owner has to change soon is temporary.
pub(super) fn login_profile(
    cx: &Context,
    hashed: Hashes,
    reset: bool,
    throttle_key: Option<String>,
) -> NewLoginProfile {
    NewLoginProfile {
        hash: hashed.hash,
        history_entry: hashed.history_entry,
        password_reset_required: reset,
        temporary_expires_at: reset.then(|| cx.now + cx.app.lifetimes.temporary_password),
        throttle_key,
    }
}

/// None: another change came first.
fn settled(written: Result<(), StoreError>) -> Result<Option<()>, Error> {
    match written {
        Ok(()) => Ok(Some(())),
        Err(StoreError::Conflict) => Ok(None),
        Err(error) => Err(store_failure(error)),
    }
}

async fn password_facts_of(cx: &Authorized<'_>, name: &UserName) -> Result<PasswordFacts, Error> {
    let user = find(cx, name).await?;
    let facts = cx.app.store.password_facts(&user.user_id).await.map_err(store_failure)?;
    facts.ok_or_else(|| no_such_user(name))
}

fn parameters(user: &UserRecord, password_reset_required: bool) -> serde_json::Value {
    json!({ "userName": user.user_name.as_str(), "passwordResetRequired": password_reset_required })
}

fn login_profile_exists(name: &UserName) -> Error {
    Error::refused(Code::EntityAlreadyExists, format!("Login Profile for user {name} already exists."))
}

/// Long enough for any policy of up to 24 characters, else as long as the policy asks; of all four kinds. No rule refuses
/// it: chance does not make 24 characters little more than a word.
pub fn generated_password(app: &App, rules: &PasswordRules) -> TypedPassword {
    let length = rules.minimum_length.max(24) as usize;
    TypedPassword::new(&one_time_password(&app.random, length))
}
