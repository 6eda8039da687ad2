//! `/console/security-credentials/password`: the owner of the session changes its password.

use super::error::PageError;
use super::flash::Told;
use super::form::Checked;
use super::page::Show;
use super::password_form::{ChangePasswordForm, empty_form, problems_of};
use super::session::SignedIn;
use crate::domain::action::Action;
use crate::domain::error::{Code, Error};
use crate::operations::password::PasswordChanged;
use crate::operations::session;
use crate::pages::change_password::ChangePasswordPage;
use crate::pages::password_form::Problem;
use actix_web::{HttpRequest, HttpResponse};

const CREDENTIALS: &str = "/console/security-credentials";
const WHAT: &str = "change your password";

/// Who may not change it is told so before typing three passwords.
pub async fn get(request: HttpRequest, cx: SignedIn) -> Result<HttpResponse, PageError> {
    refuse_unauthorized(&cx).await?;
    let show = Show::of(&request)?;
    let page = page(&show, &cx, &[]).await?;
    show.ok(&page)
}

pub async fn post(
    request: HttpRequest,
    cx: SignedIn,
    Checked(form): Checked<ChangePasswordForm>,
) -> Result<HttpResponse, PageError> {
    let show = Show::of(&request)?;
    let problems = form.problems();
    if !problems.is_empty() {
        refuse_unauthorized(&cx).await?;
        return again(show, &cx, &form, problems).await;
    }
    match cx.perform_to_end(form.operation()).await {
        Ok(changed) => done(show, &cx, changed, CREDENTIALS),
        Err(Error::Refused(refusal)) => match problems_of(&refusal) {
            _ if overtaken(refusal.code) && cx.was_replaced().await? => {
                Err(PageError::password_was_changed(cx.user()?.account_label()))
            }
            Some(problems) => again(show, &cx, &form, problems).await,
            None if refusal.code == Code::NotAuthorized => Err(PageError::refused(refusal, WHAT)),
            None => Err(Error::Refused(refusal).into()),
        },
        Err(failed) => Err(failed.into()),
    }
}

/// The first click of two was judged while the second one waited: what it typed is no longer the current password.
pub(super) fn overtaken(code: Code) -> bool {
    matches!(code, Code::OldPasswordIncorrect | Code::EntityTemporarilyUnmodifiable | Code::NotAuthorized)
}

/// On with a new key, and told so on the next page.
pub(super) fn done(
    show: Show,
    cx: &SignedIn,
    changed: PasswordChanged,
    location: &str,
) -> Result<HttpResponse, PageError> {
    cx.renew(changed.session_epoch)?;
    Ok(show.telling(Told::PasswordChanged(changed.sessions_ended)).see_other(location))
}

async fn refuse_unauthorized(cx: &SignedIn) -> Result<(), PageError> {
    match cx.refusal_of(Action::ChangePassword, &cx.user()?.arn()).await? {
        Some(refusal) => Err(PageError::refused(refusal, WHAT)),
        None => Ok(()),
    }
}

async fn again(
    show: Show,
    cx: &SignedIn,
    form: &ChangePasswordForm,
    mut problems: Vec<Problem>,
) -> Result<HttpResponse, PageError> {
    if !form.problems().is_empty() {
        let (_, rules) = empty_form(cx).await?;
        problems.extend(form.broken_rules(&rules, cx)?);
    }
    let page = page(&show, cx, &problems).await?;
    show.unprocessable(&page)
}

async fn page(show: &Show, cx: &SignedIn, problems: &[Problem]) -> Result<ChangePasswordPage, PageError> {
    let (form, _) = empty_form(cx).await?;
    let others = session::other_sessions(&cx.app, cx.user()?, cx.now).await?;
    Ok(ChangePasswordPage::new(show.signed_in(cx)?, form.ending(others)).refused(problems))
}

/// `GET /.well-known/change-password`: where password managers send people. Source: W3C, "A Well-Known URL for Changing
/// Passwords".
pub async fn well_known() -> HttpResponse {
    HttpResponse::Found().insert_header(("Location", "/console/security-credentials/password")).finish()
}
