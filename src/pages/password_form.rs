//! The fields, rules and errors of a change of the password, for the page and for the forced change.
//! Each problem has its words here, once: the summary and the field say the same.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

use super::field::{ErrorSummary, PasswordField};
use super::frame::Fact;
use super::password_rules::{PasswordRules, listed};

/// Posts `username` (for password managers, ignored), `old_password`, `new_password` and `confirm_password`.
#[derive(Clone, Debug, Template)]
#[template(path = "components/password_fields.html")]
pub struct PasswordForm {
    pub user_name: String,
    pub old: PasswordField,
    pub new: PasswordField,
    pub confirm: PasswordField,
    /// Refused: a note in the place of the list. The form still works.
    pub rules: Fact<PasswordRules>,
    /// How many other sessions the change ends, if that is known.
    pub other_sessions: Option<u64>,
}

impl HtmlSafe for PasswordForm {}

impl PasswordForm {
    #[must_use]
    pub fn new(user_name: impl Into<String>, rules: Fact<PasswordRules>) -> Self {
        let mut old = PasswordField::new("old_password", "Current password", "current password");
        old.autofocus = true;
        let mut new = PasswordField::new("new_password", "New password", "new password");
        if let Fact::Known(rules) = &rules {
            new.passwordrules = Some(rules.passwordrules());
        }
        new.described_by = (!matches!(rules, Fact::Absent)).then_some("rules");
        Self {
            user_name: user_name.into(),
            old: old.current(),
            new,
            confirm: PasswordField::new("confirm_password", "Confirm new password", "confirmed password"),
            rules,
            other_sessions: None,
        }
    }

    /// With the number of other sessions that the change will end.
    #[must_use]
    pub fn ending(mut self, other_sessions: u64) -> Self {
        self.other_sessions = Some(other_sessions);
        self
    }

    /// The form again, with what is wrong in it. No password comes back.
    #[must_use]
    pub fn refused(mut self, problems: &[Problem]) -> Self {
        self.old.autofocus = false;
        for problem in problems {
            let field = match problem.place() {
                Place::Old => &mut self.old,
                Place::New => &mut self.new,
                Place::Confirm => &mut self.confirm,
            };
            field.errors.push(problem.to_string());
        }
        self
    }

    /// In the order of the fields.
    #[must_use]
    pub fn errors(&self) -> ErrorSummary {
        ErrorSummary::default().and_password(&self.old).and_password(&self.new).and_password(&self.confirm)
    }
}

/// A kind of character that the policy asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Uppercase,
    Lowercase,
    Number,
    Symbol,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Uppercase => "one uppercase letter",
            Self::Lowercase => "one lowercase letter",
            Self::Number => "one number",
            Self::Symbol => "one symbol",
        }
    }
}

enum Place {
    Old,
    New,
    Confirm,
}

/// What can be wrong with a change of the password. `Display` is the text at the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    OldEmpty,
    OldIncorrect,
    NewEmpty,
    /// Fewer than this many characters.
    TooShort(u32),
    TooLong,
    /// One sentence for all kinds that are missing.
    MissingKinds(Vec<Kind>),
    /// The default policy: fewer than three of the four kinds.
    FewerThanThreeKinds,
    /// The default policy: the account alias or the account ID itself.
    SameAsAccount,
    /// A common password, or little more than one.
    Common,
    /// Little more than the user's, the account's or the product's name.
    MadeOfAName,
    /// One of the last `n` passwords.
    Reused(u32),
    SameAsCurrent,
    CharacterNotAllowed,
    ConfirmEmpty,
    Mismatch,
}

impl Problem {
    fn place(&self) -> Place {
        match self {
            Self::OldEmpty | Self::OldIncorrect => Place::Old,
            Self::ConfirmEmpty | Self::Mismatch => Place::Confirm,
            _ => Place::New,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let must = "New password must";
        match self {
            Self::OldEmpty => f.write_str("Enter your current password"),
            Self::OldIncorrect => f.write_str("Your current password is incorrect"),
            Self::NewEmpty => f.write_str("Enter a new password"),
            Self::TooShort(1) => write!(f, "{must} have at least 1 character"),
            Self::TooShort(n) => write!(f, "{must} have at least {n} characters"),
            Self::TooLong => write!(f, "{must} have 128 characters or fewer"),
            Self::MissingKinds(kinds) => {
                let words: Vec<&str> = kinds.iter().map(|kind| kind.words()).collect();
                write!(f, "{must} have at least {}", listed(&words))
            }
            Self::FewerThanThreeKinds => {
                write!(f, "{must} have at least three of: uppercase letters, lowercase letters, numbers, symbols")
            }
            Self::SameAsAccount => {
                write!(f, "{must} not be the same as your account alias or account ID")
            }
            Self::Common => {
                write!(f, "{must} not be a common password, or one with a few characters added")
            }
            Self::MadeOfAName => {
                write!(
                    f,
                    "{must} not be your user name, your account or the name of this site, or one of them with a few characters added"
                )
            }
            Self::Reused(1) => write!(f, "{must} not be your last password"),
            Self::Reused(n) => write!(f, "{must} not be one of your last {n} passwords"),
            Self::SameAsCurrent => write!(f, "{must} be different from your current password"),
            Self::CharacterNotAllowed => f.write_str("New password has a character that is not allowed"),
            Self::ConfirmEmpty => f.write_str("Enter the new password again"),
            Self::Mismatch => f.write_str("The passwords do not match"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_kinds_are_one_sentence() {
        let missing = |kinds: &[Kind]| Problem::MissingKinds(kinds.to_vec()).to_string();
        assert_eq!(missing(&[Kind::Symbol]), "New password must have at least one symbol");
        assert_eq!(missing(&[Kind::Number, Kind::Symbol]), "New password must have at least one number and one symbol");
    }

    #[test]
    fn errors_stand_in_the_order_of_the_fields() {
        let form = PasswordForm::new("alice", Fact::Absent);
        let form = form.refused(&[Problem::Mismatch, Problem::TooShort(14), Problem::OldIncorrect]);
        let fields: Vec<&str> = form.errors().errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["old_password", "new_password", "confirm_password"]);
        assert!(!form.old.autofocus, "the summary has the focus");
    }
}
