//! What each page and state says, word by word: the `main` element as a snapshot.

use crate::support::html::Page;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;
use time::Duration;

const PATH: &str = "/console/security-credentials/password";

fn keep(name: &str, page: &Page) {
    let id = page.header("x-request-id").to_owned();
    let mut main = page.main().replace(&id, "[request id]");
    for secret in page.texts("code").into_iter().filter(|text| text.len() == 64) {
        main = main.replace(&secret, "[canonical user id]");
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, format!("{} {}\n{main}", page.status, page.title()));
    });
}

#[tokio::test]
async fn the_sign_in_pages() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.browser();
    keep("sign-in", &browser.get("/signin").await);
    keep("sign-in-malformed", &browser.post("/signin", &[("account", "?")]).await);
    keep("user-sign-in", &browser.get("/signin/example-corp").await);
    keep("user-sign-in-empty", &browser.sign_in(ALIAS, "", "").await);
    keep("user-sign-in-incorrect", &browser.sign_in(ALIAS, "alice", "wrong").await);
    browser.sign_in(ALIAS, "alice", PASSWORD).await;
    keep("sign-in-remembered", &browser.get("/signin?switch=1").await);
    browser.get("/console").await;
    browser.post("/signout", &[]).await;
    keep("user-sign-in-signed-out", &browser.get("/signin/example-corp").await);
}

#[tokio::test]
async fn the_pages_of_the_console() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    let mut browser = server.signed_in("alice").await;
    keep("home-without-permissions", &browser.get("/console").await);
    keep("security-credentials-without-permissions", &browser.get("/console/security-credentials").await);
    keep("change-password-not-authorized", &browser.get(PATH).await);
    server.attach_policy("alice", "arn:aws:iam::aws:policy/AdministratorAccess").await;
    server.clock.advance(Duration::minutes(59));
    keep("security-credentials", &browser.get("/console/security-credentials").await);
    keep("change-password-default-policy", &browser.get(PATH).await);
    keep("change-password-empty", &browser.submit_change(PATH, "", "", "").await);
    browser.change_password(PASSWORD, NEW_PASSWORD).await;
    keep("security-credentials-changed", &browser.get("/console/security-credentials").await);
    keep("not-found", &browser.get("/console/nope").await);
}

#[tokio::test]
async fn the_pages_of_an_account_with_a_policy_of_its_own() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let policy = PasswordPolicy {
        minimum_password_length: 14,
        require_symbols: true,
        require_numbers: true,
        require_uppercase_characters: true,
        require_lowercase_characters: true,
        max_password_age: Some(90),
        password_reuse_prevention: Some(5),
        ..PasswordPolicy::default()
    };
    server.set_password_policy(policy.clone()).await;
    server.clock.advance(Duration::days(78));
    let mut browser = server.signed_in("alice").await;
    keep("home-password-expires", &browser.get("/console").await);
    keep("security-credentials-password-expires", &browser.get("/console/security-credentials").await);
    keep("change-password-strict-policy", &browser.get(PATH).await);
    keep("change-password-errors", &browser.submit_change(PATH, "wrong", "short", "other").await);
    server.clock.advance(Duration::days(12));
    let mut browser = server.browser();
    browser.sign_in(ALIAS, "alice", PASSWORD).await;
    keep("forced-change-expired", &browser.get("/signin/step/change-password").await);
    server.set_password_policy(PasswordPolicy { hard_expiry: true, ..policy }).await;
    keep("forced-change-hard-expiry", &browser.sign_in(ALIAS, "alice", PASSWORD).await);
}

#[tokio::test]
async fn the_first_sign_in() {
    let server = TestServer::start().await;
    server.create_user("new", Some((PASSWORD, true)), None).await;
    let mut browser = server.browser();
    browser.sign_in(ALIAS, "new", PASSWORD).await;
    keep("forced-change-first-sign-in", &browser.get("/signin/step/change-password").await);
    server
        .put_policy(
            "new",
            "deny",
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#,
        )
        .await;
    keep("forced-change-not-allowed", &browser.get("/signin/step/change-password").await);
    server.clock.advance(Duration::days(7));
    keep("forced-change-temporary-expired", &browser.sign_in(ALIAS, "new", PASSWORD).await);
}
