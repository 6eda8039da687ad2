//! `/signin/step/change-password`: the step between a right password and the console, where the password must be changed
//! first. Its session can do nothing else.

use super::change_password::{done, overtaken};
use super::error::PageError;
use super::flash::Told;
use super::form::Checked;
use super::origin::next_page;
use super::page::{Show, user_menu};
use super::password_form::{ChangePasswordForm, empty_form, problems_of};
use super::session::MustChange;
use super::sign_in::{Query, encoded};
use crate::domain::action::Action;
use crate::domain::error::{Code, Error};
use crate::domain::login_profile::Standing;
use crate::operations::session;
use crate::pages::forced_change::ForcedChangePage;
use crate::pages::password_form::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

const STEP: &str = "/signin/step/change-password";

/// The step, with the page to go to afterwards.
pub fn location(next: Option<&str>) -> String {
    match next.filter(|next| *next != "/console") {
        Some(next) => format!("{STEP}?next={}", encoded(next)),
        None => STEP.to_owned(),
    }
}

pub async fn get(request: HttpRequest, cx: MustChange, query: web::Query<Query>) -> Result<HttpResponse, PageError> {
    show(&request, &cx, query.next().unwrap_or_default(), &[]).await
}

pub async fn post(
    request: HttpRequest,
    cx: MustChange,
    Checked(form): Checked<ChangePasswordForm>,
) -> Result<HttpResponse, PageError> {
    let next = next_page(&form.next);
    let mut problems = form.problems();
    if !problems.is_empty() {
        let (_, rules) = empty_form(&cx.0).await?;
        problems.extend(form.broken_rules(&rules, cx.0.user()?));
        return show(&request, &cx, next.unwrap_or_default(), &problems).await;
    }
    match cx.0.perform_to_end(form.operation()).await {
        Ok(changed) => done(Show::of(&request)?, &cx.0, changed, next.unwrap_or("/console")),
        Err(Error::Refused(refusal)) => match problems_of(&refusal) {
            _ if overtaken(refusal.code) && cx.0.was_replaced().await? => {
                Err(PageError::password_was_changed(cx.0.user()?.account_label()))
            }
            Some(problems) => show(&request, &cx, next.unwrap_or_default(), &problems).await,
            None if refusal.code == Code::NotAuthorized => show(&request, &cx, next.unwrap_or_default(), &[]).await,
            None => Err(Error::Refused(refusal).into()),
        },
        Err(failed) => Err(failed.into()),
    }
}

/// The form with the reason for it, or the reason why there is none.
async fn show(
    request: &HttpRequest,
    cx: &MustChange,
    next: &str,
    problems: &[Problem],
) -> Result<HttpResponse, PageError> {
    let cx = &cx.0;
    let (show, user) = (Show::of(request)?, cx.user()?);
    let (frame, menu) = (show.step(cx), user_menu(user));
    if !cx.allows(Action::ChangePassword, &user.arn()).await? {
        return show.respond(StatusCode::FORBIDDEN, &ForcedChangePage::not_allowed(frame, menu));
    }
    let form = async || {
        let others = session::other_sessions(&cx.app, user, cx.now).await?;
        Ok::<_, PageError>(empty_form(cx).await?.0.ending(others))
    };
    let page = match session::standing(&cx.app, user, cx.now).await? {
        Some(Standing::Expired { max_password_age }) => {
            ForcedChangePage::expired(frame, menu, max_password_age, form().await?)
        }
        Some(Standing::HardExpired { .. }) => {
            return show.respond(StatusCode::FORBIDDEN, &ForcedChangePage::hard_expiry(frame, menu));
        }
        Some(Standing::TemporaryExpired) => {
            return show.respond(StatusCode::FORBIDDEN, &ForcedChangePage::temporary_password_expired(frame, menu));
        }
        Some(Standing::ResetRequired | Standing::Good) | None => {
            ForcedChangePage::first_sign_in(frame, menu, form().await?)
        }
    };
    let page = match show.told {
        Some(Told::FailedAttempts(count)) => page.failed_attempts(count),
        _ => page,
    };
    let page = page.next(next).refused(problems);
    if problems.is_empty() { show.ok(&page) } else { show.unprocessable(&page) }
}
