//! Far more sign-ins at once than passwords can be hashed. What cannot wait is sent away at once, the memory that hashing
//! takes is that of its threads, the pages go on as if nothing were, and afterwards everything is as before.

use crate::support::database::Database;
use crate::support::figures::{median, memory, percentile};
use crate::support::keep_alive::{KeepAlive, request};
use crate::support::process::Node;
use crate::support::raw::{self, Raw};
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const STORM: usize = 300;
/// In the first two, what is only needed under load is made.
const ROUNDS: usize = 5;
const SETTLED: usize = 1;
const USERS: usize = 10;
const SETTINGS: [(&str, &str); 2] = [("MSC_ADDRESS_LIMIT", "off"), ("MSC_METRICS_LISTEN", "127.0.0.1:0")];

/// What one hash takes with the settings of production.
const HASH_KIB: u64 = 19_456;
/// What the connections of the storm may take beside the hashes.
const BESIDE_KIB: u64 = 64 * 1024;
const PAGE_MS: f64 = 100.0;
const REFUSAL_MS: f64 = 50.0;
/// `MSC_HASHING_PATIENCE`.
const PATIENCE_MS: f64 = 2000.0;
/// Several askers take turns, so that a slow answer does not keep the next request from being sent.
const ASKERS: u32 = 8;
const ASKED_EVERY: Duration = Duration::from_millis(5);

/// A visitor who has the form before it, filled in.
struct Visitor {
    submission: Vec<u8>,
}

fn lines(url: &str, cookie: &str) -> Vec<String> {
    let mut lines = vec![format!("Host: {}", url.trim_start_matches("http://"))];
    if !cookie.is_empty() {
        lines.push(format!("Cookie: {cookie}"));
    }
    lines
}

fn visitor(browser: &mut KeepAlive, url: &str, user: usize) -> Visitor {
    let path = format!("/signin/{ALIAS}");
    let page = browser.ask(&request("GET", &path, &lines(url, ""), "")).expect("a page");
    let cookie = page.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let token = page.body.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let body = format!("csrf={}&user_name=user-{user}&password={PASSWORD}", token.expect("a form"));
    let mut lines = lines(url, &cookie);
    lines.push("Content-Type: application/x-www-form-urlencoded".to_owned());
    Visitor { submission: request("POST", &path, &lines, &body) }
}

fn visitors(url: &str, count: usize) -> Vec<Visitor> {
    let mut browser = KeepAlive::to(url);
    (0..count).map(|number| visitor(&mut browser, url, number % USERS)).collect()
}

struct Answered {
    answer: Raw,
    took: Duration,
}

/// All at once, each on a connection of its own.
fn storm(url: &str, visitors: &[Visitor]) -> Vec<Answered> {
    let together = Barrier::new(visitors.len());
    std::thread::scope(|scope| {
        let submit = |visitor: &Visitor| {
            let mut browser = KeepAlive::to(url).open();
            together.wait();
            let began = Instant::now();
            let answer = browser.ask(&visitor.submission).expect("an answer");
            Answered { answer, took: began.elapsed() }
        };
        let submitting: Vec<_> = visitors.iter().map(|visitor| scope.spawn(move || submit(visitor))).collect();
        submitting.into_iter().map(|one| one.join().expect("a visitor")).collect()
    })
}

/// How long the sign-in page took, asked for at a fixed pace, from when it was to be asked for.
fn pages(url: &str, over: &AtomicBool) -> Vec<Duration> {
    let page = request("GET", "/signin", &lines(url, ""), "");
    let began = Instant::now();
    std::thread::scope(|scope| {
        let ask = |first: u32| {
            let (mut browser, mut times, mut turn) = (KeepAlive::to(url), Vec::new(), first);
            while !over.load(Ordering::Relaxed) {
                let due = began + ASKED_EVERY * turn;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                assert_eq!(browser.ask(&page).expect("a page").status, 200);
                times.push(due.elapsed());
                turn += ASKERS;
            }
            times
        };
        let asking: Vec<_> = (0..ASKERS).map(|first| scope.spawn(move || ask(first))).collect();
        asking.into_iter().flat_map(|one| one.join().expect("an asker")).collect()
    })
}

/// While `load` lasts, and what it brought.
fn pages_during<T>(url: &str, load: impl FnOnce() -> T) -> (Vec<Duration>, T) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| pages(url, &over));
        let brought = load();
        over.store(true, Ordering::Relaxed);
        (asking.join().expect("the pages"), brought)
    })
}

/// Only let in or sent away, and who is sent away is told when to come again.
fn nothing_else_is_answered(answers: &[Answered]) {
    for Answered { answer, .. } in answers {
        match answer.status {
            303 => assert!(answer.text.contains("\r\nset-cookie: msc-session="), "{}", answer.text),
            503 => {
                let seconds: u32 = answer.header("retry-after").parse().expect("seconds");
                assert!(seconds >= 1 && answer.body.contains("The service is not available"), "{}", answer.text);
            }
            _ => panic!("{}", answer.text),
        }
    }
}

