//! Console sessions, before and beside what their owners may do: load one, keep one, end one, and what is a fact of the
//! session whatever the policies say.

use super::refusal::store_failure;
use crate::app::App;
use crate::domain::error::{Error, told};
use crate::domain::login_profile::{LoginProfile, Standing};
use crate::domain::password_policy::PasswordPolicy;
use crate::domain::principal::{IamUser, Stage};
use crate::store::sessions::{ConsoleSessionRecord, LoadedSession};
use time::OffsetDateTime;
use tracing::Instrument;

/// How long a page waits for the note that its session is in use.
const NOTE_PATIENCE: std::time::Duration = std::time::Duration::from_millis(250);
/// How long a step before the console may take.
const STEP_LIFETIME: time::Duration = time::Duration::minutes(15);

/// A password that ends soon.
#[derive(Debug, Clone, Copy)]
pub struct ExpiryWarning {
    /// Whole days, counting one that has begun.
    pub days: i64,
    pub expires_at: OffsetDateTime,
}

impl ExpiryWarning {
    pub(super) fn of(profile: &LoginProfile, policy: Option<&PasswordPolicy>, now: OffsetDateTime) -> Option<Self> {
        Some(Self { days: profile.days_to_warn_of(policy, now)?, expires_at: profile.expires_at(policy)? })
    }
}

/// Whether the owner of a session is to be warned. Part of the session, not of what policies let one read.
pub async fn expiry_warning(app: &App, user: &IamUser, now: OffsetDateTime) -> Result<Option<ExpiryWarning>, Error> {
    let facts = app.store.sign_in_facts(&user.account_id, &user.user_name).await.map_err(store_failure)?;
    Ok(facts.and_then(|facts| {
        let profile = facts.login_profile?.login_profile();
        ExpiryWarning::of(&profile, facts.password_policy.as_ref(), now)
    }))
}

/// What the password of a session's owner opens today.
pub async fn standing(app: &App, user: &IamUser, now: OffsetDateTime) -> Result<Option<Standing>, Error> {
    let facts = app.store.sign_in_facts(&user.account_id, &user.user_name).await.map_err(store_failure)?;
    Ok(facts.and_then(|facts| {
        let profile = facts.login_profile?.login_profile();
        Some(profile.standing(facts.password_policy.as_ref(), now))
    }))
}

/// How many sessions of the user a change would end beside the one that asks.
pub async fn other_sessions(app: &App, user: &IamUser, now: OffsetDateTime) -> Result<u64, Error> {
    let all = app.store.live_sessions(&user.user_id, now, app.lifetimes.session_idle).await.map_err(store_failure)?;
    Ok(all.saturating_sub(1))
}

/// A session as its cookie names it, if it is of any use.
pub async fn session(app: &App, session_hash: &str) -> Result<Option<LoadedSession>, Error> {
    let now = app.clock.now();
    let loaded = app.store.session(session_hash, now, app.lifetimes.session_idle).await.map_err(store_failure)?;
    if let Some(live) = loaded.as_ref().filter(|loaded| loaded.is_live()) {
        note_use(app, session_hash, live, now).await;
    }
    if loaded.as_ref().is_some_and(|loaded| !loaded.is_live() && !loaded.is_replaced()) {
        end_for_good(app, session_hash).await;
    }
    Ok(loaded)
}

/// What was once seen to be over stays over, also where the clock goes back. A page does not wait long for this either.
async fn end_for_good(app: &App, session_hash: &str) {
    let (store, hash) = (app.store.clone(), session_hash.to_owned());
    let ending = async move {
        if let Err(error) = store.end_session(&hash).await {
            tracing::warn!(error = %told(&error), "a session that is over could not be taken away");
        }
    };
    drop(tokio::time::timeout(NOTE_PATIENCE, tokio::spawn(ending.in_current_span())).await);
}

/// A page that only reads does not wait for a writer: the note is made when it can be, and a session whose use cannot be
/// noted ends a little early.
async fn note_use(app: &App, session_hash: &str, live: &LoadedSession, now: OffsetDateTime) {
    let (store, hash, live) = (app.store.clone(), session_hash.to_owned(), live.clone());
    let noting = async move {
        if let Err(error) = store.touch_session(&hash, &live, now).await {
            tracing::warn!(error = %told(&error), "that a session is in use could not be noted");
        }
    };
    drop(tokio::time::timeout(NOTE_PATIENCE, tokio::spawn(noting.in_current_span())).await);
}

/// A step before the console must be taken soon; a session ends with the working day.
pub fn session_lifetime(app: &App, stage: Stage) -> time::Duration {
    match stage {
        Stage::Full => app.lifetimes.session_absolute,
        Stage::MustChangePassword => app.lifetimes.session_absolute.min(STEP_LIFETIME),
    }
}

pub async fn save_session(app: &App, session: &ConsoleSessionRecord) -> Result<(), Error> {
    app.store.save_session(session).await.map_err(store_failure)
}

pub async fn end_session(app: &App, session_hash: &str) -> Result<(), Error> {
    app.store.end_session(session_hash).await.map_err(store_failure)
}
