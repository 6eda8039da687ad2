//! The fields of a form and the summary of their errors.
//! A password field has no place for a value: a clear password is never put back into a page.

use askama::Template;
use askama::filters::HtmlSafe;

/// One line of text. Its name is its id too, so that the summary can lead to it.
#[derive(Clone, Debug, Template)]
#[template(path = "components/field.html")]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub hint: Option<&'static str>,
    /// As the visitor typed it.
    pub value: String,
    pub error: Option<String>,
    /// The autofill token, where one fits.
    pub autocomplete: Option<&'static str>,
    /// Takes the focus when the page opens.
    pub autofocus: bool,
}

impl HtmlSafe for Field {}

impl Field {
    #[must_use]
    pub fn new(name: &'static str, label: &'static str) -> Self {
        Self { name, label, hint: None, value: String::new(), error: None, autocomplete: None, autofocus: false }
    }

    /// What the input is described by, in reading order.
    #[must_use]
    pub fn described_by(&self) -> String {
        let error = self.error.as_ref().map(|_| format!("{}-err", self.name));
        let hint = self.hint.map(|_| format!("{}-hint", self.name));
        let parts: Vec<String> = error.into_iter().chain(hint).collect();
        parts.join(" ")
    }
}

/// A password, with Show and Hide where the script runs.
#[derive(Clone, Debug, Template)]
#[template(path = "components/password_field.html")]
pub struct PasswordField {
    pub name: &'static str,
    pub label: &'static str,
    /// The label inside a sentence: "Show new password".
    pub spoken: &'static str,
    /// `current-password` or `new-password`.
    pub autocomplete: &'static str,
    /// Several, because a new password can break several rules at once.
    pub errors: Vec<String>,
    /// What a password generator must know (the `passwordrules` attribute).
    pub passwordrules: Option<String>,
    /// The id of what describes this field beside its own errors.
    pub described_by: Option<&'static str>,
    pub autofocus: bool,
}

impl HtmlSafe for PasswordField {}

impl PasswordField {
    #[must_use]
    pub fn new(name: &'static str, label: &'static str, spoken: &'static str) -> Self {
        Self {
            name,
            label,
            spoken,
            autocomplete: "new-password",
            errors: Vec::new(),
            passwordrules: None,
            described_by: None,
            autofocus: false,
        }
    }

    /// The same, for a password that exists already.
    #[must_use]
    pub fn current(mut self) -> Self {
        self.autocomplete = "current-password";
        self
    }

    /// What the input is described by, in reading order.
    #[must_use]
    pub fn description(&self) -> String {
        let error = (!self.errors.is_empty()).then(|| format!("{}-err", self.name));
        let parts: Vec<String> = error.into_iter().chain(self.described_by.map(str::to_owned)).collect();
        parts.join(" ")
    }
}

/// All errors of a form, in the order of its fields, each leading to its field. It takes the focus.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/error_summary.html")]
pub struct ErrorSummary {
    pub errors: Vec<FieldError>,
}

impl HtmlSafe for ErrorSummary {}

/// One line of the summary.
#[derive(Clone, Debug)]
pub struct FieldError {
    pub field: &'static str,
    pub text: String,
}

impl ErrorSummary {
    /// With the errors of a text field after those that are in it.
    #[must_use]
    pub fn and(mut self, field: &Field) -> Self {
        self.errors.extend(field.error.iter().map(|text| FieldError { field: field.name, text: text.clone() }));
        self
    }

    /// With the errors of a password field after those that are in it.
    #[must_use]
    pub fn and_password(mut self, field: &PasswordField) -> Self {
        self.errors.extend(field.errors.iter().map(|text| FieldError { field: field.name, text: text.clone() }));
        self
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }
}
