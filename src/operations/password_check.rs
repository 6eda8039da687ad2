//! Whether a typed password fits a stored hash, at the price of exactly one hash, whatever is wrong with either.

use super::refusal::hashing_failure;
use crate::app::App;
use crate::crypto::password_hash::{HashingError, Parameters, Verdict};
use crate::domain::error::Error;
use crate::domain::password::TypedPassword;
use crate::store::login_profiles::LoginProfileRecord;

/// None: it does not fit. A password whose pepper is gone fits nothing; whose it is stands in the log.
pub(super) async fn check(
    app: &App,
    typed: &TypedPassword,
    profile: Option<&LoginProfileRecord>,
) -> Result<Option<Verdict>, Error> {
    if let (Some(profile), Ok(password)) = (profile, typed.password()) {
        match app.hasher.verify(password, profile.hash.clone()).await {
            // Nothing was computed yet. The answer is that to a wrong password, at the same price.
            Err(error @ HashingError::UnknownPepper(_)) => {
                tracing::warn!(user.id = %profile.user_id, %error, "a password cannot be verified; `user reset-password` sets another");
            }
            verdict => return Ok(Some(verdict.map_err(hashing_failure)?).filter(|verdict| verdict.matches)),
        }
    }
    let like = profile.and_then(|profile| Parameters::of(&profile.hash).ok());
    let like = like.or_else(|| app.common_parameters());
    app.hasher.verify_dummy(typed.expose().to_owned(), like).await.map_err(hashing_failure)?;
    Ok(None)
}
