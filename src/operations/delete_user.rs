//! `DeleteUser`: by AWS's rule of a user that has nothing any more, or, if so asked, with all that it has.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::password::ATTEMPTS;
use super::refusal::{changed_meanwhile, delete_conflict, no_such_user, store_failure};
use super::user::find_anew;
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
const ALSO: [Action; 5] = [
    Action::DeleteLoginProfile,
    Action::DeleteAccessKey,
    Action::DeleteUserPolicy,
    Action::DetachUserPolicy,
    Action::RemoveUserFromGroup,
];

impl Operation for DeleteUser {
    type Output = ();
    const NAME: &'static str = "DeleteUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        let mut demands = vec![cx.user_demand(Action::DeleteUser, &self.user_name).await?];
        if self.with_belongings {
            for action in ALSO {
                demands.push(cx.user_demand(action, &self.user_name).await?);
            }
        }
        Ok(demands)
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let user = find_anew(cx, &self.user_name).await?;
            let belongings = cx.app.store.belongings(&user.user_id).await.map_err(store_failure)?;
            let belongings = belongings.ok_or_else(|| no_such_user(&self.user_name))?;
            if !self.with_belongings {
                refuse_belongings(&belongings)?;
            }
            let record = cx.audit_record(Self::NAME).with_parameters(&json!({ "userName": user.user_name.as_str() }));
            let record = record.about(&user.user_id);
            match cx.app.store.delete_user(&user.user_id, belongings.version, &record).await {
                Err(StoreError::Conflict) => {}
                other => return other.map_err(store_failure),
            }
        }
        Err(changed_meanwhile())
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
