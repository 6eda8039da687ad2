//! The words of refusals that more than one operation says, and what becomes of a store's error.

use super::demand::Asked;
use crate::crypto::password_hash::HashingError;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Details, Error, Failure, Outcome, Refusal};
use crate::domain::group::GroupName;
use crate::domain::quota::Quota;
use crate::domain::user::UserName;
use crate::store::StoreError;

/// AWS's words in the place of a name that nobody has.
pub(super) const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// AWS's text. Source: AWS IAM User Guide, "Troubleshoot access denied error messages".
pub(super) fn not_authorized(user: &Arn, asked: &Asked, reason: &str) -> Error {
    let name = asked.action.name();
    let told =
        |target: &str| format!("User: {user} is not authorized to perform: {name} on resource: {target} {reason}");
    let target = asked.target.as_str();
    let known = match target.rsplit_once('/') {
        Some((before, _)) if asked.is_unknown => format!("{before}/{HIDDEN}"),
        _ => target.to_owned(),
    };
    let details = Details {
        action: Some(name),
        principal: Some(user.to_string()),
        resource: Some(target.to_owned()),
        recorded: Some(told(&known)),
        ..Details::default()
    };
    let message = told(asked.shown_as.as_deref().unwrap_or(target));
    Error::Refused(Refusal { code: Code::NotAuthorized, message, details: Box::new(details) })
}

pub(super) fn no_such_user(name: &UserName) -> Error {
    unknown(|name| format!("The user with name {name} cannot be found."), name.as_str())
}

pub(super) fn no_login_profile(name: &UserName) -> Error {
    Error::refused(Code::NoSuchEntity, format!("Login Profile for User {name} cannot be found."))
}

pub(super) fn no_such_group(name: &GroupName) -> Error {
    unknown(|name| format!("The group with name {name} cannot be found."), name.as_str())
}

fn unknown(told: impl Fn(&str) -> String, name: &str) -> Error {
    let details = Details { recorded: Some(told(HIDDEN)), ..Details::default() };
    Error::Refused(Refusal { code: Code::NoSuchEntity, message: told(name), details: Box::new(details) })
}

pub(super) fn quota_exceeded(quota: Quota) -> Error {
    let message = format!("Cannot exceed quota for {}: {}", quota.name(), quota.limit());
    Error::refused(Code::LimitExceeded, message)
}

/// `what`: the part of AWS's sentence that says what stands in the way.
pub(super) fn delete_conflict(what: &str) -> Error {
    Error::refused(Code::DeleteConflict, format!("Cannot delete entity, must {what} first."))
}

/// For what a caller may simply try again.
pub(super) fn changed_meanwhile() -> Error {
    Error::refused(Code::EntityTemporarilyUnmodifiable, "Another change came first. Try again.")
}

/// A conflict that the operation does not look into becomes "try again"; the rest is a failure.
pub(super) fn store_failure(error: StoreError) -> Error {
    let (outcome, unavailable) = match &error {
        StoreError::Conflict => return changed_meanwhile(),
        StoreError::QuotaExceeded(quota) => return quota_exceeded(*quota),
        StoreError::OutcomeUnknown(_) => (Outcome::Unknown, true),
        StoreError::Unavailable(_) => (Outcome::NothingChanged, true),
        _ => (Outcome::NothingChanged, false),
    };
    Error::Failed(Failure { outcome, unavailable, source: Box::new(error) })
}

/// More passwords wait to be hashed than can be in time.
pub(super) fn busy() -> Error {
    Error::refused(Code::Busy, "The server is busy. Nothing was changed. Try again in a moment.")
}

pub(super) fn hashing_failure(error: HashingError) -> Error {
    match error {
        HashingError::Busy => busy(),
        other => Error::failed(other),
    }
}
