//! `/signout`.

use super::error::PageError;
use super::flash::Told;
use super::form::{Bound, Checked, Fields, Form};
use super::origin::is_own_origin;
use super::page::Show;
use super::session;
use super::sign_in::location;
use super::state;
use actix_session::Session;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

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
pub async fn post(
    request: HttpRequest,
    browser_session: Session,
    form: Result<Checked<SignOutForm>, PageError>,
) -> Result<HttpResponse, PageError> {
    if !is_own_origin(&request, &*state::of(&request)?) {
        return Err(form.err().unwrap_or_else(|| PageError::form_expired(&request)));
    }
    // Where there is no session there is nothing to guard: whoever wants to leave has left.
    if session::token_subject(&request).is_some() {
        form?;
    }
    let account = session::sign_out(&browser_session);
    let show = Show::of(&request)?.telling(Told::SignedOut);
    let mut response = show.see_other(&location(account.as_deref(), None));
    let name = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(name, HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}
