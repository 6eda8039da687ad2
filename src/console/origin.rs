//! Which origin a request came from, and where it may be sent on to: this one and no other.

use super::state::Console;
use actix_web::HttpRequest;
use actix_web::http::header::ORIGIN;

/// The browser says where a form was sent from: `Sec-Fetch-Site` where it knows it, else `Origin`. A client that says
/// neither is judged by the form's token alone.
pub fn is_own_origin(request: &HttpRequest, console: &Console) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("null"));
    if let Some(site) = header("Sec-Fetch-Site") {
        return matches!(site, "same-origin" | "none");
    }
    header(ORIGIN.as_str()).is_none_or(|origin| console.is_own_origin(request, origin))
}

/// A page of the console to go to after sign-in. Anything else is no page of ours.
pub fn next_page(next: &str) -> Option<&str> {
    let rest = next.strip_prefix("/console")?;
    let separated = rest.is_empty() || rest.starts_with(['/', '?']);
    let plain = rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~?&=%".contains(&b));
    // A browser takes `%2e` for a dot, too.
    let climbs = rest.contains("..") || rest.to_ascii_lowercase().contains("%2e");
    (separated && plain && !rest.contains("//") && !climbs && next.len() <= 512).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_deep_link_of_the_console_survives() {
        for right in ["/console", "/console/security-credentials", "/console/security-credentials/password?a=b&c=%20"] {
            assert_eq!(next_page(right), Some(right));
        }
    }

    #[test]
    fn no_other_place_does() {
        let wrong = [
            "",
            "/",
            "//evil",
            "https://evil/console",
            "/consoleevil",
            "/console//evil",
            "/\\evil",
            "/console\\evil",
            "/console\r\nX: y",
            "/signout",
            "console",
            "/console@evil",
            "/console#x",
            "/console/../signout",
            "/console/%2e%2e/signout",
            "/console/.%2E/signout",
            "/console/%2E./signout",
            "javascript:alert(1)",
            " /console",
        ];
        for wrong in wrong {
            assert_eq!(next_page(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_stays_on_this_origin(next in "[/\\\\a-z:.@%?#\\s]{0,40}") {
            if let Some(page) = next_page(&next) {
                prop_assert!(page.starts_with("/console") && !page.contains("//") && !page.contains('\\'));
            }
        }
    }
}
