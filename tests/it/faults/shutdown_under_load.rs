//! SIGTERM while fifty requests come in each second: what was taken is answered whole, and the process ends in time.

use crate::support::api::{Api, form};
use crate::support::browser::{Browser, encoded};
use crate::support::database::Database;
use crate::support::keep_alive::request;
use crate::support::process::Node;
use crate::support::raw;
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::clock::Clock;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

each_engine! {
    a_signal_under_load_cuts_no_request,
}

/// Five clients that keep their connections, and one that takes a new one for each request: 25 a second of each kind.
const KEEPING: usize = 5;
const PACE: Duration = Duration::from_millis(200);
const PACE_OF_NEW_ONES: Duration = Duration::from_millis(40);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// The whole answer came.
    Whole(u16),
    /// The address is free: the process takes nothing any more.
    NotTaken,
    /// The connection ended with nothing on it.
    Nothing,
    /// The connection ended in the middle of an answer.
    Cut,
}

/// When it was sent, what it was, what came.
type Sent = (Instant, &'static str, Outcome);

/// Reads one answer; whether the connection goes on.
fn exchanged(stream: &mut TcpStream, request: &[u8]) -> (Outcome, bool) {
    if stream.write_all(request).is_err() {
        return (Outcome::Nothing, false);
    }
    let (mut bytes, mut piece) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        bytes.extend_from_slice(&piece[..length]);
        let answer = raw::parsed(&bytes);
        let expected = answer.header("content-length").parse::<usize>().unwrap_or_default();
        if answer.text.contains("\r\n\r\n") && answer.body.len() >= expected {
            return (Outcome::Whole(answer.status), answer.header("connection") != "close");
        }
    }
    (if bytes.is_empty() { Outcome::Nothing } else { Outcome::Cut }, false)
}

struct Load {
    requests: Vec<(&'static str, Vec<u8>)>,
    address: String,
    sent: Mutex<Vec<Sent>>,
    over: AtomicBool,
}

impl Load {
    fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        Some(stream)
    }

    fn note(&self, at: Instant, what: &'static str, outcome: Outcome) {
        self.sent.lock().expect("no panic").push((at, what, outcome));
    }

    /// One after the other, on one connection as long as it is kept.
    fn keep_asking(&self, first: usize) {
        let mut stream = None;
        for number in first.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let ((what, request), at) = (&self.requests[number % self.requests.len()], Instant::now());
            let Some(mut open) = stream.take().or_else(|| self.connect()) else {
                return self.note(at, what, Outcome::NotTaken);
            };
            let (outcome, goes_on) = exchanged(&mut open, request);
            self.note(at, what, outcome);
            stream = goes_on.then_some(open);
            std::thread::sleep(PACE.saturating_sub(at.elapsed()));
        }
    }

    /// Each on a connection of its own, whatever became of the one before.
    fn ask_anew(self: &Arc<Self>) {
        let mut asked = Vec::new();
        for number in 0.. {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            let load = self.clone();
            asked.push(std::thread::spawn(move || {
                let ((what, request), at) = (&load.requests[number % load.requests.len()], Instant::now());
                let outcome = load.connect().map_or(Outcome::NotTaken, |mut open| exchanged(&mut open, request).0);
                load.note(at, what, outcome);
            }));
            std::thread::sleep(PACE_OF_NEW_ONES);
        }
        for one in asked {
            one.join().expect("a client");
        }
    }

    fn start(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let mut clients: Vec<_> = (0..KEEPING)
            .map(|first| {
                let load = self.clone();
                std::thread::spawn(move || load.keep_asking(first))
            })
            .collect();
        let load = self.clone();
        clients.push(std::thread::spawn(move || load.ask_anew()));
        clients
    }
}

