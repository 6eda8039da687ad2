//! The database is away, or writes nothing: pages say so, and whether anything was changed.

use crate::support::database::Database;
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

#[tokio::test]
async fn a_change_whose_session_could_not_be_kept_never_says_that_nothing_was_changed() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON console_sessions BEGIN SELECT RAISE(ABORT, 'no'); END";
    server.database.execute(refuse).await;
    let answer = browser.change_password(PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 503);
    assert!(answer.says("Check your credentials before you try again.") && !answer.says("Nothing was changed"));
    server.database.execute("DROP TRIGGER refuse").await;
    assert_eq!(server.browser().sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303, "it was changed");
}

#[tokio::test]
async fn a_page_is_read_although_the_use_of_the_session_cannot_be_noted() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON console_sessions BEGIN SELECT RAISE(ABORT, 'no'); END";
    server.database.execute(refuse).await;
    server.clock.advance(time::Duration::minutes(2));
    assert_eq!(browser.get("/console").await.status, 200);
}

#[tokio::test]
async fn more_sign_ins_than_can_wait_are_sent_away_at_once_with_retry_after() {
    let settings = [("MSC_HASHING_THREADS", "1"), ("MSC_HASHING_QUEUE", "1")];
    let server = TestServer::start_slow(Database::sqlite().await, &settings).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut visitors = Vec::new();
    for _ in 0..12 {
        let mut browser = server.browser();
        browser.get("/signin/example-corp").await;
        visitors.push(tokio::spawn(async move {
            let fields = [("user_name", "alice"), ("password", PASSWORD)];
            browser.post("/signin/example-corp", &fields).await
        }));
    }
    let mut sent_away = 0;
    for visitor in visitors {
        let answer = visitor.await.expect("an answer");
        if answer.status == 503 {
            sent_away += 1;
            assert!(!answer.header("retry-after").is_empty());
            assert!(answer.says("The service is not available"), "{}", answer.main());
        } else {
            assert_eq!(answer.status, 303);
        }
    }
    assert!(sent_away > 0);
}
