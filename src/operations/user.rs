//! IAM users: who they are. How one is made is `create_user`; what one may do, `user_policy`.

use super::context::{Authorized, Context, Demand, Operation};
use super::refusal::{no_such_user, store_failure};
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::login_profile::LoginProfile;
use crate::domain::user::{Path, UserName};
use crate::store::login_profiles::LoginProfileRecord;
use crate::store::users::UserRecord;
use serde_json::json;
use time::OffsetDateTime;

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
            (None, None) => Err(Error::refused(
                Code::ValidationError,
                "Must specify userName when calling with non-User credentials",
            )),
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

pub(super) async fn find(cx: &Authorized<'_>, name: &UserName) -> Result<UserRecord, Error> {
    let user = cx.app.store.user(cx.account()?, name).await.map_err(store_failure)?;
    user.ok_or_else(|| no_such_user(name))
}
