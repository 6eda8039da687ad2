//! What a page shows of a user: who it is, and what there is to know of its password.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::{no_such_user, store_failure};
use super::session::ExpiryWarning;
use crate::domain::action::Action;
use crate::domain::error::Error;
use crate::domain::login_profile::LoginProfile;
use crate::domain::user::UserName;
use crate::store::login_profiles::LoginProfileRecord;
use crate::store::users::UserRecord;
use time::OffsetDateTime;

/// One user; without a name, the caller. It needs what `GetUser` needs (C6).
#[derive(Debug, Clone, Default)]
pub struct GetUserDetails {
    pub user_name: Option<UserName>,
}

/// A user and its password, from the outside.
#[derive(Debug, Clone)]
pub struct UserDetails {
    pub user: UserRecord,
    pub login_profile: Option<LoginProfile>,
    pub password_expires_at: Option<OffsetDateTime>,
    pub expiry_warning: Option<ExpiryWarning>,
}

impl Operation for GetUserDetails {
    type Output = UserDetails;
    const NAME: &'static str = "GetUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::GetUser, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<UserDetails, Error> {
        let name = cx.name_or_own(self.user_name.as_ref())?;
        let facts = cx.app.store.sign_in_facts(cx.account()?, name).await.map_err(store_failure)?;
        let facts = facts.ok_or_else(|| no_such_user(name))?;
        let login_profile = facts.login_profile.as_ref().map(LoginProfileRecord::login_profile);
        let policy = facts.password_policy.as_ref();
        Ok(UserDetails {
            login_profile,
            password_expires_at: login_profile.and_then(|profile| profile.expires_at(policy)),
            expiry_warning: login_profile.and_then(|profile| ExpiryWarning::of(&profile, policy, cx.now)),
            user: facts.user,
        })
    }
}
