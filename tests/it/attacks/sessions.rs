//! Sessions: after a change, after sign-out, after a restart, and under the same hostile eyes on both engines.

use crate::support::database::Database;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use time::Duration;

each_engine!(
    a10_a_changed_password_kills_every_key_but_the_new_one_of_whoever_changed_it,
    a12_a_key_that_was_planted_before_sign_in_is_nobodys_afterwards,
    a13_after_sign_out_the_raw_cookie_opens_nothing_on_any_node,
    a18_a_restart_neither_ends_nor_prolongs_a_session,
    a_session_that_an_administrator_ends_is_over_at_the_next_request,
    a_must_change_session_never_becomes_a_full_one_by_asking,
);

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

async fn a10_a_changed_password_kills_every_key_but_the_new_one_of_whoever_changed_it(database: Database) {
    let server = server(database).await;
    let mut browser = server.signed_in("alice").await;
    let (mut copy, mut other) = (browser.clone(), server.signed_in("alice").await);
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
    assert_ne!(browser.cookies["msc-session"], copy.cookies["msc-session"]);
    assert!(browser.is_signed_in().await && !copy.is_signed_in().await && !other.is_signed_in().await);
}

async fn a12_a_key_that_was_planted_before_sign_in_is_nobodys_afterwards(database: Database) {
    let server = server(database).await;
    server.user("mallory", None).await;
    for planted in [server.signed_in("mallory").await.cookies["msc-session"].clone(), "A".repeat(64), "x".to_owned()] {
        let mut victim = server.browser();
        victim.cookies.insert("msc-session".to_owned(), planted.clone());
        assert_eq!(victim.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
        assert_ne!(victim.cookies["msc-session"], planted);
        let mut mallory = server.browser();
        mallory.cookies.insert("msc-session".to_owned(), planted);
        assert_eq!(mallory.get("/console").await.status, 303, "what was planted is over");
        assert!(victim.get("/console").await.says("alice @ example-corp"));
    }
}

async fn a13_after_sign_out_the_raw_cookie_opens_nothing_on_any_node(database: Database) {
    let server = server(database).await;
    let second = server.second_node().await;
    let mut browser = server.signed_in("alice").await;
    let mut copy = browser.clone();
    browser.get("/console").await;
    assert_eq!(browser.post("/signout", &[]).await.status, 303);
    assert!(!browser.cookies.contains_key("msc-session"));
    for url in [second, server.url.clone()] {
        copy.url = url;
        assert_eq!(copy.get("/console").await.status, 303);
    }
    assert_eq!(server.database.number("SELECT COUNT(*) FROM console_sessions").await, 0);
}

async fn a18_a_restart_neither_ends_nor_prolongs_a_session(database: Database) {
    let server = server(database).await;
    let mut browser = server.signed_in("alice").await;
    server.clock.advance(Duration::minutes(59));
    browser.url = server.second_node().await;
    assert!(browser.is_signed_in().await, "a process that starts later knows it");
    let mut idle = server.signed_in("alice").await;
    server.clock.advance(Duration::minutes(60));
    idle.url = server.second_node().await;
    assert!(!idle.is_signed_in().await, "and knows how long nobody used it");
    let mut used = server.signed_in("alice").await;
    for _ in 0..23 {
        server.clock.advance(Duration::minutes(30));
        used.url = server.second_node().await;
        assert!(used.is_signed_in().await);
    }
    server.clock.advance(Duration::minutes(30));
    used.url = server.second_node().await;
    assert!(!used.is_signed_in().await, "and when it began");
    server.clock.advance(Duration::hours(-26));
    let revived = idle.is_signed_in().await || used.is_signed_in().await;
    assert!(!revived, "a clock that goes back revives nothing that was seen to be over");
}

async fn a_session_that_an_administrator_ends_is_over_at_the_next_request(database: Database) {
    let server = server(database).await;
    let mut browser = server.signed_in("alice").await;
    server.reset_password("alice", NEW_PASSWORD, false).await;
    assert!(!browser.is_signed_in().await);
    let mut browser = server.browser();
    assert_eq!(browser.sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
    server.reset_password("alice", PASSWORD, true).await;
    assert!(!browser.is_signed_in().await);
}

/// Every page and form of the console, and every other way to a session, from the step before it.
async fn a_must_change_session_never_becomes_a_full_one_by_asking(database: Database) {
    let server = server(database).await;
    server.create_user("newcomer", Some((PASSWORD, true)), Some(PASSWORD_ONLY)).await;
    let mut browser = server.browser();
    let answer = browser.sign_in(ALIAS, "newcomer", PASSWORD).await;
    assert!(answer.location().starts_with("/signin/step/change-password"));
    for path in [
        "/console",
        "/console/security-credentials",
        "/console/security-credentials/password",
        "/console?next=/console",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 303, "{path}");
        assert!(page.location().starts_with("/signin/step/change-password"), "{path}: {}", page.location());
    }
    browser.get("/signin/step/change-password").await;
    let path = "/console/security-credentials/password";
    let answer = browser.submit_change(path, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert!(answer.status == 303 && answer.location().starts_with("/signin/step/change-password"));
    assert_eq!(server.browser().sign_in(ALIAS, "newcomer", NEW_PASSWORD).await.status, 422, "nothing was changed");
    // A wrong answer in the step leaves one in the step.
    browser.get("/signin/step/change-password").await;
    let answer = browser.submit_change("/signin/step/change-password", "wrong", NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 422);
    assert!(!browser.is_signed_in().await);
    let full = "SELECT COUNT(*) FROM console_sessions WHERE stage = 'full'";
    assert_eq!(server.database.number(full).await, 0);
}
