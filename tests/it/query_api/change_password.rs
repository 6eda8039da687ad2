//! `ChangePassword` on the wire: the seed's second half.

use crate::support::api::{Answer, Api};
use crate::support::server::{ALIAS, BEGINNING, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::error::Code;
use my_security_credentials::domain::password::TypedPassword;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::operations::password::ChangePassword;
use std::collections::BTreeSet;
use time::Duration;

async fn alice() -> (TestServer, Api) {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let api = Api::of(&server, "alice").await;
    (server, api)
}

async fn change(api: &Api, old: &str, new: &str) -> Answer {
    api.call("ChangePassword", &[("OldPassword", old), ("NewPassword", new)]).await
}

#[tokio::test]
async fn a_changed_password_signs_in_and_the_old_one_does_not() {
    let (server, api) = alice().await;
    change(&api, PASSWORD, NEW_PASSWORD).await.assert_done();
    assert_eq!(server.browser().sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 422);
    assert_eq!(server.records("ChangePassword", None).await, 1);
}

#[tokio::test]
async fn a_change_by_api_ends_every_console_session_and_the_owner_is_told_at_the_next_sign_in() {
    let (server, api) = alice().await;
    let mut browser = server.signed_in("alice").await;
    change(&api, PASSWORD, NEW_PASSWORD).await.assert_done();
    assert!(!browser.is_signed_in().await);
    let mut browser = server.browser();
    assert_eq!(browser.sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
    let page = browser.get("/console").await;
    assert!(page.says("Your password was changed"), "{}", page.body);
    // The key goes on: it is no part of the password.
    assert_eq!(api.call("GetAccountPasswordPolicy", &[]).await.code(), "NoSuchEntity");
}

#[tokio::test]
async fn a_wrong_old_password_is_refused_before_the_new_one_is_judged() {
    let (server, api) = alice().await;
    let before = server.database.rows().await;
    for new in [NEW_PASSWORD, "short"] {
        change(&api, "wrong", new).await.assert_refused(403, "AccessDenied", "The old password was incorrect.");
    }
    // Nothing is left of it but its count.
    let (counted, rows): (Vec<_>, Vec<_>) =
        server.database.rows().await.into_iter().partition(|row| row.starts_with("sign_in_throttle: "));
    assert!(counted.len() == 1 && counted[0].ends_with("tries=2 failures=2"), "{counted:?}");
    let rows: BTreeSet<String> =
        rows.into_iter().map(|row| row.replace("untold_failures=2", "untold_failures=0")).collect();
    assert_eq!(rows, before);
    assert_eq!(server.records("ChangePassword", Some("AccessDenied")).await, 2);
}

#[tokio::test]
async fn a_password_that_breaks_the_policy_is_told_every_rule_after_awss_sentence() {
    let (server, api) = alice().await;
    server
        .set_password_policy(PasswordPolicy {
            minimum_password_length: 20,
            require_symbols: true,
            require_numbers: true,
            require_uppercase_characters: true,
            ..PasswordPolicy::default()
        })
        .await;
    let before = server.database.rows().await;
    let says = "Password does not conform to the account password policy. It needs: at least 20 characters; an uppercase letter; \
                a number; a symbol.";
    change(&api, PASSWORD, "abc").await.assert_refused(400, "PasswordPolicyViolation", says);
    let same =
        "Password does not conform to the account password policy. It needs: to differ from the current password.";
    server.set_password_policy(PasswordPolicy::default()).await;
    change(&api, PASSWORD, PASSWORD).await.assert_refused(400, "PasswordPolicyViolation", same);
    let unchanged = |rows: &std::collections::BTreeSet<String>| -> Vec<String> {
        rows.iter()
            .filter(|row| row.starts_with("login_profiles") || row.starts_with("password_history"))
            .cloned()
            .collect()
    };
    assert_eq!(unchanged(&server.database.rows().await), unchanged(&before));
}

#[tokio::test]
async fn a_remembered_password_is_refused() {
    let (server, api) = alice().await;
    server
        .set_password_policy(PasswordPolicy { password_reuse_prevention: Some(3), ..PasswordPolicy::default() })
        .await;
    change(&api, PASSWORD, "second-password").await.assert_done();
    change(&api, "second-password", NEW_PASSWORD).await.assert_done();
    let says =
        "Password does not conform to the account password policy. It needs: to differ from the last 3 passwords.";
    change(&api, NEW_PASSWORD, PASSWORD).await.assert_refused(400, "PasswordPolicyViolation", says);
    change(&api, NEW_PASSWORD, "fourth-password").await.assert_done();
    change(&api, "fourth-password", PASSWORD).await.assert_done();
}

#[tokio::test]
async fn bounds_are_those_of_the_model_and_every_script_is_taken() {
    let (_server, api) = alice().await;
    let long = "x".repeat(129);
    let says = "2 validation errors detected: Value at 'oldPassword' failed to satisfy constraint: Member must have length less than \
                or equal to 128; Value at 'newPassword' failed to satisfy constraint: Member must have length greater than or equal to 1";
    change(&api, &long, "").await.assert_refused(400, "ValidationError", says);
    let answer = change(&api, PASSWORD, "Control-\u{1}-1").await;
    assert!(
        answer.message().contains("'newPassword' failed to satisfy constraint: Member must satisfy regular"),
        "{}",
        answer.body
    );
    let missing = api.call("ChangePassword", &[("OldPassword", PASSWORD)]).await;
    let says =
        "1 validation error detected: Value at 'newPassword' failed to satisfy constraint: Member must not be null";
    missing.assert_refused(400, "ValidationError", says);
    change(&api, PASSWORD, " Pass wörd + 漢字 🔑 1 ").await.assert_done();
    change(&api, " Pass wo\u{308}rd + 漢字 🔑 1 ", PASSWORD).await.assert_done();
}

#[tokio::test]
async fn p11_an_expired_password_can_be_changed_with_a_key_even_under_hard_expiry() {
    for hard_expiry in [false, true] {
        let (server, api) = alice().await;
        server
            .set_password_policy(PasswordPolicy { max_password_age: Some(1), hard_expiry, ..PasswordPolicy::default() })
            .await;
        server.clock.advance(Duration::days(2));
        let at = BEGINNING + Duration::days(2);
        let change = [("OldPassword", PASSWORD), ("NewPassword", NEW_PASSWORD)];
        api.call_at(at, "ChangePassword", &change).await.assert_done();
        let mut browser = server.browser();
        assert_eq!(browser.sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
        assert!(browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_user_without_a_password_has_none_to_change() {
    let (server, _) = alice().await;
    server.create_user("robot", None, Some(PASSWORD_ONLY)).await;
    let api = Api::of(&server, "robot").await;
    let says = "Login Profile for User robot cannot be found.";
    change(&api, PASSWORD, NEW_PASSWORD).await.assert_refused(404, "NoSuchEntity", says);
}

#[tokio::test]
async fn permission_comes_from_a_policy_or_the_accounts_setting_and_an_explicit_deny_beats_both() {
    let server = TestServer::start().await;
    server.user("nobody", None).await;
    let api = Api::of(&server, "nobody").await;
    let says = "User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: iam:ChangePassword on resource: \
                arn:aws:iam::123456789012:user/nobody because no identity-based policy allows the iam:ChangePassword action";
    change(&api, PASSWORD, NEW_PASSWORD).await.assert_refused(403, "AccessDenied", says);
    server
        .set_password_policy(PasswordPolicy { allow_users_to_change_password: true, ..PasswordPolicy::default() })
        .await;
    change(&api, PASSWORD, NEW_PASSWORD).await.assert_done();
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ChangePassword","Resource":"*"}}"#;
    server.put_policy("nobody", "deny", deny).await;
    let says = "User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: iam:ChangePassword on resource: \
                arn:aws:iam::123456789012:user/nobody with an explicit deny in an identity-based policy";
    change(&api, NEW_PASSWORD, PASSWORD).await.assert_refused(403, "AccessDenied", says);
}

#[tokio::test]
async fn c9_a_policy_that_forces_mfa_refuses_a_long_term_key() {
    let server = TestServer::start().await;
    server.user("alice", Some(include_str!("../../data/my-sec-creds-self-manage.json"))).await;
    let api = Api::of(&server, "alice").await;
    let answer = change(&api, PASSWORD, NEW_PASSWORD).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "AccessDenied"));
    assert!(answer.message().ends_with("with an explicit deny in an identity-based policy"), "{}", answer.message());
}

#[tokio::test]
async fn who_is_no_iam_user_has_no_password_of_its_own() {
    let (server, _) = alice().await;
    let (old_password, new_password) = (TypedPassword::new(PASSWORD), TypedPassword::new(NEW_PASSWORD));
    let error = server.perform(ChangePassword { old_password, new_password }).await.expect_err("refused");
    let refusal = error.refusal().expect("a refusal");
    assert_eq!((refusal.code, refusal.code.name()), (Code::InvalidUserType, "InvalidUserType"));
    assert_eq!(refusal.message, "Only IAM Users can change their own password.");
}
