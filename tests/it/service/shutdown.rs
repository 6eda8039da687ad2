//! The end of the real process: what is under way is answered whole, new work is taken as long as is said, and nobody
//! waits for ever.

use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::raw::{self, Raw};
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PASSWORD_PAGE: &str = "/console/security-credentials/password";

/// A hash of this cost takes a good second on a machine that has something else to do too.
const SLOW_HASHES: (&str, &str) = ("MSC_ARGON2_PASSES", "60");
const METRICS: (&str, &str) = ("MSC_METRICS_LISTEN", "127.0.0.1:0");

fn get(url: &str, path: &str) -> Option<Raw> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
        .expect("a request");
    Some(raw::answer(stream))
}

/// How many hashes have been begun.
fn hashes_begun(metrics: &str) -> u32 {
    let text = get(metrics, "/metrics").expect("figures").body;
    let line = text.lines().find_map(|line| line.strip_prefix("msc_hashing_wait_seconds_count "));
    line.and_then(|count| count.parse().ok()).expect("a count")
}

async fn what_is_under_way_is_answered_whole(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut node = Node::start_with(&server.database, &[SLOW_HASHES, METRICS]);
    let metrics = node.logged("metrics at ").replace("/metrics", "");
    let mut browser = crate::support::browser::Browser::new(&node.url);
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    browser.get(PASSWORD_PAGE).await;
    // A form that has come half of its way, and a head.
    let host = node.url.trim_start_matches("http://").to_owned();
    let mut half = raw::connect(&node.url);
    let head = format!("POST /signin HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    half.write_all(format!("{head}Content-Length: 10\r\n\r\ncsrf=").as_bytes()).expect("half of a form");
    // A change in the middle of its hash.
    let before = hashes_begun(&metrics);
    let changing =
        tokio::spawn(async move { browser.submit_change(PASSWORD_PAGE, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await });
    while hashes_begun(&metrics) < before + 2 {
        assert!(!changing.is_finished(), "it is to be met in the middle");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node.signal("TERM");
    let told = Instant::now();
    node.logged("takes nothing new");
    assert!(!changing.is_finished(), "the signal came in the middle");
    half.write_all(b"abcde").expect("the other half");
    let form = raw::answer(half);
    assert_eq!(form.status, 400, "it lacks a field: {}", form.text);
    assert!(form.body.ends_with("</html>\n") || form.body.ends_with("</html>"), "{}", form.text);
    assert_eq!(form.header("connection"), "close");
    let changed = changing.await.expect("an answer");
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(changed.header("location"), "/console/security-credentials");
    let (status, _) = node.ends_within(Duration::from_secs(10));
    assert!(status.success() && told.elapsed() < Duration::from_secs(10), "{status} after {:?}", told.elapsed());
    assert_eq!(server.database.number("SELECT version FROM login_profiles").await, 2, "and it is done");
    assert!(TcpStream::connect(&host).is_err(), "the address is free");
}

each_engine! {
    what_is_under_way_is_answered_whole,
    a_database_that_is_stuck_does_not_hold_up_the_end,
}

/// As behind a load balancer, which sends new work until it is told not to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_heeds_readiness_loses_no_request() {
    let server = TestServer::start().await;
    let mut node = Node::start_with(&server.database, &[("MSC_SHUTDOWN_DELAY", "3s")]);
    let (ready, answered) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (url, ready, answered) = (node.url.clone(), ready.clone(), answered.clone());
            std::thread::spawn(move || {
                while ready.load(Ordering::Relaxed) {
                    let answer = get(&url, "/signin/example-corp").expect("it is there");
                    assert_eq!(answer.status, 200, "{}", answer.text);
                    assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "whole");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let began = Instant::now();
    while answered.load(Ordering::Relaxed) < 20 {
        assert!(began.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    node.signal("TERM");
    let told = Instant::now();
    loop {
        let answer = get(&node.url, "/readyz").expect("it still answers");
        if answer.status == 503 {
            assert_eq!(answer.body, "stopping\n");
            break;
        }
        assert!(told.elapsed() < Duration::from_secs(1), "not ready at once");
    }
    let at_the_signal = answered.load(Ordering::Relaxed);
    while answered.load(Ordering::Relaxed) < at_the_signal + 20 {
        assert!(told.elapsed() < Duration::from_secs(3), "new work is taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ready.store(false, Ordering::Relaxed);
    for client in clients {
        client.join().expect("every request was answered");
    }
    let (status, _) = node.ends_within(Duration::from_secs(13));
    assert!(status.success() && told.elapsed() >= Duration::from_secs(3), "{status} after {:?}", told.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() {
    let server = TestServer::start().await;
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let mut node = Node::start_with(&server.database, &[("MSC_SHUTDOWN_DELAY", "60s")]);
        node.signal(first);
        node.logged("told to stop");
        assert_eq!(get(&node.url, "/healthz").expect("it lives").status, 200);
        node.signal(second);
        let (status, took) = node.ends_within(Duration::from_secs(5));
        assert_eq!(status.code(), Some(1), "{first} {second}");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

/// An open connection on which nothing is asked, a half of a head, a body that does not come: none of them holds it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_holds_up_the_end() {
    let server = TestServer::start().await;
    let mut node = Node::start_with(&server.database, &[]);
    let mut idle = raw::connect(&node.url);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");
    let mut half = raw::connect(&node.url);
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").expect("half of a head");
    let mut slow = raw::connect(&node.url);
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n";
    slow.write_all(head.as_bytes()).expect("a head");
    assert_eq!(get(&node.url, "/healthz").expect("an answer").status, 200);
    node.signal("TERM");
    let (status, took) = node.ends_within(Duration::from_secs(10));
    assert!(status.success(), "{status} after {took:?}");
    let cut = raw::answer(slow);
    assert_eq!(cut.status, 408, "who is too slow is told so all the same: {}", cut.text);
}

/// Whoever holds what a lease is given back to, in a transaction that does not end.
async fn hold_the_leases(database: &Database) -> Box<dyn std::any::Any> {
    if database.settings.url.starts_with("postgres") {
        let mut held = PgConnection::connect(&database.settings.url).await.expect("a connection");
        held.execute("BEGIN; LOCK TABLE leases IN ACCESS EXCLUSIVE MODE").await.expect("the lock");
        return Box::new(held);
    }
    let mut held = SqliteConnection::connect(&database.settings.url).await.expect("a connection");
    held.execute("BEGIN IMMEDIATE").await.expect("the lock");
    Box::new(held)
}

/// Its chores do not get what they wait for, and it goes all the same; the next one comes when their lease is over.
async fn a_database_that_is_stuck_does_not_hold_up_the_end(database: Database) {
    let server = TestServer::start_on(database).await;
    let mut node = Node::start_with(&server.database, &[]);
    let leases = "SELECT COUNT(*) FROM leases";
    while server.database.number(leases).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let held = hold_the_leases(&server.database).await;
    node.signal("TERM");
    let (status, took) = node.ends_within(Duration::from_secs(10));
    assert!(status.success(), "{status} after {took:?}");
    assert!(took >= Duration::from_secs(1), "leases may take a second to be given back: {took:?}");
    node.logged("leases were not given back in time");
    drop(held);
    assert_eq!(server.database.number(leases).await, 1, "and it is there until it expires");
}

/// Where it is closed its journal has gone into it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_fails_closes_the_database_too() {
    let data = crate::command_line::folder();
    // The password of the first account cannot be told: where it is to stand is a folder.
    std::fs::create_dir(data.path().join("first-sign-in.txt")).expect("a folder");
    let output = crate::command_line::run(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(crate::command_line::refused(&output).contains("first-sign-in.txt"));
    assert!(data.path().join("my-security-credentials.db").exists());
    assert!(!data.path().join("my-security-credentials.db-wal").exists(), "the database is closed");
}
