//! Whether the time of a refused sign-in tells why it was refused: an unknown account, an unknown user, a user without a
//! password and a wrong password, tried in turn on the release build. One JSON line for each kind, and PASS or FAIL.
//!
//! `cargo bench --bench sign_in_timing`. It starts a server of its own on a free port of the loopback interface and stops it.
//! The medians may differ by a twentieth of one hash. Tries are in turn, in an order that changes from round to round, so
//! that what else the machine does falls on all kinds alike; every name is tried twice at most, so that nothing is throttled.

use my_security_credentials::crypto::password_hash::{Hasher, HashingSettings};
use reqwest::{Client, redirect::Policy};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_my-security-credentials");
/// Of each kind.
const TRIES: usize = 200;
const TRIES_OF_A_NAME: usize = 2;
/// Until caches and the allocator have settled.
const WARMING: usize = 20;
const ALLOWED: f64 = 0.05;
const WRONG: &str = "Wrong-horse-battery-9";
const KINDS: [&str; 4] = ["unknown account", "unknown user", "no password", "wrong password"];

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = program(data, &["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().expect("a server");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let url = lines.find_map(|line| line.ok()?.split("open ").nth(1).map(|url| url.replace("/console", "")));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("the URL to open") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn program(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("MSC_DATA_DIR", data).env("MSC_ADDRESS_LIMIT", "off").args(arguments).stdout(Stdio::null());
    command
}

fn make_users(data: &Path) {
    assert!(program(data, &["account", "create", "--alias", "timing"]).status().expect("a command").success());
    for number in 0..(TRIES + WARMING) / TRIES_OF_A_NAME {
        for (kind, password) in [("with", true), ("without", false)] {
            let name = format!("{kind}-{number:04}");
            let mut command = program(data, &["user", "create", "--account", "timing", "--user-name", &name]);
            if password {
                command.args(["--password-stdin", "--no-password-reset"]);
            }
            let mut child = command.stdin(Stdio::piped()).spawn().expect("a command");
            let mut input = child.stdin.take().expect("an input");
            if password {
                input.write_all(b"Correct-horse-battery-1").expect("a password");
            }
            drop(input);
            assert!(child.wait().expect("an end").success());
        }
    }
}

/// Account and user name of a try.
fn name(kind: usize, number: usize) -> (&'static str, String) {
    let number = number / TRIES_OF_A_NAME;
    match kind {
        0 => ("no-such-account", format!("with-{number:04}")),
        1 => ("timing", format!("nobody-{number:04}")),
        2 => ("timing", format!("without-{number:04}")),
        _ => ("timing", format!("with-{number:04}")),
    }
}

async fn refused(client: &Client, url: &str, account: &str, user: &str) -> Duration {
    let page = client.get(format!("{url}/signin/{account}")).send().await.expect("a page");
    let cookie =
        page.headers()["set-cookie"].to_str().expect("a cookie").split(';').next().unwrap_or_default().to_owned();
    let text = page.text().await.expect("a page");
    let token = text.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    let request = client
        .post(format!("{url}/signin/{account}"))
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("csrf={token}&user_name={user}&password={WRONG}"));
    let began = Instant::now();
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    drop(answer.text().await);
    let took = began.elapsed();
    assert_eq!(status, 422, "{account} {user}");
    took
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    let middle = times.len() / 2;
    (times[middle].as_secs_f64() + times[(times.len() - 1) / 2].as_secs_f64()) * 500.0
}

#[tokio::main]
async fn main() {
    let data = tempfile::tempdir().expect("a temporary directory");
    make_users(data.path());
    let server = Server::start(data.path());
    let client = Client::builder().redirect(Policy::none()).build().expect("a client");
    let hasher = Hasher::start(HashingSettings { threads: 1, ..HashingSettings::default() });
    let (mut times, mut once) = ([(); 4].map(|()| Vec::new()), Vec::new());
    for number in 0..WARMING + TRIES {
        for turn in 0..KINDS.len() {
            let kind = (turn + number) % KINDS.len();
            let (account, user) = name(kind, number);
            let took = refused(&client, &server.url, account, &user).await;
            if number >= WARMING {
                times[kind].push(took);
            }
        }
        let began = Instant::now();
        hasher.verify_dummy(WRONG.to_owned(), None).await.expect("a hash");
        if number >= WARMING {
            once.push(began.elapsed());
        }
    }
    let hash = median(&mut once);
    println!("{{\"hash_ms\":{hash:.3},\"tries_of_each\":{TRIES}}}");
    let medians = times.map(|mut kind| median(&mut kind));
    for (kind, median) in KINDS.iter().zip(medians) {
        println!("{{\"kind\":\"{kind}\",\"median_ms\":{median:.3}}}");
    }
    let least = medians.iter().copied().fold(f64::INFINITY, f64::min);
    let most = medians.iter().copied().fold(0.0, f64::max);
    let apart = (most - least) / hash;
    let verdict = if apart < ALLOWED { "PASS" } else { "FAIL" };
    println!("medians apart: {:.1} % of a hash, {:.0} % allowed: {verdict}", apart * 100.0, ALLOWED * 100.0);
}