fn times(answers: &[Answered], status: u16) -> Vec<Duration> {
    answers.iter().filter(|one| one.answer.status == status).map(|one| one.took).collect()
}

async fn with_users(database: Database) -> TestServer {
    let server = TestServer::start_slow(database, &[]).await;
    for number in 0..USERS {
        server.user(&format!("user-{number}"), Some(PASSWORD_ONLY)).await;
    }
    server
}

/// Nobody is still counted as trying, everybody gets in, one after the other.
async fn everything_is_as_before(server: &TestServer, url: &str) {
    let mut browser = KeepAlive::to(url);
    for visitor in visitors(url, USERS) {
        let answer = browser.ask(&visitor.submission).expect("an answer");
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
    let tries = "SELECT CAST(COALESCE(SUM(tries), 0) AS BIGINT) FROM sign_in_throttle";
    assert_eq!(server.database.number(tries).await, 0, "no try is left counted");
}

async fn a_burst_that_is_larger_than_the_queue_is_let_in_or_sent_away_and_all_get_in_afterwards(database: Database) {
    let server = with_users(database).await;
    let own = [("MSC_HASHING_THREADS", "1"), ("MSC_HASHING_QUEUE", "2"), ("MSC_HASHING_PATIENCE", "60s")];
    let node = Node::start_with(&server.database, &[&SETTINGS[..], &own].concat());
    let answers = storm(&node.url, &visitors(&node.url, 40));
    nothing_else_is_answered(&answers);
    let (let_in, sent_away) = (times(&answers, 303).len(), times(&answers, 503).len());
    assert!(let_in >= 3, "what is being hashed and what waits: {let_in} were let in");
    assert!(sent_away > 0, "all {let_in} were let in");
    assert_eq!(server.records("ConsoleLogin", None).await, i64::try_from(let_in).expect("a few"));
    everything_is_as_before(&server, &node.url).await;
}

/// Or of many that come at once each would wait for the database to be told that it came in vain.
async fn who_is_sent_away_is_told_before_anything_is_read_or_counted(database: Database) {
    let settings = [("MSC_HASHING_THREADS", "1"), ("MSC_HASHING_QUEUE", "1")];
    let server = TestServer::start_with(database, &settings).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.browser();
    browser.get("/signin/example-corp").await;
    // Those of two who are at it; none of their passwords has come to its hash yet.
    let places: Vec<_> = (0..2).filter_map(|_| server.app.hasher.place()).collect();
    assert_eq!(places.len(), 2);
    server.database.execute("ALTER TABLE accounts RENAME TO accounts_of_before").await;
    let fields = [("user_name", "alice"), ("password", PASSWORD)];
    let sent_away = browser.post("/signin/example-corp", &fields).await;
    assert_eq!(sent_away.status, 503, "{}", sent_away.body);
    assert!(!sent_away.header("retry-after").is_empty());
    server.database.execute("ALTER TABLE accounts_of_before RENAME TO accounts").await;
    assert_eq!(browser.post("/signin/example-corp", &fields).await.status, 503);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM sign_in_throttle").await, 0);
    drop(places);
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
}

each_engine! {
    a_burst_that_is_larger_than_the_queue_is_let_in_or_sent_away_and_all_get_in_afterwards,
    who_is_sent_away_is_told_before_anything_is_read_or_counted,
}

/// The figures of one engine, and those that are too large.
struct Verdict {
    engine: &'static str,
    failed: BTreeSet<String>,
}

impl Verdict {
    /// As text, so that a run that passes says by how much.
    fn hold(&mut self, what: &str, measured: f64, limit: f64) {
        let word = if measured <= limit { "PASS" } else { "FAIL" };
        let line = format!("{word} hash storm, {}: {what}: {measured:.1} of {limit:.1} allowed", self.engine);
        println!("{line}");
        if measured > limit {
            self.failed.insert(line);
        }
    }
}

fn mib(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).expect("less than 4 TiB")) / 1024.0
}

/// How many passwords waited longer than the patience, as the server counts: the rows of its histogram end at 2.5 s.
fn waited_too_long(metrics: &str) -> f64 {
    let text = raw::request(metrics, "GET", "/metrics", &["Host: any"], b"").body;
    let value = |series: &str| {
        let row = text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok());
        row.unwrap_or_else(|| panic!("{series} is not in {text}"))
    };
    value("msc_hashing_wait_seconds_count") - value("msc_hashing_wait_seconds_bucket{le=\"2.5\"}")
}

/// How many can be hashed and wait with the settings of production: all others have to be sent away at once.
fn places() -> u64 {
    threads() + 64
}

fn threads() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64)
}

