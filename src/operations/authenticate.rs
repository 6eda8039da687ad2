//! All that is done before there is a caller: sign in, resume a session, keep and end one.
//!
//! Why one answer: an unknown account, an unknown user, a user without a password and a wrong password give the same
//! refusal at the price of exactly one hash, so that neither words nor time tell them apart. Whether they are throttled does
//! not tell them apart either: a name that nobody has is counted like any other.

use super::audit::{console_login, failed_console_login};
use super::context::RequestFacts;
use super::password_check::check;
use super::refusal::store_failure;
use super::throttle::{Subject, Try, check_address, folded, place, sign_in_bucket};
use crate::app::App;
use crate::domain::account::{AccountId, AccountName};
use crate::domain::error::{Code, Error, told};
use crate::domain::login_profile::Standing;
use crate::domain::password::TypedPassword;
use crate::domain::principal::{IamUser, Stage};
use crate::domain::user::UserName;
use crate::metrics::metrics;
use crate::store::StoreError;
use crate::store::audit::AuditRecord;
use crate::store::login_profiles::{LoginProfileRecord, SignInFacts};
use crate::store::sessions::SignIn;
use time::OffsetDateTime;

pub use super::throttle::KnownDevice;

/// How often a sign-in that a change of the password overtook looks again.
const ATTEMPTS: usize = 3;

/// What the sign-in page sends.
pub struct SignInRequest {
    pub account: AccountName,
    pub user_name: String,
    pub password: TypedPassword,
    /// What the browser shows of earlier sign-ins, whoever's they were.
    pub devices: Vec<KnownDevice>,
    /// The address of the page that this leads to.
    pub login_to: String,
}

/// A password that was right.
pub struct SignedIn {
    pub user: IamUser,
    /// As it was read together with the hash that the password fitted.
    pub session_epoch: i64,
    pub standing: Standing,
    /// When somebody else changed the password since the last sign-in.
    pub told_change_at: Option<OffsetDateTime>,
    /// How many wrong passwords there were since the last sign-in.
    pub told_failures: u32,
    pub last_sign_in_at: Option<OffsetDateTime>,
}

impl SignedIn {
    /// None: an administrator has to act first.
    pub fn stage(&self) -> Option<Stage> {
        match self.standing {
            Standing::Good => Some(Stage::Full),
            Standing::ResetRequired | Standing::Expired { .. } => Some(Stage::MustChangePassword),
            Standing::HardExpired { .. } | Standing::TemporaryExpired => None,
        }
    }
}

pub async fn sign_in(app: &App, request: &RequestFacts, attempt: &SignInRequest) -> Result<SignedIn, Error> {
    let outcome = try_to_sign_in(app, request, attempt).await;
    metrics().sign_in(match &outcome {
        Ok(signed_in) => match signed_in.stage() {
            Some(Stage::Full) => "signed_in",
            Some(Stage::MustChangePassword) => "must_change_password",
            None => "expired",
        },
        Err(Error::Refused(refusal)) if refusal.code == Code::SignInFailed => "incorrect",
        Err(Error::Refused(refusal)) if refusal.code == Code::Throttled => "throttled",
        Err(Error::Refused(refusal)) if refusal.code == Code::Busy => "busy",
        Err(_) => "failed",
    });
    outcome
}

async fn try_to_sign_in(app: &App, request: &RequestFacts, attempt: &SignInRequest) -> Result<SignedIn, Error> {
    let place = place(app)?;
    check_address(app, request, attempt)?;
    let account = find_account(app, &attempt.account).await?;
    // Under the name as it is counted: a spelling that nobody can have is one of whoever has the plain one.
    let facts = find_user(app, account.as_ref(), &folded(&attempt.user_name)).await?;
    let subject = Subject {
        typed_account: &attempt.account,
        account_id: account.as_ref(),
        user_name: &attempt.user_name,
        user_id: facts.as_ref().map(|facts| &facts.user.user_id),
    };
    let bucket = sign_in_bucket(app, &subject, &attempt.devices);
    let tried = Try::begin(app, bucket, place).await?;
    // As typed it may be a name that nobody can have.
    let facts = facts.filter(|_| UserName::parse(&attempt.user_name).is_ok());
    match find_and_open(app, request, attempt, account.as_ref(), facts, &tried).await {
        Ok(Some(signed_in)) => Ok(signed_in),
        Ok(None) => Err(Error::refused(Code::SignInFailed, "Your user name or password is incorrect.")),
        // Either nothing was hashed, or the password was right.
        Err(error) => {
            tried.took_no_look().await;
            Err(error)
        }
    }
}

/// None: what was typed does not fit, and this is recorded. `facts` are what was found already; they are looked at again
/// where the password they hold was changed meanwhile.
async fn find_and_open(
    app: &App,
    request: &RequestFacts,
    attempt: &SignInRequest,
    account: Option<&AccountId>,
    mut facts: Option<SignInFacts>,
    tried: &Try<'_>,
) -> Result<Option<SignedIn>, Error> {
    for _ in 0..ATTEMPTS {
        let now = app.clock.now();
        let Some(verified) = verify(app, facts.as_ref(), &attempt.password).await? else {
            let record = failure_record(app, request, now, account, facts.as_ref(), &attempt.login_to);
            let owner = facts.as_ref().map(|facts| &facts.user.user_id);
            tried.failed(owner, Some(&record)).await;
            return Ok(None);
        };
        if let Some(signed_in) = open(app, request, now, &verified, tried, &attempt.login_to).await? {
            if verified.outdated {
                rehash(app, verified.profile, &attempt.password).await;
            }
            return Ok(Some(signed_in));
        }
        facts = find_user(app, account, &attempt.user_name).await?;
    }
    Err(super::refusal::changed_meanwhile())
}

