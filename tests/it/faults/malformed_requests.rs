//! What is no request, or nearly one: a corpus of shapes that servers have stumbled over, and requests in which bytes were
//! changed at random, for seconds on end. The process answers each or closes, never with 5xx, and serves on.
//!
//! `FUZZ_SEED` repeats a run whose seed was told by a failure.

mod corpus;
mod mutator;

use crate::support::api::{Api, form};
use crate::support::browser::{Browser, encoded};
use crate::support::keep_alive::request;
use crate::support::process::Node;
use crate::support::raw::{self, statuses};
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use mutator::Mutator;
use my_security_credentials::clock::Clock;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

/// An answer that has not begun by then does not come before more is sent.
const QUIET: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(12);
const THREADS: u64 = 2;

/// All that comes back: until nothing more does, and then until the connection ends, which it has to.
fn said(url: &str, bytes: &[u8]) -> String {
    let mut stream = raw::connect(url);
    stream.set_read_timeout(Some(QUIET)).expect("a limit");
    drop(stream.write_all(bytes));
    let (began, mut answer, mut piece) = (Instant::now(), Vec::new(), [0; 16 * 1024]);
    loop {
        match stream.read(&mut piece) {
            Ok(length @ 1..) => answer.extend_from_slice(&piece[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // Nothing more is sent: whatever it waited for does not come.
                drop(stream.shutdown(Shutdown::Write));
                assert!(
                    began.elapsed() < PATIENCE,
                    "it neither answers nor closes: {:?}",
                    bytes.escape_ascii().to_string()
                );
            }
            Ok(0) | Err(_) => return String::from_utf8_lossy(&answer).into_owned(),
        }
    }
}

/// A process, and somebody who may use it.
struct Target {
    _server: TestServer,
    node: Node,
    browser: Browser,
    api: Api,
    visitor: Browser,
}

impl Target {
    async fn start() -> Self {
        let server = TestServer::start().await;
        server.user("alice", Some(PASSWORD_ONLY)).await;
        server.user("bob", Some(PASSWORD_ONLY)).await;
        let node = Node::start_with(&server.database, &[("MSC_ADDRESS_LIMIT", "off")]);
        let api = Api { url: node.url.clone(), ..Api::of(&server, "bob").await };
        let mut browser = Browser::new(&node.url);
        assert_eq!(browser.sign_in(ALIAS, "bob", PASSWORD).await.status, 303);
        browser.get("/console/security-credentials/password").await;
        let mut visitor = Browser::new(&node.url);
        visitor.get("/signin/example-corp").await;
        Self { _server: server, node, browser, api, visitor }
    }

    /// Requests that would be done, but for those that change something: these have the wrong password.
    fn requests(&self) -> Vec<Vec<u8>> {
        let host = format!("Host: {}", self.node.url.trim_start_matches("http://"));
        let kind = "Content-Type: application/x-www-form-urlencoded".to_owned();
        let session = format!("Cookie: msc-session={}; msc-visit=x; other=\"y\"", self.browser.cookies["msc-session"]);
        let session = [host.clone(), session, kind.clone()];
        let visit = [host.clone(), format!("Cookie: msc-visit={}", self.visitor.cookies["msc-visit"]), kind];
        let csrf = (encoded(&self.browser.csrf), encoded(&self.visitor.csrf));
        let change =
            format!("csrf={}&old_password=Wrong-1&new_password=Other-horse-2&confirm_password=Other-horse-2", csrf.0);
        let sign_in = format!("csrf={}&user_name=alice&password=%41%CC%81+x&next=%2Fconsole&remember=on", csrf.1);
        let call = |body: &str| {
            let signed = self.api.signed(Clock::system().now(), "iam", body).build().expect("a call");
            let lines = signed.headers().iter();
            let lines = lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()));
            request("POST", "/", &lines.chain([host.clone()]).collect::<Vec<_>>(), body)
        };
        let mut chunked = String::from_utf8(request("POST", "/signin/example-corp", &visit, "")).expect("text");
        chunked =
            chunked.replace("Content-Length: 0", "Transfer-Encoding: chunked") + "5\r\ncsrf=\r\n3\r\nabc\r\n0\r\n\r\n";
        vec![
            request("GET", "/signin?next=%2Fconsole", std::slice::from_ref(&host), ""),
            request("GET", "/console/security-credentials", &session, ""),
            request("POST", "/console/security-credentials/password", &session, &change),
            request("POST", "/signin/example-corp", &visit, &sign_in),
            request("POST", "/signout", &visit, "csrf=x"),
            chunked.into_bytes(),
            call(&form("GetUser", &[("UserName", "bob")])),
            call(&form("ChangePassword", &[("OldPassword", "Wrong-1"), ("NewPassword", "Other-horse-2")])),
            call(&form("TagUser", &[("UserName", "bob"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")])),
        ]
    }

    /// What is right is served as ever.
    async fn serves(&mut self, after: &str) {
        self.api.call_at(Clock::system().now(), "GetUser", &[]).await.assert_done();
        assert_eq!(self.browser.get("/console").await.status, 200, "after {after}");
        let log = self.node.log();
        let panic = log.lines().find(|line| line.contains("panicked"));
        assert_eq!(panic, None, "after {after}");
    }

    /// Beside the search through all that was recorded: here too, where nothing is.
    fn has_logged_no_secret(&self) {
        let log = self.node.log();
        let secrets = [
            PASSWORD,
            &self.api.secret_access_key,
            &self.browser.cookies["msc-session"],
            &self.visitor.cookies["msc-visit"],
            &self.browser.csrf,
            &self.visitor.csrf,
        ];
        for secret in secrets {
            assert!(secret.len() > 8 && !log.contains(secret), "a secret is in the log");
        }
    }
}

#[track_caller]
fn is_no_failure(answer: &str, request: &[u8], what: &str) {
    let failure = statuses(answer).into_iter().find(|status| *status >= 500);
    assert_eq!(failure, None, "{what}: {:?} was answered with {answer}", request.escape_ascii().to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_shape_that_servers_stumble_over_is_a_failure() {
    let mut target = Target::start().await;
    let shapes = corpus::shapes();
    let senders: Vec<_> = shapes
        .into_iter()
        .map(|(what, bytes)| {
            let url = target.node.url.clone();
            let sender = std::thread::spawn({
                let bytes = bytes.clone();
                move || said(&url, &bytes)
            });
            (what, bytes, sender)
        })
        .collect();
    for (what, bytes, sender) in senders {
        let answer = sender.join().unwrap_or_else(|_| panic!("{what}"));
        is_no_failure(&answer, &bytes, what);
        let refused = statuses(&answer).iter().all(|status| (300..500).contains(status));
        assert!(refused || what.starts_with("harmless"), "{what}: {answer}");
    }
    target.serves("the corpus").await;
    target.has_logged_no_secret();
}

/// So long, on this many threads; what was answered how often.
fn fuzz(url: &str, parents: &[Vec<u8>], seed: u64, time: Duration) -> BTreeMap<u16, u32> {
    let began = Instant::now();
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (url, parents, mut mutator) = (url.to_owned(), parents.to_vec(), Mutator::new(seed + thread));
            std::thread::spawn(move || {
                let mut answers = BTreeMap::<u16, u32>::new();
                while began.elapsed() < time {
                    let mutant = mutator.mutant(&parents);
                    let answer = said(&url, &mutant);
                    is_no_failure(&answer, &mutant, &format!("FUZZ_SEED={seed}"));
                    *answers.entry(statuses(&answer).first().copied().unwrap_or_default()).or_default() += 1;
                }
                answers
            })
        })
        .collect();
    let mut all = BTreeMap::<u16, u32>::new();
    for thread in threads {
        for (status, count) in thread.join().expect("nothing but refusals") {
            *all.entry(status).or_default() += count;
        }
    }
    all
}

async fn bytes_changed_at_random_are_no_failure_for(rounds: u32) {
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::try_from(Clock::system().now().unix_timestamp()).expect("after 1970"));
    let mut target = Target::start().await;
    let mut answers = BTreeMap::<u16, u32>::new();
    for round in 0..rounds {
        // Signed anew: a signature is good for some minutes only.
        let (url, requests) = (target.node.url.clone(), target.requests());
        let seed = seed + u64::from(round) * 1000;
        let fuzzing = move || fuzz(&url, &requests, seed, Duration::from_secs(3));
        for (status, count) in tokio::task::spawn_blocking(fuzzing).await.expect("nothing but refusals") {
            *answers.entry(status).or_default() += count;
        }
        target.serves(&format!("FUZZ_SEED={seed}")).await;
    }
    let count: u32 = answers.values().sum();
    println!("FUZZ_SEED={seed}: {count} mutants, by their answers: {answers:?}");
    assert!(count > 20 * rounds && answers.len() > 3, "{answers:?}");
    target.has_logged_no_secret();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_changed_at_random_are_refused_and_never_a_failure() {
    bytes_changed_at_random_are_no_failure_for(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_minute_of_bytes_changed_at_random_is_refused_and_never_a_failure() {
    bytes_changed_at_random_are_no_failure_for(20).await;
}
