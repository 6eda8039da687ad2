//! The step of sign-in at which a user must choose a new password, and its dead ends:
//! a state without a form says who can help, so that nobody is left before a locked door.

use askama::Template;

use super::frame::{Alert, Frame, Tone, UserMenu, failed_attempts};
use super::password_form::{PasswordForm, Problem};

const CONTACT: &str = "Contact your administrator";

/// `GET /signin/step/change-password`; posts to the same URL.
#[derive(Clone, Debug, Template)]
#[template(path = "forced_change.html")]
pub struct ForcedChangePage {
    /// Without `user_menu`: this session can do nothing but change the password.
    pub frame: Frame,
    pub heading: &'static str,
    pub lead: String,
    pub user: UserMenu,
    /// `None` where the password cannot be changed here.
    pub form: Option<PasswordForm>,
    /// Says why there is no form, or what the owner should know.
    pub alert: Option<Alert>,
    /// Where to go after the change; empty for the default.
    pub next: String,
}

impl ForcedChangePage {
    fn new(frame: Frame, user: UserMenu, heading: &'static str, lead: impl Into<String>) -> Self {
        Self { frame, heading, lead: lead.into(), user, form: None, alert: None, next: String::new() }
    }

    /// The administrator set a password that must be changed.
    #[must_use]
    pub fn first_sign_in(frame: Frame, user: UserMenu, form: PasswordForm) -> Self {
        let heading = "You must change your password to continue";
        let lead = "Your administrator asks you to choose your own password at your first sign-in.";
        Self::new(frame, user, heading, lead).with(form)
    }

    /// The password is older than the policy's `days`.
    #[must_use]
    pub fn expired(frame: Frame, user: UserMenu, days: u32, form: PasswordForm) -> Self {
        let lead = match days {
            1 => "Passwords in this account expire after 1 day. Choose a new one to continue.".to_owned(),
            n => format!("Passwords in this account expire after {n} days. Choose a new one to continue."),
        };
        Self::new(frame, user, "Your password has expired", lead).with(form)
    }

    /// Hard expiry: only an administrator can reset an expired password.
    #[must_use]
    pub fn hard_expiry(frame: Frame, user: UserMenu) -> Self {
        let text = "In this account, only an administrator can reset an expired password. Your access keys still work.";
        Self::new(frame, user, "Your password has expired", "You cannot change it here.").told(CONTACT, text)
    }

    /// The temporary password was not used in time.
    #[must_use]
    pub fn temporary_password_expired(frame: Frame, user: UserMenu) -> Self {
        let text = "A temporary password works for a few days only. Ask for a new one.";
        Self::new(frame, user, "Your temporary password has expired", "You cannot change it here.").told(CONTACT, text)
    }

    /// The password must be changed, and a policy does not let this user do it.
    #[must_use]
    pub fn not_allowed(frame: Frame, user: UserMenu) -> Self {
        let heading = "You must change your password to continue";
        let lead = "You are not authorized to change it.";
        let text = "Ask for a new password, or for permission to change it yourself:";
        let page = Self::new(frame, user, heading, lead);
        let alert = Alert::new(Tone::Error, CONTACT, text).naming("iam:ChangePassword");
        Self { alert: Some(alert.focused()), ..page }
    }

    /// With a page to go to after the change.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// The form again (422), with all problems at once.
    #[must_use]
    pub fn refused(mut self, problems: &[Problem]) -> Self {
        self.form = self.form.map(|form| form.refused(problems));
        self
    }

    /// With what others tried since the last sign-in.
    #[must_use]
    pub fn failed_attempts(mut self, count: u32) -> Self {
        let (title, text) = failed_attempts(count);
        self.alert = Some(Alert::new(Tone::Warning, title, text));
        self
    }

    fn with(mut self, form: PasswordForm) -> Self {
        self.form = Some(form);
        self
    }

    fn told(mut self, title: &str, text: &str) -> Self {
        self.alert = Some(Alert::new(Tone::Error, title, text).focused());
        self
    }
}
