//! The form of a changed password, for the page and for the step before the console: what arrives, what is shown, and
//! which words a refusal becomes.

use super::error::PageError;
use super::form::{Bound, Fields, Form};
use super::security_credentials::password_rules;
use super::session::SignedIn;
use crate::domain::error::{Code, Refusal};
use crate::domain::password::TypedPassword;
use crate::domain::password_policy::PasswordRules;
use crate::domain::principal::IamUser;
use crate::domain::refused_words::{Owner, RefusedWords};
use crate::domain::violation::Violation;
use crate::operations::password::ChangePassword;
use crate::pages::frame::Fact;
use crate::pages::password_form::{Kind, PasswordForm, Problem};
use crate::pages::password_rules::{PasswordRules as ShownRules, Rule};
use subtle::ConstantTimeEq;
use validator::Validate;

/// As it was typed.
pub struct ChangePasswordForm {
    pub old_password: TypedPassword,
    pub new_password: TypedPassword,
    pub confirm_password: TypedPassword,
    pub next: String,
}

/// What `validator` judges. Its errors carry the values, so it is told lengths and never a password.
#[derive(Validate)]
struct Lengths {
    #[validate(range(min = 1))]
    old: usize,
    #[validate(range(min = 1))]
    new: usize,
    #[validate(range(min = 1))]
    confirm: usize,
}

impl Form for ChangePasswordForm {
    const REQUIRED: &'static [&'static str] = &["old_password", "new_password", "confirm_password"];
    /// The user name is there for password managers.
    const OPTIONAL: &'static [&'static str] = &["username", "next"];
    const BOUND_TO: Bound = Bound::Session;

    fn from_fields(mut fields: Fields) -> Self {
        let mut password = |name| TypedPassword::new(&fields.take(name));
        Self {
            old_password: password("old_password"),
            new_password: password("new_password"),
            confirm_password: password("confirm_password"),
            next: fields.take("next").to_string(),
        }
    }
}

impl ChangePasswordForm {
    /// What the form alone can know, in the order of its fields.
    pub fn problems(&self) -> Vec<Problem> {
        let lengths = Lengths {
            old: self.old_password.length(),
            new: self.new_password.length(),
            confirm: self.confirm_password.length(),
        };
        let errors = lengths.validate().err();
        let empty = |field: &str| errors.as_ref().is_some_and(|errors| errors.field_errors().contains_key(field));
        let mismatch =
            !bool::from(self.new_password.expose().as_bytes().ct_eq(self.confirm_password.expose().as_bytes()));
        let checks = [
            (empty("old"), Problem::OldEmpty),
            (empty("new"), Problem::NewEmpty),
            (empty("confirm"), Problem::ConfirmEmpty),
            (mismatch && !empty("confirm") && !empty("new"), Problem::Mismatch),
        ];
        checks.into_iter().filter_map(|(found, problem)| found.then_some(problem)).collect()
    }

    pub fn operation(&self) -> ChangePassword {
        ChangePassword { old_password: self.old_password.clone(), new_password: self.new_password.clone() }
    }

    /// For a form that cannot be sent on: rules that need no history are judged all the same, so that everything that is
    /// wrong is told at once. A reader of the page sees these rules anyway.
    pub fn broken_rules(&self, rules: &Fact<PasswordRules>, cx: &SignedIn) -> Result<Vec<Problem>, PageError> {
        let user = cx.user()?;
        Ok(match rules {
            Fact::Known(rules) if !self.new_password.is_empty() => {
                problems(&rules.violations(&self.new_password, &owner(user), &cx.app.refused_words))
            }
            _ => Vec::new(),
        })
    }
}

/// What a refusal of the change means for the form's fields; none where it is not about them.
pub fn problems_of(refusal: &Refusal) -> Option<Vec<Problem>> {
    let broken = problems(&refusal.details.violations);
    match refusal.code {
        Code::OldPasswordIncorrect => Some([vec![Problem::OldIncorrect], broken].concat()),
        Code::PasswordPolicyViolation => Some(broken),
        _ => None,
    }
}

fn owner(user: &IamUser) -> Owner<'_> {
    let account_alias = user.account_alias.as_ref();
    Owner { user_name: &user.user_name, account_id: &user.account_id, account_alias }
}

fn problems(violations: &[Violation]) -> Vec<Problem> {
    let kinds: Vec<Kind> = violations.iter().copied().filter_map(kind).collect();
    let mut problems: Vec<Problem> = violations.iter().copied().filter_map(problem).collect();
    if !kinds.is_empty() {
        problems.push(Problem::MissingKinds(kinds));
    }
    problems
}

fn kind(violation: Violation) -> Option<Kind> {
    match violation {
        Violation::MissingUppercase => Some(Kind::Uppercase),
        Violation::MissingLowercase => Some(Kind::Lowercase),
        Violation::MissingNumber => Some(Kind::Number),
        Violation::MissingSymbol => Some(Kind::Symbol),
        _ => None,
    }
}

fn problem(violation: Violation) -> Option<Problem> {
    Some(match violation {
        Violation::TooShort { minimum } => Problem::TooShort(minimum),
        Violation::TooLong => Problem::TooLong,
        Violation::ForbiddenCharacter => Problem::CharacterNotAllowed,
        Violation::TooFewKinds => Problem::FewerThanThreeKinds,
        Violation::SameAsAccount => Problem::SameAsAccount,
        Violation::CommonPassword => Problem::Common,
        Violation::MadeOfAName => Problem::MadeOfAName,
        Violation::SameAsCurrent => Problem::SameAsCurrent,
        Violation::Reused { remembered } => Problem::Reused(remembered),
        Violation::MissingUppercase
        | Violation::MissingLowercase
        | Violation::MissingNumber
        | Violation::MissingSymbol => return None,
    })
}

/// The empty form, with the rules that the account's policy gives.
pub async fn empty_form(cx: &SignedIn) -> Result<(PasswordForm, Fact<PasswordRules>), PageError> {
    let user = cx.user()?;
    let rules = password_rules(cx).await?;
    let shown = match &rules {
        Fact::Known(rules) => Fact::Known(shown_rules(rules, user, &cx.app.refused_words)),
        Fact::Refused(action) => Fact::Refused(action),
        Fact::Absent => Fact::Absent,
    };
    Ok((PasswordForm::new(user.user_name.as_str(), shown), rules))
}

/// In the order of the page.
pub fn shown_rules(rules: &PasswordRules, user: &IamUser, words: &RefusedWords) -> ShownRules {
    let names = || {
        let alias = user.account_alias.as_ref().map(|alias| alias.as_str().to_owned());
        alias.into_iter().chain([user.account_id.as_str().to_owned()]).collect()
    };
    let lines = [
        Some(Rule::MinimumLength(rules.minimum_length)),
        rules.uppercase.then_some(Rule::Uppercase),
        rules.lowercase.then_some(Rule::Lowercase),
        rules.number.then_some(Rule::Number),
        rules.symbol.then_some(Rule::Symbol),
        rules.three_kinds.then_some(Rule::ThreeOfFour),
        rules.not_the_account.then(|| Rule::NotSameAs(names())),
        Some(Rule::NoRefusedWord { common: words.hold_common_passwords() }),
        rules.remembered.map(Rule::NotOneOfLast),
    ];
    ShownRules::new(lines.into_iter().flatten().collect())
}
