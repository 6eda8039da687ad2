//! Who is slow is not waited for longer than is said: heads, bodies, answers, readers, idle connections. The deadlines
//! are shorter than in production, where they are the same code.

use crate::support::api::{Api, form};
use crate::support::database::Database;
use crate::support::raw::{self, Raw};
use crate::support::server::{ALIAS, BEGINNING, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::config::{Config, Deadlines, GlobalFlags};
use sqlx::{Connection, Executor, SqliteConnection};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(400);
/// The library looks at its clock twice a second.
const HEAD: Duration = Duration::from_millis(1500);
const LEAST: Duration = Duration::from_millis(900);
/// For the machine to be busy with the other tests.
const SLACK: Duration = Duration::from_secs(6);
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

async fn impatient() -> TestServer {
    let deadlines = Deadlines { head: HEAD, body: SOON, idle: HEAD, taking: SOON, ..Deadlines::default() };
    let server = TestServer::start_impatient(Database::sqlite().await, deadlines).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

#[test]
fn the_deadlines_of_production_are_those_that_are_promised() {
    let seconds = Duration::from_secs;
    let deadlines = Config::load(&GlobalFlags::default(), [("MSC_LOG", "info")]).expect("a configuration").deadlines;
    assert_eq!((deadlines.head, deadlines.body, deadlines.request), (seconds(5), seconds(5), seconds(10)));
    assert_eq!((deadlines.last_answer, deadlines.idle, deadlines.taking), (seconds(8), seconds(5), seconds(10)));
    let readme = include_str!("../../../README.md");
    for row in [
        "| Head of a request | 5 s",
        "| Body of a request | 5 s",
        "| Whole request | 10 s",
        "| Idle connection | 5 s",
        "| Client that takes nothing of an answer | 10 s",
        "| Connections | 16,384",
    ] {
        assert!(readme.contains(row), "README does not say: {row}");
    }
}

/// One byte now and then, until the server has enough of it.
fn trickle(mut stream: TcpStream) -> (Raw, Duration) {
    let began = Instant::now();
    let mut sending = stream.try_clone().expect("a handle");
    let sender = std::thread::spawn(move || {
        while began.elapsed() < SLACK * 2 && sending.write_all(b"a").is_ok() {
            std::thread::sleep(Duration::from_millis(40));
        }
    });
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    // The answer, not the end: what is still sent may break the connection before it was read whole.
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        bytes.extend_from_slice(&piece[..read]);
        if is_whole(&bytes) {
            break;
        }
    }
    let took = began.elapsed();
    drop(stream.shutdown(std::net::Shutdown::Both));
    sender.join().expect("the sender");
    (raw::parsed(&bytes), took)
}

fn is_whole(bytes: &[u8]) -> bool {
    let answer = raw::parsed(bytes);
    answer.text.contains("\r\n\r\n") && answer.header("content-length").parse() == Ok(answer.body.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_is_cut_with_408_on_every_post_route() {
    let server = impatient().await;
    let mut browser = server.signed_in("alice").await;
    browser.get("/console").await;
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    // Forms with a session, forms before one, and the API.
    for path in [
        "/",
        "/signin",
        "/signin/example-corp",
        "/signin/step/forget",
        "/signout",
        "/console/security-credentials/password",
    ] {
        for length in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
            let mut stream = raw::connect(&server.url);
            let host = server.url.trim_start_matches("http://");
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\n{FORM}\r\n{length}\r\n\r\n",
                cookies.join("; ")
            );
            stream.write_all(head.as_bytes()).expect("a head");
            if length.contains("chunked") {
                stream.write_all(b"3e8\r\n").expect("the size of a chunk");
            }
            let (answer, took) = trickle(stream);
            let what = format!("{path} {length} after {took:?}: {}", answer.text);
            assert_eq!(answer.status, 408, "{what}");
            assert!(took >= SOON && took < SLACK, "{what}");
            assert!(!answer.header("content-security-policy").is_empty(), "{what}");
            assert!(!answer.header("x-request-id").is_empty(), "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_head_and_a_silent_connection_are_cut() {
    let server = impatient().await;
    for begun in ["", "GET /signin HTTP/1.1\r\nHost: localhost\r\nX: "] {
        let mut stream = raw::connect(&server.url);
        stream.write_all(begun.as_bytes()).expect("a beginning");
        let began = Instant::now();
        let answer = raw::answer(stream);
        assert_eq!(answer.status, 408, "{begun:?}: {}", answer.text);
        assert!(began.elapsed() >= LEAST && began.elapsed() < SLACK, "{begun:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_on_which_nothing_more_is_asked_is_closed() {
    let server = impatient().await;
    let mut stream = raw::connect(&server.url);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");
    let began = Instant::now();
    let answer = raw::answer(stream);
    assert_eq!((answer.status, &*answer.body), (200, "ok\n"));
    assert!(began.elapsed() >= LEAST && began.elapsed() < SLACK, "{:?}", began.elapsed());
}

/// What waits for a lock that somebody holds is answered at its deadline, and does not say that nothing was changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_takes_too_long_is_a_503_that_promises_nothing() {
    let deadlines = Deadlines { request: SOON, ..Deadlines::default() };
    let server = TestServer::start_impatient(Database::sqlite().await, deadlines).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let api = Api::of(&server, "alice").await;
    let mut browser = server.signed_in("alice").await;
    browser.get("/console/security-credentials/password").await;
    api.call("GetUser", &[]).await;
    let mut other = SqliteConnection::connect(&server.database.settings.url).await.expect("a connection");
    other.execute("BEGIN IMMEDIATE").await.expect("the lock");
    let began = Instant::now();
    let path = "/console/security-credentials/password";
    let page = browser.submit_change(path, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.says("Check your credentials before you try again.") && !page.says("Nothing was changed"));
    assert!(!page.header("content-security-policy").is_empty() && !page.header("retry-after").is_empty());
    let change = form("ChangePassword", &[("OldPassword", PASSWORD), ("NewPassword", NEW_PASSWORD)]);
    let call = api.send(api.signed(BEGINNING, "iam", &change)).await;
    assert_eq!((call.status, call.code().as_str()), (500, "ServiceFailure"), "{}", call.body);
    assert!(call.message().contains("is not known"), "{}", call.body);
    assert!(began.elapsed() >= SOON * 2 && began.elapsed() < SLACK);
    other.execute("ROLLBACK").await.expect("the lock is free");
    // The change runs to its end all the same, in its own time.
    for _ in 0..1000 {
        if server.records("ChangePassword", None).await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // One of the two passwords opens the door.
    let mut opened = 0;
    for password in [PASSWORD, NEW_PASSWORD] {
        opened += u32::from(server.browser().sign_in(ALIAS, "alice", password).await.status == 303);
    }
    assert_eq!(opened, 1);
}

/// Without the system's limit all of it would come, however late it is read.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_its_answers_loses_its_connection() {
    const TIMES: usize = 1000;
    let server = impatient().await;
    let mut browser = server.browser();
    let css = browser.get("/signin").await.attributes("link[href^='/static/'][rel='stylesheet']", "href").remove(0);
    let whole = browser.get(&css).await.body.len() * TIMES;
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let address: std::net::SocketAddr = server.url.trim_start_matches("http://").parse().expect("an address");
    socket.connect(&address.into()).expect("a connection");
    let mut stream = TcpStream::from(socket);
    let sending = stream.try_clone().expect("a handle");
    let asked = format!("GET {css} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n").repeat(TIMES);
    let sender = std::thread::spawn(move || drop((&sending).write_all(asked.as_bytes())));
    // As long as a client has to take something, and again for the system to look.
    std::thread::sleep(SOON * 5);
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    let mut come = Vec::new();
    let end = stream.read_to_end(&mut come);
    sender.join().expect("the sender");
    assert!(come.len() < whole, "all {} bytes came, to {end:?}", come.len());
    assert!(whole > 8 << 20, "more than the buffers of the system hold: {whole}");
    assert_eq!(server.browser().get("/healthz").await.status, 200);
}
