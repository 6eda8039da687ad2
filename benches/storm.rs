//! A storm of parallel sign-ins against the release build: how much memory the server takes, how the sign-in page answers
//! meanwhile, how many are served and how many are sent away. One JSON line for each round, and PASS or FAIL at the end.
//!
//! `cargo bench --bench storm`. It starts a server of its own on a free port of the loopback interface and stops it.

use reqwest::{Client, redirect::Policy};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_my-security-credentials");
const STORM: usize = 300;
const ROUNDS: usize = 3;
/// How often the page is asked for while the storm lasts.
const PROBE_EVERY: Duration = Duration::from_millis(5);
const PASSWORD: &str = "Correct-horse-1";
/// What a hash takes, what each thread may take beside it, and what the storm's connections may.
const MIB_A_THREAD: u64 = 20;
const MIB_BESIDE: u64 = 30;

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(data: &std::path::Path) -> Self {
        let mut child =
            program(data, &["--listen", "127.0.0.1:0", "--log", "warn,my_security_credentials::command_line=info"])
                .stderr(Stdio::piped())
                .spawn()
                .expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let url = lines.find_map(|line| line.ok()?.split("open ").nth(1).map(|url| url.replace("/console", "")));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("the URL to open") }
    }

    /// In MiB, from the kernel.
    fn memory(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find(|line| line.starts_with(field)).expect("a field");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn program(data: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("MSC_DATA_DIR", data).env("MSC_ADDRESS_LIMIT", "off").args(arguments).stdout(Stdio::null());
    command
}

fn make_user(data: &std::path::Path) {
    use std::io::Write;
    assert!(program(data, &["account", "create", "--alias", "storm"]).status().expect("a command").success());
    let arguments =
        ["user", "create", "--account", "storm", "--user-name", "alice", "--password-stdin", "--no-password-reset"];
    let mut child = program(data, &arguments).stdin(Stdio::piped()).spawn().expect("a command");
    child.stdin.take().expect("an input").write_all(PASSWORD.as_bytes()).expect("a password");
    assert!(child.wait().expect("an end").success());
}

/// A visitor who has the form before it.
struct Visitor {
    client: Client,
    cookie: String,
    body: String,
}

async fn visitor(client: &Client, url: &str) -> Visitor {
    let answer = client.get(format!("{url}/signin/storm")).send().await.expect("a page");
    let cookie =
        answer.headers()["set-cookie"].to_str().expect("a cookie").split(';').next().unwrap_or_default().to_owned();
    let page = answer.text().await.expect("a page");
    let token = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    let body = format!("csrf={token}&user_name=alice&password={PASSWORD}");
    Visitor { client: client.clone(), cookie, body }
}

/// The status, and how long it took.
async fn sign_in(visitor: Visitor, url: String) -> (u16, Duration) {
    let began = Instant::now();
    let request = visitor
        .client
        .post(format!("{url}/signin/storm"))
        .header("cookie", visitor.cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(visitor.body);
    let status = request.send().await.map_or(0, |answer| answer.status().as_u16());
    (status, began.elapsed())
}

/// Asks for the page at a fixed pace, whatever the answers do.
async fn probe(client: Client, url: String, over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut asked = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let (client, url) = (client.clone(), url.clone());
        asked.push(tokio::spawn(async move {
            let began = Instant::now();
            client.get(format!("{url}/signin")).send().await.map(|_| began.elapsed()).ok()
        }));
        tokio::time::sleep(PROBE_EVERY).await;
    }
    let mut times = Vec::new();
    for answer in asked {
        times.extend(answer.await.ok().flatten());
    }
    times.sort();
    times
}

fn percentile(times: &[Duration], percent: usize) -> f64 {
    times
        .get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
        .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

async fn round(client: &Client, server: &Server) -> (u64, f64) {
    let mut visitors = Vec::new();
    for _ in 0..STORM {
        visitors.push(visitor(client, &server.url).await);
    }
    let over = Arc::new(AtomicBool::new(false));
    let probing = tokio::spawn(probe(Client::new(), server.url.clone(), over.clone()));
    let began = Instant::now();
    let storm: Vec<_> =
        visitors.into_iter().map(|visitor| tokio::spawn(sign_in(visitor, server.url.clone()))).collect();
    let mut answers = Vec::new();
    for answer in storm {
        answers.push(answer.await.expect("an answer"));
    }
    let lasted = began.elapsed();
    over.store(true, Ordering::Relaxed);
    let page = probing.await.expect("the probe");
    let count = |status| answers.iter().filter(|answer| answer.0 == status).count();
    let mut sent_away: Vec<Duration> = answers.iter().filter(|answer| answer.0 == 503).map(|answer| answer.1).collect();
    sent_away.sort();
    let (peak, p99) = (server.memory("VmHWM"), percentile(&page, 99));
    println!(
        "{{\"sign_ins\":{STORM},\"served\":{},\"sent_away\":{},\"other\":{},\"lasted_ms\":{},\"sent_away_p50_ms\":{:.1},\
         \"page_asked\":{},\"page_p50_ms\":{:.2},\"page_p99_ms\":{p99:.2},\"peak_mib\":{peak}}}",
        count(303),
        count(503),
        STORM - count(303) - count(503),
        lasted.as_millis(),
        percentile(&sent_away, 50),
        page.len(),
        percentile(&page, 50),
    );
    (peak, p99)
}

#[tokio::main]
async fn main() {
    let data = tempfile::tempdir().expect("a temporary directory");
    make_user(data.path());
    let server = Server::start(data.path());
    let client = Client::builder().redirect(Policy::none()).build().expect("a client");
    drop(client.get(format!("{}/signin", server.url)).send().await);
    let idle = server.memory("VmRSS");
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let allowed = idle + threads * MIB_A_THREAD + MIB_BESIDE;
    println!("{{\"idle_mib\":{idle},\"hashing_threads\":{threads},\"allowed_mib\":{allowed}}}");
    let mut worst = (0, 0.0_f64);
    for _ in 0..ROUNDS {
        let (peak, p99) = round(&client, &server).await;
        worst = (worst.0.max(peak), worst.1.max(p99));
    }
    let verdict = |holds: bool| if holds { "PASS" } else { "FAIL" };
    println!("memory: {} MiB of {allowed} allowed: {}", worst.0, verdict(worst.0 <= allowed));
    println!("sign-in page p99: {:.1} ms of 100 allowed: {}", worst.1, verdict(worst.1 < 100.0));
}
