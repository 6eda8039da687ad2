//! IAM users: who they are. How one is made is `create_user`, how one goes `delete_user`; what one may do is in
//! `inline_policy` and `attached_policy`.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::judgement::permissions_of;
use super::refusal::{no_such_user, store_failure};
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::page::{Page, Paged};
use crate::domain::tag::Tag;
use crate::domain::user::{Path, UserName};
use crate::store::StoreError;
use crate::store::users::TaggedUser;
use serde_json::json;

pub use crate::store::users::UserRecord;

/// One user; without a name, the caller.
#[derive(Debug, Clone, Default)]
pub struct GetUser {
    pub user_name: Option<UserName>,
}

/// A user and its tags, by key.
#[derive(Debug, Clone)]
pub struct UserFound {
    pub user: UserRecord,
    pub tags: Vec<Tag>,
}

impl Operation for GetUser {
    type Output = UserFound;
    const NAME: &'static str = "GetUser";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::GetUser, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<UserFound, Error> {
        let name = cx.name_or_own(self.user_name.as_ref())?;
        let TaggedUser { user, tags } = find_tagged(cx, name).await?;
        Ok(UserFound { user, tags })
    }
}

/// The users of the account, by name.
#[derive(Debug, Clone)]
pub struct ListUsers {
    /// `/` for all of them.
    pub path_prefix: String,
    pub page: Page,
}

impl Operation for ListUsers {
    type Output = Paged<UserRecord>;
    const NAME: &'static str = "ListUsers";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::on(Action::ListUsers, Arn::any_user(cx.account()?))])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Paged<UserRecord>, Error> {
        cx.app.store.users(cx.account()?, &self.path_prefix, &self.page).await.map_err(store_failure)
    }
}

/// Another name, another path or both. The user stays the same one: policies, keys and sessions go on.
#[derive(Debug, Clone)]
pub struct UpdateUser {
    pub user_name: UserName,
    pub new_path: Option<Path>,
    pub new_user_name: Option<UserName>,
}

impl Operation for UpdateUser {
    type Output = ();
    const NAME: &'static str = "UpdateUser";

    /// On the user as it is and on what it becomes.
    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        let demand = cx.user_demand(Action::UpdateUser, &self.user_name).await?;
        let Ok(TaggedUser { user, tags }) = find_tagged(cx, &self.user_name).await else { return Ok(vec![demand]) };
        let path = self.new_path.as_ref().unwrap_or(&user.path);
        let becomes = Arn::user(&user.account_id, path, self.new_user_name.as_ref().unwrap_or(&user.user_name));
        let then = (becomes != user.arn()).then(|| Demand::on(Action::UpdateUser, becomes).on_tagged(&tags));
        Ok([demand].into_iter().chain(then).collect())
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        cx.until_settled(self, async |cx| self.attempt(cx).await).await
    }
}

impl UpdateUser {
    async fn attempt(&self, cx: &Authorized<'_>) -> Result<Option<()>, Error> {
        let seen = find(cx, &self.user_name).await?;
        let path = self.new_path.as_ref().unwrap_or(&seen.path);
        let name = self.new_user_name.as_ref().unwrap_or(&seen.user_name);
        let parameters = json!({
            "userName": seen.user_name.as_str(),
            "newUserName": self.new_user_name.as_ref().map(UserName::as_str),
            "newPath": self.new_path.as_ref().map(Path::as_str),
        });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&seen.user_id);
        match cx.app.store.update_user(&seen, name, path, &record).await {
            Ok(()) => Ok(Some(())),
            Err(StoreError::Conflict) => Ok(None),
            Err(StoreError::AlreadyExists(_)) => Err(user_exists(name)),
            Err(error) => Err(store_failure(error)),
        }
    }
}

pub(super) fn user_exists(name: &UserName) -> Error {
    Error::refused(Code::EntityAlreadyExists, format!("User with name {name} already exists."))
}

impl UserRecord {
    pub fn arn(&self) -> Arn {
        Arn::user(&self.account_id, &self.path, &self.user_name)
    }
}

impl Context {
    /// Where a request names no user, it is about its caller.
    pub(super) fn name_or_own<'a>(&'a self, name: Option<&'a UserName>) -> Result<&'a UserName, Error> {
        let own = || self.caller.user().map(|user| &user.user_name);
        let nobody = "Must specify userName when calling with non-User credentials";
        name.or_else(own).ok_or_else(|| Error::refused(Code::ValidationError, nobody))
    }

    fn is_caller(&self, user: &UserRecord) -> bool {
        self.caller.user().is_some_and(|caller| caller.user_id == user.user_id)
    }

    /// To do something to a user of the request's account. Who may not, reads of the ARN only what was asked for.
    pub(super) async fn user_demand(&self, action: Action, name: &UserName) -> Result<Demand, Error> {
        let account = self.account()?;
        // It is judged by the same read.
        if let Some(caller) = self.caller.user().filter(|caller| caller.user_name == *name) {
            permissions_of(self, caller).await?;
        }
        let tagged = match self.judged.own(name) {
            Some(own) => Some(own),
            None => self.app.store.tagged_user(account, name).await.map_err(store_failure)?,
        };
        let as_asked = Arn::user(account, &Path::root(), name);
        let demand = match &tagged {
            Some(TaggedUser { user, tags }) if self.is_caller(user) => Demand::on(action, user.arn()).on_tagged(tags),
            Some(TaggedUser { user, tags }) => {
                Demand::on(action, user.arn()).on_tagged(tags).shown_as(as_asked.to_string())
            }
            None => Demand::on_unknown(action, as_asked),
        };
        self.judged.set_user(tagged);
        Ok(demand)
    }
}

/// The user that was judged, or, where another thing was, the one of that name.
pub(super) async fn find(cx: &Context, name: &UserName) -> Result<UserRecord, Error> {
    find_tagged(cx, name).await.map(|tagged| tagged.user)
}

pub(super) async fn find_tagged(cx: &Context, name: &UserName) -> Result<TaggedUser, Error> {
    if let Some(judged) = cx.judged.user(name) {
        return Ok(judged);
    }
    let found = cx.app.store.tagged_user(cx.account()?, name).await.map_err(store_failure)?;
    found.ok_or_else(|| no_such_user(name))
}