async fn find_account(app: &App, name: &AccountName) -> Result<Option<AccountId>, Error> {
    let account = match name {
        AccountName::Id(id) => app.store.account_by_id(id).await,
        AccountName::Alias(alias) => app.store.account_by_alias(alias).await,
    };
    Ok(account.map_err(store_failure)?.map(|account| account.account_id))
}

async fn find_user(app: &App, account: Option<&AccountId>, name: &str) -> Result<Option<SignInFacts>, Error> {
    match (account, UserName::parse(name)) {
        (Some(account), Ok(name)) => app.store.sign_in_facts(account, &name).await.map_err(store_failure),
        _ => Ok(None),
    }
}

/// What a right password fitted.
struct Verified<'a> {
    facts: &'a SignInFacts,
    profile: &'a LoginProfileRecord,
    /// Hashed with other parameters than today's.
    outdated: bool,
}

/// Exactly one hash, whatever was found.
async fn verify<'a>(
    app: &App,
    facts: Option<&'a SignInFacts>,
    typed: &TypedPassword,
) -> Result<Option<Verified<'a>>, Error> {
    let profile = facts.and_then(|facts| facts.login_profile.as_ref());
    let verdict = check(app, typed, profile).await?;
    Ok(facts.zip(profile).zip(verdict).map(|((facts, profile), verdict)| Verified {
        facts,
        profile,
        outdated: verdict.outdated,
    }))
}

/// None: the password was changed since it was verified.
async fn open(
    app: &App,
    request: &RequestFacts,
    now: OffsetDateTime,
    verified: &Verified<'_>,
    tried: &Try<'_>,
    login_to: &str,
) -> Result<Option<SignedIn>, Error> {
    let Verified { facts, profile, .. } = verified;
    let user = iam_user(facts);
    let mut signed_in = SignedIn {
        session_epoch: facts.user.session_epoch,
        standing: profile.login_profile().standing(facts.password_policy.as_ref(), now),
        told_change_at: None,
        told_failures: 0,
        last_sign_in_at: facts.user.password_last_used_at,
        user,
    };
    let record = console_login(app, request, now, Some(&signed_in.user), login_to);
    if signed_in.stage().is_none() {
        let record = failed_console_login(record, None, Some(&signed_in.user), "The password has expired");
        record_refusal(app, &record).await;
        tried.succeeded().await;
        return Ok(Some(signed_in));
    }
    let sign_in = SignIn {
        user_id: signed_in.user.user_id.clone(),
        session_epoch: signed_in.session_epoch,
        at: now,
        tells_change: signed_in.stage() == Some(Stage::Full),
        bucket: tried.bucket().clone(),
    };
    match app.store.record_sign_in(&sign_in, &record).await {
        Ok(recorded) => {
            signed_in.told_change_at = recorded.told_change_at;
            signed_in.told_failures = recorded.told_failures;
            Ok(Some(signed_in))
        }
        Err(StoreError::Conflict) => Ok(None),
        Err(error) => Err(store_failure(error)),
    }
}

fn iam_user(facts: &SignInFacts) -> IamUser {
    IamUser {
        account_id: facts.account.account_id.clone(),
        account_alias: facts.account.alias.clone(),
        user_id: facts.user.user_id.clone(),
        user_name: facts.user.user_name.clone(),
        path: facts.user.path.clone(),
    }
}

fn failure_record(
    app: &App,
    request: &RequestFacts,
    now: OffsetDateTime,
    account: Option<&AccountId>,
    facts: Option<&SignInFacts>,
    login_to: &str,
) -> AuditRecord {
    let user = facts.map(iam_user);
    let message = if user.is_some() { "Failed authentication" } else { "No username found in supplied account" };
    let record = console_login(app, request, now, user.as_ref(), login_to);
    failed_console_login(record, account, user.as_ref(), message)
}

/// A failure of the record is no reason to answer otherwise.
async fn record_refusal(app: &App, record: &AuditRecord) {
    if let Err(error) = app.store.audit(record).await {
        tracing::error!(error = %told(&error), "a failed sign-in could not be recorded");
    }
}

/// Older parameters are replaced while the clear password is at hand. That it fails is no reason to refuse a sign-in.
async fn rehash(app: &App, profile: &LoginProfileRecord, typed: &TypedPassword) {
    let Ok(password) = typed.password() else { return };
    let rehashed = match app.hasher.hash(password).await {
        Ok(hash) => {
            app.store.rehash_password(&profile.user_id, &profile.hash, &hash).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = rehashed {
        tracing::warn!(%error, "a password could not be rehashed with the current parameters");
    }
}
