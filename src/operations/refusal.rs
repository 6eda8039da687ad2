//! The words of refusals that more than one operation says, and what becomes of a store's error.

use super::demand::Asked;
use crate::crypto::password_hash::HashingError;
use crate::domain::arn::Arn;
use crate::domain::error::{Code, Details, Error, Failure, Outcome, Refusal};
use crate::domain::group::GroupName;
use crate::domain::quota::Quota;
use crate::domain::user::UserName;
use crate::store::StoreError;

/// AWS's text. Source: AWS IAM User Guide, "Troubleshoot access denied error messages".
pub(super) fn not_authorized(user: &Arn, asked: &Asked, reason: &str) -> Error {
    let name = asked.action.name();
    let target = asked.shown_as.as_deref().unwrap_or(asked.target.as_str());
    let last = || asked.target.as_str().rsplit('/').next().map(str::to_owned);
    let message = format!("User: {user} is not authorized to perform: {name} on resource: {target} {reason}");
    let details = Details {
        action: Some(name),
        principal: Some(user.to_string()),
        resource: Some(target.to_owned()),
        unknown_name: asked.is_unknown.then(last).flatten(),
        ..Details::default()
    };
    Error::Refused(Refusal { code: Code::NotAuthorized, message, details: Box::new(details) })
}

pub(super) fn no_such_user(name: &UserName) -> Error {
    unknown(name.as_str(), format!("The user with name {name} cannot be found."))
}

pub(super) fn no_login_profile(name: &UserName) -> Error {
    Error::refused(Code::NoSuchEntity, format!("Login Profile for User {name} cannot be found."))
}

pub(super) fn no_such_group(name: &GroupName) -> Error {
    unknown(name.as_str(), format!("The group with name {name} cannot be found."))
}

fn unknown(name: &str, message: String) -> Error {
    let details = Details { unknown_name: Some(name.to_owned()), ..Details::default() };
    Error::Refused(Refusal { code: Code::NoSuchEntity, message, details: Box::new(details) })
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

pub(super) fn hashing_failure(error: HashingError) -> Error {
    match error {
        HashingError::Busy => {
            Error::refused(Code::Busy, "The server is busy. Nothing was changed. Try again in a moment.")
        }
        other => Error::failed(other),
    }
}
