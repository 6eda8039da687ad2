//! The cookies of the console beside the session's: names, lifetimes and attributes, in one place.
//! Over HTTPS every name has the `__Host-` prefix; plain HTTP is for loopback only and cannot have it.

use super::page::Show;
use super::remembered_user::RememberedUsers;
use super::state::Console;
use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration};

pub const SESSION: &str = "msc-session";
/// 32 random bytes that a form's token is bound to before there is a session.
pub const VISIT: &str = "msc-visit";
pub const REMEMBERED_USER: &str = "msc-remembered-user";
/// A code; shown once.
pub const FLASH: &str = "msc-flash";

/// All of them.
const ALL: [&str; 4] = [SESSION, VISIT, REMEMBERED_USER, FLASH];

/// How long a device remembers who signed in.
pub const REMEMBERED_USER_LIFETIME: time::Duration = time::Duration::days(180);
/// A flash that no page showed is forgotten.
const FLASH_LIFETIME: Duration = Duration::minutes(1);

/// The full name of a cookie.
pub fn name(short: &str, https: bool) -> String {
    if https { format!("__Host-{short}") } else { short.to_owned() }
}

/// Whether `NAME=VALUE`, as a browser sent it, is a cookie of ours: byte for byte, neither decoded nor trimmed.
pub fn is_ours(pair: &[u8], https: bool) -> bool {
    let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
    let (own, value) = pair.split_at(equals);
    ALL.iter().any(|short| name(short, https).as_bytes() == own) && value.iter().all(u8::is_ascii_graphic)
}

pub fn value(request: &HttpRequest, short: &str, https: bool) -> Option<String> {
    request.cookie(&name(short, https)).map(|cookie| cookie.value().to_owned())
}

/// Gone when the browser is closed.
pub fn for_this_visit(short: &str, value: String, https: bool) -> Cookie<'static> {
    Cookie::build(name(short, https), value).path("/").http_only(true).secure(https).same_site(SameSite::Lax).finish()
}

pub fn flash(value: String, https: bool) -> Cookie<'static> {
    let mut cookie = for_this_visit(FLASH, value, https);
    cookie.set_max_age(FLASH_LIFETIME);
    cookie
}

pub fn remembered_user(value: String, https: bool) -> Cookie<'static> {
    let mut cookie = for_this_visit(REMEMBERED_USER, value, https);
    cookie.set_max_age(REMEMBERED_USER_LIFETIME);
    cookie
}

pub fn removal(short: &str, https: bool) -> Cookie<'static> {
    let mut cookie = for_this_visit(short, String::new(), https);
    cookie.make_removal();
    cookie
}

/// Who is remembered by the browser of this request.
pub fn remembered_users(request: &HttpRequest, console: &Console) -> RememberedUsers {
    let cookie = value(request, REMEMBERED_USER, console.https).unwrap_or_default();
    RememberedUsers::open(&console.sealer, &cookie, console.app.clock.now(), REMEMBERED_USER_LIFETIME)
}

/// What a browser that has the cookie gets back without asking. One that cannot be read, or that remembers nobody any more,
/// is of no use and goes. One of a previous root secret is sealed anew, or its users would be forgotten with that secret; it
/// lasts no longer than it would have.
pub fn renewal_of_remembered_users(request: &HttpRequest, console: &Console) -> Option<Cookie<'static>> {
    let brought = value(request, REMEMBERED_USER, console.https)?;
    let remembered = remembered_users(request, console);
    let Some(newest) = remembered.newest() else { return Some(removal(REMEMBERED_USER, console.https)) };
    if !RememberedUsers::is_sealed_with_previous(&console.sealer, &brought) {
        return None;
    }
    let ends = newest.at + REMEMBERED_USER_LIFETIME.whole_seconds();
    let mut cookie = remembered_user(remembered.seal(&console.sealer, &console.app.random)?, console.https);
    cookie.set_max_age(Duration::seconds(ends - console.app.clock.now().unix_timestamp()));
    Some(cookie)
}

/// Gives the browser the cookie, or takes it away where there is nobody left to remember.
pub fn keep(show: &mut Show, remembered: &RememberedUsers) {
    let console = show.console();
    let cookie = match remembered.seal(&console.sealer, &console.app.random) {
        Some(value) => remembered_user(value, console.https),
        None => removal(REMEMBERED_USER, console.https),
    };
    show.set(cookie);
}
