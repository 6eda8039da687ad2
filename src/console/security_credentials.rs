//! `GET /console/security-credentials`: the user's own credentials. Each section is a read of its own; one that is
//! refused becomes that section's note, and the rest of the page still works.

use super::error::PageError;
use super::moment;
use super::page::{Show, user_menu};
use super::password_form::shown_rules;
use super::session::SignedIn;
use crate::domain::action::Action;
use crate::domain::error::{Code, Error, Refusal};
use crate::domain::password_policy::PasswordRules;
use crate::operations::account::GetCanonicalUserId;
use crate::operations::password_policy::GetAccountPasswordPolicy;
use crate::operations::user_details::{GetUserDetails, UserDetails};
use crate::pages::account_details::AccountDetails;
use crate::pages::frame::Fact;
use crate::pages::security_credentials::{ConsolePassword, Expiry, PasswordAge, SecurityCredentialsPage};
use actix_web::{HttpRequest, HttpResponse};

pub async fn get(request: HttpRequest, cx: SignedIn) -> Result<HttpResponse, PageError> {
    let show = Show::of(&request)?;
    let user = own_user(&cx).await?;
    let page = SecurityCredentialsPage {
        frame: show.signed_in(&cx)?,
        account_details: account_details(&cx, &user).await?,
        password: console_password(&cx, &user).await?,
    };
    show.ok(&page)
}

/// A read that was refused becomes the name of what was missing.
pub fn fact<T>(outcome: Result<T, Error>, action: Action) -> Result<Fact<T>, PageError> {
    match outcome {
        Ok(value) => Ok(Fact::Known(value)),
        Err(Error::Refused(Refusal { code: Code::NotAuthorized, .. })) => Ok(Fact::Refused(action.name())),
        Err(Error::Refused(Refusal { code: Code::NoSuchEntity, .. })) => Ok(Fact::Absent),
        Err(other) => Err(other.into()),
    }
}

pub async fn own_user(cx: &SignedIn) -> Result<Fact<UserDetails>, PageError> {
    fact(cx.look(GetUserDetails::default()).await, Action::GetUser)
}

/// Account ID, alias and user name are facts of the session; the rest is read.
pub async fn account_details(cx: &SignedIn, user: &Fact<UserDetails>) -> Result<AccountDetails, PageError> {
    let arn = match user {
        Fact::Known(found) => Fact::Known(found.user.arn().to_string()),
        Fact::Refused(action) => Fact::Refused(action),
        Fact::Absent => Fact::Absent,
    };
    let canonical_user_id = fact(cx.look(GetCanonicalUserId).await, Action::GetAccountSummary)?;
    Ok(AccountDetails::new(&user_menu(cx.user()?), arn, canonical_user_id))
}

/// What a new password must have: the account's own policy, or the default one where there is none.
pub async fn password_rules(cx: &SignedIn) -> Result<Fact<PasswordRules>, PageError> {
    let policy = fact(cx.look(GetAccountPasswordPolicy).await, Action::GetAccountPasswordPolicy)?;
    Ok(match policy {
        Fact::Known(policy) => Fact::Known(PasswordRules::of(Some(&policy))),
        Fact::Absent => Fact::Known(PasswordRules::of(None)),
        Fact::Refused(action) => Fact::Refused(action),
    })
}

pub async fn may_change_password(cx: &SignedIn) -> Result<bool, PageError> {
    Ok(cx.allows(Action::ChangePassword, &cx.user()?.arn()).await?)
}

async fn console_password(cx: &SignedIn, user: &Fact<UserDetails>) -> Result<Option<ConsolePassword>, PageError> {
    let age = match user {
        Fact::Known(found) => match password_age(cx, found) {
            Some(age) => Fact::Known(age),
            None => return Ok(None),
        },
        Fact::Refused(action) => Fact::Refused(action),
        Fact::Absent => Fact::Absent,
    };
    let policy = match password_rules(cx).await? {
        Fact::Known(rules) => Fact::Known(shown_rules(&rules, cx.user()?, &cx.app.refused_words).sentence()),
        Fact::Refused(action) => Fact::Refused(action),
        Fact::Absent => Fact::Absent,
    };
    Ok(Some(ConsolePassword { age, policy, may_change: may_change_password(cx).await? }))
}

fn password_age(cx: &SignedIn, found: &UserDetails) -> Option<PasswordAge> {
    let profile = found.login_profile?;
    let expires = match (found.password_expires_at, found.expiry_warning) {
        (None, _) => Expiry::Never,
        (Some(end), _) if end <= cx.now => Expiry::Expired(moment::shown(end)),
        (Some(end), Some(_)) => Expiry::Soon(moment::future(end, cx.now)),
        (Some(end), None) => Expiry::Later(moment::future(end, cx.now)),
    };
    Some(PasswordAge { last_changed: moment::past(profile.changed_at, cx.now), expires })
}
