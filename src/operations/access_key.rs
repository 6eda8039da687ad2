//! Access keys, as their owners and administrators see them. How one signs a request is `sign_request`.

use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::{no_such_user, store_failure};
use super::user::find;
use crate::crypto::identifier;
use crate::crypto::sealed::Place;
use crate::domain::access_key::{AccessKeyId, SecretAccessKey, Status};
use crate::domain::action::Action;
use crate::domain::error::{Code, Error};
use crate::domain::page::{Page, Paged};
use crate::domain::user::{UserId, UserName};
use crate::store::StoreError;
use crate::store::access_keys::{NewAccessKey, SEALED};
use serde_json::json;
use time::OffsetDateTime;

pub use crate::store::access_keys::AccessKeyRecord;

/// A key for a user; without a name, for the caller.
#[derive(Debug, Clone, Default)]
pub struct CreateAccessKey {
    pub user_name: Option<UserName>,
}

/// A new key. Its secret is shown this once and never again.
#[derive(Debug, Clone)]
pub struct AccessKeyCreated {
    pub user_name: UserName,
    pub access_key_id: AccessKeyId,
    pub secret_access_key: SecretAccessKey,
    pub created_at: OffsetDateTime,
}

impl Operation for CreateAccessKey {
    type Output = AccessKeyCreated;
    const NAME: &'static str = "CreateAccessKey";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::CreateAccessKey, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<AccessKeyCreated, Error> {
        let user = find(cx, cx.name_or_own(self.user_name.as_ref())?).await?;
        let access_key_id = identifier::access_key_id(&cx.app.random);
        let secret_access_key = identifier::secret_access_key(&cx.app.random);
        let place = place(&access_key_id, &user.user_id);
        let key = NewAccessKey {
            secret: cx.app.sealer.seal(&cx.app.random, place, secret_access_key.expose().as_bytes()),
            access_key_id: access_key_id.clone(),
            user_id: user.user_id.clone(),
            at: cx.now,
            signature_hash: cx.request.signature_hash.clone(),
        };
        let record = cx.audit_record(Self::NAME).with_parameters(&json!({ "userName": user.user_name.as_str() }));
        let response = json!({ "accessKey": {
            "userName": user.user_name.as_str(), "accessKeyId": access_key_id.as_str(), "status": "Active",
        }});
        let record = record.with_response(&response).about(&user.user_id);
        match cx.app.store.create_access_key(&key, &record).await {
            Ok(()) => {
                Ok(AccessKeyCreated { user_name: user.user_name, access_key_id, secret_access_key, created_at: cx.now })
            }
            Err(StoreError::Conflict) => Err(no_such_user(&user.user_name)),
            Err(StoreError::AlreadyExists(_)) => Err(made_already()),
            Err(error) => Err(store_failure(error)),
        }
    }
}

/// The same signed request, sent once more: by somebody who listened, or by a client that heard no answer. To make a
/// second key nobody knows of would be wrong for either.
fn made_already() -> Error {
    let message = "A request with this very signature has created an access key already. Sign a new request.";
    Error::refused(Code::EntityTemporarilyUnmodifiable, message)
}

/// Where the sealed secret stands.
pub(super) fn place<'a>(access_key_id: &'a AccessKeyId, owner: &'a UserId) -> Place<'a> {
    let (table, column) = SEALED;
    Place { table, column, row: access_key_id.as_str(), owner: owner.as_str() }
}

/// The keys of a user; without a name, the caller's.
#[derive(Debug, Clone)]
pub struct ListAccessKeys {
    pub user_name: Option<UserName>,
    pub page: Page,
}

/// A user's keys, without their secrets.
#[derive(Debug, Clone)]
pub struct AccessKeysListed {
    pub user_name: UserName,
    pub keys: Paged<AccessKeyRecord>,
}

impl Operation for ListAccessKeys {
    type Output = AccessKeysListed;
    const NAME: &'static str = "ListAccessKeys";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::ListAccessKeys, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<AccessKeysListed, Error> {
        let user = find(cx, cx.name_or_own(self.user_name.as_ref())?).await?;
        let keys = cx.app.store.access_keys(&user.user_id).await.map_err(store_failure)?;
        let keys = self.page.of(keys, |key| key.access_key_id.as_str().to_owned());
        Ok(AccessKeysListed { user_name: user.user_name, keys })
    }
}

/// Makes a key active or inactive.
#[derive(Debug, Clone)]
pub struct UpdateAccessKey {
    pub user_name: Option<UserName>,
    pub access_key_id: AccessKeyId,
    pub status: Status,
}

impl Operation for UpdateAccessKey {
    type Output = ();
    const NAME: &'static str = "UpdateAccessKey";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::UpdateAccessKey, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let user = find(cx, cx.name_or_own(self.user_name.as_ref())?).await?;
        let parameters = json!({
            "userName": user.user_name.as_str(),
            "accessKeyId": self.access_key_id.as_str(),
            "status": self.status.as_str(),
        });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&user.user_id);
        let store = &cx.app.store;
        let set = store.set_access_key_status(&self.access_key_id, &user.user_id, self.status, &record).await;
        set.map_err(|error| absent_key(error, &self.access_key_id))
    }
}

/// For good, and from the next request on.
#[derive(Debug, Clone)]
pub struct DeleteAccessKey {
    pub user_name: Option<UserName>,
    pub access_key_id: AccessKeyId,
}

impl Operation for DeleteAccessKey {
    type Output = ();
    const NAME: &'static str = "DeleteAccessKey";

    async fn demands(&self, cx: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![cx.user_demand(Action::DeleteAccessKey, cx.name_or_own(self.user_name.as_ref())?).await?])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<(), Error> {
        let user = find(cx, cx.name_or_own(self.user_name.as_ref())?).await?;
        let parameters = json!({ "userName": user.user_name.as_str(), "accessKeyId": self.access_key_id.as_str() });
        let record = cx.audit_record(Self::NAME).with_parameters(&parameters).about(&user.user_id);
        let deleted = cx.app.store.delete_access_key(&self.access_key_id, &user.user_id, &record).await;
        deleted.map_err(|error| absent_key(error, &self.access_key_id))
    }
}

fn absent_key(error: StoreError, id: &AccessKeyId) -> Error {
    match error {
        StoreError::Absent => no_such_key(id),
        other => store_failure(other),
    }
}

pub(super) fn no_such_key(id: &AccessKeyId) -> Error {
    Error::refused(Code::NoSuchEntity, format!("The Access Key with id {id} cannot be found."))
}
