//! The page of an error, or the redirect that a problem asks for, with the headers that belong to it. It needs no
//! database: what it shows was known when the request came.

use super::cookies;
use super::error::{PageError, Problem};
use super::page::{Shown, blank_frame};
use super::state::Console;
use crate::domain::error::{Outcome, told};
use crate::pages::error_page::{ErrorPage, Outcome as Shows, Refused};
use actix_web::http::header::{ALLOW, CACHE_CONTROL, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

/// How long a client should wait where the server is busy or the database is away.
const RETRY_SECONDS: u64 = 2;

/// What the outermost layer knows when it has to make a page.
pub struct Asked<'a> {
    pub console: &'a Console,
    pub request_id: &'a str,
    pub path: &'a str,
    pub shown: Option<Shown>,
}

impl PageError {
    /// The page, or the redirect, with the headers that belong to it.
    pub fn render(&self, asked: &Asked<'_>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CACHE_CONTROL, "no-store"));
        match &*self.0 {
            Problem::GoTo { location, told } => {
                if let Some(told) = told {
                    response.cookie(cookies::flash(told.code(), asked.console.https));
                }
                return response.insert_header((LOCATION, location.as_str())).finish();
            }
            Problem::MethodNotAllowed { allow } => {
                response.insert_header((ALLOW, *allow));
            }
            Problem::TooManyAttempts { seconds, .. } => {
                response.insert_header((RETRY_AFTER, seconds.to_string()));
            }
            Problem::Failed(failure) => {
                tracing::error!(request.id = asked.request_id, error = %told(failure.source.as_ref()), "a request failed");
                if failure.unavailable {
                    response.insert_header((RETRY_AFTER, RETRY_SECONDS.to_string()));
                }
            }
            _ => {}
        }
        match self.page(asked).render() {
            Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
            Err(error) => {
                tracing::error!(request.id = asked.request_id, %error, "an error page could not be made");
                response.content_type("text/plain; charset=utf-8").body("Something went wrong on our side.\n")
            }
        }
    }

    fn page(&self, asked: &Asked<'_>) -> ErrorPage {
        let csrf = asked.shown.as_ref().map(|shown| shown.csrf.clone()).unwrap_or_default();
        let mut frame = blank_frame(asked.console, csrf);
        frame.user_menu = asked.shown.as_ref().map(|shown| shown.user_menu.clone());
        let id = asked.request_id;
        let status = self.status_code().as_u16();
        // What a browser would take for another host is no way back.
        let again = if asked.path.starts_with("//") || asked.path.contains('\\') { "/" } else { asked.path };
        match &*self.0 {
            Problem::NotAuthorized { refusal, what } => {
                let action = refusal.details.action.unwrap_or_default();
                let resource = refusal.details.resource.as_deref().unwrap_or_default();
                let user_arn = refusal.details.principal.as_deref().unwrap_or_default();
                ErrorPage::not_authorized(frame, what, Refused { user_arn, action, resource }, id)
            }
            Problem::FormExpired { form } => ErrorPage::form_expired(frame, form, id),
            Problem::TooManyAttempts { message, seconds } => {
                ErrorPage::too_many_attempts(frame, message, *seconds, again, id)
            }
            Problem::NotFound | Problem::GoTo { .. } => ErrorPage::not_found(frame, id),
            Problem::MethodNotAllowed { .. } => {
                ErrorPage::unreadable(frame, status, "This address does not take that method.", "/", id)
            }
            Problem::Unreadable { what, .. } => ErrorPage::unreadable(frame, status, what, "/", id),
            Problem::Failed(failure) => {
                let outcome = match failure.outcome {
                    Outcome::NothingChanged => Shows::NothingChanged,
                    Outcome::Unknown => Shows::Unknown,
                };
                if failure.unavailable {
                    ErrorPage::unavailable(frame, outcome, again, id)
                } else {
                    ErrorPage::failed(frame, outcome, again, id)
                }
            }
        }
    }
}
