//! The two sign-in pages. The main one sends every well-formed account on, known or not; the account's own page gives one
//! answer to whatever does not fit.

use super::error::PageError;
use super::flash::Told;
use super::form::{Bound, Checked, Fields, Form};
use super::origin::next_page;
use super::page::{Show, user_menu};
use super::remembered_user::{RememberedUser, RememberedUsers};
use super::session::{self, NewSession};
use super::{console, cookies, forced_change};
use crate::domain::account::AccountName;
use crate::domain::error::{Code, Error};
use crate::domain::login_profile::Standing;
use crate::domain::password::TypedPassword;
use crate::domain::principal::Stage;
use crate::operations::authenticate::{self, SignInRequest, SignedIn};
use crate::pages::forced_change::ForcedChangePage;
use crate::pages::sign_in::{RememberedUser as Remembered, SignInPage, UserSignInPage};
use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

const DEFAULT_PAGE: &str = "/console";

/// What may stand in the address.
#[derive(Deserialize)]
pub struct Query {
    switch: Option<String>,
    next: Option<String>,
}

impl Query {
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref().and_then(next_page)
    }
}

/// The address of a sign-in page, with the page to go to afterwards.
pub fn location(account: Option<&str>, next: Option<&str>) -> String {
    let page = account.map_or("/signin".to_owned(), |account| format!("/signin/{}", encoded(account)));
    match next.filter(|next| *next != DEFAULT_PAGE) {
        Some(next) => format!("{page}?next={}", encoded(next)),
        None => page,
    }
}

/// Percent-encoded but for what may stand anywhere.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// `GET /signin`.
pub async fn get(request: HttpRequest, query: web::Query<Query>) -> Result<HttpResponse, PageError> {
    let mut show = Show::of(&request)?;
    let remembered = remembered_users(&request, show.console());
    if query.switch.is_none()
        && let Some(newest) = remembered.newest()
    {
        let location = location(Some(&newest.account), query.next());
        // What is to be told is told on the page that this leads to.
        return Ok(match show.told {
            Some(told) => show.telling(told).see_other(&location),
            None => show.see_other(&location),
        });
    }
    let frame = show.gate(&request);
    let mut page = SignInPage::new(frame, query.next().unwrap_or_default());
    if query.switch.is_some() {
        page = page.remembering(remembered.iter().map(shown).collect());
    }
    page = match show.told {
        Some(Told::SignedOut) => page.signed_out(),
        Some(Told::SessionExpired) => page.session_expired(),
        _ => page,
    };
    show.ok(&page)
}

fn shown(user: &RememberedUser) -> Remembered {
    Remembered { user_name: user.user_name.clone(), account: user.account.clone() }
}

fn remembered_users(request: &HttpRequest, console: &console::Console) -> RememberedUsers {
    let cookie = cookies::value(request, cookies::REMEMBERED_USER, console.https).unwrap_or_default();
    RememberedUsers::open(&console.sealer, &cookie, console.app.clock.now(), cookies::REMEMBERED_USER_LIFETIME)
}

pub struct AccountForm {
    account: String,
    next: String,
}

impl Form for AccountForm {
    const REQUIRED: &'static [&'static str] = &["account"];
    const OPTIONAL: &'static [&'static str] = &["next"];
    const BOUND_TO: Bound = Bound::Visit;

    fn from_fields(mut fields: Fields) -> Self {
        Self { account: fields.take("account").to_string(), next: fields.take("next").to_string() }
    }
}

/// `POST /signin`: on to the account's page.
pub async fn post(request: HttpRequest, Checked(form): Checked<AccountForm>) -> Result<HttpResponse, PageError> {
    let mut show = Show::of(&request)?;
    let next = next_page(&form.next);
    if AccountName::parse(&form.account).is_ok() {
        return Ok(show.see_other(&location(Some(form.account.trim()), next)));
    }
    let frame = show.gate(&request);
    show.unprocessable(&SignInPage::new(frame, next.unwrap_or_default()).refused(form.account))
}

pub struct ForgetForm {
    account: String,
    user_name: String,
    next: String,
}

impl Form for ForgetForm {
    const REQUIRED: &'static [&'static str] = &["account", "user_name"];
    const OPTIONAL: &'static [&'static str] = &["next"];
    const BOUND_TO: Bound = Bound::Visit;

    fn from_fields(mut fields: Fields) -> Self {
        let mut text = |name| fields.take(name).to_string();
        Self { account: text("account"), user_name: text("user_name"), next: text("next") }
    }
}

