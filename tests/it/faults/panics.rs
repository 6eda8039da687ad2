//! A defect wherever somebody looks at the time, which is nearly everywhere: one request is lost, and nothing else. The
//! clock of the test server panics on purpose; everything around it is as it is shipped.

use crate::support::api::{Api, form};
use crate::support::browser::encoded;
use crate::support::database::Database;
use crate::support::keep_alive::{KeepAlive, request};
use crate::support::raw::Raw;
use crate::support::server::{ALIAS, BEGINNING, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::user::UserName;
use my_security_credentials::operations::access_key::CreateAccessKey;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::{Duration, Instant};

each_engine! {
    a_panic_at_any_point_of_any_request_loses_that_request_and_nothing_else,
    a_panic_beside_a_transaction_that_is_under_way_gives_its_connection_back,
}

/// The whole set, or the connection was not ended by our layers.
#[track_caller]
fn is_an_error_of_ours(answer: &Raw, what: &str) {
    assert_eq!(answer.status, 500, "{what}: {}", answer.text);
    for name in [
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
        "x-frame-options",
    ] {
        assert!(!answer.header(name).is_empty(), "{name} is missing, {what}");
    }
    let id = answer.header("x-request-id");
    assert_eq!(id.len(), 36, "{what}");
    assert!(answer.body.contains(id), "whoever asks for help can name the request: {}", answer.body);
    assert!(!answer.text.contains("on purpose"), "{what}: {}", answer.text);
    if answer.header("content-type").starts_with("text/xml") {
        assert!(answer.body.contains("<Code>ServiceFailure</Code>"), "{what}: {}", answer.body);
    } else {
        assert!(answer.body.contains("Something went wrong on our side"), "{what}: {}", answer.body);
    }
}

/// One of each kind, with cookies and signatures as they have to be, and what it leads to. A change may have been made when
/// its request is lost: then the next one finds another password.
async fn requests(server: &TestServer) -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let host = format!("Host: {}", server.url.trim_start_matches("http://"));
    let kind = "Content-Type: application/x-www-form-urlencoded".to_owned();
    let mut browser = server.signed_in("alice").await;
    browser.get("/console/security-credentials/password").await;
    let cookie = |name: &str, value: &str| format!("Cookie: {name}={value}");
    let session = [host.clone(), cookie("msc-session", &browser.cookies["msc-session"]), kind.clone()];
    let wrong = "Wrong-password-9";
    let change = |old: &str| {
        format!("csrf={}&old_password={old}&new_password={NEW_PASSWORD}&confirm_password={NEW_PASSWORD}", browser.csrf)
    };
    let mut visitor = server.browser();
    visitor.get("/signin/example-corp").await;
    let visit = [host.clone(), cookie("msc-visit", &visitor.cookies["msc-visit"]), kind];
    let sign_in = |password: &str| format!("csrf={}&user_name=alice&password={password}", encoded(&visitor.csrf));
    let api = Api::of(server, "alice").await;
    let call = |body: &str| {
        let signed = api.signed(BEGINNING, "iam", body).build().expect("a call");
        let lines: Vec<String> = signed
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()))
            .chain([host.clone()])
            .collect();
        request("POST", "/", &lines, body)
    };
    let path = format!("/signin/{ALIAS}");
    let old_and_new = |old: &str| form("ChangePassword", &[("OldPassword", old), ("NewPassword", NEW_PASSWORD)]);
    vec![
        ("a page", request("GET", "/console/security-credentials", &session, ""), &[200]),
        ("a wrong sign-in", request("POST", &path, &visit, &sign_in(wrong)), &[422]),
        ("a sign-in", request("POST", &path, &visit, &sign_in(PASSWORD)), &[303]),
        ("a wrong call", call(&old_and_new(wrong)), &[403]),
        ("a call", call(&form("GetUser", &[])), &[200]),
        ("a wrong change", request("POST", "/console/security-credentials/password", &session, &change(wrong)), &[422]),
        (
            "a change",
            request("POST", "/console/security-credentials/password", &session, &change(PASSWORD)),
            &[303, 422],
        ),
    ]
}

/// The first time that somebody looks at the clock, the second time, and so on, until there is no such time any more.
async fn a_panic_at_any_point_of_any_request_loses_that_request_and_nothing_else(database: Database) {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let healthy = request("GET", "/signin", &["Host: localhost".to_owned()], "");
    let (mut visitor, mut other) = (KeepAlive::to(&server.url), KeepAlive::to(&server.url));
    let mut panics = 0;
    for (what, request, expected) in requests(&server).await {
        for look in 0..100 {
            server.forget_failures().await;
            server.clock.break_down_once_after(look);
            let answer = visitor.ask(&request).expect("an answer");
            let broke_down = server.clock.mend();
            for (whose, visitor) in [("its own", &mut visitor), ("another", &mut other)] {
                let next = visitor.ask(&healthy).expect("an answer");
                assert_eq!(next.status, 200, "on {whose} connection after {what} {look}: {}", next.text);
            }
            if !broke_down {
                assert!(expected.contains(&answer.status), "{what} {look}: {}", answer.text);
                break;
            }
            panics += 1;
            assert!(look < 99, "{what} has an end");
            is_an_error_of_ours(&answer, &format!("{what} {look}"));
        }
    }
    // Far more than there are connections to the database and threads that hash.
    assert!(panics > 20, "{panics} panics");
    every_connection_comes_back(&server).await;
    assert!(server.app.hasher.place().is_some());
    let mut browser = server.browser();
    assert_eq!(browser.sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303, "the last change was done");
}

/// More of them than there are connections, each in the middle of its statement: it waits for a lock that somebody holds.
async fn a_panic_beside_a_transaction_that_is_under_way_gives_its_connection_back(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let held = hold_the_keys(&server.database).await;
    for _ in 0..20 {
        let user_name = UserName::parse("alice").ok();
        let work = async {
            tokio::join!(server.perform(CreateAccessKey { user_name }), async {
                tokio::time::sleep(Duration::from_millis(30)).await;
                panic!("beside a transaction, on purpose");
            })
        };
        assert!(ends_by_a_panic(work).await);
    }
    drop(held);
    every_connection_comes_back(&server).await;
    let api = Api::of(&server, "alice").await;
    api.call("GetUser", &[]).await.assert_done();
    assert_eq!(server.database.number("SELECT COUNT(*) FROM access_keys").await, 1, "nothing was half done");
}

/// Those of PostgreSQL ask their server first what became of them.
async fn every_connection_comes_back(server: &TestServer) {
    let began = Instant::now();
    while server.app.store.connections().in_use > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "connections did not come back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// As the server's outermost layer meets it: what the work held goes with the work.
async fn ends_by_a_panic(work: impl Future) -> bool {
    let mut work = Box::pin(work);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(_)) => Poll::Ready(false),
        Err(_) => Poll::Ready(true),
    })
    .await
}

async fn hold_the_keys(database: &Database) -> Box<dyn Any> {
    if database.settings.url.starts_with("postgres") {
        let mut held = PgConnection::connect(&database.settings.url).await.expect("a connection");
        held.execute("BEGIN; LOCK TABLE access_keys IN ACCESS EXCLUSIVE MODE").await.expect("the lock");
        return Box::new(held);
    }
    let mut held = SqliteConnection::connect(&database.settings.url).await.expect("a connection");
    held.execute("BEGIN IMMEDIATE").await.expect("the lock");
    Box::new(held)
}
