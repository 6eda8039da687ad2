//! `GetAccessKeyLastUsed`: the one question about a key that does not name its owner, but asks for it.

use super::access_key::{AccessKeyRecord, no_such_key};
use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::store_failure;
use super::user::UserRecord;
use crate::domain::access_key::{AccessKeyId, LastUsed};
use crate::domain::action::Action;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Error};
use crate::domain::user::UserName;

/// Whose key it is, and when it was used last.
#[derive(Debug, Clone)]
pub struct GetAccessKeyLastUsed {
    pub access_key_id: AccessKeyId,
}

/// None: it was never used.
#[derive(Debug, Clone)]
pub struct KeyLastUsed {
    pub user_name: UserName,
    pub last_used: Option<LastUsed>,
}

impl GetAccessKeyLastUsed {
    /// A key of another account does not exist.
    async fn owner(&self, cx: &Context) -> Result<Option<(UserRecord, AccessKeyRecord)>, Error> {
        let Some(key) = cx.app.store.access_key(&self.access_key_id).await.map_err(store_failure)? else {
            return Ok(None);
        };
        let user = cx.app.store.user_by_id(&key.user_id).await.map_err(store_failure)?;
        let account = cx.account()?;
        Ok(user.filter(|user| user.account_id == *account).map(|user| (user, key)))
    }
}

impl Operation for GetAccessKeyLastUsed {
    type Output = KeyLastUsed;
    const NAME: &'static str = "GetAccessKeyLastUsed";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        let demand = match self.owner(cx).await? {
            Some((user, _)) => cx.user_demand(Action::GetAccessKeyLastUsed, &user.user_name).await?,
            None => Demand::on(Action::GetAccessKeyLastUsed, Arn::any()),
        };
        // Whose key it is, is the answer, and no part of a refusal.
        Ok(vec![demand.shown_as(format!("access key {}", self.access_key_id))])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<KeyLastUsed, Error> {
        let (user, key) = self.owner(cx).await?.ok_or_else(|| no_key_to_ask_about(cx, &self.access_key_id))?;
        Ok(KeyLastUsed { user_name: user.user_name, last_used: key.last_used })
    }
}

/// AWS refuses what it does not know, in these words (without a colon after "perform").
fn no_key_to_ask_about(cx: &Context, id: &AccessKeyId) -> Error {
    let Some(user) = cx.caller.user() else { return no_such_key(id) };
    let arn = user.arn();
    let message =
        format!("User: {arn} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key {id}");
    Error::refused(Code::NotAuthorized, message)
}
