//! A visit before sign-in: 32 random bytes in a cookie, so that a form has a token although nothing is stored.

use super::cookies;
use super::state::Console;
use actix_web::HttpRequest;
use actix_web::cookie::Cookie;

/// The visit's value, if the browser has one of the right form.
pub fn of(request: &HttpRequest, console: &Console) -> Option<String> {
    cookies::value(request, cookies::VISIT, console.https).filter(|value| is_well_formed(value))
}

/// The visit's value, and its cookie where it begins now.
pub fn begin(request: &HttpRequest, console: &Console) -> (String, Option<Cookie<'static>>) {
    if let Some(value) = of(request, console) {
        return (value, None);
    }
    let value = crate::crypto::identifier::token(&console.app.random);
    let cookie = cookies::for_this_visit(cookies::VISIT, value.clone(), console.https);
    (value, Some(cookie))
}

/// 32 bytes in base64url.
fn is_well_formed(value: &str) -> bool {
    value.len() == 43 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