/// Pages, forms and calls.
async fn requests(server: &TestServer, node: &Node) -> Vec<(&'static str, Vec<u8>)> {
    let host = format!("Host: {}", node.url.trim_start_matches("http://"));
    let kind = "Content-Type: application/x-www-form-urlencoded".to_owned();
    let mut browser = Browser::new(&node.url);
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    let session = [host.clone(), format!("Cookie: msc-session={}", browser.cookies["msc-session"])];
    let mut visitor = Browser::new(&node.url);
    visitor.get("/signin/example-corp").await;
    let visit = [host.clone(), kind, format!("Cookie: msc-visit={}", visitor.cookies["msc-visit"])];
    let sign_in = format!("csrf={}&user_name=alice&password={PASSWORD}", encoded(&visitor.csrf));
    let api = Api { url: node.url.clone(), ..Api::of(server, "alice").await };
    let body = form("GetUser", &[]);
    let signed = api.signed(Clock::system().now(), "iam", &body).build().expect("a call");
    let lines = signed.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()));
    let call = request("POST", "/", &lines.chain([host.clone()]).collect::<Vec<_>>(), &body);
    vec![
        ("a page", request("GET", "/signin", std::slice::from_ref(&host), "")),
        ("a call", call.clone()),
        ("a page of the console", request("GET", "/console/security-credentials", &session, "")),
        ("a sign-in", request("POST", "/signin/example-corp", &visit, &sign_in)),
        ("a call", call),
        ("a page", request("GET", "/signin/example-corp", &[host], "")),
    ]
}

async fn a_signal_under_load_cuts_no_request(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut node = Node::start_with(&server.database, &[("MSC_ADDRESS_LIMIT", "off")]);
    let load = Arc::new(Load {
        requests: requests(&server, &node).await,
        address: node.url.trim_start_matches("http://").to_owned(),
        sent: Mutex::default(),
        over: AtomicBool::new(false),
    });
    let clients = load.start();
    tokio::time::sleep(Duration::from_secs(2)).await;
    node.signal("TERM");
    let told = Instant::now();
    node.logged("takes nothing new");
    let (status, _) = node.ends_within(Duration::from_secs(12));
    let took = told.elapsed();
    load.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("a client");
    }
    assert!(status.success() && took < Duration::from_secs(10), "{status} after {took:?}");
    let sent = std::mem::take(&mut *load.sent.lock().expect("no panic"));
    let count = |wanted: fn(Outcome) -> bool| sent.iter().filter(|(_, _, outcome)| wanted(*outcome)).count();
    let whole = count(|outcome| matches!(outcome, Outcome::Whole(_)));
    let not_taken = count(|outcome| outcome == Outcome::NotTaken);
    println!(
        "{whole} of {} requests were answered, {not_taken} came too late; it ended {took:?} after the signal",
        sent.len()
    );
    assert!(whole > 50, "there was something to do: {whole} answers");
    for (at, what, outcome) in &sent {
        let late = at.checked_duration_since(told);
        assert!(
            matches!(outcome, Outcome::Whole(_) | Outcome::NotTaken),
            "{what}, {late:?} after the signal: {outcome:?}"
        );
        if let Outcome::Whole(status) = outcome {
            // Too many passwords at once for a machine that has something else to do too is an answer as well.
            let expected: &[u16] = if *what == "a sign-in" { &[303, 503] } else { &[200] };
            assert!(expected.contains(status), "{what}, {late:?} after the signal: {status}");
        }
    }
    assert!(sent.iter().any(|(at, _, outcome)| *at > told && *outcome == Outcome::NotTaken), "the address was free");
}

/// Whoever asks twice does not want to wait, whatever is under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_under_load_ends_it_at_once() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let settings = [("MSC_ADDRESS_LIMIT", "off"), ("MSC_SHUTDOWN_DELAY", "60s")];
    let mut node = Node::start_with(&server.database, &settings);
    let load = Arc::new(Load {
        requests: requests(&server, &node).await,
        address: node.url.trim_start_matches("http://").to_owned(),
        sent: Mutex::default(),
        over: AtomicBool::new(false),
    });
    let clients = load.start();
    node.signal("TERM");
    node.logged("told to stop");
    tokio::time::sleep(Duration::from_millis(300)).await;
    node.signal("TERM");
    let (status, took) = node.ends_within(Duration::from_secs(5));
    load.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("a client");
    }
    assert_eq!(status.code(), Some(1));
    assert!(took < Duration::from_secs(2), "{took:?}");
}
