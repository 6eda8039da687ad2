//! Console Home, My Security Credentials, and what else is there for anybody who asks.

use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;
use time::Duration;

const CREDENTIALS: &str = "/console/security-credentials";

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

#[tokio::test]
async fn c1_c3_the_user_menu_leads_to_my_security_credentials_and_there_to_change_password() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let page = browser.get("/console").await;
    assert!(page.texts("button[popovertarget=user-menu]")[0].contains("alice @ example-corp"));
    assert_eq!(page.texts("#user-menu a[href='/console/security-credentials']"), ["My Security Credentials"]);
    assert!(page.texts("#user-menu").concat().contains("1234-5678-9012"));
    let page = browser.get(CREDENTIALS).await;
    assert_eq!(page.texts("h1"), ["My Security Credentials"]);
    assert_eq!(page.texts("nav[aria-label=Credentials] a[aria-current=page]"), ["AWS IAM Credentials"]);
    assert_eq!(page.texts("a[href='/console/security-credentials/password']"), ["Change password"]);
    let page = browser.get("/console/security-credentials/password").await;
    for label in ["Current password", "New password", "Confirm new password"] {
        assert!(page.texts("label").contains(&label.to_owned()), "{label}");
    }
    assert!(page.texts("main button[type=submit], main button:not([type])").contains(&"Change password".to_owned()));
}

#[tokio::test]
async fn v1_v2_the_page_shows_account_details_and_the_password_section() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    server.attach_policy("alice", "arn:aws:iam::aws:policy/AdministratorAccess").await;
    let mut browser = server.signed_in("alice").await;
    server.clock.advance(Duration::minutes(10));
    let page = browser.get(CREDENTIALS).await;
    for text in [
        "example-corp",
        "1234-5678-9012",
        "alice",
        "arn:aws:iam::123456789012:user/alice",
        "November 23, 2026, 18:41 (UTC)",
        "10 minutes ago",
        "Never",
    ] {
        assert!(page.says(text), "{text}");
    }
    assert!(page.says("At least 8 characters, with three of: uppercase, lowercase, number, symbol"));
    let canonical = page.texts("code").into_iter().find(|text| text.len() == 64);
    assert!(canonical.is_some(), "{}", page.main());
}

#[tokio::test]
async fn v4_c6_each_refused_read_becomes_its_own_note_and_the_rest_still_works() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    let mut browser = server.signed_in("alice").await;
    let page = browser.get(CREDENTIALS).await;
    assert_eq!(page.status, 200);
    for action in ["iam:GetUser", "iam:GetAccountPasswordPolicy", "iam:GetAccountSummary", "iam:ChangePassword"] {
        assert!(page.says(action), "{action}");
    }
    assert!(page.says("1234-5678-9012") && page.says("example-corp"), "facts of the session are always shown");
    assert!(!page.says("arn:aws:iam::"));
    assert_eq!(browser.get("/console").await.status, 200);
}

#[tokio::test]
async fn p13_the_last_15_days_of_a_password_are_warned_of_even_without_permission_to_read_it() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    server.set_password_policy(PasswordPolicy { max_password_age: Some(90), ..PasswordPolicy::default() }).await;
    for (days, warning) in
        [(74, None), (75, Some("Your password expires in 15 days")), (89, Some("Your password expires in 1 day"))]
    {
        let passed = server.clock.now() - crate::support::server::BEGINNING;
        server.clock.advance(Duration::days(days) - passed);
        let page = server.signed_in("alice").await.get("/console").await;
        match warning {
            Some(text) => assert!(page.says(text), "{days}: {}", page.main()),
            None => assert!(!page.says("Your password expires"), "{days}"),
        }
    }
}

#[tokio::test]
async fn the_password_section_tells_age_and_expiry() {
    let server = server().await;
    server.set_password_policy(PasswordPolicy { max_password_age: Some(90), ..PasswordPolicy::default() }).await;
    server.clock.advance(Duration::days(78));
    let mut browser = server.signed_in("alice").await;
    let page = browser.get(CREDENTIALS).await;
    for text in ["78 days ago", "In 12 days", "February 21, 2027, 18:41 (UTC)"] {
        assert!(page.says(text), "{text}: {}", page.main());
    }
    server.clock.advance(Duration::minutes(30));
    server.set_password_policy(PasswordPolicy { max_password_age: Some(10), ..PasswordPolicy::default() }).await;
    assert!(browser.get(CREDENTIALS).await.says("Expired"), "judged at sign-in; a session goes on");
}

