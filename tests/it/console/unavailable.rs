//! The database is away, or writes nothing: pages say so, and whether anything was changed.

use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};

#[tokio::test]
async fn without_the_database_every_page_is_a_503_with_all_headers_and_health_still_answers() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    browser.get("/console/security-credentials/password").await;
    server.app.store.close().await;
    for path in ["/console", "/console/security-credentials", "/console/nope"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 503, "{path}");
        assert!(page.says("The service is not available") && page.says("Nothing was changed."), "{path}");
        assert!(page.says(page.header("x-request-id")));
        assert!(!page.header("retry-after").is_empty() && !page.header("content-security-policy").is_empty());
    }
    let answer =
        browser.submit_change("/console/security-credentials/password", PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 503);
    let mut visitor = server.browser();
    assert_eq!(visitor.get("/signin").await.status, 200, "needs no database");
    assert_eq!(visitor.sign_in(ALIAS, "alice", PASSWORD).await.status, 503);
    assert_eq!(visitor.get("/healthz").await.status, 200);
    assert_eq!(visitor.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_change_leaves_everything_as_it_was() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON audit_records WHEN NEW.event_name = 'ChangePassword' BEGIN SELECT RAISE(ABORT, 'no'); END";
    server.database.execute(refuse).await;
    let answer = browser.change_password(PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 500);
    assert!(answer.says("Something went wrong on our side") && answer.says("Nothing was changed."));
    assert!(!answer.body.contains("no</") && !answer.body.contains("TRIGGER") && !answer.body.contains(PASSWORD));
    assert_eq!(server.database.number("SELECT version FROM login_profiles").await, 1);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 1);
    assert!(browser.is_signed_in().await);
    server.database.execute("DROP TRIGGER refuse").await;
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
}
