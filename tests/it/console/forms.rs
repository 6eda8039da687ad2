//! Forms as an attacker or a broken client sends them: refused with a page that says what happened, nothing changed.

use crate::support::browser::Browser;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};

const PATH: &str = "/console/security-credentials/password";
const FORM: &str = "application/x-www-form-urlencoded";

async fn server_and_browser() -> (TestServer, Browser) {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    browser.get(PATH).await;
    (server, browser)
}

fn good(csrf: &str) -> String {
    format!(
        "csrf={csrf}&username=alice&old_password={PASSWORD}&new_password={NEW_PASSWORD}&confirm_password={NEW_PASSWORD}"
    )
}

/// Every refusal is a whole page with a request ID, and leaves the password alone.
async fn refused(server: &TestServer, browser: &mut Browser, body: String, status: u16, says: &str) {
    let answer = browser.post_raw(PATH, &body).await;
    assert_eq!(answer.status, status, "{body}");
    assert!(
        answer.says(says) && answer.says("Nothing was changed.") && answer.says("Request ID"),
        "{body}: {}",
        answer.main()
    );
    assert_eq!(server.database.number("SELECT version FROM login_profiles").await, 1, "{body}");
}

#[tokio::test]
async fn text_that_is_not_valid_utf_8_or_badly_escaped_is_a_400() {
    let (server, mut browser) = server_and_browser().await;
    for bad in ["%ff", "%C3", "%ED%A0%80", "%C0%80"] {
        let body = good(&browser.csrf).replace(NEW_PASSWORD, &format!("{NEW_PASSWORD}{bad}"));
        refused(&server, &mut browser, body, 400, "The form holds text that is not valid UTF-8.").await;
    }
    for bad in ["%", "%4", "%zz"] {
        let body = good(&browser.csrf).replace(NEW_PASSWORD, &format!("{NEW_PASSWORD}{bad}"));
        refused(&server, &mut browser, body, 400, "The form holds a bad percent escape.").await;
    }
}

#[tokio::test]
async fn repeated_missing_and_surplus_fields_are_a_400() {
    let (server, mut browser) = server_and_browser().await;
    let body = good(&browser.csrf);
    let cases = [
        (format!("{body}&new_password=x"), "The form has the field new_password more than once."),
        (format!("{body}&user_id=AIDA"), "The form has a field that does not belong to it."),
        (format!("{body}&%6eew_password=x"), "The form has the field new_password more than once."),
        (body.replace("&confirm_password=", "&confirm_passwor="), "The form has a field that does not belong to it."),
        (format!("csrf={}&old_password=x&new_password=y", browser.csrf), "The form lacks the field confirm_password."),
    ];
    for (body, says) in cases {
        refused(&server, &mut browser, body, 400, says).await;
    }
}

#[tokio::test]
async fn a_form_of_more_than_16_kib_is_a_413() {
    let (server, mut browser) = server_and_browser().await;
    let body = format!("{}{}", good(&browser.csrf), "x".repeat(16 * 1024));
    refused(&server, &mut browser, body, 413, "The form is larger than 16 KiB.").await;
}

#[tokio::test]
async fn another_content_type_is_a_415() {
    let (server, mut browser) = server_and_browser().await;
    for kind in [
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        "text/xml",
        "application/x-www-form-urlencoded; charset=latin1",
    ] {
        let request = browser.request("POST", PATH).header("content-type", kind).body(good(&browser.csrf));
        let answer = browser.send(request).await;
        assert_eq!(answer.status, 415, "{kind}");
        assert!(answer.says("We could not read that request"), "{kind}");
    }
    let request = browser.request("POST", PATH).body(good(&browser.csrf));
    assert_eq!(browser.send(request).await.status, 415, "none at all");
    assert_eq!(server.database.number("SELECT version FROM login_profiles").await, 1);
}

#[tokio::test]
async fn a19_a_form_without_its_token_or_with_another_is_a_403() {
    let (server, mut browser) = server_and_browser().await;
    let mut other = server.signed_in("alice").await;
    other.get(PATH).await;
    let mut visitor = server.browser();
    visitor.get("/signin").await;
    let turned = format!("{}{}", if browser.csrf.starts_with('A') { 'B' } else { 'A' }, &browser.csrf[1..]);
    for token in [String::new(), "x".to_owned(), other.csrf, visitor.csrf, turned] {
        refused(&server, &mut browser, good(&token), 403, "This page expired").await;
    }
    let without = good("").replace("csrf=&", "");
    refused(&server, &mut browser, without, 403, "This page expired").await;
}

#[tokio::test]
async fn a19_a_form_from_another_origin_is_a_403() {
    let (server, mut browser) = server_and_browser().await;
    let headers = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (name, value) in headers {
        let request =
            browser.request("POST", PATH).header("content-type", FORM).header(name, value).body(good(&browser.csrf));
        let answer = browser.send(request).await;
        assert_eq!(answer.status, 403, "{name}: {value}");
        assert!(answer.says("This page expired"));
    }
    assert_eq!(server.database.number("SELECT version FROM login_profiles").await, 1);
    let own = browser.url.clone();
    let request =
        browser.request("POST", PATH).header("content-type", FORM).header("origin", own).body(good(&browser.csrf));
    assert_eq!(browser.send(request).await.status, 303, "its own origin is taken");
}

#[tokio::test]
async fn a19_a_sign_in_from_another_site_is_refused() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    let mut browser = server.browser();
    browser.get("/signin/example-corp").await;
    let body = format!("csrf={}&user_name=alice&password={PASSWORD}", browser.csrf);
    let request = browser
        .request("POST", "/signin/example-corp")
        .header("content-type", FORM)
        .header("sec-fetch-site", "cross-site")
        .body(body.clone());
    assert_eq!(browser.send(request).await.status, 403);
    let mut without_cookie = server.browser();
    assert_eq!(without_cookie.post_raw("/signin/example-corp", &body).await.status, 403);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM console_sessions").await, 0);
}

#[tokio::test]
async fn a_token_is_different_in_every_response_and_good_in_each() {
    let (_server, mut browser) = server_and_browser().await;
    let first = browser.csrf.clone();
    browser.get(PATH).await;
    assert_ne!(browser.csrf, first);
    browser.csrf = first;
    assert_eq!(browser.submit_change(PATH, "wrong", NEW_PASSWORD, NEW_PASSWORD).await.status, 422);
}

#[tokio::test]
async fn sign_out_needs_its_form_too() {
    let (_server, mut browser) = server_and_browser().await;
    assert_eq!(browser.get("/signout").await.status, 405);
    let token = std::mem::take(&mut browser.csrf);
    assert_eq!(browser.post("/signout", &[]).await.status, 403);
    assert!(browser.is_signed_in().await);
    browser.csrf = token;
    assert_eq!(browser.post("/signout", &[]).await.status, 303);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn nobody_is_told_by_another_site_that_they_signed_out() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let request = browser.request("POST", "/signout").header("sec-fetch-site", "cross-site");
    let answer = browser.send(request).await;
    assert_eq!(answer.status, 403);
    assert!(answer.header("clear-site-data").is_empty() && answer.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn the_account_in_a_form_is_never_trusted_from_markup() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    browser.get(&format!("/signin/{ALIAS}")).await;
    let answer =
        browser.post(&format!("/signin/{ALIAS}"), &[("user_name", "\"><script>x</script>"), ("password", "y")]).await;
    assert_eq!(answer.status, 422);
    assert!(!answer.body.contains("<script>x"));
    assert_eq!(answer.attributes("#user_name", "value"), ["\"><script>x</script>"]);
}
