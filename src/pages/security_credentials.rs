//! My Security Credentials, tab AWS IAM Credentials: the facts of the password and the way to change it.
//! A read that was refused becomes a note in its place; the rest of the page stays.

use askama::Template;

use super::account_details::AccountDetails;
use super::frame::{Fact, Frame, Moment};

/// `GET /console/security-credentials`.
#[derive(Clone, Debug, Template)]
#[template(path = "security_credentials.html")]
pub struct SecurityCredentialsPage {
    pub frame: Frame,
    pub account_details: AccountDetails,
    /// `None`: the user has no console password.
    pub password: Option<ConsolePassword>,
}

/// The container *Password for console access*.
#[derive(Clone, Debug)]
pub struct ConsolePassword {
    /// With `iam:GetUser`.
    pub age: Fact<PasswordAge>,
    /// One sentence ([`super::password_rules::PasswordRules::sentence`]), with `iam:GetAccountPasswordPolicy`.
    pub policy: Fact<String>,
    /// Whether `iam:ChangePassword` is allowed.
    pub may_change: bool,
}

/// When the password was made and when it ends.
#[derive(Clone, Debug)]
pub struct PasswordAge {
    pub last_changed: Moment,
    pub expires: Expiry,
}

/// When the password expires. The moment's `relative` says how soon: "In 12 days".
#[derive(Clone, Debug)]
pub enum Expiry {
    Never,
    /// More than 15 days away.
    Later(Moment),
    /// Within 15 days.
    Soon(Moment),
    Expired(Moment),
}