/// `POST /signin/forget`: this device no longer knows this user.
pub async fn forget(request: HttpRequest, Checked(form): Checked<ForgetForm>) -> Result<HttpResponse, PageError> {
    let mut show = Show::of(&request)?;
    let mut remembered = remembered_users(&request, show.console());
    remembered.forget(&form.account, &form.user_name);
    keep(&mut show, &remembered);
    let next = next_page(&form.next).map(|next| format!("&next={}", encoded(next))).unwrap_or_default();
    Ok(show.see_other(&format!("/signin?switch=1{next}")))
}

fn keep(show: &mut Show, remembered: &RememberedUsers) {
    let console = show.console();
    let cookie = match remembered.seal(&console.sealer, &console.app.random) {
        Some(value) => cookies::remembered_user(value, console.https),
        None => cookies::removal(cookies::REMEMBERED_USER, console.https),
    };
    show.set(cookie);
}

/// `GET /signin/{account}`.
pub async fn user_get(request: HttpRequest, account: web::Path<String>, query: web::Query<Query>) -> Result<HttpResponse, PageError> {
    if AccountName::parse(&account).is_err() {
        return Err(PageError::not_found());
    }
    let mut show = Show::of(&request)?;
    let page = user_page(&mut show, &request, &account, query.next());
    let page = match show.told {
        Some(Told::SignedOut) => page.signed_out(),
        Some(Told::SessionExpired) => page.session_expired(),
        Some(Told::PasswordChangedByThisBrowser) => page.password_was_changed(),
        _ => page,
    };
    show.ok(&page)
}

fn user_page(show: &mut Show, request: &HttpRequest, account: &str, next: Option<&str>) -> UserSignInPage {
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
pub async fn user_post(
    request: HttpRequest,
    account: web::Path<String>,
    browser_session: Session,
    Checked(form): Checked<SignInForm>,
) -> Result<HttpResponse, PageError> {
    let Ok(name) = AccountName::parse(&account) else { return Err(PageError::not_found()) };
    let mut show = Show::of(&request)?;
    let next = next_page(&form.next);
    if form.user_name.is_empty() || form.password.is_empty() {
        let page = user_page(&mut show, &request, &account, next);
        return show.unprocessable(&page.incomplete(form.user_name, !form.password.is_empty(), form.remember));
    }
    let facts = console::facts(&request);
    let attempt = SignInRequest { account: name, user_name: form.user_name.clone(), password: form.password };
    match authenticate::sign_in(&show.console().app, &facts, &attempt).await {
        Ok(signed_in) => {
            remember(&mut show, &request, &signed_in, &account, form.remember);
            open(show, &request, &browser_session, &signed_in, next)
        }
        Err(Error::Refused(refusal)) if refusal.code == Code::SignInFailed => {
            let page = user_page(&mut show, &request, &account, next);
            show.unprocessable(&page.refused(form.user_name, form.remember))
        }
        Err(other) => Err(other.into()),
    }
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
            device_id: crate::crypto::identifier::token(&app.random),
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
        return show.respond(actix_web::http::StatusCode::FORBIDDEN, &page);
    };
    let new = NewSession {
        user: &signed_in.user,
        session_epoch: signed_in.session_epoch,
        stage,
        signed_in_at: show.console().app.clock.now(),
        last_sign_in_at: signed_in.last_sign_in_at,
        told_change_at: signed_in.told_change_at,
        request: &console::facts(request),
    };
    session::open(browser_session, &new)?;
    let location = match stage {
        Stage::Full => next.unwrap_or(DEFAULT_PAGE).to_owned(),
        Stage::MustChangePassword => forced_change::location(next),
    };
    Ok(show.see_other(&location))
}

pub struct SignOutForm;

impl Form for SignOutForm {
    const REQUIRED: &'static [&'static str] = &[];
    const OPTIONAL: &'static [&'static str] = &[];
    const BOUND_TO: Bound = Bound::Session;

    fn from_fields(_: Fields) -> Self {
        Self
    }
}

/// `POST /signout`. What a page of the console left in the browser's cache goes with the session; cookies stay, because
/// they remember who signed in here.
pub async fn sign_out(
    request: HttpRequest,
    browser_session: Session,
    form: Result<Checked<SignOutForm>, PageError>,
) -> Result<HttpResponse, PageError> {
    // Where there is no session there is nothing to guard: whoever wants to leave has left.
    if session::token_subject(&request).is_some() {
        form?;
    }
    let account = session::sign_out(&browser_session);
    let show = Show::of(&request)?.telling(Told::SignedOut);
    let mut response = show.see_other(&location(account.as_deref(), None));
    let name = actix_web::http::header::HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(name, actix_web::http::header::HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}
