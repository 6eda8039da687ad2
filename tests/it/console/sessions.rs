//! Sessions: how they end, and what a cookie is worth that is not one.

use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use time::Duration;

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

#[tokio::test]
async fn a13_sign_out_ends_the_session_on_the_server() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let mut copy = browser.clone();
    browser.get("/console").await;
    let answer = browser.post("/signout", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/signin/example-corp"));
    assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
    assert!(browser.get("/signin/example-corp").await.says("You are signed out"));
    assert!(browser.cookies.contains_key("msc-remembered-user"), "who signed in here is still remembered");
    assert!(!copy.is_signed_in().await, "the cookie from before opens nothing");
}

#[tokio::test]
async fn a18_an_idle_session_ends_after_an_hour_and_one_in_use_does_not() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    for _ in 0..4 {
        server.clock.advance(Duration::minutes(59));
        assert!(browser.is_signed_in().await);
    }
    server.clock.advance(Duration::minutes(60));
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a18_every_session_ends_after_twelve_hours() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    for _ in 0..23 {
        server.clock.advance(Duration::minutes(30));
        assert!(browser.is_signed_in().await);
    }
    server.clock.advance(Duration::minutes(30));
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a18_a_changed_password_makes_no_session_last_longer() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    for _ in 0..23 {
        server.clock.advance(Duration::minutes(30));
        assert!(browser.is_signed_in().await);
    }
    assert_eq!(browser.change_password(PASSWORD, crate::support::server::NEW_PASSWORD).await.status, 303);
    assert!(browser.is_signed_in().await);
    server.clock.advance(Duration::minutes(30));
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a18_a_clock_that_goes_back_revives_nothing() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    browser.get("/console").await;
    browser.post("/signout", &[]).await;
    server.clock.advance(Duration::hours(-2));
    assert!(!browser.is_signed_in().await);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_forged_truncated_or_foreign_session_cookie_is_ignored_and_never_cleared() {
    let server = server().await;
    let other = self::server().await;
    let good = server.signed_in("alice").await.cookies["msc-session"].clone();
    let foreign = other.signed_in("alice").await.cookies["msc-session"].clone();
    let turned = format!("{}{}", if good.starts_with('A') { 'B' } else { 'A' }, &good[1..]);
    for cookie in ["", "x", "%00%ff", &turned, &good[..20], &foreign, &"a".repeat(4000)] {
        let mut browser = server.browser();
        browser.cookies.insert("msc-session".to_owned(), cookie.to_owned());
        let answer = browser.get("/console").await;
        assert_eq!(answer.status, 303, "{cookie}");
        let cleared =
            answer.headers.get_all("set-cookie").iter().any(|value| value.to_str().unwrap().starts_with("msc-session"));
        assert!(!cleared, "{cookie}");
        assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303, "{cookie}");
        assert!(browser.is_signed_in().await, "{cookie}");
    }
}

#[tokio::test]
async fn a12_a_planted_session_cookie_is_not_the_one_that_is_signed_in() {
    let server = server().await;
    server.user("mallory", None).await;
    let planted = server.signed_in("mallory").await.cookies["msc-session"].clone();
    let mut victim = server.browser();
    victim.cookies.insert("msc-session".to_owned(), planted.clone());
    victim.get("/signin/example-corp").await;
    let answer = victim.post("/signin/example-corp", &[("user_name", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303);
    assert_ne!(victim.cookies["msc-session"], planted);
    let mut mallory = server.browser();
    mallory.cookies.insert("msc-session".to_owned(), planted);
    assert!(!mallory.get("/console").await.says("alice"));
}

#[tokio::test]
async fn the_database_holds_no_key_of_a_session() {
    let server = server().await;
    let browser = server.signed_in("alice").await;
    assert_eq!(server.database.number("SELECT LENGTH(session_hash) FROM console_sessions").await, 64);
    let rows = server.database.rows().await;
    assert!(rows.iter().any(|row| row.contains("console_sessions")), "the session is there");
    assert!(rows.iter().all(|row| !row.contains(&browser.cookies["msc-session"])));
}

#[tokio::test]
async fn two_servers_on_one_database_know_each_others_sessions() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let second = server.second_node().await;
    browser.url = second;
    assert!(browser.is_signed_in().await);
    browser.get("/console").await;
    browser.post("/signout", &[]).await;
    browser.url = server.url.clone();
    assert!(!browser.is_signed_in().await);
}
