//! Every check of a password is a try: counted before the hash, settled after it. What a count does to the next try is
//! `domain::throttle`; here is what is counted together.
//!
//! Why buckets: an attacker who fails for somebody holds back the devices that nobody knows, and not those that the owner
//! has signed in from, nor the sessions and keys of the owner. Why a key counts by its slot: whoever has stolen one may make
//! another in its place, and would begin anew with it.

use super::context::{Authorized, RequestFacts};
use super::refusal::{busy, store_failure};
use crate::app::App;
use crate::domain::account::{AccountId, AccountName};
use crate::domain::error::{Code, Details, Error, Refusal, told};
use crate::domain::principal::{Credentials, IamUser};
use crate::domain::throttle::Admission;
use crate::domain::user::{UserId, UserName};
use crate::metrics::metrics;
use crate::store::StoreError;
use crate::store::audit::AuditRecord;
use crate::store::throttle::Bucket;
use time::Duration;
use unicode_normalization::UnicodeNormalization;

const TOO_MANY_FOR_USER: &str = "There were too many attempts for this user. The account is not locked.";
const TOO_MANY_FROM_ADDRESS: &str = "There were too many attempts from this address.";
/// Nobody has so long a name: all that is longer is one.
const LONGEST_NAME: usize = 128;

/// A device that its cookie shows to have been signed in from, by whom.
#[derive(Debug, Clone)]
pub struct KnownDevice {
    pub account_id: String,
    pub user_name: String,
    pub device_id: String,
}

/// What stands for all buckets of a user. `account` is the ID, or what was typed where there is no such account.
fn user_key(app: &App, account: &str, user_name: &str) -> String {
    let name = if user_name.chars().count() > LONGEST_NAME { "" } else { user_name };
    keyed(app, &["user", &folded(account), &folded(name)])
}

/// In case and in form, so that no other spelling is another count.
fn folded(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

fn keyed(app: &App, parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    crate::crypto::identifier::hex(&app.throttle_key.mac(&parts))
}

/// Of a user who exists: for who sets the password.
pub(super) fn user_key_of(app: &App, account_id: &AccountId, user_name: &UserName) -> String {
    user_key(app, account_id.as_str(), user_name.as_str())
}

fn bucket(app: &App, user_key: String, kind: &str, which: &str) -> Bucket {
    Bucket { bucket: keyed(app, &["bucket", &user_key, kind, which]), user_key }
}

/// That of the device, where it is known for this very user; else the one of all others.
pub(super) fn sign_in_bucket(
    app: &App,
    typed: &AccountName,
    account_id: Option<&AccountId>,
    user_name: &str,
    devices: &[KnownDevice],
) -> Bucket {
    let account = account_id.map_or(typed.as_str(), AccountId::as_str);
    let key = user_key(app, account, user_name);
    let known = devices.iter().find(|device| {
        account_id.is_some_and(|id| id.as_str() == device.account_id) && folded(&device.user_name) == folded(user_name)
    });
    match known {
        Some(device) => bucket(app, key, "device", &device.device_id),
        None => bucket(app, key, "untrusted", ""),
    }
}

/// That of the session or the access key with which the caller acts.
pub(super) fn caller_bucket(app: &App, user: &IamUser, credentials: &Credentials) -> Bucket {
    let key = user_key_of(app, &user.account_id, &user.user_name);
    match credentials {
        Credentials::Console(session) => bucket(app, key, "session", &session.session_hash),
        Credentials::AccessKey { slot, .. } => bucket(app, key, "access key", &slot.to_string()),
    }
}

/// Before anything else is done for a request that wants a password checked.
pub(super) fn check_address(app: &App, request: &RequestFacts) -> Result<(), Error> {
    let Some(address) = request.source_address else { return Ok(()) };
    app.address_limit.check(address).map_err(|wait| {
        metrics().throttled("address");
        tracing::warn!(source.address = %address, "too many password checks from one address");
        let wait = Duration::try_from(wait).unwrap_or(Duration::MINUTE);
        throttled(TOO_MANY_FROM_ADDRESS, wait)
    })
}

fn throttled(message: &str, wait: Duration) -> Error {
    let details = Details { retry_after: Some(wait), ..Details::default() };
    Error::Refused(Refusal { code: Code::Throttled, message: message.to_owned(), details: Box::new(details) })
}

fn put_off(wait: Duration) -> Error {
    metrics().throttled("user");
    tracing::warn!("a password check was throttled");
    throttled(TOO_MANY_FOR_USER, wait)
}

/// A password that is about to be checked. One that is not settled stays counted: who breaks off has tried.
pub(super) struct Try<'a> {
    app: &'a App,
    bucket: Bucket,
}

impl<'a> Try<'a> {
    /// Where the password could not be hashed anyway, nothing is counted.
    pub async fn begin(app: &'a App, bucket: Bucket) -> Result<Self, Error> {
        if app.hasher.is_full() {
            return Err(busy());
        }
        let seen = app.store.throttle(&bucket).await.map_err(store_failure)?;
        if let Some(wait) = seen.and_then(|seen| seen.refuses(app.clock.now())) {
            return Err(put_off(wait));
        }
        let turn = app.turns.take(&bucket.bucket).await;
        let told = app.store.admit_try(&bucket, app.clock.now()).await.map_err(store_failure)?;
        drop(turn);
        match told {
            Admission::LetThrough => Ok(Self { app, bucket }),
            Admission::Refused(wait) => Err(put_off(wait)),
        }
    }

    /// For the check of a caller's own password.
    pub async fn of_caller(cx: &'a Authorized<'_>) -> Result<Self, Error> {
        let (user, credentials) = cx.credentials()?;
        Self::begin(&cx.app, caller_bucket(&cx.app, user, credentials)).await
    }

    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// `owner`: who is told of it at the next sign-in. `record`: where nothing else records it. That it cannot be written is
    /// no reason to answer otherwise: the try stays counted.
    pub async fn failed(&self, owner: Option<&UserId>, record: Option<&AuditRecord>) {
        let _turn = self.app.turns.take(&self.bucket.bucket).await;
        let written = self.app.store.fail_try(&self.bucket, self.app.clock.now(), owner, record).await;
        if written.is_err() && record.is_some() {
            metrics().audit_failed();
        }
        note(written);
    }

    pub async fn succeeded(&self) {
        note(self.app.store.forgive_failures(&self.bucket, self.app.clock.now()).await);
    }

    /// The password was not looked at.
    pub async fn took_no_look(&self) {
        note(self.app.store.take_back_try(&self.bucket, self.app.clock.now()).await);
    }
}

fn note(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::error!(error = %told(&error), "the end of a password check could not be noted");
    }
}
