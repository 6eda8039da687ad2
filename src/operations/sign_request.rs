//! What is done before a signed request has a caller: find the key that it names, and note that it was used.
//!
//! Why one answer: a key that never was, one that was deleted and one that is inactive are the same to whoever holds it.

use super::access_key::place;
use super::context::{Context, RequestFacts};
use super::judged::Judged;
use super::refusal::store_failure;
use crate::app::App;
use crate::domain::access_key::{AccessKeyId, LAST_USED_SPAN, LastUsed, SecretAccessKey, Status};
use crate::domain::error::{Error, told};
use crate::domain::principal::{Caller, Credentials, IamUser};
use crate::store::access_keys::AccessKeyRecord;
use crate::store::permissions::Permissions;
use std::sync::Arc;
use time::OffsetDateTime;
use tracing::Instrument;
use zeroize::Zeroizing;

/// How long a request waits for the note that its key was used.
const NOTE_PATIENCE: std::time::Duration = std::time::Duration::from_millis(250);

/// A key that may sign, with its owner. Whether it did is for the door to find out.
pub struct SigningKey {
    pub secret_access_key: SecretAccessKey,
    access_key: AccessKeyRecord,
    permissions: Permissions,
}

/// None: no active key has this ID.
pub async fn signing_key(app: &App, access_key_id: &AccessKeyId) -> Result<Option<SigningKey>, Error> {
    let facts = app.store.key_facts(access_key_id).await.map_err(store_failure)?;
    let Some(facts) = facts.filter(|facts| facts.access_key.status == Status::Active) else { return Ok(None) };
    let place = place(&facts.access_key.access_key_id, &facts.access_key.user_id);
    let secret = app.sealer.open(place, &facts.secret).map_err(Error::failed)?;
    let secret = std::str::from_utf8(&secret).map_err(Error::failed)?;
    Ok(Some(SigningKey {
        secret_access_key: SecretAccessKey::new(Zeroizing::new(secret.to_owned())),
        access_key: facts.access_key,
        permissions: facts.permissions,
    }))
}

impl SigningKey {
    /// The request's context, once its signature was found to be right.
    pub fn context(self, app: Arc<App>, now: OffsetDateTime, request: RequestFacts) -> Context {
        let Permissions { account, user, .. } = &self.permissions;
        let user = IamUser {
            account_id: account.account_id.clone(),
            account_alias: account.alias.clone(),
            user_id: user.user_id.clone(),
            user_name: user.user_name.clone(),
            path: user.path.clone(),
        };
        let account_id = Some(user.account_id.clone());
        let AccessKeyRecord { access_key_id, slot, .. } = self.access_key;
        let caller = Caller::User { user, credentials: Credentials::AccessKey { access_key_id, slot } };
        let judged = Judged::with_permissions(self.permissions);
        Context { judged, ..Context::new(app, caller, account_id, now, request) }
    }

    /// Whether 15 minutes have passed since the last use that was noted, or the clock was set back by so much.
    fn is_noteworthy(&self, now: OffsetDateTime) -> bool {
        self.access_key.last_used.as_ref().is_none_or(|last| (now - last.at).abs() >= LAST_USED_SPAN)
    }

    /// The request does not fail, nor wait long, because its note cannot be written.
    pub async fn note_use(&self, app: &Arc<App>, now: OffsetDateTime, service: &str, region: &str) {
        if !self.is_noteworthy(now) {
            return;
        }
        let used = LastUsed { at: now, service: service.to_owned(), region: region.to_owned() };
        let (store, id) = (app.store.clone(), self.access_key.access_key_id.clone());
        let noting = async move {
            if let Err(error) = store.access_key_used(&id, &used).await {
                tracing::warn!(access_key.id = %id, error = %told(&error), "that an access key was used could not be noted");
            }
        };
        drop(tokio::time::timeout(NOTE_PATIENCE, tokio::spawn(noting.in_current_span())).await);
    }
}
