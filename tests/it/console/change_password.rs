//! `/console/security-credentials/password`.

use crate::support::database::Database;
use crate::support::server::{ACCOUNT_ID, ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;
use time::Duration;

const PATH: &str = "/console/security-credentials/password";

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

fn strict() -> PasswordPolicy {
    PasswordPolicy {
        minimum_password_length: 14,
        require_symbols: true,
        require_numbers: true,
        require_uppercase_characters: true,
        require_lowercase_characters: true,
        ..PasswordPolicy::default()
    }
}

/// What a change writes: hash, history, epoch, record.
async fn written(server: &TestServer) -> Vec<i64> {
    let mut all = Vec::new();
    for sql in [
        "SELECT version FROM login_profiles",
        "SELECT COUNT(*) FROM password_history",
        "SELECT session_epoch FROM users",
        "SELECT COUNT(*) FROM audit_records WHERE event_name = 'ChangePassword' AND error_code IS NULL",
    ] {
        all.push(server.database.number(sql).await);
    }
    all
}

#[tokio::test]
async fn the_owner_changes_the_password_and_goes_on_under_a_new_key() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let key = browser.cookies["msc-session"].clone();
    let answer = browser.change_password(PASSWORD, NEW_PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, "/console/security-credentials"));
    assert_ne!(browser.cookies["msc-session"], key);
    let page = browser.get("/console/security-credentials").await;
    assert!(page.says("Your password was changed Use the new password the next time you sign in."));
    assert!(!browser.get("/console/security-credentials").await.says("Your password was changed"), "told once");

    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 422);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
    assert_eq!(written(&server).await, [2, 2, 2, 1]);
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let server = server().await;
    let mut others = [server.signed_in("alice").await, server.signed_in("alice").await];
    let mut browser = server.signed_in("alice").await;
    let page = browser.get(PATH).await;
    assert!(page.says("2 other sessions will be signed out"), "{}", page.main());
    browser.change_password(PASSWORD, NEW_PASSWORD).await;
    assert!(browser.get("/console/security-credentials").await.says("2 other sessions were signed out."));
    for other in &mut others {
        let answer = other.get("/console").await;
        assert_eq!(answer.status, 303);
        let answer = other.get(answer.location()).await;
        let page = other.get(answer.location()).await;
        assert!(page.says("Your session expired. Sign in again to continue."));
    }
}

#[tokio::test]
async fn the_old_key_is_dead_after_the_change() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let mut copy = browser.clone();
    browser.change_password(PASSWORD, NEW_PASSWORD).await;
    assert!(!copy.is_signed_in().await);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn c2_the_rules_are_those_of_the_accounts_policy_or_the_default_one() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let page = browser.get(PATH).await;
    assert!(page.says("At least 8 characters") && page.says("At least three of:"));
    assert!(page.says("Not the same as your account alias or account ID"));
    server.set_password_policy(PasswordPolicy { password_reuse_prevention: Some(5), ..strict() }).await;
    let page = browser.get(PATH).await;
    for rule in [
        "At least 14 characters",
        "At least one uppercase letter (A–Z)",
        "At least one lowercase letter (a–z)",
        "At least one number (0–9)",
        "At least one symbol: ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '",
        "Not one of your last 5 passwords (checked when you submit)",
    ] {
        assert!(page.says(rule), "{rule}");
    }
}

#[tokio::test]
async fn every_error_is_shown_at_once_in_the_order_of_the_fields() {
    let server = server().await;
    server.set_password_policy(strict()).await;
    let mut browser = server.signed_in("alice").await;
    let before = written(&server).await;
    browser.get(PATH).await;
    let answer = browser.submit_change(PATH, "", "", "").await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.errors(),
        ["Enter your current password", "Enter a new password", "Enter the new password again"]
    );
    let answer = browser.submit_change(PATH, "wrong", "short", "short").await;
    assert_eq!(
        answer.errors(),
        [
            "Your current password is incorrect",
            "New password must have at least 14 characters",
            "New password must have at least one uppercase letter, one number and one symbol"
        ]
    );
    let answer = browser.submit_change(PATH, PASSWORD, "short", "other").await;
    assert_eq!(
        answer.errors(),
        [
            "New password must have at least 14 characters",
            "New password must have at least one uppercase letter, one number and one symbol",
            "The passwords do not match"
        ]
    );
    assert!(answer.title().starts_with("Error: Change password | "));
    assert_eq!(answer.attributes("input[type=password]", "value").concat(), "", "no password comes back");
    assert_eq!(written(&server).await, before);
}

#[tokio::test]
async fn c16_a_wrong_current_password_is_not_taken_for_a_broken_rule() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    assert_eq!(browser.change_password("wrong", NEW_PASSWORD).await.errors(), ["Your current password is incorrect"]);
    assert_eq!(
        browser.change_password(PASSWORD, "abcDEF12\u{1}").await.errors(),
        ["New password has a character that is not allowed"]
    );
    assert_eq!(
        browser.change_password(PASSWORD, &format!("aA1{}", "x".repeat(126))).await.errors(),
        ["New password must have 128 characters or fewer"]
    );
    assert_eq!(server.records("ChangePassword", Some("AccessDenied")).await, 1);
    assert_eq!(server.records("ChangePassword", Some("PasswordPolicyViolation")).await, 2);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn the_current_password_is_never_the_new_one_whatever_the_policy() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let answer = browser.change_password(PASSWORD, PASSWORD).await;
    assert_eq!(answer.errors(), ["New password must be different from your current password"]);
}

