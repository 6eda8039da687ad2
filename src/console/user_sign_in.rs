//! `/signin/{account}`: an account's own sign-in page. One answer to whatever does not fit.

use super::cookies::{keep, remembered_users};
use super::error::PageError;
use super::flash::Told;
use super::form::{Bound, Checked, Fields, Form};
use super::origin::next_page;
use super::page::{Show, user_menu};
use super::remembered_user::RememberedUser;
use super::session::{self, NewSession};
use super::sign_in::{DEFAULT_PAGE, Query};
use super::{forced_change, state};
use crate::crypto::identifier;
use crate::domain::account::AccountName;
use crate::domain::error::{Code, Error};
use crate::domain::login_profile::Standing;
use crate::domain::password::TypedPassword;
use crate::domain::principal::Stage;
use crate::operations::authenticate::{self, SignInRequest, SignedIn};
use crate::pages::forced_change::ForcedChangePage;
use crate::pages::sign_in::UserSignInPage;
use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use tracing::Instrument;

/// `GET /signin/{account}`.
pub async fn get(
    request: HttpRequest,
    account: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    if AccountName::parse(&account).is_err() {
        return Err(PageError::not_found());
    }
    let mut show = Show::of(&request)?;
    let page = page_of(&mut show, &request, &account, query.next());
    let page = match show.told {
        Some(Told::SignedOut) => page.signed_out(),
        Some(Told::SessionExpired) => page.session_expired(),
        Some(Told::PasswordChangedByThisBrowser) => page.password_was_changed(),
        _ => page,
    };
    show.ok(&page)
}

fn page_of(show: &mut Show, request: &HttpRequest, account: &str, next: Option<&str>) -> UserSignInPage {
    let remembered = remembered_users(request, show.console()).of_account(account).map(|user| user.user_name.clone());
    UserSignInPage::new(show.gate(request), account, remembered).next(next.unwrap_or_default())
}

pub struct SignInForm {
    user_name: String,
    password: TypedPassword,
    remember: bool,
    next: String,
}

impl Form for SignInForm {
    const REQUIRED: &'static [&'static str] = &["user_name", "password"];
    const OPTIONAL: &'static [&'static str] = &["remember", "next"];
    const BOUND_TO: Bound = Bound::Visit;

    fn from_fields(mut fields: Fields) -> Self {
        Self {
            remember: fields.has("remember"),
            user_name: fields.take("user_name").to_string(),
            password: TypedPassword::new(&fields.take("password")),
            next: fields.take("next").to_string(),
        }
    }
}

/// `POST /signin/{account}`.
pub async fn post(
    request: HttpRequest,
    account: web::Path<String>,
    browser_session: Session,
    Checked(form): Checked<SignInForm>,
) -> Result<HttpResponse, PageError> {
    let Ok(name) = AccountName::parse(&account) else { return Err(PageError::not_found()) };
    let mut show = Show::of(&request)?;
    let next = next_page(&form.next);
    if form.user_name.is_empty() || form.password.is_empty() {
        let page = page_of(&mut show, &request, &account, next);
        return show.unprocessable(&page.incomplete(form.user_name, !form.password.is_empty(), form.remember));
    }
    let devices = remembered_users(&request, show.console()).devices();
    let login_to = show.console().origin(&request).unwrap_or_default() + next.unwrap_or(DEFAULT_PAGE);
    let (user_name, password) = (form.user_name.clone(), form.password);
    let attempt = SignInRequest { account: name, user_name, password, devices, login_to };
    match sign_in_to_end(&request, &show, attempt).await {
        Ok(signed_in) => {
            if signed_in.stage().is_some() {
                remember(&mut show, &request, &signed_in, &account, form.remember);
            }
            open(show, &request, &browser_session, &signed_in, next)
        }
        Err(Error::Refused(refusal)) if refusal.code == Code::SignInFailed => {
            let page = page_of(&mut show, &request, &account, next);
            show.unprocessable(&page.refused(form.user_name, form.remember))
        }
        Err(other) => Err(other.into()),
    }
}

/// Though the client left: who breaks off before the answer has tried all the same.
async fn sign_in_to_end(request: &HttpRequest, show: &Show, attempt: SignInRequest) -> Result<SignedIn, Error> {
    let (app, facts) = (show.console().app.clone(), state::facts(request));
    let work = async move { authenticate::sign_in(&app, &facts, &attempt).await };
    actix_web::rt::spawn(work.in_current_span()).await.unwrap_or_else(|error| Err(Error::failed(error)))
}

fn remember(show: &mut Show, request: &HttpRequest, signed_in: &SignedIn, account: &str, wanted: bool) {
    let app = &show.console().app;
    let mut remembered = remembered_users(request, show.console());
    let user = &signed_in.user;
    if wanted {
        remembered.remember(RememberedUser {
            account: account.to_owned(),
            account_id: user.account_id.as_str().to_owned(),
            user_name: user.user_name.as_str().to_owned(),
            device_id: identifier::token(&app.random),
            at: app.clock.now().unix_timestamp(),
        });
    } else {
        remembered.forget(user.account_id.as_str(), user.user_name.as_str());
    }
    keep(show, &remembered);
}

/// Into the console, to the step before it, or to a page that says who can help.
fn open(
    mut show: Show,
    request: &HttpRequest,
    browser_session: &Session,
    signed_in: &SignedIn,
    next: Option<&str>,
) -> Result<HttpResponse, PageError> {
    let Some(stage) = signed_in.stage() else {
        let (frame, user) = (show.gate(request), user_menu(&signed_in.user));
        let page = match signed_in.standing {
            Standing::TemporaryExpired => ForcedChangePage::temporary_password_expired(frame, user),
            _ => ForcedChangePage::hard_expiry(frame, user),
        };
        return show.respond(StatusCode::FORBIDDEN, &page);
    };
    let new = NewSession {
        user: &signed_in.user,
        session_epoch: signed_in.session_epoch,
        stage,
        signed_in_at: show.console().app.clock.now(),
        last_sign_in_at: signed_in.last_sign_in_at,
        told_change_at: signed_in.told_change_at,
        request: &state::facts(request),
    };
    session::open(browser_session, &new)?;
    if signed_in.told_failures > 0 {
        show = show.telling(Told::FailedAttempts(signed_in.told_failures));
    }
    let location = match stage {
        Stage::Full => next.unwrap_or(DEFAULT_PAGE).to_owned(),
        Stage::MustChangePassword => forced_change::location(next),
    };
    Ok(show.see_other(&location))
}
