//! Who may change the password: the seed's policy, the account's setting, and an explicit Deny over both.

use crate::support::server::{NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;

const PATH: &str = "/console/security-credentials/password";
const DENY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ChangePassword","Resource":"*"}}"#;

async fn allow_everybody(server: &TestServer) {
    server
        .set_password_policy(PasswordPolicy { allow_users_to_change_password: true, ..PasswordPolicy::default() })
        .await;
}

/// Both halves: the page that shows the form, and the change itself, asked for without looking at the page.
async fn may_change(server: &TestServer, user: &str) -> bool {
    let mut browser = server.signed_in(user).await;
    let page = browser.get(PATH).await;
    browser.get("/console").await;
    let answer = browser.submit_change(PATH, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    match (page.status, answer.status) {
        (200, 303) => true,
        (403, 403) => {
            assert!(page.says("You are not authorized to change your password") && page.says("iam:ChangePassword"));
            assert!(page.says(&format!("arn:aws:iam::123456789012:user/{user}")));
            false
        }
        other => panic!("{other:?}: {}", answer.body),
    }
}

#[tokio::test]
async fn c7_without_any_permission_the_change_is_refused() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    assert!(!may_change(&server, "alice").await);
    assert_eq!(server.database.number("SELECT version FROM login_profiles").await, 1);
}

#[tokio::test]
async fn c4_the_policy_of_the_guide_is_sufficient_and_each_of_its_actions_necessary() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    assert!(may_change(&server, "alice").await);

    let without = |action: &str| PASSWORD_ONLY.replace(&format!("\"{action}\""), "\"iam:ListUsers\"");
    server.user("no-change", Some(&without("iam:ChangePassword"))).await;
    assert!(!may_change(&server, "no-change").await);
    server.user("no-rules", Some(&without("iam:GetAccountPasswordPolicy"))).await;
    assert!(!server.signed_in("no-rules").await.get(PATH).await.says("At least 8 characters"));
    server.user("no-user", Some(&without("iam:GetUser"))).await;
    assert!(server.signed_in("no-user").await.get("/console/security-credentials").await.says("iam:GetUser"));
}

#[tokio::test]
async fn every_policy_of_the_guide_does_to_a_password_what_it_says() {
    let selected =
        include_str!("../../data/allow-selected-users-to-change-password.json").replace("account-id", "123456789012");
    let cases = [
        ("selected", selected.as_str(), true),
        ("no-mfa", include_str!("../../data/my-sec-creds-self-manage-no-mfa.json"), true),
        ("pass-keys-ssh", include_str!("../../data/my-sec-creds-self-manage-pass-accesskeys-ssh.json"), true),
        ("mfa-only", include_str!("../../data/my-sec-creds-self-manage-mfa-only.json"), false),
        ("self-manage", include_str!("../../data/my-sec-creds-self-manage.json"), false),
        ("password-policy", include_str!("../../data/full-access-password-policy.json"), false),
    ];
    let server = TestServer::start().await;
    for (user, policy, may) in cases {
        server.user(user, Some(policy)).await;
        assert_eq!(may_change(&server, user).await, may, "{user}");
    }
}

#[tokio::test]
async fn c10_the_aws_managed_policy_is_sufficient_and_shows_no_user() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    server.attach_policy("alice", "arn:aws:iam::aws:policy/IAMUserChangePassword").await;
    assert!(server.signed_in("alice").await.get("/console/security-credentials").await.says("iam:GetUser"));
    assert!(may_change(&server, "alice").await);
}

#[tokio::test]
async fn c8_c11_the_accounts_setting_alone_is_sufficient_and_attaches_nothing() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    allow_everybody(&server).await;
    assert_eq!(
        server
            .database
            .number("SELECT (SELECT COUNT(*) FROM attached_user_policies) + (SELECT COUNT(*) FROM user_policies)")
            .await,
        0
    );
    let page = server.signed_in("alice").await.get(PATH).await;
    assert!(page.says("At least 6 characters"), "it gives GetAccountPasswordPolicy too");
    assert!(may_change(&server, "alice").await);
}

#[tokio::test]
async fn c9_an_explicit_deny_beats_the_policy_and_the_setting() {
    let server = TestServer::start().await;
    server.user("policy", Some(PASSWORD_ONLY)).await;
    server.put_policy("policy", "deny", DENY).await;
    assert!(!may_change(&server, "policy").await);
    server.user("setting", Some(DENY)).await;
    allow_everybody(&server).await;
    assert!(!may_change(&server, "setting").await);
    let record = "SELECT COUNT(*) FROM audit_records WHERE error_message LIKE '%with an explicit deny in an identity-based policy%'";
    assert_eq!(server.database.number(record).await, 2);
}

#[tokio::test]
async fn c12_a_required_reset_attaches_iam_user_change_password_unless_everybody_may() {
    let server = TestServer::start().await;
    server.create_user("first", Some((PASSWORD, true)), None).await;
    let attached = "SELECT COUNT(*) FROM attached_user_policies WHERE policy_arn = 'arn:aws:iam::aws:policy/IAMUserChangePassword'";
    assert_eq!(server.database.number(attached).await, 1);
    allow_everybody(&server).await;
    server.create_user("second", Some((PASSWORD, true)), None).await;
    assert_eq!(server.database.number(attached).await, 1);
}

#[tokio::test]
async fn v5_a_refusal_is_recorded_with_awss_text() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    may_change(&server, "alice").await;
    let text = "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: iam:ChangePassword on resource: \
        arn:aws:iam::123456789012:user/alice because no identity-based policy allows the iam:ChangePassword action";
    assert_eq!(
        server.database.number(&format!("SELECT COUNT(*) FROM audit_records WHERE error_message = '{text}'")).await,
        1
    );
}

#[tokio::test]
async fn a_policy_taken_away_acts_at_the_next_request() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    assert_eq!(browser.get(PATH).await.status, 200);
    server.put_policy("alice", "test", &PASSWORD_ONLY.replace("ChangePassword\"", "ListUsers\"")).await;
    assert_eq!(browser.get(PATH).await.status, 403);
}

#[tokio::test]
async fn a_stored_policy_that_cannot_be_read_allows_nothing() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    server.database.execute("UPDATE user_policies SET document = 'not a policy'").await;
    assert_eq!(browser.get(PATH).await.status, 500);
}

#[tokio::test]
async fn a_deny_on_what_aws_sends_with_every_request_applies() {
    let conditions = [
        r#""Bool":{"aws:ViaAWSService":"false"}"#,
        r#""Bool":{"aws:PrincipalIsAWSService":"false"}"#,
        r#""StringEquals":{"aws:RequestedRegion":"us-east-1"}"#,
        r#""StringEquals":{"aws:ResourceAccount":"123456789012"}"#,
    ];
    let server = TestServer::start().await;
    for (number, condition) in conditions.iter().enumerate() {
        let user = format!("user-{number}");
        server.user(&user, Some(PASSWORD_ONLY)).await;
        let condition = format!(r#""Resource":"*","Condition":{{{condition}}}}}}}"#);
        let deny = DENY.replace(r#""Resource":"*"}}"#, &condition);
        server.put_policy(&user, "deny", &deny).await;
        assert!(!may_change(&server, &user).await, "{deny}");
    }
}
