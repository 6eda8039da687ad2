//! `/signin`: the main sign-in page. It sends every well-formed account on to its own page, known or not.

use super::cookies::{keep, remembered_users};
use super::error::PageError;
use super::flash::Told;
use super::form::{Bound, Checked, Fields, Form};
use super::origin::next_page;
use super::page::Show;
use super::remembered_user::RememberedUser;
use crate::domain::account::AccountName;
use crate::pages::sign_in::{RememberedUser as Remembered, SignInPage};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

pub const DEFAULT_PAGE: &str = "/console";

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
    let one = |byte: u8| match byte {
        b'-' | b'_' | b'.' | b'~' | b'/' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect::<Vec<_>>().concat()
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

/// `POST /signin/step/forget`: this device no longer knows this user.
pub async fn forget(request: HttpRequest, Checked(form): Checked<ForgetForm>) -> Result<HttpResponse, PageError> {
    let mut show = Show::of(&request)?;
    let mut remembered = remembered_users(&request, show.console());
    remembered.forget(&form.account, &form.user_name);
    keep(&mut show, &remembered);
    let next = next_page(&form.next).map(|next| format!("&next={}", encoded(next))).unwrap_or_default();
    Ok(show.see_other(&format!("/signin?switch=1{next}")))
}
