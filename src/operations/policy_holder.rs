//! Whoever can have policies: a user or a group. What one does with them is the same, so it is written once, and this is
//! where the two differ. The operations have AWS's names: `PutUserPolicy` is `PutInlinePolicy<UserName>`.

use super::context::Context;
use super::demand::Demand;
use super::user;
use crate::domain::account::AccountId;
use crate::domain::action::Action;
use crate::domain::error::Error;
use crate::domain::group::GroupName;
use crate::domain::user::UserName;
use crate::store::audit::AuditRecord;
use crate::store::groups::GroupRecord;
use crate::store::policies::Holder;
use crate::store::users::UserRecord;
use serde_json::{Value, json};

/// The actions on a kind of holder.
pub struct Actions {
    pub put: Action,
    pub get: Action,
    pub list: Action,
    pub delete: Action,
    pub attach: Action,
    pub detach: Action,
    pub list_attached: Action,
}

/// The name of a user or a group.
#[expect(async_fn_in_trait, reason = "as for `Operation`, every caller is in this crate and needs no Send bound")]
pub trait PolicyHolder: Sized {
    const ACTIONS: Actions;
    /// `user`, as AWS's texts have it.
    const NOUN: &'static str;

    fn as_str(&self) -> &str;
    async fn demand(&self, cx: &Context, action: Action) -> Result<Demand, Error>;
    /// `NoSuchEntity` where there is none.
    async fn find(&self, cx: &Context) -> Result<Held, Error>;
}

/// A holder that is there.
pub enum Held {
    User(UserRecord),
    Group(GroupRecord),
}

impl Held {
    pub(super) fn account_id(&self) -> &AccountId {
        match self {
            Self::User(user) => &user.account_id,
            Self::Group(group) => &group.account_id,
        }
    }

    pub(super) fn holder(&self) -> Holder<'_> {
        match self {
            Self::User(user) => Holder::User(&user.user_id),
            Self::Group(group) => Holder::Group(&group.group_id),
        }
    }

    /// The record of something that is done with a policy of this holder.
    pub(super) fn record(&self, cx: &Context, event_name: &str, policy: &[(&str, &str)]) -> AuditRecord {
        let record = cx.audit_record(event_name);
        let mut parameters: Value = match self {
            Self::User(user) => json!({ "userName": user.user_name.as_str() }),
            Self::Group(group) => json!({ "groupName": group.group_name.as_str() }),
        };
        for (member, value) in policy {
            parameters[*member] = json!(value);
        }
        let record = record.with_parameters(&parameters);
        match self {
            Self::User(user) => record.about(&user.user_id),
            Self::Group(_) => record,
        }
    }
}

impl PolicyHolder for UserName {
    const ACTIONS: Actions = Actions {
        put: Action::PutUserPolicy,
        get: Action::GetUserPolicy,
        list: Action::ListUserPolicies,
        delete: Action::DeleteUserPolicy,
        attach: Action::AttachUserPolicy,
        detach: Action::DetachUserPolicy,
        list_attached: Action::ListAttachedUserPolicies,
    };
    const NOUN: &'static str = "user";

    fn as_str(&self) -> &str {
        self.as_str()
    }

    async fn demand(&self, cx: &Context, action: Action) -> Result<Demand, Error> {
        cx.user_demand(action, self).await
    }

    async fn find(&self, cx: &Context) -> Result<Held, Error> {
        user::find(cx, self).await.map(Held::User)
    }
}

impl PolicyHolder for GroupName {
    const ACTIONS: Actions = Actions {
        put: Action::PutGroupPolicy,
        get: Action::GetGroupPolicy,
        list: Action::ListGroupPolicies,
        delete: Action::DeleteGroupPolicy,
        attach: Action::AttachGroupPolicy,
        detach: Action::DetachGroupPolicy,
        list_attached: Action::ListAttachedGroupPolicies,
    };
    const NOUN: &'static str = "group";

    fn as_str(&self) -> &str {
        self.as_str()
    }

    async fn demand(&self, cx: &Context, action: Action) -> Result<Demand, Error> {
        cx.group_demand(action, self).await
    }

    async fn find(&self, cx: &Context) -> Result<Held, Error> {
        cx.find_group(self).await.map(Held::Group)
    }
}
