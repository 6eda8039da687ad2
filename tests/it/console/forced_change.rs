//! `/signin/step/change-password`: first sign-in, expired password, and the ways out where there is none.

use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;
use time::Duration;

const STEP: &str = "/signin/step/change-password";

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.create_user("new", Some((PASSWORD, true)), None).await;
    server
}

#[tokio::test]
async fn c13_a_user_who_must_change_the_password_chooses_one_before_any_page_of_the_console() {
    let server = server().await;
    let mut browser = server.browser();
    let answer = browser.sign_in(ALIAS, "new", PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, STEP));
    for path in ["/console", "/console/security-credentials", "/console/security-credentials/password"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.location().starts_with(STEP), "{path}");
    }
    let page = browser.get(STEP).await;
    assert!(page.says("You must change your password to continue"));
    assert!(page.says("At least 8 characters"), "C12 gives the permission to read the policy too");
    let answer = browser.submit_change(STEP, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, "/console"));
    assert!(browser.get("/console").await.says("Your password was changed"));
    assert_eq!(server.browser().sign_in(ALIAS, "new", NEW_PASSWORD).await.location(), "/console");
}

#[tokio::test]
async fn a_form_of_the_console_is_no_way_round_the_step() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in(ALIAS, "new", PASSWORD).await;
    browser.get(STEP).await;
    let answer =
        browser.submit_change("/console/security-credentials/password", PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with(STEP));
    assert_eq!(server.records("ChangePassword", None).await, 0);
}

#[tokio::test]
async fn the_page_that_was_asked_for_survives_the_step() {
    let server = server().await;
    let mut browser = server.browser();
    browser.get("/signin/example-corp").await;
    let next = "/console/security-credentials";
    let answer =
        browser.post("/signin/example-corp", &[("user_name", "new"), ("password", PASSWORD), ("next", next)]).await;
    assert_eq!(answer.location(), format!("{STEP}?next={next}"));
    let page = browser.get(answer.location()).await;
    assert_eq!(page.attributes("input[name=next]", "value"), [next]);
    let fields = [
        ("old_password", PASSWORD),
        ("new_password", NEW_PASSWORD),
        ("confirm_password", NEW_PASSWORD),
        ("next", next),
    ];
    assert_eq!(browser.post(STEP, &fields).await.location(), next);
}

#[tokio::test]
async fn errors_in_the_step_are_those_of_the_page() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in(ALIAS, "new", PASSWORD).await;
    browser.get(STEP).await;
    let answer = browser.submit_change(STEP, "wrong", "short", "short").await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.errors()[0], "Your current password is incorrect");
    assert_eq!(answer.errors()[1], "New password must have at least 8 characters");
    let answer = browser.submit_change(STEP, PASSWORD, PASSWORD, PASSWORD).await;
    assert_eq!(answer.errors(), ["New password must be different from your current password"]);
}

#[tokio::test]
async fn a_policy_that_denies_even_the_forced_change_is_named() {
    let server = server().await;
    let no_mfa = include_str!("../../data/my-sec-creds-self-manage.json");
    server.put_policy("new", "deny-without-mfa", no_mfa).await;
    let mut browser = server.browser();
    browser.sign_in(ALIAS, "new", PASSWORD).await;
    let page = browser.get(STEP).await;
    assert_eq!(page.status, 403);
    assert!(page.says("Contact your administrator") && page.says("iam:ChangePassword"));
    assert!(page.texts("input[name=new_password]").is_empty());
    let answer = browser.submit_change(STEP, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 403);
    assert_eq!(server.records("ChangePassword", None).await, 0);
}

#[tokio::test]
async fn p9_p10_an_expired_password_must_be_changed_at_sign_in() {
    let server = server().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server.clock.advance(Duration::days(90));
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.location(), "/console");
    server.set_password_policy(PasswordPolicy { max_password_age: Some(90), ..PasswordPolicy::default() }).await;
    let mut browser = server.browser();
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.location(), STEP);
    let page = browser.get(STEP).await;
    assert!(page.says("Your password has expired") && page.says("Passwords in this account expire after 90 days."));
    assert_eq!(browser.submit_change(STEP, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await.location(), "/console");
}

/// Of a right password that opened nothing.
async fn refused_sign_ins(server: &TestServer, user_name: &str) -> i64 {
    let sql = format!(
        "SELECT COUNT(*) FROM audit_records WHERE event_name = 'ConsoleLogin' AND user_name = '{user_name}' \
         AND error_message = 'The password has expired'"
    );
    server.database.number(&sql).await
}

#[tokio::test]
async fn p11_hard_expiry_leaves_it_to_an_administrator() {
    let server = server().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let policy = PasswordPolicy { max_password_age: Some(90), hard_expiry: true, ..PasswordPolicy::default() };
    server.set_password_policy(policy).await;
    server.clock.advance(Duration::days(90));
    let mut browser = server.browser();
    let page = browser.sign_in(ALIAS, "alice", PASSWORD).await;
    assert_eq!(page.status, 403);
    assert!(page.says("Your password has expired") && page.says("Contact your administrator"));
    assert_eq!(refused_sign_ins(&server, "alice").await, 1);
    assert!(!browser.is_signed_in().await);
    assert!(!browser.cookies.contains_key("msc-remembered-user"), "only a completed sign-in is remembered");
    assert_eq!(browser.sign_in(ALIAS, "alice", "wrong").await.status, 422, "only who knows the password is told");
    server.reset_password("alice", NEW_PASSWORD, false).await;
    assert_eq!(browser.sign_in(ALIAS, "alice", NEW_PASSWORD).await.location(), "/console");
}

#[tokio::test]
async fn a_temporary_password_expires_after_seven_days() {
    let server = server().await;
    server.clock.advance(Duration::days(7) - Duration::SECOND);
    assert_eq!(server.browser().sign_in(ALIAS, "new", PASSWORD).await.location(), STEP);
    server.clock.advance(Duration::SECOND);
    let page = server.browser().sign_in(ALIAS, "new", PASSWORD).await;
    assert_eq!(page.status, 403);
    assert!(page.says("Your temporary password has expired"));
    assert_eq!(refused_sign_ins(&server, "new").await, 1);
    server.reset_password("new", NEW_PASSWORD, true).await;
    assert_eq!(server.browser().sign_in(ALIAS, "new", NEW_PASSWORD).await.location(), STEP);
}

#[tokio::test]
async fn the_step_lasts_fifteen_minutes() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in(ALIAS, "new", PASSWORD).await;
    browser.get(STEP).await;
    server.clock.advance(Duration::minutes(15));
    let answer = browser.submit_change(STEP, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("/signin"));
    assert_eq!(server.records("ChangePassword", None).await, 0);
}

#[tokio::test]
async fn a_reset_ends_the_sessions_of_its_user() {
    let server = server().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    server.reset_password("alice", NEW_PASSWORD, true).await;
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a_password_that_ended_while_the_form_was_open_cannot_be_changed_any_more() {
    let server = server().await;
    let mut browser = server.browser();
    server.clock.advance(Duration::days(7) - Duration::minutes(5));
    browser.sign_in(ALIAS, "new", PASSWORD).await;
    browser.get(STEP).await;
    server.clock.advance(Duration::minutes(5));
    let answer = browser.submit_change(STEP, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 403);
    assert!(answer.says("Your temporary password has expired"), "{}", answer.main());
    assert_eq!(server.records("ChangePassword", None).await, 0);
}
