//! The two sign-in pages: the main one, which asks for the account, and that of one account.
//! Neither tells a visitor whether an account, an alias or a user exists.

use askama::Template;

use super::field::{ErrorSummary, Field, PasswordField};
use super::frame::{Alert, Frame, Tone};

/// `GET /signin`: asks for the account. Posts `account` (and `next`) to `/signin`.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    pub frame: Frame,
    pub account: Field,
    /// Where to go after sign-in; empty for the default.
    pub next: String,
    /// Shown as a list with *Forget*; empty but for `?switch=1`.
    pub remembered: Vec<RememberedUser>,
    /// A message above the form, such as "You are signed out".
    pub alert: Option<Alert>,
}

/// A pair that the cookie of this device holds.
#[derive(Clone, Debug)]
pub struct RememberedUser {
    pub user_name: String,
    /// As the visitor typed it: account ID or alias.
    pub account: String,
}

impl SignInPage {
    #[must_use]
    pub fn new(frame: Frame, next: impl Into<String>) -> Self {
        let account = Field {
            hint: Some("For example, 123456789012 or example-corp"),
            autofocus: true,
            ..Field::new("account", "Account ID or account alias")
        };
        Self { frame, account, next: next.into(), remembered: Vec::new(), alert: None }
    }

    /// With the accounts that this device remembers.
    #[must_use]
    pub fn remembering(mut self, remembered: Vec<RememberedUser>) -> Self {
        self.remembered = remembered;
        self
    }

    /// The form again: what was typed is not an account ID and cannot be an alias.
    #[must_use]
    pub fn refused(mut self, typed: impl Into<String>) -> Self {
        self.account.value = typed.into();
        let text = if self.account.value.trim().is_empty() {
            "Enter an account ID or an account alias"
        } else {
            "Enter a 12-digit account ID or an account alias"
        };
        self.account.error = Some(text.to_owned());
        self.account.autofocus = false;
        self
    }

    /// The session ended by itself, where no account is remembered.
    #[must_use]
    pub fn session_expired(mut self) -> Self {
        self.alert = Some(session_expired());
        self
    }

    /// After sign-out, where no account is remembered.
    #[must_use]
    pub fn signed_out(mut self) -> Self {
        self.alert = Some(Alert::new(Tone::Success, "You are signed out", ""));
        self
    }

    #[must_use]
    pub fn errors(&self) -> ErrorSummary {
        ErrorSummary::default().and(&self.account)
    }
}

fn session_expired() -> Alert {
    Alert::new(Tone::Info, "You were signed out", "Your session expired. Sign in again to continue.")
}

/// `GET /signin/{account}`: asks for user name and password. Posts `user_name`, `password`, `remember` (and `next`) to the same URL.
#[derive(Clone, Debug, Template)]
#[template(path = "user_sign_in.html")]
pub struct UserSignInPage {
    pub frame: Frame,
    /// Exactly what the visitor typed; never the ID that belongs to an alias.
    pub account: String,
    pub user_name: Field,
    pub password: PasswordField,
    /// Whether the box *Remember this account and user name* is ticked.
    pub remember: bool,
    /// Whether the user name came from this device's cookie.
    pub remembered: bool,
    /// Where to go after sign-in; empty for the default.
    pub next: String,
    pub alert: Option<Alert>,
}

impl UserSignInPage {
    /// `remembered` is the user name in the cookie, if the cookie's account is this one.
    #[must_use]
    pub fn new(frame: Frame, account: impl Into<String>, remembered: Option<String>) -> Self {
        let password = PasswordField::new("password", "Password", "password").current();
        let user_name = Field { autocomplete: Some("username"), ..Field::new("user_name", "IAM user name") };
        let page = Self {
            frame,
            account: account.into(),
            user_name,
            password,
            remember: true,
            remembered: remembered.is_some(),
            next: String::new(),
            alert: None,
        };
        page.focused_on(remembered.unwrap_or_default())
    }

    /// Focus: the user name if it is empty, else the password.
    fn focused_on(mut self, user_name: String) -> Self {
        self.user_name.autofocus = user_name.is_empty();
        self.password.autofocus = !user_name.is_empty();
        self.user_name.value = user_name;
        self
    }

    /// With a page to go to after sign-in.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// The session ended by itself.
    #[must_use]
    pub fn session_expired(self) -> Self {
        self.told(session_expired())
    }

    /// The visitor chose to sign out.
    #[must_use]
    pub fn signed_out(self) -> Self {
        self.told(Alert::new(Tone::Success, "You are signed out", ""))
    }

    /// The session was ended by this browser's own change of the password (a second submit).
    #[must_use]
    pub fn password_was_changed(self) -> Self {
        let text = "Sign in with your new password to continue.";
        self.told(Alert::new(Tone::Success, "Your password was changed", text))
    }

    /// Unknown account, unknown user, no login profile or wrong password: one answer for all.
    #[must_use]
    pub fn refused(self, user_name: impl Into<String>, remember: bool) -> Self {
        let text = "Your user name or password is incorrect. Check both, and check that this is the right account.";
        let alert = Alert::new(Tone::Error, "We could not sign you in", text).focused();
        self.again(user_name.into(), remember).told(alert)
    }

    /// A field is empty: which one is seen from `user_name` and `has_password`.
    #[must_use]
    pub fn incomplete(self, user_name: impl Into<String>, has_password: bool, remember: bool) -> Self {
        let mut page = self.again(user_name.into(), remember);
        if page.user_name.value.is_empty() {
            page.user_name.error = Some("Enter your IAM user name".to_owned());
        }
        if !has_password {
            page.password.errors = vec!["Enter your password".to_owned()];
        }
        page
    }

    fn again(mut self, user_name: String, remember: bool) -> Self {
        self.user_name.value = user_name;
        self.user_name.autofocus = false;
        self.password.autofocus = false;
        self.remember = remember;
        self
    }

    fn told(mut self, alert: Alert) -> Self {
        self.alert = Some(alert);
        self
    }

    #[must_use]
    pub fn errors(&self) -> ErrorSummary {
        ErrorSummary::default().and(&self.user_name).and_password(&self.password)
    }

    /// For the page title: the form was refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let told = |alert: &Alert| alert.tone == Tone::Error;
        self.alert.as_ref().is_some_and(told) || !self.errors().is_empty()
    }
}
