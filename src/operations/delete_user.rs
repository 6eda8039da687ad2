//! `DeleteUser`: by AWS's rule of a user that has nothing any more, or, if so asked, with all that it has.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::{delete_conflict, no_such_user, store_failure};
use super::user::find;
use crate::domain::action::Action;
use crate::domain::error::Error;
use crate::domain::user::UserName;
use crate::store::StoreError;
use crate::store::users::Belongings;
use serde_json::json;

/// The user. The API refuses while something belongs to it; `with_belongings` is what a console does that deletes them
/// first, at one stroke.
#[derive(Debug, Clone)]
pub struct DeleteUser {
    pub user_name: UserName,
    pub with_belongings: bool,
}

/// What deleting a user with all that it has also does.
const ALSO: [Action; 4] =
    [Action::DeleteLoginProfile, Action::DeleteAccessKey, Action::DeleteUserPolicy, Action::DetachUserPolicy];

impl Operation for DeleteUser {
    type Output = ();
    const NAME: &'static str = "DeleteUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        let mut demands = vec![cx.user_demand(Action::DeleteUser, &self.user_name).await?];
        if !self.with_belongings {
            return Ok(demands);
        }
        for action in ALSO {
            demands.push(cx.user_demand(action, &self.user_name).await?);
        }
        if let Ok(user) = find(cx, &self.user_name).await {
            let groups = cx.app.store.groups_of(&user.user_id).await.map_err(store_failure)?;
            demands.extend(groups.iter().map(|group| Demand::on(Action::RemoveUserFromGroup, group.arn())));
        }
        Ok(demands)
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        cx.until_settled(self, async |cx| self.attempt(cx).await).await
    }
}

impl DeleteUser {
    async fn attempt(&self, cx: &Authorized<'_>) -> Result<Option<()>, Error> {
        let user = find(cx, &self.user_name).await?;
        let belongings = cx.app.store.belongings(&user.user_id).await.map_err(store_failure)?;
        let belongings = belongings.ok_or_else(|| no_such_user(&self.user_name))?;
        if !self.with_belongings {
            refuse_belongings(&belongings)?;
        }
        let record = cx.audit_record(Self::NAME).with_parameters(&json!({ "userName": user.user_name.as_str() }));
        let record = record.about(&user.user_id);
        // The version of the row that was judged: what was given to the user since then is a change that came first.
        match cx.app.store.delete_user(&user.user_id, user.version, &record).await {
            Ok(()) => Ok(Some(())),
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(store_failure(error)),
        }
    }
}

fn refuse_belongings(belongings: &Belongings) -> Result<(), Error> {
    let in_the_way = [
        (belongings.login_profiles, "delete login profile"),
        (belongings.access_keys, "delete access keys"),
        (belongings.inline_policies, "delete policies"),
        (belongings.attached_policies, "detach all policies"),
        (belongings.groups, "remove from all groups"),
    ];
    match in_the_way.into_iter().find(|(count, _)| *count > 0) {
        Some((_, what)) => Err(delete_conflict(what)),
        None => Ok(()),
    }
}
