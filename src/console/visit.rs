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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::identifier::{Random, token};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_value_that_we_give_is_taken(seed in any::<u64>()) {
            prop_assert!(is_well_formed(&token(&Random::seeded(seed))));
        }

        #[test]
        fn what_is_taken_is_43_characters_that_mean_nothing_in_a_header(text in "\\PC{0,60}|[A-Za-z0-9_-]{42,44}|[!-~]{43}") {
            let is_base64 = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            prop_assert_eq!(is_well_formed(&text), is_base64 && text.chars().count() == 43);
        }
    }
}