#[tokio::test]
async fn the_last_sign_in_is_shown_at_home() {
    let server = server().await;
    let page = server.signed_in("alice").await.get("/console").await;
    assert!(page.says("Signed in to example-corp as alice.") && !page.says("Last sign-in"));
    server.clock.advance(Duration::hours(2));
    let page = server.signed_in("alice").await.get("/console").await;
    assert!(page.says("Last sign-in: November 23, 2026, 18:41 (UTC)"), "{}", page.main());
}

#[tokio::test]
async fn the_well_known_address_leads_to_the_form_and_no_other_one_exists() {
    let server = server().await;
    let mut browser = server.browser();
    let answer = browser.get("/.well-known/change-password").await;
    assert_eq!((answer.status, answer.location()), (302, "/console/security-credentials/password"));
    assert_eq!(
        browser.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").await.status,
        404
    );
}

#[tokio::test]
async fn health_readiness_robots_and_icon_are_there() {
    let server = server().await;
    let mut browser = server.browser();
    assert_eq!(browser.get("/healthz").await.body, "ok\n");
    assert_eq!(browser.get("/readyz").await.body, "ready\n");
    assert_eq!(browser.get("/robots.txt").await.body, "User-agent: *\nDisallow: /\n");
    let icon = browser.get("/favicon.ico").await;
    let icon = browser.get(icon.location()).await;
    assert_eq!((icon.status, icon.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(browser.get("/").await.location(), "/console");
}

#[tokio::test]
async fn a_missing_page_keeps_the_frame_of_whoever_asks() {
    let server = server().await;
    let page = server.signed_in("alice").await.get("/console/nope").await;
    assert!(
        page.says("We could not find that page")
            && page.says("alice @ example-corp")
            && page.says("Go to Console Home")
    );
    let page = server.browser().get("/nope").await;
    assert!(page.says("We could not find that page") && !page.says("alice"));
    assert!(page.says(page.header("x-request-id")), "the page names its request");
}

#[tokio::test]
async fn footer_links_are_shown_where_they_are_configured() {
    use crate::support::database::Database;
    let server = server().await;
    assert!(server.browser().get("/signin").await.texts("footer a").is_empty());
    let settings = [("MSC_HELP_URL", "https://help.example.com/"), ("MSC_BRAND_NAME", "ACME <Console>")];
    let server = TestServer::start_with(Database::sqlite().await, &settings).await;
    let page = server.browser().get("/signin").await;
    assert_eq!(page.texts("footer a"), ["Help"]);
    assert_eq!(page.title(), "Sign in as IAM user | ACME <Console>");
}

#[tokio::test]
async fn a_signed_out_get_leaves_no_row() {
    let server = server().await;
    let rows = "SELECT (SELECT COUNT(*) FROM console_sessions) + (SELECT COUNT(*) FROM audit_records)";
    let before = server.database.number(rows).await;
    let mut browser = server.browser();
    for path in ["/", "/signin", "/signin/example-corp", "/console", "/nope", "/readyz"] {
        browser.get(path).await;
    }
    assert_eq!(server.database.number(rows).await, before);
    browser.sign_in(ALIAS, "alice", PASSWORD).await;
    browser.change_password(PASSWORD, NEW_PASSWORD).await;
    assert!(server.database.number(rows).await > before);
}

#[tokio::test]
async fn looking_at_a_page_with_refused_sections_leaves_no_record() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    let mut browser = server.signed_in("alice").await;
    let records = "SELECT COUNT(*) FROM audit_records";
    let before = server.database.number(records).await;
    for path in ["/console", CREDENTIALS, "/console/security-credentials/password"] {
        browser.get(path).await;
    }
    assert_eq!(server.database.number(records).await, before);
}
