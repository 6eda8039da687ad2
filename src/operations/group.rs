//! User groups. Who is in one is `group_member`; what its members may do, `inline_policy` and `attached_policy`.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::{delete_conflict, no_such_group, store_failure};
use crate::crypto::identifier;
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::group::GroupName;
use crate::domain::page::{Page, Paged};
use crate::domain::user::Path;
use crate::store::StoreError;
use crate::store::groups::GroupBelongings;
use crate::store::users::UserRecord;
use serde_json::json;

pub use crate::store::groups::GroupRecord;

/// An empty group, which allows nothing yet.
#[derive(Debug, Clone)]
pub struct CreateGroup {
    pub group_name: GroupName,
    pub path: Path,
}

impl Operation for CreateGroup {
    type Output = GroupRecord;
    const NAME: &'static str = "CreateGroup";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::CreateGroup, Arn::group(cx.account()?, &self.path, &self.group_name))])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<GroupRecord, Error> {
        let group = GroupRecord {
            group_id: identifier::group_id(&cx.app.random),
            account_id: cx.account()?.clone(),
            group_name: self.group_name.clone(),
            path: self.path.clone(),
            created_at: cx.now,
            version: 1,
        };
        let parameters = json!({ "groupName": self.group_name.as_str(), "path": self.path.as_str() });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters);
        match cx.app.store.create_group(&group, &record).await {
            Ok(()) => Ok(group),
            Err(StoreError::AlreadyExists(_)) => Err(group_exists(&self.group_name)),
            Err(error) => Err(store_failure(error)),
        }
    }
}

fn group_exists(name: &GroupName) -> Error {
    Error::refused(Code::EntityAlreadyExists, format!("Group with name {name} already exists."))
}

/// A group and who is in it, by name.
#[derive(Debug, Clone)]
pub struct GetGroup {
    pub group_name: GroupName,
    /// Of the members.
    pub page: Page,
}

/// A group with a piece of the list of its members.
#[derive(Debug, Clone)]
pub struct GroupFound {
    pub group: GroupRecord,
    pub members: Paged<UserRecord>,
}

impl Operation for GetGroup {
    type Output = GroupFound;
    const NAME: &'static str = "GetGroup";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.group_demand(Action::GetGroup, &self.group_name).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<GroupFound, Error> {
        let group = cx.find_group(&self.group_name).await?;
        let members = cx.app.store.members(&group.group_id, &self.page).await.map_err(store_failure)?;
        Ok(GroupFound { group, members })
    }
}

/// The groups of the account, by name.
#[derive(Debug, Clone)]
pub struct ListGroups {
    /// `/` for all of them.
    pub path_prefix: String,
    pub page: Page,
}

impl Operation for ListGroups {
    type Output = Paged<GroupRecord>;
    const NAME: &'static str = "ListGroups";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::ListGroups, Arn::any_group(cx.account()?))])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<GroupRecord>, Error> {
        cx.app.store.groups(cx.account()?, &self.path_prefix, &self.page).await.map_err(store_failure)
    }
}

/// Another name, another path or both.
#[derive(Debug, Clone)]
pub struct UpdateGroup {
    pub group_name: GroupName,
    pub new_path: Option<Path>,
    pub new_group_name: Option<GroupName>,
}

impl Operation for UpdateGroup {
    type Output = ();
    const NAME: &'static str = "UpdateGroup";

    /// On the group as it is and on what it becomes.
    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        let demand = cx.group_demand(Action::UpdateGroup, &self.group_name).await?;
        let Ok(group) = cx.find_group(&self.group_name).await else { return Ok(vec![demand]) };
        let path = self.new_path.as_ref().unwrap_or(&group.path);
        let name = self.new_group_name.as_ref().unwrap_or(&group.group_name);
        let becomes = Arn::group(&group.account_id, path, name);
        let then = (becomes != group.arn()).then(|| Demand::on(Action::UpdateGroup, becomes));
        Ok([demand].into_iter().chain(then).collect())
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        cx.until_settled(self, async |cx| self.attempt(cx).await).await
    }
}

impl UpdateGroup {
    async fn attempt(&self, cx: &Authorized<'_>) -> Result<Option<()>, Error> {
        let seen = cx.find_group(&self.group_name).await?;
        let path = self.new_path.as_ref().unwrap_or(&seen.path);
        let name = self.new_group_name.as_ref().unwrap_or(&seen.group_name);
        let parameters = json!({
            "groupName": seen.group_name.as_str(),
            "newGroupName": self.new_group_name.as_ref().map(GroupName::as_str),
            "newPath": self.new_path.as_ref().map(Path::as_str),
        });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters);
        match cx.app.store.update_group(&seen, name, path, &record).await {
            Ok(()) => Ok(Some(())),
            Err(StoreError::Conflict) => Ok(None),
            Err(StoreError::AlreadyExists(_)) => Err(group_exists(name)),
            Err(error) => Err(store_failure(error)),
        }
    }
}

/// Only where it is empty and allows nothing.
#[derive(Debug, Clone)]
pub struct DeleteGroup {
    pub group_name: GroupName,
}

impl Operation for DeleteGroup {
    type Output = ();
    const NAME: &'static str = "DeleteGroup";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.group_demand(Action::DeleteGroup, &self.group_name).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        cx.until_settled(self, async |cx| self.attempt(cx).await).await
    }
}

impl DeleteGroup {
    async fn attempt(&self, cx: &Authorized<'_>) -> Result<Option<()>, Error> {
        let group = cx.find_group(&self.group_name).await?;
        let belongings = cx.app.store.group_belongings(&group.group_id).await.map_err(store_failure)?;
        refuse_belongings(&belongings.ok_or_else(|| no_such_group(&self.group_name))?)?;
        let record = cx.audit_record(Self::NAME).with_parameters(&json!({ "groupName": group.group_name.as_str() }));
        match cx.app.store.delete_group(&group.group_id, group.version, &record).await {
            Ok(()) => Ok(Some(())),
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(store_failure(error)),
        }
    }
}

fn refuse_belongings(belongings: &GroupBelongings) -> Result<(), Error> {
    let in_the_way = [
        (belongings.members, "remove users from group"),
        (belongings.inline_policies, "delete policies"),
        (belongings.attached_policies, "detach all policies"),
    ];
    match in_the_way.into_iter().find(|(count, _)| *count > 0) {
        Some((_, what)) => Err(delete_conflict(what)),
        None => Ok(()),
    }
}

impl GroupRecord {
    pub fn arn(&self) -> Arn {
        Arn::group(&self.account_id, &self.path, &self.group_name)
    }
}

impl Context {
    /// To do something to a group of the request's account. Who may not, reads of the ARN only what was asked for.
    pub(super) async fn group_demand(&self, action: Action, name: &GroupName) -> Result<Demand, Error> {
        let account = self.account()?;
        let group = self.app.store.group(account, name).await.map_err(store_failure)?;
        let as_asked = Arn::group(account, &Path::root(), name);
        let demand = match &group {
            Some(group) => Demand::on(action, group.arn()).shown_as(as_asked.to_string()),
            None => Demand::on_unknown(action, as_asked),
        };
        self.judged.set_group(group);
        Ok(demand)
    }

    /// The group that was judged, or, where another thing was, the one of that name.
    pub(super) async fn find_group(&self, name: &GroupName) -> Result<GroupRecord, Error> {
        if let Some(judged) = self.judged.group(name) {
            return Ok(judged);
        }
        let group = self.app.store.group(self.account()?, name).await.map_err(store_failure)?;
        group.ok_or_else(|| no_such_group(name))
    }
}
