//! Every check of a password is a try: counted before the hash, settled after it. What a count does to the next try is
//! `domain::throttle`; here is what is counted together.
//!
//! Why buckets: an attacker who fails for somebody holds back the devices that nobody knows, and not those that the owner
//! has signed in from, nor the sessions and keys of the owner. Why a key counts by its slot, and a user by the ID: whoever
//! has stolen a key may make another in its place, or give its user another name, and would begin anew with it.

use super::authenticate::SignInRequest;
use super::context::{Authorized, RequestFacts};
use super::refusal::{busy, store_failure};
use crate::app::App;
use crate::crypto::password_hash::Place;
use crate::domain::account::{AccountId, AccountName};
use crate::domain::error::{Code, Details, Error, Refusal, told};
use crate::domain::principal::{Credentials, IamUser};
use crate::domain::throttle::Admission;
use crate::domain::user::UserId;
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

/// How long a try waits for those before it: as long as for a connection to the database.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// A device that its cookie shows to have been signed in from, by whom.
#[derive(Debug, Clone)]
pub struct KnownDevice {
    pub account_id: String,
    pub user_name: String,
    pub device_id: String,
}

impl KnownDevice {
    fn is_of(&self, user_name: &str) -> bool {
        folded(&self.user_name) == folded(user_name)
    }
}

/// What stands for all buckets of a name that nobody has. `account` is the ID, or what was typed where there is no such
/// account.
fn key_of_name(app: &App, account: &str, user_name: &str) -> String {
    let name = if user_name.chars().count() > LONGEST_NAME { "" } else { user_name };
    keyed(app, &["name", &folded(account), &folded(name)])
}

/// In case and in form, so that no other spelling is another count.
pub(super) fn folded(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

fn keyed(app: &App, parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    crate::crypto::identifier::hex(&app.throttle_key.mac(&parts))
}

/// What stands for all buckets of a user, whatever the user is called by and by.
pub(super) fn user_key(app: &App, user_id: &UserId) -> String {
    keyed(app, &["user", user_id.as_str()])
}

fn bucket(app: &App, user_key: String, kind: &str, which: &str) -> Bucket {
    Bucket { bucket: keyed(app, &["bucket", &user_key, kind, which]), user_key, seen: None }
}

/// Whom a sign-in is for, as typed and as found.
pub(super) struct Subject<'a> {
    pub typed_account: &'a AccountName,
    pub account_id: Option<&'a AccountId>,
    pub user_name: &'a str,
    pub user_id: Option<&'a UserId>,
}

/// That of the device, where it is known for this very user; else the one of all others.
pub(super) fn sign_in_bucket(app: &App, subject: &Subject<'_>, devices: &[KnownDevice]) -> Bucket {
    let Subject { typed_account, account_id, user_name, user_id } = subject;
    let Some(user_id) = user_id else {
        let account = account_id.map_or(typed_account.as_str(), AccountId::as_str);
        return bucket(app, key_of_name(app, account, user_name), "untrusted", "");
    };
    let key = user_key(app, user_id);
    let is_here = |device: &&KnownDevice| account_id.is_some_and(|id| id.as_str() == device.account_id);
    match devices.iter().filter(is_here).find(|device| device.is_of(user_name)) {
        Some(device) => bucket(app, key, "device", &device.device_id),
        None => bucket(app, key, "untrusted", ""),
    }
}

/// That of the session or the access key with which the caller acts.
pub(super) fn caller_bucket(app: &App, user: &IamUser, credentials: &Credentials) -> Bucket {
    let key = user_key(app, &user.user_id);
    match credentials {
        Credentials::Console(session) => bucket(app, key, "session", &session.session_hash),
        Credentials::AccessKey { slot, .. } => bucket(app, key, "access key", &slot.to_string()),
    }
}

/// Before anything else is done for a sign-in from a device that this user is not known on: who shares an address with an
/// attacker gets in where they were before.
pub(super) fn check_address(app: &App, request: &RequestFacts, attempt: &SignInRequest) -> Result<(), Error> {
    if attempt.devices.iter().any(|device| device.is_of(&attempt.user_name)) {
        return Ok(());
    }
    let Some(address) = request.source_address else { return Ok(()) };
    app.address_limit.check(address).map_err(|wait| {
        metrics().throttled("address");
        tracing::warn!(source.address = %address, "too many password checks from one address");
        let wait = Duration::try_from(wait).unwrap_or(Duration::MINUTE);
        throttled(TOO_MANY_FROM_ADDRESS, wait)
    })
}

/// Before anything that costs: where the password could not be hashed anyway, nothing is read and nothing is counted.
pub(super) fn place(app: &App) -> Result<Place, Error> {
    app.hasher.place().ok_or_else(busy)
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
    /// To the end of the try: what stands behind it writes too.
    _place: Place,
}

impl<'a> Try<'a> {
    pub async fn begin(app: &'a App, mut bucket: Bucket, place: Place) -> Result<Self, Error> {
        bucket.seen = app.store.throttle(&bucket).await.map_err(store_failure)?;
        if let Some(wait) = bucket.seen.and_then(|seen| seen.refuses(app.clock.now())) {
            return Err(put_off(wait));
        }
        let Some(turn) = app.turns.take_within(&bucket.bucket, PATIENCE).await else { return Err(busy()) };
        let told = app.store.admit_try(&mut bucket, app.clock.now()).await.map_err(store_failure)?;
        drop(turn);
        match told {
            Admission::LetThrough => Ok(Self { app, bucket, _place: place }),
            Admission::Refused(wait) => Err(put_off(wait)),
        }
    }

    /// For the check of a caller's own password.
    pub async fn of_caller(app: &'a App, cx: &Authorized<'_>) -> Result<Self, Error> {
        let place = place(app)?;
        let (user, credentials) = cx.credentials()?;
        Self::begin(app, caller_bucket(app, user, credentials), place).await
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