#[tokio::test]
async fn p1_the_accounts_alias_and_id_are_no_passwords_under_the_default_policy() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let answer = browser.change_password(PASSWORD, ALIAS).await;
    assert!(
        answer.errors().contains(&"New password must not be the same as your account alias or account ID".to_owned())
    );
    let answer = browser.change_password(PASSWORD, ACCOUNT_ID).await;
    assert!(
        answer.errors().contains(&"New password must not be the same as your account alias or account ID".to_owned())
    );
}

#[tokio::test]
async fn p15_reuse_prevention_of_three_refuses_the_last_three_and_no_more() {
    let server = server().await;
    server
        .set_password_policy(PasswordPolicy { password_reuse_prevention: Some(3), ..PasswordPolicy::default() })
        .await;
    let mut browser = server.signed_in("alice").await;
    let mut current = PASSWORD.to_owned();
    for number in 1..=3 {
        let new = format!("Kettle-whistle-{number}");
        assert_eq!(browser.change_password(&current, &new).await.status, 303, "{number}");
        current = new;
    }
    // Remembered: 3 (the current one), 2, 1. The first of all is free again.
    let reused = "New password must not be one of your last 3 passwords";
    assert_eq!(browser.change_password(&current, "Kettle-whistle-1").await.errors(), [reused]);
    assert_eq!(browser.change_password(&current, "Kettle-whistle-2").await.errors(), [reused]);
    assert_eq!(
        browser.change_password("wrong", "Kettle-whistle-1").await.errors(),
        ["Your current password is incorrect"]
    );
    assert_eq!(browser.change_password(&current, PASSWORD).await.status, 303);
}

#[tokio::test]
async fn p15_a_raised_reuse_prevention_knows_the_last_24_passwords() {
    let server = TestServer::start_with(Database::sqlite().await, &[("MSC_HASHING_THREADS", "1")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    let mut current = PASSWORD.to_owned();
    for number in 1..=25 {
        let new = format!("Kettle-whistle-{number}");
        assert_eq!(browser.change_password(&current, &new).await.status, 303, "{number}");
        current = new;
    }
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 24);
    server
        .set_password_policy(PasswordPolicy { password_reuse_prevention: Some(24), ..PasswordPolicy::default() })
        .await;
    let before = server.app.hasher.hashes_done();
    let answer = browser.change_password(&current, "Kettle-whistle-2").await;
    assert_eq!(answer.errors(), ["New password must not be one of your last 24 passwords"]);
    assert_eq!(
        server.app.hasher.hashes_done() - before,
        2,
        "one for the current password, one for all remembered ones"
    );
    assert_eq!(browser.change_password(&current, "Kettle-whistle-1").await.status, 303);
}

#[tokio::test]
async fn a23_spaces_are_part_of_a_password_and_128_characters_fit() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let long = format!(" A1+%20 {}", "é".repeat(120));
    assert_eq!(long.chars().count(), 128);
    assert_eq!(browser.change_password(PASSWORD, &long).await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", long.trim()).await.status, 422);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", &long[..long.len() - 2]).await.status, 422);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", &long).await.status, 303);
}

#[tokio::test]
async fn p14_a_new_password_restarts_the_period() {
    let server = server().await;
    server.set_password_policy(PasswordPolicy { max_password_age: Some(20), ..PasswordPolicy::default() }).await;
    server.clock.advance(Duration::days(19));
    let mut browser = server.signed_in("alice").await;
    assert!(browser.get("/console").await.says("Your password expires in 1 day"));
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
    assert!(!browser.get("/console").await.says("Your password expires in"));
    server.clock.advance(Duration::days(19));
    assert_eq!(server.browser().sign_in(ALIAS, "alice", NEW_PASSWORD).await.location(), "/console");
}

#[tokio::test]
async fn a_deleted_user_can_change_nothing() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    browser.get(PATH).await;
    server.database.execute("DELETE FROM users").await;
    let answer = browser.submit_change(PATH, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("/signin"));
}

#[tokio::test]
async fn the_rules_may_be_hidden_and_the_form_still_works() {
    let server = TestServer::start().await;
    let policy =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ChangePassword","Resource":"*"}}"#;
    server.user("alice", Some(policy)).await;
    let mut browser = server.signed_in("alice").await;
    let page = browser.get(PATH).await;
    assert!(page.says("iam:GetAccountPasswordPolicy") && !page.says("At least 8 characters"));
    let answer = browser.change_password(PASSWORD, "short").await;
    assert!(
        answer.errors().contains(&"New password must have at least 8 characters".to_owned()),
        "{:?}",
        answer.errors()
    );
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_change_by_somebody_else_is_told_at_the_next_sign_in() {
    let server = server().await;
    server.reset_password("alice", NEW_PASSWORD, false).await;
    server.clock.advance(Duration::hours(1));
    let mut browser = server.browser();
    browser.sign_in(ALIAS, "alice", NEW_PASSWORD).await;
    let page = browser.get("/console").await;
    assert!(page.says("Your password was changed on November 23, 2026, 18:41 (UTC)"), "{}", page.main());
    assert!(page.says("If this was not you, tell your administrator."));
    let mut again = server.browser();
    again.sign_in(ALIAS, "alice", NEW_PASSWORD).await;
    assert!(!again.get("/console").await.says("Your password was changed on"));
}
