//! What has expired goes, in small batches. Nothing depends on it: a session that is over opens nothing, gone or not.

use super::first_account::FIRST_USER_NAME;
use crate::app::App;
use crate::crypto::password_hash::Parameters;
use crate::domain::account::AccountId;
use crate::domain::user::UserName;
use crate::store::StoreError;

/// Rows of one batch: small enough that a writer never waits long for it.
const BATCH: u32 = 500;

/// Deletes the sessions that are over; returns how many rows went.
pub async fn delete_expired_sessions(app: &App) -> u64 {
    let delete = || app.store.delete_expired_sessions(app.clock.now(), app.lifetimes.session_idle, BATCH);
    in_batches("expired sessions", delete).await
}

/// Signatures that are too old to be sent again need not be remembered; returns how many rows went.
pub async fn forget_spent_signatures(app: &App) -> u64 {
    in_batches("spent signatures", || app.store.forget_spent_signatures(app.clock.now(), BATCH)).await
}

/// Tries of passwords that hold nobody back any more; returns how many rows went.
pub async fn forget_old_tries(app: &App) -> u64 {
    app.address_limit.forget_idle();
    in_batches("old tries of passwords", || app.store.forget_old_tries(app.clock.now(), BATCH)).await
}

async fn in_batches<F: Future<Output = Result<u64, StoreError>>>(what: &str, delete: impl Fn() -> F) -> u64 {
    let mut deleted = 0;
    loop {
        match delete().await {
            Ok(0) => return deleted,
            Ok(rows) => deleted += rows,
            Err(error) => {
                tracing::warn!(%error, "{what} could not be deleted");
                return deleted;
            }
        }
    }
}

/// Whether the database can be reached.
pub async fn store_answers(app: &App) -> bool {
    app.store.is_healthy().await
}

/// A hash that stands for none shall cost what most real ones cost.
pub async fn refresh_common_parameters(app: &App) {
    match app.store.most_common_hash_parameters().await {
        Ok(text) => app.set_common_parameters(text.as_deref().and_then(Parameters::parse)),
        Err(error) => tracing::warn!(%error, "the usual cost of a hash could not be read"),
    }
}

/// Whether the first account's administrator has yet to choose a password.
pub async fn awaits_first_sign_in(app: &App) -> Result<bool, StoreError> {
    let Some(account) = app.store.installation_value("first_account").await? else { return Ok(false) };
    let (Ok(account), Ok(admin)) = (AccountId::parse(&account), UserName::parse(FIRST_USER_NAME)) else {
        return Ok(false);
    };
    let facts = app.store.sign_in_facts(&account, &admin).await?;
    let profile = facts.and_then(|facts| facts.login_profile);
    Ok(profile.is_some_and(|profile| profile.password_reset_required && profile.version == 1))
}
