//! Who is in which group.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::{no_such_user, store_failure};
use super::user::find;
use crate::domain::action::Action;
use crate::domain::error::Error;
use crate::domain::group::GroupName;
use crate::domain::page::{Page, Paged};
use crate::domain::user::UserName;
use crate::store::StoreError;
use crate::store::audit::AuditRecord;
use crate::store::groups::GroupRecord;
use crate::store::users::UserRecord;
use serde_json::json;

/// Once is enough.
#[derive(Debug, Clone)]
pub struct AddUserToGroup {
    pub group_name: GroupName,
    pub user_name: UserName,
}

impl Operation for AddUserToGroup {
    type Output = ();
    const NAME: &'static str = "AddUserToGroup";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.group_demand(Action::AddUserToGroup, &self.group_name).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let (group, user) = both(cx, &self.group_name, &self.user_name).await?;
        let record = record(cx, Self::NAME, &group, &user);
        match cx.app.store.add_user_to_group(&group, &user.user_id, cx.now, &record).await {
            Err(StoreError::Conflict) => Err(no_such_user(&self.user_name)),
            other => other.map_err(store_failure),
        }
    }
}

/// The user then has no more of what the group allows.
#[derive(Debug, Clone)]
pub struct RemoveUserFromGroup {
    pub group_name: GroupName,
    pub user_name: UserName,
}

impl Operation for RemoveUserFromGroup {
    type Output = ();
    const NAME: &'static str = "RemoveUserFromGroup";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.group_demand(Action::RemoveUserFromGroup, &self.group_name).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let (group, user) = both(cx, &self.group_name, &self.user_name).await?;
        let record = record(cx, Self::NAME, &group, &user);
        match cx.app.store.remove_user_from_group(&group, &user.user_id, &record).await {
            // AWS says nothing of it: the user is not in the group afterwards, which is what was asked for.
            Err(StoreError::Absent) => Ok(()),
            other => other.map_err(store_failure),
        }
    }
}

async fn both(cx: &Context, group: &GroupName, user: &UserName) -> Result<(GroupRecord, UserRecord), Error> {
    Ok((cx.find_group(group).await?, find(cx, user).await?))
}

fn record(cx: &Context, event_name: &str, group: &GroupRecord, user: &UserRecord) -> AuditRecord {
    let parameters = json!({ "groupName": group.group_name.as_str(), "userName": user.user_name.as_str() });
    cx.audit_record(event_name).with_parameters(&parameters).about(&user.user_id)
}

/// By name.
#[derive(Debug, Clone)]
pub struct ListGroupsForUser {
    pub user_name: UserName,
    pub page: Page,
}

impl Operation for ListGroupsForUser {
    type Output = Paged<GroupRecord>;
    const NAME: &'static str = "ListGroupsForUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::ListGroupsForUser, &self.user_name).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<GroupRecord>, Error> {
        let user = find(cx, &self.user_name).await?;
        let groups = cx.app.store.groups_of(&user.user_id).await.map_err(store_failure)?;
        Ok(self.page.of(groups, |group| group.group_name.folded()))
    }
}