/// The p99 of the sign-in page and of the refusals.
fn one_round(verdict: &mut Verdict, url: &str, idle_p99: f64) -> (f64, f64) {
    let visitors = visitors(url, STORM);
    let began = Instant::now();
    let (mut pages, answers) = pages_during(url, || storm(url, &visitors));
    let lasted = began.elapsed();
    nothing_else_is_answered(&answers);
    let mut let_in = times(&answers, 303);
    // Who was sent away because it waited as long as it may is told so then; the others at once.
    let (mut at_once, late): (Vec<_>, Vec<_>) =
        times(&answers, 503).into_iter().partition(|took| took.as_secs_f64() * 1000.0 < PATIENCE_MS);
    let (page_p99, refused_p99) = (percentile(&mut pages, 99), percentile(&mut at_once, 99));
    let mut line = format!("\n{{\"engine\":\"{}\",\"sign_ins\":{STORM},\"let_in\":{}", verdict.engine, let_in.len());
    let mut figure = |name: &str, value: f64| write!(line, ",\"{name}\":{value:.1}").expect("text");
    figure("sent_away_at_once", f64::from(u32::try_from(at_once.len()).expect("few")));
    figure("sent_away_after_the_patience", f64::from(u32::try_from(late.len()).expect("few")));
    figure("sent_away_p50_ms", percentile(&mut at_once, 50));
    figure("sent_away_p99_ms", refused_p99);
    figure("sent_away_max_ms", percentile(&mut at_once, 100));
    figure("let_in_p50_ms", percentile(&mut let_in, 50));
    figure("let_in_max_ms", percentile(&mut let_in, 100));
    figure("pages", f64::from(u32::try_from(pages.len()).expect("few")));
    figure("page_p50_ms", percentile(&mut pages, 50));
    figure("page_p99_ms", page_p99);
    figure("page_p99_over_idle", page_p99 / idle_p99);
    figure("lasted_ms", lasted.as_secs_f64() * 1000.0);
    println!("{line}}}");
    let late = u32::try_from(late.len()).expect("few");
    verdict.hold("sent away, but not at once", f64::from(late), f64::from(u32::try_from(places()).expect("few")));
    (page_p99, refused_p99)
}

async fn three_hundred_sign_ins_at_once(engine: &'static str, database: Database) {
    let server = with_users(database).await;
    let node = Node::start_release(&server.database, &SETTINGS);
    let metrics = node.logged("metrics at ").replace("/metrics", "");
    let mut verdict = Verdict { engine, failed: BTreeSet::new() };
    let (mut pages, ()) = pages_during(&node.url, || std::thread::sleep(Duration::from_secs(3)));
    let (idle, idle_p99) = (memory(node.id(), "VmRSS"), percentile(&mut pages, 99));
    println!("\n{{\"engine\":\"{engine}\",\"idle_mib\":{:.1},\"idle_page_p99_ms\":{idle_p99:.2}}}", mib(idle));
    let (mut settled, mut times) = (0, Vec::new());
    for round in 0..ROUNDS {
        times.push(one_round(&mut verdict, &node.url, idle_p99));
        // Until the last hash is wiped and the connections are closed.
        std::thread::sleep(Duration::from_secs(6));
        let now = memory(node.id(), "VmRSS");
        settled = if round == SETTLED { now } else { settled };
        println!("{{\"engine\":\"{engine}\",\"round\":{round},\"afterwards_mib\":{:.1}}}", mib(now));
    }
    let (pages, refusals) = times.into_iter().unzip();
    // A machine that does something else meanwhile spoils one round, a server that is slow all of them.
    verdict.hold("the sign-in page's p99, in ms", median(pages), PAGE_MS);
    verdict.hold("a refusal's p99, in ms", median(refusals), REFUSAL_MS);
    let hashes = threads() * HASH_KIB;
    verdict.hold("peak memory, in MiB", mib(memory(node.id(), "VmHWM")), mib(idle + hashes + BESIDE_KIB));
    let afterwards = memory(node.id(), "VmRSS");
    // The threads keep their blocks for the next hash, and the database its connections with what they remember: that much
    // belongs to a server that is not fresh from its start.
    verdict.hold("memory afterwards, in MiB", mib(afterwards), mib(idle + hashes) + 32.0);
    verdict.hold("what the later storms left behind, in MiB", mib(afterwards) - mib(settled), 8.0);
    verdict.hold("passwords that waited longer than they may", waited_too_long(&metrics), 0.0);
    everything_is_as_before(&server, &node.url).await;
    assert!(!node.log().contains("panicked"), "{}", node.log());
    assert!(verdict.failed.is_empty(), "{:#?}", verdict.failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn three_hundred_sign_ins_at_once_cost_neither_memory_nor_pages_on_sqlite() {
    three_hundred_sign_ins_at_once("SQLite", Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn three_hundred_sign_ins_at_once_cost_neither_memory_nor_pages_on_postgres() {
    three_hundred_sign_ins_at_once("PostgreSQL", Database::postgres().await).await;
}
