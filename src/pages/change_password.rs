//! Change password: the form in the console, and the form again with what was wrong in it.

use askama::Template;

use super::frame::Frame;
use super::password_form::{PasswordForm, Problem};

/// `GET /console/security-credentials/password`; posts to the same URL.
#[derive(Clone, Debug, Template)]
#[template(path = "change_password.html")]
pub struct ChangePasswordPage {
    pub frame: Frame,
    pub form: PasswordForm,
}

impl ChangePasswordPage {
    #[must_use]
    pub fn new(frame: Frame, form: PasswordForm) -> Self {
        Self { frame, form }
    }

    /// The form again (422), with all problems at once.
    #[must_use]
    pub fn refused(mut self, problems: &[Problem]) -> Self {
        self.form = self.form.refused(problems);
        self
    }
}
